//! What a plan's log says about it, up to its last record.

use anyhow::Context as _;

use crate::fold::{Fold, Status};
use crate::model::Record;
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};
use crate::store::{segments, snapshot};

/// Folds the plan's log. The saved fold spares reading what it knows; without it, or if it is of
/// another log, the newest segment is enough, since its first record carries the fold of all before.
pub fn known(plan: &PlanDir) -> anyhow::Result<Fold> {
    let context = || format!("cannot read the log of {}", plan.name());
    let saved = snapshot::load_json::<Status>(&plan.status_file()).ok().flatten();
    let mut reader = Reader::open(plan).with_context(context)?;
    let last = reader.last_seq().with_context(context)?;
    let mut fold = match saved {
        Some(saved) if saved.fold.plan == *plan.name() && saved.fold.seq <= last => saved.fold,
        _ => {
            let newest = segments::list(&plan.log()).with_context(context)?.pop();
            let first = newest.map_or(1, |segment| segment.first);
            Fold { seq: first.saturating_sub(1), ..Fold::new(plan.name().clone()) }
        }
    };
    reader.seek_after(fold.seq);
    let mut batch = Batch::new();
    loop {
        match reader.read(&mut batch).with_context(context)? {
            Step::Lines => {
                for line in batch.lines() {
                    if let Ok(record) = Record::parse(line) {
                        fold.record(&record, line);
                    }
                }
            }
            Step::Gap { .. } => {}
            Step::Renewed => fold = Fold::new(plan.name().clone()),
            Step::End => return Ok(fold),
        }
    }
}
