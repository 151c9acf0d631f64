//! What the bridge reports of a task → what is told of it, and the names that its record carries.

use std::borrow::Cow;

use super::Fold;
use super::tasks::{TaskRef, Tasks, Told, What};
use crate::model::{Face, Stamp, Stream, Text};
use crate::parse::bridge::{Happening, Reported, reported};
use crate::parse::{Form, Line};

/// An event of the bridge that speaks of a task.
#[derive(Debug)]
pub(super) struct Report<'a> {
    reported: Reported<'a>,
    /// What its record has as `task`: its name, or its id where that has to be unescaped.
    task: &'a str,
    /// What its record has as `task_event`.
    event: &'static str,
}

/// Reads a line of the bridge. None if it says nothing of a task.
pub(super) fn report<'a>(line: &Line<'a>) -> Option<Report<'a>> {
    let reported = reported(line.bytes)?;
    let event = event_name(&reported.what)?;
    let task =
        [&reported.name, &reported.id].into_iter().flatten().find_map(|name| match name {
            Cow::Borrowed(name) => Some(*name),
            Cow::Owned(_) => None,
        })?;
    Some(Report { reported, task, event })
}

impl Fold {
    /// Takes a line of the bridge. It is no line of the plan's, and what it quotes is nobody's word.
    pub(super) fn event_line<'a>(
        &mut self,
        slot: usize,
        off: u64,
        line: &Line<'a>,
        ts: Stamp,
        seq: u64,
    ) -> Text<'a> {
        let stream = &mut self.streams[slot];
        stream.off = off + line.consumed as u64;
        let run = stream.run;
        let report = report(line);
        let lost = lost(line);
        if (report.is_some() || lost > 0)
            && self.runs.iter().any(|known| known.run == run)
            && let Some(tasks) = self.tables.hearing(run)
        {
            if lost > 0 {
                tasks.lost_reports(lost, seq);
            }
            if let Some(report) = &report {
                report.tell(tasks, ts, seq);
            }
        }
        let face = if report.is_none() { face(line) } else { None };
        if let Some(run) = self.run_mut(run) {
            run.last_seq = seq;
            face.into_iter().for_each(|face| run.luigi_says(face));
        }
        self.count(ts, seq);
        text(off, line, report.as_ref())
    }
}

/// The record of a line of the bridge.
pub(super) fn text<'a>(off: u64, line: &Line<'a>, report: Option<&Report<'a>>) -> Text<'a> {
    let task = report.map(|report| (report.task, report.event));
    Text { off, bytes: line.bytes, eol: line.eol, task, ..Text::default() }
}

/// What Luigi's summary says, whether or not anybody has it printed.
fn face(line: &Line<'_>) -> Option<Face> {
    match reported(line.bytes)?.what {
        Happening::End(face) => face,
        _ => None,
    }
}

/// How many events could not be reported before this one; each is counted once.
pub(super) fn lost(line: &Line<'_>) -> u64 {
    // Nearly never, and not worth a look into the others.
    match memchr::memmem::find(line.bytes, b"\"lost\":") {
        Some(_) => reported(line.bytes).map_or(0, |reported| reported.lost),
        None => 0,
    }
}

impl Report<'_> {
    /// Tells it all. The clock is that of the records, so that what lines and events say of one
    /// attempt can be compared. True if the table is another than before.
    pub(super) fn tell(&self, tasks: &mut Tasks, ts: Stamp, seq: u64) -> bool {
        let Reported { id, name, pid, what, .. } = &self.reported;
        let task = TaskRef { name: name.as_deref(), id: id.as_deref() };
        let mut changed = false;
        let mut tell = |what: What<'_>| {
            let (pid, witness, form) = (Some(*pid), &Stream::Events, Form::Bare);
            changed |= tasks.tell(&Told { witness, form, task, what, pid, ts, seq });
        };
        if let Happening::Status { more: true, .. } = what {
            tell(What::Requirements);
        }
        if let Some(what) = meaning(what) {
            tell(what);
        }
        // Only now is the task itself known.
        if let Happening::Status { needs, .. } | Happening::Needs(needs) = what {
            for id in needs {
                tell(What::Requires(TaskRef { name: None, id: Some(id) }));
            }
        }
        if let Happening::Batch(of) = what {
            for id in of {
                tell(What::StandsFor(TaskRef { name: None, id: Some(id) }));
            }
        }
        changed
    }
}

fn event_name(what: &Happening<'_>) -> Option<&'static str> {
    Some(match what {
        Happening::Status { more: true, .. } => "requirements",
        Happening::Status { status, .. } => match &**status {
            "PENDING" | "DISABLED" => "pending",
            "DONE" => "done",
            "FAILED" => "failed",
            "UNKNOWN" => "broken",
            _ => return None,
        },
        Happening::Needs(_) => "requires",
        Happening::Batch(_) => "loaded",
        Happening::Present => "complete",
        Happening::Missing => "missing",
        Happening::Start => "started",
        Happening::Success => "done",
        Happening::Failure(_) => "failed",
        Happening::Broken(_) => "broken",
        Happening::Died(_) => "died",
        Happening::TimedOut(_) => "timeout",
        Happening::Percent(_) | Happening::Message(_) => "progress",
        Happening::Run | Happening::End(_) | Happening::Time(_) | Happening::Other => return None,
    })
}

fn meaning<'a>(what: &'a Happening<'_>) -> Option<What<'a>> {
    Some(match what {
        Happening::Status { status, .. } => match &**status {
            "PENDING" | "DISABLED" => What::Pending,
            "DONE" => What::IsDone,
            "FAILED" => What::IsFailed,
            "UNKNOWN" => What::Unknown,
            _ => return None,
        },
        Happening::Present => What::Complete,
        Happening::Missing => What::Missing,
        Happening::Start => What::Started,
        Happening::Success => What::Done,
        Happening::Failure(error) => What::Failed(first_line(error)),
        Happening::Broken(error) => What::Broken(first_line(error)),
        Happening::Died(how) => What::Died(how),
        Happening::TimedOut(how) => What::TimedOut(how),
        Happening::Percent(percent) => What::Percent(*percent),
        Happening::Message(message) => What::Message(message),
        Happening::Needs(_)
        | Happening::Batch(_)
        | Happening::Run
        | Happening::End(_)
        | Happening::Time(_)
        | Happening::Other => return None,
    })
}

/// Lines tell only so much of an error, too.
fn first_line(error: &str) -> Option<&str> {
    error.lines().next().filter(|line| !line.is_empty())
}
