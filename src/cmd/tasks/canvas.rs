//! A picture on the terminal that is drawn again in its place.
//!
//! The cursor is never hidden and no mode is set beyond one write: however the command ends, even
//! by SIGKILL, the terminal is as it was.

/// What stands on the terminal.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    shown: Vec<String>,
}

/// Terminals that know it show what comes between the two at once, the others ignore them
/// (<https://gist.github.com/christianparpart/d8a62cc1ab659194337d73e399004036>).
const BEGIN: &str = "\x1b[?2026h";
const END: &str = "\x1b[?2026l";

impl Canvas {
    /// The bytes that put this picture into the place of the one before; none if it is the same.
    /// A picture higher than `rows` loses lines behind its `head`: those before the last that are
    /// `wanted`, then those behind.
    pub(super) fn redraw(&mut self, picture: &str, rows: usize, wanted: &str) -> Vec<u8> {
        let lines = clipped(picture, rows.saturating_sub(1).max(4), wanted);
        self.put(lines)
    }

    /// The same for the last picture, which is shown whole.
    pub(super) fn finish(&mut self, picture: &str) -> Vec<u8> {
        self.put(picture.lines().map(str::to_owned).collect())
    }

    /// The terminal has another size: what was drawn may stand anywhere now.
    pub(super) fn forget(&mut self) -> Vec<u8> {
        self.shown.clear();
        b"\x1b[H\x1b[2J".to_vec()
    }

    fn put(&mut self, lines: Vec<String>) -> Vec<u8> {
        if lines == self.shown {
            return Vec::new();
        }
        let mut to = String::from(BEGIN);
        if !self.shown.is_empty() {
            to.push_str(&format!("\x1b[{}A\r", self.shown.len()));
        }
        for line in &lines {
            to.push_str(line);
            to.push_str("\x1b[K\n");
        }
        if lines.len() < self.shown.len() {
            to.push_str("\x1b[J");
        }
        to.push_str(END);
        self.shown = lines;
        to.into_bytes()
    }
}

/// The lines that fit: the head up to the first empty line and the line behind it, then those
/// around the last that is wanted.
fn clipped(picture: &str, rows: usize, wanted: &str) -> Vec<String> {
    let lines: Vec<&str> = picture.lines().collect();
    if lines.len() <= rows {
        return lines.into_iter().map(str::to_owned).collect();
    }
    let head = lines.iter().position(|line| line.is_empty()).map_or(0, |at| at + 2).min(rows / 2);
    let room = rows - head - 2;
    let last = lines.iter().rposition(|line| line.contains(wanted)).unwrap_or(head);
    // Some lines behind the last one that is at work: what comes next.
    let end = (last + 1 + room / 4).clamp(head + room, lines.len());
    let start = end - room;
    let (above, below) = (start - head, lines.len() - end);
    let mut kept: Vec<String> = lines[..head].iter().map(|&line| line.to_owned()).collect();
    kept.extend((above > 0).then(|| format!("  … {above} more above")));
    kept.extend(lines[start..end].iter().map(|&line| line.to_owned()));
    kept.extend((below > 0).then(|| format!("  … {below} more below")));
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The screen after these bytes, without blank rows.
    fn screen(bytes: &[&[u8]]) -> String {
        let size = |n| std::num::NonZero::new(n).unwrap();
        let mut parser = vt100::Parser::new(size(8), size(20), 0);
        for bytes in bytes {
            // A terminal in its usual mode makes a carriage return of each line end.
            parser.process(&String::from_utf8_lossy(bytes).replace('\n', "\r\n").into_bytes());
        }
        parser.screen().contents().trim_end().to_owned()
    }

    #[test]
    fn a_picture_takes_the_place_of_the_one_before() {
        let mut canvas = Canvas::default();
        let first = canvas.redraw("head\n\na long line\nb\nc", 8, "▶");
        let second = canvas.redraw("head\n\nshort\nb", 8, "▶");
        assert_eq!(
            screen(&[b"before\n", &first, &second, b"after"]),
            "before\nhead\n\nshort\nb\nafter"
        );
        assert!(canvas.redraw("head\n\nshort\nb", 8, "▶").is_empty(), "nothing changed");
    }

    #[test]
    fn a_picture_that_is_too_high_shows_what_is_at_work() {
        let mut picture = String::from("head\n\naxis\n");
        for n in 0..30 {
            picture += &format!("{} {n}\n", if n == 20 { "▶" } else { "✓" });
        }
        let mut canvas = Canvas::default();
        let drawn = canvas.redraw(&picture, 8, "▶");
        let shown = screen(&[&drawn]);
        assert!(shown.starts_with("head\n\naxis\n  … ") && shown.contains("▶ 20"), "{shown}");
        assert!(shown.ends_with("more below"), "{shown}");
        assert!(shown.lines().count() < 8);
        let whole = String::from_utf8(canvas.finish(&picture)).unwrap();
        assert!(whole.contains("✓ 0\x1b[K") && whole.contains("✓ 29\x1b[K"));
    }
}
