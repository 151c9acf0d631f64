//! One turn of the queue: look who has ended, skip who never will run, start who is due.

use std::thread;

use super::starting::start_one;
use crate::cmd::World;
use crate::feed::{Depth, known};
use crate::fold::Fold;
use crate::model::{Entry, PlanName, Queue, Stand, State, Verdict};
use crate::os::child::spawn_for;
use crate::os::host::boot_id;
use crate::os::pidfd::{Pidfd, start_time};
use crate::store::layout::{Home, PlanDir};
use crate::store::lock::Lock;
use crate::store::queue::{self, Held};

/// What a turn has done, and how the queue stands after it.
#[derive(Debug, Default)]
pub struct Turn {
    /// Plans that were started, and their runs.
    pub started: Vec<(PlanName, u64)>,
    /// The queue.
    pub queue: Option<Queue>,
}

/// Whether the queue goes on only when somebody asks for that: the machine was restarted.
pub fn is_held(queue: &Queue) -> bool {
    queue.boot != boot_id()
}

/// Takes a turn. Safe at any time, by anybody.
pub fn take_turn(home: &Home, world: &World) -> anyhow::Result<Turn> {
    let mut turn = Turn::default();
    if !queue::exists(home) {
        return Ok(turn);
    }
    loop {
        let held = queue::hold(home)?;
        let Some(mut queue) = held.load()? else { return Ok(turn) };
        if is_held(&queue) {
            turn.queue = Some(queue);
            return Ok(turn);
        }
        let due = choose(&held, home, &mut queue, world)?;
        turn.queue = Some(queue);
        drop(held);
        if due.is_empty() {
            return Ok(turn);
        }
        let failed = start_all(home, due, &mut turn, world);
        if failed.is_empty() {
            return Ok(turn);
        }
        // Their places are free again, and who came after them is to be skipped.
        give_up(home, failed, world)?;
    }
}

/// Brings the queue up to date and writes down whose turn it is: the entries, and the runs meant.
fn choose(
    held: &Held,
    home: &Home,
    queue: &mut Queue,
    world: &World,
) -> anyhow::Result<Vec<(Entry, u64)>> {
    let before = queue.clone();
    look(home, queue)?;
    queue.skip_hopeless(world.now);
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    let by = (pid, start_time(pid).unwrap_or_default());
    let mut due = Vec::new();
    for plan in queue.due() {
        let dir = home.plan(&plan);
        let run = if dir.exists() { known(&dir, Depth::State)?.last_run() + 1 } else { 1 };
        if let Some(entry) = queue.entry_mut(&plan) {
            entry.stand = Stand::Given { run, by };
            due.push((entry.clone(), run));
        }
    }
    if *queue != before {
        held.save(queue, false)?;
    }
    Ok(due)
}

/// Looks what has become of the plans that were given away.
pub(in crate::cmd) fn look(home: &Home, queue: &mut Queue) -> anyhow::Result<()> {
    for entry in &mut queue.entries {
        let Stand::Given { run, by } = entry.stand else { continue };
        let plan = home.plan(&entry.plan);
        let fold = known(&plan, Depth::State)?;
        match fold.last().filter(|last| last.run >= run) {
            Some(last) if !last.state.is_live() => {
                entry.stand =
                    Stand::Over { run: last.run, verdict: ended(last.state, last.verdict) };
            }
            Some(_) => bring_back(&plan, &fold)?,
            None if Lock::holder(&plan.supervisor_lock())?.is_some() => {}
            None if lives(by)? => {}
            // Whoever was to start it died before anybody was told.
            None => entry.stand = Stand::Waiting,
        }
    }
    Ok(())
}

fn ended(state: State, verdict: Verdict) -> Verdict {
    if state == State::Lost { Verdict::Lost } else { verdict }
}

pub(super) fn lives((pid, start): (i32, u64)) -> anyhow::Result<bool> {
    Ok(Pidfd::open(pid, Some(start))?.is_some_and(|process| !process.has_ended()))
}

/// A run that nobody looks after is looked after again.
fn bring_back(plan: &PlanDir, fold: &Fold) -> anyhow::Result<()> {
    if !crate::cmd::alive::is_orphaned(fold, &crate::cmd::alive::keepers(plan)?) {
        return Ok(());
    }
    let args = ["__supervise", plan.name().as_str(), "--adopt"].map(str::to_owned);
    spawn_for(plan.home(), &args, plan.open_diagnostics().ok())?;
    Ok(())
}

/// Starts them side by side. Those that could not be, and why.
fn start_all(
    home: &Home,
    due: Vec<(Entry, u64)>,
    turn: &mut Turn,
    world: &World,
) -> Vec<(PlanName, u64, String)> {
    let mut failed = Vec::new();
    thread::scope(|scope| {
        let all: Vec<_> = due
            .into_iter()
            .map(|(entry, run)| {
                let plan = entry.plan.clone();
                (plan, run, scope.spawn(move || start_one(home, &entry, run, world)))
            })
            .collect();
        for (plan, run, started) in all {
            match started.join() {
                Ok(Ok(run)) => turn.started.push((plan, run)),
                Ok(Err(error)) => failed.push((plan, run, format!("{error:#}"))),
                Err(_) => failed.push((plan, run, "planwatch broke while starting it".to_owned())),
            }
        }
    });
    failed
}

fn give_up(home: &Home, failed: Vec<(PlanName, u64, String)>, world: &World) -> anyhow::Result<()> {
    let held = queue::hold(home)?;
    let Some(mut queue) = held.load()? else { return Ok(()) };
    for (plan, run, why) in failed {
        // One that came so far as to have a verdict is seen by that.
        let begun = known(&home.plan(&plan), Depth::State).is_ok_and(|fold| fold.last_run() >= run);
        if let Some(entry) = queue.entry_mut(&plan)
            && matches!(entry.stand, Stand::Given { run: given, .. } if given == run)
            && !begun
        {
            let why = why.replace('\n', " ");
            entry.stand = Stand::Skipped { why, at: world.now };
        }
    }
    held.save(&queue, false)?;
    Ok(())
}
