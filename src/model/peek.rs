//! The first fields of a record, read from its bytes without parsing the whole.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Level, Stamp};

/// What most questions about a record need: where it stands and how bad it is. The writer's fixed
/// key order makes this a walk over the first hundred bytes; a line with another order (written by
/// another release, or by hand) is parsed instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peek<'a> {
    /// The printed time stamp: sorts as bytes.
    pub ts: [u8; Stamp::LEN],
    /// Position in the plan's log.
    pub seq: u64,
    /// The run.
    pub run: u64,
    /// Name of the stream.
    pub stream: Cow<'a, str>,
    /// Kind of event.
    pub event: Option<Cow<'a, str>>,
    /// Severity.
    pub level: Option<Level>,
}

impl<'a> Peek<'a> {
    /// The first fields of one line. None if it is no record.
    pub fn of(line: &'a [u8]) -> Option<Peek<'a>> {
        Peek::walk(line).or_else(|| Peek::parse(line))
    }

    /// Time stamp and seq alone. The line may be cut off after them.
    pub fn place(line: &[u8]) -> Option<([u8; Stamp::LEN], u64)> {
        if let Some((ts, seq, _)) = place(line) {
            return Some((ts, seq));
        }
        Peek::parse(line).map(|peek| (peek.ts, peek.seq))
    }

    /// The seq alone.
    pub fn seq(line: &[u8]) -> Option<u64> {
        Peek::place(line).map(|(_, seq)| seq)
    }

    fn walk(line: &'a [u8]) -> Option<Peek<'a>> {
        let (ts, seq, rest) = place(line)?;
        let (_, rest) = word(rest.strip_prefix(b",\"plan\":\"")?)?;
        let (run, rest) = number(rest.strip_prefix(b",\"run\":")?)?;
        let (stream, mut rest) = word(rest.strip_prefix(b",\"stream\":\"")?)?;
        for key in [b",\"off\":", b",\"len\":"] {
            if let Some(after) = rest.strip_prefix(key) {
                rest = number(after)?.1;
            }
        }
        let mut event = None;
        if let Some(after) = rest.strip_prefix(b",\"event\":\"") {
            let (kind, after) = word(after)?;
            (event, rest) = (Some(kind.into()), after);
        }
        let mut level = None;
        if let Some(after) = rest.strip_prefix(b",\"level\":\"") {
            level = Level::from_printed(word(after)?.0.as_bytes());
        }
        Some(Peek { ts, seq, run, stream: stream.into(), event, level })
    }

    fn parse(line: &'a [u8]) -> Option<Peek<'a>> {
        #[derive(Deserialize)]
        struct Fields<'a> {
            ts: Stamp,
            seq: u64,
            run: u64,
            #[serde(borrow)]
            stream: Cow<'a, str>,
            #[serde(borrow, default)]
            event: Option<Cow<'a, str>>,
            #[serde(default)]
            level: Option<Level>,
        }
        let fields: Fields<'a> = serde_json::from_slice(line).ok()?;
        let Fields { ts, seq, run, stream, event, level } = fields;
        Some(Peek { ts: ts.text(), seq, run, stream, event, level })
    }
}

fn place(line: &[u8]) -> Option<([u8; Stamp::LEN], u64, &[u8])> {
    let rest = line.strip_prefix(b"{\"ts\":\"")?;
    let (ts, rest) = rest.split_first_chunk::<{ Stamp::LEN }>()?;
    if ts[4] != b'-' || ts[10] != b'T' || ts[19] != b'.' || ts[26] != b'Z' {
        return None;
    }
    let (seq, rest) = number(rest.strip_prefix(b"\",\"seq\":")?)?;
    Some((*ts, seq, rest))
}

/// A number and what follows it; None if the line ends inside it.
fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    let digits = text.iter().position(|b| !b.is_ascii_digit())?;
    if digits == 0 || digits > 18 {
        return None;
    }
    let value = text[..digits].iter().fold(0, |value, b| value * 10 + u64::from(b - b'0'));
    Some((value, &text[digits..]))
}

/// The rest of a string without escapes, and what follows its closing quote.
fn word(text: &[u8]) -> Option<(&str, &[u8])> {
    let end = memchr::memchr2(b'"', b'\\', text)?;
    if text[end] == b'\\' {
        return None;
    }
    Some((std::str::from_utf8(&text[..end]).ok()?, &text[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Head, Text, encode_event, encode_text};
    use super::*;

    #[test]
    fn a_peek_sees_what_a_parse_sees() {
        let ts = Stamp(1_795_455_062_123_456);
        let mut line = Vec::new();
        for (stream, level) in [("stderr", Some(Level::Error)), ("file:a\"b", None)] {
            line.clear();
            let head = Head::new(&"dublin-cafe".parse().unwrap(), 3, stream);
            let text = Text { off: 88, bytes: b"\"level\":\"debug\"", level, ..Text::default() };
            encode_text(&mut line, &head, &ts.text(), 4242, &text);
            let peek = Peek::of(&line).unwrap();
            assert_eq!(Some(&peek), Peek::parse(&line).as_ref());
            assert_eq!((peek.seq, peek.run, &*peek.stream, peek.level), (4242, 3, stream, level));
        }
        line.clear();
        let head = Head::new(&"a".parse().unwrap(), 1, "planwatch");
        let event = Event::ClockStepped { back_ms: 7 };
        let level = Level::Warning;
        encode_event(&mut line, &head, &ts.text(), 9, Some((1, 2)), level, "back", &event);
        let peek = Peek::walk(&line).unwrap();
        assert_eq!(Some(&peek), Peek::parse(&line).as_ref());
        assert_eq!(peek.event.as_deref(), Some("clock.stepped"));
    }

    #[test]
    fn another_key_order_is_parsed_and_garbage_is_no_record() {
        let line = br#"{"seq":5,"run":1,"stream":"stdout","msg":"x","ts":"2026-11-23T17:31:02Z"}"#;
        assert_eq!(Peek::seq(line), Some(5));
        for garbage in [&b"\0\0\0\0\n"[..], b"{}\n", b"\n", b"{\"ts\":\"2026", b"INFO: hi\n"] {
            assert_eq!(Peek::of(garbage), None);
        }
    }
}
