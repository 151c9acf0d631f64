//! What a search gives is what a look at every record gives.

use std::io;
use std::sync::Arc;

use proptest::prelude::*;
use regex::bytes::Regex;
use tempfile::TempDir;

use super::super::sieve::Wanted;
use super::*;
use crate::model::{Head, Level, Peek, Stamp, Text, encode_text};
use crate::store::layout::Home;
use crate::store::reader::Reader;

struct Bench {
    _temp: TempDir,
    home: Home,
}

impl Bench {
    fn new() -> Bench {
        let temp = tempfile::tempdir().unwrap();
        let home = Home::open(temp.path()).unwrap();
        Bench { _temp: temp, home }
    }

    /// A log of these texts in segments of so many records; one record each `step` microseconds.
    fn plan(
        &self,
        name: &str,
        texts: &[&str],
        segment: usize,
        (start, step): (i64, i64),
    ) -> Stretch {
        let plan = self.home.plan(&name.parse().unwrap());
        plan.create().unwrap();
        let mut seq = 0;
        for part in texts.chunks(segment) {
            let (first, mut lines) = (seq + 1, Vec::new());
            for text in part {
                let head = Head::new(plan.name(), 1 + seq / 10, "stdout");
                let level = text.starts_with('E').then_some(Level::Error);
                let text = Text { bytes: text.as_bytes(), level, ..Text::default() };
                let ts = Stamp(start + step * seq as i64).text();
                encode_text(&mut lines, &head, &ts, seq + 1, &text);
                seq += 1;
            }
            std::fs::write(plan.segment(first), lines).unwrap();
        }
        Stretch { log: Arc::new(plan), after: 0, sought: 0, upto: seq }
    }
}

/// The seqs given of each plan, in order; 0 for what stands between lines that are apart.
fn given(search: &Search, stretches: &[Stretch]) -> Vec<(usize, u64)> {
    let mut seqs = Vec::new();
    let taken = search.run(stretches, &mut |found| {
        match found.what {
            What::Lines(lines) => {
                for line in lines.split_inclusive(|&byte| byte == b'\n') {
                    seqs.push((found.plan, Peek::seq(line).unwrap_or(0)));
                }
            }
            What::Gap { from, to } => seqs.extend([(found.plan, from), (found.plan, to)]),
            What::Renewed => seqs.push((found.plan, u64::MAX)),
        }
        Ok::<(), io::Error>(())
    });
    taken.unwrap();
    seqs
}

fn grep(pattern: &str) -> Sieve {
    let texts = vec![vec![Regex::new(pattern).unwrap()]];
    Sieve::new(Wanted { texts, ..Wanted::default() })
}

proptest! {
    #[test]
    fn lines_around_are_those_that_grep_would_give(
        texts in proptest::collection::vec(proptest::sample::select(vec!["hit", "x"]), 1..60),
        around in (0..4_usize, 0..4_usize),
        segment in 1..20_usize,
        threads in 1..3_usize,
    ) {
        let bench = Bench::new();
        let stretch = bench.plan("p", &texts, segment, (0, 1));
        let search = Search { sieve: grep("hit"), around, threads, ..Search::default() };
        let hits: Vec<usize> = (0..texts.len()).filter(|&at| texts[at] == "hit").collect();
        let mut wanted: Vec<(usize, u64)> = Vec::new();
        for at in 0..texts.len() {
            let near = |&hit: &usize| at + around.0 >= hit && hit + around.1 >= at;
            if hits.iter().any(near) {
                let last = wanted.last().map(|&(_, seq)| seq);
                if around != (0, 0) && last.is_some_and(|last| last < at as u64) {
                    wanted.push((0, 0));
                }
                wanted.push((0, at as u64 + 1));
            }
        }
        prop_assert_eq!(given(&search, &[stretch]), wanted);
    }

    #[test]
    fn several_logs_come_in_the_order_of_time(
        steps in proptest::collection::vec((0..50_i64, 1..9_i64, 1..40_usize), 2..5),
        segment in 3..20_usize,
    ) {
        let bench = Bench::new();
        let texts = ["x"; 40];
        let stretches: Vec<Stretch> = steps
            .iter()
            .enumerate()
            .map(|(at, &(start, step, count))| {
                bench.plan(&format!("p{at}"), &texts[..count], segment, (start, step))
            })
            .collect();
        let found = given(&Search::default(), &stretches);
        let time = |&(plan, seq): &(usize, u64)| steps[plan].0 + steps[plan].1 * (seq as i64 - 1);
        prop_assert!(found.is_sorted_by_key(time), "{found:?}");
        prop_assert_eq!(found.len(), steps.iter().map(|step| step.2).sum::<usize>());
    }
}

#[test]
fn parts_side_by_side_give_in_order_what_one_after_the_other_gives() {
    let bench = Bench::new();
    let texts: Vec<String> = (0..3000).map(|at| format!("line {at} {}", "x".repeat(90))).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let stretch = bench.plan("p", &texts, 70, (0, 1));
    let plan = bench.home.plan(&"p".parse().unwrap());
    std::fs::remove_file(plan.segment(1 + 70 * 5)).unwrap();
    for pattern in ["line 1.7", "line", "line 2999", "nothing"] {
        let search = |threads| Search { sieve: grep(pattern), threads, ..Search::default() };
        let one = given(&search(1), std::slice::from_ref(&stretch));
        assert_eq!(given(&search(4), std::slice::from_ref(&stretch)), one, "{pattern}");
        assert!(one.contains(&(0, 351)) && one.contains(&(0, 420)), "the gap is told: {pattern}");
    }
}

#[test]
fn what_is_no_record_puts_no_line_of_a_merge_in_the_wrong_place() {
    let bench = Bench::new();
    let one = bench.plan("one", &["a", "b", "c", "d"], 10, (0, 2));
    let other = bench.plan("other", &["e", "f", "g"], 10, (1, 2));
    let segment = bench.home.plan(&"one".parse().unwrap()).segment(1);
    let log = std::fs::read_to_string(&segment).unwrap();
    let (first, rest) = log.split_once('\n').unwrap();
    std::fs::write(&segment, format!("{first}\nno record\n{rest}")).unwrap();
    let expected = [(0, 1), (1, 1), (0, 2), (1, 2), (0, 3), (1, 3), (0, 4)];
    assert_eq!(given(&Search::default(), &[one, other]), expected);
}

#[test]
fn a_search_that_is_given_up_ends() {
    let bench = Bench::new();
    let stretch = bench.plan("p", &["x"; 2000], 10, (0, 1));
    let search = Search { sieve: grep("x"), threads: 3, ..Search::default() };
    let gone = search.run(&[stretch], &mut |_| Err(io::Error::from(io::ErrorKind::BrokenPipe)));
    assert_eq!(gone.map(|_| ()).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn the_first_error_of_each_run_is_given_and_all_are_counted() {
    let bench = Bench::new();
    let texts: Vec<&str> = (0..30).map(|at| if at % 4 == 3 { "E" } else { "x" }).collect();
    let stretch = bench.plan("p", &texts, 7, (0, 1));
    let level = Some(Level::Error);
    let sieve = Sieve::new(Wanted { level, ..Wanted::default() });
    let first = Search { sieve: sieve.clone(), first_of_run: true, ..Search::default() };
    assert_eq!(given(&first, std::slice::from_ref(&stretch)), [(0, 4), (0, 12), (0, 24)]);
    let numbers = Some(Detail::Stats);
    let count = Search { sieve, numbers, threads: 2, ..Search::default() };
    let tally = count.run(&[stretch], &mut |_| Ok::<(), io::Error>(())).unwrap();
    assert_eq!(tally.numbers[0].records, 7);
    assert_eq!(tally.numbers[0].levels[Level::Error as usize], 7);
    assert_eq!(tally.numbers[0].span, Some((Stamp(3), Stamp(27))));
}

#[test]
fn the_last_records_that_are_wanted_are_found_from_the_end() {
    let bench = Bench::new();
    let texts: Vec<&str> = (0..500).map(|at| if at % 100 == 50 { "hit" } else { "x" }).collect();
    bench.plan("p", &texts, 60, (0, 1));
    let plan = bench.home.plan(&"p".parse().unwrap());
    let last = |n, floor, pattern| seek_last(&plan, n, floor, &grep(pattern), &|| true).unwrap();
    assert_eq!(last(1, 0, "hit"), 450);
    assert_eq!(last(3, 0, "hit"), 250);
    assert_eq!(last(9, 0, "hit"), 0);
    assert_eq!(last(9, 300, "hit"), 300);
    assert_eq!(last(0, 0, "hit"), 500);
    assert_eq!(last(10, 0, "x"), 490);
}

#[test]
fn the_last_records_that_are_wanted_come_with_those_before_them() {
    let bench = Bench::new();
    let texts: Vec<&str> = (0..500).map(|at| if at % 100 == 50 { "hit" } else { "x" }).collect();
    let whole = bench.plan("p", &texts, 60, (0, 1));
    let plan = bench.home.plan(&"p".parse().unwrap());
    let last = |n, before, floor| {
        let sieve = grep("hit");
        let sought = seek_last(&plan, n, floor, &sieve, &|| true).unwrap();
        let mut reader = Reader::open(&plan).unwrap();
        let after = lead_up(&mut reader, sought, before, floor, &sieve).unwrap();
        let search = Search { sieve, around: (before, 0), ..Search::default() };
        given(&search, &[Stretch { after, sought, ..whole.clone() }])
    };
    let seqs = |from: u64, to: u64| (from..=to).map(|seq| (0, seq)).collect::<Vec<_>>();
    assert_eq!(last(1, 2, 0), seqs(449, 451));
    assert_eq!(last(1, 2, 449), seqs(450, 451));
    assert_eq!(last(1, 150, 0), seqs(301, 451), "an older one is only among those around it");
    assert_eq!(last(9, 2, 0).first(), Some(&(0, 49)));
}
