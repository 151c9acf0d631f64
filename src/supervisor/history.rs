//! What the log says: everything so far, or the one record that is waited for.

use std::io;
use std::os::fd::BorrowedFd;

use crate::fold::{Fold, Status};
use crate::model::{Event, Peek, Record};
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};
use crate::store::{segments, snapshot};
use crate::wake::Watcher;

/// The fold of the plan's whole log.
pub(super) fn known(plan: &PlanDir) -> io::Result<Fold> {
    let mut reader = Reader::open(plan)?;
    let last = reader.last_seq()?;
    let saved: Option<Status> = snapshot::load_json(&plan.status_file())?;
    let mut fold = match saved {
        Some(status) if status.fold.seq <= last && status.fold.plan == *plan.name() => status.fold,
        _ => Fold::new(plan.name().clone()),
    };
    if fold.seq == 0
        && let Some(newest) = segments::list(&plan.log())?.last()
    {
        // Its first record carries the fold of everything before.
        reader.seek_after(newest.first.saturating_sub(1));
    } else {
        reader.seek_after(fold.seq);
    }
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
