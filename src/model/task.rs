//! Luigi's tasks: where each stands, what it waits for, and how they count.

use serde::{Deserialize, Serialize};

use super::Stamp;

/// Where a task stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// Known to Luigi, not begun. At the end of a run: not run.
    #[default]
    Pending,
    /// At work.
    Running,
    /// Ran, and succeeded.
    Done,
    /// Was complete before anybody ran it.
    Complete,
    /// Its last attempt failed, died or ran out of time.
    Failed,
    /// An external task whose data does not exist.
    Missing,
    /// Its `complete()` or `requires()` raised: Luigi does not know.
    Broken,
}

impl TaskState {
    /// All states, in the order in which tables and bars show them.
    pub const ALL: [TaskState; 7] = [
        TaskState::Failed,
        TaskState::Broken,
        TaskState::Missing,
        TaskState::Running,
        TaskState::Pending,
        TaskState::Done,
        TaskState::Complete,
    ];

    /// The name in JSON and tables.
    pub const fn name(self) -> &'static str {
        match self {
            TaskState::Pending => "pending",
            TaskState::Running => "running",
            TaskState::Done => "done",
            TaskState::Complete => "complete",
            TaskState::Failed => "failed",
            TaskState::Missing => "missing",
            TaskState::Broken => "broken",
        }
    }

    /// Whether those that wait for it may begin.
    pub const fn is_success(self) -> bool {
        matches!(self, TaskState::Done | TaskState::Complete)
    }

    /// Whether it stands in the way of those that wait for it.
    pub const fn is_failure(self) -> bool {
        matches!(self, TaskState::Failed | TaskState::Missing | TaskState::Broken)
    }
}

/// How an attempt at a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttemptEnd {
    /// It succeeded.
    Done,
    /// It raised.
    Failed,
    /// It asked for more requirements: it will run again from its start.
    Requirements,
    /// Its process died.
    Died,
    /// It ran longer than it may.
    TimedOut,
    /// The run ended first.
    Cut,
}

/// One attempt at a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// Process that made it, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
    /// When it began.
    pub started_at: Stamp,
    /// When it ended; None while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Stamp>,
    /// How.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<AttemptEnd>,
    /// Seq of the record that told of its beginning.
    pub first_seq: u64,
    /// Seq of the record that told of its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_seq: Option<u64>,
}

impl Attempt {
    /// Whether it failed by itself: being asked for more requirements or cut off is no failure.
    pub const fn went_wrong(&self) -> bool {
        matches!(self.end, Some(AttemptEnd::Failed | AttemptEnd::Died | AttemptEnd::TimedOut))
    }
}

/// One task of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Task {
    /// As Luigi prints it: `Family(name=value, …)`; its id where only that is known.
    pub name: String,
    /// Luigi's id: family, shortened parameters, hash.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name of its class.
    pub family: String,
    /// Where it stands.
    pub state: TaskState,
    /// How often it was begun, those asking for more requirements included.
    pub attempts: u32,
    /// The last attempts, oldest first; at most [`Task::MOST_ATTEMPTS`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Attempt>,
    /// What went wrong, the last line of its traceback; kept when a retry succeeds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Tasks it requires, as places in the table.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requires: Vec<u32>,
    /// Percentage of its work that it says is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// What it says about itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

impl Task {
    /// Attempts of one task that are remembered.
    pub const MOST_ATTEMPTS: usize = 16;

    /// Its last attempt.
    pub fn last(&self) -> Option<&Attempt> {
        self.history.last()
    }

    /// Whether the end of the run found it at work, as a table tells that of a run that is over.
    pub fn is_cut(&self) -> bool {
        let cut = || self.last().is_some_and(|last| last.end == Some(AttemptEnd::Cut));
        self.state == TaskState::Running || self.state == TaskState::Pending && cut()
    }

    /// Whether it succeeded, but not at once.
    pub fn is_retried(&self) -> bool {
        self.state == TaskState::Done && self.history.iter().any(Attempt::went_wrong)
    }

    /// How long its attempts took so far, in milliseconds; None if it was never begun.
    pub fn worked_ms(&self, now: Stamp) -> Option<u64> {
        let micros = |attempt: &Attempt| {
            let end = attempt.ended_at.unwrap_or(now);
            u64::try_from(end.0 - attempt.started_at.0).unwrap_or(0)
        };
        (!self.history.is_empty()).then(|| self.history.iter().map(micros).sum::<u64>() / 1000)
    }
}

/// A task's name where there is little room: `Step(n=3)` as it is, or its class alone where the
/// parameters are none or long.
pub fn brief(name: &str) -> &str {
    const MOST: usize = 24;
    match name.split_once('(') {
        Some((_, parameters)) if parameters != ")" && name.len() <= MOST => name,
        Some((family, _)) => family,
        None => name,
    }
}

/// How many tasks stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskCounts {
    /// Tasks seen in all.
    pub total: u32,
    /// Not begun.
    pub pending: u32,
    /// At work.
    pub running: u32,
    /// Ran and succeeded.
    pub done: u32,
    /// Found complete.
    pub complete: u32,
    /// Failed.
    pub failed: u32,
    /// External, without their data.
    pub missing: u32,
    /// Luigi does not know.
    pub broken: u32,
}

impl TaskCounts {
    /// The count of one state.
    pub fn of(&mut self, state: TaskState) -> &mut u32 {
        match state {
            TaskState::Pending => &mut self.pending,
            TaskState::Running => &mut self.running,
            TaskState::Done => &mut self.done,
            TaskState::Complete => &mut self.complete,
            TaskState::Failed => &mut self.failed,
            TaskState::Missing => &mut self.missing,
            TaskState::Broken => &mut self.broken,
        }
    }

    /// Whether Luigi has said anything at all.
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }
}

/// A task that is at work, for lists of plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowRunning {
    /// As Luigi prints it.
    pub task: String,
    /// Since when.
    pub since: Stamp,
}

/// The first task of a run that failed, or else stands in the way of the others, for lists of plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// As Luigi prints it.
    pub task: String,
    /// In which of the states of failure it is.
    pub state: TaskState,
    /// What went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// All tasks of one run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TaskTable {
    /// The run.
    pub run: u64,
    /// Seq of the last record that is in it.
    pub seq: u64,
    /// The tasks, in the order in which they were first heard of.
    pub tasks: Vec<Task>,
    /// Tasks heard of beyond [`TaskTable::MOST`], which are not listed.
    pub unlisted: u32,
    /// Records from the run's beginning are gone: tasks that only they knew are missing here.
    pub partial: bool,
    /// Events that Luigi's processes could not report, because nobody took them in time.
    pub unreported: u64,
}

impl TaskTable {
    /// Tasks of one run that are listed.
    pub const MOST: usize = 100_000;

    /// How many stand where.
    pub fn counts(&self) -> TaskCounts {
        let mut counts = TaskCounts::default();
        for task in &self.tasks {
            counts.total += 1;
            *counts.of(task.state) += 1;
        }
        counts.total += self.unlisted;
        counts
    }

    /// What a task waits for: those it requires that have not succeeded.
    pub fn waits_for<'t>(&'t self, task: &'t Task) -> impl Iterator<Item = &'t Task> {
        (task.requires.iter())
            .filter_map(|&at| self.tasks.get(at as usize))
            .filter(|required| !required.state.is_success())
    }
}
