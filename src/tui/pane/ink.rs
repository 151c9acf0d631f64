//! Text → cells of the screen: harmless, and every character in the column where it belongs.
//!
//! Terminals disagree about the width of what is made of several characters: families of emoji,
//! flags, hearts with a variation selector. Such sequences are taken apart into characters whose
//! width nobody disputes; a letter keeps its marks.

use ratatui::buffer::Buffer;
use ratatui::buffer::CellDiffOption;
use ratatui::style::{Color, Modifier, Style};
use std::num::NonZeroU16;
use unicode_width::UnicodeWidthChar as _;

use crate::render::sanitize::sanitize;

/// Bytes of text that are looked at for each column wanted, at first.
const BYTES_A_COLUMN: usize = 8;

/// One character with its marks.
#[derive(Clone, Debug, PartialEq)]
pub struct Glyph {
    /// The character and its marks.
    pub text: String,
    /// Its columns: 1 or 2.
    pub width: u16,
    /// How it looks.
    pub style: Style,
}

/// The first `columns` columns of a text, or a little more. With `colour` its own colours are laid
/// over `base`.
pub fn ink(text: &str, base: Style, colour: bool, columns: usize) -> Vec<Glyph> {
    let mut bytes = columns.saturating_mul(BYTES_A_COLUMN).saturating_add(256);
    loop {
        let mut end = bytes.min(text.len());
        while !text.is_char_boundary(end) {
            end += 1;
        }
        let glyphs = ink_whole(&text[..end], base, colour);
        if end == text.len() || width(&glyphs) >= columns {
            return glyphs;
        }
        bytes = bytes.saturating_mul(4);
    }
}

/// Columns of these glyphs.
pub fn width(glyphs: &[Glyph]) -> usize {
    glyphs.iter().map(|glyph| usize::from(glyph.width)).sum()
}

fn ink_whole(text: &str, base: Style, colour: bool) -> Vec<Glyph> {
    let mut bytes = Vec::with_capacity(text.len() + 16);
    sanitize(&mut bytes, text, colour);
    let text = String::from_utf8(bytes).unwrap_or_default();
    let mut glyphs: Vec<Glyph> = Vec::with_capacity(text.len());
    let mut style = base;
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        if let Some(body) = rest.strip_prefix("\x1b[")
            && let Some(end) = body.find('m')
        {
            style = base.patch(style_of(&body[..end]));
            rest = &body[end + 1..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        push(&mut glyphs, c, style);
    }
    glyphs
}

fn push(glyphs: &mut Vec<Glyph>, c: char, style: Style) {
    let c = match c {
        // Joiners and selectors of the form.
        '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' => return,
        // Halves of flags.
        '\u{1f1e6}'..='\u{1f1ff}' => {
            char::from_u32(u32::from(c) - 0x1_f1e6 + u32::from('A')).unwrap_or('?')
        }
        // Colours of skin, behind somebody.
        '\u{1f3fb}'..='\u{1f3ff}' if glyphs.last().is_some_and(|last| last.width == 2) => return,
        _ => c,
    };
    let width = match c {
        // Marks by their class, but terminals give them a column.
        '\u{ff9e}' | '\u{ff9f}' => 1,
        _ => c.width().unwrap_or(1),
    };
    match (width, glyphs.last_mut()) {
        (0, Some(last)) => last.text.push(c),
        (0, None) => glyphs.push(Glyph { text: format!(" {c}"), width: 1, style }),
        _ => glyphs.push(Glyph { text: c.into(), width: if width == 2 { 2 } else { 1 }, style }),
    }
}

/// The style of a sequence that `sanitize` wrote: it begins at nothing and says everything.
fn style_of(parameters: &str) -> Style {
    let mut style = Style::new();
    let mut numbers = parameters.split(';').filter_map(|number| number.parse::<u8>().ok());
    while let Some(number) = numbers.next() {
        style = match number {
            1 => style.add_modifier(Modifier::BOLD),
            2 => style.add_modifier(Modifier::DIM),
            3 => style.add_modifier(Modifier::ITALIC),
            4 => style.add_modifier(Modifier::UNDERLINED),
            7 => style.add_modifier(Modifier::REVERSED),
            30..=37 => style.fg(basic(number - 30)),
            90..=97 => style.fg(basic(number - 90 + 8)),
            40..=47 => style.bg(basic(number - 40)),
            100..=107 => style.bg(basic(number - 100 + 8)),
            38 => extended(&mut numbers).map_or(style, |colour| style.fg(colour)),
            48 => extended(&mut numbers).map_or(style, |colour| style.bg(colour)),
            _ => style,
        };
    }
    style
}

fn extended(numbers: &mut impl Iterator<Item = u8>) -> Option<Color> {
    match numbers.next()? {
        5 => Some(match numbers.next()? {
            low @ 0..=15 => basic(low),
            number => Color::Indexed(number),
        }),
        2 => Some(Color::Rgb(numbers.next()?, numbers.next()?, numbers.next()?)),
        _ => None,
    }
}

fn basic(number: u8) -> Color {
    const NAMES: [Color; 16] = [
        Color::Black,
        Color::Red,
        Color::Green,
        Color::Yellow,
        Color::Blue,
        Color::Magenta,
        Color::Cyan,
        Color::Gray,
        Color::DarkGray,
        Color::LightRed,
        Color::LightGreen,
        Color::LightYellow,
        Color::LightBlue,
        Color::LightMagenta,
        Color::LightCyan,
        Color::White,
    ];
    NAMES[usize::from(number & 15)]
}

/// Puts glyphs into one row of a buffer, those left of column `skip` left out, at most `room`
/// columns. Returns how many were used. A wide character that would be cut becomes a space.
pub fn put(buf: &mut Buffer, x: u16, y: u16, glyphs: &[Glyph], skip: usize, room: u16) -> u16 {
    let mut column = 0;
    let end = skip + usize::from(room);
    for glyph in glyphs {
        let (from, to) = (column, column + usize::from(glyph.width));
        column = to;
        if to <= skip {
            continue;
        }
        if from >= end {
            break;
        }
        let whole = from >= skip && to <= end;
        for at in from.max(skip)..to.min(end) {
            let place = (x + (at - skip) as u16, y);
            let Some(cell) = buf.cell_mut(place) else { continue };
            cell.reset();
            cell.set_style(glyph.style);
            if whole && at == from {
                cell.set_symbol(&glyph.text);
                if glyph.text.len() > 1
                    && let Some(width) = NonZeroU16::new(glyph.width)
                {
                    cell.set_diff_option(CellDiffOption::ForcedWidth(width));
                }
            }
        }
    }
    column.min(end).saturating_sub(skip) as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::layout::Rect;

    use super::*;

    fn shown(text: &str) -> Vec<(String, u16)> {
        ink(text, Style::new(), true, 1000).into_iter().map(|g| (g.text, g.width)).collect()
    }

    #[test]
    fn sequences_that_terminals_measure_differently_are_taken_apart() {
        let widths = |text: &str| -> Vec<u16> { shown(text).iter().map(|(_, w)| *w).collect() };
        assert_eq!(widths("👩\u{200d}👩\u{200d}👧"), [2, 2, 2]);
        assert_eq!(shown("🇮🇪"), [("I".to_owned(), 1), ("E".to_owned(), 1)]);
        assert_eq!(shown("❤\u{fe0f}x"), [("❤".to_owned(), 1), ("x".to_owned(), 1)]);
        assert_eq!(widths("👍🏽!"), [2, 1]);
        assert_eq!(shown("e\u{301}x"), [("e\u{301}".to_owned(), 1), ("x".to_owned(), 1)]);
        assert_eq!(widths("日本"), [2, 2]);
    }

    #[test]
    fn the_plans_own_colours_are_laid_over_ours() {
        let glyphs = ink("a\x1b[1;38;5;9mb\x1b[0mc", Style::new().fg(Color::Green), true, 10);
        assert_eq!(glyphs[0].style, Style::new().fg(Color::Green));
        assert_eq!(glyphs[1].style.fg, Some(Color::LightRed));
        assert!(glyphs[1].style.add_modifier.contains(Modifier::BOLD));
        assert_eq!(glyphs[2].style, glyphs[0].style);
    }

    #[test]
    fn a_wide_character_that_is_cut_becomes_a_space() {
        let area = Rect::new(0, 0, 4, 1);
        let mut buf = Buffer::empty(area);
        let glyphs = ink("日本語", Style::new(), false, 10);
        assert_eq!(put(&mut buf, 0, 0, &glyphs, 1, 4), 4);
        let row: Vec<&str> = buf.content().iter().map(|cell| cell.symbol()).collect();
        assert_eq!(row, [" ", "本", " ", " "]);
    }

    proptest! {
        #[test]
        fn any_text_stays_in_its_columns_and_holds_no_control(
            pieces in proptest::collection::vec(prop_oneof![
                any::<char>().prop_map(String::from),
                proptest::sample::select(vec![
                    "\x1b[31m", "\x1b]52;c;x\x07", "\x1b[2J", "\u{9b}", "\t", "日", "👩\u{200d}👧",
                    "\u{301}", "\u{202e}", "\0", "🇮🇪", "ｶﾞ",
                ]).prop_map(str::to_owned),
            ], 0..30),
            skip in 0..12_usize,
        ) {
            let text = pieces.concat();
            let mut buf = Buffer::filled(Rect::new(0, 0, 30, 1), ratatui::buffer::Cell::new("#"));
            let used = put(&mut buf, 5, 0, &ink(&text, Style::new(), true, 40), skip, 20);
            prop_assert!(used <= 20);
            for (x, cell) in buf.content().iter().enumerate() {
                let inside = (5..5 + usize::from(used)).contains(&x);
                prop_assert!(inside || cell.symbol() == "#");
                prop_assert!(!cell.symbol().chars().any(char::is_control));
            }
        }
    }
}
