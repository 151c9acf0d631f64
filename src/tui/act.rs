//! What keys do.

use super::app::{App, Focus};
use super::confirm::Confirm;
use super::help;
use super::kept::Layout;
use super::keys::{Action, Move, Place};
use super::msg::{Deed, Effect, Press};
use super::pane::{PaneKey, PaneMsg};
use super::prompt::{Asks, Typed};
use crate::model::PlanName;

impl App {
    pub(super) fn act(&mut self, action: Action, out: &mut Vec<Effect>) {
        match action {
            Action::Back => self.back(out),
            Action::Quit => out.push(Effect::Quit),
            Action::Help => self.page = Some(help::page(&self.look)),
            Action::NextPane => self.next_pane(true),
            Action::PreviousPane => self.next_pane(false),
            Action::Number(number) => self.number(usize::from(number) - 1, out),
            Action::Move(to) => self.go(to, out),
            Action::Open => match self.row().is_some_and(super::list::Row::is_bad) {
                true => self.why(out),
                false => self.focus = Focus::Log,
            },
            Action::Zoom => self.zoom(),
            Action::Layout => self.lay_out(self.kept.layout.next(), out),
            Action::Tasks => self.toggle_tasks(out),
            Action::TasksView => self.next_tasks_view(),
            Action::Why => self.why(out),
            Action::Act(deed) => self.propose(deed, self.meant()),
            Action::Tag => self.tag(out),
            Action::Palette => self.ask(Asks::Command),
            Action::Search => self.ask(Asks::Search { backward: false }),
            Action::SearchBack => self.ask(Asks::Search { backward: true }),
            Action::Filter => self.ask(Asks::Filter),
            Action::Suspend => out.push(Effect::Suspend),
            Action::Redraw => out.push(Effect::Redraw),
            Action::Pane(key) => self.tell_pane(PaneMsg::Key(key), out),
        }
    }

    /// Out of what is open, the innermost first; at the top, the end.
    fn back(&mut self, out: &mut Vec<Effect>) {
        let cancels = self.current().and_then(|id| self.pane(id));
        let cancels = cancels.is_some_and(|shown| shown.pane.can_cancel());
        if self.page.take().is_some() {
        } else if cancels && self.focus != Focus::Tasks {
            self.tell_pane(PaneMsg::Key(PaneKey::Cancel), out);
        } else if self.zoom {
            self.zoom = false;
        } else if self.focus != Focus::List {
            self.focus = Focus::List;
        } else {
            out.push(Effect::Quit);
        }
    }

    fn zoom(&mut self) {
        self.zoom = !self.zoom;
        if self.zoom && self.focus == Focus::List {
            self.focus = Focus::Log;
        }
    }

    pub(super) fn lay_out(&mut self, layout: Layout, out: &mut Vec<Effect>) {
        self.kept.layout = layout;
        self.at = 0;
        out.push(Effect::Keep(self.kept));
    }

    fn next_pane(&mut self, on: bool) {
        // Zoomed, the next one comes to the front.
        let mut places = if self.zoom { vec![] } else { vec![(Focus::List, 0)] };
        places.extend((0..self.shown.len()).map(|at| (Focus::Log, at)));
        if self.tasks.is_some() {
            places.push((Focus::Tasks, self.at));
        }
        if places.is_empty() {
            return;
        }
        let here = |&(focus, at): &(Focus, usize)| {
            focus == self.focus && (focus != Focus::Log || at == self.at)
        };
        let now = places.iter().position(here).unwrap_or(0);
        let next = if on { now + 1 } else { now + places.len() - 1 } % places.len();
        (self.focus, self.at) =
            (places[next].0, if places[next].0 == Focus::Log { places[next].1 } else { self.at });
    }

    /// A digit: a log where there are several, else a plan.
    fn number(&mut self, at: usize, out: &mut Vec<Effect>) {
        if self.kept.layout == Layout::Grid {
            if at < self.shown.len() {
                (self.focus, self.at) = (Focus::Log, at);
            }
        } else if at < self.rows.len() {
            self.choose(at, out);
        }
    }

    fn go(&mut self, to: Move, out: &mut Vec<Effect>) {
        match self.keys_go() {
            Place::Page => {
                let height = self.height.saturating_sub(1);
                if let Some(page) = &mut self.page {
                    page.scroll(to, height);
                }
            }
            Place::Tasks => self.scroll_tasks(to),
            Place::List | Place::Log => {
                let page =
                    self.places().list.map_or(1, |area| isize::from(area.height.cast_signed()));
                let by = match to {
                    Move::Up => -1,
                    Move::Down => 1,
                    Move::HalfUp => -page / 2,
                    Move::HalfDown => page / 2,
                    Move::PageUp => -page,
                    Move::PageDown => page,
                    Move::First => isize::MIN / 2,
                    Move::Last => isize::MAX / 2,
                    Move::Left | Move::Right => 0,
                };
                self.choose_by(by, out);
            }
        }
    }

    fn tag(&mut self, out: &mut Vec<Effect>) {
        let Some(plan) = self.selected.clone() else { return };
        if !self.tagged.remove(&plan) {
            self.tagged.insert(plan);
        }
        self.choose_by(1, out);
    }

    pub(super) fn why(&mut self, out: &mut Vec<Effect>) {
        if let Some(plan) = self.selected.clone() {
            out.push(Effect::Why(plan, self.width.saturating_sub(4)));
        }
    }

    /// The plans that a deed is for: those tagged, else the selected one.
    fn meant(&self) -> Vec<PlanName> {
        match self.tagged.is_empty() {
            true => self.selected.iter().cloned().collect(),
            false => self.tagged.iter().cloned().collect(),
        }
    }

    /// Asks whether a deed is to be done.
    pub(super) fn propose(&mut self, deed: Deed, plans: Vec<PlanName>) {
        let runs =
            |plan: &PlanName| self.rows.iter().any(|row| row.facts.plan == *plan && row.is_live());
        let plans: Vec<PlanName> =
            plans.into_iter().filter(|plan| deed == Deed::Restart || runs(plan)).collect();
        if plans.is_empty() {
            self.said = Some(format!("nothing to {}: it does not run", deed.verb()));
        } else {
            self.confirm = Some(Confirm { deed, plans });
        }
    }

    pub(super) fn answer(&mut self, press: Press, out: &mut Vec<Effect>) {
        let Some(Confirm { deed, plans }) = self.confirm.take() else { return };
        let yes = press == Press::char('y') || press == Press::char('Y');
        if yes {
            self.said =
                Some(format!("asked to {}: {}", deed.verb(), super::confirm::named(&plans)));
            out.push(Effect::Act(deed, plans));
            self.tagged.clear();
        } else {
            self.said = Some("nothing was done".to_owned());
        }
    }

    pub(super) fn type_key(&mut self, press: Press, out: &mut Vec<Effect>) {
        let Some(prompt) = &mut self.prompt else { return };
        let typed = prompt.press(press, &self.history[history(prompt.asks)]);
        match typed {
            Typed::Nothing => {}
            Typed::Changed => self.typed(out),
            Typed::Complete => self.complete(),
            Typed::Entered => self.entered(out),
            Typed::Left => {
                match prompt.asks {
                    Asks::Search { backward } => {
                        let text = String::new();
                        self.tell_pane(PaneMsg::Search { text, backward, done: true }, out);
                    }
                    Asks::Filter => self.tell_pane(PaneMsg::Filter(String::new()), out),
                    Asks::Command => {}
                }
                self.prompt = None;
            }
        }
    }

    /// Another text stands there: searches and filters show at once what it would find.
    pub(super) fn typed(&mut self, out: &mut Vec<Effect>) {
        let Some(prompt) = &mut self.prompt else { return };
        prompt.hint.clear();
        let text = prompt.text();
        match prompt.asks {
            Asks::Search { backward } => {
                self.tell_pane(PaneMsg::Search { text, backward, done: false }, out);
            }
            Asks::Filter => self.tell_pane(PaneMsg::Filter(text), out),
            Asks::Command => self.suggest(),
        }
    }

    fn entered(&mut self, out: &mut Vec<Effect>) {
        let Some(prompt) = self.prompt.take() else { return };
        let text = prompt.text();
        let history = &mut self.history[history(prompt.asks)];
        if !text.is_empty() && history.last() != Some(&text) {
            history.push(text.clone());
        }
        match prompt.asks {
            Asks::Search { backward } => {
                self.tell_pane(PaneMsg::Search { text, backward, done: true }, out);
            }
            Asks::Filter => self.tell_pane(PaneMsg::Filter(text), out),
            Asks::Command => self.command(&text, out),
        }
    }
}

fn history(asks: Asks) -> usize {
    match asks {
        Asks::Search { .. } => 0,
        Asks::Filter => 1,
        Asks::Command => 2,
    }
}
