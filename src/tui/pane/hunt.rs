//! The way to the next match or error: what is found and cannot be seen is passed, of a failure only
//! its beginning is gone to, and steps that are asked for meanwhile are made one after the other.

use super::rows::{Folding, Rows};
use super::{Hunt, LogPane, PaneEffect};
use crate::feed::window::{At, Place, Target, Want};
use crate::model::{Level, Stamp};

/// Later than every record, in microseconds.
const YEAR_9999: i64 = 253_402_207_200_000_000;
/// Steps that are remembered while one is on its way.
const MOST_AHEAD: usize = 100;

/// What comes of a record that was found.
enum Step {
    /// This is gone to: its place among those held.
    Stop(usize),
    /// It is passed: the search goes on from here.
    From(Place),
}

impl LogPane {
    /// Looks for the next match or error from the row under the cursor.
    pub(super) fn hunt_from_here(
        &mut self,
        error: bool,
        forward: bool,
        effects: &mut Vec<PaneEffect>,
    ) {
        // What is under the cursor is not known before the log is open there.
        if self.is_hunting() || self.pending.open.is_some() {
            if self.ahead.len() < MOST_AHEAD {
                self.ahead.push_back((error, forward));
            }
            return;
        }
        let Some(row) = self.current() else { return };
        let from = self.held[row.at].item.place;
        self.hunt = Some(Hunt { error, forward, round: false, from });
        self.hunt_on(from, effects);
    }

    /// Goes on looking behind a record.
    fn hunt_on(&mut self, from: Place, effects: &mut Vec<PaneEffect>) {
        let Some(hunt) = &self.hunt else { return };
        let forward = hunt.forward;
        let target = match (&self.search, hunt.error) {
            (_, true) => Target::Error,
            (Some(search), false) => Target::Match(search.pattern.clone()),
            (None, false) => return self.hunt = None,
        };
        effects.push(self.ask(Want::Find { from, target, forward }));
    }

    pub(super) fn found(&mut self, found: Option<Place>, effects: &mut Vec<PaneEffect>) {
        (self.pending.find, self.progress) = (None, None);
        let Some(hunt) = self.hunt.take() else { return };
        let Some(place) = found else { return self.found_nothing(hunt, effects) };
        match self.holds((place.plan, place.seq)) {
            Some(at) => self.arrive(hunt, at, effects),
            None => {
                self.go_to(At::Near(place), effects);
                self.goal = Some((hunt, place));
            }
        }
    }

    fn found_nothing(&mut self, hunt: Hunt, effects: &mut Vec<PaneEffect>) {
        let words = match (hunt.error, hunt.forward) {
            (true, true) => "no error further down · E goes up",
            (true, false) => "no error further up · e goes down",
            (false, _) if hunt.round => "no match",
            (false, forward) => {
                // Once more, from the other end.
                let (ts, seq) = if forward { (0, 0) } else { (YEAR_9999, u64::MAX) };
                let from = Place { ts: Stamp(ts), plan: 0, seq };
                self.hunt = Some(Hunt { round: true, from, ..hunt });
                return self.hunt_on(from, effects);
            }
        };
        self.ahead.clear();
        effects.push(PaneEffect::Say(words.into()));
    }

    /// Goes to what was found once it has been read.
    pub(super) fn reach_goal(&mut self, effects: &mut Vec<PaneEffect>) {
        let Some((hunt, place)) = self.goal.take() else { return self.go_on(effects) };
        if let Some(at) = self.holds((place.plan, place.seq)) {
            self.arrive(hunt, at, effects);
        } else if self.pending.older.is_some() || self.pending.newer.is_some() {
            self.goal = Some((hunt, place));
        } else {
            self.ahead.clear();
        }
    }

    /// Goes to a record that was found and is held, or on from there.
    fn arrive(&mut self, hunt: Hunt, at: usize, effects: &mut Vec<PaneEffect>) {
        let at = match self.step(&hunt, at) {
            Step::Stop(at) => at,
            Step::From(place) => {
                self.hunt = Some(hunt);
                return self.hunt_on(place, effects);
            }
        };
        let place = self.held[at].item.place;
        if hunt.error {
            self.pause();
            self.place_cursor(self.rows.of(at), self.height() / 3);
        } else {
            self.open_around(place);
            self.show(place, effects);
        }
        if hunt.round {
            effects.push(PaneEffect::Say("searched on from the other end".into()));
            self.search.iter_mut().for_each(|search| search.round = true);
        }
        self.go_on(effects);
    }

    /// Makes the next of the steps that were asked for meanwhile, if nothing is on its way.
    fn go_on(&mut self, effects: &mut Vec<PaneEffect>) {
        if self.is_hunting() || self.pending.open.is_some() {
            return;
        }
        match self.ahead.pop_front() {
            Some((true, forward)) => self.hunt_from_here(true, forward, effects),
            Some((false, forward)) => self.next_match_to(forward, effects),
            None => {}
        }
    }

    fn step(&self, hunt: &Hunt, at: usize) -> Step {
        let place = |at: usize| self.held[at].item.place;
        if self.rows.hides(at) {
            return Step::From(place(at));
        }
        let Some((begin, end)) = self.failure(at).filter(|_| hunt.error) else {
            return Step::Stop(at);
        };
        // One stop for each failure: where it begins, unless that is where the search began.
        match hunt.forward {
            true if place(begin).is_after(&hunt.from) => Step::Stop(begin),
            true => Step::From(place(end)),
            false if hunt.from.is_after(&place(begin)) => Step::Stop(begin),
            false => Step::From(place(begin)),
        }
    }

    /// Of the traceback in which a record is, open or not: where the failure begins that it tells
    /// of, the line before it if that is an error, and where it ends.
    fn failure(&self, at: usize) -> Option<(usize, usize)> {
        let rows = Rows::new(&self.held, &Folding::default());
        let row = rows.list.get(rows.of(at)).filter(|row| row.folded.contains(&at))?;
        let (head, end) = (row.at, row.folded.iter().copied().max()?);
        let line = &self.held[head];
        let before = (0..head).rev().find(|&before| self.held[before].is_beside(line));
        let told = before.filter(|&before| {
            let alone = rows.list.get(rows.of(before)).is_some_and(|row| row.folded.is_empty());
            alone && self.held[before].item.level >= Some(Level::Error)
        });
        Some((told.unwrap_or(head), end))
    }

    /// Opens the traceback in which a record is, so that it can be seen.
    pub(super) fn open_around(&mut self, place: Place) {
        let Some(at) = self.holds((place.plan, place.seq)) else { return };
        let row = &self.rows.list[self.rows.of(at)];
        if row.at != at && row.folded.contains(&at) {
            let head = self.held[row.at].item.place;
            let key = (head.plan, head.seq);
            self.keep_cursor(|pane| {
                if !pane.folding.flipped.remove(&key) {
                    pane.folding.flipped.insert(key);
                }
            });
        }
    }
}
