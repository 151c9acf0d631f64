//! A terminal's cells as an SVG (SVG 1.1): rectangles for grounds, texts stretched to their cells, so
//! that no reader's font can bend a line.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// Of a cell, in pixels.
const WIDTH: usize = 8;
const HEIGHT: usize = 17;
const MARGIN: usize = 12;
const BAR: usize = 28;

const GROUND: &str = "#16181d";
const TEXT: &str = "#d8dbe2";
/// The sixteen colours of a dark terminal.
const SIXTEEN: [&str; 16] = [
    "#16181d", "#ff6b6b", "#6bd68a", "#e8c468", "#6aa5ff", "#d58bff", "#5fd3e0", "#d8dbe2",
    "#6b7280", "#ff8f8f", "#8ff0a9", "#ffe08a", "#93c0ff", "#e7b3ff", "#8aeaf5", "#ffffff",
];

#[derive(Clone, PartialEq)]
struct Style {
    ink: String,
    ground: Option<String>,
    bold: bool,
    dim: bool,
    italic: bool,
    underlined: bool,
}

pub(crate) fn of(screen: &Screen, title: &str) -> String {
    let (rows, cols) = screen.size();
    let (rows, cols) = (usize::from(rows.get()), usize::from(cols.get()));
    let (width, height) = (cols * WIDTH + 2 * MARGIN, rows * HEIGHT + 2 * MARGIN + BAR);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         font-family=\"ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace\" \
         font-size=\"13\" role=\"img\">\n<title>{}</title>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"{GROUND}\"/>\n\
         <text x=\"{}\" y=\"{}\" fill=\"#8b93a1\" text-anchor=\"middle\">{}</text>\n",
        escaped(title),
        width / 2,
        MARGIN + 8,
        escaped(title)
    );
    for row in 0..rows {
        for (at, cells, text, style) in runs(screen, row, cols) {
            let (x, y) = (MARGIN + at * WIDTH, MARGIN + BAR + row * HEIGHT);
            draw(&mut svg, (x, y, cells * WIDTH), &text, &style);
        }
    }
    svg + "</svg>\n"
}

fn draw(svg: &mut String, (x, y, width): (usize, usize, usize), text: &str, style: &Style) {
    if let Some(ground) = &style.ground {
        let rect = format!("<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEIGHT}\"");
        let _ = writeln!(svg, "{rect} fill=\"{ground}\"/>");
    }
    if text.trim().is_empty() {
        return;
    }
    let mut looks = String::new();
    for (wanted, look) in [
        (style.bold, " font-weight=\"bold\""),
        (style.dim, " opacity=\"0.6\""),
        (style.italic, " font-style=\"italic\""),
        (style.underlined, " text-decoration=\"underline\""),
    ] {
        looks += if wanted { look } else { "" };
    }
    let _ = writeln!(
        svg,
        "<text x=\"{x}\" y=\"{}\" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\" \
         xml:space=\"preserve\" fill=\"{}\"{looks}>{}</text>",
        y + HEIGHT - 4,
        style.ink,
        escaped(text)
    );
}

/// Stretches of cells that look the same: where, how many cells, their text and style.
fn runs(screen: &Screen, row: usize, cols: usize) -> Vec<(usize, usize, String, Style)> {
    let mut runs: Vec<(usize, usize, String, Style)> = Vec::new();
    for col in 0..cols {
        let Some(cell) = screen.cell(row as u16, col as u16) else { continue };
        if cell.is_wide_continuation() {
            if let Some((_, cells, ..)) = runs.last_mut() {
                *cells += 1;
            }
            continue;
        }
        let text = if cell.has_contents() { cell.contents() } else { " " };
        let style = style(cell);
        // Empty stretches stand alone: a text is never stretched over them.
        let gap = text == " ";
        match runs.last_mut() {
            Some((_, cells, last, same))
                if *same == style
                    && (last.trim().is_empty() == gap || (gap && !last.ends_with(' '))) =>
            {
                *cells += 1;
                last.push_str(text);
            }
            _ => runs.push((col, 1, text.to_owned(), style)),
        }
    }
    runs
}

fn style(cell: &Cell) -> Style {
    let (mut ink, mut ground) = (colour(cell.fgcolor()), colour(cell.bgcolor()));
    if cell.inverse() {
        let swapped = ground.unwrap_or_else(|| GROUND.to_owned());
        (ground, ink) = (ink.or_else(|| Some(TEXT.to_owned())), Some(swapped));
    }
    Style {
        ink: ink.unwrap_or_else(|| TEXT.to_owned()),
        ground,
        bold: cell.bold(),
        dim: cell.dim(),
        italic: cell.italic(),
        underlined: cell.underline(),
    }
}

fn colour(colour: Color) -> Option<String> {
    match colour {
        Color::Default => None,
        Color::Rgb(r, g, b) => Some(format!("#{r:02x}{g:02x}{b:02x}")),
        Color::Idx(index @ 0..16) => Some(SIXTEEN[usize::from(index)].to_owned()),
        Color::Idx(index @ 16..232) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            let index = index - 16;
            let (r, g, b) = (level(index / 36), level(index / 6 % 6), level(index % 6));
            Some(format!("#{r:02x}{g:02x}{b:02x}"))
        }
        Color::Idx(index) => {
            let grey = 8 + 10 * (index - 232);
            Some(format!("#{grey:02x}{grey:02x}{grey:02x}"))
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
