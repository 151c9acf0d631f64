//! Going from match to match and from error to error, on what Luigi's failures leave in a log.

use super::*;

impl Bench {
    /// What is said of a task by a witness that names it.
    fn witness(&mut self, stream: &str, event: &str, msg: &str) {
        let head = Head::new(&self.pane.plans()[0], 1, stream);
        self.written[0].0 += 1;
        let seq = self.written[0].0;
        let task = Some(("Reconcile(day=1)", event));
        let level = (event == "failed").then_some(Level::Error);
        let text = Text { off: seq, bytes: msg.as_bytes(), level, task, ..Text::default() };
        let ts = Stamp(START + seq as i64 * 100_000).text();
        let mut line = Vec::new();
        encode_text(&mut line, &head, &ts, seq, &text);
        self.append(0, &line);
    }

    /// A failure as Luigi and the bridge tell it: eight records.
    fn failure(&mut self) {
        let worker = "[pid 7] Worker Worker(salt=1, workers=4)";
        self.line(0, "stderr", &format!("ERROR: {worker} failed    Reconcile(day=1)"));
        for line in [
            "Traceback (most recent call last):",
            "  File \"/x/plan.py\", line 3, in run",
            "    json.loads(text)",
            "  File \"/x/json/decoder.py\", line 340, in decode",
            "    raise JSONDecodeError(\"Expecting value\", text, 0)",
            "json.decoder.JSONDecodeError: Expecting value",
        ] {
            self.line(0, "stderr", line);
        }
        let told = r#"{"ev":"failure","name":"Reconcile(day=1)","error":"JSONDecodeError: x"}"#;
        self.witness("events", "failed", told);
    }

    fn quiet(&mut self, lines: u64) {
        for n in 0..lines {
            self.line(0, "stdout", &format!("INFO: quiet line {n}"));
        }
    }

    fn under_the_cursor(&self) -> String {
        let rows = self.rows();
        let row = rows.iter().find(|row| row.starts_with('▌')).cloned().unwrap_or_default();
        row.trim_start_matches('▌').trim().to_owned()
    }

    fn status(&self) -> String {
        self.pane.status(true, 200)
    }
}

fn failures(between: u64) -> Bench {
    let mut bench = bench(&["cafe"], Settings { times: Times::Off, ..Settings::default() });
    bench.quiet(20);
    bench.failure();
    bench.quiet(between);
    bench.failure();
    bench.quiet(20);
    bench.open(90, 12);
    bench
}

#[test]
fn only_what_can_be_seen_is_a_match_and_the_next_one_is_always_another() {
    for between in [3, 40, 1500] {
        let mut bench = failures(between);
        bench.key(PaneKey::First);
        bench.search("JSONDecode");
        for round in 0..2 {
            for at in 1..=4 {
                let (status, line) = (bench.status(), bench.under_the_cursor());
                assert!(status.contains(&format!("{at} of 4 ")), "{between} {round}: {status}");
                assert!(line.contains("JSONDecodeError"), "{between} {round} {at}: {line}");
                bench.key(PaneKey::NextMatch);
            }
            assert!(bench.status().contains("from the other end"), "{}", bench.status());
        }
        bench.key(PaneKey::PreviousMatch);
        assert!(bench.status().contains("4 of 4 "), "{}", bench.status());
        // As it was written, the bridge's words are to be seen too.
        bench.key(PaneKey::Raw);
        assert!(bench.status().contains("of 6 "), "{}", bench.status());
    }
}

#[test]
fn what_two_tell_of_a_task_is_one_match() {
    let mut bench = failures(40);
    bench.search("reconcile");
    assert!(bench.status().contains("of 2 "), "{}", bench.status());
    bench.search("nobody-says-this|worker worker");
    assert_eq!(bench.said().last(), Some(&"no match"));
    assert!(!bench.status().contains(" of "), "{}", bench.status());
}

#[test]
fn steps_that_are_asked_for_at_once_are_all_made() {
    let mut bench = failures(1500);
    bench.key(PaneKey::First);
    bench.search("JSONDecode");
    for _ in 0..3 {
        bench.send(PaneMsg::Key(PaneKey::NextMatch));
    }
    while bench.pane.is_hunting() {
        bench.hear();
    }
    bench.settle();
    assert!(bench.status().contains("4 of 4 "), "{}", bench.status());
}

#[test]
fn a_step_right_behind_another_place_is_made_from_there() {
    let mut bench = failures(1500);
    bench.key(PaneKey::First);
    bench.send(PaneMsg::Key(PaneKey::Follow));
    bench.send(PaneMsg::Key(PaneKey::NextError));
    bench.settle();
    assert_eq!(bench.said().last(), Some(&"no error further down · E goes up"));
    assert!(bench.pane.follow);
}

#[test]
fn a_failure_is_one_stop_whether_its_traceback_is_open_or_not() {
    for (between, open) in [(30, false), (30, true), (1500, true)] {
        let mut bench = failures(between);
        if open {
            bench.key(PaneKey::OpenAll);
        }
        bench.key(PaneKey::NextError);
        assert_eq!(bench.said().last(), Some(&"no error further down · E goes up"));
        bench.key(PaneKey::First);
        for _ in 0..2 {
            bench.key(PaneKey::NextError);
            assert!(bench.under_the_cursor().contains("Reconcile failed"), "{}", bench.picture());
            // With what comes before it and what follows.
            assert!(bench.rows()[4].starts_with('▌'), "{between} {open}: {}", bench.picture());
        }
        bench.key(PaneKey::NextError);
        assert_eq!(bench.said().last(), Some(&"no error further down · E goes up"));
        bench.key(PaneKey::PreviousError);
        assert!(bench.under_the_cursor().contains("Reconcile failed"), "{}", bench.picture());
        bench.key(PaneKey::PreviousError);
        assert_eq!(bench.said().last(), Some(&"no error further up · e goes down"));
    }
}

#[test]
fn what_is_new_is_counted_from_the_pause_whatever_is_filtered() {
    let mut bench = failures(30);
    bench.key(PaneKey::PageUp);
    bench.quiet(10);
    while bench.pane.news() < 10 {
        bench.hear();
    }
    bench.send(PaneMsg::Filter("line [0-3]$".into()));
    bench.settle();
    while bench.pane.news() != 4 {
        bench.hear();
    }
    bench.send(PaneMsg::Filter(String::new()));
    bench.settle();
    while bench.pane.news() != 10 {
        bench.hear();
    }
}

#[test]
fn another_run_is_told_where_its_first_line_is_filtered_away() {
    let mut bench = bench(&["cafe"], Settings { times: Times::Off, ..Settings::default() });
    let day = 86_400_000_000;
    for (seq, run, ts) in [(1, 1, START), (2, 1, START + 1), (3, 2, START + 2), (4, 3, START + day)]
    {
        let head = Head::new(&bench.pane.plans()[0], run, "stdout");
        let msg = format!("of run {run}");
        let text = Text { off: seq, bytes: msg.as_bytes(), ..Text::default() };
        let mut line = Vec::new();
        encode_text(&mut line, &head, &Stamp(ts).text(), seq, &text);
        bench.append(0, &line);
    }
    bench.open(45, 4);
    let rows = [" of run 1", " of run 1", "  run 2  of run 2", "  run 3 · 2026-11-24  of run 3"];
    assert_eq!(bench.rows(), rows);
    assert_eq!(bench.pane.run(), Some(3));
    bench.key(PaneKey::First);
    assert_eq!(bench.pane.run(), Some(1));
}
