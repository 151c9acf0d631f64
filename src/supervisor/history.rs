//! What the log says: everything so far, or the one record that is waited for.

use std::io;
use std::os::fd::BorrowedFd;

use crate::fold::{Fold, Status};
use crate::model::{Event, Peek, Record};
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};
use crate::store::snapshot;
use crate::wake::Watcher;

/// The fold of the plan's whole log.
pub(super) fn known(plan: &PlanDir) -> io::Result<Fold> {
    // Only a cache: one that cannot be read, or knows more than the log, is of another time. Read
    // first: the log goes on meanwhile.
    let saved: Option<Status> = snapshot::load_json(&plan.status_file()).ok().flatten();
    let mut reader = Reader::open(plan)?;
    let last = reader.last_seq()?;
    let mut fold = match saved {
        Some(status) if status.fold.seq <= last && status.fold.plan == *plan.name() => status.fold,
        _ => Fold::new(plan.name().clone()),
    };
    reader.seek_newest_opened(fold.seq)?;
    let mut batch = Batch::new();
    while !matches!(reader.read(&mut batch)?, Step::End) {
        for line in batch.lines() {
            if let Ok(record) = Record::parse(line) {
                fold.record(&record, line);
            }
        }
    }
    Ok(fold)
}

/// A record that is waited for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Awaited {
    /// The announcement of this run.
    Started(u64),
    /// Our own adoption, by its mark.
    Adopted(String),
    /// The last record of this run.
    Verdict(u64),
}

impl Awaited {
    fn is(&self, run: u64, event: &Event) -> bool {
        match (self, event) {
            (Awaited::Started(wanted), Event::RunStarted { .. })
            | (Awaited::Verdict(wanted), Event::RunVerdict { .. }) => run == *wanted,
            (Awaited::Adopted(mark), Event::SupervisorAdopted { id, .. }) => mark == id,
            _ => false,
        }
    }
}

/// Waits for one record. It is made before the record can be there and dropped when it is, so that
/// a busy log costs a supervisor nothing.
pub(super) struct Vigil {
    awaited: Awaited,
    watcher: Watcher,
    reader: Reader,
    batch: Batch,
}

impl Vigil {
    /// Begins at the present end of the log.
    pub(super) fn new(plan: &PlanDir, awaited: Awaited) -> io::Result<Vigil> {
        let watcher = Watcher::new()?;
        watcher.watch(&plan.log());
        let mut reader = Reader::open(plan)?;
        let last = reader.last_seq()?;
        reader.seek_after(last);
        Ok(Vigil { awaited, watcher, reader, batch: Batch::new() })
    }

    /// Readable when the log may have grown.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.watcher.fd()
    }

    /// Reads on. The record's seq, if it is there.
    pub(super) fn look(&mut self) -> io::Result<Option<(Awaited, u64)>> {
        self.watcher.clear();
        while !matches!(self.reader.read(&mut self.batch)?, Step::End) {
            for line in self.batch.lines() {
                let Some(peek) = Peek::of(line) else { continue };
                if peek.stream != "planwatch" {
                    continue;
                }
                if let Ok(event) = serde_json::from_slice(line)
                    && self.awaited.is(peek.run, &event)
                {
                    return Ok(Some((self.awaited.clone(), peek.seq)));
                }
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FORMAT, Head, Level, Stamp, encode_event};
    use crate::store::layout::Home;

    #[test]
    fn a_segment_that_was_begun_and_never_written_does_not_make_the_plan_new() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let opened = |fold: &Fold| {
            let (version, host, boot) = (String::new(), String::new(), String::new());
            let fold = Box::new(serde_json::to_value(fold).unwrap());
            Event::SegmentOpened { format: FORMAT, version, host, boot, fold }
        };
        let started: Event = serde_json::from_str(
            r#"{"event":"run.started","argv":["x"],"cwd":"/","verdict":[],"boot":""}"#,
        )
        .unwrap();
        let write = |first: u64, run: u64, events: &[Event]| {
            let head = Head::new(plan.name(), run, "planwatch");
            let mut log = Vec::new();
            for (seq, event) in (first..).zip(events) {
                encode_event(&mut log, &head, &Stamp(0).text(), seq, None, Level::Info, "", event);
            }
            std::fs::write(plan.segment(first), log).unwrap();
        };
        let empty = Fold::new(plan.name().clone());
        write(1, 4, &[opened(&empty), started]);
        write(3, 4, &[opened(&known(&plan).unwrap())]);
        std::fs::write(plan.status_file(), "{\"half").unwrap();
        for begun in ["", "{\"ts\":\"2026", "\0\0\0\n"] {
            std::fs::write(plan.segment(4), begun).unwrap();
            let fold = known(&plan).unwrap();
            assert_eq!((fold.last_run(), fold.is_live(), fold.seq), (4, true, 3), "{begun:?}");
        }
        // What is needed stands in the newest whole segment.
        std::fs::remove_file(plan.segment(1)).unwrap();
        assert_eq!(known(&plan).unwrap().last_run(), 4);
    }
}
