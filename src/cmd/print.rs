//! Records in the form a reader asked for.

use regex::bytes::Regex;

use super::World;
use super::filter::Filter;
use super::logs::LogForm;
use super::out::{Out, OutError};
use crate::model::{Eol, Level, Record, Stream};
use crate::render::line::{Short, Style, logfmt};
use crate::render::sanitize::sanitize;

/// Where planwatch's own records go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Own {
    /// Between the plan's lines, where the form shows them.
    Among,
    /// Warnings, worse, and verdicts to standard error; the others nowhere.
    Apart,
}

/// Writes wanted records to standard output.
pub struct Printer {
    out: Out,
    /// What every wanted line shows.
    trace: Option<Regex>,
    filter: Filter,
    form: Form,
    own: Own,
    /// The line being made.
    text: Vec<u8>,
    /// Lines that were no records.
    damaged: u64,
}

#[derive(Debug)]
enum Form {
    Short(Short),
    /// The very bytes; to a terminal, made harmless.
    Cat {
        terminal: bool,
        colour: bool,
    },
    Json,
    Logfmt,
}

impl Printer {
    /// A printer to standard output, which may be a `terminal`.
    pub fn new(form: LogForm, style: Style, terminal: bool, filter: Filter, own: Own) -> Printer {
        let form = match form {
            LogForm::Short => Form::Short(Short::new(style)),
            LogForm::Cat => Form::Cat { terminal, colour: style.colour },
            LogForm::Json => Form::Json,
            LogForm::Logfmt => Form::Logfmt,
        };
        let trace = filter.trace();
        Printer { out: Out::stdout(), trace, filter, form, own, text: Vec::new(), damaged: 0 }
    }

    /// A printer of what a plan prints, for who stands beside it while it runs: lines for a
    /// terminal, the very bytes for anything else, planwatch's own words apart. `runs` are the
    /// runs to be shown.
    pub fn of_plan(world: &World, runs: Vec<(String, u64)>) -> Printer {
        let style = Style {
            colour: world.stdout.color,
            timestamps: false,
            zone: world.zone.clone(),
            prefix: None,
        };
        let form = if world.stdout.terminal { LogForm::Short } else { LogForm::Cat };
        let filter = Filter { runs, ..Filter::default() };
        Printer::new(form, style, world.stdout.terminal, filter, Own::Apart)
    }

    /// Prints those of the lines that are wanted.
    pub fn lines(&mut self, lines: &[u8]) -> Result<(), OutError> {
        if matches!(self.form, Form::Json) && self.filter.is_open() && self.own == Own::Among {
            return self.out.write(lines);
        }
        if let Some(trace) = self.trace.take() {
            let printed = self.traced(lines, &trace);
            self.trace = Some(trace);
            return printed;
        }
        let mut rest = lines;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end + 1);
            self.line(line)?;
            rest = after;
        }
        Ok(())
    }

    /// Prints those of the lines that are wanted, looking only at those with a trace of it.
    fn traced(&mut self, lines: &[u8], trace: &Regex) -> Result<(), OutError> {
        let mut at = 0;
        while let Some(found) = trace.find_at(lines, at) {
            let start =
                memchr::memrchr(b'\n', &lines[at..found.start()]).map_or(at, |end| at + end + 1);
            let rest = &lines[found.start()..];
            at = memchr::memchr(b'\n', rest).map_or(lines.len(), |end| found.start() + end + 1);
            self.line(&lines[start..at])?;
        }
        Ok(())
    }

    /// Prints one line, if it is wanted.
    pub fn line(&mut self, line: &[u8]) -> Result<(), OutError> {
        let Ok(record) = Record::parse(line) else {
            self.damaged += 1;
            return Ok(());
        };
        if !self.filter.wants(&record) || !self.shows(&record) {
            return Ok(());
        }
        if self.own == Own::Apart && record.stream == Stream::Planwatch {
            return self.apart(&record);
        }
        self.text.clear();
        match &mut self.form {
            Form::Json => return self.out.write(line),
            Form::Logfmt => logfmt(&mut self.text, &record),
            Form::Short(short) => {
                short.write(&mut self.text, &record);
            }
            Form::Cat { .. } if record.stream == Stream::Planwatch => {}
            Form::Cat { terminal: true, colour } => {
                sanitize(&mut self.text, &record.msg, *colour);
                self.text.push(b'\n');
            }
            Form::Cat { .. } if record.raw.is_none() => {
                self.text.extend_from_slice(record.msg.as_bytes());
                self.text.extend_from_slice(record.eol.bytes());
            }
            Form::Cat { .. } => self.text = record.original(),
        }
        self.out.write(&self.text)
    }

    /// Whether the line would be printed: what `-n` counts.
    pub fn counts(&self, line: &[u8]) -> bool {
        let Ok(record) = Record::parse(line) else { return false };
        let own = record.stream == Stream::Planwatch;
        let shown = match self.form {
            Form::Json | Form::Logfmt => true,
            Form::Cat { .. } => !own,
            Form::Short(_) if own => record.level.is_none_or(|level| level > Level::Debug),
            Form::Short(_) => record.eol != Eol::Cr || !record.msg.is_empty(),
        };
        shown
            && !(own && self.own == Own::Apart)
            && self.filter.wants(&record)
            && self.shows(&record)
    }

    /// What the bridge reports is for programs: the plan did not print it, and people read the same
    /// in Luigi's own lines. They see it when they ask for the stream.
    fn shows(&self, record: &Record<'_>) -> bool {
        record.stream != Stream::Events
            || matches!(self.form, Form::Json | Form::Logfmt)
            || self.filter.streams.contains(&Stream::Events)
    }

    /// Says something beside the records, in its place among them.
    pub fn say(&mut self, text: &str) -> Result<(), OutError> {
        self.out.flush()?;
        let mut line = b"planwatch: ".to_vec();
        sanitize(&mut line, text, false);
        eprintln!("{}", String::from_utf8_lossy(&line));
        Ok(())
    }

    fn apart(&mut self, record: &Record<'_>) -> Result<(), OutError> {
        let told = match record.event.as_deref() {
            Some("run.verdict") => true,
            // The verdict says the same and more.
            Some("run.exited") => false,
            _ => record.level >= Some(Level::Warning),
        };
        if told {
            self.say(&format!("{} run {} {}", record.plan, record.run, record.msg))?;
        }
        Ok(())
    }

    /// Gives everything printed to the system.
    pub fn flush(&mut self) -> Result<(), OutError> {
        self.out.flush()
    }

    /// Lines that turned out to be damaged.
    pub fn damaged(&self) -> u64 {
        self.damaged
    }
}
