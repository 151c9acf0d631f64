//! Real logs in real folders, followed.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::time::Duration;

use super::*;
use crate::model::{
    Event, Face, Head, Level, Peek, Restart, RestartPolicy, Stamp, Text, Verdict, VerdictRule,
    encode_event, encode_text,
};
use crate::store::layout::{Home, PlanDir};

/// Writes one plan's log.
struct Log {
    plan: PlanDir,
    file: Option<File>,
    seq: u64,
    run: u64,
}

impl Log {
    fn new(home: &Home, name: &str) -> Log {
        Log { plan: home.plan(&name.parse().unwrap()), file: None, seq: 0, run: 0 }
    }

    fn head(&mut self, stream: &str) -> (Head, [u8; Stamp::LEN]) {
        if self.file.is_none() {
            self.plan.create().unwrap();
            let path = self.plan.segment(self.seq + 1);
            self.file = Some(OpenOptions::new().create(true).append(true).open(path).unwrap());
        }
        self.seq += 1;
        (Head::new(self.plan.name(), self.run, stream), Stamp(0).text())
    }

    fn put(&self, line: &[u8]) {
        self.file.as_ref().unwrap().write_all(line).unwrap();
    }

    fn line(&mut self, at: i64, bytes: &[u8]) {
        let (head, _) = self.head("stdout");
        let mut line = Vec::new();
        let text = Text { bytes, ..Text::default() };
        encode_text(&mut line, &head, &Stamp(at).text(), self.seq, &text);
        self.put(&line);
    }

    fn event(&mut self, event: &Event) {
        let (head, ts) = self.head("planwatch");
        let mut line = Vec::new();
        encode_event(&mut line, &head, &ts, self.seq, None, Level::Info, "said", event);
        self.put(&line);
    }

    fn start(&mut self) {
        self.start_with(None);
    }

    fn start_with(&mut self, restart: Option<Restart>) {
        self.run += 1;
        self.event(&Event::RunStarted {
            argv: vec!["x".into()],
            cwd: "/".into(),
            changed: Vec::new(),
            verdict: vec![VerdictRule::Exit],
            success_exit_codes: Vec::new(),
            foreign: false,
            streams: Vec::new(),
            restart,
            restarts: 0,
            boot: String::new(),
        });
    }

    fn end(&mut self, exit: i32) {
        let verdict = if exit == 0 { Verdict::Succeeded } else { Verdict::Failed };
        self.event(&Event::RunVerdict {
            verdict,
            exit,
            reasons: Vec::new(),
            luigi: None,
            heard: None,
        });
    }
}

fn home() -> (tempfile::TempDir, Home) {
    let temp = tempfile::tempdir().unwrap();
    let home = Home::open(temp.path()).unwrap();
    (temp, home)
}

fn add(follow: &mut Follow, log: &Log, until: Until) {
    follow.add(&log.plan, until, |_| Ok::<(), std::io::Error>(())).unwrap();
}

/// Everything there is, as (plan, seq).
fn drain(follow: &mut Follow) -> Vec<(usize, u64)> {
    let mut seen = Vec::new();
    while let Some(Piece { plan, news }) = follow.read().unwrap() {
        match news {
            News::Lines(lines) => {
                let mut lines = lines.split_inclusive(|&b| b == b'\n');
                seen.extend(lines.by_ref().map(|line| (plan, Peek::seq(line).unwrap())));
            }
            other => panic!("{other:?}"),
        }
    }
    seen
}

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_secs(20), test).await.unwrap();
    });
}

#[test]
fn the_lines_of_many_plans_come_in_the_order_of_time() {
    let (_temp, home) = home();
    let mut logs: Vec<Log> = ["a", "b", "c"].iter().map(|name| Log::new(&home, name)).collect();
    let mut expected = Vec::new();
    for at in 0..3000_i64 {
        let plan = usize::try_from(at * at / 7 % 3).unwrap();
        logs[plan].line(1_000 + at, b"x");
        expected.push((plan, logs[plan].seq));
    }
    let mut follow = Follow::still();
    logs.iter().for_each(|log| add(&mut follow, log, Until::Now));
    assert_eq!(drain(&mut follow), expected);
    assert!(follow.is_over());
}

#[test]
fn a_run_is_followed_to_its_verdict_and_not_beyond() {
    let (_temp, home) = home();
    let mut log = Log::new(&home, "a");
    log.start();
    log.line(5, b"one");
    run(async {
        let mut follow = Follow::live().unwrap();
        add(&mut follow, &log, Until::Run(1));
        assert_eq!(follow.fold(0).run(1).unwrap().exit, None);
        log.end(3);
        log.line(6, b"an orphan");
        let mut seen = Vec::new();
        while !follow.is_over() {
            seen.extend(drain(&mut follow));
        }
        assert_eq!(seen, [(0, 1), (0, 2), (0, 3)]);
        assert_eq!(follow.fold(0).run(1).unwrap().exit, Some(3));
        assert_eq!(follow.cursor(0), 3);
    });
}

#[test]
fn a_run_that_has_ended_is_over_at_once() {
    let (_temp, home) = home();
    let mut log = Log::new(&home, "a");
    log.start();
    log.end(0);
    let mut follow = Follow::still();
    follow
        .add(&log.plan, Until::Run(1), |reader| {
            reader.seek_after(2);
            Ok::<(), std::io::Error>(())
        })
        .unwrap();
    assert!(follow.is_over());
}

#[test]
fn a_plan_that_does_not_exist_yet_is_followed_across_its_runs() {
    let (_temp, home) = home();
    let mut log = Log::new(&home, "late");
    run(async {
        let mut follow = Follow::live().unwrap();
        add(&mut follow, &log, Until::Ended);
        let mut seen = drain(&mut follow);
        assert!(seen.is_empty() && !follow.is_over());
        log.start();
        log.event(&Event::RunRestarting { by: "x".into(), request: None, after_ms: None });
        log.end(1);
        while seen.len() < 3 {
            follow.wait().await.unwrap();
            seen.extend(drain(&mut follow));
        }
        assert!(!follow.is_over(), "a restart is due");
        log.start();
        log.end(0);
        while !follow.is_over() {
            follow.wait().await.unwrap();
            seen.extend(drain(&mut follow));
        }
        assert_eq!(seen, (1..=5).map(|seq| (0, seq)).collect::<Vec<_>>());
    });
}

#[test]
fn eight_followers_get_every_line_while_the_log_rotates() {
    let (_temp, home) = home();
    let mut log = Log::new(&home, "a");
    log.start();
    run(async {
        let mut follows: Vec<(Follow, Vec<u64>)> = Vec::new();
        for _ in 0..8 {
            let mut follow = Follow::live().unwrap();
            add(&mut follow, &log, Until::Run(1));
            follows.push((follow, Vec::new()));
        }
        for round in 0..60 {
            (0..round % 5).for_each(|_| log.line(9, b"x"));
            log.file = None;
            let (follow, seen) = &mut follows[round % 8];
            seen.extend(drain(follow).into_iter().map(|(_, seq)| seq));
        }
        log.end(0);
        for (follow, seen) in &mut follows {
            while !follow.is_over() {
                seen.extend(drain(follow).into_iter().map(|(_, seq)| seq));
                if !follow.is_over() {
                    follow.wait().await.unwrap();
                }
            }
            assert_eq!(*seen, (1..=log.seq).collect::<Vec<u64>>());
        }
    });
}

#[test]
fn a_follower_learns_from_the_verdict_alone_whether_a_restart_is_due() {
    let (_temp, home) = home();
    let policy = || Some(Restart::new(RestartPolicy::OnFailure));
    let ends = |exit, luigi| {
        let (verdict, reasons) = (Verdict::Incomplete, Vec::new());
        Event::RunVerdict { verdict, exit, reasons, luigi, heard: None }
    };
    for (name, end, over) in [
        ("lacks-data", ends(20, Some(Face::Missing)), true),
        ("maps-its-codes", ends(40, Some(Face::Missing)), true),
        ("was-not-told", ends(20, None), true),
        ("leaves-some", ends(25, Some(Face::NotRun)), false),
    ] {
        let mut log = Log::new(&home, name);
        log.start_with(policy());
        let mut follow = Follow::still();
        add(&mut follow, &log, Until::Last(1));
        log.event(&end);
        drain(&mut follow);
        assert_eq!(follow.is_over(), over, "{name}");
    }
}

#[test]
fn a_live_run_that_nobody_writes_and_nobody_takes_up_is_given_up_aloud() {
    let (_temp, home) = home();
    let mut log = Log::new(&home, "a");
    log.start();
    run(async {
        let mut follow = Follow::live().unwrap();
        // Nobody holds the locks, and this test's program makes a poor adopter.
        add(&mut follow, &log, Until::Ended);
        let mut stopped = false;
        while !follow.is_over() {
            while let Some(piece) = follow.read().unwrap() {
                stopped |= piece.news == News::Stopped;
            }
            if !follow.is_over() {
                follow.wait().await.unwrap();
            }
        }
        assert!(stopped);
    });
}
