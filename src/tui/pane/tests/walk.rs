//! Going about in a log.

use super::*;
use crate::feed::window::At;

fn counted(bench: &mut Bench, from: u64, to: u64) {
    for number in from..=to {
        let level = if number % 50 == 0 { "ERROR" } else { "INFO" };
        bench.line(0, "stdout", &format!("{level}: line {number} of it"));
    }
}

fn plain() -> Settings {
    Settings { times: Times::Off, ..Settings::default() }
}

#[test]
fn scrolling_up_pauses_tells_what_is_new_and_down_again_follows() {
    let mut bench = bench(&["cafe"], plain());
    counted(&mut bench, 1, 100);
    bench.open(49, 5);
    assert_eq!(bench.rows()[4], " E line 100 of it");
    bench.key(PaneKey::PageUp);
    assert_eq!(
        bench.rows(),
        [" line 92 of it", " line 93 of it", " line 94 of it", " line 95 of it", "▌line 96 of it"]
    );
    assert_eq!(bench.pane.status(true, 200), "paused");
    counted(&mut bench, 101, 110);
    while bench.pane.news() < 10 {
        bench.hear();
    }
    // That is said on the border, never over a line.
    assert_eq!(bench.rows()[4], "▌line 96 of it");
    for _ in 0..4 {
        bench.key(PaneKey::PageDown);
    }
    assert_eq!((bench.rows()[4].as_str(), bench.pane.news()), (" line 110 of it", 0));
    counted(&mut bench, 111, 111);
    while bench.rows()[4] != " line 111 of it" {
        bench.hear();
    }
    assert_eq!(bench.pane.status(true, 200), "following");
}

#[test]
fn a_long_log_is_walked_from_end_to_end_and_only_a_part_is_held() {
    let mut bench = bench(&["cafe"], plain());
    counted(&mut bench, 1, 12_000);
    bench.open(49, 20);
    let mut pages = 0;
    while !bench.rows()[0].contains("line 1 of it") {
        bench.key(PaneKey::PageUp);
        assert!(bench.pane.held.len() <= 6000);
        pages += 1;
        assert!(pages < 700);
    }
    assert!(pages > 600, "{pages}");
    let mut next = 1;
    while bench.pane.status(true, 200) == "paused" {
        for row in bench.rows() {
            let row = row.replace("E line", "line");
            let number: u64 = row.split([' ', '▌']).nth(2).unwrap().parse().unwrap();
            assert!(number <= next, "{row}: {next} is missing");
            next = next.max(number + 1);
        }
        bench.key(PaneKey::PageDown);
    }
    assert_eq!(bench.rows()[19], " E line 12000 of it");
    bench.key(PaneKey::First);
    assert_eq!(bench.rows()[0], "▌line 1 of it");
    bench.send(PaneMsg::Goto(At::Time(Stamp(START + 6_000 * 100_000))));
    bench.settle();
    assert!(bench.picture().contains("▌E line 6000 of it"), "{}", bench.picture());
    bench.key(PaneKey::Follow);
    assert_eq!(bench.rows()[19], " E line 12000 of it");
}

#[test]
fn a_search_goes_through_the_whole_log_and_says_where_it_is() {
    let mut bench = bench(&["cafe"], plain());
    counted(&mut bench, 1, 9_000);
    bench.open(49, 5);
    bench.search("line 10[05]0 ");
    assert!(bench.picture().contains("▌E line 1000 of it"), "{}", bench.picture());
    assert_eq!(bench.said(), ["searched on from the other end"]);
    let status = "paused · 1 of 2 /line 10[05]0  · from the other end";
    assert_eq!(bench.pane.status(true, 200), status);
    bench.key(PaneKey::NextMatch);
    assert!(bench.picture().contains("▌E line 1050 of it"));
    assert_eq!(bench.pane.status(true, 200), "paused · 2 of 2 /line 10[05]0 ");
    bench.key(PaneKey::PreviousMatch);
    assert!(bench.picture().contains("▌E line 1000 of it"));
    bench.key(PaneKey::PreviousError);
    assert!(bench.picture().contains("▌E line 950 of it"));
    bench.key(PaneKey::NextError);
    bench.key(PaneKey::NextError);
    assert!(bench.picture().contains("▌E line 1050 of it"));
    bench.key(PaneKey::Cancel);
    assert!(!bench.pane.can_cancel());
    bench.search("nowhere");
    assert_eq!(bench.said().last(), Some(&"no match"));
}

#[test]
fn a_filter_keeps_the_place_and_is_taken_away_again() {
    let mut bench = bench(&["cafe"], plain());
    counted(&mut bench, 1, 3_000);
    bench.open(49, 5);
    bench.send(PaneMsg::Goto(At::Time(Stamp(START + 1_010 * 100_000))));
    bench.settle();
    assert!(bench.picture().contains("▌line 1010 of it"));
    bench.send(PaneMsg::Level(Some(Level::Error)));
    bench.settle();
    assert!(bench.picture().contains("▌E line 1050 of it"), "{}", bench.picture());
    assert!(bench.picture().contains(" E line 1000 of it\n"), "{}", bench.picture());
    assert_eq!(bench.pane.status(true, 200), "paused · error+");
    bench.key(PaneKey::Cancel);
    assert!(bench.picture().contains("▌E line 1050 of it\n"));
    assert!(bench.picture().contains(" line 1049 of it\n"));
    bench.send(PaneMsg::Filter("line 7$|".into()));
    bench.send(PaneMsg::Filter("[".into()));
    bench.settle();
    assert!(
        bench.pane.status(true, 200).contains("not a pattern"),
        "{}",
        bench.pane.status(true, 200)
    );
    bench.send(PaneMsg::Filter("!of".into()));
    bench.settle();
    assert_eq!(bench.rows()[0].trim(), "nothing fits the filter: Esc takes it away");
    // And what was read before is there again.
    bench.key(PaneKey::Cancel);
    assert!(bench.picture().contains("▌E line 1050 of it\n"), "{}", bench.picture());
    assert!(bench.pane.status(true, 200).starts_with("paused"));
}

#[test]
fn what_was_filtered_and_searched_for_is_put_back() {
    let mut bench = bench(&["cafe"], plain());
    counted(&mut bench, 1, 3_000);
    bench.open(49, 5);
    bench.send(PaneMsg::Filter("line 7".into()));
    bench.search("line 77");
    bench.settle();
    let before = (bench.picture(), bench.pane.status(true, 200));
    let former = bench.pane.former();
    bench.send(PaneMsg::Filter("nowhere".into()));
    bench.send(PaneMsg::Search { text: "no".into(), backward: false, done: false });
    bench.settle();
    bench.send(PaneMsg::Restore(Box::new(former)));
    bench.settle();
    assert_eq!((bench.picture(), bench.pane.status(true, 200)), before);
}

#[test]
fn a_long_line_is_moved_or_wrapped() {
    let mut bench = bench(&["cafe"], plain());
    bench.line(0, "stdout", &format!("{}end", "0123456789".repeat(10)));
    bench.line(0, "stdout", "short");
    bench.open(41, 4);
    assert_eq!(bench.rows()[0], format!(" {}", "0123456789".repeat(4)));
    bench.key(PaneKey::Right);
    assert_eq!(bench.rows()[0], format!(" 89{}01234567", "0123456789".repeat(3)));
    bench.key(PaneKey::Wrap);
    assert_eq!(bench.rows()[2], " 01234567890123456789end");
    assert_eq!(bench.rows()[3], " short");
}

#[test]
fn several_plans_are_one_with_their_names_in_front() {
    let mut bench = bench(&["cafe", "mars-base"], plain());
    for number in 1..=3 {
        bench.line(0, "stdout", &format!("one {number}"));
        bench.line(1, "stdout", &format!("two {number}"));
    }
    bench.open(40, 4);
    assert_eq!(
        bench.picture(),
        " cafe      one 2\n mars-base two 2\n cafe      one 3\n mars-base two 3\n"
    );
}

#[test]
fn marks_are_gone_to_and_copied_from_first_to_last() {
    let mut bench = bench(&["cafe"], plain());
    counted(&mut bench, 1, 40);
    bench.open(49, 10);
    bench.key(PaneKey::Up);
    bench.key(PaneKey::Mark);
    for _ in 0..3 {
        bench.key(PaneKey::Up);
    }
    bench.key(PaneKey::Mark);
    assert_eq!(bench.rows().iter().filter(|row| row.starts_with('●')).count(), 2);
    bench.key(PaneKey::NextMark);
    bench.key(PaneKey::Inspect);
    let Some(PaneEffect::Inspect { title, text }) = bench.others.last() else { panic!() };
    assert_eq!(title, "cafe 39");
    assert!(text.contains("\n  \"seq\": 39,\n"), "{text}");
    bench.key(PaneKey::Save);
    let saved = bench.others.iter().find_map(|effect| match effect {
        PaneEffect::Save(text) => Some(text.clone()),
        _ => None,
    });
    let lines: Vec<String> = (36..=39).map(|n| format!("INFO: line {n} of it\n")).collect();
    assert_eq!(saved.unwrap(), lines.concat());
    // They are gone: what is copied next is what is seen.
    bench.key(PaneKey::Copy);
    assert_eq!(bench.said().last(), Some(&"copied 1 line"));
}
