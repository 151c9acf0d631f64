//! Disks that fill up, files that go away.

use rustix::process::Signal;

use crate::harness::{Chunk, Home, Live, Step};

/// Two mebibytes for a home, and a plan that writes more.
fn on_a_full_disk(options: &[&str]) -> Option<(Home, Live, Vec<Step>)> {
    ending_on_a_full_disk(options, 0)
}

/// The same, where the recording is to end with this code.
fn ending_on_a_full_disk(options: &[&str], code: i32) -> Option<(Home, Live, Vec<Step>)> {
    let Some(home) = Home::on_small_disk(2) else {
        println!("skipped: nothing may be mounted here");
        return None;
    };
    let steps = vec![Step::Chunk(Chunk::Bulk), Step::Stdout(30_000)];
    let (reader, writer) = std::io::pipe().unwrap();
    let mut oracle = std::process::Command::new(home.oracle_program());
    let mut oracle = oracle.args(steps.iter().map(Step::to_arg)).stdout(writer).spawn().unwrap();
    std::thread::spawn(move || oracle.wait());
    let recorder = home.planwatch(["record", "full"]).args(options).stdin(reader);
    let recorder = recorder.code(code).may_speak().spawn();
    Some((home, recorder, steps))
}

#[test]
fn a_full_disk_makes_the_plan_wait_and_tears_nothing() {
    let Some((home, recorder, steps)) = on_a_full_disk(&[]) else { return };
    recorder.until_said("waits");
    let before = home.records("full").len();
    assert!(before > 1_000, "{before}");
    home.enlarge_disk(64);
    recorder.ends();
    home.audit("full").run(1, &steps).holds();
}

#[test]
fn a_full_disk_drops_what_it_is_told_to_drop_and_counts_it() {
    let Some((home, recorder, _)) = on_a_full_disk(&["--on-full", "drop"]) else { return };
    recorder.until_said("waits");
    home.enlarge_disk(64);
    recorder.ends();
    let report = home.audit("full").with_gaps().holds();
    let written = 30_000;
    let kept = home.records("full").0.iter().filter(|record| record["stream"] == "stdout").count();
    assert!(kept == written || report.gaps > 0, "{kept} lines and no gap");
}

#[test]
fn a_plan_whose_words_may_be_dropped_does_not_wait_for_a_full_disk() {
    let Some(home) = Home::on_small_disk(2) else { return };
    let steps = [Step::Chunk(Chunk::Bulk), Step::Stdout(60_000)].map(|step| step.to_arg());
    let over = home.file("over");
    let script =
        format!("{} {} && : > '{}'", home.oracle_program(), steps.join(" "), over.display());
    home.planwatch(["run", "-d", "-n", "full", "--on-full", "drop", "--", "sh", "-c", &script])
        .prints("full\n")
        .may_speak()
        .runs();
    home.until_file("over");
    let recorder = home.recorder("full").expect("a full disk is not its end");
    recorder.signal(Signal::KILL);
    home.enlarge_disk(64);
    home.planwatch(["wait", "full"]).prints("full succeeded 0\n").may_speak().runs();
    let report = home.audit("full").with_gaps().holds();
    let kept = home.records("full").0.iter().filter(|record| record["stream"] == "stdout").count();
    assert!(kept < 60_000 && report.gaps > 0, "{kept} lines and {} gaps", report.gaps);
}

#[test]
fn streams_that_could_not_be_opened_when_they_were_announced_are_opened_later() {
    let home = Home::new();
    home.planwatch(["run", "-n", "late", "--", "true"]).may_speak().runs();
    home.until_quiet();
    let in_the_way = home.plan_dir("late").join("spool/2.stdout.stage");
    std::fs::create_dir(&in_the_way).unwrap();
    home.planwatch(["run", "-d", "-n", "late", "--", "sh", "-c", "echo here; exec sleep 1000"])
        .prints("late\n")
        .may_speak()
        .runs();
    home.until_record("late", "the second run is there", |record| {
        record["run"] == 2 && record["event"] == "run.spawned"
    });
    std::fs::remove_dir(&in_the_way).unwrap();
    home.until_record("late", "its line is recorded", |record| record["msg"] == "here");
    home.planwatch(["stop", "late"]).may_speak().any_code().runs();
    home.until_quiet();
    home.audit("late").holds();
}

#[test]
fn retention_keeps_a_small_disk_from_filling() {
    let Some(home) = Home::on_small_disk(4) else { return };
    let lines: String =
        (0..60_000).map(|n| format!("line {n} of many, to fill a disk\n")).collect();
    home.planwatch(["record", "kept", "--segment-size", "64KiB", "--keep", "1MiB"])
        .input(lines.as_bytes())
        .may_speak()
        .runs();
    let report = home.audit("kept").pruned().holds();
    assert!(report.segments < 20, "{report:?}");
}

#[test]
fn rules_that_cannot_be_announced_are_refused_and_many_missing_files_are_not() {
    let home = Home::new();
    let run = |name: &str, rules: u32| {
        let mut args = vec!["run".to_owned(), "-n".to_owned(), name.to_owned()];
        args.extend(
            (0..rules).flat_map(|at| ["--verdict".to_owned(), format!("file:a/file/{at}")]),
        );
        args.extend(["--".to_owned(), "true".to_owned()]);
        home.planwatch(args)
    };
    run("many", 400).code(125).says("too many rules of success").runs();
    run("some", 115).code(1).prints_something().may_speak().runs();
    assert_eq!(home.audit("some").holds().verdicts[&1], ("failed".to_owned(), 1));
}

#[test]
fn a_recording_that_is_ended_while_the_disk_is_full_waits_asleep_for_room() {
    let Some((home, recorder, _)) = ending_on_a_full_disk(&[], 143) else { return };
    recorder.until_said("waits");
    recorder.signal(Signal::TERM);
    let pid = recorder.process().pid;
    let mut asleep = 0;
    home.until("it has heard and sleeps", || {
        asleep = if home.state(pid) == Some('S') { asleep + 1 } else { 0 };
        (asleep > 30).then_some(())
    });
    home.enlarge_disk(64);
    recorder.ends();
    assert_eq!(home.audit("full").holds().verdicts[&1], ("stopped".to_owned(), 143));
}
