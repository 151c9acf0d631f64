//! Any keys in any order, at any size, on whatever a log may hold.

use proptest::prelude::*;

use super::*;
use crate::feed::window::At;

fn key() -> impl Strategy<Value = PaneMsg> {
    use PaneKey::*;
    proptest::sample::select(vec![
        Up,
        Down,
        PageUp,
        PageDown,
        HalfUp,
        HalfDown,
        First,
        Follow,
        Left,
        Right,
        NextMatch,
        PreviousMatch,
        NextError,
        PreviousError,
        Wrap,
        Times,
        Raw,
        Level,
        Stream,
        Mark,
        NextMark,
        PreviousMark,
        Open,
        OpenAll,
        Copy,
        Inspect,
        Cancel,
    ])
    .prop_map(PaneMsg::Key)
}

fn deed() -> impl Strategy<Value = PaneMsg> {
    let text = || proptest::sample::select(vec!["", "line", "KeyError", "x", "[", "!line", "日"]);
    prop_oneof![
        8 => key(),
        2 => (1..90_u16, 1..30_u16)
            .prop_map(|(width, height)| PaneMsg::Resize { width, height }),
        1 => (-9..9_i32).prop_map(PaneMsg::Wheel),
        1 => (0..30_u16, 0..90_u16).prop_map(|(row, col)| PaneMsg::Click { row, col }),
        1 => (text(), any::<bool>(), any::<bool>()).prop_map(|(text, backward, done)| {
            PaneMsg::Search { text: text.to_owned(), backward, done }
        }),
        1 => text().prop_map(|text| PaneMsg::Filter(text.to_owned())),
        1 => (0..400_i64).prop_map(|at| PaneMsg::Goto(At::Time(Stamp(START + at * 100_000)))),
    ]
}

fn hostile(bench: &mut Bench) {
    for number in 0..40 {
        story(bench);
        bench.line(0, "stdout", &"日本e\u{301}\t\u{202e}".repeat(number * 3));
        bench.line(0, "stdout", &format!("\x1b[31mred line {number} \x1b[?1049h\u{9b}2J"));
        bench.line(0, "stdout", "");
    }
}

use super::story::story;

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 0, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_drawn_outside_and_the_cursor_is_on_the_screen(
        deeds in proptest::collection::vec((deed(), any::<bool>()), 1..60),
    ) {
        let mut bench = bench(&["cafe"], Settings::default());
        hostile(&mut bench);
        bench.open(80, 20);
        for (msg, wait) in deeds {
            if let PaneMsg::Resize { width, height } = msg {
                (bench.width, bench.height) = (width, height);
            }
            bench.send(msg);
            if wait {
                bench.settle();
            }
            let buf = bench.buffer();
            let controls = |text: &str| text.chars().any(char::is_control);
            prop_assert!(!buf.content().iter().any(|cell| controls(cell.symbol())));
            let pane = &bench.pane;
            if !pane.follow && !pane.rows.list.is_empty() && pane.cursor.is_some() && wait {
                let row = pane.cursor_row();
                prop_assert!(
                    pane.visible().iter().any(|(shown, _)| *shown == row),
                    "row {} is not among {:?}", row, pane.visible()
                );
            }
        }
    }
}
