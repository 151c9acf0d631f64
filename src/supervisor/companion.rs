//! The recorder beside a supervisor: found or started, replaced when it dies, woken when it was
//! stopped.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use crate::os::child::spawn_self;
use crate::os::pidfd::Pidfd;
use crate::os::proc;
use crate::store::layout::PlanDir;
use crate::store::lock::Lock;
use crate::store::segments;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// The recorder of a plan, as its supervisor sees it.
pub(super) struct Companion {
    plan: PlanDir,
    held: Option<Pidfd>,
    /// How far the log had come when the last recorder was started.
    grown: (u64, u64),
    retry: Option<Instant>,
    pause: Duration,
}

impl Companion {
    pub(super) fn new(plan: PlanDir) -> Companion {
        Companion { plan, held: None, grown: (0, 0), retry: None, pause: Duration::ZERO }
    }

    /// Finds the living recorder, or starts one unless the last one died before it got anywhere:
    /// then that waits, longer each time.
    pub(super) fn ensure(&mut self, now: Instant) -> io::Result<()> {
        if self.held.as_ref().is_some_and(|held| !held.has_ended()) {
            return Ok(());
        }
        self.held = self.find()?;
        if self.held.is_some() || self.retry.is_some_and(|at| now < at) {
            return Ok(());
        }
        let grown = self.log_end();
        if grown != self.grown {
            self.pause = Duration::ZERO;
        }
        if self.retry.is_none() && !self.pause.is_zero() {
            self.retry = Some(now + self.pause);
            return Ok(());
        }
        (self.grown, self.retry) = (grown, None);
        self.pause = (self.pause * 2).clamp(FIRST_PAUSE, LAST_PAUSE);
        self.held = self.start()?;
        Ok(())
    }

    fn find(&self) -> io::Result<Option<Pidfd>> {
        let Some(holder) = Lock::holder(&self.plan.recorder_lock())? else { return Ok(None) };
        let held = Pidfd::open(holder.pid, None)?;
        Ok(held.filter(|held| !held.has_ended()))
    }

    fn start(&self) -> io::Result<Option<Pidfd>> {
        let args = ["__record".to_owned(), self.plan.name().to_string()];
        let child = spawn_self(&args, self.plan.open_diagnostics().ok())?;
        Pidfd::open(i32::try_from(child.id()).unwrap_or_default(), None)
    }

    /// The newest segment and its length.
    fn log_end(&self) -> (u64, u64) {
        // There may be very many: only that one is looked at.
        let newest = segments::firsts(&self.plan.log()).unwrap_or_default().pop().unwrap_or(0);
        (newest, fs::metadata(self.plan.segment(newest)).map_or(0, |meta| meta.len()))
    }

    /// Lets a stopped recorder go on: a plan must not wait for somebody's ^Z.
    pub(super) fn wake_if_stopped(&self) {
        if let Some(held) = &self.held
            && let Ok(Some(stat)) = proc::stat(held.pid())
            && stat.state == b'T'
        {
            let _ = held.signal(libc::SIGCONT);
        }
    }

    /// Readable when the recorder has died.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.held.as_ref().map(|held| held.as_fd())
    }

    pub(super) fn pid(&self) -> Option<i32> {
        self.held.as_ref().map(Pidfd::pid)
    }

    /// When to try again.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.held.is_none().then_some(self.retry).flatten()
    }
}
