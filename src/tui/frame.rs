//! Frames, and text that is cut where its place ends.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use super::look::Look;
use super::pane::ink;
use crate::render::table::cut;
use crate::render::theme::Tone;

/// A frame and what stands in its borders.
#[derive(Clone, Debug, Default)]
pub(super) struct Frame<'a> {
    /// At the left of the upper border.
    pub(super) title: &'a str,
    /// At its right, where there is room.
    pub(super) status: &'a str,
    /// At the right of the lower border.
    pub(super) below: &'a str,
    /// Whether the keys go here.
    pub(super) focus: bool,
}

/// A status is cut down to so many columns before it is left out.
const SHORTEST: usize = 8;

impl Frame<'_> {
    /// Draws it; what is inside is not touched.
    pub(super) fn view(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        let style = if self.focus { Style::new() } else { look.tone(Tone::Dim) };
        self.border(area, buf, look, style);
        let room = usize::from(area.width - 2);
        let bold = style.add_modifier(Modifier::BOLD);
        let title = format!(" {} ", cut(self.title, room.saturating_sub(2)));
        if !self.title.is_empty() && room > 2 {
            put(buf, area.x + 1, area.y, &title, area.width - 2, bold);
        }
        let left = room.saturating_sub(title.width() + 3);
        if !self.status.is_empty() && left >= self.status.width().min(SHORTEST) {
            right(buf, area, area.y, &format!(" {} ", cut(self.status, left)), style);
        }
        let below = format!(" {} ", self.below);
        if !self.below.is_empty() && below.width() <= room {
            right(buf, area, area.bottom() - 1, &below, bold.remove_modifier(Modifier::DIM));
        }
    }

    fn border(&self, area: Rect, buf: &mut Buffer, look: &Look, style: Style) {
        let [h, v, tl, tr, bl, br] = match look.unicode {
            true => ["─", "│", "┌", "┐", "└", "┘"],
            false => ["-", "|", "+", "+", "+", "+"],
        };
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.x..=right {
            buf[(x, area.y)].set_symbol(h).set_style(style);
            buf[(x, bottom)].set_symbol(h).set_style(style);
        }
        for y in area.y..=bottom {
            buf[(area.x, y)].set_symbol(v).set_style(style);
            buf[(right, y)].set_symbol(v).set_style(style);
        }
        for (x, y, corner) in
            [(area.x, area.y, tl), (right, area.y, tr), (area.x, bottom, bl), (right, bottom, br)]
        {
            buf[(x, y)].set_symbol(corner);
        }
    }
}

fn right(buf: &mut Buffer, area: Rect, y: u16, text: &str, style: Style) {
    let width = u16::try_from(text.width()).unwrap_or(area.width);
    let x = area.right().saturating_sub(width + 1).max(area.x);
    put(buf, x, y, text, width, style);
}

/// Writes a text of at most `width` columns, cut with `…` where it is longer. Gives the column
/// behind it.
pub(super) fn put(buf: &mut Buffer, x: u16, y: u16, text: &str, width: u16, style: Style) -> u16 {
    if width == 0 || !buf.area.contains((x, y).into()) {
        return x;
    }
    let glyphs = ink::ink(&cut(text, width.into()), style, false, width.into());
    x + ink::put(buf, x, y, &glyphs, 0, width)
}

/// Makes an area empty.
pub(super) fn clear(buf: &mut Buffer, area: Rect) {
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            if let Some(cell) = buf.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
}

/// A text in rows of at most `width` columns, broken between words where that is possible.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut rows = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last_mut().map_or(0, |row| row.width());
        match rows.last_mut() {
            Some(last) if row == 0 || row + 1 + word.width() <= width => {
                if row > 0 {
                    last.push(' ');
                }
                last.push_str(word);
            }
            _ => rows.push(word.to_owned()),
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_broken_between_words() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable x", 4), ["unbreakable", "x"]);
        assert_eq!(wrapped("", 4), [""]);
    }
}
