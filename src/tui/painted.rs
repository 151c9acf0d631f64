//! Text that `render` has painted for a terminal → styled lines.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};

use super::look::{Colours, Look};

/// The lines of a painted text. `render` has made it harmless: of escapes only colours are left.
pub(super) fn lines(text: &[u8], look: &Look) -> Vec<Line<'static>> {
    let text = String::from_utf8_lossy(text);
    let mut style = Style::new();
    text.lines().map(|line| styled(line, &mut style, look)).collect()
}

fn styled(mut rest: &str, style: &mut Style, look: &Look) -> Line<'static> {
    let mut spans = Vec::new();
    while let Some(at) = rest.find("\x1b[") {
        push(&mut spans, &rest[..at], *style);
        let after = &rest[at + 2..];
        let end = after.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(after.len());
        if after[end..].starts_with('m') {
            *style = apply(*style, &after[..end], look);
        }
        rest = after.get(end + 1..).unwrap_or_default();
    }
    push(&mut spans, rest, *style);
    Line::from(spans)
}

fn push(spans: &mut Vec<Span<'static>>, text: &str, style: Style) {
    if !text.is_empty() {
        spans.push(Span::styled(text.to_owned(), style));
    }
}

fn apply(mut style: Style, parameters: &str, look: &Look) -> Style {
    let mut codes = parameters.split([';', ':']).map(|code| code.parse().unwrap_or(0_u8));
    let fg = |style: Style, colour| match look.colours {
        Colours::None => style,
        _ => style.fg(colour),
    };
    let bg = |style: Style, colour| match look.colours {
        Colours::None => style,
        _ => style.bg(colour),
    };
    while let Some(code) = codes.next() {
        style = match code {
            0 => Style::new(),
            1 => style.add_modifier(Modifier::BOLD),
            2 => style.add_modifier(Modifier::DIM),
            3 => style.add_modifier(Modifier::ITALIC),
            4 => style.add_modifier(Modifier::UNDERLINED),
            7 => style.add_modifier(Modifier::REVERSED),
            30..=37 => fg(style, basic(code - 30)),
            90..=97 => fg(style, basic(code - 90 + 8)),
            40..=47 => bg(style, basic(code - 40)),
            100..=107 => bg(style, basic(code - 100 + 8)),
            38 | 48 => match (extended(&mut codes), code) {
                (Some(colour), 38) => fg(style, colour),
                (Some(colour), _) => bg(style, colour),
                (None, _) => style,
            },
            _ => style,
        };
    }
    style
}

fn extended(codes: &mut impl Iterator<Item = u8>) -> Option<Color> {
    match codes.next()? {
        5 => codes.next().map(Color::Indexed),
        2 => Some(Color::Rgb(codes.next()?, codes.next()?, codes.next()?)),
        _ => None,
    }
}

const fn basic(number: u8) -> Color {
    match number {
        0 => Color::Black,
        1 => Color::Red,
        2 => Color::Green,
        3 => Color::Yellow,
        4 => Color::Blue,
        5 => Color::Magenta,
        6 => Color::Cyan,
        7 => Color::Gray,
        8 => Color::DarkGray,
        9 => Color::LightRed,
        10 => Color::LightGreen,
        11 => Color::LightYellow,
        12 => Color::LightBlue,
        13 => Color::LightMagenta,
        14 => Color::LightCyan,
        _ => Color::White,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::theme::{Tone, painted};

    fn look(colours: Colours) -> Look {
        Look { colours, light: false, unicode: true, zone: jiff::tz::TimeZone::UTC }
    }

    #[test]
    fn what_render_paints_comes_back_as_styles() {
        let text = format!("a {} b\n{}", painted("bad", Tone::Worst, true), "\x1b[38;5;9mx");
        let lines = lines(text.as_bytes(), &look(Colours::Sixteen));
        let bad = &lines[0].spans[1];
        assert_eq!(bad.content, "bad");
        assert_eq!(bad.style, Style::new().fg(Color::Red).add_modifier(Modifier::BOLD));
        assert_eq!(lines[0].spans[2].style, Style::new());
        assert_eq!(lines[1].spans[0].style.fg, Some(Color::Indexed(9)));
    }

    #[test]
    fn without_colour_only_weight_is_left() {
        let text = painted("bad", Tone::Worst, true);
        let lines = lines(text.as_bytes(), &look(Colours::None));
        assert_eq!(lines[0].spans[0].style, Style::new().add_modifier(Modifier::BOLD));
    }
}
