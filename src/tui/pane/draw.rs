//! Rows → cells.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};

use super::LogPane;
use super::ink::{Glyph, ink, put, width};
use super::shown::Shown;
use super::travel::{MOST_LINES, wrapped};
use crate::render::theme::Tone;
use crate::tui::look::Look;

impl LogPane {
    /// Draws it. The area is the one of the last [`super::PaneMsg::Resize`].
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let area = area.intersection(*buf.area());
        if area.width < 2 || area.height == 0 {
            return;
        }
        if self.rows.list.is_empty() {
            let text = ink(&self.emptiness(), look.tone(Tone::Dim), false, usize::from(area.width));
            put(buf, area.x + 1, area.y, &text, 0, area.width - 1);
            return;
        }
        let cursor = (!self.follow).then(|| self.cursor_row());
        for (row, line) in self.visible() {
            self.draw_row(row, line, cursor == Some(row), area, buf, look);
        }
    }

    fn draw_row(
        &self,
        row: usize,
        line: isize,
        current: bool,
        area: Rect,
        buf: &mut Buffer,
        look: &Look,
    ) {
        // One column for the cursor and marks.
        let columns = usize::from(area.width);
        let wanted = if self.settings.wrap { columns * MOST_LINES } else { self.left + columns };
        let manner = self.manner(look, columns);
        let Some(entry) = self.rows.list.get(row) else { return };
        let mut shown = manner.row(entry, self.above(row), wanted);
        self.mark_found(entry.at, &mut shown, look);
        let front = width(&shown.front) as u16;
        let lines =
            if self.settings.wrap { wrapped(&shown, columns) } else { vec![&shown.message[..]] };
        for (index, message) in lines.into_iter().enumerate() {
            let at = line + index as isize;
            let Some(y) = usize::try_from(at).ok().filter(|at| *at < usize::from(area.height))
            else {
                continue;
            };
            let y = area.y + y as u16;
            if index == 0 {
                put(buf, area.x + 1, y, &shown.front, 0, area.width - 1);
                self.draw_gutter(entry.at, current, (area.x, y), buf, look);
            }
            let x = area.x + 1 + front;
            let room = area.right().saturating_sub(x);
            let skip = if self.settings.wrap { 0 } else { self.left };
            let used = put(buf, x, y, message, skip, room);
            let right = width(&shown.right) as u16;
            if index == 0 && right > 0 && used + right + 2 <= room {
                put(buf, area.right() - right, y, &shown.right, 0, right);
            }
            if current {
                buf.set_style(Rect::new(area.x, y, area.width, 1), look.cursor());
            }
        }
    }

    fn draw_gutter(
        &self,
        at: usize,
        current: bool,
        (x, y): (u16, u16),
        buf: &mut Buffer,
        look: &Look,
    ) {
        let place = &self.held[at].item.place;
        let marked = self.marks.iter().any(|mark| (mark.plan, mark.seq) == (place.plan, place.seq));
        let (sign, tone) = match (marked, current, look.unicode) {
            (true, _, true) => ("●", Tone::Wait),
            (true, _, false) => ("*", Tone::Wait),
            (false, true, true) => ("▌", Tone::Busy),
            (false, true, false) => (">", Tone::Busy),
            _ => return,
        };
        put(buf, x, y, &ink(sign, look.tone(tone), false, 1), 0, 1);
    }

    /// Lays the look of what is searched for over it.
    fn mark_found(&self, at: usize, shown: &mut Shown, look: &Look) {
        let Some(search) = &self.search else { return };
        if lay_over(&mut shown.message, search.pattern.regex(), look.found()) {
            return;
        }
        // Found in the time, level or logger that stand in front.
        let item = &self.held[at].item;
        if item.task_words().is_none() && search.pattern.fits(&item.msg) {
            for glyph in &mut shown.message {
                glyph.style = glyph.style.add_modifier(Modifier::UNDERLINED);
            }
        }
    }
}

/// Whether there was something to lay it over.
pub(in crate::tui) fn lay_over(
    glyphs: &mut [Glyph],
    regex: &regex::bytes::Regex,
    style: Style,
) -> bool {
    let text: String = glyphs.iter().map(|glyph| &*glyph.text).collect();
    let mut any = false;
    let mut found = regex.find_iter(text.as_bytes()).filter(|found| !found.is_empty()).peekable();
    let mut at = 0;
    for glyph in glyphs {
        while found.next_if(|found| found.end() <= at).is_some() {}
        let Some(next) = found.peek() else { break };
        if next.start() < at + glyph.text.len() {
            glyph.style = glyph.style.patch(style);
            any = true;
        }
        at += glyph.text.len();
    }
    any
}
