//! How long a run has still to go, by what its tasks took in earlier runs of the same plan.

use std::collections::HashMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Names;
use crate::model::{Stamp, Task, TaskState, TaskTable};

/// An earlier run of the same plan.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Earlier {
    /// Its tasks.
    pub table: TaskTable,
    /// How long the whole of it took, if it ran to its end and all was well.
    pub took: Option<Duration>,
}

/// What can be said about the time left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// About this long.
    pub about: Duration,
    /// Earlier runs that say so.
    pub runs: usize,
    /// The last of them that ran to its end, and how long it took.
    pub last: Option<(u64, Duration)>,
}

/// Of the tasks still to be done, so many in a hundred may be new. With more it is a guess.
const NEW: usize = 20;

/// How long the run has still to go: None unless earlier runs (newest first) did nearly all of the
/// tasks that are left.
///
/// Two things keep a run from ending: the longest chain of what is left, and the sum of it, done so
/// many at a time as before. The larger one counts.
pub fn time_left(
    table: &TaskTable,
    names: &Names,
    earlier: &[Earlier],
    now: Stamp,
) -> Option<Left> {
    let known = known_durations(earlier);
    let tasks = &table.tasks;
    let open: Vec<usize> = (0..tasks.len())
        .filter(|&at| matches!(tasks[at].state, TaskState::Pending | TaskState::Running))
        .collect();
    let took: Vec<Option<Duration>> =
        open.iter().map(|&at| known.get(names.of(at)).copied()).collect();
    let told: Vec<Duration> = took.iter().flatten().copied().collect();
    let new = open.len() - told.len();
    if told.is_empty() || new * 100 > open.len() * NEW {
        return None;
    }
    let typical = told.iter().sum::<Duration>() / u32::try_from(told.len()).unwrap_or(1).max(1);
    let mut rest = vec![Duration::ZERO; tasks.len()];
    for (&at, took) in open.iter().zip(took) {
        rest[at] = took.unwrap_or(typical).saturating_sub(worked(&tasks[at], now));
    }
    let sum: Duration = rest.iter().sum();
    let chain = longest_chain(tasks, &rest);
    let about = chain.max(sum.div_f64(at_a_time(table, earlier, now)));
    let last = earlier.iter().find_map(|run| Some((run.table.run, run.took?)));
    Some(Left { about, runs: earlier.len(), last })
}

/// How long the last successful attempt at each task took, by name, in the newest run that has one.
fn known_durations(earlier: &[Earlier]) -> HashMap<String, Duration> {
    let mut known = HashMap::new();
    for run in earlier {
        let names = Names::new(&run.table);
        for (task, name) in run.table.tasks.iter().zip(names.iter()) {
            if task.state != TaskState::Done {
                continue;
            }
            let Some(last) = task.last() else { continue };
            let Some(ended) = last.ended_at else { continue };
            if !known.contains_key(name) {
                known.insert(name.to_owned(), ended.since(last.started_at));
            }
        }
    }
    known
}

/// How long the running attempt has been at work.
fn worked(task: &Task, now: Stamp) -> Duration {
    match task.last() {
        Some(last) if last.ended_at.is_none() => now.since(last.started_at),
        _ => Duration::ZERO,
    }
}

/// The longest sum of `rest` along what requires what.
fn longest_chain(tasks: &[Task], rest: &[Duration]) -> Duration {
    // Tasks in an order in which each comes behind what it requires, without recursion: chains may
    // be as long as the table.
    let mut longest: Vec<Option<Duration>> = vec![None; tasks.len()];
    let mut stack: Vec<(usize, usize)> = Vec::new();
    let mut open = vec![false; tasks.len()];
    for root in 0..tasks.len() {
        stack.push((root, 0));
        while let Some((at, next)) = stack.pop() {
            if longest[at].is_some() {
                continue;
            }
            open[at] = true;
            match tasks[at].requires.get(next) {
                Some(&child) => {
                    stack.push((at, next + 1));
                    let child = child as usize;
                    if child < tasks.len() && longest[child].is_none() && !open[child] {
                        stack.push((child, 0));
                    }
                }
                None => {
                    let before = (tasks[at].requires.iter())
                        .filter_map(|&child| longest.get(child as usize).copied().flatten())
                        .max();
                    longest[at] = Some(before.unwrap_or_default() + rest[at]);
                }
            }
        }
    }
    longest.into_iter().flatten().max().unwrap_or_default()
}

/// How many tasks are done at a time. Where it is known what requires what, the chain tells what
/// must wait and this is the number of workers; else it is an average, which waiting is part of.
fn at_a_time(table: &TaskTable, earlier: &[Earlier], now: Stamp) -> f64 {
    if table.tasks.iter().any(|task| !task.requires.is_empty()) {
        let tables = earlier.iter().map(|run| &run.table).chain([table]);
        return tables.map(most_at_once).max().unwrap_or(1).max(1) as f64;
    }
    let before = earlier.iter().find_map(|run| {
        let work: u64 = run.table.tasks.iter().filter_map(|task| task.worked_ms(now)).sum();
        let took = run.took?.as_millis() as f64;
        (took > 0.0).then(|| work as f64 / took)
    });
    let running = table.tasks.iter().filter(|task| task.state == TaskState::Running).count();
    before.unwrap_or(running as f64).max(1.0)
}

/// The most tasks that were at work in one moment.
fn most_at_once(table: &TaskTable) -> i32 {
    let attempts = table.tasks.iter().flat_map(|task| &task.history);
    // An end comes before a beginning of the same moment.
    let mut changes: Vec<(Stamp, i32)> = attempts
        .flat_map(|attempt| {
            let end = attempt.ended_at.map(|ended| (ended, -1));
            std::iter::once((attempt.started_at, 1)).chain(end)
        })
        .collect();
    changes.sort_unstable();
    let mut now = 0;
    changes
        .into_iter()
        .map(|(_, change)| {
            now += change;
            now
        })
        .max()
        .unwrap_or(0)
}
