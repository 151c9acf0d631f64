//! A run that was attached to long after it began.

use super::*;

/// When the run's process began; the records of a [`Writer`] are written in 1970.
fn begun(hours_before: i64) -> u64 {
    u64::try_from(hours_before * 3_600_000).unwrap()
}

fn attached(age_ms: u64, zone: i32, text: &str) -> Writer {
    let stream = Stream::File("log.txt".to_owned());
    let mut writer = Writer::new();
    // So many lines later it is the second of January.
    writer.fold.seq = 86_400;
    let event = Event::RunStarted {
        argv: Vec::new(),
        cwd: "/".to_owned(),
        changed: Vec::new(),
        verdict: luigi().to_vec(),
        success_exit_codes: Vec::new(),
        foreign: true,
        streams: vec![stream.clone()],
        restart: None,
        restarts: 0,
        boot: "b".to_owned(),
    };
    writer.say(1, event, true);
    writer.say(1, Event::RunSpawned { pid: 4711, start: 9, age_ms }, true);
    let (path, file) = ("/r/log.txt".to_owned(), FileMark { device: 1, inode: 2, made: 3 });
    let (earlier, zone) = (0, Some(zone));
    writer.say(1, Event::SourceOpened { of: stream.clone(), path, file, earlier, zone }, false);
    writer.text(1, &stream, text.as_bytes());
    writer.fold.sum_up();
    writer
}

/// One task that took from `from` to `to`, behind a first line.
fn log(first: &str, from: &str, to: &str) -> String {
    let who = "luigi-interface - INFO - [pid 7] Worker Worker(salt=1, pid=7)";
    format!(
        "{first} - __main__ - INFO - begins\n\
         {from} - luigi-interface - INFO - Informed scheduler that task   A__99914b932b   has status   PENDING\n\
         {from} - {who} running   A()\n\
         {to} - {who} done      A()\n"
    )
}

fn attempt(writer: &Writer) -> (String, String) {
    let table = writer.fold.tables.of(1).unwrap().table();
    let attempt = &table.tasks[0].history[0];
    let text = |stamp: Stamp| stamp.to_string()[..19].to_owned();
    (text(attempt.started_at), text(attempt.ended_at.unwrap()))
}

#[test]
fn a_task_that_ran_before_anybody_looked_ran_when_its_lines_say() {
    let text = log("1970-01-01 22:00:02", "1970-01-01 22:10:00", "1970-01-01 23:50:00");
    let writer = attached(begun(2), 0, &text);
    let (from, to) = ("1970-01-01T22:10:00".to_owned(), "1970-01-01T23:50:00".to_owned());
    assert_eq!(attempt(&writer), (from, to));
    let told = rebuilt(&writer.fold, 1, &writer.log);
    assert_eq!(told.table(), writer.fold.tables.of(1).unwrap().table());
}

#[test]
fn times_that_do_not_fit_the_process_or_the_moment_are_those_of_recording() {
    let recorded = "1970-01-02T00:00";
    for (what, zone, first, from, to) in [
        ("another zone", 0, "1970-01-01 23:00:02", "1970-01-01 23:10:00", "1970-01-01 23:20:00"),
        ("a zone ahead", 7200, "1970-01-01 22:00:02", "1970-01-01 22:10:00", "1970-01-01 23:50:00"),
        ("the future", 0, "1970-01-01 22:00:02", "1970-01-03 22:10:00", "1970-01-03 23:50:00"),
        ("just now", 0, "1970-01-01 22:00:02", "1970-01-02 00:00:05", "1970-01-02 00:00:06"),
    ] {
        let writer = attached(begun(2), zone, &log(first, from, to));
        let (from, to) = attempt(&writer);
        assert!(from.starts_with(recorded) && to.starts_with(recorded), "{what}: {from} to {to}");
        assert!(!writer.log.concat().windows(7).any(|key| key == b"task_ts"), "{what}");
    }
}

#[test]
fn no_task_began_before_the_process() {
    let text = log("1970-01-01 21:59:58", "1970-01-01 21:59:58", "1970-01-01 22:00:09");
    let (from, to) = attempt(&attached(begun(2), 0, &text));
    // The process is as old as the record of it says, to the second.
    assert!(from.as_str() >= "1970-01-01T22:00:00" && to.as_str() >= from.as_str(), "{from} {to}");
}
