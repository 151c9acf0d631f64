//! Segments: sealed, named, linked, pruned.

use crate::harness::{Chunk, Home, Step, scale};

#[test]
fn segments_are_sealed_and_the_link_shows_the_open_one() {
    let home = Home::new();
    let steps = [Step::Chunk(Chunk::Bulk), Step::Both(scale(3_000, 300_000))];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &steps)
        .prints("plan\n")
        .may_speak()
        .runs();
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    let report = home.audit("plan").run(1, &steps).holds();
    assert!(report.segments > 10, "{} segments", report.segments);
    assert_eq!(report.events["segment.opened"], report.segments);
    assert_eq!(report.events["segment.sealed"], report.segments - 1);
    let current = std::fs::canonicalize(home.plan_dir("plan").join("current")).unwrap();
    assert_eq!(Some(&current), home.segments("plan").last());
    for segment in home.segments("plan") {
        let len = std::fs::metadata(&segment).unwrap().len();
        assert!(len < 140 << 10, "{} has {len} bytes", segment.display());
    }
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
}

#[test]
fn old_segments_are_removed_by_rule_and_what_is_left_still_holds() {
    let home = Home::new();
    let steps = [Step::Chunk(Chunk::Bulk), Step::Both(500)];
    for _ in 0..3 {
        home.run_oracle(
            &["-d", "-n", "plan", "--segment-size", "64KiB", "--keep", "300KiB"],
            &steps,
        )
        .prints("plan\n")
        .may_speak()
        .runs();
        home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    }
    home.until_quiet();
    let first = home.records("plan").0[0].clone();
    assert_eq!(first["event"], "segment.opened");
    assert!(first["seq"].as_u64().unwrap() > 1_000, "the first runs are gone: {first}");
    let report = home.audit("plan").pruned().holds();
    assert_eq!(report.verdicts[&3], ("succeeded".to_owned(), 0));
    // The last run is whole: it is spared.
    assert!(home.records("plan").bytes(3, "stdout").starts_with(b"o00000000"));
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
    let done = home
        .planwatch(["logs", "-o", "json", "--after", "5", "plan"])
        .prints_something()
        .may_speak()
        .runs();
    let oldest: serde_json::Value = serde_json::from_str(done.lines()[0]).unwrap();
    let said = done.stderr.contains("pruned") || oldest["event"] == "log.gap";
    assert!(said, "a pruned stretch is shown: {} {}", done.stderr, oldest);
}

#[test]
fn status_can_be_deleted_at_any_time() {
    let home = Home::new();
    let steps = [Step::Both(200), Step::Exit(3)];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &steps)
        .prints("plan\n")
        .may_speak()
        .runs();
    home.planwatch(["wait", "plan"]).code(3).prints_something().may_speak().runs();
    home.until_quiet();
    let ask =
        || home.planwatch(["ps", "-a", "-o", "json"]).prints_something().may_speak().runs().json();
    let before = ask();
    std::fs::remove_file(home.plan_dir("plan").join("status.json")).unwrap();
    assert_eq!(before, ask());
    assert_eq!(before[0]["verdict"], "failed");
}

#[test]
fn a_torn_last_line_is_completed_by_the_next_run() {
    use std::io::Write;
    let home = Home::new();
    home.run_oracle(&["-n", "torn"], &[Step::Both(5)]).prints_something().may_speak().runs();
    home.until_quiet();
    let segment = home.segments("torn").pop().unwrap();
    let whole = std::fs::read(&segment).unwrap();
    let mut file = std::fs::OpenOptions::new().append(true).open(&segment).unwrap();
    file.write_all(b"{\"ts\":\"2026-11-23T17:31:02.12").unwrap();
    drop(file);
    home.planwatch(["verify", "torn"]).prints_something().may_speak().runs();
    let reader =
        home.planwatch(["logs", "-o", "json", "torn"]).prints_something().may_speak().runs();
    assert_eq!(reader.stdout.as_bytes(), whole, "a reader stops at the last line end");
    home.run_oracle(&["-n", "torn"], &[Step::Both(5)]).prints_something().may_speak().runs();
    home.until_quiet();
    home.audit("torn").run(1, &[Step::Both(5)]).run(2, &[Step::Both(5)]).holds();
}

#[test]
fn verify_names_what_is_missing_or_changed() {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &[Step::Both(1_000)])
        .prints("plan\n")
        .may_speak()
        .runs();
    home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    home.until_quiet();
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
    let segment = home.segments("plan")[1].clone();
    let good = std::fs::read(&segment).unwrap();
    let mut flipped = good.clone();
    let at =
        good.len() / 2 + good[good.len() / 2..].windows(8).position(|w| w == b"quick br").unwrap();
    flipped[at] = b'Q';
    std::fs::write(&segment, &flipped).unwrap();
    home.planwatch(["verify", "plan"]).code(1).prints_something().may_speak().runs();
    let lines: Vec<_> = good.split_inclusive(|&byte| byte == b'\n').collect();
    std::fs::write(&segment, [lines[..20].concat(), lines[21..].concat()].concat()).unwrap();
    let done = home.planwatch(["verify", "plan"]).code(1).prints_something().may_speak().runs();
    let missing: serde_json::Value = serde_json::from_slice(lines[20]).unwrap();
    let all = format!("{}{}", done.stdout, done.stderr);
    assert!(all.contains(&missing["seq"].to_string()), "{missing} in\n{all}");
    std::fs::write(&segment, &good).unwrap();
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
    std::fs::remove_file(&segment).unwrap();
    home.planwatch(["verify", "plan"]).code(1).prints_something().may_speak().runs();
}
