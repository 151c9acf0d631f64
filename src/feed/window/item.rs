//! A record as a window gives it: what is shown of it, and where it stands.

use serde::{Deserialize, Serialize};

use crate::model::{Eol, Level, Record, Stamp, Stream};

/// Where a record stands in a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Its time.
    pub ts: Stamp,
    /// Its plan: the place in the view's list.
    pub plan: usize,
    /// Its seq in the plan's log.
    pub seq: u64,
}

/// A record, or a note on records that are missing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Item {
    /// Where it stands.
    pub place: Place,
    /// The run.
    pub run: u64,
    /// Where it came from.
    pub stream: Stream,
    /// Severity.
    pub level: Option<Level>,
    /// Name of the logger.
    pub logger: Option<Box<str>>,
    /// Kind of event.
    pub event: Option<Box<str>>,
    /// The line.
    pub msg: Box<str>,
    /// How it ended.
    pub eol: Eol,
    /// Task that it speaks of.
    pub task: Option<Box<str>>,
    /// What happened to the task.
    pub task_event: Option<Box<str>>,
    /// When that happened, where it was well before the record.
    #[serde(default)]
    pub task_ts: Option<Stamp>,
}

impl Item {
    /// The event of an item that stands for records that are missing.
    pub const MISSING: &str = "missing";

    /// The item of a record of this plan.
    pub fn new(plan: usize, record: Record<'_>) -> Item {
        let boxed = |text: std::borrow::Cow<'_, str>| text.into_owned().into_boxed_str();
        Item {
            place: Place { ts: record.ts, plan, seq: record.seq },
            run: record.run,
            stream: record.stream,
            level: record.level,
            logger: record.logger.map(boxed),
            event: record.event.map(boxed),
            msg: boxed(record.msg),
            eol: record.eol,
            task: record.task.map(boxed),
            task_event: record.task_event.map(boxed),
            task_ts: record.task_ts,
        }
    }

    /// The note that stands for these records; `ts` is the time of a record beside them.
    pub fn missing(plan: usize, ts: Stamp, from: u64, to: u64) -> Item {
        let msg = match from {
            _ if from == to => format!("record {from} is missing (pruned or lost)"),
            1 => format!("the first {to} records are not here any more (pruned)"),
            _ => format!("records {from} to {to} are missing (pruned or lost)"),
        };
        Item {
            place: Place { ts, plan, seq: to },
            run: 0,
            stream: Stream::Planwatch,
            level: Some(Level::Warning),
            logger: None,
            event: Some(Item::MISSING.into()),
            msg: msg.into(),
            eol: Eol::Lf,
            task: None,
            task_event: None,
            task_ts: None,
        }
    }

    /// Bytes that it holds, roughly.
    pub fn size(&self) -> usize {
        size_of::<Item>() + self.msg.len()
    }
}
