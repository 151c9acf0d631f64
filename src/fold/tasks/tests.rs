//! Facts of the table: who is believed, what counts once, how tasks go on after failures.

use super::*;
use crate::model::{AttemptEnd, TaskState};

/// A story told line by line: `stream verb name`, where the name is a printed task or an id.
fn story(lines: &str) -> Tasks {
    let mut tasks = Tasks::new(1, false);
    for (seq, line) in (1..).zip(lines.trim().lines()) {
        let (stream, rest) = line.trim().split_once(' ').unwrap();
        // `stderr+`: in lines that name their logger.
        let named = stream.strip_suffix('+').map(|it| (it, Form::Named));
        let (stream, form) = named.unwrap_or((stream, Form::Bare));
        let (verb, name) = rest.split_once(' ').unwrap();
        let witness: Stream = stream.parse().unwrap();
        let what = match verb {
            "named" => What::Named,
            "pending" => What::Pending,
            "complete" => What::Complete,
            "loaded" => What::Loaded,
            "is-done" => What::IsDone,
            "is-failed" => What::IsFailed,
            "unknown" => What::Unknown,
            "started" => What::Started,
            "done" => What::Done,
            "failed" => What::Failed(None),
            "requirements" => What::Requirements,
            "died" => What::Died("died unexpectedly with exit code -9"),
            "missing" => What::Missing,
            "broken" => What::Broken(None),
            "explain" => {
                tasks.explain(&witness, name);
                continue;
            }
            other => panic!("{other}"),
        };
        let task = if name.contains('(') {
            TaskRef { name: Some(name), id: None }
        } else {
            TaskRef { name: None, id: Some(name) }
        };
        tasks.tell(&Told {
            witness: &witness,
            form,
            task,
            what,
            pid: None,
            ts: Stamp(seq),
            seq: seq as u64,
        });
        // Saved and gone on from at any moment, nothing is different.
        let saved = serde_json::to_string(tasks.kept()).unwrap();
        let kept: Kept = serde_json::from_str(&saved).unwrap();
        let again = Tasks::from(kept);
        assert_eq!(again, tasks);
        assert_eq!(again.counts(), again.table().counts());
        tasks = again;
    }
    tasks
}

fn shown(tasks: &Tasks) -> Vec<(&str, TaskState, u32)> {
    (tasks.table().tasks.iter())
        .map(|task| (task.name.as_str(), task.state, task.attempts))
        .collect()
}

const LEAF: &str = "Leaf_3_ab99dd1074";

#[test]
fn a_task_is_joined_by_its_two_names_whichever_comes_first() {
    let id_first = story(
        "stderr pending Leaf_3_ab99dd1074
         stderr started Leaf(n=3)
         stderr done Leaf(n=3)
         stderr is-done Leaf_3_ab99dd1074",
    );
    assert_eq!(shown(&id_first), [("Leaf(n=3)", TaskState::Done, 1)]);
    assert_eq!(id_first.table().tasks[0].id.as_deref(), Some(LEAF));
    assert_eq!(id_first.table().tasks[0].family, "Leaf");
    let name_first = story("stderr missing Leaf(n=3)\nstderr pending Leaf_3_ab99dd1074");
    assert_eq!(shown(&name_first), [("Leaf(n=3)", TaskState::Missing, 0)]);
    assert_eq!(name_first.table().tasks[0].id.as_deref(), Some(LEAF));
    let looked_at = story("stderr named Leaf(n=3)\nstderr complete Leaf_3_ab99dd1074");
    assert_eq!(shown(&looked_at), [("Leaf(n=3)", TaskState::Complete, 0)]);
}

#[test]
fn copies_count_once_whichever_comes_first() {
    let tasks = story(
        "stderr pending Fails__99914b932b
         stdout pending Fails__99914b932b
         stderr started Fails()
         stderr failed Fails()
         stderr is-failed Fails__99914b932b
         stderr started Fails()
         stdout started Fails()
         stdout failed Fails()
         stdout is-failed Fails__99914b932b
         stdout started Fails()
         file:log.txt started Fails()
         stdout done Fails()",
    );
    assert_eq!(shown(&tasks), [("Fails()", TaskState::Done, 2)]);
    let ends: Vec<_> = tasks.table().tasks[0].history.iter().map(|attempt| attempt.end).collect();
    assert_eq!(ends, [Some(AttemptEnd::Failed), Some(AttemptEnd::Done)]);
}

#[test]
fn done_and_failed_are_believed_only_of_tasks_that_were_pending() {
    let tasks = story(
        "stderr pending Leaf_3_ab99dd1074
         stderr is-done Fake_1
         stderr is-failed Fake_2
         stderr started Fake()
         stderr died Fake_3",
    );
    assert_eq!(shown(&tasks), [(LEAF, TaskState::Pending, 0)]);
}

#[test]
fn requirements_that_are_complete_already_are_believed_while_somebody_asks_for_them() {
    let asked = "stderr pending Dynamic__99914b932b
         stderr started Dynamic()
         stderr requirements Dynamic()";
    let tasks = story(&format!(
        "{asked}
         stderr is-done Leaf_3_ab99dd1074
         stderr pending Dynamic__99914b932b
         stderr is-done Fake_1
         stderr started Dynamic()"
    ));
    let dynamic = ("Dynamic()", TaskState::Running, 2);
    assert_eq!(shown(&tasks), [dynamic, (LEAF, TaskState::Complete, 0)]);
}

#[test]
fn the_error_is_that_of_the_newest_failure_whoever_tells_it() {
    let tasks = story(
        "stderr pending Fails__99914b932b
         stderr started Fails()
         stderr failed Fails()
         stderr explain KeyError: 1
         stderr started Fails()
         stderr failed Fails()
         stderr explain KeyError: 2
         stdout failed Fails()
         stdout explain KeyError: 1",
    );
    let failure = tasks.first_failure().unwrap();
    assert_eq!((failure.task.as_str(), failure.error.as_deref()), ("Fails()", Some("KeyError: 2")));
    assert_eq!(tasks.counts().failed, 1);
}

#[test]
fn what_is_at_work_when_the_run_ends_was_cut_off_and_may_still_end() {
    let mut tasks = story("stderr pending Leaf_3_ab99dd1074\nstderr started Leaf(n=3)");
    assert_eq!(tasks.now(8)[0].task, "Leaf(n=3)");
    tasks.cut(Stamp(9), 9, false);
    assert_eq!(shown(&tasks), [("Leaf(n=3)", TaskState::Pending, 1)]);
    assert_eq!(tasks.table().tasks[0].last().unwrap().end, Some(AttemptEnd::Cut));
    assert!(tasks.now(8).is_empty());
    let task = TaskRef { name: Some("Leaf(n=3)"), id: None };
    let (what, ts) = (What::Done, Stamp(10));
    tasks.tell(&Told {
        witness: &Stream::Stderr,
        form: Form::Bare,
        task,
        what,
        pid: None,
        ts,
        seq: 10,
    });
    assert_eq!(tasks.table().tasks[0].last().unwrap().end, Some(AttemptEnd::Done));
}

#[test]
fn who_tells_of_ends_only_ends_no_attempt_before_it_begins() {
    let tasks = story(
        "
        events pending Leaf_3_ab99dd1074
        stderr failed Leaf(n=3)
        stderr failed Leaf(n=3)
        events started Leaf(n=3)
        events failed Leaf(n=3)
        events started Leaf(n=3)
        events failed Leaf(n=3)
        events started Leaf(n=3)
        events done Leaf(n=3)
        ",
    );
    assert_eq!(shown(&tasks), [("Leaf(n=3)", TaskState::Done, 3)]);
    let ends: Vec<_> = tasks.table().tasks[0].history.iter().map(|attempt| attempt.end).collect();
    let failed = Some(AttemptEnd::Failed);
    assert_eq!(ends, [failed, failed, Some(AttemptEnd::Done)]);
}

#[test]
fn a_bridge_tells_the_graph_before_the_tasks_are_known() {
    let mut tasks = Tasks::new(1, false);
    let root = TaskRef { name: Some("Root()"), id: Some("Root__99914b932b") };
    let leaf = TaskRef { name: Some("Leaf(n=3)"), id: Some(LEAF) };
    for what in [What::Requires(leaf), What::Requires(leaf), What::Percent(40)] {
        let (witness, ts) = (&Stream::Events, Stamp(1));
        tasks.tell(&Told { witness, form: Form::Bare, task: root, what, pid: None, ts, seq: 1 });
    }
    let root = &tasks.table().tasks[0];
    assert_eq!((root.requires.as_slice(), root.percent), (&[1][..], Some(40)));
    assert_eq!(tasks.table().waits_for(root).next().unwrap().name, "Leaf(n=3)");
}

#[test]
fn a_table_has_an_end_and_says_so() {
    let mut tasks = Tasks::new(1, false);
    for witness in [Stream::Stdout, Stream::Stderr] {
        for n in 0..TaskTable::MOST + 7 {
            let id = format!("Leaf_{n}_0123456789");
            let task = TaskRef { name: None, id: Some(&id) };
            let (what, ts) = (What::Pending, Stamp(1));
            tasks.tell(&Told {
                witness: &witness,
                form: Form::Bare,
                task,
                what,
                pid: None,
                ts,
                seq: 1,
            });
        }
    }
    assert_eq!((tasks.table().tasks.len(), tasks.table().unlisted), (TaskTable::MOST, 7));
    assert_eq!(tasks.counts(), tasks.table().counts());
}

#[test]
fn the_first_failure_is_one_that_ran_where_any_did() {
    let mut lines = "stderr pending Fails__99914b932b
         stderr missing Ext()
         stderr broken Broken()"
        .to_owned();
    let first = |lines: &str| story(lines).first_failure().map(|failure| failure.task);
    assert_eq!(first(&lines).as_deref(), Some("Broken()"));
    lines.push_str("\nstderr started Fails()\nstderr failed Fails()");
    assert_eq!(first(&lines).as_deref(), Some("Fails()"));
    lines.push_str("\nstderr started Fails()\nstderr done Fails()");
    assert_eq!(first(&lines).as_deref(), Some("Broken()"));
}

#[test]
fn a_task_that_stands_for_others_takes_them_along() {
    let lines = "stderr pending Day_a_1
         stderr pending Day_b_2
         stderr pending Other_b_2
         stderr loaded Day_a_b_3
         stderr started Day_a_b_3
         stderr done Day_a_b_3";
    let mut unknown = story(lines);
    assert_eq!((unknown.counts().pending, unknown.counts().done), (3, 1));
    let mut cut_short = unknown.clone();
    cut_short.cut(Stamp(9), 9, false);
    assert_eq!((cut_short.counts().pending, cut_short.counts().done), (3, 1));
    unknown.cut(Stamp(9), 9, true);
    assert_eq!((unknown.counts().pending, unknown.counts().done), (1, 3));

    let mut known = Tasks::new(1, false);
    let mut tell = |task, what| {
        let task = TaskRef { name: None, id: Some(task) };
        let (witness, ts, seq) = (&Stream::Events, Stamp(1), 1);
        known.tell(&Told { witness, form: Form::Bare, task, what, pid: None, ts, seq });
    };
    tell("Day_a_1", What::Pending);
    tell("Day_b_2", What::Pending);
    for member in ["Day_a_1", "Day_b_2"] {
        tell("Day_a_b_3", What::StandsFor(TaskRef { name: None, id: Some(member) }));
    }
    tell("Day_a_b_3", What::Started);
    tell("Day_a_b_3", What::Failed(Some("no")));
    assert_eq!(known.counts().failed, 3);
    let failure = known.first_failure().map(|failure| failure.task);
    assert_eq!(failure.as_deref(), Some("Day_a_b_3"), "the one that ran is to blame");
}

#[test]
fn a_stream_that_tells_everything_in_two_forms_is_two_witnesses() {
    // As `logging.basicConfig()` beside Luigi's own handler writes it.
    let tasks = story(
        "
        stderr pending Leaf_3_ab99dd1074
        stderr+ pending Leaf_3_ab99dd1074
        events started Leaf(n=3)
        stderr started Leaf(n=3)
        stderr+ started Leaf(n=3)
        stderr failed Leaf(n=3)
        stderr explain ValueError: once
        stderr+ failed Leaf(n=3)
        stderr explain ValueError: once
        stderr started Leaf(n=3)
        stderr+ started Leaf(n=3)
        events started Leaf(n=3)
        stderr done Leaf(n=3)
        stderr+ done Leaf(n=3)
        ",
    );
    assert_eq!(shown(&tasks), [("Leaf(n=3)", TaskState::Done, 2)]);
    let task = &tasks.table().tasks[0];
    assert_eq!(task.history[0].end, Some(AttemptEnd::Failed));
    assert_eq!(task.error.as_deref(), Some("ValueError: once"));
}
