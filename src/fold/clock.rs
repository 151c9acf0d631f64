//! When what a line says happened: where a run is attached to late, its file tells of hours that
//! nobody recorded, and the time of recording is only that of catching up.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::RunFold;
use super::stream::StreamFold;
use crate::model::Stamp;
use crate::parse::{self, Line};

/// The clock by which the lines of a file were written that it held already when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Seconds east of UTC that lines without a zone are read at.
    zone: i32,
    /// Offset in the stream of the first byte that was written later: what is read from there on
    /// has just been written.
    #[serde(default)]
    upto: u64,
    /// The last time that a line told: it is that of the lines behind it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last: Option<Stamp>,
}

/// From when to when its files tell that a run was at work which nobody has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToldSpan {
    /// The first time.
    pub from: Stamp,
    /// The last.
    pub to: Stamp,
}

/// What was recorded no later than this after its own time happened when it was recorded: that is
/// known to the microsecond, and many clocks tell only seconds.
const LATE: i64 = 2_000_000;

impl Clock {
    /// The clock of a file's bytes up to this offset in the stream.
    pub(super) fn new(zone: i32, upto: u64) -> Clock {
        Clock { zone, upto, last: None }
    }
}

impl StreamFold {
    /// When what the next line says happened, where that was well before `ts`.
    #[inline]
    pub(super) fn happened(&mut self, line: &Line<'_>, ts: Stamp) -> Option<Stamp> {
        let (own, off) = (self.is_own(), self.off);
        let clock = self.clock.as_mut().filter(|_| own)?;
        if off >= clock.upto {
            self.clock = None;
            return None;
        }
        let told = parse::written_at(line.bytes, clock.zone).filter(|told| *told <= ts);
        clock.last = told.or(clock.last);
        clock.last.filter(|last| ts.0 - last.0 > LATE)
    }
}

impl ToldSpan {
    /// With what was told next.
    pub(super) fn and(told: Option<ToldSpan>, next: Stamp) -> ToldSpan {
        let ToldSpan { from, to } = told.unwrap_or(ToldSpan { from: next, to: next });
        ToldSpan { from: from.min(next), to: to.max(next) }
    }
}

impl RunFold {
    /// Takes when a line was written, where that was well before it was recorded. What was just
    /// written tells that somebody is at work.
    #[inline]
    pub(super) fn written(&mut self, happened: Option<Stamp>, own: bool) {
        if !self.foreign || !own {
            return;
        }
        self.told = happened
            .filter(|_| self.spawned_at.is_none())
            .map(|happened| ToldSpan::and(self.told, happened));
    }

    /// How long it was at work, or has been so far.
    pub fn took(&self, now: Stamp) -> Duration {
        match (self.wall_ms, self.told) {
            (Some(wall), _) => Duration::from_millis(wall),
            (None, Some(ToldSpan { from, to })) if self.ended_at.is_some() => to.since(from),
            _ => self.ended_at.unwrap_or(now).since(self.spawned_at.unwrap_or(self.started_at)),
        }
    }
}
