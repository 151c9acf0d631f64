//! Why a run ended as it did: what `why` found out, for scripts, and as one screen for people.

mod screen;
#[cfg(test)]
mod tests;

use serde::Serialize;

use crate::model::{Level, Stamp, State, Stream, TaskCounts, Verdict};

pub use screen::{Clock, screen};

/// Everything `why` has to say about a run, as `why -o json` prints it. Additive: scripts may rely
/// on every key.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Why {
    /// The plan.
    pub plan: String,
    /// The run.
    pub run: u64,
    /// Where it stands in its life.
    pub state: State,
    /// How it ended.
    pub verdict: Verdict,
    /// What `run` and `wait` return for it; null until its end.
    pub exit: Option<i32>,
    /// State, verdict and reasons in a sentence.
    pub headline: String,
    /// Why it got its verdict, in words.
    pub reasons: Vec<String>,
    /// When it began.
    pub started_at: Stamp,
    /// When its process had ended.
    pub ended_at: Option<Stamp>,
    /// Who or what ended it, where it did not end by itself.
    pub ended_by: Option<String>,
    /// Processes that still hold its output although it has ended.
    pub left_behind: Vec<i32>,
    /// How many tasks stand where; null where there are none.
    pub tasks: Option<TaskCounts>,
    /// Tasks that went wrong, the first one first.
    pub failures: Vec<Trouble>,
    /// Tasks that went wrong and succeeded in a retry.
    pub retried: Vec<Trouble>,
    /// Tasks that were at work when the run ended, by name; among `tasks` they are pending.
    pub cut_off: Vec<String>,
    /// Tasks that were not run because of the failures, by name.
    pub not_run: Vec<String>,
    /// Whether it is known what requires what; if not, `not_run` is everything that was not run.
    pub graph: bool,
    /// What the log says at its end, where no task is to blame.
    pub last_words: Option<Excerpt>,
    /// The last run before this one that succeeded.
    pub last_success: Option<LastSuccess>,
    /// The command that goes on with it; null while it runs or where all is well.
    pub resume: Option<String>,
    /// The command that shows the log from where it begins to matter.
    pub read_on: String,
}

/// A task that went wrong.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Trouble {
    /// As Luigi prints it.
    pub task: String,
    /// The same, as short as it stays clear.
    pub name: String,
    /// What happened to it: `failed`, `died`, `timed out`, `missing`, `broken`; `retried` where it
    /// succeeded afterwards.
    pub what: String,
    /// How often it was begun.
    pub attempts: u32,
    /// How long its last attempt took.
    pub took_ms: Option<u64>,
    /// Process of that attempt.
    pub pid: Option<i32>,
    /// The last line of its traceback.
    pub error: Option<String>,
    /// What the log says about it; null for all but the first few.
    pub excerpt: Option<Excerpt>,
}

/// Lines of the log around a failure.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Excerpt {
    /// Seq of the first line of `traceback`, or else the last of `before`.
    pub seq: u64,
    /// The traceback, line by line.
    pub traceback: Vec<String>,
    /// The lines before it.
    pub before: Vec<LogLine>,
    /// Whether those are all of the same process.
    pub same_process: bool,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LogLine {
    /// When.
    pub ts: Stamp,
    /// Its seq.
    pub seq: u64,
    /// Where it came from.
    pub stream: Stream,
    /// Its level, where it names one.
    pub level: Option<Level>,
    /// The line.
    pub msg: String,
}

/// The last run that succeeded, and what is different now.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct LastSuccess {
    /// The run.
    pub run: u64,
    /// When it ended.
    pub ended_at: Option<Stamp>,
    /// What was changed since, in words.
    pub changed: Vec<String>,
    /// Tasks that succeeded then and not now.
    pub lost: Vec<String>,
    /// Tasks that took much longer, or much less long.
    pub slower: Vec<Slower>,
}

/// A task that took much longer than before, or much less long.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slower {
    /// The task, shortly.
    pub name: String,
    /// Then.
    pub then_ms: u64,
    /// Now.
    pub now_ms: u64,
}
