//! Whether a run has fallen silent: one timer, set for the moment at which it could have.

use std::io;
use std::time::{Duration, Instant};

use super::drive::Supervisor;
use super::history::known;
use super::machine::{Input, Timer};
use super::run::Unrecorded;
use crate::fold::RunFold;
use crate::model::{Stall, StallDeed, Stamp};

/// What was heard of a run, and since when nothing more.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quiet {
    /// Bytes of its streams, those that have no record yet included.
    heard: u64,
    /// Those that have one.
    recorded: u64,
    since: Instant,
    /// When that was looked at.
    looked: Instant,
    told: bool,
}

impl Supervisor {
    /// Begins to listen, if the plan wants that.
    pub(super) fn watch_for_stall(&mut self) {
        let now = Instant::now();
        self.quiet = Quiet { heard: 0, recorded: 0, since: now, looked: now, told: false };
        if let Some(stall) = &self.spec.stall {
            let after = Duration::from_millis(stall.after_ms);
            self.listen_again(now + after);
        }
    }

    /// The moment has come: was anything heard since?
    pub(super) fn listen(&mut self) -> io::Result<()> {
        let Some(stall) = self.spec.stall.clone() else { return Ok(()) };
        let after = Duration::from_millis(stall.after_ms);
        let now = Instant::now();
        let fold = known(&self.plan)?;
        let of_run = fold.streams.iter().filter(|stream| stream.run == self.run);
        let recorded = of_run.map(|stream| stream.off).sum();
        // The beginning of a line has no record, and on a full disk nothing has: a plan that waits
        // until it can write on has not fallen silent.
        let unrecorded = match &self.pipes {
            Some(pipes) => pipes.unrecorded(&self.plan, self.run, &fold)?,
            None => Unrecorded::default(),
        };
        let heard = recorded + unrecorded.all;
        if heard != self.quiet.heard || unrecorded.untaken > 0 {
            // By the clock, but never longer ago than the last look: clocks are set.
            let ago = match recorded == self.quiet.recorded {
                true => Duration::ZERO,
                false => Stamp::now().since(fold.ts).min(now - self.quiet.looked),
            };
            self.quiet = Quiet { heard, recorded, since: now - ago, looked: now, told: false };
        }
        self.quiet.looked = now;
        let silent = now - self.quiet.since;
        if silent < after {
            self.listen_again(self.quiet.since + after);
            return Ok(());
        }
        self.listen_again(now + after);
        if !self.quiet.told && !is_excused(&stall, fold.run(self.run)) {
            self.quiet.told = true;
            let silent_ms = u64::try_from(silent.as_millis()).unwrap_or(u64::MAX);
            let stop = stall.then == StallDeed::Stop;
            self.inbox.push_back(Input::Stalled { silent_ms, stop });
        }
        Ok(())
    }

    fn listen_again(&mut self, at: Instant) {
        self.timers.retain(|&(timer, ..)| timer != Timer::Stall);
        self.timers.push((Timer::Stall, 0, at));
    }
}

impl Default for Quiet {
    fn default() -> Quiet {
        let now = Instant::now();
        Quiet { heard: 0, recorded: 0, since: now, looked: now, told: false }
    }
}

/// A task that runs may be waiting for somebody else's answer.
fn is_excused(stall: &Stall, run: Option<&RunFold>) -> bool {
    !stall.in_task && run.is_some_and(|run| run.tasks.running > 0)
}
