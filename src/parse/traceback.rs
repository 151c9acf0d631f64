//! What one stream has said so far, as far as it matters for the next line: the level a traceback
//! carries on.

use serde::{Deserialize, Serialize};

use super::level::recognise;
use crate::model::{Eol, Level};

/// What was recognised in a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen<'a> {
    /// Its level: its own, or that of the line it continues.
    pub level: Option<Level>,
    /// The logger it names; ASCII.
    pub logger: Option<&'a [u8]>,
    /// Whether it continues a line before it: part of a traceback, or of an over-long line.
    pub continues: bool,
    /// Whether it names the exception of a traceback whose cause was marked.
    pub explains: bool,
}

/// Recognises the lines of one stream, one after the other.
///
/// A traceback belongs to the line right before its first `Traceback (most recent call last):`, if
/// that line names a level of warning or worse (behind a milder line it is an uncaught exception,
/// which nobody gave a level). From there every line carries that level: the indented frames, the
/// line of the exception, and up to [`Recogniser::MESSAGE`] more lines of its message, for a
/// traceback has no end mark. It ends before the next line with a prefix of its own, and at the
/// first line behind an empty line that does not go on with a chained traceback.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recogniser {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    level: Option<Level>,
    #[serde(default, skip_serializing_if = "is_plain")]
    place: Place,
    /// The line before was cut: this one goes on where it stopped.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    piece: bool,
    /// Somebody waits for the exception of the traceback that may follow.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    marked: bool,
    /// The line that named the level had no prefix that says so.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    bare: bool,
}

/// Where in a traceback the stream stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Place {
    /// Nowhere.
    #[default]
    Plain,
    /// Behind a line whose traceback may follow.
    Levelled,
    /// Among the frames.
    Frames,
    /// In the message of the exception, so many lines behind its first.
    Message(u8),
    /// Behind the empty line after a message.
    Empty,
}

fn is_plain(place: &Place) -> bool {
    *place == Place::Plain
}

impl Recogniser {
    /// Most lines of an exception's message, besides its first, that carry its level.
    pub const MESSAGE: u8 = 30;

    /// Whether the next line is a further piece of an over-long line.
    #[inline]
    pub fn is_inside_line(&self) -> bool {
        self.piece
    }

    /// Takes the next line of the stream.
    #[inline]
    pub fn see<'a>(&mut self, line: &'a [u8], eol: Eol) -> Seen<'a> {
        let piece = std::mem::replace(&mut self.piece, eol == Eol::Part);
        if piece {
            return Seen { level: self.level, continues: true, ..Seen::default() };
        }
        if let Some(prefix) = recognise(line) {
            self.begin(prefix.level);
            return Seen { level: self.level, logger: prefix.logger, ..Seen::default() };
        }
        let mut explains = false;
        if self.place != Place::Plain {
            let before = self.place;
            self.place = follow(before, line);
            explains = self.marked && before == Place::Frames && self.place == Place::Message(0);
        }
        if self.place == Place::Plain {
            self.level = None;
        }
        Seen { level: self.level, logger: None, continues: self.level.is_some(), explains }
    }

    fn begin(&mut self, level: Level) {
        self.bare = false;
        self.level = Some(level);
        self.place = if level >= Level::Warning { Place::Levelled } else { Place::Plain };
        self.marked = false;
    }

    /// The line just taken is known to have this level though its prefix did not say so.
    pub fn correct(&mut self, level: Level) {
        self.begin(level);
        self.bare = true;
    }

    /// Whether the line just taken may as well be the first behind a traceback: lines of this
    /// stream have no prefix to tell that by, and the exception has been named.
    pub fn may_be_over(&self) -> bool {
        self.bare && matches!(self.place, Place::Message(1..))
    }

    /// Whether the exception of a marked line may still come.
    pub fn awaits_explanation(&self) -> bool {
        self.marked && self.place != Place::Plain
    }

    /// The line just taken says that something went wrong: the line of its traceback that names the
    /// exception shall be told.
    pub fn mark(&mut self) {
        self.marked = true;
    }
}

/// Where a line without a prefix leads to.
fn follow(place: Place, line: &[u8]) -> Place {
    if begins_traceback(line) {
        return Place::Frames;
    }
    match place {
        Place::Plain | Place::Levelled => Place::Plain,
        Place::Frames if matches!(line, [] | [b' ' | b'\t', ..]) => Place::Frames,
        Place::Frames => Place::Message(0),
        Place::Message(_) if line.is_empty() => Place::Empty,
        Place::Message(Recogniser::MESSAGE..) => Place::Plain,
        Place::Message(lines) => Place::Message(lines + 1),
        Place::Empty if chains(line) => Place::Frames,
        Place::Empty => Place::Plain,
    }
}

fn begins_traceback(line: &[u8]) -> bool {
    line.strip_suffix(b"Traceback (most recent call last):").is_some_and(|front| {
        front.is_empty() || front.trim_ascii().ends_with(b"Exception Group") || is_margin(front)
    })
}

/// The margin that exception groups draw: spaces, `|` and `+`.
fn is_margin(front: &[u8]) -> bool {
    front.iter().all(|b| matches!(b, b' ' | b'|' | b'+' | b'-'))
}

fn chains(line: &[u8]) -> bool {
    line == b"During handling of the above exception, another exception occurred:"
        || line == b"The above exception was the direct cause of the following exception:"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One letter a line: its level (capital if it is its own), or `.`.
    fn levels(text: &str) -> String {
        let mut recogniser = Recogniser::default();
        text.lines()
            .map(|line| {
                // A saved and restored recogniser goes on as if nothing had happened.
                let saved = serde_json::to_string(&recogniser).unwrap();
                recogniser = serde_json::from_str(&saved).unwrap();
                let seen = recogniser.see(line.as_bytes(), Eol::Lf);
                let letter = seen.level.map_or('.', |level| level.name().as_bytes()[0] as char);
                if seen.continues { letter } else { letter.to_ascii_uppercase() }
            })
            .collect()
    }

    #[test]
    fn a_chained_traceback_carries_the_level_of_the_line_it_continues() {
        let text = "\
ERROR: failed    Fails()
Traceback (most recent call last):
  File \"x.py\", line 1, in work
ValueError: not a number

The above exception was the direct cause of the following exception:

Traceback (most recent call last):
  File \"x.py\", line 2, in run
    raise Inner()
Inner: a message
of three lines
and a third
INFO: Informed scheduler
print of the plan";
        assert_eq!(levels(text), "EeeeeeeeeeeeeI.");
    }

    #[test]
    fn a_traceback_ends_behind_an_empty_line_after_its_message() {
        let text = "\
WARNING: x
Traceback (most recent call last):
  File
KeyError: 'a'

a print";
        assert_eq!(levels(text), "Wwwww.");
    }

    #[test]
    fn a_traceback_behind_a_mild_line_is_an_uncaught_exception_without_a_level() {
        assert_eq!(levels("INFO: x\nTraceback (most recent call last):\n  File\nKeyError"), "I...");
        assert_eq!(levels("Traceback (most recent call last):\n  File\nKeyError"), "...");
        assert_eq!(levels("ERROR: x\nprint\nTraceback (most recent call last):"), "E..");
    }

    #[test]
    fn the_message_of_an_exception_does_not_go_on_for_ever() {
        let mut text =
            "ERROR: x\nTraceback (most recent call last):\n  File\nKeyError\n".to_owned();
        text.push_str(&"a line\n".repeat(100));
        let carried = levels(&text).matches('e').count();
        assert_eq!(carried, 3 + usize::from(Recogniser::MESSAGE));
    }

    #[test]
    fn only_behind_a_line_without_a_prefix_may_a_traceback_be_over_at_any_line() {
        for bare in [false, true] {
            let mut recogniser = Recogniser::default();
            recogniser.see(b"ERROR: x", Eol::Lf);
            if bare {
                recogniser.correct(Level::Error);
            }
            let over: Vec<bool> = ["Traceback (most recent call last):", "  File", "KeyError", "x"]
                .iter()
                .map(|line| {
                    assert!(recogniser.see(line.as_bytes(), Eol::Lf).continues);
                    recogniser.may_be_over()
                })
                .collect();
            assert_eq!(over, [false, false, false, bare]);
            recogniser.see(b"INFO: y", Eol::Lf);
            assert!(!recogniser.may_be_over());
        }
    }

    #[test]
    fn the_pieces_of_a_long_line_have_the_level_of_its_beginning() {
        let mut recogniser = Recogniser::default();
        assert_eq!(recogniser.see(b"ERROR: long", Eol::Part).level, Some(Level::Error));
        let piece = recogniser.see(b"INFO: not a prefix", Eol::Part);
        assert_eq!((piece.level, piece.continues), (Some(Level::Error), true));
        assert_eq!(recogniser.see(b"end", Eol::Lf).level, Some(Level::Error));
        assert_eq!(recogniser.see(b"next", Eol::Lf).level, None);
    }
}
