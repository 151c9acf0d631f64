//! The sentence that says how a run ended.

use std::time::Duration;

use super::RunFold;
use crate::model::{Level, Verdict, format_duration};

/// The verdict of a run, ready to be put into the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// How it ended.
    pub verdict: Verdict,
    /// What `run` and `wait` return for it.
    pub exit: i32,
    /// Why, in words.
    pub reasons: Vec<String>,
    /// How serious that is.
    pub level: Level,
    /// All of it in a sentence.
    pub msg: String,
}

/// `FAILED after 12m41s: exit 0, but Luigi says :( because there were failed tasks`
pub fn headline(run: &RunFold, verdict: Verdict, reasons: &[String]) -> String {
    let word = match verdict {
        Verdict::Retried => "SUCCEEDED".to_owned(),
        other => other.name().to_uppercase(),
    };
    let took = run
        .wall_ms
        .map(Duration::from_millis)
        .or_else(|| run.ended_at.map(|end| end.since(run.spawned_at.unwrap_or(run.started_at))));
    let after = took.map_or(String::new(), |took| format!(" after {}", format_duration(took)));
    let mut because = reasons.join(", ");
    if let Some(error) = &run.exec_error {
        because = format!("{because}: {error}");
    }
    if because.is_empty() {
        return format!("{word}{after}");
    }
    // An exit code of 0 beside a failure is what people stumble over: say both.
    let but = if run.code == Some(0) && !verdict.is_success() { "exit 0, but " } else { "" };
    format!("{word}{after}: {but}{because}")
}
