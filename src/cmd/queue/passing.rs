//! A command that comes by: if something is due in the queue and everybody who was to do it is dead,
//! somebody is started who does.

use super::refusal;
use super::turn::{Turn, is_held, lives, take_turn};
use crate::cmd::World;
use crate::cmd::alive::{is_orphaned, keepers};
use crate::feed::{Depth, known};
use crate::model::{Entry, Queue, Stand};
use crate::os::child::spawn_for;
use crate::store::layout::Home;
use crate::store::queue;

/// Has a turn taken in the background, if there is something to do. Whatever goes wrong with that is
/// no trouble of the command that came by: its own work does not wait for it.
pub fn come_by(world: &World) {
    let Ok(Some(home)) = world.existing_home() else { return };
    if matches!(wants_a_turn(&home), Ok(true)) {
        let _ = spawn_for(home.path(), &["__queue".to_owned()], None);
    }
}

/// The queue as it is now, for who only looks, once what is due in it and nobody is about to do was
/// done. Not what a supervisor is about to: that has the variables with which the plans were queued.
pub fn pass(home: &Home, world: &World) -> anyhow::Result<Turn> {
    let queue = queue::load(home).map_err(refusal)?;
    let Some(queue) = queue else { return Ok(Turn::default()) };
    if is_something_due(home, &queue)? {
        return take_turn(home, world);
    }
    Ok(Turn { queue: Some(queue), ..Turn::default() })
}

/// Looks without the lock: what it sees may be old by then, and a turn too many does no harm.
fn wants_a_turn(home: &Home) -> anyhow::Result<bool> {
    queue::load(home)?.map_or(Ok(false), |queue| is_something_due(home, &queue))
}

/// Whether there is something to do in the queue that nobody is about to do.
pub fn is_something_due(home: &Home, queue: &Queue) -> anyhow::Result<bool> {
    if !queue.is_open() || is_held(queue) {
        return Ok(false);
    }
    for entry in &queue.entries {
        // One that cannot be read holds up nothing but itself.
        if is_over_or_forsaken(home, entry).unwrap_or(false) {
            return Ok(true);
        }
    }
    Ok(!queue.due().is_empty())
}

/// Whether a plan that was given away has ended, or has nobody any more.
fn is_over_or_forsaken(home: &Home, entry: &Entry) -> anyhow::Result<bool> {
    let Stand::Given { run, by } = entry.stand else { return Ok(false) };
    let plan = home.plan(&entry.plan);
    let keepers = keepers(&plan)?;
    if keepers.supervisor.is_some() {
        // It calls for the next one itself.
        return Ok(false);
    }
    let fold = known(&plan, Depth::State)?;
    Ok(match fold.last().filter(|last| last.run >= run) {
        Some(last) => !last.state.is_live() || is_orphaned(&fold, &keepers),
        None => !lives(by)?,
    })
}
