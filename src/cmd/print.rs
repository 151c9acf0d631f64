//! Records in the form a reader asked for.

use super::World;
use super::logs::LogForm;
use super::out::{Out, OutError};
use super::say::say;
use crate::feed::sieve::{Audience, Sieve, Wanted};
use crate::model::{Event, Level, PlanName, Record, Stream};
use crate::render::export::{journal, otlp};
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
    sieve: Sieve,
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
    Export,
    Otlp,
}

impl Printer {
    /// A printer to standard output, which may be a `terminal`.
    pub fn new(form: LogForm, style: Style, terminal: bool, wanted: Wanted, own: Own) -> Printer {
        let audience = match (form, own) {
            (LogForm::Short, _) => Audience::People,
            (LogForm::Cat, Own::Among) => Audience::Bytes,
            (LogForm::Cat, Own::Apart) => Audience::Beside,
            _ => Audience::Programs,
        };
        let form = match form {
            LogForm::Short => Form::Short(Short::new(style)),
            LogForm::Cat => Form::Cat { terminal, colour: style.colour },
            LogForm::Json => Form::Json,
            LogForm::Logfmt => Form::Logfmt,
            LogForm::Export => Form::Export,
            LogForm::OtlpJson => Form::Otlp,
        };
        let sieve = Sieve::new(Wanted { audience, ..wanted });
        Printer { out: Out::stdout(), sieve, form, own, text: Vec::new(), damaged: 0 }
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
        let wanted = Wanted { runs, ..Wanted::default() };
        Printer::new(form, style, world.stdout.terminal, wanted, Own::Apart)
    }

    /// What is wanted.
    pub fn sieve(&self) -> &Sieve {
        &self.sieve
    }

    /// Prints those of the lines that are wanted.
    pub fn lines(&mut self, lines: &[u8]) -> Result<(), OutError> {
        if matches!(self.form, Form::Json) && self.sieve.is_open() {
            return self.out.write(lines);
        }
        if self.own == Own::Apart {
            // Nearly all of it is wanted, and what begins the next run must not be passed over.
            return lines.split_inclusive(|&b| b == b'\n').try_for_each(|line| self.line(line));
        }
        let mut at = 0;
        while let Some((start, end)) = self.sieve.candidate(lines, at) {
            self.line(&lines[start..end])?;
            at = end;
        }
        Ok(())
    }

    /// Prints one line, if it is wanted.
    pub fn line(&mut self, line: &[u8]) -> Result<(), OutError> {
        let Ok(record) = Record::parse(line) else {
            self.damaged += 1;
            return Ok(());
        };
        if self.own == Own::Apart && record.event.as_deref() == Some("run.started") {
            self.go_on(&record, line);
        }
        if self.sieve.wanted().wants(&record) { self.record(&record, line) } else { Ok(()) }
    }

    /// Prints lines that are known to be wanted. If some are `apart`, an empty one stands between
    /// such that do not follow each other.
    pub fn found(&mut self, lines: &[u8], apart: bool) -> Result<(), OutError> {
        if matches!(self.form, Form::Json) && !apart {
            return self.out.write(lines);
        }
        for line in lines.split_inclusive(|&byte| byte == b'\n') {
            match (line, &self.form) {
                (b"\n", Form::Short(_) | Form::Cat { .. }) => self.out.write(b"--\n")?,
                (b"\n", _) => {}
                _ => match Record::parse(line) {
                    Ok(record) => self.record(&record, line)?,
                    Err(_) => self.damaged += 1,
                },
            }
        }
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>, line: &[u8]) -> Result<(), OutError> {
        if self.own == Own::Apart && record.stream == Stream::Planwatch {
            return self.apart(record);
        }
        self.text.clear();
        match &mut self.form {
            Form::Json => return self.out.write(line),
            Form::Logfmt => logfmt(&mut self.text, record),
            Form::Export => journal(&mut self.text, record),
            Form::Otlp => otlp(&mut self.text, record),
            Form::Short(short) => {
                short.write(&mut self.text, record);
            }
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

    /// Standard output, for what is no record.
    pub fn out(&mut self) -> &mut Out {
        &mut self.out
    }

    /// A run that follows one that is shown by the plan's own restart is shown as well.
    fn go_on(&mut self, record: &Record<'_>, line: &[u8]) {
        let before = (record.plan.to_string(), record.run.saturating_sub(1));
        if self.sieve.wanted().runs.contains(&before)
            && let Some(Event::RunStarted { restarts, .. }) = record.event_of(line)
            && restarts > 0
        {
            let mut wanted = self.sieve.wanted().clone();
            wanted.runs.push((before.0, record.run));
            self.sieve = Sieve::new(wanted);
        }
    }

    /// Whether the line would be printed: what `-n` counts.
    pub fn counts(&self, line: &[u8]) -> bool {
        let record = self.sieve.record(line);
        record.is_some_and(|record| self.own == Own::Among || record.stream != Stream::Planwatch)
    }

    /// Says that records are missing, in their place.
    pub fn gap(&mut self, plan: &PlanName, from: u64, to: u64) -> Result<(), OutError> {
        if from == to {
            self.say(&format!("{plan}: record {from} is missing (pruned or lost)"))
        } else {
            self.say(&format!("{plan}: records {from} to {to} are missing (pruned or lost)"))
        }
    }

    /// Says that what follows is another log.
    pub fn renewed(&mut self, plan: &PlanName) -> Result<(), OutError> {
        self.say(&format!("{plan}: its log was removed and begins anew"))
    }

    /// Says how many lines were no records, those included that `elsewhere` were found to be none.
    pub fn finish(&mut self, elsewhere: u64) -> Result<(), OutError> {
        let bad = elsewhere + self.damaged;
        if bad > 0 {
            let what = if bad == 1 {
                "line is no record and was"
            } else {
                "lines are no records and were"
            };
            self.say(&format!("{bad} {what} passed over: planwatch verify names them"))?;
        }
        self.out.flush()
    }

    /// Says something beside the records, in its place among them.
    pub fn say(&mut self, text: &str) -> Result<(), OutError> {
        self.out.flush()?;
        say(text);
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
}
