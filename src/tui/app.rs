//! What the screen knows, and what every message does to it.

use std::collections::BTreeSet;

use super::confirm::Confirm;
use super::kept::Kept;
use super::keys::{self, Action, Place};
use super::list::Row;
use super::look::Look;
use super::msg::{Effect, FileOfPlans, Mouse, Msg, PlanFacts, Press};
use super::page::{Page, Why};
use super::painted;
use super::pane::PaneMsg;
use super::prompt::{Asks, Prompt};
use super::shown::Shown;
use super::tasks::TaskView;
use crate::feed::window::WindowId;
use crate::model::{PlanName, Stamp};

/// What has the keys where nothing lies over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
    /// The list.
    List,
    /// A log.
    Log,
    /// The tasks.
    Tasks,
}

/// Everything that is known. See [`App::update`] and [`App::view`].
pub struct App {
    pub(super) look: Look,
    pub(super) kept: Kept,
    pub(super) now: Stamp,
    pub(super) width: u16,
    pub(super) height: u16,
    /// The plans, in the order of the list.
    pub(super) rows: Vec<Row>,
    /// All plans there were at the beginning are known.
    pub(super) listed: bool,
    pub(super) selected: Option<PlanName>,
    /// The user chose the selected plan.
    pub(super) chosen: bool,
    pub(super) tagged: BTreeSet<PlanName>,
    /// First row of the list that is seen.
    pub(super) top: usize,
    pub(super) panes: Vec<Shown>,
    /// The panes on the screen.
    pub(super) shown: Vec<WindowId>,
    /// Which of them has the focus.
    pub(super) at: usize,
    pub(super) windows: WindowId,
    pub(super) focus: Focus,
    pub(super) zoom: bool,
    pub(super) tasks: Option<TaskView>,
    pub(super) page: Option<Page>,
    /// Of which plan a page of why was asked for and has not come, and as of which record.
    pub(super) asked_why: Option<Why>,
    pub(super) confirm: Option<Confirm>,
    pub(super) prompt: Option<Prompt>,
    /// What was searched for, filtered by and commanded.
    pub(super) history: [Vec<String>; 3],
    /// What is said in the last row, until the next key.
    pub(super) said: Option<String>,
    pub(super) polling: Option<String>,
    /// Whether there is a connection to the machine whose plans these are; None: they are of this one.
    pub(super) connected: Option<bool>,
    /// Which plans are watched, as the user said it; empty: all.
    pub(super) watched: String,
    /// There is a file of plans to start some of.
    pub(super) has_file: bool,
    /// What was read of it last.
    pub(super) file: Option<Result<FileOfPlans, String>>,
}

impl App {
    /// The same, of which it is known that not all plans are watched but these.
    pub fn watching(self, watched: String) -> App {
        App { watched, ..self }
    }

    /// The same, where plans of a file can be started.
    pub fn with_file(self, has_file: bool) -> App {
        App { has_file, ..self }
    }

    /// A screen that knows nothing yet.
    pub fn new(look: Look, kept: Kept, now: Stamp) -> App {
        App {
            look,
            kept,
            now,
            width: 0,
            height: 0,
            rows: Vec::new(),
            listed: false,
            selected: None,
            chosen: false,
            tagged: BTreeSet::new(),
            top: 0,
            panes: Vec::new(),
            shown: Vec::new(),
            at: 0,
            windows: 0,
            focus: Focus::List,
            zoom: false,
            tasks: None,
            page: None,
            asked_why: None,
            confirm: None,
            prompt: None,
            history: Default::default(),
            said: None,
            polling: None,
            connected: None,
            watched: String::new(),
            has_file: false,
            file: None,
        }
    }

    /// Takes in what happened and says what is to be done.
    pub fn update(&mut self, msg: Msg) -> Vec<Effect> {
        self.update_all([msg])
    }

    /// The same for many messages at once: what follows from all of them is found out once.
    pub fn update_all(&mut self, msgs: impl IntoIterator<Item = Msg>) -> Vec<Effect> {
        let mut out = Vec::new();
        let listed = self.listed;
        let before = listed.then(|| self.before());
        msgs.into_iter().for_each(|msg| self.take(msg, &mut out));
        if let Some(before) = before {
            self.ring(&before, &mut out);
        }
        self.rows.sort_by(|one, other| one.order().cmp(&other.order()));
        self.select(listed, &mut out);
        self.fit(&mut out);
        self.make_tasks();
        out
    }

    fn take(&mut self, msg: Msg, out: &mut Vec<Effect>) {
        match msg {
            Msg::Press(press) => self.press(press, out),
            Msg::Paste(text) => self.paste(&text, out),
            Msg::Mouse(mouse, x, y) => self.mouse(mouse, x, y, out),
            Msg::Resize(width, height) => (self.width, self.height) = (width, height),
            Msg::Now(now) => self.now = now,
            Msg::Tick(now) => {
                self.now = now;
                self.rows.iter_mut().filter(|row| row.is_live()).for_each(|row| row.tick(now));
                self.renew_tasks(out);
                self.renew_why(out);
            }
            Msg::Plan(facts) => self.plan(facts, out),
            Msg::Left(plan, left) => {
                let row = self.rows.iter_mut().find(|row| row.facts.plan == plan);
                row.into_iter().for_each(|row| row.facts.left = left);
            }
            Msg::Gone(plan) => self.gone(&plan, out),
            Msg::Queue(queue) => self.take_queue(queue, out),
            Msg::File(file) => self.take_file(file),
            Msg::Meant(plans) => self.propose_start(plans, out),
            Msg::Listed => self.listed = true,
            Msg::Polling(why) => self.polling = why,
            Msg::Connected(connected) => {
                // What was on its way was lost with the connection before.
                if connected && self.connected == Some(false) {
                    self.ask_again(out);
                }
                self.connected = Some(connected);
            }
            Msg::Answer(answer) => self.tell_window(answer.window, PaneMsg::Answer(answer), out),
            Msg::Tasks(tasks) => self.take_tasks(*tasks),
            Msg::NoTasks(plan, why) => self.take_no_tasks(&plan, why),
            Msg::Why { plan, text } => self.take_why(plan, &text),
            Msg::Say(text) => self.said = Some(text),
        }
    }

    /// Columns and rows it draws for.
    pub fn size(&self) -> (u16, u16) {
        (self.width, self.height)
    }

    /// Whether the screen has to be told the time: something on it counts seconds.
    pub fn has_clock(&self) -> bool {
        self.rows.iter().any(Row::is_live)
    }

    fn plan(&mut self, facts: PlanFacts, out: &mut Vec<Effect>) {
        let plan = facts.plan.clone();
        let live = facts.run.as_ref().is_some_and(|run| run.state.is_live());
        match self.rows.iter_mut().find(|row| row.facts.plan == plan) {
            Some(row) => row.renew(facts),
            None => self.rows.push(Row::new(facts)),
        }
        // While it runs, once a second is often enough.
        if self.selected.as_ref() == Some(&plan) && !live {
            self.renew_tasks(out);
        }
        if !live {
            self.renew_why(out);
        }
    }

    /// A plan is no more. Where it was selected, who stood below it is now.
    pub(super) fn gone(&mut self, plan: &PlanName, out: &mut Vec<Effect>) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.facts.plan == *plan)
            && row.queued().is_some()
        {
            row.forget_runs();
            return;
        }
        let place = self.rows.iter().position(|row| row.facts.plan == *plan);
        self.rows.retain(|row| row.facts.plan != *plan);
        self.tagged.remove(plan);
        if self.selected.as_ref() == Some(plan) {
            self.selected = None;
            self.choose(place.unwrap_or(0), out);
        }
    }

    fn take_why(&mut self, plan: PlanName, text: &[u8]) {
        let Some(asked) = self.asked_why.take_if(|asked| asked.plan == plan) else { return };
        let (title, lines) = (format!("why · {plan}"), painted::lines(text, &self.look));
        match &mut self.page {
            Some(page) if page.why.as_ref().is_some_and(|why| why.plan == plan) => {
                page.renew(title, lines);
                page.why = Some(asked);
            }
            page => {
                let page = page.insert(Page::new(title, lines));
                page.why = Some(asked);
            }
        }
    }

    /// Asks for the page of why again where its plan has gone on since.
    fn renew_why(&mut self, out: &mut Vec<Effect>) {
        let shown = self.page.as_ref().and_then(|page| page.why.clone());
        let Some(shown) = shown.filter(|_| self.asked_why.is_none()) else { return };
        let facts = self.rows.iter().map(|row| &row.facts);
        let seq = facts.clone().find(|facts| facts.plan == shown.plan).map(|facts| facts.seq);
        if seq.is_some_and(|seq| seq > shown.seq) {
            self.ask_why(shown.plan, out);
        }
    }

    /// Makes sure that a plan is selected, and that its row is seen. Until the user has chosen one
    /// or all were known before (`listed`), it is the first.
    fn select(&mut self, listed: bool, out: &mut Vec<Effect>) {
        let gone = self.place().is_none();
        let first = self.rows.first().map(|row| row.facts.plan.clone());
        if gone || (!listed && !self.chosen && self.selected != first) {
            self.selected = first;
            self.renew_tasks(out);
        }
        let height = self.places().list.map_or(1, |area| usize::from(area.height).max(3) - 2);
        let at = self.place().unwrap_or(0);
        let last = self.rows.len().saturating_sub(height);
        self.top = self.top.clamp((at + 1).saturating_sub(height), at).min(last);
    }

    /// Where the selected plan stands in the list.
    pub(super) fn place(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.rows.iter().position(|row| row.facts.plan == *selected)
    }

    /// The row of the selected plan.
    pub(super) fn row(&self) -> Option<&Row> {
        self.rows.get(self.place()?)
    }

    pub(super) fn is_tagged(&self, row: &Row) -> bool {
        self.tagged.contains(&row.facts.plan)
    }

    pub(super) fn focus_is_list(&self) -> bool {
        self.focus == Focus::List
    }

    /// Where the keys go.
    pub(super) fn keys_go(&self) -> Place {
        match (self.page.is_some(), self.focus) {
            (true, _) => Place::Page,
            (_, Focus::List) => Place::List,
            (_, Focus::Log) => Place::Log,
            (_, Focus::Tasks) => Place::Tasks,
        }
    }

    fn press(&mut self, press: Press, out: &mut Vec<Effect>) {
        let said = self.said.take().is_some();
        if self.prompt.is_some() {
            self.type_key(press, out);
        } else if self.confirm.is_some() {
            self.answer(press, out);
        } else if let Some(action) = keys::action(self.keys_go(), press) {
            match action {
                // What was said has gone with this key.
                Action::Escape if said && self.is_at_top() => {}
                _ => self.act(action, out),
            }
        }
    }

    fn paste(&mut self, text: &str, out: &mut Vec<Effect>) {
        if let Some(prompt) = &mut self.prompt {
            prompt.paste(text);
            self.typed(out);
        }
    }

    fn mouse(&mut self, mouse: Mouse, x: u16, y: u16, out: &mut Vec<Effect>) {
        if self.confirm.is_some() || self.prompt.is_some() {
            return;
        }
        if let Some(page) = &mut self.page {
            if let Mouse::Wheel(rows) = mouse {
                page.wheel(rows, self.height.saturating_sub(1));
            }
            return;
        }
        let places = self.places();
        let here = |area: &ratatui::layout::Rect| area.contains((x, y).into());
        if places.list.as_ref().is_some_and(here) {
            self.mouse_in_list(mouse, y, out);
        } else if places.tasks.as_ref().is_some_and(here) {
            self.mouse_in_tasks(mouse);
        } else if let Some((at, id, area)) = self.log_at(x, y) {
            let inside = super::layout::inside(area);
            let msg = match mouse {
                Mouse::Wheel(rows) => PaneMsg::Wheel(rows),
                Mouse::Click => {
                    (self.at, self.focus) = (at, Focus::Log);
                    if !inside.contains((x, y).into()) {
                        return;
                    }
                    PaneMsg::Click { row: y - inside.y, col: x - inside.x }
                }
            };
            self.tell_window(id, msg, out);
        }
    }

    fn mouse_in_list(&mut self, mouse: Mouse, y: u16, out: &mut Vec<Effect>) {
        match mouse {
            Mouse::Wheel(rows) => self.choose_by(isize::try_from(rows).unwrap_or(0), out),
            Mouse::Click => {
                self.focus = Focus::List;
                let row = self.top + usize::from(y.saturating_sub(1));
                if y > 0 && row < self.rows.len() {
                    self.choose(row, out);
                }
            }
        }
    }

    /// Selects the plan at a place of the list.
    pub(super) fn choose(&mut self, at: usize, out: &mut Vec<Effect>) {
        let Some(row) = self.rows.get(at.min(self.rows.len().saturating_sub(1))) else { return };
        self.selected = Some(row.facts.plan.clone());
        self.chosen = true;
        self.renew_tasks(out);
    }

    pub(super) fn choose_by(&mut self, rows: isize, out: &mut Vec<Effect>) {
        self.choose(self.place().unwrap_or(0).saturating_add_signed(rows), out);
    }

    /// Opens a line to be typed.
    pub(super) fn ask(&mut self, asks: Asks) {
        let pane = self.current().and_then(|id| self.pane(id));
        let former = pane.map(|shown| shown.pane.former());
        self.prompt = Some(Prompt::new(asks).over(former));
    }
}
