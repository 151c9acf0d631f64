//! How fast to read: large pipes and short naps in a flood, neither when it is quiet.
//!
//! Pure but for the sizes it asks for; the clock is an argument.

use std::time::{Duration, Instant};

/// Reads that come closer together than this are a flood.
const CLOSE: Duration = Duration::from_micros(50);

/// So many close reads in a row make a nap worth its timer.
const STREAK: u32 = 16;

/// A nap that brings fewer bytes than this was not worth it.
const WORTH: usize = 1 << 10;

/// A batch of this many bytes makes larger pipes worth their memory.
const LARGE: usize = 16 << 10;

const FIRST_NAP: Duration = Duration::from_micros(100);
/// Shorter than a frame of a screen.
const LAST_NAP: Duration = Duration::from_millis(4);

/// How long after the last flood the pipes are made small again.
const QUIET: Duration = Duration::from_secs(2);

/// Watches how bytes come in.
#[derive(Debug, Default)]
pub(super) struct Pace {
    last: Option<Instant>,
    streak: u32,
    nap: Duration,
    grown: bool,
    flooded: Option<Instant>,
}

impl Pace {
    /// A batch of `bytes` came at `now` out of a pipe that holds `capacity`: how long to nap before
    /// the next, if at all. Naps grow while the pipe has room for what they bring.
    pub(super) fn after_batch(
        &mut self,
        bytes: usize,
        capacity: usize,
        now: Instant,
    ) -> Option<Duration> {
        let close = self.last.is_some_and(|last| now.duration_since(last) < CLOSE + self.nap * 2);
        let wasted = !self.nap.is_zero() && bytes < WORTH;
        self.last = Some(now);
        if !close || wasted {
            // Somebody else may have had the processor: one late batch is not the end of a flood.
            self.streak = if wasted { 0 } else { self.streak / 2 };
            self.nap = if wasted { Duration::ZERO } else { self.nap / 2 };
            return None;
        }
        self.streak = (self.streak + 1).min(STREAK);
        if self.streak < STREAK {
            return None;
        }
        // More than half full, and the plan would soon wait for us.
        self.nap = if bytes > capacity / 2 {
            self.nap / 4
        } else if bytes < capacity / 4 {
            (self.nap * 2).clamp(FIRST_NAP, LAST_NAP)
        } else {
            self.nap
        };
        (self.nap >= FIRST_NAP / 4).then_some(self.nap)
    }

    /// A batch of `bytes` came at `now`: whether to ask for larger pipes.
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
