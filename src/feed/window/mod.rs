//! A window on one plan's log, or on several as one: records around a place, more of them in either
//! direction, matches, errors, and what is new. Never the log itself.
//!
//! | file | holds |
//! | --- | --- |
//! | `item` | a record as the window gives it |
//! | `words` | what is shown of it, and which records say the same |
//! | `filter` | which records are wanted |
//! | `lane` | one log, read forward or backward |
//! | `scan` | several of them as one, in the order of time |
//! | `seek` | from what was asked for to a place in each log |
//! | `job` | what was asked for and is not done yet, a slice at a time |
//! | `tail` | what is new |
//! | `desk` | the jobs of all windows |
//! | `worker` | the thread that does all this |
//!
//! What surprises: nothing here is ever waited for. A request goes to the worker, and answers come
//! when they come; a long search is cut in slices, between which every other request is heard.

mod desk;
mod filter;
mod item;
mod job;
mod lane;
mod scan;
mod seek;
mod tail;
mod words;
mod worker;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use filter::{Filter, Pattern};
pub use item::{Item, Place};
pub use words::{NEAR, NEAR_OF_TASKS, SOON, TaskWords};
pub use worker::Worker;

pub use super::sieve::TaskGlob;
use crate::model::{PlanName, Stamp};

/// Which window a request is from and an answer for. Chosen by who asks.
pub type WindowId = u32;

/// Logs and the records of them that are wanted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// The plans: one, or several as one in the order of time.
    pub plans: Vec<PlanName>,
    /// What is wanted of them.
    pub filter: Filter,
}

impl Place {
    /// Whether it comes behind another one, by time where they are of two plans.
    pub fn is_after(&self, other: &Place) -> bool {
        if self.plan == other.plan {
            self.seq > other.seq
        } else {
            (self.ts, self.plan) > (other.ts, other.plan)
        }
    }
}

/// A place between records: of each plan of a view, the last seq on the near side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut(pub Vec<u64>);

/// Something to be done by the worker.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request {
    /// The window.
    pub window: WindowId,
    /// Comes back with every answer.
    pub ticket: u64,
    /// On which logs, and what of them.
    #[serde(with = "shared")]
    pub view: Arc<View>,
    /// What.
    pub want: Want,
}

/// Where to open a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum At {
    /// At the last record.
    End,
    /// At the first.
    Begin,
    /// At the first record of this time or later.
    Time(Stamp),
    /// At this record, or where it would be.
    Near(Place),
}

/// What is looked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Target {
    /// A line that a pattern fits.
    Match(Pattern),
    /// A line of level error or worse.
    Error,
}

/// What a window wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Want {
    /// Records around a place. Everything asked for before is forgotten but counts and texts.
    Open {
        /// Where.
        at: At,
        /// How many before it.
        before: usize,
        /// How many from it on.
        after: usize,
    },
    /// So many records before the cut.
    Older {
        /// Where.
        before: Cut,
        /// How many.
        count: usize,
    },
    /// So many records after the cut.
    Newer {
        /// Where.
        after: Cut,
        /// How many.
        count: usize,
    },
    /// What comes after the cut, once there is something: one answer, then it is to be asked for
    /// again.
    Follow {
        /// Where.
        after: Cut,
        /// The last so many are given, the others counted.
        most: usize,
    },
    /// The next record of a kind.
    Find {
        /// Behind or before this one.
        from: Place,
        /// What.
        target: Target,
        /// Later or earlier.
        forward: bool,
    },
    /// How many records a pattern fits, and where they are.
    Count(Pattern),
    /// One record as it is stored.
    Line(Place),
    /// The text of all wanted records from one to another.
    Text {
        /// The first.
        from: Place,
        /// The last.
        to: Place,
    },
    /// Nothing more: searches and counts end.
    Cancel,
    /// The window is gone.
    Close,
}

/// Records that follow each other, as far as they are wanted.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Slice {
    /// The records, in order.
    pub items: Vec<Item>,
    /// The near side of the first.
    pub low: Cut,
    /// The far side of the last.
    pub high: Cut,
    /// Whether nothing that is wanted is before them.
    pub begin: bool,
    /// Whether nothing that was wanted was behind them.
    pub end: bool,
    /// Whether more is still to come in front of them, unasked.
    pub owed_before: bool,
    /// Whether more is still to come behind them, unasked.
    pub owed_after: bool,
}

/// What the worker says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// To which window.
    pub window: WindowId,
    /// The ticket of the request.
    pub ticket: u64,
    /// What.
    pub told: Told,
}

/// What a window is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Told {
    /// To `Open`.
    Opened {
        /// Records around the place.
        slice: Slice,
        /// The first at or behind it, or else the last before it. None if it is still owed: then
        /// it is the first that comes behind.
        anchor: Option<Place>,
        /// The end of the logs.
        last: Cut,
    },
    /// To `Older`, and what `Open` still owes.
    Older(Slice),
    /// To `Newer`, and what `Open` still owes.
    Newer(Slice),
    /// To `Follow`.
    News(News),
    /// To `Find`.
    Found(Option<Place>),
    /// To `Count`, again and again until `done`.
    Counted {
        /// Records that fit, so far.
        total: u64,
        /// All of them in order, once all was looked at; none if they are more than
        /// [`Told::MOST_PLACES`].
        places: Vec<Place>,
        /// Whether all was looked at.
        done: bool,
    },
    /// To `Line`: the record as it is stored, without its line end. None if it is not there.
    Line(Option<Vec<u8>>),
    /// To `Text`.
    Text {
        /// The lines.
        text: String,
        /// How many.
        lines: usize,
        /// Whether it was cut off because it was too much.
        cut: bool,
    },
    /// Something takes long: so much of it is done, in thousandths.
    Progress(u16),
    /// It cannot be done.
    Failed(String),
}

impl Told {
    /// Places given at most.
    pub const MOST_PLACES: usize = 50_000;
}

/// What was written since.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct News {
    /// The last of the new records that are wanted.
    pub items: Vec<Item>,
    /// How many others were wanted and are not given: they are between the cut asked for and the
    /// first given.
    pub passed: u64,
    /// The near side of the first given.
    pub low: Cut,
    /// The far side of the last.
    pub high: Cut,
    /// A log was removed and begun anew: everything known of it is void.
    pub renewed: bool,
}

impl Request {
    /// The same with everything limited that somebody far away could make large.
    #[must_use]
    pub fn limited(mut self) -> Request {
        match &mut self.want {
            Want::Open { before, after, .. } => {
                (*before, *after) = ((*before).min(Want::MOST), (*after).min(Want::MOST));
            }
            Want::Older { count, .. } | Want::Newer { count, .. } => {
                *count = (*count).min(Want::MOST);
            }
            Want::Follow { most, .. } => *most = (*most).min(Want::MOST),
            _ => {}
        }
        self
    }
}

impl Want {
    /// Records asked for at once, at most, by somebody far away.
    pub const MOST: usize = 10_000;
}

/// A view that many requests share is sent with each.
mod shared {
    use std::sync::Arc;

    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};

    use super::View;

    pub(super) fn serialize<S: Serializer>(view: &Arc<View>, to: S) -> Result<S::Ok, S::Error> {
        view.as_ref().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<View>, D::Error> {
        View::deserialize(from).map(Arc::new)
    }
}

#[cfg(test)]
mod tests;
