//! Logs that were torn, changed, moved or removed by others.

use std::fs;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::harness::{Chunk, Home, Live, Step};

/// A plan in the background that has written its first lines and writes as many again when `gate`
/// is there. Gives its steps.
fn begun(home: &Home, lines: u64, options: &[&str]) -> Vec<Step> {
    let steps = vec![
        Step::Chunk(Chunk::Bulk),
        Step::Stdout(lines),
        Step::Gate(home.file("gate")),
        Step::Stdout(lines),
        Step::Gate(home.file("over")),
    ];
    let options = [&["-d", "-n", "plan"], options].concat();
    home.run_oracle(&options, &steps).prints("plan\n").may_speak().runs();
    until_line(home, lines - 1);
    steps
}

/// Waits until the n-th line (from 0) is the log's.
#[track_caller]
fn until_line(home: &Home, n: u64) {
    let begin = format!("o{n:08}");
    home.until_record("plan", "the line is recorded", |record| {
        record["msg"].as_str().is_some_and(|msg| msg.starts_with(&begin))
    });
}

fn follower(home: &Home) -> Live {
    home.planwatch(["logs", "-f", "-o", "json", "--after", "0", "plan"])
        .prints_something()
        .may_speak()
        .spawn()
}

#[track_caller]
fn ends(home: &Home) {
    home.touch("gate");
    home.touch("over");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
}

/// The lines of the plan in what a follower printed, each once, as they must be.
#[track_caller]
fn got_every_line(printed: &str, lines: u64) {
    let got: Vec<&str> =
        printed.lines().filter_map(|line| line.split_once("\"msg\":\"o")?.1.get(..8)).collect();
    let wanted: Vec<String> = (0..lines).map(|n| format!("{n:08}")).collect();
    assert!(
        got == wanted,
        "{} lines, not {lines}: {:?}",
        got.len(),
        got.iter().rev().take(5).collect::<Vec<_>>()
    );
}

fn log(home: &Home) -> PathBuf {
    home.plan_dir("plan").join("log")
}

#[test]
fn a_tail_of_nuls_is_cut_off_and_costs_no_record() {
    let home = Home::new();
    home.run_oracle(&["-n", "plan"], &[Step::Both(5)]).prints_something().may_speak().runs();
    home.until_quiet();
    let segment = home.segments("plan").pop().unwrap();
    let whole = fs::read(&segment).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    file.write_all_at(&[0; 4096], whole.len() as u64).unwrap();
    let read = home.planwatch(["logs", "-o", "json", "plan"]).prints_something().may_speak().runs();
    assert!(read.stdout.as_bytes() == whole, "a reader stops at the last line end");
    let done = home.planwatch(["verify", "plan"]).code(1).prints_something().runs();
    assert!(done.stdout.contains("4096 NUL bytes"), "{}", done.stdout);
    home.run_oracle(&["-n", "plan"], &[Step::Both(5)]).prints_something().may_speak().runs();
    home.until_quiet();
    let report = home.audit("plan").run(1, &[Step::Both(5)]).run(2, &[Step::Both(5)]).holds();
    assert_eq!(report.events["recorder.restarted"], 1, "what was cut off is said");
}

#[test]
fn a_log_folder_that_is_moved_away_is_left_behind_and_named() {
    let home = Home::new();
    let steps = begun(&home, 500, &[]);
    let follower = follower(&home);
    follower.until_printed("o00000499");
    let away = home.plan_dir("plan").join("elsewhere");
    fs::rename(log(&home), &away).unwrap();
    ends(&home);
    got_every_line(&follower.ends().stdout, 1_000);
    let gaps = home.records("plan").events("log.gap").len();
    assert_eq!(gaps, 1, "what went away is named");
    let moved: usize = fs::read_dir(&away).unwrap().count();
    assert_eq!(moved, 1, "nothing was written there any more");
    assert!(home.records("plan").bytes(1, "stdout").len() > 50_000);
    home.audit("plan").with_gaps().pruned().holds();
    drop(steps);
}

#[test]
fn a_silent_plan_whose_log_was_deleted_is_still_known_and_can_be_stopped() {
    let home = Home::new();
    let steps = [Step::Both(10), Step::Idle];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
    let saved = home.plan_dir("plan").join("status.json");
    home.until("all of it is saved", || {
        let state = fs::read(&saved).ok()?;
        let state: serde_json::Value = serde_json::from_slice(&state).ok()?;
        state.to_string().contains("\"lines\":20").then_some(())
    });
    fs::remove_dir_all(log(&home)).unwrap();
    let listed = home.planwatch(["ps", "-o", "json"]).prints_something().may_speak().runs().json();
    assert_eq!((&listed[0]["plan"], &listed[0]["state"]), (&"plan".into(), &"running".into()));
    home.planwatch(["stop", "plan"]).may_speak().runs();
    home.planwatch(["wait", "plan"]).code(143).prints("plan stopped 143\n").may_speak().runs();
    home.until_quiet();
    let report = home.audit("plan").with_gaps().pruned().holds();
    assert_eq!(report.gaps, 1);
}

#[test]
fn a_log_folder_replaced_by_a_link_is_not_written_through() {
    let home = Home::new();
    begun(&home, 500, &[]);
    let elsewhere = home.file("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::remove_dir_all(log(&home)).unwrap();
    std::os::unix::fs::symlink(&elsewhere, log(&home)).unwrap();
    home.touch("gate");
    home.until("the recorder says why it waits", || {
        let said = fs::read_to_string(home.plan_dir("plan").join("diagnostics.log")).ok()?;
        said.contains("is a link").then_some(())
    });
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    fs::remove_file(log(&home)).unwrap();
    until_line(&home, 999);
    ends(&home);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
    let report = home.audit("plan").with_gaps().pruned().holds();
    assert_eq!(report.gaps, 1);
}

#[test]
fn a_segment_cut_short_under_writer_and_reader_costs_what_was_cut_and_that_is_named() {
    let home = Home::new();
    begun(&home, 500, &[]);
    let follower = follower(&home);
    follower.until_printed("o00000499");
    let segment = home.segments("plan").pop().unwrap();
    let whole = fs::read(&segment).unwrap();
    let half = whole.len() / 2;
    let file = fs::OpenOptions::new().write(true).open(&segment).unwrap();
    file.set_len(half as u64).unwrap();
    ends(&home);
    got_every_line(&follower.ends().stdout, 1_000);
    home.until_quiet();
    let records = home.records("plan");
    let gaps = records.events("log.gap");
    assert_eq!(gaps.len(), 1, "the recorder noticed");
    let (from, to) = (gaps[0]["from"].as_u64().unwrap(), gaps[0]["to"].as_u64().unwrap());
    let there: Vec<u64> = records.0.iter().map(|record| record["seq"].as_u64().unwrap()).collect();
    let wanted: Vec<u64> = (1..from).chain(to + 1..=records.last_seq()).collect();
    assert!(there == wanted, "the gap from {from} to {to} is what is missing");
    home.planwatch(["verify", "plan"]).code(1).prints_something().runs();
}

#[test]
fn sealed_segments_removed_under_writer_and_readers_are_a_named_gap_and_no_more() {
    let home = Home::new();
    begun(&home, 3_000, &["--segment-size", "64KiB"]);
    let follower = follower(&home);
    follower.until_printed("o00002999");
    let segments = home.segments("plan");
    assert!(segments.len() > 4);
    fs::remove_file(&segments[2]).unwrap();
    ends(&home);
    got_every_line(&follower.ends().stdout, 6_000);
    home.until_quiet();
    let name =
        |at: usize| segments[at].file_stem().unwrap().to_str().unwrap().parse::<u64>().unwrap();
    let (from, to) = (name(2), name(3) - 1);
    let range = format!("{from}");
    let last = format!("{to}");
    let verify = home.planwatch(["verify", "plan"]).code(1).prints_something().may_speak().runs();
    let said = format!("{}{}", verify.stdout, verify.stderr);
    assert!(said.contains(&range) && said.contains(&last), "{from} to {to} in\n{said}");
    let read = home.planwatch(["logs", "-o", "json", "plan"]).prints_something().may_speak().runs();
    assert!(read.stderr.contains(&range) && read.stderr.contains(&last), "{}", read.stderr);
    let there = read.lines().len() as u64;
    assert_eq!(there, home.records("plan").len() as u64);
}

#[test]
fn pruning_races_no_reader_into_a_wrong_line() {
    let home = Home::new();
    let steps = [Step::Chunk(Chunk::Bulk), Step::Stdout(30_000)];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &steps)
        .prints("plan\n")
        .may_speak()
        .runs();
    let readers: Vec<Live> = (0..4).map(|_| follower(&home)).collect();
    let mut rounds = 0;
    while home.recorder("plan").is_some() && rounds < 200 {
        home.planwatch(["prune", "plan", "--keep", "200KiB"]).prints_something().may_speak().runs();
        rounds += 1;
    }
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    for reader in readers {
        let done = reader.ends();
        let mut last = 0;
        for line in done.stdout.lines() {
            let record: serde_json::Value = serde_json::from_str(line).unwrap();
            let seq = record["seq"].as_u64().unwrap();
            assert!(seq > last, "{seq} after {last}");
            if seq > last + 1 {
                let range = format!("{} to {}", last + 1, seq - 1);
                assert!(done.stderr.contains(&range), "{range} is not said:\n{}", done.stderr);
            }
            last = seq;
        }
        assert_eq!(last, home.records("plan").last_seq());
    }
    home.audit("plan").pruned().holds();
}
