//! Whether anybody still writes a plan's log, and somebody new where nobody does.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Child;

use crate::os::child::{is_reaped, spawn_for};
use crate::os::deaths::Deaths;
use crate::os::pidfd::Pidfd;
use crate::store::layout::PlanDir;
use crate::store::lock::Lock;

/// Adopters started in a row without any effect before the follower gives up.
const ATTEMPTS: u32 = 5;

/// The two processes that keep a plan's log alive, as far as the follower knows.
#[derive(Debug)]
pub(super) struct Vigil {
    supervisor: Seat,
    recorder: Seat,
    adopter: Option<(Child, Option<Pidfd>)>,
    attempts: u32,
    /// The last of them found nothing to do: what it wrote about itself is no progress.
    idle: bool,
    /// How far the log had come when the last of them was started.
    came: u64,
    /// Everybody was found dead, and the log was to be read to its end once more.
    alone: bool,
    stale: bool,
}

/// Who holds one of the plan's locks.
#[derive(Debug)]
enum Seat {
    Empty,
    /// Somebody in another pid namespace or on another host: alive, and that is all.
    Far,
    Held {
        _process: Pidfd,
    },
}

/// What a look around says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Somebody is there, or was sent for.
    Somebody,
    /// Nobody; but what they wrote last may not have been read.
    ReadAgain,
    /// Nobody, and nobody can be made to come.
    Nobody,
}

impl Vigil {
    pub(super) fn new() -> Vigil {
        let (supervisor, recorder) = (Seat::Empty, Seat::Empty);
        Vigil {
            supervisor,
            recorder,
            adopter: None,
            attempts: 0,
            idle: false,
            came: 0,
            alone: false,
            stale: true,
        }
    }

    /// One of the processes may have ended.
    pub(super) fn expect_news(&mut self) {
        self.stale = true;
    }

    /// Makes sure that somebody writes the log of a live run. To be asked when it has been read to
    /// its end, which is `seq`.
    pub(super) fn look(&mut self, plan: &PlanDir, deaths: &Deaths, seq: u64) -> io::Result<Found> {
        let complete = self.supervisor.is_taken() && self.recorder.is_taken();
        if !std::mem::take(&mut self.stale) && complete {
            return Ok(Found::Somebody);
        }
        self.supervisor = Seat::look(&plan.supervisor_lock(), deaths)?;
        self.recorder = Seat::look(&plan.recorder_lock(), deaths)?;
        if self.supervisor.is_taken() || self.recorder.is_taken() {
            (self.attempts, self.idle, self.alone) = (0, false, false);
            return Ok(Found::Somebody);
        }
        if let Some((adopter, _)) = &mut self.adopter {
            match adopter.try_wait() {
                Ok(None) => return Ok(Found::Somebody),
                // It did not give up, somebody killed it.
                Ok(Some(status)) if status.signal().is_some() => {
                    self.attempts = self.attempts.saturating_sub(1);
                }
                Ok(Some(status)) => self.idle = status.success(),
                // The first process of a container reaps whatever has ended.
                Err(error) if is_reaped(&error) => {}
                Err(error) => return Err(error),
            }
            self.adopter = None;
        }
        if !std::mem::replace(&mut self.alone, true) {
            return Ok(Found::ReadAgain);
        }
        self.alone = false;
        if std::mem::replace(&mut self.came, seq) != seq && !std::mem::take(&mut self.idle) {
            // The last one got somewhere before it died.
            self.attempts = 0;
        }
        if self.attempts >= ATTEMPTS {
            return Ok(Found::Nobody);
        }
        self.attempts += 1;
        self.send_for_adopter(plan, deaths)
    }

    fn send_for_adopter(&mut self, plan: &PlanDir, deaths: &Deaths) -> io::Result<Found> {
        let args = ["__supervise", plan.name().as_str(), "--adopt"].map(str::to_owned);
        let Ok(child) = spawn_for(plan.home(), &args, plan.open_diagnostics().ok()) else {
            return Ok(Found::Nobody);
        };
        let process = Pidfd::open(i32::try_from(child.id()).unwrap_or_default(), None)?;
        match &process {
            Some(process) => deaths.add(process)?,
            None => self.stale = true,
        }
        self.adopter = Some((child, process));
        Ok(Found::Somebody)
    }
}

impl Seat {
    fn look(lock: &Path, deaths: &Deaths) -> io::Result<Seat> {
        let Some(holder) = Lock::holder(lock)? else { return Ok(Seat::Empty) };
        if holder.pid <= 0 {
            return Ok(Seat::Far);
        }
        let start = Some(holder.start).filter(|&start| start > 0);
        let Some(process) = Pidfd::open(holder.pid, start)? else { return Ok(Seat::Empty) };
        deaths.add(&process)?;
        Ok(Seat::Held { _process: process })
    }

    fn is_taken(&self) -> bool {
        !matches!(self, Seat::Empty)
    }
}

impl Drop for Vigil {
    fn drop(&mut self) {
        // An adopter outlives us; one that has ended meanwhile is reaped.
        if let Some((adopter, _)) = &mut self.adopter {
            let _ = adopter.try_wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::kernel::{self, Which};
    use crate::store::layout::Home;

    #[test]
    fn an_adopter_that_somebody_else_has_reaped_is_gone() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let child = std::process::Command::new("true").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        Pidfd::open(pid, None).unwrap().unwrap().wait_for_end(None).unwrap();
        assert!(kernel::ended_child(Which::Pid(pid), false).unwrap().is_some());
        let mut vigil = Vigil::new();
        vigil.adopter = Some((child, None));
        let deaths = Deaths::new().unwrap();
        assert_eq!(vigil.look(&plan, &deaths, 0).unwrap(), Found::ReadAgain);
        assert!(vigil.adopter.is_none());
    }
}
