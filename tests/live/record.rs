//! `planwatch record`: standard input, recorded byte for byte.

use std::io::Write;
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::harness::{Chunk, Home, Step, scale};

/// Pipes the oracle's stdout into `planwatch record`.
fn record_oracle(home: &Home, plan: &str, options: &[&str], steps: &[Step]) {
    let mut oracle = Command::new(home.oracle_program())
        .args(steps.iter().map(Step::to_arg))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pipe = oracle.stdout.take().unwrap();
    home.planwatch(["record", plan]).args(options).stdin(pipe).may_speak().runs();
    assert!(oracle.wait().unwrap().success());
}

fn recorded(bytes: &[u8]) -> (Home, Vec<u8>) {
    let home = Home::new();
    home.planwatch(["record", "some"]).input(bytes).may_speak().runs();
    let again = home.records("some").bytes(1, "stdout");
    home.audit("some").holds();
    home.until_quiet();
    (home, again)
}

#[test]
fn numbered_lines_are_recorded_once_each_in_order() {
    let home = Home::new();
    let steps = [Step::Chunk(Chunk::Bulk), Step::Stdout(scale(20_000, 3_000_000))];
    record_oracle(&home, "numbers", &[], &steps);
    let report = home.audit("numbers").run(1, &steps).holds();
    assert_eq!(report.verdicts[&1], ("succeeded".to_owned(), 0));
    home.until_quiet();
}

#[test]
fn any_cutting_and_any_line_ends_give_back_the_same_bytes() {
    let home = Home::new();
    let steps = [
        Step::Chunk(Chunk::Ragged),
        Step::MixedEnds(true),
        Step::Size(40, 5_000),
        Step::Stdout(scale(2_000, 100_000)),
    ];
    record_oracle(&home, "ragged", &[], &steps);
    home.audit("ragged").run(1, &steps).holds();
}

#[test]
fn nul_invalid_utf8_and_control_bytes_come_back_exactly() {
    let bytes =
        b"nul \0 here\ninvalid \xff\xfe\xc3\x28 there\n\x1b[31mred\x07\n\xed\xa0\x80\n\r\r\n\n\r";
    let (home, again) = recorded(bytes);
    assert_eq!(again, bytes);
    let records = home.records("some");
    let with_raw = records.0.iter().filter(|record| record["raw"].is_string()).count();
    assert_eq!(with_raw, 2, "raw stands only where msg is not the bytes");
}

#[test]
fn random_bytes_come_back_exactly() {
    let home = Home::new();
    let steps =
        [Step::Seed(9), Step::Chunk(Chunk::Ragged), Step::Binary(scale(300_000, 50_000_000))];
    record_oracle(&home, "binary", &[], &steps);
    home.audit("binary").run(1, &steps).holds();
}

#[test]
fn a_last_line_without_its_end_is_kept_as_such() {
    let (home, again) = recorded(b"whole\nunfinished");
    assert_eq!(again, b"whole\nunfinished");
    let records = home.records("some");
    let last = records.0.iter().rfind(|record| record["stream"] == "stdout").unwrap();
    assert_eq!((&last["msg"], &last["eol"]), (&"unfinished".into(), &"none".into()));
}

#[test]
fn a_progress_bar_is_many_records_and_crlf_is_one_line_end() {
    let (home, again) = recorded(b"10%\r20%\r30%\r\nnext\n");
    assert_eq!(again, b"10%\r20%\r30%\r\nnext\n");
    let ends: Vec<_> = home
        .records("some")
        .0
        .iter()
        .filter(|record| record["stream"] == "stdout")
        .map(|record| record["eol"].as_str().unwrap_or("lf").to_owned())
        .collect();
    assert_eq!(ends, ["cr", "cr", "crlf", "lf"]);
}

#[test]
fn a_million_blank_lines_are_a_million_records() {
    let home = Home::new();
    let count = scale(50_000, 1_000_000);
    let steps = [Step::Chunk(Chunk::Bulk), Step::Blank(count)];
    record_oracle(&home, "blank", &[], &steps);
    home.audit("blank").run(1, &steps).holds();
    let lines = home.records("blank").0.iter().filter(|r| r["stream"] == "stdout").count();
    assert_eq!(lines as u64, count);
}

#[test]
fn a_line_without_end_is_recorded_in_pieces_and_in_bounded_memory() {
    let home = Home::new();
    let bytes = scale(32 << 20, 1 << 30);
    let gate = home.file("gate");
    let steps = [
        Step::Chunk(Chunk::Bulk),
        Step::Letters(bytes),
        Step::Mark(home.file("written")),
        Step::Gate(gate),
    ];
    let mut oracle = Command::new(home.oracle_program())
        .args(steps.iter().map(Step::to_arg))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let pipe = oracle.stdout.take().unwrap();
    let recorder = home.planwatch(["record", "huge"]).stdin(pipe).may_speak().spawn();
    home.until_file("written");
    let peak = recorder.process().peak_kib().unwrap();
    assert!(peak < 64 << 10, "{peak} KiB");
    home.touch("gate");
    recorder.ends();
    assert!(oracle.wait().unwrap().success());
    home.audit("huge").run(1, &steps).holds();
    let pieces = home.records("huge").0.into_iter().filter(|r| r["stream"] == "stdout");
    assert!(pieces.clone().count() as u64 >= bytes / (64 << 10));
    let longest = pieces.map(|record| record["msg"].as_str().unwrap().len()).max();
    assert_eq!(longest, Some(64 << 10));
}

#[test]
fn a_name_used_again_is_the_next_run_of_the_same_log() {
    let home = Home::new();
    for run in 1..=3 {
        home.planwatch(["record", "again"]).input(b"line\n").may_speak().runs();
        let report = home.audit("again").holds();
        assert_eq!(report.verdicts.len(), run);
    }
    assert_eq!(home.records("again").bytes(3, "stdout"), b"line\n");
}

#[test]
fn a_plan_that_is_being_recorded_is_not_recorded_twice() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let first = home.planwatch(["record", "one"]).stdin(reader).may_speak().spawn();
    home.until_record("one", "it runs", |record| record["event"] == "run.started");
    home.planwatch(["record", "one"]).input(b"two\n").code(5).says("one").runs();
    drop(writer);
    first.ends();
    home.audit("one").holds();
}

#[test]
fn a_single_line_is_in_the_log_as_soon_as_it_is_written() {
    use std::io::Write;
    let home = Home::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let recorder = home.planwatch(["record", "live"]).stdin(reader).may_speak().spawn();
    for line in ["first", "second", "third"] {
        writeln!(writer, "{line}").unwrap();
        home.until_record("live", "the line is there", |record| record["msg"] == line);
    }
    drop(writer);
    recorder.ends();
    home.audit("live").holds();
}

#[test]
fn an_empty_input_is_a_run_without_lines() {
    let (home, again) = recorded(b"");
    assert!(again.is_empty());
    assert_eq!(home.records("some").events("run.verdict").len(), 1);
}

#[test]
fn a_damaged_first_record_costs_nothing_but_itself() {
    let home = Home::new();
    home.planwatch(["record", "some"]).input(b"one\n").may_speak().runs();
    let segment = home.segments("some").remove(0);
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[3] = b'X';
    std::fs::write(&segment, &bytes).unwrap();
    std::fs::remove_file(home.plan_dir("some").join("status.json")).unwrap();

    home.planwatch(["record", "some"]).input(b"two\n").may_speak().runs();

    let after = std::fs::read(&segment).unwrap();
    assert!(after.starts_with(&bytes), "what was there before is there still");
    // On which boot it was begun nobody knows any more: what comes is in the next one.
    let all = home.segments("some").into_iter().map(|segment| std::fs::read(segment).unwrap());
    let told = String::from_utf8_lossy(&all.collect::<Vec<_>>().concat()).into_owned();
    assert!(told.contains(r#""run":2,"stream":"stdout","off":0,"msg":"two""#), "{told}");
    home.planwatch(["verify", "some"]).code(1).prints_something().may_speak().runs();
}

#[test]
fn a_log_removed_under_its_writer_goes_on_behind_a_gap() {
    let home = Home::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let live = home.planwatch(["record", "some"]).stdin(reader).may_speak().spawn();
    writer.write_all(b"one\n").unwrap();
    home.until_record("some", "the first line is recorded", |record| record["msg"] == "one");
    std::fs::remove_dir_all(home.plan_dir("some").join("log")).unwrap();
    writer.write_all(b"two\n").unwrap();
    home.until_record("some", "the second line is recorded", |record| record["msg"] == "two");
    drop(writer);
    live.ends();
    let records = home.records("some");
    assert!(records.0.iter().any(|record| record["event"] == "log.gap" && record["from"] == 1));
    assert!(records.0.iter().any(|record| record["event"] == "run.verdict"));
}

#[test]
fn an_interrupt_waits_for_the_last_words_of_who_writes() {
    use std::io::Write;
    let home = Home::new();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let live = home.planwatch(["record", "some"]).stdin(reader).code(130).may_speak().spawn();
    writer.write_all(b"one\n").unwrap();
    home.until_record("some", "the first line is recorded", |record| record["msg"] == "one");
    live.signal(Signal::INT);
    home.until_record("some", "it has heard", |record| record["event"] == "run.stopping");
    writer.write_all(b"last words").unwrap();
    drop(writer);
    assert!(live.ends().stderr.contains("STOPPED after"));
    assert_eq!(home.records("some").bytes(1, "stdout"), b"one\nlast words");
    assert_eq!(home.audit("some").holds().verdicts[&1], ("stopped".to_owned(), 130));
    home.until_quiet();
}

#[test]
fn what_ends_a_recording_at_once_loses_nothing_that_was_written_before() {
    use std::io::Write;
    for (signals, code) in [
        (&[Signal::TERM][..], 143),
        (&[Signal::HUP], 129),
        (&[Signal::INT, Signal::INT], 130),
        (&[Signal::INT, Signal::TERM], 130),
    ] {
        let home = Home::new();
        let (reader, mut writer) = std::io::pipe().unwrap();
        let live = home.planwatch(["record", "some"]).stdin(reader).code(code).may_speak().spawn();
        writer.write_all(b"one\n").unwrap();
        home.until_record("some", "the first line is recorded", |record| record["msg"] == "one");
        // In the pipe, perhaps not yet taken; and the writer goes on to live.
        writer.write_all(b"two\nthr").unwrap();
        for (at, signal) in signals.iter().enumerate() {
            live.signal(*signal);
            if at + 1 < signals.len() {
                home.until_record("some", "it has heard", |it| it["event"] == "run.stopping");
            }
        }
        live.ends();
        assert_eq!(home.records("some").bytes(1, "stdout"), b"one\ntwo\nthr", "{signals:?}");
        let verdict = ("stopped".to_owned(), i64::from(code));
        assert_eq!(home.audit("some").holds().verdicts[&1], verdict);
        home.until_quiet();
    }
}

#[test]
fn what_cannot_be_said_on_a_full_disk_ends_no_recording() {
    let home = Home::new();
    let unheard = |args: &[&str]| {
        let mut shell = Command::new("sh");
        shell.args(["-c", r#"exec "$@" 2>/dev/full"#, "sh"]);
        home.planwatch(args).under(shell)
    };
    unheard(&["record", "some"]).input(b"one\ntwo\n").runs();
    assert_eq!(home.records("some").bytes(1, "stdout"), b"one\ntwo\n");
    unheard(&["run", "-n", "plan", "--", "echo", "hello"]).prints("hello\n").runs();
    for plan in ["some", "plan"] {
        assert_eq!(home.audit(plan).holds().verdicts[&1], ("succeeded".to_owned(), 0));
    }
    home.until_quiet();
}

#[test]
fn the_name_of_a_task_is_no_escape_sequence() {
    let home = Home::new();
    let said = "\
[pid 1] Worker w running   Evil(x=\x1b]0;title\x07\u{9b}31m)
[pid 1] Worker w failed    Evil(x=\x1b]0;title\x07\u{9b}31m)
This progress looks :( because there were failed tasks
";
    let record = home.planwatch(["record", "some"]).input(said.as_bytes());
    record.code(30).says("failed: Evil(x=␛]0;title␇<U+009B>31m)").runs();
    for args in [["inspect", "some", "--color=never"], ["tasks", "some", "-ojson"]] {
        let done = home.planwatch(args).prints_something().runs();
        let strange = |c: char| c.is_control() && c != '\n';
        let printed = done.lines().join("\n");
        assert!(printed.contains("title") && !printed.contains(strange), "{printed:?}");
    }
    home.until_quiet();
}
