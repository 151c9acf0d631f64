//! Tasks that Luigi runs together as one that nobody scheduled: how that one ends, they do.

use serde::{Deserialize, Serialize};

use super::Tasks;
use crate::model::TaskState;

/// One task in the place of many.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Batch {
    /// The one.
    task: u32,
    /// The many; none where only lines tell, which do not name them.
    #[serde(default)]
    of: Vec<u32>,
}

impl Tasks {
    /// The task was loaded without having been scheduled.
    pub(super) fn loaded(&mut self, task: u32) -> bool {
        let new = self.kept.batches.iter().all(|batch| batch.task != task);
        if new {
            self.kept.batches.push(Batch { task, of: Vec::new() });
        }
        new
    }

    /// The task runs in the place of this one, too.
    pub(super) fn stands_for(&mut self, task: u32, member: u32) -> bool {
        self.loaded(task);
        let batch = self.kept.batches.iter_mut().find(|batch| batch.task == task);
        let Some(batch) = batch.filter(|batch| task != member && !batch.of.contains(&member))
        else {
            return false;
        };
        batch.of.push(member);
        true
    }

    /// Those in whose place the task ran have come as far as it has.
    pub(super) fn bring_along(&mut self, task: u32) {
        let Some(batch) = self.kept.batches.iter().find(|batch| batch.task == task) else { return };
        let state = self.kept.table.tasks[task as usize].state;
        if matches!(state, TaskState::Done | TaskState::Failed) {
            for member in batch.of.clone() {
                self.set(member, state);
            }
        }
    }

    /// All is well, so whatever has not begun was done by a task that stood for others of its class,
    /// where it is not known for which.
    pub(super) fn all_is_well(&mut self) -> bool {
        let tasks = &self.kept.table.tasks;
        let families: Vec<&str> = (self.kept.batches.iter().filter(|batch| batch.of.is_empty()))
            .filter_map(|batch| tasks.get(batch.task as usize))
            .filter(|task| task.state == TaskState::Done)
            .map(|task| task.family.as_str())
            .collect();
        let left: Vec<u32> = (0..)
            .zip(tasks)
            .filter(|(_, task)| task.state == TaskState::Pending && task.attempts == 0)
            .filter(|(_, task)| families.contains(&task.family.as_str()))
            .map(|(place, _)| place)
            .collect();
        left.iter().for_each(|&place| self.set(place, TaskState::Done));
        !left.is_empty()
    }
}
