//! What no view may do, whatever the tasks are called and however many there are.

use unicode_width::UnicodeWidthStr as _;

use super::*;

/// Names and errors that would like to do something to a terminal.
pub(super) fn hostile() -> TaskTable {
    let long = format!("Long{}(x=1)", "g".repeat(300));
    let mut build = Build::new()
        .done("Esc\u{1b}[2J\u{1b}]0;owned\u{7}(n=\u{1b}[31m)", &[], 0.0, 1.0)
        .done("日本語の仕事計画(名=値)", &[0], 1.0, 2.0)
        .task("Lines\nand\rmore(x=a\nb)", TaskState::Failed, &[1, 0])
        .ran(2.0, Some(3.0), Some(AttemptEnd::Failed))
        .error("Err\u{1b}[5mor: \u{202e}evil\nINFO: all is well ✗✗✗ 日本語日本語日本語日本語日本語")
        .task(&long, TaskState::Running, &[2])
        .ran(4.0, None, None)
        .task("Ring", TaskState::Pending, &[5, 7, 4000])
        .task("Ring(a)", TaskState::Pending, &[4])
        .task("", TaskState::Broken, &[])
        .task("\u{200b}\u{301}\u{301}\u{301}(", TaskState::Missing, &[]);
    for n in 0..30 {
        let name = format!("Deep{}(n={n})", "p".repeat(n));
        let before = u32::try_from(build.table.tasks.len() - 1).unwrap();
        build = build.task(&name, TaskState::Pending, &[before, 1]);
    }
    build.table()
}

#[test]
fn nothing_hostile_reaches_the_terminal_and_every_line_fits() {
    let table = hostile();
    type View = fn(&mut Vec<u8>, &Scene<'_>, Look);
    let views: [(&str, View); 4] =
        [("table", whole_table), ("tree", tree), ("timeline", timeline), ("head", head)];
    let colours = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    for (name, view) in views {
        for width in [20, 40, 80, 200] {
            for run in [running(), ended()] {
                let text = drawn(&run, &table, width, false, view);
                assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{name}: {text:?}");
                assert!(!text.contains('\u{202e}'), "{name}: {text:?}");
                for line in text.lines() {
                    // A very narrow terminal wraps the table rather than hiding all of it.
                    let limit = if name == "timeline" { width.max(24) } else { width.max(32) };
                    assert!(line.width() <= limit, "{name} at {width}: {line:?}");
                }
                let coloured = drawn(&run, &table, width, true, view);
                let plain = colours.replace_all(&coloured, "");
                assert_eq!(plain, text, "{name}: colour changes nothing but the colour");
            }
        }
    }
}

#[test]
fn a_chain_as_long_as_a_table_is_drawn() {
    let mut build = Build::new();
    for n in 0..20_000_u32 {
        let requires: Vec<u32> = n.checked_sub(1).into_iter().chain(n.checked_sub(2)).collect();
        build = build.done(&format!("Step(n={n})"), &requires, f64::from(n), f64::from(n) + 1.0);
    }
    let table = build.table();
    for width in [None, Some(80)] {
        let text = drawn(&running(), &table, width, false, tree);
        // One line a task, and one for what was drawn above.
        assert!(text.lines().count() >= 20_000);
        let text = drawn(&running(), &table, width, false, timeline);
        assert_eq!(text.lines().filter(|line| line.contains(['┃', '┣'])).count(), 20_000);
        assert!(text.contains("… 19968 more …"), "{}", text.lines().last().unwrap());
    }
    assert_eq!(critical_path(&table, Stamp(0)).unwrap().len(), 20_000);
}

#[test]
fn without_dependencies_nothing_is_said_of_a_critical_path() {
    let table = Build::new().done("A", &[], 0.0, 1.0).done("B", &[], 1.0, 2.0).table();
    assert_eq!(critical_path(&table, Stamp(0)), None);
    let text = drawn(&running(), &table, 60, false, timeline);
    assert!(text.contains("critical path: not known"), "{text}");
    assert!(drawn(&running(), &table, 60, false, tree).contains("not known"));
}

#[test]
fn a_run_without_tasks_says_so() {
    let table = TaskTable::default();
    let text = drawn(&running(), &table, 60, false, head);
    assert_eq!(text, "cafe run 3 · running 5m00s\nno tasks seen: Luigi has named none so far\n");
    assert_eq!(drawn(&running(), &table, 60, false, timeline), "");
    assert_eq!(drawn(&running(), &table, 60, false, tree), "");
}

#[test]
fn a_table_that_is_not_whole_says_what_is_missing() {
    let table = TaskTable { partial: true, unlisted: 2, unreported: 7, ..at_work() };
    let text = drawn(&running(), &table, 200, false, head);
    assert!(text.contains("beginning of this run's log is gone"), "{text}");
    assert!(text.contains("2 more tasks are counted"), "{text}");
    assert!(text.contains("7 of Luigi's events were lost"), "{text}");
}
