//! Laws and facts of the fold.

mod judged;
mod late;

use proptest::prelude::*;

use super::*;
use crate::model::{Face, Head, Marker, Verdict, VerdictRule, encode_event, encode_text};
use crate::parse::Splitter;

/// A log as the recorder writes it: the fold beside the encoded records.
struct Writer {
    fold: Fold,
    log: Vec<Vec<u8>>,
    said: u64,
}

impl Writer {
    fn new() -> Writer {
        let mut fold = Fold::new("p".parse().unwrap());
        fold.tables.keep();
        Writer { fold, log: Vec::new(), said: 0 }
    }

    fn text(&mut self, run: u64, stream: &Stream, bytes: &[u8]) {
        let mut splitter = Splitter::new(150);
        let mut rest = bytes;
        while let Some(line) = splitter.next(rest, true) {
            let slot = self.fold.slot(run, stream);
            let off = self.fold.streams[slot].off;
            let seq = self.fold.seq + 1;
            let ts = Stamp(1_000_000 * seq as i64);
            let mut record = Vec::new();
            let head = Head::new(&self.fold.plan, run, &stream.name());
            let preview = self.fold.preview(slot, off, &line, ts);
            let text = self.fold.line(slot, off, &line, ts, seq);
            assert_eq!(text, preview);
            encode_text(&mut record, &head, &ts.text(), seq, &text);
            self.log.push(record);
            rest = &rest[line.consumed..];
        }
    }

    fn say(&mut self, run: u64, event: Event, by_lifecycle: bool) {
        let seq = self.fold.seq + 1;
        let ts = Stamp(1_000_000 * seq as i64);
        let span = by_lifecycle.then_some((self.said, 100));
        self.said += if by_lifecycle { 100 } else { 0 };
        let mut record = Vec::new();
        let head = Head::new(&self.fold.plan, run, "planwatch");
        encode_event(&mut record, &head, &ts.text(), seq, span, Level::Info, "x", &event);
        self.fold.event(run, &event, span, ts, seq);
        self.log.push(record);
    }

    fn open_segment(&mut self) {
        self.fold.sum_up();
        let fold = Box::new(serde_json::to_value(&self.fold).unwrap());
        let (version, host, boot) = ("0".to_owned(), "h".to_owned(), "b".to_owned());
        let event = Event::SegmentOpened { format: FORMAT, version, host, boot, fold };
        self.say(self.fold.last_run(), event, false);
    }

    fn start(&mut self, rules: &[VerdictRule]) {
        let event = Event::RunStarted {
            argv: vec!["a".to_owned()],
            cwd: "/".to_owned(),
            changed: Vec::new(),
            verdict: rules.to_vec(),
            success_exit_codes: Vec::new(),
            foreign: false,
            streams: vec![Stream::Stdout, Stream::Stderr],
            restart: None,
            restarts: 0,
            boot: "b".to_owned(),
        };
        let run = self.fold.last_run() + 1;
        self.say(run, event, true);
        self.say(run, Event::RunSpawned { pid: 4711, start: 9, age_ms: 0 }, true);
    }

    fn exit(&mut self, code: Option<i32>, signal: Option<i32>) {
        let run = self.fold.last_run();
        let markers = vec![Marker { file: "m".to_owned(), found: true }];
        let event = Event::RunExited {
            code,
            signal,
            exec_error: None,
            wall_ms: Some(761_000),
            cpu_ms: None,
            peak_rss: None,
            oom: false,
            sweeping: false,
            markers,
        };
        self.say(run, event, true);
        for of in [Stream::Stdout, Stream::Stderr] {
            self.say(run, Event::StreamClosed { of, bytes: 1 }, false);
        }
        let judgement = self.fold.verdict(run).unwrap();
        let Judgement { verdict, exit, reasons, luigi, .. } = judgement;
        self.say(run, Event::RunVerdict { verdict, exit, reasons, luigi, heard: None }, false);
    }

    fn stop(&mut self, restart: bool) {
        let (by, request) = ("op".to_owned(), Some(format!("r{}", self.fold.seq)));
        let (signal, grace_ms, timeout) = (None, None, false);
        let event = Event::RunStopping { by, request, timeout, restart, signal, grace_ms };
        self.say(self.fold.last_run(), event, true);
    }
}

fn empty() -> Fold {
    let mut fold = Fold::new("p".parse().unwrap());
    fold.tables.keep();
    fold
}

fn read(fold: &mut Fold, log: &[Vec<u8>]) {
    for line in log {
        fold.record(&Record::parse(line).unwrap(), line);
    }
    fold.sum_up();
}

fn saved_and_loaded(fold: &Fold) -> Fold {
    let saved = serde_json::to_string(fold).unwrap();
    let mut loaded: Fold = serde_json::from_str(&saved).unwrap();
    loaded.tables.keep();
    for run in fold.tables.runs() {
        let saved = serde_json::to_string(fold.tables.of(run).unwrap().kept()).unwrap();
        loaded.tables.attach(Tasks::from(serde_json::from_str::<Kept>(&saved).unwrap()));
    }
    loaded.sum_up();
    loaded
}

/// The fold without what lives beside it.
fn bare(fold: &Fold) -> Fold {
    Fold { tables: Tables::default(), ..fold.clone() }
}

/// The table of a run made of the records that are found by their marks.
fn rebuilt(fold: &Fold, run: u64, log: &[Vec<u8>]) -> Tasks {
    let mut tasks = Tasks::new(run, false);
    tasks.reached(fold.run(run).map_or(0, |run| run.first_seq));
    let mut rebuild = Rebuild::from(tasks.kept().clone());
    for line in log {
        let record = Record::parse(line).unwrap();
        let is_marked =
            record.task_event.is_some() || record.event.as_deref() == Some("run.verdict");
        if is_marked || rebuild.is_listening() {
            rebuild.record(&record, line);
        }
    }
    rebuild.done(0)
}

fn luigi() -> [VerdictRule; 2] {
    [VerdictRule::Exit, VerdictRule::Luigi]
}

#[test]
fn a_run_goes_from_its_start_to_its_verdict() {
    let mut log = Writer::new();
    log.open_segment();
    log.start(&luigi());
    assert_eq!(log.fold.last().unwrap().state, State::Running);
    log.text(1, &Stream::Stderr, b"ERROR: failed\nTraceback (most recent call last):\n  x\nE\n");
    log.text(
        1,
        &Stream::Stderr,
        b"INFO: \nThis progress looks :( because there were failed tasks\n",
    );
    log.exit(Some(0), None);
    let run = log.fold.last().unwrap();
    assert_eq!((run.errors, run.warnings, run.lines), (1, 0, 6));
    assert_eq!((run.state, run.verdict, run.exit), (State::Ended, Verdict::Failed, Some(30)));
    assert_eq!(
        run.judgement().msg,
        "FAILED after 12m41s: exit 0, but Luigi says :( because there were failed tasks"
    );
    let kept: Vec<u64> = log.fold.streams.iter().map(|stream| stream.run).collect();
    assert_eq!(kept, [0], "closed streams are forgotten, the lifecycle stream is not");
}

#[test]
fn a_stream_that_has_every_line_in_two_forms_tells_of_one_attempt() {
    let mut writer = Writer::new();
    writer.start(&luigi());
    for line in ["Informed scheduler that task   Leaf_3_ab99dd1074   has status   PENDING"]
        .into_iter()
        .chain(["running   Leaf(n=3)", "done      Leaf(n=3)"])
    {
        let who = if line.starts_with("Informed") { "" } else { "[pid 7] Worker w " };
        for front in ["INFO: ", "INFO:luigi-interface:", "2026-11-23 17:36:12 INFO "] {
            writer.text(1, &Stream::Stderr, format!("{front}{who}{line}\n").as_bytes());
        }
    }
    let task = &writer.fold.tables.of(1).unwrap().table().tasks;
    assert_eq!(task.iter().map(|task| task.attempts).collect::<Vec<_>>(), [1]);
}

#[test]
fn every_failure_counts_also_where_luigis_lines_have_no_prefix() {
    let fronts = [("", "", true), ("now ", "now ", true), ("INFO: ", "ERROR: ", false)];
    for (front, failed, forged) in fronts {
        let mut writer = Writer::new();
        writer.start(&luigi());
        let mut say = |line: &str| writer.text(1, &Stream::Stderr, format!("{line}\n").as_bytes());
        let informed = |n, status| {
            format!("{front}Informed scheduler that task   F_{n}   has status   {status}")
        };
        (1..=3).for_each(|n| say(&informed(n, "PENDING")));
        for n in 1..=2 {
            // The id of the task of this name would be another one: only the scheduler's word counts.
            say(&format!("{failed}[pid 7] Worker w failed    F(n={n})"));
            say("Traceback (most recent call last):");
            say("  File \"x.py\", line 1, in run");
            say("ValueError: bad");
            say(&informed(n, "FAILED"));
        }
        say(&format!("{failed}[pid 7] Worker w failed    F(n=9)"));
        say("Traceback (most recent call last):");
        say("  File \"x.py\", line 1, in run");
        say("ValueError: it said");
        // Behind a prefix it is known that this one has none.
        say("Informed scheduler that task   F_3   has status   DONE");
        writer.fold.sum_up();
        let run = writer.fold.last().unwrap();
        assert_eq!((run.tasks.failed, run.tasks.done), (2, u32::from(forged)), "{front:?}");
        assert_eq!(run.tasks.pending, u32::from(!forged));
        let mut fold = empty();
        read(&mut fold, &writer.log);
        fold.sum_up();
        assert_eq!(fold.last(), writer.fold.last());
        let table = writer.fold.tables.of(1).unwrap().table();
        assert_eq!(rebuilt(&fold, 1, &writer.log).table(), table);
    }
}

#[test]
fn a_run_that_is_to_be_restarted_is_not_over_until_the_next_begins() {
    let mut log = Writer::new();
    log.start(&luigi());
    log.stop(true);
    assert_eq!(log.fold.last().unwrap().state, State::Stopping);
    log.exit(None, Some(15));
    assert_eq!(log.fold.last().unwrap().state, State::Restarting);
    assert!(log.fold.is_live());
    log.start(&luigi());
    assert_eq!(log.fold.run(1).unwrap().state, State::Ended);
}

#[test]
fn a_stop_that_comes_after_the_end_of_the_process_changes_nothing() {
    let mut log = Writer::new();
    log.start(&luigi());
    let exited = Event::RunExited {
        code: Some(3),
        signal: None,
        exec_error: None,
        wall_ms: None,
        cpu_ms: None,
        peak_rss: None,
        oom: false,
        sweeping: false,
        markers: Vec::new(),
    };
    log.say(1, exited, true);
    log.stop(false);
    assert_eq!(log.fold.last().unwrap().state, State::Draining);
    assert_eq!(log.fold.verdict(1).unwrap().verdict, Verdict::Failed);
}

#[test]
fn a_fold_stays_small_whatever_a_plan_does() {
    let mut log = Writer::new();
    for _ in 0..20 {
        log.start(&luigi());
        for _ in 0..10 {
            log.stop(true);
        }
        log.exit(Some(0), None);
    }
    assert_eq!((log.fold.runs.len(), log.fold.requests.len()), (RUNS, REQUESTS));
    assert!(serde_json::to_vec(&log.fold).unwrap().len() < 32 << 10);
}

#[derive(Clone, Debug)]
enum Act {
    Text(usize, Vec<u8>),
    Start,
    Stop(bool),
    Exit(Option<i32>),
    Gap(u64),
    Segment,
    Unknown,
}

fn act() -> impl Strategy<Value = Act> {
    let words: Vec<&'static [u8]> = vec![
        b"INFO: fine\n",
        b"ERROR: bad\n",
        b"WARNING: careful\n",
        b"Traceback (most recent call last):\n",
        b"  frame\n",
        b"\n",
        b"KeyError\r\n",
        b"50%\r",
        b"\xff\xfe\n",
        b"ERROR: a very long line, longer than what one record of this test may hold, so that it must be cut into two pieces\n",
        b"This progress looks :( because there were failed tasks\n",
        b"no end",
        b"INFO: Informed scheduler that task   Leaf_3_ab99dd1074   has status   PENDING\n",
        b"INFO: Informed scheduler that task   Leaf_3_ab99dd1074   has status   DONE\n",
        b"INFO: Informed scheduler that task   Fails__99914b932b   has status   PENDING\n",
        b"INFO: Informed scheduler that task   Fails__99914b932b   has status   FAILED\n",
        b"INFO: Done scheduling tasks\n",
        b"DEBUG: Checking if Leaf(n=3) is complete\n",
        b"INFO: [pid 7] Worker w running   Leaf(n=3)\n",
        b"50%INFO: [pid 7] Worker w done      Leaf(n=3)\n",
        b"INFO: [pid 8] Worker w running   Fails()\n",
        b"ERROR: [pid 8] Worker w failed    Fails()\nTraceback (most recent call last):\n  x\nKeyError: 3\n",
        b"INFO: [pid 8] Worker w new requirements      Fails()\n",
        b"INFO: Task Fails__99914b932b died unexpectedly with exit code -9\n",
    ];
    let text = proptest::collection::vec(proptest::sample::select(words), 1..9);
    prop_oneof![
        8 => (0_usize..3, text).prop_map(|(stream, words)| Act::Text(stream, words.concat())),
        2 => Just(Act::Start),
        1 => any::<bool>().prop_map(Act::Stop),
        1 => proptest::option::of(0..3).prop_map(Act::Exit),
        1 => (0_u64..9).prop_map(Act::Gap),
        1 => Just(Act::Segment),
        1 => Just(Act::Unknown),
    ]
}

fn history(acts: &[Act]) -> (Writer, Vec<usize>) {
    let mut log = Writer::new();
    let mut segments = vec![0];
    log.open_segment();
    let streams = [Stream::Stdout, Stream::Stderr, Stream::File("log.txt".to_owned())];
    for act in acts {
        let run = log.fold.last_run().max(1);
        match act {
            // A closed stream says nothing more; another, still held, may.
            Act::Text(0 | 1, _) if log.fold.run(run).is_some_and(|run| !run.state.is_live()) => {}
            Act::Text(stream, bytes) => log.text(run, &streams[*stream], bytes),
            Act::Start => log.start(&luigi()),
            Act::Stop(restart) => log.stop(*restart),
            Act::Exit(code) if log.fold.last_run() > 0 => log.exit(*code, None),
            Act::Exit(_) => {}
            Act::Gap(bytes) => {
                let slot = log.fold.slot(run, &Stream::Stdout);
                let at = log.fold.streams[slot].off;
                let (reason, of) = ("full".to_owned(), Some(Stream::Stdout));
                let (at, bytes) = (Some(at), Some(*bytes));
                log.say(run, Event::LogGap { reason, from: None, to: None, of, at, bytes }, false);
            }
            Act::Segment => {
                segments.push(log.log.len());
                log.open_segment();
            }
            Act::Unknown => {
                let back_ms = 5;
                log.say(run, Event::ClockStepped { back_ms }, false);
                let line = log.log.last_mut().unwrap();
                *line = String::from_utf8(line.clone())
                    .unwrap()
                    .replace("clock.stepped", "news.of.a.later.release")
                    .into_bytes();
            }
        }
    }
    (log, segments)
}

#[test]
fn a_traceback_that_loses_bytes_is_over_for_a_table_made_again_too() {
    let mut log = Writer::new();
    log.start(&luigi());
    let out = Stream::Stdout;
    log.text(1, &out, b"INFO: [pid 7] Worker w running   Leaf(n=3)\n");
    log.text(
        1,
        &out,
        b"ERROR: [pid 8] Worker w failed    Fails()\nTraceback (most recent call last):\n",
    );
    let slot = log.fold.slot(1, &out);
    let at = log.fold.streams[slot].off;
    let (reason, of, at, bytes) = ("full".to_owned(), Some(out.clone()), Some(at), Some(5));
    log.say(1, Event::LogGap { reason, from: None, to: None, of, at, bytes }, false);
    log.text(1, &out, b"50%INFO: [pid 7] Worker w done      Leaf(n=3)\n");
    let again = rebuilt(&log.fold, 1, &log.log);
    assert_eq!(again.table().tasks[0].state, crate::model::TaskState::Done);
    assert_eq!(Some(again.table()), log.fold.tables.of(1).map(Tasks::table));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn folding_in_two_halves_equals_folding_whole_and_equals_what_the_writer_knows(
        acts in proptest::collection::vec(act(), 0..40),
        half in any::<prop::sample::Index>(),
    ) {
        let (log, segments) = history(&acts);
        let mut writer = log.fold;
        writer.sum_up();
        let mut whole = empty();
        read(&mut whole, &log.log);
        prop_assert_eq!(&whole.runs, &writer.runs);

        let (first, second) = log.log.split_at(half.index(log.log.len() + 1));
        let mut halves = empty();
        read(&mut halves, first);
        let mut halves = saved_and_loaded(&halves);
        read(&mut halves, second);
        prop_assert_eq!(&halves, &whole);

        for segment in segments {
            let mut pruned = empty();
            pruned.seq = segment as u64;
            read(&mut pruned, &log.log[segment..]);
            for run in pruned.tables.missed().to_vec() {
                pruned.tables.attach(rebuilt(&whole, run, &log.log));
            }
            pruned.sum_up();
            prop_assert_eq!(&bare(&pruned), &bare(&whole), "from segment at {}", segment);
        }
        for run in whole.tables.runs() {
            let table = whole.tables.of(run).map(Tasks::table);
            let again = rebuilt(&whole, run, &log.log);
            prop_assert_eq!(table.map(|table| &table.tasks), Some(&again.table().tasks));
        }
        read(&mut whole, &log.log);
        prop_assert_eq!(&halves, &whole, "records already folded change nothing");
        prop_assert_eq!(&whole, &writer);
    }
}
