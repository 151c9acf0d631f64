//! The rows of `tasks -o json`.

use serde::Serialize;

use super::Scene;
use crate::model::{Stamp, TaskState};

/// One task, as `tasks -o json` prints it. Additive: scripts may rely on every key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TaskRow {
    /// As Luigi prints it: `Family(name=value, …)`.
    pub task: String,
    /// Luigi's id, where it is known.
    pub id: Option<String>,
    /// Name of its class.
    pub family: String,
    /// Where it stands.
    pub state: TaskState,
    /// How often it was begun.
    pub attempts: u32,
    /// Process of its last attempt.
    pub pid: Option<i32>,
    /// When its first attempt began.
    pub started_at: Option<Stamp>,
    /// When its last attempt ended; null while it runs.
    pub ended_at: Option<Stamp>,
    /// How long its attempts took together, so far.
    pub duration_ms: Option<u64>,
    /// What went wrong; kept when a retry succeeded.
    pub error: Option<String>,
    /// The tasks it requires, by `task`.
    pub requires: Vec<String>,
    /// Those of them that have not succeeded.
    pub waits_for: Vec<String>,
}

impl TaskRow {
    /// The row of the task at this place.
    pub fn of(scene: &Scene<'_>, at: usize) -> TaskRow {
        let tasks = &scene.table.tasks;
        let task = &tasks[at];
        let requires = task.requires.iter().filter_map(|&at| tasks.get(at as usize));
        TaskRow {
            task: task.name.clone(),
            id: task.id.clone(),
            family: task.family.clone(),
            state: task.state,
            attempts: task.attempts,
            pid: task.last().and_then(|attempt| attempt.pid),
            started_at: task.history.first().map(|attempt| attempt.started_at),
            ended_at: task.last().and_then(|attempt| attempt.ended_at),
            duration_ms: task.worked_ms(scene.until()),
            error: task.error.clone(),
            requires: requires.map(|required| required.name.clone()).collect(),
            waits_for: scene.waits_for(task).map(|at| tasks[at].name.clone()).collect(),
        }
    }
}
