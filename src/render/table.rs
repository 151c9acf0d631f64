//! Aligned columns that fit the width there is.

use unicode_width::UnicodeWidthStr as _;

use super::sanitize::harmless;
use super::theme::{Tone, paint};

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    title: &'static str,
    right: bool,
    /// The higher, the earlier it is left out where there is no room; 0 stays.
    leave: u8,
    /// Cut down to so many columns before any other is left out.
    shrink: Option<usize>,
}

impl Column {
    /// A column of text that is never left out.
    pub const fn text(title: &'static str) -> Column {
        Column { title, right: false, leave: 0, shrink: None }
    }

    /// A column of numbers, aligned at the right.
    pub const fn number(title: &'static str) -> Column {
        Column { title, right: true, leave: 0, shrink: None }
    }

    /// Left out where there is no room; higher numbers go first.
    pub const fn leaves(mut self, order: u8) -> Column {
        self.leave = order;
        self
    }

    /// Cut where there is no room, down to `least` columns, before any other is left out.
    pub const fn shrinks(mut self, least: usize) -> Column {
        self.shrink = Some(least);
        self
    }
}

/// One cell. Its text is made harmless here.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A cell whose text has a meaning.
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Cell {
        Cell { text: harmless(text.as_ref()), tone }
    }

    fn width(&self) -> usize {
        self.text.width()
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::new(text, Tone::Plain)
    }
}

/// Appends the table. With `width`, columns that may shrink do (the widest first), those that may be
/// left out are, and long cells of the widest column are cut, until every line fits.
pub fn table(
    to: &mut Vec<u8>,
    columns: &[Column],
    rows: &[Vec<Cell>],
    width: Option<usize>,
    colour: bool,
) {
    let shown = fitting(columns, rows, width);
    let titles: Vec<Cell> =
        columns.iter().map(|column| Cell::new(column.title, Tone::Dim)).collect();
    for row in std::iter::once(&titles).chain(rows) {
        line(to, columns, &shown, row, colour);
    }
}

/// The columns that are shown, with their widths.
fn fitting(columns: &[Column], rows: &[Vec<Cell>], width: Option<usize>) -> Vec<(usize, usize)> {
    let natural = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(Cell::width).max();
        cells.unwrap_or(0).max(columns[at].title.width())
    };
    let mut shown: Vec<(usize, usize)> = (0..columns.len()).map(|at| (at, natural(at))).collect();
    let Some(width) = width else { return shown };
    let total = |shown: &[(usize, usize)]| {
        shown.iter().map(|(_, width)| width + 2).sum::<usize>().saturating_sub(2)
    };
    let least = |&(at, width): &(usize, usize)| {
        (at, columns[at].shrink.map_or(width, |least| least.min(width)))
    };
    while total(&shown.iter().map(least).collect::<Vec<_>>()) > width {
        let leaving = (0..shown.len())
            .filter(|&place| columns[shown[place].0].leave > 0)
            .max_by_key(|&place| columns[shown[place].0].leave);
        let Some(place) = leaving else { break };
        shown.remove(place);
    }
    for _ in width..total(&shown) {
        let may = shown.iter_mut().filter(|column| column.1 > least(column).1);
        let Some(widest) = may.max_by_key(|column| column.1) else { break };
        widest.1 -= 1;
    }
    let over = total(&shown).saturating_sub(width);
    if let Some((_, widest)) = shown.iter_mut().max_by_key(|(_, width)| *width) {
        *widest = widest.saturating_sub(over).max(4.min(*widest));
    }
    shown
}

fn line(
    to: &mut Vec<u8>,
    columns: &[Column],
    shown: &[(usize, usize)],
    row: &[Cell],
    colour: bool,
) {
    for (place, &(at, width)) in shown.iter().enumerate() {
        let Some(cell) = row.get(at) else { continue };
        let text = cut(&cell.text, width);
        let blank = width.saturating_sub(text.width());
        let (before, after) = if columns[at].right { (blank, 0) } else { (0, blank) };
        to.resize(to.len() + before, b' ');
        paint(to, cell.tone, colour && !text.is_empty(), |to| {
            to.extend_from_slice(text.as_bytes())
        });
        if place + 1 < shown.len() {
            to.resize(to.len() + after + 2, b' ');
        }
    }
    while to.last() == Some(&b' ') {
        to.pop();
    }
    to.push(b'\n');
}

/// The text in at most `width` columns, `…` where something was cut off.
pub fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        kept.push(c);
        if kept.width() >= width {
            kept.pop();
            break;
        }
    }
    kept.push('…');
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 4] = [
        Column::text("PLAN"),
        Column::number("RUN"),
        Column::text("NOW").leaves(2),
        Column::number("LOG").leaves(1),
    ];

    fn drawn(width: Option<usize>) -> String {
        let rows = [
            ["dublin-cafe", "3", "a long tale", "8.1 MiB"].map(Cell::from).to_vec(),
            ["日本", "12", "", "9 B"].map(Cell::from).to_vec(),
        ];
        let mut to = Vec::new();
        table(&mut to, &COLUMNS, &rows, width, false);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn columns_are_aligned_by_what_is_seen() {
        assert_eq!(
            drawn(None),
            "PLAN         RUN  NOW              LOG\n\
             dublin-cafe    3  a long tale  8.1 MiB\n\
             日本          12                   9 B\n"
        );
    }

    #[test]
    fn a_narrow_table_leaves_out_columns_and_then_cuts_the_widest() {
        assert_eq!(
            drawn(Some(30)),
            "PLAN         RUN      LOG\n\
             dublin-cafe    3  8.1 MiB\n\
             日本          12      9 B\n"
        );
        assert_eq!(drawn(Some(12)), "PLAN     RUN\ndublin…    3\n日本      12\n");
    }

    #[test]
    fn a_column_that_shrinks_does_so_before_others_leave() {
        let columns = [Column::text("A").shrinks(4), Column::text("B").leaves(1)];
        let rows = [vec![Cell::from("a long tale"), Cell::from("b")]];
        let drawn = |width| {
            let mut to = Vec::new();
            table(&mut to, &columns, &rows, Some(width), false);
            String::from_utf8(to).unwrap()
        };
        assert_eq!(drawn(20), "A            B\na long tale  b\n");
        assert_eq!(drawn(10), "A        B\na long…  b\n");
        assert_eq!(drawn(6), "A\na lon…\n");
    }

    #[test]
    fn columns_that_shrink_share_what_there_is() {
        let columns = [Column::text("A").shrinks(4), Column::text("B").leaves(1).shrinks(4)];
        let rows = [vec![Cell::from("a long, long tale"), Cell::from("why it ended")]];
        let drawn = |width| {
            let mut to = Vec::new();
            table(&mut to, &columns, &rows, Some(width), false);
            String::from_utf8(to).unwrap()
        };
        assert_eq!(drawn(26), "A             B\na long, lon…  why it ended\n");
        assert_eq!(drawn(20), "A          B\na long, …  why it e…\n");
    }

    #[test]
    fn a_cell_cannot_bring_escapes_of_its_own() {
        let mut to = Vec::new();
        let rows = [vec![Cell::from("\u{1b}[2Jx")]];
        table(&mut to, &[Column::text("A")], &rows, None, false);
        assert_eq!(String::from_utf8(to).unwrap(), "A\n␛[2Jx\n");
    }
}
