//! How a supervisor begins: it takes the plan's lock or leaves, and then starts a run or adopts one.

use std::io;
use std::time::{Duration, Instant};

use super::adopt::Left;
use super::after::Turn;
use super::drive::{Provide, Supervisor};
use super::exec::PlanPid;
use super::history::known;
use super::launch::{Answer, Order};
use super::ready::Starter;
use super::words;
use crate::model::{Spec, Stream};
use crate::os::pidfd::{Pidfd, Process, start_time};
use crate::os::{host, kernel};
use crate::store::layout::PlanDir;
use crate::store::lock::{Holder, Lock};
use crate::store::snapshot;

/// How long a supervisor whose run is over may take to leave.
const LEAVING: Duration = Duration::from_secs(15);

/// Starts a run, as its starter on standard input says, and looks after it to its end.
pub fn supervise(plan: &PlanDir, provide: Provide) -> io::Result<()> {
    kernel::close_inherited(None);
    settle_in();
    let (mut starter, order) = Starter::listen()?;
    let mut turn = None;
    let done = match take_lock(plan) {
        Ok(Ok(lock)) => start(plan, (order, provide), &mut starter, lock, &mut turn),
        Ok(Err((pid, run))) => {
            starter.answer(&Answer::Running { pid, run });
            return Ok(());
        }
        Err(error) => Err(error),
    };
    if let Err(error) = &done {
        starter.answer(&Answer::Failed { code: 125, error: error.to_string(), run: None });
    }
    done.and(turn.map_or(Ok(()), Turn::see_through))
}

/// Goes on with a run whose supervisor has died. Leaves quietly if another one does so already.
pub fn adopt(plan: &PlanDir, plan_pidfd: Option<i32>, provide: Provide) -> io::Result<()> {
    kernel::close_inherited(plan_pidfd);
    let inherited = plan_pidfd.and_then(|number| Pidfd::inherited(number).ok());
    settle_in();
    if !plan.exists() {
        return Ok(());
    }
    let Ok(lock) = Lock::take(&plan.supervisor_lock(), &myself())? else { return Ok(()) };
    go_on(plan, inherited, provide, lock)?.map_or(Ok(()), Turn::see_through)
}

fn go_on(
    plan: &PlanDir,
    inherited: Option<Pidfd>,
    provide: Provide,
    _lock: Lock,
) -> io::Result<Option<Turn>> {
    let spec = snapshot::load_json::<Spec>(&plan.spec_file())?;
    let mut supervisor = Supervisor::open(plan, spec)?;
    supervisor.provide = Some(provide);
    match supervisor.take_over(inherited)? {
        Left::Run => supervisor.run_to_end()?,
        Left::Restart if supervisor.begin_again()? => supervisor.run_to_end()?,
        Left::Nothing | Left::Restart => supervisor.leave()?,
    }
    Ok(supervisor.turn.take())
}

fn settle_in() {
    host::own_session();
    host::set_umask(0o077);
    host::set_process_name(c"planwatch");
}

fn start(
    plan: &PlanDir,
    (order, provide): (Order, Provide),
    starter: &mut Starter,
    _lock: Lock,
    turn: &mut Option<Turn>,
) -> io::Result<()> {
    let Order { spec, tied_to, env, run: meant, .. } = order;
    let before = snapshot::load_json::<Spec>(&plan.spec_file())?;
    let fold = known(plan)?;
    if meant.is_some_and(|meant| fold.last_run() >= meant) {
        // Somebody was told to start the same: it was, and may be long over.
        starter.answer(&Answer::Running { pid: myself().pid, run: fold.last_run() });
        return Ok(());
    }
    refuse_beside_the_living(plan, fold.last_run() + 1)?;
    if fold.is_live() || plan.run_pipes(fold.last_run() + 1).exists() {
        let mut supervisor = Supervisor::open(plan, before.clone())?;
        // What is new is given to the run that is new: a restart of this one needs its own.
        supervisor.provide = Some(provide);
        // A restart that was promised is what begins now anyway.
        if supervisor.take_over(None)? == Left::Run && !supervisor.machine.is_pausing() {
            let over = supervisor.is_past();
            if over {
                // What follows it is what was asked for now, not what its policy says.
                supervisor.spec.restart = None;
            } else {
                let pid = myself().pid;
                starter.answer(&Answer::Running { pid, run: supervisor.run });
            }
            supervisor.run_to_end()?;
            *turn = supervisor.turn.take();
            if !over {
                return Ok(());
            }
        }
        remove_leftover(plan, known(plan)?.last_run() + 1)?;
    }
    plan.create()?;
    // What comes from the queue is kept there too, where it survives a power cut.
    snapshot::save_json(&plan.spec_file(), &spec, spec.plans_file.is_none())?;
    let changed = before.map_or_else(Vec::new, |before| words::changed(&before, &spec));
    let mut supervisor = Supervisor::open(plan, Some(spec))?;
    (supervisor.tied_to, supervisor.env) = (tied_to, env);
    supervisor.begin(known(plan)?.last_run() + 1, changed)?;
    supervisor.starter = Some(std::mem::take(starter));
    let done = supervisor.run_to_end();
    *turn = supervisor.turn.take();
    done
}

/// A log that lost its end, or all, may not know that its plan lives: but the plan has written who it
/// is. Nothing is ever started beside it.
fn refuse_beside_the_living(plan: &PlanDir, next: u64) -> io::Result<()> {
    let boot = host::boot_id();
    for run in plan.runs_with_pipes()?.into_iter().filter(|&run| run >= next) {
        let written: Option<PlanPid> = snapshot::load_json(&plan.plan_pid(run)).ok().flatten();
        let Some(PlanPid { pid, start, .. }) = written.filter(|plan| plan.boot == boot) else {
            continue;
        };
        if Pidfd::open_exact(Process { pid, start })?.is_some_and(|held| !held.has_ended()) {
            return Err(io::Error::other(format!(
                "run {run} is alive (pid {pid}), though its log does not know it"
            )));
        }
    }
    Ok(())
}

/// Pipes of a run that was never announced: whoever made them died too early, and nobody was told
/// to use them.
pub(super) fn remove_leftover(plan: &PlanDir, run: u64) -> io::Result<()> {
    for stream in [Stream::Stdout, Stream::Stderr] {
        if crate::os::fifo::open_write(&plan.run_pipe(run, &stream)).is_ok() {
            return Err(io::Error::other(format!("somebody still reads the pipes of run {run}")));
        }
    }
    match std::fs::remove_dir_all(plan.run_pipes(run)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The plan's lock, or its supervisor and run. One whose run is over is about to leave: it is waited
/// for, not refused.
fn take_lock(plan: &PlanDir) -> io::Result<Result<Lock, (i32, u64)>> {
    plan.create()?;
    let before = known(plan)?;
    let limit = Instant::now() + LEAVING;
    loop {
        let holder = match Lock::take(&plan.supervisor_lock(), &myself())? {
            Ok(lock) => return Ok(Ok(lock)),
            Err(holder) => holder,
        };
        let fold = known(plan)?;
        if fold.is_live() || fold.last_run() > before.last_run() || Instant::now() > limit {
            return Ok(Err((holder.pid, fold.last_run())));
        }
        if let Some(held) = Pidfd::open(holder.pid, None)? {
            held.wait_for_end(Some(Duration::from_millis(20)))?;
        }
    }
}

fn myself() -> Holder {
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    let start = start_time(pid).unwrap_or_default();
    Holder { pid, start, boot: host::boot_id(), host: host::host_name() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::layout::Home;

    #[test]
    fn nothing_is_started_beside_a_plan_that_lives_though_the_log_is_gone() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        plan.create_run_pipes(2).unwrap();
        let Holder { pid, start, boot, .. } = myself();
        let mut written = PlanPid { pid, start, boot, token: String::new() };
        let save = |written: &PlanPid| {
            snapshot::save_json(&plan.plan_pid(2), written, false).unwrap();
        };
        save(&written);
        assert!(refuse_beside_the_living(&plan, 1).unwrap_err().to_string().contains("run 2"));
        assert!(refuse_beside_the_living(&plan, 2).is_err());
        assert!(refuse_beside_the_living(&plan, 3).is_ok(), "an older run is not in the way");
        written.start += 1;
        save(&written);
        assert!(refuse_beside_the_living(&plan, 1).is_ok(), "somebody else has its number now");
    }
}
