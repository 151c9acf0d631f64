//! When what a line says happened: where a run is attached to late, its file tells of hours that
//! nobody recorded, and the time of recording is only that of catching up.

use serde::{Deserialize, Serialize};

use super::stream::{Heard, StreamFold};
use crate::model::Stamp;
use crate::parse::{self, Line};

/// The clock that the lines of a followed file carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Seconds east of UTC that lines without a zone are read at.
    zone: i32,
    /// The first time that they told: it is near the start of the process, or the zone is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first: Option<Stamp>,
}

/// A line that was recorded no later than this after its own time happened when it was recorded:
/// that is known to the microsecond, and many clocks tell only seconds.
const LATE: i64 = 2_000_000;

/// How far the first time may lie before the start of the process, which is counted in ticks.
const EARLY: i64 = 10_000_000;

/// How long a program may take to write its first line with a time. A clock of another zone is
/// wrong by a quarter of an hour at the least.
const FIRST: i64 = 600_000_000;

impl Clock {
    pub(super) fn new(zone: i32) -> Clock {
        Clock { zone, first: None }
    }

    fn is_believed(&self, since: Option<Stamp>) -> bool {
        let fits = |(first, since): (Stamp, Stamp)| (-EARLY..FIRST).contains(&(first.0 - since.0));
        self.first.zip(since).is_none_or(fits)
    }
}

impl StreamFold {
    /// When what `line` says of a task happened, where that was well before `ts`. `since` is the
    /// start of the run's process.
    #[inline]
    pub(super) fn happened(
        &mut self,
        line: &Line<'_>,
        heard: &Heard<'_>,
        since: Option<Stamp>,
        ts: Stamp,
    ) -> Option<Stamp> {
        let own = self.is_own();
        let clock = self.clock.as_mut().filter(|_| own)?;
        if clock.first.is_none() {
            clock.first = parse::written_at(line.bytes, clock.zone);
        }
        if heard.task.is_none() || !clock.is_believed(since) {
            return None;
        }
        let said = parse::written_at(line.bytes, clock.zone)?;
        let said = since.map_or(said, |since| said.max(since));
        (ts.0 - said.0 > LATE).then_some(said)
    }
}
