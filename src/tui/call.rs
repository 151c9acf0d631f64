//! What calls somebody who looks elsewhere: the bell, and the window's title.

use std::collections::BTreeSet;

use super::app::App;
use super::list::Row;
use super::msg::Effect;
use crate::model::PlanName;

/// What was so before something happened, as far as a bell depends on it.
pub(super) struct Before {
    running: BTreeSet<(PlanName, u64)>,
    stalled: BTreeSet<PlanName>,
    open: bool,
}

impl App {
    /// To be remembered before something is taken in.
    pub(super) fn before(&self) -> Before {
        let live = self.rows.iter().filter(|row| row.is_live());
        let number = |row: &Row| row.run().map(|run| (row.facts.plan.clone(), run.run));
        let running = live.filter_map(number).collect();
        Before { running, stalled: self.stalled(), open: self.is_open() }
    }

    /// Rings once where something has happened since that somebody may have waited for: a run ended
    /// badly or has stalled, or nothing is left to come.
    pub(super) fn ring(&self, before: &Before, out: &mut Vec<Effect>) {
        let bad = self.rows.iter().any(|row| {
            let run = row.run().map(|run| (row.facts.plan.clone(), run.run));
            row.is_bad() && run.is_some_and(|run| before.running.contains(&run))
        });
        let stalled = !self.stalled().is_subset(&before.stalled);
        let done = before.open && !before.running.is_empty() && !self.is_open();
        if !self.kept.quiet && (bad || stalled || done) {
            out.push(Effect::Ring);
        }
    }

    fn stalled(&self) -> BTreeSet<PlanName> {
        let stalled = |row: &&Row| row.run().is_some_and(|run| run.stalled_ms.is_some());
        self.rows.iter().filter(|row| row.is_live()).filter(stalled).map(plan).collect()
    }

    /// Whether something runs or waits.
    fn is_open(&self) -> bool {
        self.rows.iter().any(|row| row.is_live() || row.is_waiting())
    }

    /// What the window is called: `1 bad · 3 running · 5 waiting · planwatch`.
    pub fn title(&self) -> String {
        let count = |so: fn(&Row) -> bool| self.rows.iter().filter(|row| so(row)).count();
        let parts = [
            (count(Row::is_bad), "bad"),
            (count(Row::is_live), "running"),
            (count(Row::is_waiting), "waiting"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts = parts.map(|(count, what)| format!("{count} {what} · "));
        parts.collect::<String>() + "planwatch"
    }
}

fn plan(row: &Row) -> PlanName {
    row.facts.plan.clone()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;
    use crate::fold::RunFold;
    use crate::model::{Stamp, State, Verdict};
    use crate::tui::kept::Kept;
    use crate::tui::look::{Colours, Look};
    use crate::tui::msg::{Msg, PlanFacts};

    fn told(plan: &str, state: State, verdict: Verdict, stalled_ms: Option<u64>) -> Msg {
        let run = RunFold { run: 1, state, verdict, stalled_ms, ..RunFold::default() };
        Msg::Plan(PlanFacts {
            plan: plan.parse().unwrap(),
            run: Some(Box::new(run)),
            seq: 1,
            lines: 0,
            log_bytes: 0,
            orphaned: false,
            left: 0,
            heard: None,
        })
    }

    fn rings(app: &mut App, msg: Msg) -> bool {
        app.update(msg).iter().any(|effect| matches!(effect, Effect::Ring))
    }

    #[test]
    fn the_bell_rings_for_a_bad_end_a_stall_and_the_end_of_all_and_for_nothing_old() {
        let zone = TimeZone::UTC;
        let look = Look { colours: Colours::None, light: false, unicode: true, zone };
        let mut app = App::new(look, Kept::default(), Stamp(0));
        let bad = |plan| told(plan, State::Ended, Verdict::Failed, None);
        let running = |plan| told(plan, State::Running, Verdict::Unknown, None);
        assert_eq!(app.title(), "planwatch");
        for msg in [bad("old"), running("a"), running("b"), running("c"), Msg::Listed] {
            assert!(!rings(&mut app, msg), "what was so before is no news");
        }
        assert_eq!(app.title(), "1 bad · 3 running · planwatch");
        assert!(rings(&mut app, bad("a")));
        assert!(!rings(&mut app, bad("a")), "once");
        assert!(rings(&mut app, told("b", State::Running, Verdict::Unknown, Some(9))));
        assert!(!rings(&mut app, told("b", State::Ended, Verdict::Succeeded, None)));
        assert!(rings(&mut app, told("c", State::Ended, Verdict::Succeeded, None)), "all is done");
        app.kept.quiet = true;
        rings(&mut app, running("a"));
        assert!(!rings(&mut app, bad("a")), "it was told to be quiet");
    }
}
