//! What is known of a plan as of now: the saved fold, and the records it has not seen yet.

use std::io;

use memchr::memmem::Finder;

use crate::fold::{Fold, Kept, Rebuild, Status, Tasks};
use crate::model::{Record, TaskTable};
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};
use crate::store::sift::{Sifted, sift};
use crate::store::snapshot;

/// How much of the log is folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What planwatch itself said: states and verdicts, but no counts. Cheap.
    State,
    /// Everything.
    Whole,
}

/// The fold of a plan's log as it is now. A plan that is not there has an empty one.
pub fn known(plan: &PlanDir, depth: Depth) -> io::Result<Fold> {
    let mut reader = Reader::open(plan)?;
    let last = reader.last_seq()?;
    // Only a cache: one that cannot be read, or knows more than the log, is of another time.
    let saved: Option<Status> = snapshot::load_json(&plan.status_file()).ok().flatten();
    let mut fold = match saved {
        Some(status) if status.fold.seq <= last => status.fold,
        _ => Fold::new(plan.name().clone()),
    };
    let keep = |fold: &mut Fold| {
        if depth == Depth::Whole {
            fold.tables.keep();
        }
    };
    keep(&mut fold);
    reader.seek_newest_opened(fold.seq)?;
    let mut batch = Batch::new();
    loop {
        match reader.read(&mut batch)? {
            Step::Lines if depth == Depth::Whole => {
                for line in batch.lines() {
                    if let Ok(record) = Record::parse(line) {
                        fold.record(&record, line);
                    }
                }
            }
            Step::Lines => said(batch.bytes(), |record, line, _| {
                fold.record(record, line);
                true
            }),
            Step::Gap { .. } => {}
            Step::Renewed => {
                fold = Fold::new(plan.name().clone());
                keep(&mut fold);
            }
            Step::End => {
                // The plan's own lines count as seen, though they were passed over.
                fold.seq = fold.seq.max(reader.cursor());
                break;
            }
        }
    }
    for run in fold.tables.missed().to_vec() {
        if let Some(tasks) = tasks_of(plan, &fold, run, fold.seq)? {
            fold.tables.attach(tasks);
        }
    }
    fold.sum_up();
    Ok(fold)
}

/// The tasks of a run as of now. None if nothing is known of any.
pub fn tasks(plan: &PlanDir, run: u64) -> io::Result<Option<TaskTable>> {
    let fold = known(plan, Depth::State)?;
    let speaks = fold.streams.iter().any(|stream| stream.run == run);
    let ended = fold.run(run).filter(|run| !speaks && !run.state.is_live());
    let upto = ended.map_or(u64::MAX, |run| run.last_seq);
    let tasks = tasks_of(plan, &fold, run, upto)?.filter(Tasks::heard_anything);
    Ok(tasks.map(Tasks::into_table))
}

/// The table of a run as of record `upto`: what was saved, and what was said since. None if the log
/// was removed meanwhile.
fn tasks_of(plan: &PlanDir, fold: &Fold, run: u64, upto: u64) -> io::Result<Option<Tasks>> {
    let rebuilt = rebuilt(plan, fold, run, upto)?;
    Ok(rebuilt.map(|(rebuild, reached)| rebuild.done(reached)))
}

/// The same, to go on from, and the last record that is in it.
pub(super) fn rebuilt(
    plan: &PlanDir,
    fold: &Fold,
    run: u64,
    upto: u64,
) -> io::Result<Option<(Rebuild, u64)>> {
    let saved: Option<Kept> = snapshot::load_json(&plan.tasks_file(run)).ok().flatten();
    let last = Reader::open(plan)?.last_seq()?;
    let saved = saved.filter(|kept| kept.table.run == run && kept.table.seq <= last);
    let known = fold.run(run);
    if let (None, Some(kept)) = (known, &saved) {
        // Long over: it was saved when it ended.
        return Ok(Some((Rebuild::from(kept.clone()), kept.table.seq)));
    }
    let kept = saved.unwrap_or_else(|| Tasks::new(run, false).kept().clone());
    let first = known.map_or(1, |run| run.first_seq.max(1));
    let after = kept.table.seq.max(first - 1);
    let mut rebuild = Rebuild::from(kept);
    let reached = sift(plan, after, upto, Rebuild::MARKS, &mut |sifted| {
        match sifted {
            Sifted::Record(record) => rebuild.record(record),
            Sifted::Gap => rebuild.lost_some(),
        }
        rebuild.is_listening()
    })?;
    Ok(reached.map(|reached| (rebuild, reached)))
}

/// Hands over what planwatch itself said in these lines, each record with its line and the offset
/// of that line's end, until `take` says false. The plan's own lines are not parsed: nothing
/// they say can look like this, for inside a string the quotes are escaped.
pub(super) fn said(lines: &[u8], mut take: impl FnMut(&Record<'_>, &[u8], usize) -> bool) {
    let finder = Finder::new(br#","stream":"planwatch","#);
    for at in finder.find_iter(lines) {
        let start = memchr::memrchr(b'\n', &lines[..at]).map_or(0, |end| end + 1);
        let Some(length) = memchr::memchr(b'\n', &lines[at..]) else { return };
        let end = at + length + 1;
        let line = &lines[start..end];
        if let Ok(record) = Record::parse(line)
            && !take(&record, line, end)
        {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, FORMAT, Head, Level, Stamp, State, Verdict, encode_event};
    use crate::store::layout::Home;

    #[test]
    fn a_segment_that_was_begun_and_never_written_hides_nothing() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let (version, host, boot) = (String::new(), String::new(), String::new());
        let fold = Box::new(serde_json::to_value(Fold::new(plan.name().clone())).unwrap());
        let opened = Event::SegmentOpened { format: FORMAT, version, host, boot, fold };
        let started: Event = serde_json::from_str(
            r#"{"event":"run.started","argv":[],"cwd":"/","verdict":[],"boot":""}"#,
        )
        .unwrap();
        let verdict = Verdict::Succeeded;
        let judged = Event::RunVerdict { verdict, exit: 0, reasons: Vec::new() };
        let head = Head::new(plan.name(), 1, "planwatch");
        let mut log = Vec::new();
        for (seq, event) in (1..).zip([opened, started, judged]) {
            encode_event(&mut log, &head, &Stamp(0).text(), seq, None, Level::Info, "", &event);
        }
        std::fs::write(plan.segment(1), log).unwrap();
        std::fs::write(plan.segment(4), "").unwrap();
        for depth in [Depth::State, Depth::Whole] {
            let fold = known(&plan, depth).unwrap();
            assert_eq!((fold.seq, fold.last().unwrap().state), (3, State::Ended));
        }
        std::fs::write(plan.segment(4), "{\"ts\":\"2026").unwrap();
        assert_eq!(known(&plan, Depth::State).unwrap().seq, 3);
    }
}
