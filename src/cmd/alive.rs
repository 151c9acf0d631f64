//! Who of planwatch lives for a plan, and what to do when nobody does who should.

use std::time::Duration;

use crate::fold::Fold;
use crate::os::pidfd::Pidfd;
use crate::os::poll::{self, PollFd, PollFlags};
use crate::store::layout::PlanDir;
use crate::store::lock::{Holder, Lock};

use super::known::known;

/// The processes that look after a plan.
#[derive(Clone, Debug, Default)]
pub struct Keepers {
    /// Its supervisor.
    pub supervisor: Option<Holder>,
    /// Its recorder.
    pub recorder: Option<Holder>,
}

/// Asks the locks.
pub fn keepers(plan: &PlanDir) -> anyhow::Result<Keepers> {
    Ok(Keepers {
        supervisor: Lock::holder(&plan.supervisor_lock())?,
        recorder: Lock::holder(&plan.recorder_lock())?,
    })
}

/// Whether the log says that somebody should be at work, and nobody is.
pub fn is_orphaned(fold: &Fold, keepers: &Keepers) -> bool {
    let nobody = keepers.supervisor.is_none() && keepers.recorder.is_none();
    let open_streams = fold.streams.iter().any(|stream| stream.run > 0);
    nobody && (fold.is_live() || open_streams)
}

/// How long the processes of an ended plan are given to leave.
const LEAVING: Duration = Duration::from_secs(2);

/// Waits for the processes of a plan that has just ended: they live a moment longer than its last
/// record. Not for long: a recorder stays while an orphan of the plan holds a pipe.
pub fn wait_for_leavers(plan: &PlanDir) -> anyhow::Result<()> {
    let keepers = keepers(plan)?;
    for holder in [keepers.supervisor, keepers.recorder].into_iter().flatten() {
        if let Some(process) = Pidfd::open(holder.pid, None)? {
            poll::wait(&mut [PollFd::new(&process, PollFlags::IN)], Some(LEAVING))?;
        }
    }
    Ok(())
}

/// What is known of a plan, true even if everything of planwatch was killed: then the plan is taken
/// up again first.
pub fn settled(plan: &PlanDir) -> anyhow::Result<Fold> {
    let fold = known(plan)?;
    if !is_orphaned(&fold, &keepers(plan)?) {
        return Ok(fold);
    }
    known(plan)
}
