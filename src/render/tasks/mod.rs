//! The tasks of a run, drawn: a table, a tree, a timeline, a page, and rows for scripts.
//!
//! | file | gives |
//! | --- | --- |
//! | `names` | what to call each task, as short as it stays clear |
//! | `path` | the chain of tasks that decided how long the run took |
//! | `left` | how long a run has still to go, by the runs before it |
//! | `head` | the lines above every view |
//! | `table`, `tree`, `timeline` | the views |
//! | `change` | a line for a change of one task |
//! | `rows` | `-o json` |
//! | `page` | `--html` |
//!
//! What surprises: nothing is guessed. Without dependencies there is no critical path, without
//! earlier runs no time left, and both are said to be unknown or left out.

mod change;
mod head;
mod left;
mod names;
mod page;
mod path;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod timeline;
mod tree;

use std::time::Duration;

pub use change::change;
pub use head::{counts, head};
pub use left::{Earlier, Left, time_left};
pub use names::Names;

pub use page::{Excerpt, page};
pub use path::critical_path;
pub use rows::TaskRow;
pub use table::{order, task_table};
pub use timeline::timeline;
pub use tree::tree;

use super::theme::Tone;
use crate::fold::RunFold;
use crate::model::{AttemptEnd, Stamp, State, Task, TaskState, TaskTable, format_duration};

/// What the views show: the tasks of one run, and what is known around them.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The plan.
    pub plan: &'a str,
    /// The run.
    pub run: &'a RunFold,
    /// Its tasks.
    pub table: &'a TaskTable,
    /// What to call them.
    pub names: &'a Names,
    /// How long it has still to go.
    pub left: Option<&'a Left>,
    /// The present moment.
    pub now: Stamp,
}

/// How a view is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Columns there are; None: as many as it takes.
    pub width: Option<usize>,
    /// Whether colour is written.
    pub colour: bool,
}

impl Scene<'_> {
    /// Whether nothing more will happen to the tasks.
    pub fn is_over(&self) -> bool {
        self.run.ended_at.is_some() || !self.run.state.is_live()
    }

    /// How far time has come for the tasks: to the present, or to the end of the run.
    pub fn until(&self) -> Stamp {
        match self.run.ended_at {
            // Read long after its end: nobody saw that.
            Some(ended) => self.run.told.map_or(ended, |told| told.to),
            None if self.run.state.is_live() => self.now,
            // Lost: it was last heard of with its last attempt.
            None => self.table.tasks.iter().filter_map(last_heard).max().unwrap_or(self.now),
        }
    }

    /// When the clock of the run began.
    pub fn since(&self) -> Stamp {
        let begun = match self.run.told {
            Some(told) if self.run.ended_at.is_some() => told.from,
            _ => self.run.spawned_at.unwrap_or(self.run.started_at),
        };
        let first = self.table.tasks.iter().flat_map(|task| &task.history);
        first.map(|attempt| attempt.started_at).min().map_or(begun, |first| first.min(begun))
    }

    /// Where a task stands, in the words of tables.
    fn word(&self, task: &Task) -> &'static str {
        match task.state {
            _ if self.is_cut(task) => "cut off",
            TaskState::Pending if self.is_over() => "not run",
            TaskState::Failed => match task.last().and_then(|attempt| attempt.end) {
                Some(AttemptEnd::Died) => "died",
                Some(AttemptEnd::TimedOut) => "timed out",
                Some(AttemptEnd::Cut) => "cut off",
                _ => "failed",
            },
            state => state.name(),
        }
    }

    /// Whether the run ended while the task was at work.
    fn is_cut(&self, task: &Task) -> bool {
        self.is_over() && task.is_cut()
    }

    /// How long a task worked, all attempts together.
    fn took(&self, task: &Task) -> Option<Duration> {
        task.worked_ms(self.until()).map(Duration::from_millis)
    }

    /// What a table says about a task beside its state: what went wrong, what it waits for, how
    /// far it is.
    fn note(&self, task: &Task) -> Option<String> {
        match task.state {
            state if state.is_failure() => task.error.clone(),
            TaskState::Pending => self.waits(task),
            TaskState::Running => match (task.percent, &task.message) {
                (Some(percent), Some(message)) => Some(format!("{percent}% {message}")),
                (Some(percent), None) => Some(format!("{percent}%")),
                (None, message) => message.clone(),
            },
            TaskState::Done if task.is_retried() => {
                let why = task.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
                Some(format!("{} attempts{why}", task.attempts))
            }
            _ => None,
        }
    }

    /// `waits for A, B and 4 more`, what stands in its way first.
    fn waits(&self, task: &Task) -> Option<String> {
        let mut waiting: Vec<usize> = self.waits_for(task).collect();
        if waiting.is_empty() {
            return None;
        }
        waiting.sort_by_key(|&at| rank(self.table.tasks[at].state));
        let (word, over) = if self.is_over() { ("needs", true) } else { ("waits for", false) };
        let shown: Vec<String> = (waiting.iter().take(2))
            .map(|&at| match over && self.table.tasks[at].state.is_failure() {
                true => {
                    let task = &self.table.tasks[at];
                    let is = if task.state == TaskState::Failed { "" } else { "is " };
                    format!("{}, which {is}{}", self.names.of(at), self.word(task))
                }
                false => self.names.of(at).to_owned(),
            })
            .collect();
        Some(format!("{word} {}", listed(&shown, waiting.len())))
    }

    /// Places of the tasks a task waits for. One that has begun waits for none.
    fn waits_for<'t>(&'t self, task: &'t Task) -> impl Iterator<Item = usize> + 't {
        let tasks = &self.table.tasks;
        let waits = task.state == TaskState::Pending;
        let known = task.requires.iter().map(|&at| at as usize).filter(|&at| at < tasks.len());
        known.filter(move |&at| waits && !tasks[at].state.is_success())
    }

    /// Whether anything is known of what requires what.
    fn has_graph(&self) -> bool {
        self.table.tasks.iter().any(|task| !task.requires.is_empty())
    }
}

/// `A`, `A and B`, `A, B and 3 more`.
fn listed(shown: &[String], all: usize) -> String {
    let more = all.saturating_sub(shown.len());
    match shown {
        _ if more > 0 => format!("{} and {more} more", shown.join(", ")),
        [] => String::new(),
        [one] => one.clone(),
        [front @ .., last] => format!("{} and {last}", front.join(", ")),
    }
}

/// The sign of a state, one column wide.
fn sign(task: &Task) -> &'static str {
    match task.state {
        TaskState::Failed | TaskState::Broken => "✗",
        TaskState::Missing => "?",
        TaskState::Running => "▶",
        TaskState::Pending => "·",
        TaskState::Done if task.is_retried() => "↻",
        TaskState::Done | TaskState::Complete => "✓",
    }
}

/// The tone of a state.
fn tone(state: TaskState) -> Tone {
    match state {
        TaskState::Failed | TaskState::Broken => Tone::Bad,
        TaskState::Missing => Tone::Wait,
        TaskState::Running => Tone::Busy,
        TaskState::Pending | TaskState::Complete => Tone::Dim,
        TaskState::Done => Tone::Good,
    }
}

/// The place of a state in the order of tables: what needs somebody comes first.
fn rank(state: TaskState) -> usize {
    TaskState::ALL.iter().position(|&other| other == state).unwrap_or(TaskState::ALL.len())
}

fn last_heard(task: &Task) -> Option<Stamp> {
    task.last().map(|attempt| attempt.ended_at.unwrap_or(attempt.started_at))
}

/// State and verdict of a run in one word.
fn run_word(run: &RunFold) -> &'static str {
    if run.state == State::Ended { run.verdict.name() } else { run.state.name() }
}

fn duration(span: Option<Duration>) -> String {
    span.map_or(String::new(), format_duration)
}
