//! What comes of the worker's answers, and what is asked for so that there is always enough.

use super::rows::Rows;
use super::sense::Held;
use super::speech::indented;
use super::{LogPane, PaneEffect};
use crate::feed::window::{Answer, At, Cut, Item, News, Place, Slice, Told, Want};

/// Records held, those held while following a flood, and those asked for at once.
const MOST: usize = 4000;
const MOST_LIVE: usize = 1000;
const SOME: usize = 400;
/// Bytes of records held.
const MOST_BYTES: usize = 16 << 20;

impl LogPane {
    pub(super) fn take(&mut self, answer: Answer, effects: &mut Vec<PaneEffect>) {
        if answer.window != self.window {
            return;
        }
        let ticket = Some(answer.ticket);
        let opening = self.pending.open == ticket;
        match answer.told {
            Told::Opened { slice, anchor, last } if opening => {
                self.opened(slice, anchor, last, ticket);
                self.reach_goal(effects);
            }
            Told::Older(slice) if self.pending.older == ticket => {
                self.older(slice);
                self.reach_goal(effects);
            }
            Told::Newer(slice) if self.pending.newer == ticket => {
                self.newer(slice);
                self.reach_goal(effects);
            }
            Told::News(news) if self.pending.follow == ticket => self.news_came(news, effects),
            Told::Found(found) if self.pending.find == ticket => self.found(found, effects),
            Told::Counted { total, places, done } if self.pending.count == ticket => {
                self.pending.count = ticket.filter(|_| !done);
                if let Some(search) = &mut self.search {
                    (search.total, search.places, search.counted) = (total, places, done);
                }
            }
            Told::Line(line) if self.pending.line == ticket => self.inspected(line, effects),
            Told::Text { text, lines, cut } => {
                let Some((_, save)) =
                    self.pending.text.take_if(|(asked, _)| *asked == answer.ticket)
                else {
                    return;
                };
                effects.push(if save { PaneEffect::Save(text) } else { PaneEffect::Copy(text) });
                if cut {
                    let words = format!("that was too much: the first {lines} lines were taken");
                    effects.push(PaneEffect::Say(words));
                } else if !save {
                    let words = format!("copied the {lines} lines between the marks");
                    effects.push(PaneEffect::Say(words));
                }
                // Forgotten ones far from here are not to be in the next copy.
                self.marks.clear();
            }
            Told::Progress(permille) => {
                let pending = &self.pending;
                if [pending.find, pending.older, pending.newer].contains(&ticket) {
                    self.progress = Some(permille);
                }
            }
            Told::Failed(why) => {
                (self.loading, self.progress) = (false, None);
                (self.hunt, self.goal) = (None, None);
                self.ahead.clear();
                self.pending.forget(answer.ticket);
                // Not at once again, and for ever: what cannot be read now may be when a key is pressed.
                self.stuck = true;
                effects.push(PaneEffect::Say(format!("cannot read the log: {why}")));
            }
            _ => {}
        }
    }

    fn opened(&mut self, slice: Slice, anchor: Option<Place>, last: Cut, ticket: Option<u64>) {
        let line = match self.goal {
            Some(_) => self.height() / 3,
            None => self.cursor_line(),
        };
        self.held = slice.items.into_iter().map(Held::new).collect();
        (self.low, self.high) = (slice.low, slice.high);
        (self.begin, self.end) = (slice.begin, slice.end);
        self.pending.older = ticket.filter(|_| slice.owed_before);
        self.pending.newer = ticket.filter(|_| slice.owed_after);
        self.pending.open = None;
        (self.loading, self.progress) = (false, None);
        self.refold();
        if self.follow {
            (self.top, self.cursor) = (None, None);
        } else {
            let since = Some(&self.since).filter(|since| !since.0.is_empty()).cloned();
            (self.unseen, self.seen) = (0, since.unwrap_or(last));
            self.cursor = anchor.map(|place| (place.plan, place.seq));
            self.aim = Some(line);
            self.take_aim();
        }
    }

    /// Keeps the cursor on its line while an opening still gives what it owes.
    fn take_aim(&mut self) {
        let Some(line) = self.aim.filter(|_| !self.follow) else { return };
        if self.cursor.is_some() {
            self.place_cursor(self.cursor_row(), line);
        }
        if self.pending.older.is_none() && self.pending.newer.is_none() {
            self.aim = None;
        }
    }

    fn older(&mut self, slice: Slice) {
        if !slice.owed_before {
            (self.pending.older, self.progress) = (None, None);
        }
        if slice.high != self.low {
            return;
        }
        (self.low, self.begin) = (slice.low, slice.begin);
        self.held.splice(0..0, slice.items.into_iter().map(Held::new));
        if !self.follow {
            self.drop_last();
        }
        self.refold();
        self.take_aim();
    }

    fn newer(&mut self, slice: Slice) {
        if !slice.owed_after {
            (self.pending.newer, self.progress) = (None, None);
        }
        if slice.low != self.high {
            return;
        }
        (self.high, self.end) = (slice.high, slice.end);
        if self.cursor.is_none() && !self.follow && self.aim.is_some() {
            let first = slice.items.first().map(|item| item.place);
            let last = self.held.last().filter(|_| self.end).map(|held| held.item.place);
            self.cursor = first.or(last).map(|place| (place.plan, place.seq));
        }
        self.held.extend(slice.items.into_iter().map(Held::new));
        self.drop_first();
        self.refold();
        self.take_aim();
    }

    fn news_came(&mut self, news: News, effects: &mut Vec<PaneEffect>) {
        self.pending.follow = None;
        if news.renewed {
            self.marks.clear();
            return self.go_to(At::End, effects);
        }
        if !self.follow {
            self.unseen += news.passed + news.items.len() as u64;
            self.seen = news.high;
            self.end = false;
            return;
        }
        if news.low != self.high {
            self.held.clear();
            (self.low, self.begin) = (news.low, false);
            self.pending.older = None;
        }
        self.high = news.high;
        self.held.extend(news.items.into_iter().map(Held::new));
        self.drop_first();
        self.refold();
    }

    fn inspected(&mut self, line: Option<Vec<u8>>, effects: &mut Vec<PaneEffect>) {
        self.pending.line = None;
        let Some(row) = self.current() else { return };
        let title = self.name_of(&self.held[row.at].item);
        effects.push(match line {
            Some(line) => PaneEffect::Inspect { title, text: indented(&line) },
            None => PaneEffect::Say("that record is not in the log any more".into()),
        });
    }

    /// Makes the rows of what is held.
    pub(super) fn refold(&mut self) {
        self.rows = Rows::new(&self.held, &self.folding);
    }

    /// Forgets what is too much, at the beginning.
    fn drop_first(&mut self) {
        let many = self.too_many();
        for held in self.held.drain(..many) {
            let place = held.item.place;
            if let Some(low) = self.low.0.get_mut(place.plan) {
                *low = (*low).max(place.seq);
            }
            self.begin = false;
        }
    }

    /// Forgets what is too much, at the end.
    fn drop_last(&mut self) {
        let kept = self.held.len() - self.too_many();
        for held in self.held.drain(kept..) {
            let place = held.item.place;
            if let Some(high) = self.high.0.get_mut(place.plan) {
                *high = (*high).min(place.seq.saturating_sub(1));
            }
            self.end = false;
        }
    }

    fn too_many(&self) -> usize {
        let most = self.most();
        // Not a few at every answer: what is left of a vector is moved.
        let over = self.held.len() > most + if self.follow { most / 2 } else { 0 };
        let mut many = if over { self.held.len() - most } else { 0 };
        let bytes: usize = self.held.iter().map(|held| held.item.size()).sum();
        if bytes > MOST_BYTES {
            many = many.max(self.held.len() / 4);
        }
        many
    }

    fn most(&self) -> usize {
        (if self.follow { MOST_LIVE } else { MOST }) + 20 * self.height()
    }

    /// Asks for what will soon be on the screen, and for what is new.
    pub(super) fn balance(&mut self, effects: &mut Vec<PaneEffect>) {
        if self.hidden
            || self.stuck
            || self.loading
            || self.pending.open.is_some()
            || self.size == (0, 0)
        {
            return;
        }
        let height = self.height();
        let rows = self.visible();
        let above = rows.first().map_or(0, |(row, _)| *row);
        let below = self.rows.list.len() - rows.last().map_or(0, |(row, _)| row + 1);
        // Where a few rows are made of very many records, one way must not undo the other.
        let crowded = self.held.len() + SOME > self.most();
        let near = if crowded { 1 } else { height };
        let settled = crowded && above + below == 0;
        if !self.begin && self.pending.older.is_none() && above < near && !settled {
            let full = self.follow && self.held.len() >= self.most() / 2;
            if !full {
                let before = self.low.clone();
                effects.push(self.ask(Want::Older { before, count: SOME.max(2 * height) }));
            }
        }
        if self.follow && !self.end {
            return;
        }
        if !self.end && self.pending.newer.is_none() && below < near && !settled {
            let after = self.high.clone();
            effects.push(self.ask(Want::Newer { after, count: SOME.max(2 * height) }));
        }
        if self.pending.follow.is_none() {
            let (after, most) = if self.follow {
                (self.high.clone(), (3 * height).max(100))
            } else {
                (self.seen.clone(), 0)
            };
            effects.push(self.ask(Want::Follow { after, most }));
        }
    }

    /// Records that are held.
    pub fn held(&self) -> impl Iterator<Item = &Item> {
        self.held.iter().map(|held| &held.item)
    }
}
