//! The queue's turn: whatever is due is started, by whoever comes by.
//!
//! | file | holds |
//! | --- | --- |
//! | `turn` | one turn: look who has ended, skip who never will run, start who is due |
//! | `starting` | one plan of the queue, started |
//! | `passing` | whether a command that came by finds something to do, and who does it |
//!
//! There is no process that owns the queue. A supervisor that ends its run starts `__queue`, which
//! takes a turn and leaves; every command that comes by has one taken too, if something is due. What surprises: a
//! turn only writes down which run of which plan is meant to be next. Whether that run has begun
//! stands in the plan's log, and a supervisor that is told to begin a run that was begun already
//! leaves: so a turn may be repeated at any time, by anybody, after any death. And whoever takes a turn
//! starts only what it has all variables for: the others wait for somebody who has.

mod passing;
mod starting;
mod turn;

use std::io;

use crate::exit::{Exit, Failure};
use crate::model::{Entry, Queue, Stand, State, Verdict};
use crate::render::ps::PsRow;

pub use passing::{come_by, is_something_due, pass};
pub(super) use turn::look;
pub use turn::{Turn, is_held, take_turn};

/// What everything waits for once the machine was restarted.
pub(super) const HELD: &str = "for planwatch up --resume: the machine was restarted";

/// What a queue that cannot be read means to who is to change it: no other is written over it.
pub(super) fn refusal(error: io::Error) -> anyhow::Error {
    if error.kind() != io::ErrorKind::InvalidData {
        return error.into();
    }
    let failure = Failure::new(Exit::Refused, "the queue cannot be read").because(error);
    failure
        .hint("with a newer planwatch, or move the file away: what is queued is forgotten then")
        .into()
}

/// What the queue knows of plans that do not run: rows for those that wait, and for those that were
/// skipped.
pub fn rows(queue: &Queue) -> Vec<PsRow> {
    let waits = queue.waits();
    let held = is_held(queue);
    let row = |entry: &Entry| match &entry.stand {
        Stand::Waiting => {
            let wait = if held { HELD } else { waits.get(&entry.plan).map_or("", String::as_str) };
            Some(PsRow { state: State::Queued, ..idle(entry, format!("waits {wait}")) })
        }
        Stand::Skipped { why, at } => Some(PsRow {
            state: State::Ended,
            verdict: Verdict::Skipped,
            ended_at: Some(*at),
            ..idle(entry, why.clone())
        }),
        Stand::Given { .. } | Stand::Over { .. } => None,
    };
    queue.entries.iter().filter_map(row).collect()
}

fn idle(entry: &Entry, reason: String) -> PsRow {
    PsRow {
        plan: entry.plan.to_string(),
        run: 0,
        state: State::Queued,
        verdict: Verdict::Unknown,
        reasons: vec![reason],
        exit: None,
        pid: None,
        started_at: entry.queued_at,
        ended_at: None,
        elapsed_ms: 0,
        tasks: None,
        now: Vec::new(),
        failure: None,
        left_behind: Default::default(),
        group: entry.group.clone(),
        errors: 0,
        warnings: 0,
        last_seq: 0,
        log_bytes: 0,
    }
}

/// The group of each plan that is queued, or was lately.
pub fn group_of<'q>(queue: &'q Queue, plan: &str) -> Option<&'q str> {
    queue.entries.iter().find(|entry| entry.plan.as_str() == plan)?.group.as_deref()
}
