//! What goes on for long: many lines, many followers, many runs leave nothing behind and need no
//! more than few. At full scale:
//! `PLANWATCH_TEST_SCALE=full cargo test --release --test faults lasting -- --nocapture`

use std::collections::BTreeSet;

use rustix::process::Signal;

use crate::harness::{Chunk, Home, Proc, Step, scale};

/// Resident memory in KiB, and open descriptors.
fn weight(process: &Proc) -> (u64, usize) {
    let open = std::fs::read_dir(format!("/proc/{}/fd", process.pid)).unwrap().count();
    (process.resident_kib().unwrap(), open)
}

/// Not heavier than before; an allocator may keep a little.
#[track_caller]
fn is_not_heavier(what: &str, before: (u64, usize), now: (u64, usize)) {
    println!(
        "{what}: {} KiB, {} open before; {} KiB, {} open now",
        before.0, before.1, now.0, now.1
    );
    assert!(now.0 <= before.0 + before.0 / 8 + 1024, "{what}: {before:?}, {now:?}");
    assert!(now.1 <= before.1, "{what}: {before:?}, {now:?}");
}

#[test]
fn many_lines_need_no_more_memory_than_few() {
    let home = Home::new();
    let lines = scale(400_000, 100_000_000);
    let steps = [
        Step::Chunk(Chunk::Bulk),
        Step::Stdout(lines / 5),
        Step::Mark(home.file("few")),
        Step::Gate(home.file("on")),
        Step::Stdout(lines - lines / 5),
        Step::Mark(home.file("many")),
        Step::Gate(home.file("end")),
    ];
    let options = ["-d", "-n", "plan", "--segment-size", "4MiB", "--keep", "4"];
    home.run_oracle(&options, &steps).prints("plan\n").may_speak().runs();
    let follower = home.planwatch(["logs", "-f", "-n", "1", "-o", "short", "plan"]).any_code();
    let follower = follower.into_the_void().spawn();
    let weigh = |line: u64| {
        let last = format!("o{:08}", line - 1);
        home.until_within(scale(1, 30), "all of it is recorded", || {
            let end = home.segments("plan").pop()?;
            let text = std::fs::read(end).ok()?;
            let tail = &text[text.len().saturating_sub(2_000)..];
            memchr::memmem::find(tail, last.as_bytes()).map(|_| ())
        });
        let recorder = home.until("it is recorded", || home.recorder("plan"));
        let supervisor = home.until("it is looked after", || home.supervisor("plan"));
        [weight(&recorder), weight(&supervisor), weight(&follower.process())]
    };
    home.until_within(scale(1, 30), "the first are written", || {
        home.file("few").exists().then_some(())
    });
    let few = weigh(lines / 5);
    home.touch("on");
    home.until_within(scale(1, 60), "all are written", || home.file("many").exists().then_some(()));
    let many = weigh(lines);
    for (i, who) in ["recorder", "supervisor", "follower"].into_iter().enumerate() {
        is_not_heavier(who, few[i], many[i]);
    }
    home.touch("end");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    assert!(home.segments("plan").len() <= 5);
    home.audit("plan").pruned().holds();
}

#[test]
fn followers_that_come_and_go_leave_nothing_behind() {
    let home = Home::new();
    let steps = [Step::Rate(500), Step::Until(home.file("over"), home.file("tally"))];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB", "--keep", "20"], &steps)
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until("segments have turned", || (home.segments("plan").len() > 3).then_some(()));
    let keepers = || {
        let recorder = home.until("it is recorded", || home.recorder("plan"));
        let supervisor = home.until("it is looked after", || home.supervisor("plan"));
        [weight(&recorder), weight(&supervisor)]
    };
    let before = keepers();
    for _ in 0..scale(4, 500) {
        let followers: Vec<_> = (0..20)
            .map(|i| {
                let form = ["short", "json"][i % 2];
                let args = ["logs", "-f", "-n", "3", "-o", form, "plan"];
                home.planwatch(args).any_code().prints_something().may_speak().spawn()
            })
            .collect();
        for (i, follower) in followers.into_iter().enumerate() {
            follower.until_printed("o0");
            follower.signal([Signal::KILL, Signal::INT, Signal::TERM][i % 3]);
            follower.ends();
        }
    }
    let now = keepers();
    is_not_heavier("recorder", before[0], now[0]);
    is_not_heavier("supervisor", before[1], now[1]);
    home.touch("over");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    home.until_quiet();
}

#[test]
fn runs_without_number_leave_nothing_behind() {
    const AT_ONCE: u64 = 20;
    let home = Home::new();
    let round = |runs: u64| {
        std::thread::scope(|scope| {
            for i in 0..AT_ONCE {
                let home = &home;
                scope.spawn(move || {
                    let plan = format!("plan-{i:02}");
                    for _ in 0..runs {
                        let steps = [Step::Stdout(2), Step::Stderr(1), Step::Exit(i as i32 % 2)];
                        home.run_oracle(
                            &["-n", &plan, "--segment-size", "64KiB", "--keep", "4"],
                            &steps,
                        )
                        .code(i as i32 % 2)
                        .prints_something()
                        .may_speak()
                        .runs();
                    }
                });
            }
        });
        home.until_quiet();
    };
    round(1);
    let before = everything(&home);
    let runs = scale(60, 10_000) / AT_ONCE;
    round(runs);
    assert_eq!(everything(&home), before);
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    use std::os::unix::fs::MetadataExt as _;
    for i in 0..AT_ONCE {
        let plan = format!("plan-{i:02}");
        for lock in ["recorder.lock", "supervisor.lock"] {
            let inode = std::fs::metadata(home.plan_dir(&plan).join(lock)).unwrap().ino();
            assert!(!locks.contains(&format!(":{inode} ")), "{lock} of {plan} is held");
        }
        let report = home.audit(&plan).pruned().holds();
        assert!(report.verdicts.contains_key(&(runs + 1)), "{report:?}");
    }
    home.planwatch(["verify"]).prints_something().may_speak().runs();
}

/// Every file and folder of the home but for segments, by name.
fn everything(home: &Home) -> BTreeSet<String> {
    let (mut found, mut left) = (BTreeSet::new(), vec![home.path()]);
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let path = entry.path();
            let name = path.display().to_string();
            if !name.contains("/log/") && !name.contains("/tasks/") {
                found.insert(name);
            }
            if entry.file_type().unwrap().is_dir() {
                left.push(path);
            }
        }
    }
    found
}
