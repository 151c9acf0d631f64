//! What is known of a plan as of now: the saved fold, and the records it has not seen yet.

use std::io;

use memchr::memmem::Finder;

use crate::fold::{Fold, Status};
use crate::model::Record;
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};
use crate::store::{segments, snapshot};

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
    // A segment's first record holds the fold of everything before it.
    let newest = segments::firsts(&plan.log())?.into_iter().max().unwrap_or(1);
    reader.seek_after(fold.seq.max(newest.saturating_sub(1)).min(last));
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
            Step::Renewed => fold = Fold::new(plan.name().clone()),
            Step::End => {
                // The plan's own lines count as seen, though they were passed over.
                fold.seq = fold.seq.max(reader.cursor());
                return Ok(fold);
            }
        }
    }
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
