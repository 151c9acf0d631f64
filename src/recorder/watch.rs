//! Whether the plan's supervisor lives, and a new one where it died too early.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::process::Child;
use std::time::{Duration, Instant};

use crate::fold::Fold;
use crate::os::child::spawn_self;
use crate::os::host;
use crate::os::pidfd::Pidfd;
use crate::store::layout::PlanDir;
use crate::store::lock::{Holder, Lock};
use crate::store::snapshot;

const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LAST_PAUSE: Duration = Duration::from_secs(5);

/// An adopter that lived this long did not fail at taking over.
const LASTING: Duration = Duration::from_secs(1);

/// Records that an adopter may cause before it fails.
const WORDS: u64 = 2;

/// What the recorder knows of its supervisor.
#[derive(Debug)]
pub(super) struct Watch {
    plan: PlanDir,
    supervisor: Option<Pidfd>,
    /// The supervisor we started, to be reaped.
    adopter: Option<Child>,
    /// The plan's process: held so that its exit code outlives the supervisor that waits for it.
    process: Option<(u64, Pidfd)>,
    /// Something happened that may change the answer.
    stale: bool,
    retry: Option<Instant>,
    /// When the last adopter was started, and the last seq then.
    began: Option<(Instant, u64)>,
    pause: Duration,
}

impl Watch {
    /// Knows nothing yet.
    pub(super) fn new(plan: PlanDir) -> Watch {
        Watch {
            plan,
            supervisor: None,
            adopter: None,
            process: None,
            stale: true,
            retry: None,
            began: None,
            pause: FIRST_PAUSE,
        }
    }

    /// What to poll: readable when the supervisor has died.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.supervisor.as_ref().map(AsFd::as_fd)
    }

    /// The supervisor's end, or a line it sent: look again.
    pub(super) fn expect_news(&mut self) {
        self.stale = true;
    }

    /// When to look again although nothing happened.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry
    }

    /// Whether no supervisor lives.
    pub(super) fn alone(&self) -> bool {
        self.supervisor.is_none()
    }

    /// Finds the living supervisor; starts one if there is none and a run has not ended.
    pub(super) fn look(&mut self, fold: &Fold, now: Instant) -> io::Result<()> {
        let due = self.retry.is_some_and(|at| at <= now);
        if !self.stale && !due {
            return Ok(());
        }
        self.stale = false;
        self.retry = None;
        self.hold_process(fold);
        self.supervisor = self.find()?;
        if self.supervisor.is_some() {
            return Ok(());
        }
        if let Some(adopter) = &mut self.adopter {
            match adopter.try_wait() {
                // It has not taken the lock yet: its end would wake us.
                Ok(None) => {
                    let pid = i32::try_from(adopter.id()).unwrap_or_default();
                    self.supervisor = Pidfd::open(pid, None)?;
                    if self.supervisor.is_some() {
                        return Ok(());
                    }
                }
                _ => self.adopter = None,
            }
        }
        let lived = self.began.take().map(|(began, seq)| (now - began, fold.seq - seq));
        match lived {
            // It did its work for a while, or what it did was seen.
            Some((lived, records)) if lived >= LASTING || records > WORDS => {
                self.pause = FIRST_PAUSE;
            }
            Some(_) if fold.is_live() => {
                self.retry = Some(now + self.pause);
                self.pause = (self.pause * 2).min(LAST_PAUSE);
                return Ok(());
            }
            _ => {}
        }
        if fold.is_live() {
            self.start_adopter(fold.seq, now);
        } else {
            self.pause = FIRST_PAUSE;
        }
        Ok(())
    }

    fn find(&self) -> io::Result<Option<Pidfd>> {
        let Some(Holder { pid, .. }) = Lock::holder(&self.plan.supervisor_lock())? else {
            return Ok(None);
        };
        Pidfd::open(pid, None)
    }

    /// Keeps a descriptor of the plan's process while its run is live.
    fn hold_process(&mut self, fold: &Fold) {
        let Some(run) = fold.runs.iter().rev().find(|run| run.state.is_live()) else {
            self.process = None;
            return;
        };
        if self.process.as_ref().is_some_and(|(held, _)| *held == run.run) {
            return;
        }
        let known = run.pid.zip(run.start).or_else(|| {
            let holder: Holder = snapshot::load_json(&self.plan.plan_pid(run.run)).ok()??;
            Some((holder.pid, holder.start))
        });
        self.process = known.and_then(|(pid, start)| {
            let process = Pidfd::open(pid, Some(start)).ok()??;
            Some((run.run, process))
        });
    }

    fn start_adopter(&mut self, seq: u64, now: Instant) {
        let name = self.plan.name().to_string();
        let mut args = vec!["__supervise".to_owned(), name, "--adopt".to_owned()];
        let process = self.process.as_ref().map(|(_, process)| process);
        if let Some(Ok(fd)) = process.map(|process| process.inheritable(true)) {
            args.extend(["--plan-pidfd".to_owned(), fd.to_string()]);
        }
        let started = spawn_self(&args, self.plan.open_diagnostics().ok());
        if let Some(process) = process {
            let _ = process.inheritable(false);
        }
        match started {
            Ok(child) => {
                let pid = i32::try_from(child.id()).unwrap_or_default();
                self.supervisor = Pidfd::open(pid, None).ok().flatten();
                self.adopter = Some(child);
                self.began = Some((now, seq));
            }
            Err(error) => host::complain(&format!("no supervisor could be started: {error}")),
        }
        if self.supervisor.is_none() {
            self.retry = Some(now + self.pause);
            self.pause = (self.pause * 2).min(LAST_PAUSE);
        }
    }
}
