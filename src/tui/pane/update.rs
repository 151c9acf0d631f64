//! What keys and words do.

use std::sync::Arc;

use super::{Former, LogPane, PaneEffect, PaneKey, PaneMsg, Times};
use crate::feed::window::{At, Filter, Pattern, Place, TaskGlob, View, Want};
use crate::model::{Level, Stream};

/// Columns that text is moved by.
const ASIDE: usize = 8;

impl LogPane {
    /// Takes in what happened, and says what is to be done.
    pub fn update(&mut self, msg: PaneMsg) -> Vec<PaneEffect> {
        let mut effects = Vec::new();
        if matches!(msg, PaneMsg::Key(_) | PaneMsg::Wheel(_) | PaneMsg::Click { .. }) {
            self.aim = None;
        }
        self.stuck &= matches!(msg, PaneMsg::Answer(_));
        match msg {
            PaneMsg::Key(key) => self.key_pressed(key, &mut effects),
            PaneMsg::Resize { width, height } => self.resized((width, height), &mut effects),
            PaneMsg::Answer(answer) => self.take(answer, &mut effects),
            PaneMsg::Wheel(rows) => self.scroll(rows as isize),
            PaneMsg::Click { row, .. } => self.clicked(row),
            PaneMsg::Search { text, backward, done } => {
                self.search_for(&text, backward, done, &mut effects);
            }
            PaneMsg::Filter(text) => match filter_of(&text) {
                Ok((text, exclude)) => {
                    self.trouble = None;
                    let filter = Filter { text, exclude, ..self.view.filter.clone() };
                    self.refilter(filter, &mut effects);
                }
                Err(trouble) => self.trouble = Some(trouble),
            },
            PaneMsg::Restore(former) => self.restore(*former, &mut effects),
            PaneMsg::Level(level) => {
                self.refilter(Filter { level, ..self.view.filter.clone() }, &mut effects);
            }
            PaneMsg::Streams(streams) => {
                self.refilter(Filter { streams, ..self.view.filter.clone() }, &mut effects);
            }
            PaneMsg::Task(text) => {
                let task = (!text.is_empty()).then(|| TaskGlob::new(&text)).transpose();
                match task {
                    Ok(task) => {
                        self.trouble = None;
                        self.refilter(Filter { task, ..self.view.filter.clone() }, &mut effects);
                    }
                    Err(trouble) => self.trouble = Some(trouble),
                }
            }
            PaneMsg::Run(run) => {
                self.refilter(Filter { run, ..self.view.filter.clone() }, &mut effects);
            }
            PaneMsg::Goto(at) => self.go_to(at, &mut effects),
            PaneMsg::Seen(seen) => {
                let again = self.hidden && seen;
                self.hidden = !seen;
                if again && self.follow {
                    self.go_to(At::End, &mut effects);
                }
            }
        }
        self.stay_in_sight();
        self.balance(&mut effects);
        effects
    }

    /// Whatever changed around it, the cursor is on the screen.
    fn stay_in_sight(&mut self) {
        if self.follow || self.cursor.is_none() || self.rows.list.is_empty() {
            return;
        }
        let row = self.cursor_row();
        if !self.visible().iter().any(|(shown, _)| *shown == row) {
            self.show_cursor();
        }
    }

    fn resized(&mut self, size: (u16, u16), effects: &mut Vec<PaneEffect>) {
        let first = self.size == (0, 0);
        // What is under the cursor stays where it is, as far as there is room.
        let line = (!self.follow).then(|| self.cursor_line());
        self.size = size;
        if first {
            self.go_to(At::End, effects);
        } else if let Some(line) = line {
            self.place_cursor(self.cursor_row(), line.min(self.height() - 1));
        }
    }

    fn clicked(&mut self, row: u16) {
        let line = isize::try_from(row).unwrap_or(isize::MAX);
        let rows = self.visible();
        let under = rows.iter().rev().find(|(_, first)| *first <= line).map(|(row, _)| *row);
        let Some(under) = under else { return };
        self.pause();
        if self.cursor == self.key(under) {
            self.flip();
        } else {
            self.cursor = self.key(under);
        }
    }

    fn key_pressed(&mut self, key: PaneKey, effects: &mut Vec<PaneEffect>) {
        let page = self.height().saturating_sub(1).max(1) as isize;
        use PaneKey::{NextError, NextMatch, PreviousError, PreviousMatch};
        if !matches!(key, NextMatch | PreviousMatch | NextError | PreviousError) {
            self.ahead.clear();
        }
        match key {
            PaneKey::Up => self.move_by(-1),
            PaneKey::Down => self.move_by(1),
            PaneKey::PageUp => self.scroll(-page),
            PaneKey::PageDown => self.scroll(page),
            PaneKey::HalfUp => self.scroll(-(page / 2).max(1)),
            PaneKey::HalfDown => self.scroll((page / 2).max(1)),
            PaneKey::First => self.go_to(At::Begin, effects),
            PaneKey::Follow => self.go_to(At::End, effects),
            PaneKey::Left => self.left = self.left.saturating_sub(ASIDE),
            PaneKey::Right => self.left += if self.settings.wrap { 0 } else { ASIDE },
            PaneKey::NextMatch => self.next_match(true, effects),
            PaneKey::PreviousMatch => self.next_match(false, effects),
            PaneKey::NextError => self.hunt_from_here(true, true, effects),
            PaneKey::PreviousError => self.hunt_from_here(true, false, effects),
            PaneKey::Wrap => {
                (self.settings.wrap, self.left) = (!self.settings.wrap, 0);
                self.keep_cursor(|_| {});
            }
            PaneKey::Times => {
                self.settings.times = match self.settings.times {
                    Times::Clock => Times::Iso,
                    Times::Iso => Times::Delta,
                    Times::Delta => Times::Off,
                    Times::Off => Times::Clock,
                };
            }
            PaneKey::Raw => {
                self.settings.raw = !self.settings.raw;
                self.folding.raw = self.settings.raw;
                let everything = self.settings.raw;
                self.refilter(Filter { everything, ..self.view.filter.clone() }, effects);
            }
            PaneKey::Level => {
                let level = match self.view.filter.level {
                    None => Some(Level::Info),
                    Some(Level::Info) => Some(Level::Warning),
                    Some(Level::Warning) => Some(Level::Error),
                    Some(_) => None,
                };
                self.refilter(Filter { level, ..self.view.filter.clone() }, effects);
            }
            PaneKey::Stream => {
                let next = match self.view.filter.streams.first() {
                    None => Some(Stream::Stdout),
                    Some(Stream::Stdout) => Some(Stream::Stderr),
                    Some(Stream::Stderr) => Some(Stream::Planwatch),
                    Some(Stream::Planwatch) => Some(Stream::Events),
                    Some(_) => None,
                };
                let streams = next.into_iter().collect();
                self.refilter(Filter { streams, ..self.view.filter.clone() }, effects);
            }
            PaneKey::Mark => self.mark(),
            PaneKey::NextMark => self.next_mark(true, effects),
            PaneKey::PreviousMark => self.next_mark(false, effects),
            PaneKey::Open => self.flip(),
            PaneKey::OpenAll => self.keep_cursor(|pane| {
                pane.folding.open_all = !pane.folding.open_all;
                pane.folding.flipped.clear();
            }),
            PaneKey::Copy => self.copy(false, effects),
            PaneKey::Save => self.copy(true, effects),
            PaneKey::Inspect => {
                if let Some(row) = self.current() {
                    let place = self.held[row.at].item.place;
                    effects.push(self.ask(Want::Line(place)));
                }
            }
            PaneKey::Cancel => self.cancel(effects),
        }
    }

    /// Opens the log somewhere else.
    pub(super) fn go_to(&mut self, at: At, effects: &mut Vec<PaneEffect>) {
        let around = (3 * self.height()).max(150);
        let (before, after) = match at {
            At::End => {
                self.resume();
                (around, 0)
            }
            At::Begin => {
                self.pause();
                (0, around)
            }
            _ => {
                self.pause();
                (around, around)
            }
        };
        self.loading = true;
        (self.hunt, self.goal) = (None, None);
        effects.push(self.ask(Want::Open { at, before, after }));
    }

    /// Shows other records: the one under the cursor, or what is nearest to it, stays there.
    pub(super) fn refilter(&mut self, filter: Filter, effects: &mut Vec<PaneEffect>) {
        if filter == self.view.filter {
            return;
        }
        if let Some(row) = self.current() {
            self.home = Some(self.held[row.at].item.place);
        }
        self.view = Arc::new(View { plans: self.view.plans.clone(), filter });
        if let Some(search) = &mut self.search {
            (search.counted, search.total) = (false, 0);
            search.places.clear();
        }
        match self.home.filter(|_| !self.follow) {
            Some(place) => self.go_to(At::Near(place), effects),
            None => self.go_to(At::End, effects),
        }
        self.count(effects);
    }

    fn restore(&mut self, former: Former, effects: &mut Vec<PaneEffect>) {
        self.trouble = None;
        if self.search.is_some() || former.search.is_some() {
            self.search_for("", false, false, effects);
            self.search = former.search;
        }
        let refiltered = former.filter != self.view.filter;
        self.refilter(former.filter, effects);
        let counted = self.search.as_ref().is_none_or(|search| search.counted);
        if !refiltered && !counted {
            self.count(effects);
        }
    }

    fn mark(&mut self) {
        let Some(row) = self.current() else { return };
        let place = self.held[row.at].item.place;
        self.pause();
        let known =
            self.marks.iter().position(|mark| (mark.plan, mark.seq) == (place.plan, place.seq));
        match known {
            Some(known) => {
                self.marks.remove(known);
            }
            None => {
                self.marks.push(place);
                self.marks.sort_by_key(|mark| (mark.ts, mark.plan, mark.seq));
            }
        }
    }

    fn next_mark(&mut self, forward: bool, effects: &mut Vec<PaneEffect>) {
        let Some(row) = self.current() else { return };
        let here = self.held[row.at].item.place;
        let here = (here.ts, here.plan, here.seq);
        let of = |mark: &&Place| (mark.ts, mark.plan, mark.seq);
        let next = if forward {
            self.marks.iter().find(|mark| of(mark) > here)
        } else {
            self.marks.iter().rev().find(|mark| of(mark) < here)
        };
        match next.copied() {
            Some(place) => self.show(place, effects),
            None => {
                let what = if self.marks.is_empty() {
                    "nothing is marked: m marks"
                } else {
                    "no mark further on"
                };
                effects.push(PaneEffect::Say(what.into()));
            }
        }
    }

    /// Opens or closes the traceback under the cursor.
    fn flip(&mut self) {
        let Some(row) = self.current() else { return };
        let head =
            if row.folded.is_empty() && !row.opened { self.head_of(row.at) } else { Some(row.at) };
        let Some(head) = head else { return };
        self.pause();
        let place = self.held[head].item.place;
        let key = (place.plan, place.seq);
        self.cursor = Some(key);
        self.keep_cursor(|pane| {
            if !pane.folding.flipped.remove(&key) {
                pane.folding.flipped.insert(key);
            }
        });
    }

    /// The first line of the open traceback that this record is in.
    fn head_of(&self, at: usize) -> Option<usize> {
        let mut folding = self.folding.clone();
        (folding.open_all, folding.flipped) = (false, Default::default());
        let rows = super::rows::Rows::new(&self.held, &folding);
        rows.list.get(rows.of(at)).filter(|row| row.folded.contains(&at)).map(|row| row.at)
    }

    /// Changes how records become rows; the cursor stays on its line of the screen.
    pub(super) fn keep_cursor(&mut self, change: impl FnOnce(&mut LogPane)) {
        let line = self.cursor_line();
        change(self);
        self.refold();
        if !self.follow {
            self.place_cursor(self.cursor_row(), line);
        }
    }

    fn copy(&mut self, save: bool, effects: &mut Vec<PaneEffect>) {
        if let [first, .., last] = self.marks[..] {
            let ask = self.ask(Want::Text { from: first, to: last });
            self.pending.text = Some((self.pending.last, save));
            return effects.push(ask);
        }
        let text = self.row_text();
        if !text.is_empty() {
            let lines = text.lines().count();
            effects.push(if save { PaneEffect::Save(text) } else { PaneEffect::Copy(text) });
            if !save {
                effects.push(PaneEffect::Say(copied(lines)));
            }
        }
    }

    fn cancel(&mut self, effects: &mut Vec<PaneEffect>) {
        self.trouble = None;
        if self.is_hunting() {
            (self.hunt, self.goal, self.progress) = (None, None, None);
            effects.push(self.ask(Want::Cancel));
        } else if self.search.take().is_some() {
            effects.push(self.ask(Want::Cancel));
        } else {
            let everything = self.settings.raw;
            self.refilter(Filter { everything, ..Filter::default() }, effects);
        }
    }

    /// Brings a record to the screen, and the cursor to it.
    pub(super) fn show(&mut self, place: Place, effects: &mut Vec<PaneEffect>) {
        let Some(at) = self.holds((place.plan, place.seq)) else {
            return self.go_to(At::Near(place), effects);
        };
        self.pause();
        let row = self.rows.of(at);
        let seen = self.visible().iter().any(|(shown, line)| *shown == row && *line >= 0);
        if seen {
            self.cursor = self.key(row);
            self.show_cursor();
        } else {
            self.place_cursor(row, self.height() / 3);
        }
    }
}

fn copied(lines: usize) -> String {
    if lines == 1 { "copied 1 line".into() } else { format!("copied {lines} lines") }
}

/// What lines must fit, and what not.
fn filter_of(text: &str) -> Result<(Option<Pattern>, Option<Pattern>), String> {
    Ok(match text.strip_prefix('!') {
        None if text.is_empty() => (None, None),
        None => (Some(Pattern::new(text)?), None),
        Some("") => (None, None),
        Some(not) => (None, Some(Pattern::new(not)?)),
    })
}
