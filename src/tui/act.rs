//! What keys do.

use super::app::{App, Focus};
use super::help;
use super::kept::Layout;
use super::keys::{Action, Binding, Move, Place};
use super::list::Row;
use super::msg::{Effect, Press};
use super::page::{Page, Why};
use super::pane::{PaneKey, PaneMsg};
use super::prompt::{Asks, Typed};
use crate::model::PlanName;

impl App {
    pub(super) fn act(&mut self, action: Action, out: &mut Vec<Effect>) {
        match action {
            Action::Back if self.is_at_top() => out.push(Effect::Quit),
            Action::Escape if self.is_at_top() => self.tagged.clear(),
            Action::Back | Action::Escape => self.back(out),
            Action::Quit => out.push(Effect::Quit),
            Action::Help => self.page = Some(help::page(&self.look)),
            Action::NextPane => self.next_pane(true),
            Action::PreviousPane => self.next_pane(false),
            Action::Number(number) => self.number(usize::from(number) - 1, out),
            Action::Move(to) => self.go(to, out),
            Action::Open if self.row().is_some_and(Row::is_bad) => self.why(out),
            Action::Open if self.row().is_some_and(|row| !row.on_disk) => {
                self.said = Some("it has no log yet: it has not begun".to_owned());
            }
            Action::Open => self.focus = Focus::Log,
            Action::Zoom => self.zoom(),
            Action::Layout => self.lay_out(self.kept.layout.next(), out),
            Action::Tasks => self.toggle_tasks(out),
            Action::TasksView => self.next_tasks_view(),
            Action::Why => self.why(out),
            Action::Act(deed) => self.propose(deed, self.meant()),
            Action::Tag => self.tag(out),
            Action::Palette => self.ask_command(out),
            Action::Start => self.ask_start(out),
            Action::Search => self.ask(Asks::Search { backward: false }),
            Action::SearchBack => self.ask(Asks::Search { backward: true }),
            Action::PageMatch(onward) => self.page_match(onward),
            Action::Filter => self.ask(Asks::Filter),
            Action::Suspend => out.push(Effect::Suspend),
            Action::Redraw => out.push(Effect::Redraw),
            Action::Pane(key) => self.tell_pane(PaneMsg::Key(key), out),
        }
    }

    /// Whether a search or filter of the log would end before anything is left.
    fn cancels(&self) -> bool {
        let pane = self.current().and_then(|id| self.pane(id));
        self.focus != Focus::Tasks && pane.is_some_and(|shown| shown.pane.can_cancel())
    }

    /// Whether there is nothing to go back from.
    pub(super) fn is_at_top(&self) -> bool {
        self.page.is_none() && !self.cancels() && !self.zoom && self.focus == Focus::List
    }

    /// Out of what is open, the innermost first.
    fn back(&mut self, out: &mut Vec<Effect>) {
        if let Some(page) = &mut self.page {
            if !page.end_search() {
                self.page = None;
            }
        } else if self.cancels() {
            self.tell_pane(PaneMsg::Key(PaneKey::Cancel), out);
        } else if self.zoom {
            self.zoom = false;
        } else {
            self.focus = Focus::List;
        }
    }

    /// What the footer says of a key here and now; nothing where it is not shown.
    pub(super) fn short(&self, binding: &Binding) -> &'static str {
        match binding.action {
            Action::Back if self.is_at_top() => "quit",
            Action::Start if !self.has_file => "",
            Action::Open if self.row().is_some_and(Row::is_bad) => "why",
            Action::PageMatch(_) if !self.page.as_ref().is_some_and(Page::is_searched) => "",
            _ => binding.short,
        }
    }

    fn page_match(&mut self, onward: bool) {
        let height = self.height.saturating_sub(1);
        if let Some(page) = &mut self.page {
            let said = page.next_match(onward, height);
            self.said = (!said.is_empty()).then_some(said);
        }
    }

    /// Searches what is seen: the page, or else the log.
    fn search(&mut self, text: String, backward: bool, done: bool, out: &mut Vec<Effect>) {
        let height = self.height.saturating_sub(1);
        match &mut self.page {
            Some(page) => {
                let said = page.search(&text, backward, done, height);
                self.said = (!said.is_empty()).then_some(said);
            }
            None => self.tell_pane(PaneMsg::Search { text, backward, done }, out),
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
        match self.row() {
            Some(row) if !row.on_disk => {
                self.said = Some("there is no why: it has never run".to_owned());
            }
            Some(row) => self.ask_why(row.facts.plan.clone(), out),
            None => {}
        }
    }

    /// Asks why the last run of a plan ended as it did.
    pub(super) fn ask_why(&mut self, plan: PlanName, out: &mut Vec<Effect>) {
        let facts = self.rows.iter().map(|row| &row.facts);
        let seq = facts.clone().find(|facts| facts.plan == plan).map_or(0, |facts| facts.seq);
        self.asked_why = Some(Why { plan: plan.clone(), seq });
        out.push(Effect::Why(plan, self.width.saturating_sub(4)));
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
                // As in less: who leaves a line has changed nothing.
                let (asks, former) = (prompt.asks, prompt.former.take());
                self.prompt = None;
                match (asks, former) {
                    (Asks::Search { backward }, _) if self.page.is_some() => {
                        self.search(String::new(), backward, true, out);
                    }
                    (Asks::Command, _) | (_, None) => {}
                    (_, Some(former)) => {
                        self.tell_pane(PaneMsg::Restore(Box::new(former)), out);
                    }
                }
            }
        }
    }

    /// Another text stands there: searches and filters show at once what it would find.
    pub(super) fn typed(&mut self, out: &mut Vec<Effect>) {
        let Some(prompt) = &mut self.prompt else { return };
        prompt.hint.clear();
        let text = prompt.text();
        match prompt.asks {
            Asks::Search { backward } => self.search(text, backward, false, out),
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
            Asks::Search { backward } => self.search(text, backward, true, out),
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
