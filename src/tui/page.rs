//! A page of text that can be scrolled: help, why, a record, tasks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::frame::{Frame, clear};
use super::keys::Move;
use super::layout::inside;
use super::look::Look;
use super::pane::draw::lay_over;
use super::pane::ink::{Glyph, ink, put};
use crate::feed::window::Pattern;
use crate::model::PlanName;

/// The page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// What it is.
    pub(super) title: String,
    /// Its text.
    pub(super) lines: Vec<Line<'static>>,
    /// Of which plan it tells why; it is renewed with what is known of that plan.
    pub(super) why: Option<Why>,
    top: usize,
    left: usize,
    search: Option<Search>,
}

/// What a page of why is of.
#[derive(Clone, Debug)]
pub(super) struct Why {
    /// The plan.
    pub(super) plan: PlanName,
    /// The record up to which it was asked for.
    pub(super) seq: u64,
}

/// What is searched for in a page.
#[derive(Clone, Debug)]
struct Search {
    pattern: Pattern,
    backward: bool,
    /// The line that was found last.
    at: Option<usize>,
}

/// Columns that one key moves.
const SIDEWAYS: usize = 8;

impl Page {
    /// A page from its beginning.
    pub(super) fn new(title: String, lines: Vec<Line<'static>>) -> Page {
        Page { title, lines, ..Page::default() }
    }

    /// Puts other text in place of the old one; the place that is seen stays.
    pub(super) fn renew(&mut self, title: String, lines: Vec<Line<'static>>) {
        (self.title, self.lines) = (title, lines);
    }

    /// Moves what is seen; `height` is that of the frame.
    pub(super) fn scroll(&mut self, to: Move, height: u16) {
        let page = usize::from(height.saturating_sub(2)).max(1);
        let last = self.lines.len().saturating_sub(page);
        let top = self.top.min(last);
        self.top = match to {
            Move::Up => top.saturating_sub(1),
            Move::Down => top + 1,
            Move::HalfUp => top.saturating_sub(page.div_ceil(2)),
            Move::HalfDown => top + page.div_ceil(2),
            Move::PageUp => top.saturating_sub(page),
            Move::PageDown => top + page,
            Move::First => 0,
            Move::Last => last,
            Move::Left | Move::Right => top,
        }
        .min(last);
        match to {
            Move::Left => self.left = self.left.saturating_sub(SIDEWAYS),
            Move::Right => {
                let widest = self.lines.iter().map(Line::width).max().unwrap_or(0);
                self.left = (self.left + SIDEWAYS).min(widest.saturating_sub(SIDEWAYS));
            }
            _ => {}
        }
    }

    /// Takes what is searched for: shown while it is typed, gone to when it is entered. Gives what
    /// is to be said.
    pub(super) fn search(&mut self, text: &str, backward: bool, done: bool, height: u16) -> String {
        self.search = None;
        if text.is_empty() {
            return String::new();
        }
        match Pattern::new(text) {
            Ok(pattern) => self.search = Some(Search { pattern, backward, at: None }),
            Err(trouble) => return trouble,
        }
        if done { self.next_match(true, height) } else { String::new() }
    }

    /// Goes to the next line that is searched for, from the other end where there is none. Gives
    /// what is to be said.
    pub(super) fn next_match(&mut self, onward: bool, height: u16) -> String {
        let fitting = self.fitting();
        let Some(search) = &mut self.search else {
            return "nothing is searched for: / searches".to_owned();
        };
        let forward = onward != search.backward;
        let here = search.at;
        let next = match (forward, here) {
            (true, None) => fitting.iter().find(|&&line| line >= self.top),
            (true, Some(here)) => fitting.iter().find(|&&line| line > here),
            (false, _) => fitting.iter().rev().find(|&&line| line < here.unwrap_or(self.top)),
        };
        let other = if forward { fitting.first() } else { fitting.last() };
        let Some(&line) = next.or(other) else { return "no match".to_owned() };
        search.at = Some(line);
        let page = usize::from(height.saturating_sub(2)).max(1);
        if !(self.top..self.top + page).contains(&line) {
            let last = self.lines.len().saturating_sub(page);
            self.top = line.saturating_sub(page / 3).min(last);
        }
        let words = "searched on from the other end";
        if next.is_none() { words.to_owned() } else { String::new() }
    }

    /// The lines that are searched for.
    fn fitting(&self) -> Vec<usize> {
        let Some(search) = &self.search else { return Vec::new() };
        let fits = |line: &Line<'_>| search.pattern.fits(&line.to_string());
        (0..self.lines.len()).filter(|&at| fits(&self.lines[at])).collect()
    }

    /// Whether something is searched for.
    pub(super) fn is_searched(&self) -> bool {
        self.search.is_some()
    }

    /// Whether there was a search to be ended.
    pub(super) fn end_search(&mut self) -> bool {
        self.search.take().is_some()
    }

    /// `2 of 7 /pattern`
    fn found(&self) -> Option<String> {
        let search = self.search.as_ref()?;
        let fitting = self.fitting();
        let upto = search.at.map_or(0, |here| fitting.iter().filter(|&&at| at <= here).count());
        Some(format!("{upto} of {} /{}", fitting.len(), search.pattern))
    }

    /// Moves what is seen by rows.
    pub(super) fn wheel(&mut self, rows: i32, height: u16) {
        for _ in 0..rows.unsigned_abs() {
            self.scroll(if rows < 0 { Move::Up } else { Move::Down }, height);
        }
    }

    /// Draws it in its frame.
    pub(super) fn view(
        &self,
        area: Rect,
        buf: &mut Buffer,
        look: &Look,
        status: &str,
        focus: bool,
    ) {
        clear(buf, area);
        let text = inside(area);
        let last = self.lines.len().saturating_sub(text.height.into());
        let top = self.top.min(last);
        let more = self.lines.len().saturating_sub(top + usize::from(text.height));
        let below = if more > 0 { format!("{more} more") } else { String::new() };
        let found = self.found();
        let status = found.as_deref().unwrap_or(status);
        Frame { title: &self.title, status, below: &below, focus }.view(area, buf, look);
        for (y, (at, line)) in (text.y..text.bottom()).zip(self.lines.iter().enumerate().skip(top))
        {
            let mut glyphs = glyphs(line, self.left + usize::from(text.width));
            if let Some(search) = &self.search {
                lay_over(&mut glyphs, search.pattern.regex(), look.found());
            }
            put(buf, text.x, y, &glyphs, self.left, text.width);
            if self.search.as_ref().is_some_and(|search| search.at == Some(at)) {
                buf.set_style(Rect { y, height: 1, ..text }, look.cursor());
            }
        }
    }
}

/// So many columns of a line, or a little more, in cells whose width no terminal disputes.
fn glyphs(line: &Line<'_>, columns: usize) -> Vec<Glyph> {
    let spans = line.spans.iter();
    spans
        .flat_map(|span| ink(&span.content, line.style.patch(span.style), false, columns))
        .collect()
}
