//! The critical path: the chain of tasks, each required by the next, that ended last.

use crate::model::{Stamp, TaskTable};

/// The places of the tasks on it, first to last; None where nothing is known of what requires what,
/// or nothing has run.
///
/// It ends with the task that ended last (in a running run: one that has not ended, the one that
/// runs longest), and goes back from each task to the one of its requirements that ended last:
/// without that one it could have begun earlier.
pub fn critical_path(table: &TaskTable, until: Stamp) -> Option<Vec<usize>> {
    let tasks = &table.tasks;
    if tasks.iter().all(|task| task.requires.is_empty()) {
        return None;
    }
    // By its end, and among those that have not ended by who began first.
    let when = |at: usize| {
        let last = tasks.get(at)?.last()?;
        Some((last.ended_at.unwrap_or(until), std::cmp::Reverse(last.started_at)))
    };
    let mut at = (0..tasks.len()).filter(|&at| when(at).is_some()).max_by_key(|&at| when(at))?;
    let mut path = vec![at];
    let mut passed = vec![false; tasks.len()];
    passed[at] = true;
    loop {
        let before = (tasks[at].requires.iter().map(|&at| at as usize))
            .filter(|&at| when(at).is_some() && !passed[at])
            .max_by_key(|&at| when(at));
        let Some(before) = before else { break };
        passed[before] = true;
        path.push(before);
        at = before;
    }
    path.reverse();
    Some(path)
}
