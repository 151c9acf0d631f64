//! Where on the log the screen stands, and how it moves.

use jiff::tz::TimeZone;

use super::ink::Glyph;
use super::rows::Row;
use super::sense::Held;
use super::shown::{Manner, Shown};
use super::{Key, LogPane};
use crate::tui::look::{Colours, Look};

/// Lines that one row takes at most: what is longer is shown by its record.
pub(super) const MOST_LINES: usize = 100;

impl LogPane {
    pub(super) fn height(&self) -> usize {
        usize::from(self.size.1).max(1)
    }

    pub(super) fn manner<'a>(&'a self, look: &'a Look, width: usize) -> Manner<'a> {
        let plans = self.merged.then_some(&self.view.plans[..]);
        Manner { held: &self.held, settings: self.settings, plans, look, width }
    }

    /// The record of the row above this one.
    pub(super) fn above(&self, row: usize) -> Option<&Held> {
        let above = self.rows.list.get(row.checked_sub(1)?)?;
        self.held.get(above.at)
    }

    /// Lines that a row takes.
    fn lines_of(&self, row: usize) -> usize {
        let above = self.above(row);
        let Some(row) = self.rows.list.get(row).filter(|_| self.settings.wrap) else { return 1 };
        // No width depends on colours, zone or ground.
        let colours = Colours::None;
        let look = Look { colours, light: false, unicode: true, zone: TimeZone::UTC };
        let width = usize::from(self.size.0);
        let shown = self.manner(&look, width).row(row, above, width * MOST_LINES);
        wrapped(&shown, width).len()
    }

    pub(super) fn key(&self, row: usize) -> Option<Key> {
        let row = self.rows.list.get(row)?;
        let place = &self.held.get(row.at)?.item.place;
        Some((place.plan, place.seq))
    }

    /// Where among those held a record is, or the one that stands where it would be.
    pub(super) fn find(&self, key: Key) -> Option<usize> {
        let of = |at: usize| &self.held[at].item.place;
        if self.view.plans.len() == 1 {
            let at = self.held.partition_point(|held| held.item.place.seq < key.1);
            return at.checked_sub(usize::from(at == self.held.len()));
        }
        (0..self.held.len()).find(|&at| of(at).plan == key.0 && of(at).seq >= key.1)
    }

    pub(super) fn holds(&self, key: Key) -> Option<usize> {
        let at = self.find(key)?;
        let place = &self.held[at].item.place;
        ((place.plan, place.seq) == key).then_some(at)
    }

    fn row_of(&self, key: Key) -> Option<usize> {
        Some(self.rows.of(self.find(key)?))
    }

    fn last_row(&self) -> usize {
        self.rows.list.len().saturating_sub(1)
    }

    /// The row of the cursor; while following, the last.
    pub(super) fn cursor_row(&self) -> usize {
        match self.cursor.filter(|_| !self.follow).and_then(|key| self.row_of(key)) {
            Some(row) => row.min(self.last_row()),
            None => self.last_row(),
        }
    }

    /// The row under the cursor.
    pub(super) fn current(&self) -> Option<&Row> {
        self.rows.list.get(self.cursor_row())
    }

    /// The first row on the screen, and how many of its lines are above.
    pub(super) fn first_visible(&self) -> (usize, usize) {
        let height = self.height();
        let Some((row, above)) = self
            .top
            .filter(|_| !self.follow)
            .and_then(|(key, above)| Some((self.row_of(key)?, above)))
        else {
            return self.up_from(self.rows.list.len(), height);
        };
        let above = above.min(self.lines_of(row) - 1);
        let mut lines = 0;
        for below in row..self.rows.list.len() {
            lines += self.lines_of(below);
            if lines >= height + above {
                return (row, above);
            }
        }
        // No empty lines at the bottom while there is something above.
        self.up_from(self.rows.list.len(), height)
    }

    /// The row so many lines above the beginning of this one.
    fn up_from(&self, row: usize, lines: usize) -> (usize, usize) {
        let mut left = lines;
        if left == 0 {
            return (row, 0);
        }
        for above in (0..row).rev() {
            let height = self.lines_of(above);
            if height >= left {
                return (above, height - left);
            }
            left -= height;
        }
        (0, 0)
    }

    /// Rows on the screen, each with its line on it (negative: above), and the last.
    pub(super) fn visible(&self) -> Vec<(usize, isize)> {
        let (first, above) = self.first_visible();
        let mut line = -(above as isize);
        let mut rows = Vec::new();
        for row in first..self.rows.list.len() {
            if line >= self.height() as isize {
                break;
            }
            rows.push((row, line));
            line += self.lines_of(row) as isize;
        }
        rows
    }

    /// Stops following: what is seen stays.
    pub(super) fn pause(&mut self) {
        if self.follow {
            self.cursor = self.key(self.last_row());
            self.freeze();
            self.follow = false;
            self.unseen = 0;
            self.seen = self.high.clone();
            // What is new is what came from here on, whatever is filtered later.
            self.since = self.high.clone();
            self.pending.follow = None;
        }
    }

    /// The top of the screen becomes the record that is there.
    fn freeze(&mut self) {
        let (row, above) = self.first_visible();
        self.top = self.key(row).map(|key| (key, above));
    }

    /// Follows again, if all there is is held.
    pub(super) fn resume(&mut self) {
        if !self.follow {
            (self.follow, self.top, self.cursor, self.unseen) = (true, None, None, 0);
            self.pending.follow = None;
        }
    }

    /// Moves the cursor by so many rows. At the last of all records, further down is following.
    pub(super) fn move_by(&mut self, rows: isize) {
        if self.rows.list.is_empty() || self.follow && rows > 0 {
            return;
        }
        self.pause();
        let row = self.cursor_row();
        if rows > 0 && row == self.last_row() && self.end && self.pending.newer.is_none() {
            return self.resume();
        }
        let row = row.saturating_add_signed(rows).min(self.last_row());
        self.cursor = self.key(row);
        self.show_cursor();
    }

    /// Scrolls just so far that the cursor is on the screen.
    pub(super) fn show_cursor(&mut self) {
        let (row, height) = (self.cursor_row(), self.height());
        let (first, above) = self.first_visible();
        if row < first || row == first && above > 0 {
            self.top = self.key(row).map(|key| (key, 0));
            return;
        }
        let mut lines: usize = (first..=row).map(|row| self.lines_of(row)).sum();
        lines -= above;
        if lines > height && row > first {
            let own = self.lines_of(row).min(height);
            let (top, above) = self.up_from(row, height - own);
            self.top = self.key(top).map(|key| (key, above));
        } else {
            self.top = self.key(first).map(|key| (key, above));
        }
    }

    /// Puts the cursor on a row, so many lines below the top of the screen.
    pub(super) fn place_cursor(&mut self, row: usize, below: usize) {
        self.cursor = self.key(row);
        let (top, above) = self.up_from(row, below.min(self.height() - 1));
        self.top = self.key(top).map(|key| (key, above));
    }

    /// Lines from the top of the screen to the cursor.
    pub(super) fn cursor_line(&self) -> usize {
        let row = self.cursor_row();
        let line = self.visible().iter().find(|(shown, _)| *shown == row).map(|(_, line)| *line);
        line.and_then(|line| usize::try_from(line).ok()).unwrap_or(self.height() / 3)
    }

    /// Moves the screen by so many lines, the cursor with it where it would leave.
    pub(super) fn scroll(&mut self, lines: isize) {
        if lines == 0 || self.rows.list.is_empty() || self.follow && lines > 0 {
            return;
        }
        self.pause();
        let (row, above) = self.first_visible();
        let moved = if lines < 0 {
            let up = lines.unsigned_abs();
            if above >= up { (row, above - up) } else { self.up_from(row, up - above) }
        } else {
            let (mut row, mut below) = (row, above + lines.unsigned_abs());
            while row < self.last_row() && below >= self.lines_of(row) {
                below -= self.lines_of(row);
                row += 1;
            }
            (row, below.min(self.lines_of(row) - 1))
        };
        self.top = self.key(moved.0).map(|key| (key, moved.1));
        let stands = self.first_visible();
        // Further down than there is: what comes next is what is new.
        if lines > 0 && stands != moved && self.end && self.pending.newer.is_none() {
            return self.resume();
        }
        let stuck = stands == (row, above);
        let rows = self.visible();
        let inside = |row: usize| rows.iter().any(|(shown, _)| *shown == row);
        if stuck {
            self.cursor = self.key(if lines < 0 { 0 } else { self.last_row() });
        } else if !inside(self.cursor_row()) {
            let first = rows.iter().find(|(_, line)| *line >= 0).or(rows.first());
            let row = if lines < 0 { rows.last() } else { first };
            self.cursor = row.and_then(|(row, _)| self.key(*row));
        }
    }
}

/// The message in lines of what room there is beside the front.
pub(super) fn wrapped(shown: &Shown, width: usize) -> Vec<&[Glyph]> {
    let front = super::ink::width(&shown.front);
    let room = width.saturating_sub(front + 1).max(8);
    let mut lines = Vec::new();
    let (mut start, mut columns) = (0, 0);
    for (at, glyph) in shown.message.iter().enumerate() {
        let wide = usize::from(glyph.width);
        if columns + wide > room {
            lines.push(&shown.message[start..at]);
            (start, columns) = (at, 0);
        }
        columns += wide;
    }
    lines.push(&shown.message[start..]);
    lines.truncate(MOST_LINES);
    lines
}
