//! What is given any bytes, and what must hold whatever they are.

use std::path::Path;

use jiff::tz::TimeZone;
use planwatch::control::{self, Request, Verb};
use planwatch::model::{
    KeepRule, Peek, PlanName, Record, RestartChoice, Stamp, Target, VerdictRule, When,
    parse_duration, parse_signal, parse_size,
};
use planwatch::parse::{self, Recogniser, Splitter, Veil, bridge, luigi};
use planwatch::plans::{self, Surroundings};
use planwatch::render::sanitize::sanitize;
use planwatch::store::layout::Home;
use planwatch::store::reader::{Batch, Reader, Step};
use planwatch::store::verify::verify;

/// The first bytes say how long a line may be, how the rest is cut, and what is a secret in it.
pub(crate) fn splitter(text: &[u8]) {
    let (&[most, piece], rest) = text
        .split_at_checked(2)
        .map_or((&[9, 3], text), |(head, rest)| (head.try_into().unwrap(), rest));
    let (secret, max_line) = (rest.get(..3).unwrap_or(b"abc"), 8 + usize::from(most % 60));
    let mut veil = Veil::new([secret]);
    let split = |piece: usize, veil: Option<&mut Veil>| {
        let mut splitter = Splitter::new(max_line);
        let (mut lines, mut from, mut to, mut veil) = (Vec::new(), 0, 0, veil);
        while to < rest.len() || from < to {
            to = (to + piece).min(rest.len());
            let at_end = to == rest.len();
            while let Some(line) = splitter.next(&rest[from..to], at_end) {
                let line = match &mut veil {
                    None => line,
                    Some(veil) => match veil.cover(&rest[from..to], line, at_end) {
                        Some(line) => line,
                        None => break,
                    },
                };
                assert!(line.consumed > 0 && line.bytes.len() <= max_line);
                lines.push([line.bytes, line.eol.bytes()].concat());
                from += line.consumed;
            }
            if at_end {
                assert_eq!(from, to, "bytes are left over");
            }
        }
        lines
    };
    let whole = split(usize::MAX / 2, None);
    assert_eq!(whole.concat(), rest);
    assert_eq!(split(1 + usize::from(piece), None), whole);
    let covered = split(usize::MAX / 2, Some(&mut veil));
    assert_eq!(split(1 + usize::from(piece), Some(&mut veil)), covered);
    assert_eq!(covered.concat().len(), rest.len());
}

pub(crate) fn recognisers(text: &[u8]) {
    let mut recogniser = Recogniser::default();
    let mut splitter = Splitter::new(400);
    let mut from = 0;
    while let Some(line) = splitter.next(&text[from..], true) {
        let inside =
            |part: &[u8]| line.bytes.as_ptr_range().contains(&part.as_ptr()) || part.is_empty();
        if let Some(logger) = recogniser.see(line.bytes, line.eol).logger {
            assert!(inside(logger) && logger.is_ascii());
        }
        if let Some(luigi::Told::Task(task)) = luigi::told(line.bytes) {
            assert!(inside(task.task.as_bytes()));
            recogniser.correct(task.word.level());
        }
        let _ =
            (parse::recognise(line.bytes), parse::ended(line.bytes), bridge::reported(line.bytes));
        let _ = parse::written_at(line.bytes, 3600);
        from += line.consumed;
    }
    assert_eq!(from, text.len());
}

pub(crate) fn record(line: &[u8]) {
    let peek = Peek::of(line);
    let Ok(record) = Record::parse(line) else { return };
    let _ = (record.original(), record.span(), record.event_of(line));
    // A quick look may see less of a strange line, never anything else.
    if let Some(peek) = peek {
        assert_eq!((peek.seq, peek.run), (record.seq, record.run));
        assert!(peek.event.is_none() || peek.event == record.event);
        assert!(peek.level.is_none() || peek.level == record.level);
    }
}

/// Segments, divided by a line of their own.
pub(crate) fn log(text: &[u8]) {
    let temp = tempfile::tempdir().unwrap();
    let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
    plan.create().unwrap();
    let mut first = 1;
    for segment in text.split(|&byte| byte == b'%') {
        std::fs::write(plan.segment(first), segment).unwrap();
        first += 3;
    }
    let mut reader = Reader::open(&plan).unwrap();
    let (mut batch, mut last) = (Batch::new(), 0);
    for _ in 0..10_000 {
        match reader.read(&mut batch).unwrap() {
            Step::End => {
                let report = verify(&plan).unwrap();
                assert!(report.records <= text.len() as u64);
                Reader::open(&plan).unwrap().last_seq().unwrap();
                return;
            }
            Step::Gap { from, to } => {
                assert!(from <= to && from > last, "gap {from}–{to} after {last}");
                last = to;
            }
            Step::Renewed => last = 0,
            Step::Lines => {
                // What stands between two good lines may be damaged: who parses it finds out.
                let seq = Peek::seq(batch.last().unwrap()).unwrap();
                assert!(seq > last, "{seq} after {last}");
                last = seq;
            }
        }
    }
    panic!("reading does not end");
}

pub(crate) fn sanitizer(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    for colour in [false, true] {
        let mut shown = Vec::new();
        sanitize(&mut shown, &text, colour);
        let shown = String::from_utf8(shown).unwrap();
        let mut rest = shown.as_str();
        while let Some(at) = rest.find(char::is_control) {
            rest = &rest[at..];
            // Only what paints may stand there, and only where colours were asked for.
            let sequence = rest.strip_prefix("\x1b[").filter(|_| colour);
            let sequence = sequence.unwrap_or_else(|| panic!("{shown:?}"));
            let end = sequence.find(|c: char| !c.is_ascii_digit() && c != ';').unwrap();
            assert!(sequence[end..].starts_with('m'), "{shown:?}");
            rest = &sequence[end + 1..];
        }
        assert!(!shown.contains(['\u{202e}', '\u{2066}', '\u{9b}', '\u{200b}']), "{shown:?}");
    }
}

pub(crate) fn word(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let now = Stamp(1_795_455_062_123_456);
    if let Ok(when) = text.parse::<When>() {
        for zone in [TimeZone::UTC, TimeZone::fixed(jiff::tz::offset(-12))] {
            let _ = when.resolve(now, &zone).text();
        }
    }
    if let Ok(stamp) = text.parse::<Stamp>() {
        assert_eq!(std::str::from_utf8(&stamp.text()).unwrap().parse::<Stamp>().unwrap(), stamp);
    }
    if let Ok(name) = text.parse::<PlanName>() {
        let legal = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
        assert!(name.as_str().bytes().all(legal) && (1..=64).contains(&name.as_str().len()));
        assert!(name.as_str().as_bytes()[0].is_ascii_alphanumeric());
    }
    let _ = (parse_size(&text), parse_duration(&text), parse_signal(&text));
    let _ = (text.parse::<Target>(), text.parse::<KeepRule>(), text.parse::<VerdictRule>());
    let _ = text.parse::<RestartChoice>();
}

pub(crate) fn plans(text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    let var = |name: &str| name.len().is_multiple_of(2).then(|| "value of it".to_owned());
    let around = Surroundings { folder: Path::new("/srv"), var: &var, umask: 0o022 };
    for procfile in [false, true] {
        match plans::read(&text, procfile, &around) {
            Ok(file) => assert!(file.plans.iter().all(|plan| !plan.spec.argv.is_empty())),
            Err(mistakes) => {
                assert!(!mistakes.is_empty());
                for mistake in mistakes {
                    let (line, column) = mistake.place(&text);
                    assert!(line <= text.matches('\n').count() + 1 && column > 0);
                    let _ = mistake.shown("plans.toml", &text).to_string();
                }
            }
        }
    }
}

pub(crate) fn requests(text: &[u8]) {
    let wanted = Request::new(Verb::Stop, 3, "op@host", Stamp(17));
    let mut pending = text.to_vec();
    let _ = control::parse(&mut pending);
    assert!(!pending.contains(&b'\n') && pending.len() <= 4096);
    pending.extend(wanted.line());
    let (requests, _) = control::parse(&mut pending);
    assert_eq!(requests.last(), Some(&wanted));
    assert!(pending.is_empty());
}
