//! The first fields of a record, read from its bytes without parsing the whole.

use std::borrow::Cow;

use serde::Deserialize;

use super::{Eol, Level, Record, Stamp};

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
        let walk = Walk::over(line)?;
        let Walk { ts, seq, run, stream, event, level, .. } = walk;
        Some(Peek { ts, seq, run, stream: stream.into(), event: event.map(Cow::from), level })
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

/// The record of an ordinary line: one in the writer's key order that is text, with what it says of
/// a task. None for every other line, records or not.
pub(super) fn ordinary(line: &[u8]) -> Option<Record<'_>> {
    let walk = Walk::over(line)?;
    let mut rest = walk.rest;
    let mut logger = None;
    if let Some((name, after)) = string(rest, b",\"logger\":\"")? {
        (logger, rest) = (Some(name.into()), after);
    }
    let (msg, mut rest) = written(rest, b",\"msg\":\"")??;
    let (mut task, mut task_event, mut task_ts) = (None, None, None);
    if let Some((name, after)) = written(rest, b",\"task\":\"")? {
        (task, rest) = (Some(name), after);
    }
    if let Some((event, after)) = string(rest, b",\"task_event\":\"")? {
        (task_event, rest) = (Some(event.into()), after);
    }
    if let Some((ts, after)) = string(rest, b",\"task_ts\":\"")? {
        (task_ts, rest) = (Some(ts.parse().ok()?), after);
    }
    if !matches!(rest, b"}\n" | b"}") {
        return None;
    }
    Some(Record {
        ts: stamp(&walk.ts)?,
        seq: walk.seq,
        plan: walk.plan.into(),
        run: walk.run,
        stream: walk.stream.parse().ok()?,
        off: walk.off,
        len: walk.len,
        event: walk.event.map(Cow::from),
        level: walk.level,
        logger,
        msg,
        raw: None,
        eol: Eol::Lf,
        task,
        task_event,
        task_ts,
    })
}

/// The fields up to the level, and what follows them.
struct Walk<'a> {
    ts: [u8; Stamp::LEN],
    seq: u64,
    plan: &'a str,
    run: u64,
    stream: &'a str,
    off: Option<u64>,
    len: Option<u64>,
    event: Option<&'a str>,
    level: Option<Level>,
    rest: &'a [u8],
}

impl<'a> Walk<'a> {
    fn over(line: &'a [u8]) -> Option<Walk<'a>> {
        let (ts, seq, rest) = place(line)?;
        let (plan, rest) = string(rest, b",\"plan\":\"")??;
        let (run, rest) = number(rest.strip_prefix(b",\"run\":")?)?;
        let (stream, mut rest) = string(rest, b",\"stream\":\"")??;
        let mut numbers = [None; 2];
        for (value, key) in numbers.iter_mut().zip([b",\"off\":", b",\"len\":"]) {
            if let Some(after) = rest.strip_prefix(key) {
                let (found, after) = number(after)?;
                (*value, rest) = (Some(found), after);
            }
        }
        let [off, len] = numbers;
        let mut event = None;
        if let Some((kind, after)) = string(rest, b",\"event\":\"")? {
            (event, rest) = (Some(kind), after);
        }
        let mut level = None;
        if let Some((name, after)) = string(rest, b",\"level\":\"")? {
            (level, rest) = (Some(Level::from_printed(name.as_bytes())?), after);
        }
        Some(Walk { ts, seq, plan, run, stream, off, len, event, level, rest })
    }
}

/// The value behind `key`, if that comes next, and what follows. The outer None: it has escapes.
#[allow(clippy::option_option, reason = "absent and unreadable are different answers")]
fn string<'a>(text: &'a [u8], key: &[u8]) -> Option<Option<(&'a str, &'a [u8])>> {
    match text.strip_prefix(key) {
        None => Some(None),
        Some(after) => word(after).map(Some),
    }
}

/// The inverse of [`Stamp::text`].
fn stamp(text: &[u8; Stamp::LEN]) -> Option<Stamp> {
    let field = |from: usize, to: usize| {
        text[from..to].iter().try_fold(0_i64, |value, b| {
            b.is_ascii_digit().then(|| value * 10 + i64::from(b - b'0'))
        })
    };
    let (year, month, day) = (field(0, 4)?, field(5, 7)?, field(8, 10)?);
    // Days since 1970-01-01 in eras of 400 years that begin on 1 March.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, month) = (year.div_euclid(400), (month + 9) % 12);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    let days = era * 146_097 + day_of_era - 719_468;
    let seconds = ((days * 24 + field(11, 13)?) * 60 + field(14, 16)?) * 60 + field(17, 19)?;
    Some(Stamp(seconds * 1_000_000 + field(20, 26)?))
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
    Some((simdutf8::basic::from_utf8(&text[..end]).ok()?, &text[end + 1..]))
}

/// The same where the value may have escapes.
#[allow(clippy::option_option, reason = "absent and unreadable are different answers")]
fn written<'a>(text: &'a [u8], key: &[u8]) -> Option<Option<(Cow<'a, str>, &'a [u8])>> {
    let Some(after) = text.strip_prefix(key) else { return Some(None) };
    let end = memchr::memchr2(b'"', b'\\', after)?;
    if after[end] == b'"' {
        let plain = simdutf8::basic::from_utf8(&after[..end]).ok()?;
        return Some(Some((plain.into(), &after[end + 1..])));
    }
    unescaped(after, end).map(Some)
}

/// A string whose first escape stands at `at`, and what follows its closing quote. None where an
/// escape is of a kind that the writer has no use for.
fn unescaped(text: &[u8], at: usize) -> Option<(Cow<'_, str>, &[u8])> {
    let mut plain = Vec::with_capacity(text.len());
    let (mut from, mut at) = (0, at);
    while text[at] == b'\\' {
        plain.extend_from_slice(&text[from..at]);
        let (byte, length) = match text.get(at + 1)? {
            escaped @ (b'"' | b'\\' | b'/') => (*escaped, 2),
            b'n' => (b'\n', 2),
            b't' => (b'\t', 2),
            b'r' => (b'\r', 2),
            b'b' => (8, 2),
            b'f' => (12, 2),
            b'u' => match text.get(at + 2..at + 6)? {
                // Control characters: all others are written as they are.
                [b'0', b'0', high @ (b'0' | b'1'), low] => {
                    ((high - b'0') << 4 | char::from(*low).to_digit(16)? as u8, 6)
                }
                _ => return None,
            },
            _ => return None,
        };
        plain.push(byte);
        from = at + length;
        at = from + memchr::memchr2(b'"', b'\\', text.get(from..)?)?;
    }
    plain.extend_from_slice(&text[from..at]);
    Some((String::from_utf8(plain).ok()?.into(), &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Head, Text, encode_event, encode_text};
    use super::*;
    use proptest::prelude::*;

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
    fn what_luigi_writes_is_ordinary() {
        let head = Head::new(&"cafe".parse().unwrap(), 3, "stderr");
        let bytes = b"INFO: [pid 7] Worker w done      A(models=[\"x\"], path=C:\\d)\t";
        let task = Some(("A(models=[\"x\"], path=C:\\d)", "done"));
        let (level, happened) = (Some(Level::Info), Some(Stamp(7)));
        let text = Text { bytes, level, task, happened, ..Text::default() };
        let mut line = Vec::new();
        encode_text(&mut line, &head, &Stamp(0).text(), 1, &text);
        assert_eq!(ordinary(&line), serde_json::from_slice(&line).ok());
    }

    proptest! {
        #[test]
        fn an_ordinary_line_is_read_as_a_parse_reads_it(
            micros in -62_135_596_800_000_000_i64..253_402_207_200_000_000,
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            text in "[\\x00-~é]{0,40}",
            task in proptest::option::of(("[ -~é]{0,12}", "[a-z\"]{0,5}")),
            happened in proptest::option::of(-62_135_596_800_000_000_i64..253_402_207_200_000_000),
            ordinary in any::<bool>(),
            eol in prop_oneof![4 => Just(Eol::Lf), 1 => Just(Eol::Cr)],
            level in proptest::option::of(proptest::sample::select(Level::ALL.to_vec())),
            logger in proptest::option::of("[a-z.\"]{0,8}"),
            off in 0..1_u64 << 53,
        ) {
            let bytes = if ordinary { text.as_bytes() } else { &bytes };
            let logger = logger.as_deref().map(str::as_bytes);
            let task = task.as_ref().map(|(task, event)| (task.as_str(), event.as_str()));
            let happened = happened.filter(|_| task.is_some()).map(Stamp);
            let text = Text { off, bytes, eol, level, logger, task, happened };
            let head = Head::new(&"cafe".parse().unwrap(), 3, "stderr");
            let mut line = Vec::new();
            encode_text(&mut line, &head, &Stamp(micros).text(), 4242, &text);
            let parsed: Record<'_> = serde_json::from_slice(&line).unwrap();
            prop_assert_eq!(Record::parse(&line).unwrap(), parsed);
        }
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
