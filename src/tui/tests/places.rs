//! Nothing that is read, typed or waited for is lost on the way.

use super::*;
use crate::feed::window::Pattern;

/// The text that the last request of a log filters by.
fn filtered(script: &Script) -> Option<&Pattern> {
    let asked = script.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(request) => Some(request),
        _ => None,
    });
    asked.and_then(|request| request.view.filter.text.as_ref())
}

#[test]
fn who_leaves_a_line_has_changed_nothing() {
    let script = Script::with_plans(110, 30).keys("&error").key(KeyCode::Enter);
    let before = filtered(&script).cloned();
    assert!(before.is_some());
    let script = script.keys("&").key(KeyCode::Esc);
    assert_eq!(filtered(&script), before.as_ref());
    let script = script.keys("&warning");
    assert_ne!(filtered(&script), before.as_ref());
    let script = script.key(KeyCode::Esc);
    assert_eq!(filtered(&script), before.as_ref());
    // Entered as nothing, it is none.
    let script = script.keys("&").key(KeyCode::Enter);
    assert_eq!(filtered(&script), None);
}

#[test]
fn the_logs_that_were_seen_last_are_kept() {
    let plans = (0..40).map(|at| {
        let counts = TaskCounts::default();
        Msg::Plan(facts(&format!("plan-{at:02}"), run(1, State::Running, Verdict::Unknown, counts)))
    });
    let script = plans.fold(Script::new(110, 60), Script::tell).tell(Msg::Listed);
    let first = script.app.current();
    // Down to another, and back to the first, again and again: it is never the one to go.
    let script = (1..40).flat_map(|other| [other, 0]).fold(script, |mut script, row| {
        let mut out = Vec::new();
        script.app.choose(row, &mut out);
        script.app.fit(&mut out);
        script.effects.extend(out);
        script
    });
    assert_eq!(script.app.current(), first);
    let closed = script.effects.iter().any(|effect| match effect {
        Effect::Ask(request) => {
            matches!(request.want, crate::feed::window::Want::Close)
                && Some(request.window) == first
        }
        _ => false,
    });
    assert!(!closed, "the log that was looked at all the time was given up");
}

#[test]
fn what_was_on_its_way_when_a_connection_broke_is_asked_for_again() {
    let asked = |script: &Script| {
        script.effects.iter().filter(|effect| matches!(effect, Effect::Tasks(_))).count()
    };
    let script = Script::with_plans(100, 30).tell(Msg::Connected(true)).keys("t");
    assert_eq!(asked(&script), 1);
    let script = script.tell(Msg::Connected(false)).tell(Msg::Tick(minutes(-1)));
    assert_eq!(asked(&script), 1, "it is on its way");
    let script = script.tell(Msg::Connected(true));
    assert_eq!(asked(&script), 2);
}

#[test]
fn a_log_that_was_one_of_several_names_its_plan_no_more_when_it_stands_alone() {
    let counts = TaskCounts::default();
    let plan = Msg::Plan(facts("alone", run(1, State::Running, Verdict::Unknown, counts)));
    let script = Script::new(110, 30).tell(plan).tell(Msg::Listed);
    let panes = ["", "v", "v"].into_iter().scan(Some(script), |script, keys| {
        *script = script.take().map(|script| script.keys(keys));
        script.as_ref().map(|script| script.app.current())
    });
    let [list, grid, merged] = panes.collect::<Vec<_>>()[..] else { panic!() };
    assert_eq!(list, grid, "the same log");
    assert_ne!(grid, merged, "each line names its plan");
}
