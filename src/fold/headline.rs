//! The sentence that says how a run ended.

use std::time::Duration;

use super::RunFold;
use crate::model::{Face, Level, TaskCounts, TaskState, Verdict, format_duration};

/// The verdict of a run, ready to be put into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How it ended.
    pub verdict: Verdict,
    /// What `run` and `wait` return for it.
    pub exit: i32,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// What Luigi says.
    pub luigi: Option<Face>,
    /// How serious that is.
    pub level: Level,
    /// All of it in a sentence.
    pub msg: String,
}

/// `FAILED after 12m41s: exit 0, but Luigi says :( because there were failed tasks`
///
/// What the first reason says of the tasks comes first:
/// `FAILED after 12m41s: 1 of 63 tasks failed: A(n=1), 14 not run (exit 0, but Luigi says …)`.
pub fn headline(run: &RunFold, verdict: Verdict, reasons: &[String]) -> String {
    let word = match verdict {
        Verdict::Retried => "SUCCEEDED with retries".to_owned(),
        other => other.name().to_uppercase(),
    };
    let took = run
        .wall_ms
        .map(Duration::from_millis)
        .or_else(|| run.ended_at.map(|end| end.since(run.spawned_at.unwrap_or(run.started_at))));
    // A run of somebody else's that was never seen alive: nobody knows how long it took.
    let took = took.filter(|_| !run.foreign || run.pid.is_some());
    let after = took.map_or(String::new(), |took| format!(" after {}", format_duration(took)));
    let of_tasks = of_tasks(run).filter(|told| reasons.first() == Some(told));
    let (tasks, others) = reasons.split_at(usize::from(of_tasks.is_some()));
    let mut because = others.join(", ");
    if let Some(error) = &run.exec_error {
        because = format!("{because}: {error}");
    }
    if let [tasks] = tasks {
        let but = if run.code == Some(0) { "exit 0, but " } else { "" };
        return format!("{word}{after}: {tasks} ({but}{because})");
    }
    if because.is_empty() {
        return format!("{word}{after}");
    }
    // An exit code of 0 beside a failure is what people stumble over: say both.
    let but = if run.code == Some(0) && !verdict.is_success() { "exit 0, but " } else { "" };
    format!("{word}{after}: {but}{because}")
}

/// `1 of 63 tasks failed: SWOTAnalysisTask(…), 14 not run`; None where no task stands in the way.
pub(super) fn of_tasks(run: &RunFold) -> Option<String> {
    let first = run.first_failure.as_ref()?;
    let TaskCounts { total, pending, failed, missing, broken, .. } = run.tasks;
    let (count, what) = match first.state {
        TaskState::Missing => (missing, "lack their data"),
        TaskState::Broken => (broken, "could not be scheduled"),
        _ => (failed, "failed"),
    };
    let name = match first.task.split_once('(') {
        Some((family, _)) if first.task.len() > LONG => format!("{family}(…)"),
        _ => first.task.clone(),
    };
    let what = if count == 1 { what.replace("lack their", "lacks its") } else { what.to_owned() };
    let mut told = format!("{count} of {total} tasks {what}: {name}");
    let rest = [
        (broken, TaskState::Broken, "could not be scheduled"),
        (missing, TaskState::Missing, "without data"),
        (pending, TaskState::Pending, "not run"),
    ];
    for (count, _, what) in rest.iter().filter(|(count, of, _)| *count > 0 && *of != first.state) {
        told.push_str(&format!(", {count} {what}"));
    }
    Some(told)
}

/// A name longer than this would hide the rest of the sentence.
const LONG: usize = 60;
