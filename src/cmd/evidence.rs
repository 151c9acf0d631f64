//! What the log says about a failure: its traceback, and the lines before it. Reads a stretch of
//! the log around the place that is known, never the whole.

use std::io;

use crate::fold::RunFold;
use crate::model::{Attempt, Eol, Level, Record, Stamp, Stream, Task, TaskTable};
use crate::parse::Recogniser;
use crate::render::why::{Excerpt, LogLine};
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};

/// Lines shown of what was before.
const BEFORE: usize = 20;
/// Records looked at before the one that tells of a failure.
const BACK: u64 = 2_000;
/// Records looked at behind it.
const AHEAD: u64 = 400;
/// Records looked at behind the beginning of a run, for what failed before anything ran.
const BEGINNING: u64 = 20_000;
/// Longest traceback.
const TRACEBACK: usize = 200;
/// Characters kept of a line.
const LONGEST: usize = 2_000;
/// Microseconds by which two streams may be read out of step: behind the beginning of an attempt,
/// where others have just ended, and before its end.
const SKEW_FIRST: i64 = 5_000;
const SKEW: i64 = 50_000;
/// Records between two copies of one line on two streams.
const COPIES: usize = 8;

/// A record of the plan, as far as it is of use here.
#[derive(Clone, Debug)]
struct Seen {
    line: LogLine,
    task: Option<String>,
    event: Option<String>,
}

/// What the log says about a task that went wrong.
pub(super) fn of_task(
    plan: &PlanDir,
    run: &RunFold,
    table: &TaskTable,
    task: &Task,
) -> io::Result<Excerpt> {
    let attempt = task.history.iter().rev().find(|attempt| attempt.went_wrong());
    let told = attempt.and_then(|attempt| attempt.last_seq);
    let (after, upto) = match told {
        Some(seq) => (seq.saturating_sub(BACK), seq + AHEAD),
        None => (run.first_seq, run.first_seq + BEGINNING),
    };
    let lines = stretch(plan, run.run, after.max(run.first_seq.saturating_sub(1)), upto)?;
    let Some(at) = place(&lines, task, told) else { return Ok(Excerpt::default()) };
    let traceback = match continued(&lines, at) {
        found if found.is_empty() => match &task.error {
            Some(error) => vec![error.clone()],
            None if lines[at].is_output() => vec![lines[at].line.msg.clone()],
            // What the bridge wrote is for programs.
            None => Vec::new(),
        },
        found => found,
    };
    // By the time of recording: what is caught up on was recorded long after it happened.
    let recorded = attempt.and_then(|attempt| {
        lines.iter().find(|seen| seen.line.seq >= attempt.first_seq).map(|seen| seen.line.ts)
    });
    let begun = recorded.map_or(i64::MIN, |begun| begun.0.saturating_sub(SKEW_FIRST));
    let pid = attempt.and_then(|attempt| attempt.pid);
    let same_process = attempt.is_some_and(|attempt| is_alone(table, attempt));
    let head = &lines[at].line;
    let mut streams: Vec<(&Stream, usize)> = Vec::new();
    for seen in &lines {
        if !streams.iter().any(|(stream, _)| **stream == seen.line.stream) {
            streams.push((&seen.line.stream, end_in(&lines, at, &seen.line.stream)));
        }
    }
    let is_before = |place: usize, seen: &Seen| {
        streams.iter().any(|(stream, end)| **stream == seen.line.stream && place < *end)
    };
    let until: Vec<&Seen> = (lines.iter().enumerate())
        .filter(|(place, seen)| is_before(*place, seen))
        .map(|(_, seen)| seen)
        .collect();
    let before = before(&until, Stamp(begun), pid);
    Ok(Excerpt { seq: head.seq, traceback, before, same_process })
}

/// What the log says at the end of a run: its last traceback, else its last lines.
pub(super) fn last_words(plan: &PlanDir, run: &RunFold) -> io::Result<Excerpt> {
    let after = run.last_seq.saturating_sub(BACK).max(run.first_seq.saturating_sub(1));
    let lines = stretch(plan, run.run, after, run.last_seq)?;
    let (end, traceback) = last_traceback(&lines).unwrap_or((lines.len(), Vec::new()));
    let seq = lines.get(end).or(lines.last()).map_or(run.last_seq, |seen| seen.line.seq);
    let until: Vec<&Seen> = lines[..end].iter().collect();
    let before = before(&until, Stamp(i64::MIN), None);
    Ok(Excerpt { seq, traceback, before, same_process: false })
}

/// Where what came before the record at this place ends on a stream. On another one than its own it
/// is at its copy there; else a moment later, for what was printed before may have been read after.
fn end_in(lines: &[Seen], at: usize, stream: &Stream) -> usize {
    let head = &lines[at];
    if head.line.stream == *stream {
        return at;
    }
    let on_it = |place: &usize| lines[*place].line.stream == *stream;
    let is_copy =
        |place: &usize| (&lines[*place].task, &lines[*place].event) == (&head.task, &head.event);
    let copies = (0..lines.len()).filter(on_it).filter(is_copy);
    let nearest = copies.min_by_key(|place| place.abs_diff(at)).filter(|_| head.task.is_some());
    let upto = head.line.ts.0.saturating_add(SKEW);
    let late = |place: &usize| lines[*place].task.is_some() || lines[*place].line.ts.0 > upto;
    nearest.or_else(|| (at..lines.len()).filter(on_it).find(late)).unwrap_or(lines.len())
}

/// The plan's own records behind `after`, up to `upto`.
fn stretch(plan: &PlanDir, run: u64, after: u64, upto: u64) -> io::Result<Vec<Seen>> {
    let mut reader = Reader::open(plan)?;
    reader.seek_after(after);
    let mut batch = Batch::new();
    let mut lines = Vec::new();
    while reader.cursor() < upto {
        match reader.read(&mut batch)? {
            Step::Lines => {}
            Step::Gap { .. } => continue,
            Step::Renewed | Step::End => break,
        }
        let records = batch.lines().filter_map(|line| Record::parse(line).ok());
        for record in records.take_while(|record| record.seq <= upto) {
            if record.run == run && record.stream != Stream::Planwatch {
                lines.push(Seen::of(&record));
            }
        }
    }
    Ok(lines)
}

impl Seen {
    fn of(record: &Record<'_>) -> Seen {
        let mut msg = record.msg.to_string();
        // The bridge's records are data, of use only whole.
        if record.stream != Stream::Events && msg.len() > LONGEST {
            msg.truncate(msg.floor_char_boundary(LONGEST));
            msg.push('…');
        }
        let (ts, seq, level) = (record.ts, record.seq, record.level);
        let line = LogLine { ts, seq, stream: record.stream.clone(), level, msg };
        let (task, event) = (record.task.as_deref(), record.task_event.as_deref());
        Seen { line, task: task.map(str::to_owned), event: event.map(str::to_owned) }
    }

    fn is_output(&self) -> bool {
        self.line.stream != Stream::Events
    }
}

/// Where it stands that the task went wrong: a line of output rather than a record of the bridge,
/// for behind such a line the traceback follows; of several the one nearest to what is known.
fn place(lines: &[Seen], task: &Task, told: Option<u64>) -> Option<usize> {
    let speaks_of_it = |seen: &Seen| {
        let name = seen.task.as_deref();
        name.is_some() && (name == Some(&*task.name) || name == task.id.as_deref())
    };
    let bad = |seen: &Seen| {
        matches!(seen.event.as_deref(), Some("failed" | "died" | "timeout" | "missing" | "broken"))
    };
    let far = |at: usize| told.map_or(0, |told| told.abs_diff(lines[at].line.seq));
    (0..lines.len())
        .filter(|&at| bad(&lines[at]) && speaks_of_it(&lines[at]))
        .min_by_key(|&at| {
            let explains = lines[at].is_output() && !continued(lines, at).is_empty();
            (!explains, !lines[at].is_output(), far(at))
        })
        .or_else(|| lines.iter().position(|seen| Some(seen.line.seq) == told))
}

/// The traceback behind the line at this place, on its own stream; the bridge brings it with it.
fn continued(lines: &[Seen], at: usize) -> Vec<String> {
    let head = &lines[at];
    if !head.is_output() {
        return brought(&head.line.msg);
    }
    carried(&lines[at + 1..], &head.line.stream)
}

/// The traceback in a record of the bridge.
fn brought(msg: &str) -> Vec<String> {
    let value: serde_json::Value = serde_json::from_str(msg).unwrap_or_default();
    let text = ["traceback", "error"].iter().find_map(|key| value.get(key)?.as_str());
    text.map_or_else(Vec::new, |text| text.lines().take(TRACEBACK).map(str::to_owned).collect())
}

/// The last traceback of the stretch: the place of its first line, and its lines.
fn last_traceback(lines: &[Seen]) -> Option<(usize, Vec<String>)> {
    let begins = |seen: &Seen| {
        seen.is_output() && seen.line.msg.ends_with("Traceback (most recent call last):")
    };
    let last = (0..lines.len()).rev().find(|&at| begins(&lines[at]))?;
    // One that goes on from an earlier one begins there.
    let stream = &lines[last].line.stream;
    let mut first = last;
    for at in (0..last).rev().filter(|&at| begins(&lines[at]) && lines[at].line.stream == *stream) {
        let between = lines[at..first].iter().filter(|seen| seen.line.stream == *stream).count();
        if carried(&lines[at..], stream).len() <= between {
            break;
        }
        first = at;
    }
    Some((first, carried(&lines[first..], stream)))
}

/// The lines of the stream, from the first on, that a traceback of its level would go on over.
fn carried(lines: &[Seen], stream: &Stream) -> Vec<String> {
    let mut recogniser = Recogniser::default();
    recogniser.see(b"ERROR: x", Eol::Lf);
    (lines.iter())
        .filter(|seen| seen.line.stream == *stream)
        // What Luigi says of a task is behind it, with a prefix or without.
        .take_while(|seen| seen.event.is_none())
        .take_while(|seen| recogniser.see(seen.line.msg.as_bytes(), Eol::Lf).continues)
        .take(TRACEBACK)
        .map(|seen| seen.line.msg.clone())
        .collect()
}

/// The last lines before a failure that may have to do with it: since the attempt began, not those
/// that name another process, not Luigi's talk with its scheduler, and of copies only one.
fn before(lines: &[&Seen], begun: Stamp, pid: Option<i32>) -> Vec<LogLine> {
    let mut kept: Vec<&LogLine> = Vec::new();
    for seen in lines.iter().rev() {
        if kept.len() == BEFORE || seen.line.ts < begun {
            break;
        }
        let line = &seen.line;
        let copy = |other: &&LogLine| {
            other.stream != line.stream
                && (is_copy(&other.msg, &line.msg) || is_copy(&line.msg, &other.msg))
        };
        if seen.is_output()
            && !line.msg.trim().is_empty()
            && !is_of_another(&line.msg, pid)
            && !is_talk(seen)
            && !kept.iter().rev().take(COPIES).any(copy)
        {
            kept.push(line);
        }
    }
    kept.into_iter().rev().cloned().collect()
}

/// Whether the line says that another process wrote it.
fn is_of_another(msg: &str, pid: Option<i32>) -> bool {
    let Some((_, after)) = msg.split_once("[pid ") else { return false };
    let named = after.split_once(']').and_then(|(number, _)| number.parse::<i32>().ok());
    matches!((named, pid), (Some(named), Some(pid)) if named != pid)
}

/// What Luigi tells its scheduler, and what it tells of itself: it is in every log and says nothing
/// about a failure.
fn is_talk(seen: &Seen) -> bool {
    const TALK: [&str; 7] = [
        "Asking scheduler for work...",
        "There are no more tasks to run at this time",
        " is currently run by worker ",
        "Pending tasks: ",
        "Done scheduling tasks",
        "DEBUG: Done",
        " was stopped. Shutting down Keep-Alive thread",
    ];
    let msg = &seen.line.msg;
    seen.task.is_some() || TALK.iter().any(|talk| msg.contains(talk))
}

/// Whether `other` is the same message behind a longer prefix.
fn is_copy(msg: &str, other: &str) -> bool {
    let bare = Level::ALL.iter().find_map(|level| {
        let word = level.name().to_uppercase();
        msg.strip_prefix(&word)?.strip_prefix(": ")
    });
    let bare = bare.unwrap_or(msg);
    !bare.is_empty() && other.ends_with(bare)
}

/// Whether no other task was at work during this attempt.
fn is_alone(table: &TaskTable, attempt: &Attempt) -> bool {
    let end = attempt.ended_at.unwrap_or(Stamp(i64::MAX));
    let beside = |other: &&Attempt| {
        other.started_at < end && other.ended_at.unwrap_or(Stamp(i64::MAX)) > attempt.started_at
    };
    table.tasks.iter().flat_map(|task| &task.history).filter(beside).count() <= 1
}
