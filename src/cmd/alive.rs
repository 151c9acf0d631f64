//! Who of planwatch lives for a plan, and what to do when nobody does who should.

use std::time::{Duration, Instant};

use crate::feed::{Depth, known};
use crate::fold::Fold;
use crate::os::child::spawn_for;
use crate::os::pidfd::{Pidfd, boot_id};
use crate::os::poll::{self, PollFd, PollFlags};
use crate::store::layout::PlanDir;
use crate::store::lock::{Holder, Lock};
use crate::wake::Watcher;

/// The processes that look after a plan.
#[derive(Clone, Debug, Default)]
pub struct Keepers {
    /// Its supervisor.
    pub supervisor: Option<Holder>,
    /// Its recorder.
    pub recorder: Option<Holder>,
}

/// Asks the locks. Whoever was killed is not at work any more, though he holds his lock until his
/// last thread is gone: that is waited for.
pub fn keepers(plan: &PlanDir) -> anyhow::Result<Keepers> {
    Ok(Keepers {
        supervisor: Lock::lasting_holder(&plan.supervisor_lock())?,
        recorder: Lock::lasting_holder(&plan.recorder_lock())?,
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

/// How long a plan that is taken up again is given until its true state is known.
const TAKING_UP: Duration = Duration::from_secs(5);

/// What is known of a plan, true even if everything of planwatch was killed: then the plan is taken
/// up again first, by the same process that any follower would start.
pub fn settled(plan: &PlanDir) -> anyhow::Result<Fold> {
    let mut before = known(plan, Depth::Whole)?;
    if !is_orphaned(&before, &keepers(plan)?) {
        return Ok(before);
    }
    // They may have said their last word, and left, since it was read.
    before = known(plan, Depth::Whole)?;
    if !is_orphaned(&before, &keepers(plan)?) {
        return Ok(before);
    }
    let watcher = Watcher::new()?;
    watcher.watch(&plan.log());
    let args = ["__supervise", plan.name().as_str(), "--adopt"].map(str::to_owned);
    let mut adopter = spawn_for(plan.home(), &args, plan.open_diagnostics().ok())?;
    let process = Pidfd::open(i32::try_from(adopter.id()).unwrap_or_default(), None)?;
    let began = Instant::now();
    loop {
        watcher.clear();
        let gone = adopter.try_wait()?.is_some();
        // Another adopter may have come first: then it is the one to be waited for.
        let over = gone && keepers(plan)?.supervisor.is_none();
        let fold = known(plan, Depth::Whole)?;
        let left = TAKING_UP.saturating_sub(began.elapsed());
        if over || left.is_zero() || is_taken_up(&fold, &before, plan)? {
            return Ok(fold);
        }
        let mut fds = vec![PollFd::from_borrowed_fd(watcher.fd(), PollFlags::IN)];
        let awaited = process.as_ref().filter(|_| !gone);
        fds.extend(awaited.map(|process| PollFd::new(process, PollFlags::IN)));
        poll::wait(&mut fds, Some(left))?;
    }
}

/// Whether the log tells the truth again: somebody has said something since `before`, and the run
/// that is said to live does.
fn is_taken_up(fold: &Fold, before: &Fold, plan: &PlanDir) -> anyhow::Result<bool> {
    let keepers = keepers(plan)?;
    let Some(run) = fold.last().filter(|run| run.state.is_live()) else {
        return Ok(keepers.recorder.is_some() || !is_orphaned(fold, &keepers));
    };
    if run.foreign {
        // Its process may be one that nobody sees.
        return Ok(fold.seq > before.seq && keepers.supervisor.is_some());
    }
    let lives = match (run.pid, run.ended_at) {
        (_, Some(_)) => true,
        (Some(pid), None) => run.boot == boot_id() && lives(pid, run.start)?,
        (None, None) => false,
    };
    Ok(fold.seq > before.seq && keepers.supervisor.is_some() && lives)
}

/// Whether this process has not ended. One that waits to be reaped has.
fn lives(pid: i32, start: Option<u64>) -> anyhow::Result<bool> {
    let Some(process) = Pidfd::open(pid, start)? else { return Ok(false) };
    let ended = poll::wait(&mut [PollFd::new(&process, PollFlags::IN)], Some(Duration::ZERO))?;
    Ok(ended == 0)
}
