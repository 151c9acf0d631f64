//! The one gate to a terminal: any text in, and out comes text that can only be read.
//!
//! What passes: printable characters, and colour, bold, dim, italic, underline and reverse, written
//! anew from what was understood and reset at the end. Everything else is shown instead of obeyed:
//! control characters as their pictures (`␛`, `␀`), invisible and direction-changing ones by their
//! number (`<U+202E>`). An escape sequence thus loses its `ESC` and lies open: nothing has to be
//! known about sequences to make them harmless, and an unfinished one cannot swallow what follows.

use unicode_width::UnicodeWidthChar as _;

use super::sgr::{Sgr, sequence};

/// Marks of zero width that one character may carry: enough for every script and emoji, too few to
/// paint over the lines above.
const MARKS: usize = 6;

/// Columns between tab stops.
const TAB: usize = 8;

/// Appends `text`, made harmless. With `colour` its own colours are kept, and reset at the end.
pub fn sanitize(to: &mut Vec<u8>, text: &str, colour: bool) {
    let plain = plain_length(text.as_bytes());
    to.extend_from_slice(&text.as_bytes()[..plain]);
    if plain < text.len() {
        let mut writer = Writer { to, colour, sgr: Sgr::default(), column: plain, marks: 0 };
        writer.write(&text[plain..]);
    }
}

/// The harmless form of a short text without colours, for messages and tables.
pub fn harmless(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    sanitize(&mut bytes, text, false);
    String::from_utf8(bytes).unwrap_or_default()
}

/// Whether `text` brings escape sequences of its own.
pub fn has_escapes(text: &str) -> bool {
    memchr::memchr(0x1b, text.as_bytes()).is_some()
}

/// Bytes at the front that are plain ASCII to look at.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    bytes.iter().position(|b| !matches!(b, b' '..=b'~')).unwrap_or(bytes.len())
}

struct Writer<'a> {
    to: &'a mut Vec<u8>,
    colour: bool,
    sgr: Sgr,
    /// Columns written so far, as far as tabs need to know.
    column: usize,
    /// Marks on the last character.
    marks: usize,
}

impl Writer<'_> {
    fn write(&mut self, text: &str) {
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == '\u{1b}'
                && let Some((parameters, after)) = sequence(rest)
            {
                self.style(parameters);
                rest = after;
                continue;
            }
            self.character(c);
            rest = &rest[c.len_utf8()..];
            let plain = plain_length(rest.as_bytes());
            if plain > 0 {
                self.to.extend_from_slice(&rest.as_bytes()[..plain]);
                self.column += plain;
                self.marks = 0;
                rest = &rest[plain..];
            }
        }
        if !self.sgr.is_plain() {
            self.to.extend_from_slice(b"\x1b[0m");
        }
    }

    fn style(&mut self, parameters: &str) {
        if self.colour {
            let before = self.sgr;
            self.sgr.apply(parameters);
            if self.sgr != before {
                self.sgr.write(self.to);
            }
        }
    }

    fn character(&mut self, c: char) {
        match c {
            ' '..='~' => self.put(c, 1),
            '\t' => {
                let spaces = TAB - self.column % TAB;
                self.to.resize(self.to.len() + spaces, b' ');
                self.column += spaces;
                self.marks = 0;
            }
            '\0'..='\u{1f}' => {
                self.put(char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'), 1);
            }
            '\u{7f}' => self.put('␡', 1),
            _ if is_unseen(c) => {
                for shown in format!("<U+{:04X}>", u32::from(c)).chars() {
                    self.put(shown, 1);
                }
            }
            _ => match c.width() {
                Some(0) => self.mark(c),
                width => self.put(c, width.unwrap_or(1)),
            },
        }
    }

    /// A mark of zero width. Of a flood only the first few are passed on, and one sign says so.
    fn mark(&mut self, c: char) {
        self.marks += 1;
        if self.marks <= MARKS {
            self.push(c);
        } else if self.marks == MARKS + 1 {
            self.push('\u{fffd}');
            self.column += 1;
        }
    }

    fn put(&mut self, c: char, width: usize) {
        self.push(c);
        self.column += width;
        self.marks = 0;
    }

    fn push(&mut self, c: char) {
        self.to.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Characters that cannot be seen, or that change how others are seen: controls of ISO 6429 (C1),
/// directions (Unicode TR9), separators, fillers, tags, and the invisible operators. Joiners and
/// variation selectors are marks instead: words and emoji need them.
pub(super) fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9f}'
            | '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e00ff}'
            | '\u{e01f0}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn coloured(text: &str) -> String {
        let mut to = Vec::new();
        sanitize(&mut to, text, true);
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn colours_pass_and_are_reset_at_the_end() {
        assert_eq!(coloured("a \x1b[31mred"), "a \x1b[0;31mred\x1b[0m");
        assert_eq!(coloured("\x1b[1;4;38;5;9mx\x1b[0m y"), "\x1b[0;1;4;38;5;9mx\x1b[0m y");
        assert_eq!(harmless("\x1b[31mred\x1b[0m"), "red");
    }

    #[test]
    fn everything_else_lies_open() {
        for (text, shown) in [
            ("\x1b]52;c;aGk=\x07x", "␛]52;c;aGk=␇x"),
            ("\x1b]0;title\x1b\\x", "␛]0;title␛\\x"),
            ("\x1b[2J\x1b[Hx", "␛[2J␛[Hx"),
            ("\x1b[?1049h", "␛[?1049h"),
            ("\x1b[c\x1bPq\x1b\\", "␛[c␛Pq␛\\"),
            ("\x1b[8mhidden\x1b[5mblink", "hiddenblink"),
            ("\x1b[31", "␛[31"),
            ("a\rb\x08c\0d\x7fe\nf", "a␍b␈c␀d␡e␊f"),
            ("\u{9b}31mx", "<U+009B>31mx"),
            ("ab\u{202e}dc\u{200b}", "ab<U+202E>dc<U+200B>"),
            ("x\ty\tz", "x       y       z"),
        ] {
            assert_eq!(coloured(text), shown, "{text:?}");
        }
    }

    #[test]
    fn a_flood_of_marks_is_cut_and_ordinary_marks_stay() {
        let flood = format!("a{}b", "\u{301}".repeat(1000));
        assert_eq!(harmless(&flood), format!("a{}\u{fffd}b", "\u{301}".repeat(MARKS)));
        for fine in ["naïve", "e\u{301}", "👩\u{200d}👩\u{200d}👧", "❤\u{fe0f}", "日本語", "नमस्ते"]
        {
            assert_eq!(harmless(fine), fine);
        }
    }

    #[test]
    fn text_is_never_painted_in_the_colour_of_its_ground() {
        assert_eq!(coloured("\x1b[31;41mx"), "\x1b[0;31mx\x1b[0m");
        assert_eq!(coloured("\x1b[38;2;1;2;3;48;2;1;2;3mx"), "\x1b[0;38;2;1;2;3mx\x1b[0m");
    }

    fn hostile() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            proptest::sample::select(vec![
                "\x1b",
                "\x1b[",
                "\x1b]",
                "\x1bP",
                "\x07",
                "\r",
                "\x08",
                "\0",
                "\u{9b}",
                "\u{202e}",
                "\u{200b}",
                "\u{301}",
                "\u{7f}",
                ";",
                ":",
                "m",
                "31",
                "38;5",
                "8",
                "?25l",
                "\n",
                "\t",
                "x",
                "日",
                "😀",
                "\u{e0041}",
                "\x1b[31m",
                "\x1b[7m",
                "\x1b[8m",
            ])
            .prop_map(str::to_owned),
            any::<char>().prop_map(String::from),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_text_gives_no_escape_but_colours_and_nothing_unseen(text in hostile()) {
            let shown = coloured(&text);
            let mut rest = &shown[..];
            let (mut marks, mut plain) = (0, true);
            while let Some(c) = rest.chars().next() {
                if c == '\x1b' {
                    let (parameters, after) = sequence(rest).expect("only styles");
                    for number in parameters.split(';') {
                        let number: u8 = number.parse().unwrap();
                        prop_assert!(!matches!(number, 5 | 6 | 8) || parameters.contains("8;"));
                    }
                    plain = parameters == "0";
                    rest = after;
                    continue;
                }
                prop_assert!(!c.is_control() && !is_unseen(c), "{c:?}");
                marks = if c.width() == Some(0) { marks + 1 } else { 0 };
                prop_assert!(marks <= MARKS);
                rest = &rest[c.len_utf8()..];
            }
            prop_assert!(plain, "reset at the end");
            prop_assert!(!harmless(&text).contains('\x1b'));
        }

        #[test]
        fn a_terminal_shows_no_text_but_what_sanitize_shows(text in hostile()) {
            let mut parser = vt100::Parser::new(60.try_into().unwrap(), 200.try_into().unwrap(), 0);
            parser.process(b"before ");
            parser.process(coloured(&text).as_bytes());
            let contents = parser.screen().contents();
            prop_assert!(contents.starts_with("before"));
            prop_assert!(!parser.screen().hide_cursor() && !parser.screen().alternate_screen());
            parser.process(b"after");
            let (row, column) = parser.screen().cursor_position();
            let cell = parser.screen().cell(row, column - 1).unwrap();
            prop_assert_eq!(cell.fgcolor(), vt100::Color::Default);
            prop_assert!(!cell.bold() && !cell.inverse() && !cell.underline());
        }
    }
}
