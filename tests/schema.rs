//! The committed JSON Schemas against what the encoder and `ps` write.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::str::FromStr as _;

use planwatch::fold::{Fold, RunFold};
use planwatch::model::{
    Attempt, AttemptEnd, Eol, Event, Face, FileMark, Head, Level, Marker, RestartChoice, SealHash,
    Stamp, State, Stream, Task, TaskState, TaskTable, Text, Verdict, VerdictRule, encode_event,
    encode_text,
};
use planwatch::plans::{Place, keys};
use planwatch::render::ps::PsRow;
use planwatch::render::tasks::{Names, Scene, TaskRow};
use planwatch::render::why::{Excerpt, LastSuccess, LogLine, Slower, Trouble, Why};
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

fn schema(name: &str) -> jsonschema::Validator {
    let path = format!("{}/schema/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

fn assert_valid(schema: &jsonschema::Validator, value: &Value) {
    let errors: Vec<String> = schema
        .iter_errors(value)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{value:#}\n{errors:#?}");
}

fn events() -> Vec<Event> {
    let by = || "op@host pid 1".to_owned();
    let request = || Some("r1".to_owned());
    vec![
        Event::SegmentOpened {
            format: 1,
            version: "0.1.0".to_owned(),
            host: "h".to_owned(),
            boot: "b".to_owned(),
            fold: Box::new(serde_json::to_value(Fold::new("p".parse().unwrap())).unwrap()),
        },
        Event::SegmentSealed { records: 1, bytes: 2, crc32: vec![SealHash(0xab)] },
        Event::RunStarted {
            argv: vec!["x".to_owned()],
            cwd: "/".to_owned(),
            changed: vec!["cwd".to_owned()],
            verdict: vec![VerdictRule::Exit],
            success_exit_codes: vec![3],
            foreign: false,
            streams: vec![Stream::Stdout, Stream::File("a.log".to_owned())],
            restart: RestartChoice::from_str("on-failure").unwrap().0,
            restarts: 1,
            boot: "b".to_owned(),
        },
        Event::RunSpawned { pid: 1, start: 2, age_ms: 3 },
        Event::RunStopping {
            by: by(),
            request: request(),
            timeout: true,
            restart: true,
            signal: Some(2),
            grace_ms: Some(60_000),
        },
        Event::RunSwept,
        Event::RunSignalled { signal: 15, processes: 1, by: by(), request: None },
        Event::RunExited {
            code: Some(0),
            signal: None,
            exec_error: None,
            wall_ms: Some(1),
            cpu_ms: Some(1),
            peak_rss: Some(1),
            markers: vec![Marker { file: "m".to_owned(), found: false }],
            sweeping: true,
            oom: true,
        },
        Event::StreamClosed { of: Stream::Stderr, bytes: 0 },
        Event::StreamHeld { of: vec![Stream::Stdout], pids: vec![1] },
        Event::RunVerdict {
            verdict: Verdict::Failed,
            exit: 30,
            reasons: vec!["x".to_owned()],
            luigi: Some(Face::Failed),
            heard: Some(Stamp(7)),
        },
        Event::RunRestarting { by: by(), request: request(), after_ms: Some(5_000) },
        Event::RecorderRestarted { pid: 1, cut: 3 },
        Event::SupervisorAdopted { pid: 1, id: "a".to_owned() },
        Event::LogGap {
            reason: "x".to_owned(),
            from: Some(1),
            to: Some(2),
            of: Some(Stream::Stdout),
            at: Some(0),
            bytes: Some(1),
        },
        Event::ClockStepped { back_ms: 1 },
        Event::SourceOpened {
            of: Stream::File("log.txt".to_owned()),
            path: "/run/log.txt".to_owned(),
            file: FileMark { device: 1, inode: 2, made: 3 },
            earlier: 4,
            bytes: 5,
            zone: Some(-3600),
        },
        Event::SourceTruncated { of: Stream::Stdout, was: 1, at: 2 },
        Event::SourceReplaced {
            of: Stream::Stdout,
            file: Some(FileMark { device: 1, inode: 2, made: 3 }),
            at: 2,
        },
        Event::RunStalled { silent_ms: 1 },
        Event::HookRan {
            hook: "on-failure".to_owned(),
            code: Some(1),
            signal: None,
            error: Some("x".to_owned()),
            timeout: true,
            took_ms: 1,
            said: "x".to_owned(),
        },
        Event::RunUnseen { reason: "r".to_owned() },
    ]
}

#[test]
fn every_kind_of_event_fits_the_schema_of_records() {
    let schema = schema("record.schema.json");
    let head = Head::new(&"p".parse().unwrap(), 1, "planwatch");
    for event in events() {
        for span in [None, Some((512, 100))] {
            let mut line = Vec::new();
            encode_event(&mut line, &head, &Stamp(0).text(), 1, span, Level::Info, "x", &event);
            assert_valid(&schema, &serde_json::from_slice(&line).unwrap());
        }
    }
}

#[test]
fn every_kind_of_line_fits_the_schema_of_records() {
    let schema = schema("record.schema.json");
    let head = Head::new(&"p".parse().unwrap(), 1, "file:a.log");
    for eol in [Eol::Lf, Eol::None, Eol::Cr, Eol::Crlf, Eol::Part] {
        for level in [None, Some(Level::Critical)] {
            let bytes = b"a\xffb";
            let (logger, task) = (Some(&b"l"[..]), Some(("T()", "done")));
            let happened = Some(Stamp(1_795_455_062_123_456));
            let text = Text { off: 0, bytes, eol, level, logger, task, happened };
            let mut line = Vec::new();
            encode_text(&mut line, &head, &Stamp(0).text(), 1, &text);
            assert_valid(&schema, &serde_json::from_slice(&line).unwrap());
        }
    }
}

#[test]
fn the_schema_of_records_refuses_what_no_record_may_be() {
    let schema = schema("record.schema.json");
    let good = json!({"ts":"2026-11-23T17:31:02.123456Z","seq":1,"plan":"p","run":1,"stream":"stdout","off":0,"msg":""});
    assert_valid(&schema, &good);
    for (key, value) in [
        ("ts", json!("2026-11-23T17:31:02Z")),
        ("seq", json!(0)),
        ("seq", json!(1.5)),
        ("plan", json!("../x")),
        ("level", json!("loud")),
        ("off", json!(null)),
        ("later", json!(null)),
        ("later", json!(0.5)),
        ("eol", json!("lf")),
        ("stream", json!("planwatch")),
    ] {
        let mut bad = good.clone();
        bad[key] = value;
        assert!(!schema.is_valid(&bad), "{bad}");
    }
}

#[test]
fn the_rows_of_ps_fit_their_schema() {
    let schema = schema("ps.schema.json");
    let mut fold = Fold::new("p".parse().unwrap());
    let ended = RunFold {
        run: 1,
        state: State::Ended,
        verdict: Verdict::Killed,
        signal: Some(9),
        ended_at: Some(Stamp(2)),
        ..RunFold::default()
    };
    let running = RunFold { run: 2, state: State::Running, pid: Some(1), ..RunFold::default() };
    let mut rows = Vec::new();
    for run in [ended, running] {
        fold.runs.push(run);
        rows.extend(PsRow::of(&fold, 5, Stamp(3)));
    }
    assert_eq!(rows.len(), 2);
    assert_valid(&schema, &serde_json::to_value(&rows).unwrap());
    assert_valid(&schema, &json!([]));
}

#[test]
fn the_rows_of_tasks_fit_their_schema() {
    let schema = schema("tasks.schema.json");
    let mut table = TaskTable::default();
    for (at, state) in TaskState::ALL.into_iter().enumerate() {
        let attempt = Attempt {
            pid: Some(7),
            started_at: Stamp(1),
            ended_at: Some(Stamp(2_000_000)),
            end: Some(AttemptEnd::Done),
            first_seq: 1,
            last_seq: None,
        };
        let history = if at % 2 == 0 { vec![attempt] } else { Vec::new() };
        let attempts = u32::try_from(history.len()).unwrap();
        let (id, error) = (Some("T_1".to_owned()), Some("KeyError".to_owned()));
        let requires = vec![0, 3];
        let name = "T(n=1)".to_owned();
        table.tasks.push(Task {
            name,
            id,
            state,
            attempts,
            history,
            error,
            requires,
            ..Task::default()
        });
        table.tasks.push(Task { state, ..Task::default() });
    }
    let run = RunFold { run: 1, ..RunFold::default() };
    let names = Names::new(&table);
    let scene =
        Scene { plan: "p", run: &run, table: &table, names: &names, left: None, now: Stamp(9) };
    let rows: Vec<TaskRow> = (0..table.tasks.len()).map(|at| TaskRow::of(&scene, at)).collect();
    assert_valid(&schema, &serde_json::to_value(&rows).unwrap());
    assert_valid(&schema, &json!([]));
    assert!(!schema.is_valid(&json!([{"task": "x"}])));
}

#[test]
fn the_schema_of_plans_knows_the_keys_that_are_read_and_no_others() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/schema/plans.schema.json"));
    let schema: Value = serde_json::from_str(&text.unwrap()).unwrap();
    let of = |table: &Value| {
        let keys = table["properties"].as_object().unwrap().keys().cloned();
        keys.collect::<BTreeSet<String>>()
    };
    let read = |other: Place| {
        let fits = keys().filter(|(_, place)| *place != other);
        fits.map(|(key, _)| key.to_owned()).collect::<BTreeSet<String>>()
    };
    let plan = &schema["properties"]["plan"]["additionalProperties"];
    assert_eq!(of(plan), read(Place::Defaults));
    assert_eq!(of(&schema["properties"]["defaults"]), read(Place::Plan));
}

/// A value of a TOML file as JSON.
fn as_json(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => json!(text),
        DeValue::Integer(number) => json!(number.as_str().parse::<i64>().unwrap()),
        DeValue::Boolean(flag) => json!(flag),
        DeValue::Array(list) => list.iter().map(|entry| as_json(entry.get_ref())).collect(),
        DeValue::Table(table) => {
            let entries = table.iter();
            entries
                .map(|(key, value)| (key.get_ref().to_string(), as_json(value.get_ref())))
                .collect()
        }
        other => panic!("{other:?} stands in no file of plans"),
    }
}

#[test]
fn the_schema_of_plans_takes_the_examples_and_refuses_what_is_broken() {
    let schema = schema("plans.schema.json");
    let read = |text: &str| as_json(&DeValue::Table(DeTable::parse(text).unwrap().into_inner()));
    let root = env!("CARGO_MANIFEST_DIR");
    let example = fs::read_to_string(format!("{root}/contrib/plans.toml")).unwrap();
    assert_valid(&schema, &read(&example));
    let readme = fs::read_to_string(format!("{root}/README.md")).unwrap();
    let shown = readme.split("```toml\n").skip(1).filter(|rest| rest.starts_with("# plans.toml"));
    for text in shown.map(|rest| rest.split("```").next().unwrap()) {
        assert_valid(&schema, &read(text));
    }
    for broken in [
        "",
        "[plan.a]\ncwd = '/'",
        "[plan.a]\ncmd = []",
        "[plan.a]\ncmd = 'x'\ncdm = 'x'",
        "[plan.a]\ncmd = 'x'\nwhen = 'sucess'",
        "[plan.a]\ncmd = 'x'\nrestart = 'allways'",
        "[plan.a]\ncmd = 'x'\nrestart = { max = 3 }",
        "[plan.a]\ncmd = 'x'\nstall-timeout = { then = 'stop' }",
        "[plan.'a b']\ncmd = 'x'",
        "[defaults]\ncmd = 'x'\n[plan.a]\ncmd = 'x'",
        "[group.a]\nlimit = 3\n[plan.a]\ncmd = 'x'",
    ] {
        assert!(!schema.is_valid(&read(broken)), "{broken}");
    }
}

#[test]
fn what_why_finds_out_fits_its_schema() {
    let schema = schema("why.schema.json");
    let plan = "p".to_owned();
    assert_valid(
        &schema,
        &serde_json::to_value(Why { plan: plan.clone(), ..Why::default() }).unwrap(),
    );
    let line = |stream, level| LogLine { ts: Stamp(1), seq: 1, stream, level, msg: "m".to_owned() };
    let excerpt = Excerpt {
        seq: 3,
        traceback: vec!["KeyError".to_owned()],
        before: vec![line(Stream::Stdout, None), line(Stream::Stderr, Some(Level::Critical))],
        same_process: true,
    };
    let what = "died".to_owned();
    let trouble = Trouble { what, excerpt: Some(excerpt.clone()), ..Trouble::default() };
    let slower = vec![Slower { name: "T".to_owned(), then_ms: 1, now_ms: 9 }];
    let whole = Why {
        plan,
        tasks: Some(TaskTable::default().counts()),
        failures: vec![trouble],
        last_words: Some(excerpt),
        last_success: Some(LastSuccess { slower, ..LastSuccess::default() }),
        ..Why::default()
    };
    assert_valid(&schema, &serde_json::to_value(whole).unwrap());
    assert!(!schema.is_valid(&json!({"plan": "p"})));
}
