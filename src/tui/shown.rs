//! Which logs are on the screen: one, several beside each other, or several as one.

use ratatui::layout::Rect;

use super::app::{App, Focus};
use super::kept::Layout;
use super::keys;
use super::layout::{Places, Plan, Zoom, inside};
use super::msg::Effect;
use super::page::Page;
use super::pane::{LogPane, PaneEffect, PaneKey, PaneMsg};
use crate::feed::window::{self, Request, View, Want, WindowId};
use crate::model::PlanName;
use crate::render::sanitize::harmless;

/// Logs beside each other at most.
pub(super) const MOST: usize = 9;
/// Logs beside each other where nobody said which.
const UNASKED: usize = 4;
/// Panes that are kept though they are not seen, so that coming back finds the place.
const HIDDEN: usize = 16;

/// A log pane.
pub(super) struct Shown {
    /// Its window.
    pub(super) id: WindowId,
    /// Whose log.
    pub(super) plans: Vec<PlanName>,
    /// The pane.
    pub(super) pane: LogPane,
    /// Whether it names its plans in front of each line.
    merged: bool,
    size: (u16, u16),
    seen: bool,
}

impl App {
    /// Where everything stands now.
    pub(super) fn places(&self) -> Places {
        let plan = Plan {
            logs: self.shown.len(),
            plans: self.rows.len(),
            tasks: self.tasks.is_some(),
            zoom: self.zoom.then_some(match self.focus {
                Focus::Tasks => Zoom::Tasks,
                _ => Zoom::Log,
            }),
            list: self.focus_is_list(),
        };
        Places::of(self.width, self.height, plan)
    }

    /// The logs to be shown, each with its plans.
    fn wanted(&self) -> Vec<Vec<PlanName>> {
        let named = |rows: &mut dyn Iterator<Item = &super::list::Row>, most: usize| {
            rows.filter(|row| row.on_disk)
                .take(most)
                .map(|row| row.facts.plan.clone())
                .collect::<Vec<_>>()
        };
        let several = |most: usize| {
            let tagged = &mut self.rows.iter().filter(|row| self.is_tagged(row));
            let tagged = named(tagged, MOST);
            if !tagged.is_empty() {
                return tagged;
            }
            let live = named(&mut self.rows.iter().filter(|row| row.is_live()), most);
            let mut plans = if live.is_empty() { named(&mut self.rows.iter(), most) } else { live };
            // The one that is looked at is always among them.
            let selected = self.row().filter(|row| row.on_disk).map(|row| &row.facts.plan);
            if let Some(selected) = selected.filter(|plan| !plans.contains(plan)) {
                plans.truncate(most - 1);
                plans.push(selected.clone());
            }
            plans
        };
        match self.kept.layout {
            Layout::List => {
                let rows = self.row().filter(|row| row.on_disk).into_iter();
                rows.map(|row| vec![row.facts.plan.clone()]).collect()
            }
            Layout::Grid => several(UNASKED).into_iter().map(|plan| vec![plan]).collect(),
            Layout::Merged => {
                let plans = several(MOST);
                if plans.is_empty() { Vec::new() } else { vec![plans] }
            }
        }
    }

    /// Brings the panes in step with what is to be shown, and tells each its size.
    pub(super) fn fit(&mut self, out: &mut Vec<Effect>) {
        let wanted = self.wanted();
        let mut shown = Vec::new();
        for plans in wanted {
            let merged = self.kept.layout == Layout::Merged;
            let is_it = |pane: &&Shown| pane.plans == plans && pane.merged == merged;
            let known = self.panes.iter().find(is_it).map(|pane| pane.id);
            shown.push(known.unwrap_or_else(|| self.open(plans)));
        }
        self.shown = shown;
        // Those that were not seen for longest stand first.
        self.panes.sort_by_key(|pane| self.shown.contains(&pane.id));
        self.forget(out);
        let places = self.places();
        let seen = match self.zoom {
            true => self.current().into_iter().collect::<Vec<_>>(),
            false => self.shown.clone(),
        };
        // Who is not seen reads nothing; who comes back reads what was written meanwhile.
        let seen: Vec<(WindowId, Rect)> = seen.into_iter().zip(places.logs).collect();
        let mut effects = Vec::new();
        for shown in &mut self.panes {
            let area = seen.iter().find(|(id, _)| *id == shown.id).map(|(_, area)| inside(*area));
            if area.is_some() != shown.seen {
                shown.seen = area.is_some();
                effects.extend(shown.pane.update(PaneMsg::Seen(shown.seen)));
            }
            let Some(Rect { width, height, .. }) = area else { continue };
            if shown.size != (width, height) {
                shown.size = (width, height);
                effects.extend(shown.pane.update(PaneMsg::Resize { width, height }));
            }
        }
        self.perform(effects, out);
    }

    fn open(&mut self, plans: Vec<PlanName>) -> WindowId {
        self.windows += 1;
        let merged = self.kept.layout == Layout::Merged;
        let pane = LogPane::new(self.windows, plans.clone(), merged, self.kept.settings());
        let (id, size, seen) = (self.windows, (0, 0), true);
        self.panes.push(Shown { id, plans, pane, merged, size, seen });
        self.windows
    }

    /// Closes the panes that were not seen for longest.
    fn forget(&mut self, out: &mut Vec<Effect>) {
        let hidden = self.panes.iter().filter(|pane| !self.shown.contains(&pane.id)).count();
        for _ in HIDDEN..hidden {
            let Some(at) = self.panes.iter().position(|pane| !self.shown.contains(&pane.id)) else {
                return;
            };
            let Shown { id: window, plans, .. } = self.panes.remove(at);
            let view = View { plans, filter: window::Filter::default() }.into();
            out.push(Effect::Ask(Request { window, ticket: u64::MAX, view, want: Want::Close }));
        }
    }

    /// The log that keys go to.
    pub(super) fn current(&self) -> Option<WindowId> {
        self.shown.get(self.at).or(self.shown.first()).copied()
    }

    /// The pane of a window.
    pub(super) fn pane(&self, id: WindowId) -> Option<&Shown> {
        self.panes.iter().find(|pane| pane.id == id)
    }

    /// Hands something to the log that has the focus.
    pub(super) fn tell_pane(&mut self, msg: PaneMsg, out: &mut Vec<Effect>) {
        if let Some(id) = self.current() {
            self.tell_window(id, msg, out);
        }
    }

    /// Hands something to a log.
    pub(super) fn tell_window(&mut self, id: WindowId, msg: PaneMsg, out: &mut Vec<Effect>) {
        let Some(pane) = self.panes.iter_mut().find(|pane| pane.id == id) else { return };
        let effects = pane.pane.update(msg);
        let kept = self.kept.with(pane.pane.settings());
        if kept != self.kept {
            self.kept = kept;
            out.push(Effect::Keep(kept));
        }
        self.perform(effects, out);
    }

    fn perform(&mut self, effects: Vec<PaneEffect>, out: &mut Vec<Effect>) {
        let mut copied = false;
        for effect in effects {
            match effect {
                PaneEffect::Ask(request) => out.push(Effect::Ask(request)),
                PaneEffect::Copy(text) => {
                    copied = true;
                    out.push(Effect::Copy(text));
                }
                PaneEffect::Save(text) => out.push(Effect::Save(text)),
                PaneEffect::Say(text) => self.said = Some(text),
                PaneEffect::Inspect { title, text } => {
                    let lines = text.lines().map(|line| harmless(line).into()).collect();
                    self.page = Some(Page::new(title, lines));
                }
            }
        }
        // Whether the terminal takes it is not known: it never answers.
        if copied && let Some(said) = &mut self.said {
            let key = keys::name_of(keys::Action::Pane(PaneKey::Save));
            said.push_str(&format!(": sent to the terminal's clipboard · {key} saves to a file"));
        }
    }

    /// The log at a place of the screen, and where it is.
    pub(super) fn log_at(&self, x: u16, y: u16) -> Option<(usize, WindowId, Rect)> {
        let places = self.places();
        let seen = match self.zoom {
            true => vec![(self.at, self.current()?)],
            false => self.shown.iter().copied().enumerate().collect(),
        };
        (seen.into_iter().zip(places.logs))
            .find(|(_, area)| area.contains((x, y).into()))
            .map(|((at, id), area)| (at, id, area))
    }
}
