//! A page of text that can be scrolled: help, why, a record, tasks.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::frame::{Frame, clear};
use super::keys::Move;
use super::layout::inside;
use super::look::Look;

/// The page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// What it is.
    pub(super) title: String,
    /// Its text.
    pub(super) lines: Vec<Line<'static>>,
    top: usize,
    left: usize,
}

/// Columns that one key moves.
const SIDEWAYS: usize = 8;

impl Page {
    /// A page from its beginning.
    pub(super) fn new(title: String, lines: Vec<Line<'static>>) -> Page {
        Page { title, lines, top: 0, left: 0 }
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
        Frame { title: &self.title, status, below: &below, focus }.view(area, buf, look);
        for (y, line) in (text.y..text.bottom()).zip(&self.lines[top..]) {
            self.line(line, Rect { y, height: 1, ..text }, buf);
        }
    }

    fn line(&self, line: &Line<'_>, area: Rect, buf: &mut Buffer) {
        let (mut skip, mut x) = (self.left, area.x);
        for span in &line.spans {
            for grapheme in span.styled_graphemes(line.style) {
                let width = unicode_width::UnicodeWidthStr::width(grapheme.symbol);
                if skip > 0 {
                    skip = skip.saturating_sub(width);
                    continue;
                }
                let wide = u16::try_from(width).unwrap_or(0);
                if wide == 0 || x + wide > area.right() {
                    continue;
                }
                buf[(x, area.y)].set_symbol(grapheme.symbol).set_style(grapheme.style);
                for behind in x + 1..x + wide {
                    buf[(behind, area.y)].reset();
                }
                x += wide;
            }
        }
    }
}
