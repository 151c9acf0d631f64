//! How long to wait before the next try.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The first pause, and the longest.
const FIRST: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(15);

/// Longer and longer pauses.
#[derive(Debug, Default)]
pub(super) struct Pause {
    tries: u32,
}

impl Pause {
    /// Somewhere in the upper half of twice the one before, so that many who lost the same gateway
    /// do not come back at once.
    pub(super) fn next(&mut self) -> Duration {
        let most = FIRST.saturating_mul(1 << self.tries.min(8)).min(LONGEST);
        self.tries += 1;
        let nanos =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.subsec_nanos());
        most / 2 + most * (nanos % 1000) / 2000
    }

    /// The same, but not before the gateway wants it.
    pub(super) fn next_after(&mut self, wanted: Option<Duration>) -> Duration {
        self.next().max(wanted.unwrap_or_default().min(LONGEST))
    }

    /// How many there were.
    pub(super) fn tries(&self) -> u32 {
        self.tries
    }
}
