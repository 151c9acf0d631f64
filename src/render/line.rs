//! A record as a line for people.

use jiff::tz::TimeZone;

use super::sanitize::{has_escapes, sanitize};
use super::theme::{Tone, paint};
use crate::model::{Eol, Level, Record, Stamp, Stream};

/// How lines for people look.
#[derive(Clone, Debug)]
pub struct Style {
    /// Whether colour is written: planwatch's own and that of the plan's lines.
    pub colour: bool,
    /// Whether each line begins with its time and stream.
    pub timestamps: bool,
    /// The zone those times are told in.
    pub zone: TimeZone,
    /// Columns of the plan's name in front of each line, where several plans are shown.
    pub prefix: Option<usize>,
}

impl Style {
    /// The plan's lines and nothing around them.
    pub fn plain() -> Style {
        Style { colour: false, timestamps: false, zone: TimeZone::UTC, prefix: None }
    }
}

/// Writes records in the form `short`, one after the other: it remembers what it has told (which
/// run, which day, which second), and tells it again only when it changes.
#[derive(Clone, Debug)]
pub struct Short {
    style: Style,
    /// The last run begun of each plan shown.
    runs: Vec<(String, u64)>,
    day: String,
    second: i64,
    clock: String,
}

impl Short {
    /// Nothing told yet.
    pub fn new(style: Style) -> Short {
        let (day, clock) = (String::new(), String::new());
        Short { style, runs: Vec::new(), day, second: i64::MIN, clock }
    }

    /// Appends the record, its line end included. Returns whether there was something to show:
    /// what planwatch notes for its own use (segments, ends of streams) and the empty line in front
    /// of a progress bar are left out.
    pub fn write(&mut self, to: &mut Vec<u8>, record: &Record<'_>) -> bool {
        let own = record.stream == Stream::Planwatch;
        let silent = if own {
            record.level.is_some_and(|level| level <= Level::Debug)
        } else {
            record.eol == Eol::Cr && record.msg.is_empty()
        };
        if silent {
            return false;
        }
        if self.style.timestamps {
            self.tell_time(to, record.ts);
        }
        let older = self.tell_run(to, record);
        if own && record.event.as_deref() == Some("run.started") {
            return true;
        }
        self.front(to, record, own, older);
        self.message(to, record, own);
        to.push(b'\n');
        true
    }

    /// The separator between runs, when a run of a plan is seen that is newer than the last.
    /// Returns whether the record belongs to an older one.
    fn tell_run(&mut self, to: &mut Vec<u8>, record: &Record<'_>) -> bool {
        // Segments and gaps before the first run belong to none.
        if record.run == 0 {
            return false;
        }
        let known = self.runs.iter_mut().find(|(plan, _)| *plan == record.plan);
        let first = known.is_none();
        match known {
            Some((_, run)) if *run == record.run => return false,
            Some((_, run)) if *run > record.run => return true,
            Some((_, run)) => *run = record.run,
            None => self.runs.push((record.plan.clone().into_owned(), record.run)),
        }
        let started = record.event.as_deref() == Some("run.started");
        // What comes first needs no line between it and nothing, unless a run begins there.
        if first && !started {
            return false;
        }
        let when = record.ts.timestamp().to_zoned_datetime(self.style.zone.clone());
        let what = if started { "started" } else { "from here" };
        let mut line = format!("── {} run {} {what} ", record.plan, record.run);
        line.push_str(&when.strftime("%Y-%m-%d %H:%M:%S ").to_string());
        let room = 78_usize.saturating_sub(line.chars().count());
        line.push_str(&"─".repeat(room));
        paint(to, Tone::Dim, self.style.colour, |to| sanitize(to, &line, false));
        to.push(b'\n');
        false
    }

    /// Sets the clock, and says so when another day begins.
    fn tell_time(&mut self, to: &mut Vec<u8>, ts: Stamp) {
        let second = ts.0.div_euclid(1_000_000);
        if second == self.second {
            return;
        }
        self.second = second;
        let when = ts.timestamp().to_zoned_datetime(self.style.zone.clone());
        self.clock = when.strftime("%H:%M:%S").to_string();
        let day = when.strftime("%Y-%m-%d").to_string();
        if day != self.day {
            if !self.day.is_empty() {
                let line = format!("── {day} ");
                paint(to, Tone::Dim, self.style.colour, |to| to.extend_from_slice(line.as_bytes()));
                to.push(b'\n');
            }
            self.day = day;
        }
    }

    /// Plan, time and stream, as far as they are wanted.
    fn front(&self, to: &mut Vec<u8>, record: &Record<'_>, own: bool, older: bool) {
        let colour = self.style.colour;
        if let Some(width) = self.style.prefix {
            paint(to, Tone::of_plan(&record.plan), colour, |to| {
                sanitize(to, &record.plan, false);
                to.resize(to.len() + width.saturating_sub(record.plan.len()), b' ');
                to.extend_from_slice(b" | ");
            });
        }
        if self.style.timestamps {
            paint(to, Tone::Dim, colour, |to| {
                to.extend_from_slice(self.clock.as_bytes());
                let millis = record.ts.0.rem_euclid(1_000_000) / 1000;
                to.extend_from_slice(format!(".{millis:03} ").as_bytes());
                if !own {
                    to.extend_from_slice(mark(&record.stream).as_bytes());
                }
            });
        }
        if older {
            let words = format!("[run {}] ", record.run);
            paint(to, Tone::Dim, colour, |to| to.extend_from_slice(words.as_bytes()));
        }
    }

    fn message(&self, to: &mut Vec<u8>, record: &Record<'_>, own: bool) {
        let colour = self.style.colour;
        if own {
            let tone = match Tone::of_level(record.level) {
                Tone::Plain => Tone::Dim,
                tone => tone,
            };
            paint(to, tone, colour, |to| {
                to.extend_from_slice(b"planwatch: ");
                sanitize(to, &record.msg, false);
            });
            return;
        }
        // A line that brings its own colours keeps them.
        let tone =
            if has_escapes(&record.msg) { Tone::Plain } else { Tone::of_level(record.level) };
        paint(to, tone, colour, |to| sanitize(to, &record.msg, colour));
        if record.eol == Eol::Part {
            paint(to, Tone::Dim, colour, |to| to.extend_from_slice("…".as_bytes()));
        }
    }
}

/// Four columns that tell the streams apart.
fn mark(stream: &Stream) -> std::borrow::Cow<'static, str> {
    match stream {
        Stream::Stdout => "out ".into(),
        Stream::Stderr => "err ".into(),
        Stream::Events => "evt ".into(),
        Stream::Planwatch => "".into(),
        Stream::File(name) => format!("{name} ").into(),
    }
}

/// Appends the record in logfmt (`key=value` in the order of the record), its line end included.
pub fn logfmt(to: &mut Vec<u8>, record: &Record<'_>) {
    let mut pair = |key: &str, value: &str| {
        if to.last().is_some_and(|&last| last != b'\n') {
            to.push(b' ');
        }
        to.extend_from_slice(key.as_bytes());
        to.push(b'=');
        quoted(to, value);
    };
    pair("ts", &record.ts.to_string());
    pair("seq", itoa::Buffer::new().format(record.seq));
    pair("plan", &record.plan);
    pair("run", itoa::Buffer::new().format(record.run));
    pair("stream", &record.stream.name());
    let task_ts = record.task_ts.map(|ts| ts.to_string());
    let optional = [
        ("event", record.event.as_deref()),
        ("level", record.level.map(Level::name)),
        ("logger", record.logger.as_deref()),
        ("msg", Some(&*record.msg)),
        ("eol", record.eol.field()),
        ("task", record.task.as_deref()),
        ("task_event", record.task_event.as_deref()),
        ("task_ts", task_ts.as_deref()),
    ];
    for (key, value) in optional {
        if let Some(value) = value {
            pair(key, value);
        }
    }
    to.push(b'\n');
}

/// The value, in quotes where it holds what would end it.
fn quoted(to: &mut Vec<u8>, value: &str) {
    let bare = !value.is_empty()
        && value.bytes().all(|b| matches!(b, b'!'..=b'~') && !matches!(b, b'"' | b'=' | b'\\'));
    if bare {
        to.extend_from_slice(value.as_bytes());
        return;
    }
    let mut shown = Vec::with_capacity(value.len());
    sanitize(&mut shown, value, false);
    to.push(b'"');
    for &byte in &shown {
        if matches!(byte, b'"' | b'\\') {
            to.push(b'\\');
        }
        to.push(byte);
    }
    to.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record<'a>(run: u64, stream: &str, level: Option<Level>, msg: &'a str) -> Record<'a> {
        let mut record: Record<'a> = serde_json::from_str(
            r#"{"ts":"2026-11-23T17:31:02.123456Z","seq":7,"plan":"cafe","run":3,"stream":"stdout","msg":""}"#,
        )
        .unwrap();
        record.run = run;
        record.stream = stream.parse().unwrap();
        record.level = level;
        record.msg = msg.into();
        record
    }

    fn shown(style: Style, records: &[Record<'_>]) -> String {
        let mut short = Short::new(style);
        let mut to = Vec::new();
        for record in records {
            short.write(&mut to, record);
        }
        String::from_utf8(to).unwrap()
    }

    #[test]
    fn without_anything_asked_for_the_plans_lines_stand_as_they_are() {
        let lines = [
            record(1, "stdout", None, "hello \u{1b}[31mred"),
            record(1, "stderr", Some(Level::Error), "ERROR: x"),
        ];
        assert_eq!(shown(Style::plain(), &lines), "hello red\nERROR: x\n");
    }

    #[test]
    fn time_stream_and_plan_come_in_front_when_wanted() {
        let style = Style { timestamps: true, prefix: Some(6), ..Style::plain() };
        let lines = [
            record(1, "stdout", None, "hello"),
            record(1, "planwatch", Some(Level::Info), "pid 4711"),
        ];
        assert_eq!(
            shown(style, &lines),
            "cafe   | 17:31:02.123 out hello\ncafe   | 17:31:02.123 planwatch: pid 4711\n"
        );
    }

    #[test]
    fn a_separator_stands_between_runs_and_an_orphan_is_marked() {
        let mut started = record(2, "planwatch", Some(Level::Info), "started");
        started.event = Some("run.started".into());
        let lines = [
            record(1, "stdout", None, "one"),
            started,
            record(2, "stdout", None, "two"),
            record(1, "stdout", None, "late"),
        ];
        let text = shown(Style::plain(), &lines);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "one");
        assert!(lines[1].starts_with("── cafe run 2 started 2026-11-23 17:31:02 ──"), "{text}");
        assert_eq!(&lines[2..], ["two", "[run 1] late"]);
    }

    #[test]
    fn errors_are_red_unless_the_line_brings_its_own_colours() {
        let style = Style { colour: true, ..Style::plain() };
        let lines = [
            record(1, "stderr", Some(Level::Error), "ERROR: x"),
            record(1, "stderr", Some(Level::Error), "\u{1b}[35mERROR\u{1b}[0m: x"),
        ];
        assert_eq!(shown(style, &lines), "\x1b[31mERROR: x\x1b[0m\n\x1b[0;35mERROR\x1b[0m: x\n");
    }

    #[test]
    fn what_planwatch_notes_for_itself_is_not_shown() {
        let lines = [record(1, "planwatch", Some(Level::Debug), "segment sealed")];
        assert_eq!(shown(Style::plain(), &lines), "");
    }

    #[test]
    fn logfmt_quotes_what_would_end_a_value() {
        let mut to = Vec::new();
        logfmt(&mut to, &record(1, "stderr", Some(Level::Error), "ERROR: \"x\" = \u{1b}[2J"));
        assert_eq!(
            String::from_utf8(to).unwrap(),
            "ts=2026-11-23T17:31:02.123456Z seq=7 plan=cafe run=1 stream=stderr level=error \
             msg=\"ERROR: \\\"x\\\" = ␛[2J\"\n"
        );
    }
}
