//! What real Luigi and PlanExe printed, folded into tables of tasks.

#![allow(clippy::unwrap_used)]

use planwatch::fold::{Fold, Tasks};
use planwatch::model::{Event, Stamp, Stream, TaskCounts, TaskState, VerdictRule};
use planwatch::parse::Splitter;

fn data(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A run of which nothing is known yet.
fn begun() -> Fold {
    let mut fold = Fold::new("p".parse().unwrap());
    fold.tables.keep();
    let event = Event::RunStarted {
        argv: vec!["luigi".to_owned()],
        cwd: "/".to_owned(),
        changed: Vec::new(),
        verdict: vec![VerdictRule::Exit, VerdictRule::Luigi],
        success_exit_codes: Vec::new(),
        foreign: false,
        streams: Vec::new(),
        restart: None,
        restarts: 0,
        boot: "b".to_owned(),
    };
    fold.event(1, &event, None, Stamp(0), 1);
    fold
}

/// Takes all streams, so many bytes of each in turn, as a recorder does.
fn told(streams: &[(Stream, Vec<u8>)], chunk: usize) -> Fold {
    let mut fold = begun();
    let mut rest: Vec<&[u8]> = streams.iter().map(|(_, bytes)| &bytes[..]).collect();
    let mut readers: Vec<(Splitter, usize)> =
        streams.iter().map(|_| (Splitter::new(64 << 10), 0)).collect();
    while rest.iter().any(|rest| !rest.is_empty()) {
        for (at, (stream, _)) in streams.iter().enumerate() {
            let (splitter, held) = &mut readers[at];
            *held = (*held + chunk).min(rest[at].len());
            let at_end = *held == rest[at].len();
            while let Some(line) = splitter.next(&rest[at][..*held], at_end) {
                let slot = fold.slot(1, stream);
                let off = fold.streams[slot].off;
                let seq = fold.seq + 1;
                let ts = Stamp(seq as i64);
                let preview = fold.preview(slot, off, &line, ts);
                let text = fold.line(slot, off, &line, ts, seq);
                assert_eq!(text, preview);
                rest[at] = &rest[at][line.consumed..];
                *held -= line.consumed;
            }
        }
    }
    fold.sum_up();
    fold
}

fn luigi(name: &str) -> Fold {
    let read = |stream: Stream| (stream.clone(), data(&format!("luigi/{name}.{stream}")));
    told(&[read(Stream::Stdout), read(Stream::Stderr)], 4096)
}

/// Counts as a summary has them: ran, complete, failed, broken, missing, pending.
fn counts(fold: &Fold) -> [u32; 6] {
    let TaskCounts { total, pending, running, done, complete, failed, missing, broken } =
        fold.last().unwrap().tasks;
    assert_eq!(total, pending + running + done + complete + failed + missing + broken);
    assert_eq!(running, 0);
    [done, complete, failed, broken, missing, pending]
}

fn table(fold: &Fold) -> &Tasks {
    fold.tables.of(1).unwrap()
}

#[test]
fn the_counts_are_those_of_luigis_summary_in_every_recording() {
    for (name, expected) in [
        ("alldone.w1.INFO", [0, 0, 0, 0, 0, 0]),
        ("bad.w4.INFO", [1, 0, 0, 2, 0, 1]),
        ("build.RootFails.default", [1, 0, 1, 0, 0, 1]),
        ("build.RootFlaky.retry", [3, 0, 0, 0, 0, 0]),
        ("dag12.w1.DEBUG", [12, 0, 0, 0, 0, 0]),
        ("dag12.w4.INFO", [12, 0, 0, 0, 0, 0]),
        ("dag12.w4.INFO.unbuffered", [12, 0, 0, 0, 0, 0]),
        ("dag12.w4.WARNING", [0, 0, 0, 0, 0, 0]),
        ("disabled", [1, 0, 1, 0, 0, 1]),
        ("dynamic.w4.INFO", [4, 0, 0, 0, 0, 0]),
        ("external.w4.INFO", [1, 0, 0, 0, 1, 1]),
        ("fails.w1.INFO", [1, 0, 1, 0, 0, 1]),
        ("fails.w4.DEBUG", [1, 0, 1, 0, 0, 1]),
        ("flaky-keepalive.w4.DEBUG", [3, 0, 0, 0, 0, 0]),
        ("flaky-noretry.w4.INFO", [1, 0, 1, 0, 0, 1]),
        ("killself.w4.INFO", [1, 0, 1, 0, 0, 1]),
        ("logging-conf", [1, 0, 0, 0, 0, 0]),
        ("progress.w4.DEBUG", [1, 0, 0, 0, 0, 0]),
        ("rc-external", [1, 0, 0, 0, 1, 1]),
        ("rc-fails", [1, 0, 1, 0, 0, 1]),
        ("timeout.w4.INFO", [0, 0, 1, 0, 0, 0]),
        ("unfulfilled.w4.INFO", [1, 0, 1, 0, 0, 0]),
        ("version-3.0.3", [0, 0, 2, 0, 0, 1]),
        ("version-3.6.0", [1, 0, 1, 0, 0, 1]),
        ("already-running", [0, 0, 0, 0, 0, 0]),
    ] {
        assert_eq!(counts(&luigi(name)), expected, "{name}");
    }
}

fn planexe(files: &[(Stream, &str)]) -> Vec<(Stream, Vec<u8>)> {
    files.iter().map(|(stream, name)| (stream.clone(), data(&format!("planexe/{name}")))).collect()
}

fn log_txt() -> Stream {
    Stream::File("log.txt".to_owned())
}

#[test]
fn a_whole_planexe_run_is_counted_once_whatever_is_read_of_it_in_whatever_pieces() {
    let all = [
        (Stream::Stdout, "whole/stdout"),
        (Stream::Stderr, "whole/stderr"),
        (log_txt(), "whole/log.txt"),
    ];
    for (from, to) in [(0, 1), (1, 2), (2, 3), (0, 2), (0, 3)] {
        for chunk in [100, 4096, 1 << 20] {
            let fold = told(&planexe(&all[from..to]), chunk);
            assert_eq!(counts(&fold), [61, 2, 0, 0, 0, 0], "{:?} by {chunk}", &all[from..to]);
            let tasks = &table(&fold).table().tasks;
            assert_eq!(tasks.len(), 63);
            for task in tasks {
                let expected = u32::from(task.state == TaskState::Done);
                assert_eq!((task.attempts, task.history.len()), (expected, expected as usize));
                assert!(task.id.is_some() && !task.family.is_empty(), "{task:?}");
            }
        }
    }
}

#[test]
fn a_failed_planexe_run_names_the_task_that_failed_and_its_error() {
    let all = [
        (Stream::Stdout, "failed.stdout"),
        (Stream::Stderr, "failed.stderr"),
        (log_txt(), "failed.log.txt"),
    ];
    for (from, to) in [(0, 1), (1, 2), (2, 3), (0, 3)] {
        let fold = told(&planexe(&all[from..to]), 1000);
        assert_eq!(counts(&fold), [7, 2, 1, 0, 0, 53], "{:?}", &all[from..to]);
        let failure = fold.last().unwrap().first_failure.clone().unwrap();
        assert!(failure.task.starts_with("FocusOnVitalFewLeversTask("), "{failure:?}");
        let error = failure.error.unwrap();
        assert!(error.starts_with("Exception: Failed to run FocusOnVitalFewLeversTask"), "{error}");
    }
}
