//! Twenty plans at once on a disk that is full for a while.

use std::time::{Duration, Instant};

use crate::harness::records::original;
use crate::harness::{Expected, Home, Out, Random, Step, scale};

/// Plans that wait for room, and plans that may be given up; half of each.
const PLANS: u64 = 20;

fn name(i: u64) -> String {
    let policy = if i.is_multiple_of(2) { "block" } else { "drop" };
    format!("{policy}-{i:02}")
}

#[test]
fn twenty_plans_on_a_full_disk_go_on_by_themselves() {
    let Some(home) = Home::on_small_disk(scale(64, 2_048)) else {
        println!("skipped: nothing may be mounted here");
        return;
    };
    let (before, during, after) = (50, scale(2_000, 60_000), 50);
    let steps = |i: u64| {
        vec![
            Step::Seed(i),
            Step::Both(before),
            Step::Mark(home.file(&format!("begun-{i}"))),
            Step::Gate(home.file("full")),
            Step::Rate(1_000),
            Step::Both(during),
            Step::Rate(0),
            Step::Gate(home.file("room")),
            Step::Both(after),
        ]
    };
    for i in 0..PLANS {
        let plan = name(i);
        let policy = plan.split('-').next().unwrap();
        home.run_oracle(&["-d", "-n", &plan, "--on-full", policy], &steps(i))
            .prints(&format!("{plan}\n"))
            .may_speak()
            .runs();
    }
    (0..PLANS).for_each(|i| drop(home.until_file(&format!("begun-{i}"))));
    // What is left of the disk is taken, and everything that comes free.
    let filler = home.plan_dir("filler");
    let full = Instant::now();
    home.touch("full");
    let mut random = Random::new();
    while full.elapsed() < Duration::from_secs(scale(4, 60)) {
        fill(&filler);
        random.moment(Duration::from_millis(20));
    }
    std::fs::remove_file(&filler).unwrap();
    home.touch("room");
    let mut gaps = 0;
    for i in 0..PLANS {
        let plan = name(i);
        home.planwatch(["wait", &plan]).prints_something().may_speak().runs();
        if i.is_multiple_of(2) {
            home.audit(&plan).run(1, &steps(i)).holds();
        } else {
            gaps += home.audit(&plan).with_gaps().holds().gaps;
            every_byte_is_there_or_counted(&home, &plan, "stdout", Out::Stdout, &steps(i));
            every_byte_is_there_or_counted(&home, &plan, "stderr", Out::Stderr, &steps(i));
        }
    }
    assert!(gaps > 0, "nothing had to be given up: this proves nothing");
    home.until_quiet();
}

/// Each record holds the very bytes that were written at its offset, and each gap the number of
/// those that are missing at its own.
#[track_caller]
fn every_byte_is_there_or_counted(home: &Home, plan: &str, stream: &str, out: Out, steps: &[Step]) {
    let (mut expected, mut written) = (Expected::new(steps, out), Vec::new());
    while expected.next(&mut written) {}
    let mut next = 0;
    for record in &home.records(plan).0 {
        let number = |key: &str| record[key].as_u64().unwrap() as usize;
        if record["stream"] == stream {
            let bytes = original(record);
            assert_eq!(number("off"), next, "{plan}: {record}");
            assert!(written[next..].starts_with(&bytes), "{plan}: {record}");
            next += bytes.len();
        } else if record["event"] == "log.gap" && record["of"] == stream {
            assert_eq!(number("at"), next, "{plan}: {record}");
            next += number("bytes");
        }
    }
    assert_eq!(next, written.len(), "{stream} of {plan}");
}

/// Takes all the room that is left.
pub(crate) fn fill(filler: &std::path::Path) {
    use std::io::Write as _;
    let file = std::fs::File::options().create(true).append(true).open(filler);
    let Ok(mut file) = file else { return };
    for size in [1 << 20, 64 << 10, 4096] {
        let chunk = vec![b'x'; size];
        while file.write(&chunk).is_ok_and(|written| written == size) {}
    }
}
