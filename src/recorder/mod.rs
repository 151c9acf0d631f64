//! Pipes and files → log: the data path and nothing else.
//!
//! A byte of the plan goes FIFO → stage → record → segment, and leaves the stage when the segment has
//! it; bytes that have to wait go stage → spool → record. The moves between pipes and into the spool
//! are splices, so that at any instant each byte is in exactly one place; the rest is redone after
//! any death, because a record says by its `off` how far its stream has come.
//!
//! A file that is followed is its own spool: it goes record → segment from its beginning, and which
//! file it was at which offset stands in the log.
//!
//! Uses `model`, `parse`, `fold`, `store`, `os` and `wake`. What surprises: the recorder does not
//! know that it is watched, and it numbers a record before it is written, never after.

mod arrivals;
mod capture;
mod drive;
mod file;
mod pace;
mod packer;
mod pruner;
mod recover;
mod secrets;
mod source;
mod tables;
mod watch;

use std::io;
use std::os::fd::OwnedFd;

use crate::fold::Judgement;
use crate::model::Spec;
use crate::os::host::{boot_id, host_name};
use crate::os::kernel::signal_fd;
use crate::os::pidfd::start_time;
use crate::store::layout::PlanDir;
use crate::store::lock::{Holder, Lock};
use crate::store::snapshot;

use capture::Identity;
use drive::{ENDING, Recorder};

/// Records a plan until nothing of it can say anything any more. False if another recorder does so
/// already.
pub fn run(plan: &PlanDir) -> io::Result<bool> {
    plan.create()?;
    let me = myself();
    let Ok(_lock) = Lock::take(&plan.recorder_lock(), &me)? else { return Ok(false) };
    let identity = Identity { host: me.host.clone(), boot: me.boot.clone() };
    Recorder::open(plan, identity, me.pid, true)?.run()?;
    Ok(true)
}

/// What came of recording an input.
#[derive(Debug)]
pub enum Recorded {
    /// It was recorded to its end, as this run.
    Run(u64, Judgement),
    /// The plan is being run or recorded by this process.
    Busy(Holder),
    /// This run of the plan has not ended, though nobody looks after it.
    Unfinished(u64),
}

/// Records `input` to its end, as the stdout of a new run of the plan. This process is supervisor
/// and recorder in one; `begun` is told the run's number when the run has begun. `typed`: the input is
/// a terminal. `input` is called when the signals that end it are blocked: what threads it needs, it
/// starts then.
pub fn record_input(
    plan: &PlanDir,
    spec: &Spec,
    input: impl FnOnce() -> io::Result<OwnedFd>,
    typed: bool,
    begun: impl FnOnce(u64),
) -> io::Result<Recorded> {
    plan.create()?;
    let me = myself();
    let signals = signal_fd(&ENDING)?;
    let _supervisor = match Lock::take(&plan.supervisor_lock(), &me)? {
        Ok(lock) => lock,
        Err(holder) => return Ok(Recorded::Busy(holder)),
    };
    let _recorder = match Lock::take(&plan.recorder_lock(), &me)? {
        Ok(lock) => lock,
        Err(holder) => return Ok(Recorded::Busy(holder)),
    };
    let identity = Identity { host: me.host.clone(), boot: me.boot.clone() };
    let mut recorder = Recorder::open(plan, identity, me.pid, false)?;
    if let Some(run) = recorder.end_orphaned()? {
        return Ok(Recorded::Unfinished(run));
    }
    snapshot::save_json(&plan.spec_file(), spec, false)?;
    let run = recorder.begin_input(spec, &me.boot, input()?)?;
    begun(run);
    let judged = recorder.run_input(run, signals, typed)?;
    judged
        .map(|judged| Recorded::Run(run, judged))
        .ok_or_else(|| io::Error::other("the run is not in its own log"))
}

fn myself() -> Holder {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    let start = start_time(pid).unwrap_or_default();
    Holder { pid, start, boot: boot_id(), host: host_name() }
}
