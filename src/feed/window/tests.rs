//! Windows on real logs, through the worker.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;
use crate::model::{Head, Level, Stream, Text, encode_text};
use crate::store::layout::{Home, PlanDir};

/// A home with logs that are written by hand, and a worker on it.
struct Bench {
    _temp: tempfile::TempDir,
    home: Home,
    worker: Worker,
    answers: Receiver<Answer>,
    view: Arc<View>,
}

fn line(plan: &PlanDir, seq: u64, at: i64, level: Option<Level>, msg: &str) -> Vec<u8> {
    let mut line = Vec::new();
    let head = Head::new(plan.name(), 1, "stdout");
    let text = Text { off: seq, bytes: msg.as_bytes(), level, ..Text::default() };
    encode_text(&mut line, &head, &Stamp(at * 1_000_000).text(), seq, &text);
    line
}

impl Bench {
    fn new(plans: &[&str]) -> Bench {
        let temp = tempfile::tempdir().unwrap();
        let home = Home::open(temp.path()).unwrap();
        let plans: Vec<PlanName> = plans.iter().map(|name| name.parse().unwrap()).collect();
        for plan in &plans {
            home.plan(plan).create().unwrap();
        }
        let (told, answers) = channel();
        let worker = Worker::start(home.clone(), move |answer| {
            let _ = told.send(answer);
        })
        .unwrap();
        let view = Arc::new(View { plans, filter: Filter::default() });
        Bench { _temp: temp, home, worker, answers, view }
    }

    fn plan(&self, index: usize) -> PlanDir {
        self.home.plan(&self.view.plans[index])
    }

    fn append(&self, plan: usize, segment: u64, bytes: &[u8]) {
        let path = self.plan(plan).segment(segment);
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    /// Records `from..=to` of the first plan, a second apart, every tenth an error.
    fn fill(&self, segment: u64, from: u64, to: u64) {
        let plan = self.plan(0);
        let mut bytes = Vec::new();
        for seq in from..=to {
            let level = (seq % 10 == 0).then_some(Level::Error);
            bytes.extend(line(&plan, seq, seq as i64, level, &format!("line {seq} of it")));
        }
        self.append(0, segment, &bytes);
    }

    fn filtered(&mut self, filter: Filter) {
        self.view = Arc::new(View { plans: self.view.plans.clone(), filter });
    }

    fn ask(&self, want: Want) {
        self.worker.ask(Request { window: 1, ticket: 7, view: Arc::clone(&self.view), want });
    }

    #[track_caller]
    fn told(&self) -> Told {
        loop {
            let answer = self.answers.recv_timeout(Duration::from_secs(20)).expect("an answer");
            assert_eq!((answer.window, answer.ticket), (1, 7));
            if !matches!(answer.told, Told::Progress(_)) {
                return answer.told;
            }
        }
    }

    /// Everything that an opening gives, early and late.
    #[track_caller]
    fn open(&self, at: At, before: usize, after: usize) -> (Slice, Option<Place>) {
        self.ask(Want::Open { at, before, after });
        let Told::Opened { mut slice, anchor, .. } = self.told() else { panic!("opened") };
        while slice.owed_before || slice.owed_after {
            match self.told() {
                Told::Older(more) => {
                    slice.items.splice(0..0, more.items);
                    (slice.low, slice.begin) = (more.low, more.begin);
                    slice.owed_before = more.owed_before;
                }
                Told::Newer(more) => {
                    slice.items.extend(more.items);
                    (slice.high, slice.end) = (more.high, more.end);
                    slice.owed_after = more.owed_after;
                }
                other => panic!("{other:?}"),
            }
        }
        (slice, anchor)
    }
}

fn seqs(items: &[Item]) -> Vec<u64> {
    items.iter().map(|item| item.place.seq).collect()
}

#[test]
fn a_window_opens_at_the_end_at_the_beginning_at_a_time_and_at_a_record() {
    let bench = Bench::new(&["p"]);
    bench.fill(1, 1, 40);
    bench.fill(41, 41, 100);
    let (slice, anchor) = bench.open(At::End, 5, 0);
    assert_eq!(seqs(&slice.items), [96, 97, 98, 99, 100]);
    assert!(slice.end && !slice.begin);
    assert_eq!((slice.low, slice.high), (Cut(vec![95]), Cut(vec![100])));
    assert_eq!(anchor.unwrap().seq, 100);
    let (slice, _) = bench.open(At::Begin, 2, 3);
    assert_eq!(seqs(&slice.items), [1, 2, 3]);
    assert!(slice.begin);
    let (slice, anchor) = bench.open(At::Time(Stamp(41_500_000)), 3, 2);
    assert_eq!(seqs(&slice.items), [39, 40, 41, 42, 43]);
    assert_eq!(anchor.unwrap().seq, 42);
    let place = Place { ts: Stamp(0), plan: 0, seq: 99 };
    let (slice, anchor) = bench.open(At::Near(place), 1, 4);
    assert_eq!(seqs(&slice.items), [96, 97, 98, 99, 100]);
    assert!(slice.end && anchor.unwrap().seq == 99);
}

#[test]
fn a_window_grows_in_both_directions_without_a_seam() {
    let bench = Bench::new(&["p"]);
    bench.fill(1, 1, 40);
    bench.fill(41, 41, 100);
    let place = Place { ts: Stamp(0), plan: 0, seq: 50 };
    let (slice, _) = bench.open(At::Near(place), 2, 2);
    assert_eq!(seqs(&slice.items), [48, 49, 50, 51]);
    bench.ask(Want::Older { before: slice.low, count: 20 });
    let Told::Older(older) = bench.told() else { panic!("older") };
    assert_eq!(seqs(&older.items), (28..48).collect::<Vec<_>>());
    assert!(!older.begin && !older.owed_before);
    bench.ask(Want::Newer { after: slice.high, count: 100 });
    let Told::Newer(newer) = bench.told() else { panic!("newer") };
    assert_eq!(seqs(&newer.items), (52..=100).collect::<Vec<_>>());
    assert!(newer.end && !newer.owed_after);
    bench.ask(Want::Older { before: older.low, count: 1000 });
    let Told::Older(older) = bench.told() else { panic!("older") };
    assert_eq!(seqs(&older.items), (1..28).collect::<Vec<_>>());
    assert!(older.begin);
}

#[test]
fn only_what_is_wanted_is_given_and_found() {
    let mut bench = Bench::new(&["p"]);
    bench.fill(1, 1, 3000);
    bench.filtered(Filter { level: Some(Level::Error), ..Filter::default() });
    let (slice, _) = bench.open(At::End, 3, 0);
    assert_eq!(seqs(&slice.items), [2980, 2990, 3000]);
    let pattern = Pattern::new("LINE 1[05]0 ").unwrap();
    assert!(!pattern.fits("line 100 of it"), "capitals are meant");
    let pattern = Pattern::new("line 1[05]0 ").unwrap();
    bench.filtered(Filter { text: Some(pattern), ..Filter::default() });
    let (slice, _) = bench.open(At::Begin, 0, 10);
    assert_eq!(seqs(&slice.items), [100, 150]);
    bench.filtered(Filter::default());
    let from = Place { ts: Stamp(100_000_000), plan: 0, seq: 100 };
    for (forward, target, seq) in [
        (true, Target::Error, Some(110)),
        (false, Target::Error, Some(90)),
        (true, Target::Match(Pattern::new("line 2999").unwrap()), Some(2999)),
        (false, Target::Match(Pattern::new("line 100 ").unwrap()), None),
    ] {
        bench.ask(Want::Find { from, target, forward });
        let Told::Found(found) = bench.told() else { panic!("found") };
        assert_eq!(found.map(|place| place.seq), seq);
    }
    let pattern = Pattern::new("0 of").unwrap();
    bench.ask(Want::Count(pattern));
    loop {
        if let Told::Counted { total, places, done: true } = bench.told() {
            let upto = places.partition_point(|place| !place.is_after(&from));
            assert_eq!((total, places.len(), upto), (300, 300, 10));
            break;
        }
    }
}

#[test]
fn what_is_new_comes_when_it_is_written_and_only_its_last_is_given() {
    let bench = Bench::new(&["p"]);
    bench.fill(1, 1, 10);
    bench.ask(Want::Follow { after: Cut(vec![10]), most: 5 });
    bench.fill(1, 11, 12);
    let mut got = 10;
    let mut high = Cut(vec![10]);
    while got < 12 {
        let Told::News(news) = bench.told() else { panic!("news") };
        assert_eq!(news.low, high);
        got += news.items.len() as u64;
        high = news.high;
        if got < 12 {
            bench.ask(Want::Follow { after: high.clone(), most: 5 });
        }
    }
    bench.fill(13, 13, 1000);
    bench.ask(Want::Follow { after: high, most: 5 });
    let Told::News(mut news) = bench.told() else { panic!("news") };
    let mut all = news.passed + news.items.len() as u64;
    while all < 988 {
        bench.ask(Want::Follow { after: news.high, most: 5 });
        let Told::News(more) = bench.told() else { panic!("news") };
        all += more.passed + more.items.len() as u64;
        news = more;
    }
    assert_eq!(news.items.last().unwrap().place.seq, 1000);
    assert!(news.items.len() <= 5 && all == 988);
    assert_eq!(news.low.0[0] + 1, news.items[0].place.seq);
}

#[test]
fn a_log_that_begins_anew_says_so() {
    let bench = Bench::new(&["p"]);
    bench.fill(1, 1, 10);
    // Only who has the log open can miss it.
    bench.ask(Want::Follow { after: Cut(vec![9]), most: 5 });
    let Told::News(news) = bench.told() else { panic!("news") };
    bench.ask(Want::Follow { after: news.high, most: 5 });
    std::fs::remove_dir_all(bench.plan(0).log()).unwrap();
    bench.plan(0).create().unwrap();
    bench.fill(1, 1, 3);
    let mut renewed = false;
    loop {
        let Told::News(news) = bench.told() else { panic!("news") };
        renewed |= news.renewed;
        if news.high == Cut(vec![3]) {
            assert!(renewed);
            return;
        }
        bench.ask(Want::Follow { after: news.high, most: 5 });
    }
}

#[test]
fn several_logs_are_one_in_the_order_of_time_in_both_directions() {
    let bench = Bench::new(&["a", "b"]);
    for seq in 1..=30 {
        let (a, b) = (bench.plan(0), bench.plan(1));
        bench.append(0, 1, &line(&a, seq, 2 * seq as i64, None, "of a"));
        bench.append(1, 1, &line(&b, seq, 3 * seq as i64, None, "of b"));
    }
    let (whole, _) = bench.open(At::Begin, 0, 100);
    assert_eq!(whole.items.len(), 60);
    assert!(whole.items.is_sorted_by_key(|item| item.place.ts));
    let (mut last, _) = bench.open(At::End, 7, 0);
    while !last.begin {
        bench.ask(Want::Older { before: last.low.clone(), count: 7 });
        let Told::Older(older) = bench.told() else { panic!("older") };
        last.items.splice(0..0, older.items);
        (last.low, last.begin) = (older.low, older.begin);
    }
    assert_eq!(last.items, whole.items);
}

#[test]
fn what_several_plans_said_at_the_same_time_is_found_one_after_the_other() {
    let bench = Bench::new(&["a", "b", "c"]);
    for index in 0..3 {
        let plan = bench.plan(index);
        let lines = [(1, 5), (2, 5), (3, 9)].map(|(seq, at)| line(&plan, seq, at, None, "hit"));
        bench.append(index, 1, &lines.concat());
    }
    let all: Vec<(usize, u64)> =
        vec![(0, 1), (0, 2), (1, 1), (1, 2), (2, 1), (2, 2), (0, 3), (1, 3), (2, 3)];
    for forward in [true, false] {
        let (mut found, ts) = (Vec::new(), if forward { Stamp(0) } else { Stamp(i64::MAX / 2) });
        let mut from = Place { ts, plan: 0, seq: if forward { 0 } else { u64::MAX } };
        loop {
            let target = Target::Match(Pattern::new("hit").unwrap());
            bench.ask(Want::Find { from, target, forward });
            let Told::Found(place) = bench.told() else { panic!("found") };
            let Some(place) = place else { break };
            found.push((place.plan, place.seq));
            from = place;
            assert!(found.len() <= all.len(), "in circles: {found:?}");
        }
        if !forward {
            found.reverse();
        }
        assert_eq!(found, all, "forward: {forward}");
    }
}

#[test]
fn missing_records_are_named_alike_from_both_sides() {
    let bench = Bench::new(&["p"]);
    bench.fill(5, 5, 8);
    bench.fill(20, 20, 30);
    let (ahead, _) = bench.open(At::Begin, 0, 100);
    let (behind, _) = bench.open(At::End, 100, 0);
    let told = |slice: &Slice| -> Vec<String> {
        slice.items.iter().map(|item| format!("{} {}", item.place.seq, item.msg)).collect()
    };
    assert_eq!(told(&ahead), told(&behind));
    let notes: Vec<String> =
        told(&ahead).into_iter().filter(|text| !text.contains("line")).collect();
    assert_eq!(
        notes,
        [
            "4 the first 4 records are not here any more (pruned)",
            "19 records 9 to 19 are missing (pruned or lost)"
        ]
    );
}

#[test]
fn a_record_is_given_as_it_is_stored_and_a_stretch_as_text() {
    let bench = Bench::new(&["p"]);
    bench.fill(1, 1, 20);
    let place = |seq| Place { ts: Stamp(0), plan: 0, seq };
    bench.ask(Want::Line(place(7)));
    let Told::Line(Some(stored)) = bench.told() else { panic!("line") };
    assert_eq!(stored, line(&bench.plan(0), 7, 7, None, "line 7 of it").trim_ascii_end());
    bench.ask(Want::Line(place(21)));
    assert!(matches!(bench.told(), Told::Line(None)));
    bench.ask(Want::Text { from: place(3), to: place(4) });
    let Told::Text { text, lines, cut } = bench.told() else { panic!("text") };
    assert_eq!((&*text, lines, cut), ("line 3 of it\nline 4 of it\n", 2, false));
}

#[test]
fn a_plan_without_a_log_opens_empty_and_what_comes_is_heard() {
    let bench = Bench::new(&["p"]);
    let (slice, anchor) = bench.open(At::End, 10, 0);
    assert!(slice.items.is_empty() && slice.begin && slice.end && anchor.is_none());
    bench.ask(Want::Follow { after: slice.high, most: 5 });
    bench.fill(1, 1, 1);
    let Told::News(news) = bench.told() else { panic!("news") };
    assert_eq!(seqs(&news.items), [1]);
}

#[test]
fn streams_tasks_and_notes_for_planwatch_itself_are_told_apart() {
    let line = |stream: &str, rest: &str| {
        format!(
            r#"{{"ts":"2026-11-23T17:31:02.123456Z","seq":7,"plan":"p","run":3,"stream":"{stream}",{rest}}}"#
        )
    };
    let wants = |filter: &Filter, line: &str| filter.sieve(None).record(line.as_bytes()).is_some();
    let open = Filter::default();
    let everything = Filter { everything: true, ..Filter::default() };
    let sealed = line("planwatch", r#""event":"segment.sealed","level":"debug","msg":"x""#);
    let bridge = line("events", r#""msg":"{}""#);
    let bar = line("stdout", r#""msg":"","eol":"cr""#);
    for hidden in [&sealed, &bridge, &bar] {
        assert!(!wants(&open, hidden) && wants(&everything, hidden), "{hidden}");
    }
    let task = line("stdout", r#""msg":"x","task":"WBSTask(n=1)","task_event":"done""#);
    for (glob, wanted) in [("wbs", true), ("WBS*", true), ("wbs*1)", true), ("Wbs", false)] {
        let filter = Filter { task: Some(TaskGlob::new(glob).unwrap()), ..Filter::default() };
        assert_eq!(wants(&filter, &task), wanted, "{glob}");
        assert!(!wants(&filter, &bar));
    }
    let filter = Filter { streams: vec![Stream::Stderr], run: Some(3), ..Filter::default() };
    assert!(!wants(&filter, &task) && wants(&filter, &line("stderr", r#""msg":"x""#)));
}
