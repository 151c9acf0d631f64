//! A table made again of the records of its run.

use super::{Kept, Tasks, Told};
use crate::fold::report::{lost, report};
use crate::fold::stream::{StreamFold, meaning, task_of};
use crate::model::{Event, Level, Record, Stream};
use crate::parse::Line;

/// A table on its way back. It needs the records that have a `task_event` and the run's
/// `run.verdict`; and while it listens, for tracebacks are not marked, every record.
#[derive(Debug)]
pub struct Rebuild {
    tasks: Tasks,
    listening: Vec<StreamFold>,
}

impl Rebuild {
    /// What the records that it needs carry.
    pub const MARKS: &[&str] =
        &[r#","task_event":""#, r#","event":"run.verdict""#, r#","stream":"events","#];

    /// Goes on from what was saved.
    pub fn from(mut kept: Kept) -> Rebuild {
        let listening = std::mem::take(&mut kept.listening);
        Rebuild { tasks: Tasks::from(kept), listening }
    }

    /// The beginning will not be told.
    pub fn lost_some(&mut self) {
        self.tasks.kept.table.partial = true;
        self.listening.clear();
    }

    /// Whether it needs every record now.
    pub fn is_listening(&self) -> bool {
        !self.listening.is_empty()
    }

    /// The table so far.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }

    /// Takes the next record, which was read from `line`. True if the table is another than before.
    pub fn record(&mut self, record: &Record<'_>, line: &[u8]) -> bool {
        if record.run != self.tasks.run() || record.seq <= self.tasks.table().seq {
            return false;
        }
        match record.stream {
            Stream::Planwatch if record.event.as_deref() == Some("run.verdict") => {
                // That is the level of a verdict that needs nobody.
                let well = record.level == Some(Level::Info);
                let heard = match record.event_of(line) {
                    Some(Event::RunVerdict { heard, .. }) => heard,
                    _ => None,
                };
                self.tasks.cut(heard.unwrap_or(record.ts), record.seq, well)
            }
            Stream::Planwatch => {
                self.break_off(record, line);
                false
            }
            Stream::Events => {
                let bytes = record.bytes();
                let line = Line { bytes: &bytes, eol: record.eol, consumed: bytes.len() };
                let lost = lost(&line);
                if lost > 0 {
                    self.tasks.lost_reports(lost, record.seq);
                }
                let mut changed = lost > 0;
                if let Some(report) = report(&line) {
                    changed |= report.tell(&mut self.tasks, record.ts, record.seq);
                }
                changed
            }
            _ => self.line(record),
        }
    }

    /// Where bytes of a stream are missing, or another file begins, its traceback does not go on.
    fn break_off(&mut self, record: &Record<'_>, line: &[u8]) {
        let kind = record.event.as_deref().unwrap_or_default();
        if self.listening.is_empty() || !(kind == "log.gap" || kind.starts_with("source.")) {
            return;
        }
        let of = match record.event_of(line) {
            Some(Event::LogGap { of: Some(of), at: Some(_), bytes: Some(_), .. }) => of,
            Some(
                Event::SourceOpened { of, .. }
                | Event::SourceReplaced { of, .. }
                | Event::SourceTruncated { of, .. },
            ) => of,
            _ => return,
        };
        self.listening.retain(|stream| stream.stream != of);
    }

    fn line(&mut self, record: &Record<'_>) -> bool {
        let known = self.listening.iter().position(|stream| stream.stream == record.stream);
        let event = record.task_event.as_deref();
        let at = match (known, event) {
            (Some(at), _) => at,
            (None, None) => return false,
            (None, Some(_)) => {
                self.listening.push(StreamFold::new(record.run, record.stream.clone()));
                self.listening.len() - 1
            }
        };
        let stream = &mut self.listening[at];
        let bytes = record.bytes();
        let consumed = bytes.len() + record.eol.bytes().len();
        let heard = stream.hear(&Line { bytes: &bytes, eol: record.eol, consumed });
        let changed = if let Some(((task, _), event)) = heard.task.zip(event) {
            self.tasks.tell(&Told {
                witness: &record.stream,
                form: heard.form,
                task: task_of(&task),
                what: meaning(&task.word, event),
                pid: task.pid,
                ts: record.task_ts.unwrap_or(record.ts),
                seq: record.seq,
            })
        } else {
            heard.seen.explains && self.tasks.explain(&record.stream, &record.msg)
        };
        if !stream.recogniser.awaits_explanation() {
            self.listening.swap_remove(at);
        }
        changed
    }

    /// The table as of the record `seq`.
    pub fn done(mut self, seq: u64) -> Tasks {
        self.tasks.reached(seq);
        self.tasks.listen(self.listening);
        self.tasks
    }
}
