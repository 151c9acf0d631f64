//! The screen as it looks.

use jiff::tz::TimeZone;
use snapbox::{assert_data_eq, str};
use unicode_width::UnicodeWidthStr as _;

use super::*;
use crate::render::tasks::Look;

fn line(seconds: i64, stream: Stream, level: Option<Level>, msg: &str) -> LogLine {
    LogLine { ts: Stamp(seconds * 1_000_000), seq: 7, stream, level, msg: msg.to_owned() }
}

fn museum() -> Why {
    let traceback = r#"Traceback (most recent call last):
  File "/venv/lib/python3.11/site-packages/luigi/worker.py", line 215, in run
    new_deps = self._run_get_new_deps()
               ^^^^^^^^^^^^^^^^^^^^^^^^
  File "/srv/swot.py", line 88, in execute
    threats = data["threats"]
              ~~~~^^^^^^^^^^^
KeyError: 'threats'"#;
    let excerpt = Excerpt {
        seq: 9,
        traceback: traceback.lines().map(str::to_owned).collect(),
        before: vec![
            line(11, Stream::Stdout, None, "asking the model"),
            line(12, Stream::Stderr, Some(Level::Warning), "WARNING: it lacks a field"),
        ],
        same_process: true,
    };
    let failed = Trouble {
        task: "Swot(n=1)".to_owned(),
        name: "Swot".to_owned(),
        what: "failed".to_owned(),
        attempts: 2,
        took_ms: Some(41_000),
        pid: Some(5120),
        error: Some("KeyError: 'threats'".to_owned()),
        excerpt: Some(excerpt),
    };
    let other = Trouble {
        name: "Risks".to_owned(),
        what: "died".to_owned(),
        error: Some("died unexpectedly with exit code -9".to_owned()),
        ..Trouble::default()
    };
    let names = |names: &str| names.split(' ').map(str::to_owned).collect();
    Why {
        plan: "museum".to_owned(),
        run: 7,
        state: State::Ended,
        verdict: Verdict::Failed,
        headline: "FAILED after 9m55s: exit 0, but Luigi says :(".to_owned(),
        ended_at: Some(Stamp(3 * 3600 * 1_000_000)),
        tasks: Some(TaskCounts {
            total: 63,
            done: 48,
            failed: 2,
            pending: 13,
            ..TaskCounts::default()
        }),
        failures: vec![failed, other],
        not_run: names("Summary Review Report A B C D E F G H I J"),
        graph: true,
        last_success: Some(LastSuccess {
            run: 6,
            ended_at: Some(Stamp(-1)),
            changed: vec!["the command changed".to_owned()],
            lost: names("Swot"),
            slower: vec![Slower { name: "Plan".to_owned(), then_ms: 9_000, now_ms: 240_000 }],
        }),
        resume: Some("planwatch restart museum".to_owned()),
        read_on: "planwatch logs museum --run 7 --after 9".to_owned(),
        ..Why::default()
    }
}

fn shown(why: &Why, width: Option<usize>, colour: bool) -> String {
    let clock = Clock { now: Stamp(5 * 3600 * 1_000_000), zone: TimeZone::UTC };
    let mut to = Vec::new();
    screen(&mut to, why, &clock, Look { width, colour });
    String::from_utf8(to).unwrap()
}

#[test]
fn one_screen_tells_what_happened_where_and_what_now() {
    assert_data_eq!(
        shown(&museum(), Some(80), false),
        str![[r#"
museum run 7 FAILED after 9m55s: exit 0, but Luigi says :(
ended today 03:00 · 48 done, 2 failed, 13 not run of 63 tasks

  Swot failed after 41s in attempt 2, pid 5120
    Traceback (most recent call last):
      File "/srv/swot.py", line 88, in execute
        threats = data["threats"]
    KeyError: 'threats'

  just before, from the same process:
    00:00:11 out asking the model
    00:00:12 err WARNING: it lacks a field

  also died: Risks: died unexpectedly with exit code -9

  not run because of them: Summary, Review, Report, A and 9 more

  last success: run 6, yesterday 23:59; since then: the command changed
    succeeded then, not now: Swot
    Plan took 4m00s, then 9.0s

  resume:  planwatch restart museum   (Luigi keeps the 48 finished tasks)
  read on: planwatch logs museum --run 7 --after 9

"#]]
    );
}

#[test]
fn a_verdict_with_many_reasons_is_told_whole() {
    let why = Why {
        headline: "FAILED after 9m55s: 1 of 5 tasks failed: Swot(), 2 not run (exit 0)".to_owned(),
        left_behind: vec![4711],
        ..museum()
    };
    let text = shown(&why, Some(40), false);
    let begin: Vec<&str> = text.lines().take(4).collect();
    assert_eq!(
        begin,
        [
            "museum run 7 FAILED after 9m55s: 1 of 5",
            "  tasks failed: Swot(), 2 not run (exit",
            "  0)",
            "1 process of it goes on: 4711",
        ]
    );
}

#[test]
fn a_run_that_succeeded_needs_one_line() {
    let why = Why {
        plan: "cafe".to_owned(),
        run: 2,
        verdict: Verdict::Succeeded,
        headline: "SUCCEEDED after 13s".to_owned(),
        read_on: "planwatch logs cafe".to_owned(),
        ..Why::default()
    };
    assert_eq!(shown(&why, None, false), "cafe run 2 SUCCEEDED after 13s\n");
}

#[test]
fn a_retry_tells_why_it_was_needed() {
    let retried = Trouble {
        name: "Crew".to_owned(),
        attempts: 3,
        error: Some("ConnectionError: 429".to_owned()),
        ..Trouble::default()
    };
    let why = Why { verdict: Verdict::Retried, retried: vec![retried], ..Why::default() };
    assert!(shown(&why, None, false).contains("Crew succeeded in attempt 3: ConnectionError: 429"));
}

#[test]
fn nothing_hostile_reaches_the_terminal_and_every_line_but_a_command_fits() {
    let evil = "\u{1b}]0;owned\u{7}\nINFO: fine \u{202e}日本語日本語日本語日本語日本語日本語日本語日本語日本語";
    let mut why = museum();
    why.headline = "short".to_owned();
    why.not_run = vec![evil.to_owned()];
    why.ended_by = Some(evil.to_owned());
    for trouble in &mut why.failures {
        trouble.name = evil.to_owned();
        trouble.error = Some(evil.to_owned());
        if let Some(excerpt) = &mut trouble.excerpt {
            excerpt.traceback = vec![evil.to_owned(); 60];
            excerpt.before.push(line(13, Stream::Stdout, None, evil));
        }
    }
    for width in [40, 80, 200] {
        let text = shown(&why, Some(width), false);
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
        let commands = ["resume:", "read on:"];
        for line in text.lines().filter(|line| !commands.iter().any(|word| line.contains(word))) {
            assert!(line.width() <= width, "{line:?}");
        }
        // However long a traceback, it is one screen.
        assert!(text.lines().count() < 50, "{text}");
    }
}
