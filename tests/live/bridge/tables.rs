//! What lines tell and what the bridge reports, made into tables of tasks and compared.

use std::collections::BTreeMap;

use planwatch::fold::Fold;
use planwatch::model::{Event, Stamp, Stream, Task, VerdictRule};
use planwatch::parse::Splitter;

use super::run;
use crate::harness::Home;

/// What is known of the tasks of a run from these streams, each told whole before the next.
fn table(home: &Home, run: u64, streams: &[Stream]) -> Vec<Task> {
    let mut fold = Fold::new("p".parse().unwrap());
    fold.tables.keep();
    let event = Event::RunStarted {
        argv: vec!["luigi".to_owned()],
        cwd: "/".to_owned(),
        changed: Vec::new(),
        verdict: vec![VerdictRule::Exit],
        success_exit_codes: Vec::new(),
        foreign: false,
        streams: Vec::new(),
        restart: None,
        restarts: 0,
        boot: "b".to_owned(),
    };
    fold.event(run, &event, None, Stamp(0), 1);
    for stream in streams {
        let bytes = home.records("plan").bytes(run, &stream.name());
        let (mut rest, mut splitter) = (&bytes[..], Splitter::new(64 << 10));
        while let Some(line) = splitter.next(rest, true) {
            let slot = fold.slot(run, stream);
            let off = fold.streams[slot].off;
            let seq = fold.seq + 1;
            let ts = Stamp(seq.cast_signed());
            let preview = fold.preview(slot, off, &line, ts);
            let text = fold.line(slot, off, &line, ts, seq);
            assert_eq!(text, preview);
            rest = &rest[line.consumed..];
        }
    }
    fold.tables.of(run).unwrap().table().tasks.clone()
}

/// Name, state, attempts, how they ended, and what went wrong, of each task.
fn fates(tasks: &[Task]) -> BTreeMap<String, String> {
    let fate = |task: &Task| {
        let ends: Vec<_> = task.history.iter().map(|attempt| attempt.end).collect();
        let Task { id, family, state, attempts, error, .. } = task;
        format!("{id:?} {family} {state:?} {attempts} {ends:?} {error:?}")
    };
    let fates: BTreeMap<_, _> = tasks.iter().map(|task| (task.name.clone(), fate(task))).collect();
    assert_eq!(fates.len(), tasks.len(), "each task stands there once: {tasks:#?}");
    fates
}

const LINES: [Stream; 2] = [Stream::Stdout, Stream::Stderr];

#[test]
fn lines_and_events_agree_task_by_task_alone_together_and_in_any_order() {
    for args in ["default 1 Everything", "default 4 Everything Dies Slow"] {
        let home = Home::new();
        run(&home, &[], &[], args).code(30).runs();
        let lines = fates(&table(&home, 1, &LINES));
        assert!(lines.len() >= 17, "{lines:#?}");
        let [stdout, stderr] = LINES;
        for streams in [
            vec![Stream::Events],
            vec![stdout.clone(), stderr.clone(), Stream::Events],
            vec![Stream::Events, stderr.clone(), stdout.clone()],
        ] {
            let told = fates(&table(&home, 1, &streams));
            for (name, fate) in &lines {
                assert_eq!(told.get(name), Some(fate), "{args}: {name} by {streams:?}");
            }
            assert_eq!(told.len(), lines.len(), "{args}: by {streams:?}: {told:#?}\n{lines:#?}");
        }
    }
}

#[test]
fn where_processes_log_nothing_the_bridge_knows_their_attempts_all_the_same() {
    let mut known = Vec::new();
    for method in ["fork", "spawn", "forkserver"] {
        let home = Home::new();
        run(&home, &[], &[], &format!("{method} 4 Everything")).code(30).runs();
        // What is spawned has no logger set up.
        let lines = table(&home, 1, &LINES);
        let attempts: u32 = lines.iter().map(|task| task.attempts).sum();
        assert_eq!(attempts > 0, method == "fork", "{method}");
        let all = [Stream::Stderr, Stream::Events];
        known.push(fates(&table(&home, 1, &all)));
    }
    assert_eq!(known[0], known[1]);
    assert_eq!(known[0], known[2]);
}

#[test]
fn a_run_without_the_bridge_has_the_same_tasks_in_the_same_states() {
    for workers in [1, 4] {
        let home = Home::new();
        let args = format!("default {workers} Everything");
        run(&home, &[], &[], &args).code(30).runs();
        std::fs::remove_dir_all(home.file("out")).unwrap();
        run(&home, &["--no-bridge"], &[], &args).code(30).runs();
        let all = [Stream::Stdout, Stream::Stderr, Stream::Events];
        assert_eq!(fates(&table(&home, 1, &all)), fates(&table(&home, 2, &all)));
        assert!(home.records("plan").bytes(2, "events").is_empty());
    }
}

#[test]
fn the_bridge_alone_knows_what_requires_what_and_how_far_a_task_is() {
    let home = Home::new();
    run(&home, &[], &[], "default 4 Everything").code(30).runs();
    let tasks = table(&home, 1, &[Stream::Stderr, Stream::Events]);
    let task = |name: &str| tasks.iter().find(|task| task.name == name).unwrap();
    let required = |name: &str| {
        let places = task(name).requires.iter();
        let mut names: Vec<&str> =
            places.map(|&place| tasks[place as usize].name.as_str()).collect();
        names.sort_unstable();
        names.join(" ")
    };
    assert_eq!(required("Graph()"), "Left() Right()");
    assert_eq!(required("Left()"), "Leaf(n=2) Shared()");
    assert_eq!(required("Dynamic()"), "Leaf(n=10) Leaf(n=11) Leaf(n=12)");
    assert_eq!(required("Everything()"), "Broken() Dynamic() Ext() Fails() Flaky() Graph()");
    // The saved table is only a cache: made again of the log it says the same.
    let listed = || home.planwatch(["tasks", "plan", "-o", "jsonl"]).prints_something().runs();
    let before = listed().stdout;
    std::fs::remove_dir_all(home.plan_dir("plan").join("tasks")).unwrap();
    assert_eq!(listed().stdout, before);
    assert!(before.contains(r#""requires":["Left()","Right()"]"#), "{before}");
    assert_eq!(task("Leaf(n=3)").percent, Some(100));
    assert_eq!(task("Leaf(n=3)").message.as_deref(), Some("leaf 3 works"));
    let lines = table(&home, 1, &LINES);
    assert!(lines.iter().all(|task| task.requires.is_empty() && task.percent.is_none()));
}
