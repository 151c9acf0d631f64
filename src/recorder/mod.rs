//! Pipes → log: the data path and nothing else.
//!
//! A byte of the plan goes FIFO → stage → spool → record → segment. The first two steps are splices,
//! so that at any instant each byte is in exactly one place; the last two are redone from the spool
//! after any death, because a record says by its `off` how far its stream has come.
//!
//! Uses `model`, `parse`, `fold`, `store`, `os` and `wake`. What surprises: the recorder does not
//! know that it is watched, and it numbers a record before it is written, never after.

mod capture;
mod drive;
mod pace;
mod recover;
mod source;
mod watch;

use std::io;

use crate::os::pidfd::{boot_id, host_name, start_time};
use crate::store::layout::PlanDir;
use crate::store::lock::{Holder, Lock};

use capture::Identity;
use drive::Recorder;

/// Records a plan until nothing of it can say anything any more. False if another recorder does so
/// already.
pub fn run(plan: &PlanDir) -> io::Result<bool> {
    plan.create()?;
    let me = myself();
    let Ok(_lock) = Lock::take(&plan.recorder_lock(), &me)? else { return Ok(false) };
    let identity = Identity { host: me.host.clone(), boot: me.boot.clone() };
    Recorder::open(plan, identity, me.pid)?.run()?;
    Ok(true)
}

fn myself() -> Holder {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    let start = start_time(pid).unwrap_or_default();
    Holder { pid, start, boot: boot_id(), host: host_name() }
}
