//! How fast to read: large pipes and short naps in a flood, neither when it is quiet.
//!
//! Pure but for the sizes it asks for; the clock is an argument.

use std::time::{Duration, Instant};

/// Reads that come closer together than this are a flood of small writes.
const CLOSE: Duration = Duration::from_micros(50);

/// So many close reads in a row make a nap worth its timer.
const STREAK: u32 = 16;

/// A batch this large needs no nap: the pipe fills fast enough.
const LARGE: usize = 32 << 10;

/// How long a nap lasts: the smallest pipe does not fill in this time at the rate of small writes.
const NAP: Duration = Duration::from_micros(150);

/// How long after the last flood the pipes are made small again.
const QUIET: Duration = Duration::from_secs(2);

/// A nap that brings fewer bytes than this was not worth it.
const WORTH: usize = 1 << 10;

/// Watches how bytes come in.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    streak: u32,
    napped: bool,
    grown: bool,
    flooded: Option<Instant>,
}

impl Pace {
    /// A batch of `bytes` was taken at `now`: whether to nap before the next, and for how long.
    pub(super) fn after_batch(&mut self, bytes: usize, now: Instant) -> Option<Duration> {
        let limit = if self.napped { CLOSE + 2 * NAP } else { CLOSE };
        let close = self.last.is_some_and(|last| now.duration_since(last) < limit);
        let wasted = self.napped && bytes < WORTH;
        self.last = Some(now);
        self.napped = false;
        if !close || wasted || bytes >= LARGE {
            self.streak = 0;
            return None;
        }
        self.streak = (self.streak + 1).min(STREAK);
        self.napped = self.streak == STREAK;
        self.napped.then_some(NAP)
    }

    /// A batch of `bytes` came out of a pipe at `now`: whether to ask for larger pipes.
    pub(super) fn wants_larger(&mut self, bytes: usize, now: Instant) -> bool {
        if bytes < LARGE {
            return false;
        }
        self.flooded = Some(now);
        let first = !self.grown;
        self.grown = true;
        first
    }

    /// When to look whether the flood is over.
    pub(super) fn quiet_at(&self) -> Option<Instant> {
        self.flooded.map(|flooded| flooded + QUIET)
    }

    /// Whether the flood is over: then pipes and buffers are made small again.
    pub(super) fn calm(&mut self, now: Instant) -> bool {
        let over = self.quiet_at().is_some_and(|at| now >= at);
        if over {
            self.flooded = None;
            self.grown = false;
        }
        over
    }
}
