//! One turn of the queue: look who has ended, skip who never will run, start who is due.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use super::refusal;
use super::starting::{AGAIN, ELSEWHERE, Hindrance, Outcome, Ready, ready, start_one};
use crate::cmd::World;
use crate::feed::{Depth, known};
use crate::fold::Fold;
use crate::model::{Entry, PlanName, Queue, Stand, State, Verdict};
use crate::os::child::spawn_for;
use crate::os::host::{boot_id, random_byte};
use crate::os::pidfd::{Pidfd, start_time};
use crate::store::layout::{Home, PlanDir};
use crate::store::lock::Lock;
use crate::store::queue::{self, Held};

/// What a turn has done, and how the queue stands after it.
#[derive(Debug, Default)]
pub struct Turn {
    /// Plans that were started, and their runs.
    pub started: Vec<(PlanName, u64)>,
    /// Plans that were started and were over at once, and what was said of them.
    pub fell: Vec<String>,
    /// Some whose turn had come could not be started: they wait, and may be tried again.
    pub failed: bool,
    /// Plans that could not be read, and why.
    pub unread: Vec<String>,
    /// The queue.
    pub queue: Option<Queue>,
}

/// How often the places of those that were put back are given to others in one turn: what ails one
/// may ail all.
const ROUNDS: usize = 3;

/// How many plans of which it was said that they cannot be started are asked again in one turn: each
/// costs a look at its file. Where they are more, chance says which, so that each is asked some time.
const ASKED_AGAIN: usize = 32;

/// A plan whose turn it is, the run that is meant, and what it takes to start it.
type Due = (PlanName, u64, Ready);

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
    let mut passed = BTreeSet::new();
    let mut rounds = 0;
    while rounds < ROUNDS {
        let held = queue::hold(home)?;
        let Some(mut queue) = held.load().map_err(refusal)? else { return Ok(turn) };
        if is_held(&queue) {
            turn.queue = Some(queue);
            return Ok(turn);
        }
        let due = choose(&held, home, &mut queue, &passed, &mut turn, world)?;
        turn.queue = Some(queue);
        drop(held);
        let ended = start_all(home, due, world);
        let well = ended.iter().filter_map(|(plan, _, outcome)| match outcome {
            Outcome::Begun(run) => Some((plan.clone(), *run)),
            Outcome::ByHand(_) | Outcome::Failed(_) => None,
        });
        let before = turn.started.len();
        turn.started.extend(well);
        if turn.started.len() - before == ended.len() {
            return Ok(turn);
        }
        // Their places are free again, and who came after one that has failed is to be skipped.
        let back = give_back(home, &ended, &mut turn)?;
        for (plan, run, outcome) in &ended {
            if let Outcome::Failed(why) = outcome
                && !back.contains(plan)
            {
                turn.fell.push(format!("{plan} run {run}: {}", why.trim_start_matches(AGAIN)));
            }
        }
        turn.failed |= !back.is_empty();
        rounds += usize::from(!back.is_empty());
        passed.extend(back);
    }
    Ok(turn)
}

/// Brings the queue up to date and writes down whose turn it is, but for those that have been `passed`.
fn choose(
    held: &Held,
    home: &Home,
    queue: &mut Queue,
    passed: &BTreeSet<PlanName>,
    turn: &mut Turn,
    world: &World,
) -> anyhow::Result<Vec<Due>> {
    let before = queue.clone();
    turn.unread = look(home, queue);
    let ready = ready_ones(home, queue, passed, turn, world);
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    let by = (pid, start_time(pid).unwrap_or_default());
    let mut due = Vec::new();
    for (plan, ready) in ready {
        let dir = home.plan(&plan);
        let run = match dir.exists().then(|| known(&dir, Depth::State)) {
            None => 1,
            Some(Ok(fold)) => fold.last_run() + 1,
            Some(Err(error)) => {
                turn.unread.push(format!("{plan}: {error:#}"));
                continue;
            }
        };
        if let Some(entry) = queue.entry_mut(&plan) {
            (entry.stand, entry.trouble) = (Stand::Given { run, by }, None);
            due.push((plan, run, ready));
        }
    }
    if *queue != before {
        // Who is given away twice may run twice.
        held.save(queue, true)?;
    }
    Ok(due)
}

/// Those whose turn it is and that can be started from here. Of the others it is written down what
/// they wait for.
fn ready_ones(
    home: &Home,
    queue: &mut Queue,
    passed: &BTreeSet<PlanName>,
    turn: &mut Turn,
    world: &World,
) -> Vec<(PlanName, Ready)> {
    let mut known = BTreeMap::new();
    let waits = |entry: &&Entry| entry.stand == Stand::Waiting && entry.trouble.is_some();
    let told = queue.entries.iter().filter(waits).count();
    loop {
        queue.skip_hopeless(world.now);
        let mut hindered = Vec::new();
        let due = queue.due_of(|entry| {
            if passed.contains(&entry.plan) || entry.trouble.is_some() && !is_asked_again(told) {
                return false;
            }
            if known.contains_key(&entry.plan) {
                return true;
            }
            match ready(home, entry, world) {
                Ok(ready) => {
                    known.insert(entry.plan.clone(), ready);
                    true
                }
                Err(hindrance) => {
                    hindered.push((entry.plan.clone(), hindrance));
                    false
                }
            }
        });
        turn.failed |= hindered.iter().any(|(_, why)| matches!(why, Hindrance::Trouble(_)));
        // Who comes after one that is gone is to be skipped, too.
        if !note(queue, hindered, world) {
            let take = |plan: PlanName| known.remove(&plan).map(|ready| (plan, ready));
            return due.into_iter().filter_map(take).collect();
        }
    }
}

/// Whether one of so many that were told to be hindered is asked again.
fn is_asked_again(told: usize) -> bool {
    let chance = usize::from(random_byte().unwrap_or_default());
    told <= ASKED_AGAIN || chance * told / 256 < ASKED_AGAIN
}

/// Writes down why these are not started. True if one never will be.
fn note(queue: &mut Queue, hindered: Vec<(PlanName, Hindrance)>, world: &World) -> bool {
    let mut gone = false;
    for (plan, hindrance) in hindered {
        let Some(entry) = queue.entry_mut(&plan) else { continue };
        match hindrance {
            // Whoever comes by lacks something else: told once, so that it does not change for ever.
            Hindrance::Lacks(_)
                if entry.trouble.as_deref().is_some_and(|told| told.starts_with(ELSEWHERE)) => {}
            Hindrance::Lacks(what) | Hindrance::Trouble(what) => entry.trouble = Some(what),
            Hindrance::Gone(why) => {
                entry.stand = Stand::Skipped { why, at: world.now };
                gone = true;
            }
        }
    }
    gone
}

/// Looks what has become of the plans that were given away. One that cannot be read is told of, and
/// holds up nothing but itself.
pub(in crate::cmd) fn look(home: &Home, queue: &mut Queue) -> Vec<String> {
    let look = |entry: &mut Entry| {
        let looked = look_at(home, entry);
        looked.err().map(|error| format!("{}: {error:#}", entry.plan))
    };
    queue.entries.iter_mut().filter_map(look).collect()
}

fn look_at(home: &Home, entry: &mut Entry) -> anyhow::Result<()> {
    let Stand::Given { run, by } = entry.stand else { return Ok(()) };
    let plan = home.plan(&entry.plan);
    let fold = known(&plan, Depth::State)?;
    match fold.last().filter(|last| last.run >= run) {
        Some(last) if !last.state.is_live() => {
            entry.stand = Stand::Over { run: last.run, verdict: ended(last.state, last.verdict) };
        }
        Some(_) => bring_back(&plan, &fold)?,
        None if Lock::holder(&plan.supervisor_lock())?.is_some() => {}
        None if lives(by)? => {}
        // Whoever was to start it died before anybody was told.
        None => entry.stand = Stand::Waiting,
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

/// Starts them side by side, and gives what became of each.
fn start_all(home: &Home, due: Vec<Due>, world: &World) -> Vec<(PlanName, u64, Outcome)> {
    thread::scope(|scope| {
        let all: Vec<_> = due
            .into_iter()
            .map(|(plan, run, ready)| {
                let name = plan.clone();
                (plan, run, scope.spawn(move || start_one(home, &name, ready, run, world)))
            })
            .collect();
        let broke = |_| Outcome::Failed("planwatch broke while starting it".to_owned());
        all.into_iter()
            .map(|(plan, run, started)| (plan, run, started.join().unwrap_or_else(broke)))
            .collect()
    })
}

/// Puts those that were given away and have not begun back to where they waited: it is not their
/// fault. One that came so far as to have a verdict is seen by that. Gives those that were put back.
fn give_back(
    home: &Home,
    ended: &[(PlanName, u64, Outcome)],
    turn: &mut Turn,
) -> anyhow::Result<Vec<PlanName>> {
    let held = queue::hold(home)?;
    let mut back = Vec::new();
    let Some(mut queue) = held.load().map_err(refusal)? else { return Ok(back) };
    for (plan, run, outcome) in ended {
        let begun =
            || known(&home.plan(plan), Depth::State).is_ok_and(|fold| fold.last_run() >= *run);
        let Some(entry) = queue.entry_mut(plan) else { continue };
        if !matches!(entry.stand, Stand::Given { run: given, .. } if given == *run) {
            continue;
        }
        match outcome {
            Outcome::ByHand(run) => entry.stand = Stand::Given { run: *run, by: (0, 0) },
            Outcome::Failed(why) if !begun() => {
                (entry.stand, entry.trouble) = (Stand::Waiting, Some(why.clone()));
                back.push(plan.clone());
            }
            Outcome::Begun(_) | Outcome::Failed(_) => {}
        }
    }
    held.save(&queue, true)?;
    turn.queue = Some(queue);
    Ok(back)
}
