//! The tasks of the selected plan's run: timeline, tree or table, below the log.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::{App, Focus};
use super::frame::Frame;
use super::keys::Move;
use super::look::Look;
use super::msg::{Effect, Mouse, RunTasks};
use super::page::Page;
use super::painted;
use crate::model::{PlanName, Stamp};
use crate::render::tasks::{
    self, Names, Scene, head, order, task_table, time_left, timeline, tree,
};

/// How the tasks are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Drawn {
    /// Bars over time.
    #[default]
    Timeline,
    /// What requires what.
    Tree,
    /// One row a task, what needs somebody first.
    Table,
}

/// The tasks on the screen.
#[derive(Clone, Debug, Default)]
pub(super) struct TaskView {
    /// How.
    pub(super) drawn: Drawn,
    page: Page,
    tasks: Option<Box<RunTasks>>,
    names: Option<Names>,
    /// Whose tasks were asked for, as of which record.
    asked: Option<(PlanName, u64)>,
    /// They have not come yet.
    waits: bool,
    /// How many tasks are how, and of which run.
    summary: Option<(PlanName, u64, String)>,
    /// For which moment and width the page is.
    made: Option<(Stamp, u16, Drawn)>,
}

impl TaskView {
    fn make(&mut self, now: Stamp, width: u16, look: &Look) {
        let (Some(tasks), Some(names)) = (&self.tasks, &self.names) else { return };
        if self.made == Some((now, width, self.drawn)) {
            return;
        }
        self.made = Some((now, width, self.drawn));
        let RunTasks { plan, run, table, earlier } = &**tasks;
        let left = time_left(table, names, earlier, now);
        let scene = Scene { plan: plan.as_str(), run, table, names, left: left.as_ref(), now };
        let counts: Vec<String> = scene.counts().into_iter().map(|(words, _)| words).collect();
        self.summary = Some((plan.clone(), run.run, counts.join(" · ")));
        let mut text = Vec::new();
        let painting = tasks::Look { width: Some(width.into()), colour: true };
        head(&mut text, &scene, painting);
        match self.drawn {
            Drawn::Timeline => timeline(&mut text, &scene, painting),
            Drawn::Tree => tree(&mut text, &scene, painting),
            Drawn::Table => {
                let places = order(&scene);
                if !places.is_empty() {
                    task_table(&mut text, &scene, &places, painting);
                }
            }
        }
        self.page.renew(format!("tasks · {plan} run {}", run.run), painted::lines(&text, look));
    }

    /// How many tasks of this run are how, if it is the one whose tasks these are.
    pub(super) fn summary(&self, plan: &PlanName, run: u64) -> Option<&str> {
        let (of, number, words) = self.summary.as_ref()?;
        (of == plan && *number == run).then_some(words)
    }

    fn word(&self) -> &'static str {
        match self.drawn {
            Drawn::Timeline => "timeline",
            Drawn::Tree => "tree",
            Drawn::Table => "table",
        }
    }

    /// Draws it.
    pub(super) fn view(&self, area: Rect, buf: &mut Buffer, look: &Look, focus: bool) {
        match &self.tasks {
            Some(_) => self.page.view(area, buf, look, self.word(), focus),
            None => {
                let status = if self.waits { "reading…" } else { "none" };
                Frame { title: "tasks", status, focus, below: "" }.view(area, buf, look)
            }
        }
    }
}

impl App {
    /// Shows the tasks, or puts them away.
    pub(super) fn toggle_tasks(&mut self, out: &mut Vec<Effect>) {
        if self.tasks.take().is_some() {
            if self.focus == Focus::Tasks {
                self.focus = if self.zoom { Focus::Log } else { Focus::List };
            }
            return;
        }
        self.tasks = Some(TaskView::default());
        if self.zoom {
            self.focus = Focus::Tasks;
        } else if self.focus == Focus::List && self.places().tasks.is_none() {
            // On a narrow screen they stand below the log.
            self.focus = Focus::Log;
        }
        self.renew_tasks(out);
    }

    pub(super) fn next_tasks_view(&mut self) {
        if let Some(view) = &mut self.tasks {
            view.drawn = match view.drawn {
                Drawn::Timeline => Drawn::Tree,
                Drawn::Tree => Drawn::Table,
                Drawn::Table => Drawn::Timeline,
            };
        }
    }

    /// Draws the tasks in a way that was named.
    pub(super) fn tasks_as(&mut self, drawn: Drawn, out: &mut Vec<Effect>) {
        self.tasks.get_or_insert_default().drawn = drawn;
        if self.zoom {
            self.focus = Focus::Tasks;
        }
        self.renew_tasks(out);
    }

    /// Asks for the tasks of the selected plan where what is shown is old.
    pub(super) fn renew_tasks(&mut self, out: &mut Vec<Effect>) {
        let Some(row) = self.row() else { return };
        if !row.on_disk {
            if let Some(view) = &mut self.tasks {
                *view = TaskView { drawn: view.drawn, ..TaskView::default() };
            }
            return;
        }
        let (plan, seq) = (row.facts.plan.clone(), row.facts.seq);
        let Some(view) = &mut self.tasks else { return };
        let other = view.asked.as_ref().is_none_or(|(asked, _)| *asked != plan);
        let newer = view.asked.as_ref().is_none_or(|(_, asked)| *asked < seq);
        if other {
            (view.tasks, view.names, view.made) = (None, None, None);
            view.summary = None;
            view.page = Page::default();
        } else if view.waits || !newer {
            return;
        }
        view.asked = Some((plan.clone(), seq));
        view.waits = true;
        out.push(Effect::Tasks(plan));
    }

    /// Asks again for what has not come: it will not come any more.
    pub(super) fn ask_again(&mut self, out: &mut Vec<Effect>) {
        if let Some(view) = &mut self.tasks {
            (view.waits, view.asked) = (false, view.asked.take().map(|(plan, _)| (plan, 0)));
        }
        self.renew_tasks(out);
        if let Some(asked) = self.asked_why.clone() {
            self.ask_why(asked.plan, out);
        }
    }

    pub(super) fn take_tasks(&mut self, tasks: RunTasks) {
        let Some(view) = &mut self.tasks else { return };
        if view.asked.as_ref().is_none_or(|(plan, _)| *plan != tasks.plan) {
            return;
        }
        view.waits = false;
        view.names = Some(Names::new(&tasks.table));
        view.tasks = Some(Box::new(tasks));
        view.made = None;
    }

    /// There are none to be shown: they are asked for again when more is known of the plan.
    pub(super) fn take_no_tasks(&mut self, plan: &PlanName, why: String) {
        let Some(view) = &mut self.tasks else { return };
        if view.asked.as_ref().is_some_and(|(asked, _)| asked == plan) {
            view.waits = false;
            self.said = Some(why);
        }
    }

    pub(super) fn scroll_tasks(&mut self, to: Move) {
        let height = self.places().tasks.map_or(0, |area| area.height);
        if let Some(view) = &mut self.tasks {
            view.page.scroll(to, height);
        }
    }

    pub(super) fn mouse_in_tasks(&mut self, mouse: Mouse) {
        let height = self.places().tasks.map_or(0, |area| area.height);
        let Some(view) = &mut self.tasks else { return };
        match mouse {
            Mouse::Click => self.focus = Focus::Tasks,
            Mouse::Wheel(rows) => view.page.wheel(rows, height),
        }
    }

    /// Brings the picture of the tasks up to now. Done when something happened, not when drawn.
    pub(super) fn make_tasks(&mut self) {
        let width = self.places().tasks.map_or(0, |area| area.width.saturating_sub(2));
        if let Some(view) = &mut self.tasks
            && width > 0
        {
            view.make(self.now, width, &self.look);
        }
    }
}
