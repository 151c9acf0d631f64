//! Records → bytes. Fixed key order, no allocation for a line of text.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::digits::{DIGITS, digits};
use super::{Eol, Event, Front, Level, PlanName, Sheet, Stamp};

/// The part of a record that does not change from line to line of one stream:
/// `","plan":"x","run":3,"stream":"stdout","off":`, made once.
#[derive(Clone, Debug)]
pub struct Head {
    /// Ends with the key of the offset.
    fixed: Vec<u8>,
    /// The same, for copying in one piece whatever its length; None where it is longer.
    block: Option<Box<[u8; BLOCK]>>,
}

const OFF: &[u8] = b",\"off\":";

/// Bytes of [`Head::fixed`] that are copied at once: enough for the longest plan name.
const BLOCK: usize = 128;

impl Head {
    /// The fixed part for one stream of one run.
    pub fn new(plan: &PlanName, run: u64, stream: &str) -> Head {
        let mut fixed = Vec::with_capacity(BLOCK);
        fixed.extend_from_slice(b",\"plan\":\"");
        fixed.extend_from_slice(plan.as_str().as_bytes());
        fixed.extend_from_slice(b"\",\"run\":");
        number(&mut fixed, run);
        fixed.extend_from_slice(b",\"stream\":");
        json_escape_simd::escape_into(stream, &mut fixed);
        fixed.extend_from_slice(OFF);
        let block = (fixed.len() <= BLOCK).then(|| {
            let mut block = Box::new([0; BLOCK]);
            block[..fixed.len()].copy_from_slice(&fixed);
            block
        });
        Head { fixed, block }
    }

    /// Everything up to the stream's name.
    fn write(&self, to: &mut Vec<u8>, front: &Front) {
        to.extend_from_slice(front.bytes());
        to.extend_from_slice(&self.fixed[..self.fixed.len() - OFF.len()]);
    }

    /// Everything up to the offset's value, and that. Copies of a size that the compiler knows are
    /// a few instructions each, others a call: more is copied than is kept.
    #[inline]
    fn put_off(&self, to: &mut Sheet, front: &Front, off: u64) {
        let Some(block) = &self.block else {
            return to.put_made(|made| {
                self.write(made, front);
                made.extend_from_slice(OFF);
                number(made, off);
            });
        };
        let room = to.room(Front::MOST + BLOCK + DIGITS);
        let (bytes, mut at) = front.whole();
        room[..Front::MOST].copy_from_slice(bytes);
        room[at..at + BLOCK].copy_from_slice(&**block);
        at += self.fixed.len();
        at += digits(&mut room[at..at + DIGITS], off);
        to.keep(at);
    }
}

/// One line of a plan, cut out of its stream and recognised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text<'a> {
    /// Offset of its first byte in its stream.
    pub off: u64,
    /// Its bytes without the line end.
    pub bytes: &'a [u8],
    /// Its line end.
    pub eol: Eol,
    /// Its level, if it names one.
    pub level: Option<Level>,
    /// Its logger, if it names one.
    pub logger: Option<&'a [u8]>,
    /// Task it speaks of and what happened to it.
    pub task: Option<(&'a str, &'a str)>,
    /// When that happened, where it was well before the line was recorded.
    pub happened: Option<Stamp>,
}

/// What a record has besides its line, mostly.
const MOSTLY: usize = 512;

/// Appends the record of a line, `\n` included.
pub fn encode_text(
    to: &mut Vec<u8>,
    head: &Head,
    ts: &[u8; Stamp::LEN],
    seq: u64,
    text: &Text<'_>,
) {
    let mut sheet = Sheet::with_room(MOSTLY + text.bytes.len());
    put_text(&mut sheet, &Front::new(ts, seq), head, text);
    to.extend_from_slice(sheet.bytes());
}

/// Puts the record of a line, `\n` included, behind what the sheet holds.
#[inline]
pub fn put_text(to: &mut Sheet, front: &Front, head: &Head, text: &Text<'_>) {
    head.put_off(to, front, text.off);
    put_level(to, text.level);
    if let Some(logger) = text.logger {
        to.put(b",\"logger\":");
        put_string(to, logger);
    }
    to.put(b",\"msg\":");
    if !put_string(to, text.bytes) {
        to.put_made(|made| {
            made.extend_from_slice(b",\"raw\":\"");
            made.extend_from_slice(BASE64.encode(text.bytes).as_bytes());
            made.push(b'"');
        });
    }
    if let Some(eol) = text.eol.field() {
        to.put(b",\"eol\":\"");
        to.put(eol.as_bytes());
        to.put(b"\"");
    }
    if let Some((task, event)) = text.task {
        to.put(b",\"task\":");
        put_str(to, task);
        to.put(b",\"task_event\":");
        put_str(to, event);
    }
    if let Some(happened) = text.happened {
        to.put(b",\"task_ts\":\"");
        to.put(&happened.text());
        to.put(b"\"");
    }
    to.put(b"}\n");
}

/// The record's level with its comma, all levels copied alike.
#[inline]
fn put_level(to: &mut Sheet, level: Option<Level>) {
    let (field, length) = LEVELS[level.map_or(0, |level| level as usize + 1)];
    to.room(LONGEST_LEVEL)[..LONGEST_LEVEL].copy_from_slice(&field);
    to.keep(length);
}

/// Puts a JSON string. What is no UTF-8 is shown as U+FFFD; false then.
#[inline]
fn put_string(to: &mut Sheet, bytes: &[u8]) -> bool {
    put_plain(to, bytes) || put_escaped(to, bytes)
}

/// The same of what is known to be UTF-8.
#[inline]
fn put_str(to: &mut Sheet, text: &str) {
    if !put_plain(to, text.as_bytes()) {
        to.put_made(|made| json_escape_simd::escape_into(text, made));
    }
}

/// Puts a JSON string that is nothing but its bytes between quotes; false if this is none.
#[inline]
fn put_plain(to: &mut Sheet, bytes: &[u8]) -> bool {
    if !is_plain(bytes) {
        return false;
    }
    let room = to.room(bytes.len() + 2);
    room[0] = b'"';
    room[1..=bytes.len()].copy_from_slice(bytes);
    room[bytes.len() + 1] = b'"';
    to.keep(bytes.len() + 2);
    true
}

#[inline(never)]
fn put_escaped(to: &mut Sheet, bytes: &[u8]) -> bool {
    let text = simdutf8::basic::from_utf8(bytes);
    to.put_made(|made| match text {
        Ok(text) => json_escape_simd::escape_into(text, made),
        Err(_) => json_escape_simd::escape_into(&*String::from_utf8_lossy(bytes), made),
    });
    text.is_ok()
}

/// Whether these bytes are what JSON has between quotes: nothing to escape, nothing beyond ASCII.
/// Written so that the compiler looks at many bytes at once.
#[inline]
fn is_plain(bytes: &[u8]) -> bool {
    /// Bytes of which all are looked at before the first tells.
    const STRIDE: usize = 32;
    // As a signed number what is not ASCII is below the space, too.
    let odd = |byte: u8| (byte as i8) < b' ' as i8 || byte == b'"' || byte == b'\\';
    let any_odd = |bytes: &[u8]| bytes.iter().fold(false, |any, &byte| any | odd(byte));
    let (blocks, rest) = bytes.as_chunks::<STRIDE>();
    if blocks.is_empty() {
        return !any_odd(rest);
    }
    // The end is looked at in one step, some of it for the second time.
    !blocks.iter().any(|block| any_odd(block)) && !any_odd(&bytes[bytes.len() - STRIDE..])
}

/// Appends the record of an event, `\n` included. `span` is the offset and length (line end
/// included) of its line in the lifecycle stream; None for what the recorder says by itself.
#[allow(clippy::too_many_arguments, reason = "one record, its parts in the order they are written")]
pub fn encode_event(
    to: &mut Vec<u8>,
    head: &Head,
    ts: &[u8; Stamp::LEN],
    seq: u64,
    span: Option<(u64, u64)>,
    level: Level,
    msg: &str,
    event: &Event,
) {
    head.write(to, &Front::new(ts, seq));
    if let Some((off, len)) = span {
        to.extend_from_slice(b",\"off\":");
        number(to, off);
        to.extend_from_slice(b",\"len\":");
        number(to, len);
    }
    let fields = serde_json::to_value(event).unwrap_or_default();
    let empty = serde_json::Map::new();
    let fields = fields.as_object().unwrap_or(&empty);
    let kind = fields.get("event").and_then(|kind| kind.as_str()).unwrap_or_default();
    to.extend_from_slice(b",\"event\":");
    json_escape_simd::escape_into(kind, to);
    to.extend_from_slice(level_field(Some(level)));
    to.extend_from_slice(b",\"msg\":");
    json_escape_simd::escape_into(msg, to);
    for (key, value) in fields.iter().filter(|(key, _)| *key != "event") {
        to.push(b',');
        json_escape_simd::escape_into(key, to);
        to.push(b':');
        to.extend_from_slice(value.to_string().as_bytes());
    }
    to.extend_from_slice(b"}\n");
}

/// The record's `level` field with the comma before it; nothing where no level is known.
const fn level_field(level: Option<Level>) -> &'static [u8] {
    match level {
        None => b"",
        Some(Level::Trace) => b",\"level\":\"trace\"",
        Some(Level::Debug) => b",\"level\":\"debug\"",
        Some(Level::Info) => b",\"level\":\"info\"",
        Some(Level::Warning) => b",\"level\":\"warning\"",
        Some(Level::Error) => b",\"level\":\"error\"",
        Some(Level::Critical) => b",\"level\":\"critical\"",
    }
}

/// Room for the longest of them.
const LONGEST_LEVEL: usize = 24;

/// All of them, filled up to one length, with their own; that of no level first.
const LEVELS: [([u8; LONGEST_LEVEL], usize); Level::ALL.len() + 1] = {
    let mut all = [([0; LONGEST_LEVEL], 0); Level::ALL.len() + 1];
    let mut at = 0;
    while at < Level::ALL.len() {
        let field = level_field(Some(Level::ALL[at]));
        let place = Level::ALL[at] as usize + 1;
        all[place].1 = field.len();
        let mut byte = 0;
        while byte < field.len() {
            all[place].0[byte] = field[byte];
            byte += 1;
        }
        at += 1;
    }
    all
};

fn number(to: &mut Vec<u8>, value: u64) {
    to.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

#[cfg(test)]
mod tests {
    use super::super::{Record, Stream};
    use super::*;
    use proptest::prelude::*;

    fn encoded(text: &Text<'_>) -> Vec<u8> {
        let head = Head::new(&"dublin-cafe".parse().unwrap(), 3, "stderr");
        let mut line = Vec::new();
        encode_text(&mut line, &head, &Stamp(1_795_455_062_123_456).text(), 4242, text);
        line
    }

    #[test]
    fn a_record_has_the_keys_and_the_order_of_the_contract() {
        let text = Text {
            off: 88123,
            bytes: b"INFO: \"hi\"\t",
            level: Some(Level::Info),
            logger: Some(b"luigi-interface"),
            ..Text::default()
        };
        assert_eq!(
            String::from_utf8(encoded(&text)).unwrap(),
            concat!(
                r#"{"ts":"2026-11-23T17:31:02.123456Z","seq":4242,"plan":"dublin-cafe","run":3,"#,
                r#""stream":"stderr","off":88123,"level":"info","logger":"luigi-interface","#,
                r#""msg":"INFO: \"hi\"\t"}"#,
                "\n"
            )
        );
    }

    #[test]
    fn an_event_carries_its_own_fields_after_the_common_ones() {
        let head = Head::new(&"dublin-cafe".parse().unwrap(), 3, "planwatch");
        let event = Event::RunSpawned { pid: 4711, start: 99, age_ms: 0 };
        let mut line = Vec::new();
        encode_event(
            &mut line,
            &head,
            &Stamp(0).text(),
            7,
            Some((512, 80)),
            Level::Info,
            "pid 4711",
            &event,
        );
        assert_eq!(
            String::from_utf8(line).unwrap(),
            concat!(
                r#"{"ts":"1970-01-01T00:00:00.000000Z","seq":7,"plan":"dublin-cafe","run":3,"#,
                r#""stream":"planwatch","off":512,"len":80,"event":"run.spawned","level":"info","#,
                r#""msg":"pid 4711","pid":4711,"start":99}"#,
                "\n"
            )
        );
    }

    #[test]
    fn what_need_not_be_escaped_is_told_from_what_must_wherever_it_stands() {
        for length in 0..100 {
            let plain = vec![b'a'; length];
            assert!(is_plain(&plain));
            for at in 0..length {
                for odd in [0, 9, 0x1f, b'"', b'\\', 0x80, 0xff] {
                    let mut bytes = plain.clone();
                    bytes[at] = odd;
                    assert!(!is_plain(&bytes), "{odd} at {at} of {length}");
                }
                for fine in [b' ', b'~', 0x7f, b'/', b'!', b'#', b'[', b']'] {
                    let mut bytes = plain.clone();
                    bytes[at] = fine;
                    assert!(is_plain(&bytes), "{fine} at {at} of {length}");
                }
            }
        }
    }

    proptest! {
        #[test]
        fn a_record_gives_back_the_very_bytes_of_its_line(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            eol in prop_oneof![Just(Eol::Lf), Just(Eol::None), Just(Eol::Cr), Just(Eol::Crlf), Just(Eol::Part)],
            level in proptest::option::of(proptest::sample::select(Level::ALL.to_vec())),
            logger in proptest::option::of(".{0,20}"),
            off in 0..1_u64 << 53,
        ) {
            let text = Text { off, bytes: &bytes, eol, level, logger: logger.as_deref().map(str::as_bytes), ..Text::default() };
            let line = encoded(&text);
            prop_assert_eq!(line.iter().filter(|&&b| b == b'\n').count(), 1);
            let record = Record::parse(&line).unwrap();
            prop_assert_eq!(record.off, Some(off));
            prop_assert_eq!(record.level, level);
            prop_assert_eq!(record.logger.as_deref(), logger.as_deref());
            prop_assert_eq!(&record.stream, &Stream::Stderr);
            let mut whole = bytes.clone();
            whole.extend_from_slice(eol.bytes());
            prop_assert_eq!(record.original(), whole.clone());
            prop_assert_eq!(record.span(), Some((off, whole.len() as u64)));
        }
    }
}
