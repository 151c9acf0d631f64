//! A run that was attached to long after it began.

use super::*;

/// A run attached to on the second of January 1970, whose log held `before` by then; `after` is
/// written afterwards.
fn attached(before: &str, after: &str, zone: Option<i32>) -> Writer {
    let stream = Stream::File("log.txt".to_owned());
    let mut writer = Writer::new();
    // A record a second.
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
    let (path, file) = ("/r/log.txt".to_owned(), FileMark { device: 1, inode: 2, made: 3 });
    let (of, earlier, bytes) = (stream.clone(), 0, before.len() as u64);
    writer.say(1, Event::SourceOpened { of, path, file, earlier, bytes, zone }, false);
    writer.text(1, &stream, before.as_bytes());
    writer.text(1, &stream, after.as_bytes());
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
    let writer = attached(&text, "", Some(0));
    let (from, to) = ("1970-01-01T22:10:00".to_owned(), "1970-01-01T23:50:00".to_owned());
    assert_eq!(attempt(&writer), (from, to));
    let told = rebuilt(&writer.fold, 1, &writer.log);
    assert_eq!(told.table(), writer.fold.tables.of(1).unwrap().table());
    let here = attached(&text.replace("INFO - [pid", "INFO: [pid"), "", Some(-3600));
    assert_eq!(attempt(&here).0, "1970-01-01T23:10:00");
}

#[test]
fn a_line_without_a_time_was_written_when_the_one_before_it_was() {
    let text = log("1970-01-01 22:00:02", "1970-01-01 22:10:00", "1970-01-01 23:50:00");
    let done = "1970-01-01 23:50:00 - luigi-interface - INFO - [pid 7]";
    let bare = text.replace(done, "1970-01-01 23:40:00 - x - INFO - y\nINFO: [pid 7]");
    assert_eq!(attempt(&attached(&bare, "", Some(0))).1, "1970-01-01T23:40:00");
}

#[test]
fn what_is_written_now_or_by_a_clock_that_is_not_believed_happens_when_it_is_recorded() {
    let text = log("1970-01-01 22:00:02", "1970-01-01 22:10:00", "1970-01-01 23:50:00");
    let ahead = log("1970-01-01 22:00:02", "1970-01-03 22:10:00", "1970-01-03 23:50:00");
    let now = log("1970-01-02 00:00:03", "1970-01-02 00:00:05", "1970-01-02 00:00:06");
    for (what, before, after, zone) in [
        ("a copy", &*text, "", None),
        ("the future", &*ahead, "", Some(0)),
        ("just now", &*now, "", Some(0)),
        ("written afterwards, the clock put back an hour", "", &*text, Some(0)),
    ] {
        let writer = attached(before, after, zone);
        let (from, to) = attempt(&writer);
        // What the future told is not behind the last time that was none.
        let (from, to) = (from.as_str(), to.as_str());
        let then = if what == "the future" { "1970-01-01T22:00:02" } else { "1970-01-02T00:00" };
        assert!(from.starts_with(then) && to.starts_with(then), "{what}: {from} to {to}");
    }
}

#[test]
fn no_task_ends_before_it_begins_though_two_clocks_tell_of_it() {
    let text = log("1970-01-01 22:00:02", "1970-01-01 22:10:00", "1970-01-01 22:00:09");
    let (from, to) = attempt(&attached(&text, "", Some(0)));
    assert_eq!(from, to);
}

#[test]
fn what_a_run_left_unfinished_that_nobody_saw_ended_with_its_last_word() {
    let text = log("1970-01-01 22:00:02", "1970-01-01 22:10:00", "1970-01-01 22:20:00");
    let cut: Vec<&str> = text.lines().take(3).collect();
    let mut writer =
        attached(&format!("{}\n1970-01-01 22:15:00 - x - INFO - y\n", cut.join("\n")), "", Some(0));
    let heard = writer.fold.run(1).unwrap().told.map(|told| told.to);
    let (verdict, exit, reasons, luigi) = (Verdict::Lost, 40, Vec::new(), None);
    writer.say(1, Event::RunVerdict { verdict, exit, reasons, luigi, heard }, false);
    writer.fold.sum_up();
    let (from, to) = ("1970-01-01T22:10:00".to_owned(), "1970-01-01T22:15:00".to_owned());
    assert_eq!(attempt(&writer), (from, to));
    let run = writer.fold.run(1).unwrap();
    assert_eq!(run.took(Stamp(i64::MAX)).as_secs(), 14 * 60 + 58);
    let told = rebuilt(&writer.fold, 1, &writer.log);
    assert_eq!(told.table(), writer.fold.tables.of(1).unwrap().table());
    // Somebody is at work, and was seen: how long is another matter.
    let mut seen = attached(&text, "", Some(0));
    seen.say(1, Event::RunSpawned { pid: 7, start: 1, age_ms: 9 }, true);
    assert_eq!(seen.fold.run(1).unwrap().told, None);
    assert_eq!(attached(&text, "more\n", Some(0)).fold.run(1).unwrap().told, None);
}

#[test]
fn what_another_file_says_is_not_told_by_the_clock_of_the_one_before_it() {
    let stream = Stream::File("log.txt".to_owned());
    let mut writer = attached("", "", None);
    let (path, file) = ("/r/log.txt".to_owned(), FileMark { device: 1, inode: 2, made: 3 });
    // It was read in part only when it was emptied.
    let (of, earlier, bytes, zone) = (stream.clone(), 0, 1 << 20, Some(0));
    writer.say(1, Event::SourceOpened { of, path, file, earlier, bytes, zone }, false);
    writer.text(1, &stream, b"1970-01-01 22:00:02 - __main__ - INFO - begins\n");
    let (of, at) = (stream.clone(), 47);
    writer.say(1, Event::SourceTruncated { of, was: at, at }, false);
    let now = log("INFO", "INFO", "INFO");
    writer.text(1, &stream, now.as_bytes());
    let (from, to) = attempt(&writer);
    assert!(from.starts_with("1970-01-02") && to.starts_with("1970-01-02"), "{from} to {to}");
}
