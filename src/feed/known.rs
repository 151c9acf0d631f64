//! What is known of a plan as of now: the saved fold, and the records it has not seen yet.

use std::io;

use memchr::memmem::Finder;

use crate::fold::{Fold, Kept, RUNS, Rebuild, Status, Tasks};
use crate::model::{Record, TaskTable};
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};
use crate::store::segments;
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
    // Only a cache: one that cannot be read, or knows more than the log, is of another time. Where
    // somebody removed the whole log it is all there is. Read first: the log goes on meanwhile.
    let saved: Option<Status> = snapshot::load_json(&plan.status_file()).ok().flatten();
    let mut reader = Reader::open(plan)?;
    let last = reader.last_seq()?;
    let mut fold = match saved {
        Some(status) if status.fold.seq <= last || last == 0 => status.fold,
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

/// What was known when `run` was over, for a run that is too long ago to be remembered since. None
/// if the log holds its end no more.
pub fn when_over(plan: &PlanDir, run: u64) -> io::Result<Option<Fold>> {
    let firsts = segments::firsts(&plan.log())?;
    let is_before = |first: &u64| {
        // One that cannot be read is left to those who read on from before it.
        let opened = opened_at(plan, *first);
        opened.is_ok_and(|fold| fold.last_run() <= run)
    };
    let begin = firsts.partition_point(is_before).saturating_sub(1);
    let Some(first) = firsts.get(begin) else { return Ok(None) };
    let mut reader = Reader::open(plan)?;
    reader.seek_after(first.saturating_sub(1));
    let mut fold = Fold::new(plan.name().clone());
    let mut batch = Batch::new();
    while fold.last_run() < run + RUNS as u64 {
        match reader.read(&mut batch)? {
            Step::Lines => said(batch.bytes(), |record, line, _| {
                fold.record(record, line);
                !is_over(&fold, run)
            }),
            Step::Gap { .. } => {}
            Step::Renewed | Step::End => break,
        }
        if is_over(&fold, run) {
            return Ok(Some(fold));
        }
    }
    Ok(None)
}

fn is_over(fold: &Fold, run: u64) -> bool {
    fold.run(run).is_some_and(|run| !run.state.is_live())
}

/// The fold that the first record of a segment carries.
fn opened_at(plan: &PlanDir, first: u64) -> io::Result<Fold> {
    let mut reader = Reader::open(plan)?;
    reader.seek_after(first.saturating_sub(1));
    let mut fold = Fold::new(plan.name().clone());
    let mut batch = Batch::new();
    while let Step::Lines | Step::Gap { .. } = reader.read(&mut batch)? {
        let Some(line) = batch.lines().next() else { continue };
        if let Ok(record) = Record::parse(line) {
            fold.record(&record, line);
        }
        break;
    }
    Ok(fold)
}

/// The tasks of a run as of now. None if nothing is known of any.
pub fn tasks(plan: &PlanDir, run: u64) -> io::Result<Option<TaskTable>> {
    let mut fold = known(plan, Depth::State)?;
    if fold.run(run).is_none()
        && let Some(then) = when_over(plan, run)?
    {
        fold = then;
    }
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
    let known = fold.run(run);
    // One from before the run began is of another, which a power cut took out of the log.
    let begun = known.map_or(0, |run| run.first_seq);
    let saved =
        saved.filter(|kept| kept.table.run == run && (begun..=last).contains(&kept.table.seq));
    if let (None, Some(kept)) = (known, &saved) {
        // Long over: it was saved when it ended.
        return Ok(Some((Rebuild::from(kept.clone()), kept.table.seq)));
    }
    let kept = saved.unwrap_or_else(|| Tasks::new(run, false).kept().clone());
    let first = known.map_or(1, |run| run.first_seq.max(1));
    let after = kept.table.seq.max(first - 1);
    let mut rebuild = Rebuild::from(kept);
    let reached = sift(plan, after, upto, Rebuild::MARKS, rebuild.is_listening(), &mut |sifted| {
        match sifted {
            Sifted::Record(record, line) => {
                rebuild.record(record, line);
            }
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
    use crate::model::{
        Event, FORMAT, Head, Level, Stamp, State, Text, Verdict, encode_event, encode_text,
    };
    use crate::store::layout::Home;

    /// A log of two runs with a task that fails with an error, in one segment.
    fn log_with_tasks(plan: &PlanDir) -> Vec<u8> {
        let started: Event = serde_json::from_str(
            r#"{"event":"run.started","argv":[],"cwd":"/","verdict":[],"boot":""}"#,
        )
        .unwrap();
        let judged = Event::RunVerdict {
            verdict: Verdict::Failed,
            exit: 30,
            reasons: Vec::new(),
            luigi: None,
            heard: None,
        };
        let lines = [
            (
                "pending",
                "INFO: Informed scheduler that task   Fails__99914b932b   has status   PENDING",
            ),
            ("started", "INFO: [pid 1] Worker w running   Fails()"),
            ("failed", "ERROR: [pid 1] Worker w failed    Fails()"),
            ("", "Traceback (most recent call last):"),
            ("", "  frame"),
            ("", "KeyError: 3"),
        ];
        let (mut log, mut seq) = (Vec::new(), 0);
        for run in [1, 2] {
            let head = Head::new(plan.name(), run, "planwatch");
            seq += 1;
            encode_event(&mut log, &head, &Stamp(0).text(), seq, None, Level::Info, "", &started);
            let of_lines = Head::new(plan.name(), run, "stderr");
            for (event, line) in lines {
                seq += 1;
                let task = (!event.is_empty()).then_some(("x", event));
                let text = Text { bytes: line.as_bytes(), task, ..Text::default() };
                encode_text(&mut log, &of_lines, &Stamp(0).text(), seq, &text);
            }
            if run == 1 {
                seq += 1;
                encode_event(
                    &mut log,
                    &head,
                    &Stamp(0).text(),
                    seq,
                    None,
                    Level::Info,
                    "",
                    &judged,
                );
            }
        }
        log
    }

    #[test]
    fn the_tasks_of_a_run_are_those_of_its_records_with_what_was_saved_and_without() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        plan.create_tasks().unwrap();
        let log = log_with_tasks(&plan);
        let ends: Vec<usize> = memchr::memchr_iter(b'\n', &log).map(|end| end + 1).collect();
        let mut saved: Vec<Kept> = Vec::new();
        for (seq, &end) in (1_u64..).zip(&ends) {
            std::fs::write(plan.segment(1), &log[..end]).unwrap();
            let run = if seq <= 8 { 1 } else { 2 };
            let fold = known(&plan, Depth::Whole).unwrap();
            let fresh = tasks_of(&plan, &fold, run, u64::MAX).unwrap().unwrap();
            assert_eq!(fold.run(run).unwrap().tasks, fresh.counts(), "as of {seq}");
            // Whatever was saved before, by whom ever: what is known now is the same.
            for kept in &saved {
                snapshot::save_json(&plan.tasks_file(run), kept, false).unwrap();
                let tasks = tasks(&plan, run).unwrap().unwrap_or_default();
                assert_eq!(tasks.tasks, fresh.table().tasks, "{seq} from {}", kept.table.seq);
                std::fs::remove_file(plan.tasks_file(run)).unwrap();
            }
            saved.push(fresh.kept().clone());
        }
        // One of a run 2 that a power cut took out of the log says nothing of this one.
        let mut lost = saved[7].clone();
        (lost.table.run, lost.table.seq) = (2, 8);
        snapshot::save_json(&plan.tasks_file(2), &lost, false).unwrap();
        let last = saved.last().unwrap();
        assert_eq!(tasks(&plan, 2).unwrap().unwrap().tasks, last.table.tasks);
        let failed = tasks(&plan, 1).unwrap().unwrap();
        assert_eq!(failed.tasks[0].error.as_deref(), Some("KeyError: 3"));
        assert!(tasks(&plan, 7).unwrap().is_none());
    }

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
        let judged =
            Event::RunVerdict { verdict, exit: 0, reasons: Vec::new(), luigi: None, heard: None };
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
