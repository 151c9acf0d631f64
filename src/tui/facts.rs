//! What is known of the selected plan, line by line.

use ratatui::style::Style;

use super::list::{Row, short};
use super::look::Look;
use crate::fold::{RunFold, headline};
use crate::model::{Stamp, TaskCounts, brief, format_duration, format_size};
use crate::render::tasks;
use crate::render::theme::Tone;

impl Row {
    /// What is known of it, line by line.
    pub(super) fn facts(
        &self,
        tasks: Option<&str>,
        look: &Look,
        now: Stamp,
    ) -> Vec<(String, Style)> {
        if let Some(facts) = self.queue_facts(look, now) {
            return facts;
        }
        let Some(run) = self.run() else {
            return vec![("it has never run".to_owned(), look.tone(Tone::Dim))];
        };
        let mut lines = Vec::new();
        let tone = look.tone(Tone::of_run(run.state, run.verdict));
        if run.state.is_live() {
            let word = if self.facts.orphaned { "nobody records it" } else { run.state.name() };
            let span = self.elapsed(now).map(format_duration).unwrap_or_default();
            lines.push((format!("{word} {span}{}", now_running(run, now)), tone));
        } else {
            lines.push((headline(run, run.verdict, &run.reasons), tone));
        }
        match self.left() {
            0 => {}
            1 => lines.push(("1 process goes on: s ends it".to_owned(), look.tone(Tone::Bad))),
            left => {
                let text = format!("{left} processes go on: s ends them");
                lines.push((text, look.tone(Tone::Bad)));
            }
        }
        if let Some(failure) = &run.first_failure {
            let error =
                failure.error.as_deref().map_or(String::new(), |error| format!(": {error}"));
            let text = format!("✗ {}{error}", brief(&failure.task));
            lines.push((text, look.tone(Tone::Bad)));
        }
        // Where the table of the tasks is there, it knows more: which were cut off.
        let tasks = tasks.map(str::to_owned);
        if let Some(tasks) = tasks.or_else(|| counts(&run.tasks, run.state.is_live())) {
            lines.push((tasks, Style::new()));
        }
        if let Some(span) = self.silent(now) {
            lines.push((format!("silent for {}", short(Some(span))), look.tone(Tone::Wait)));
        }
        let quiet = if run.errors > 0 { Tone::Plain } else { Tone::Dim };
        let log = format_size(self.facts.log_bytes);
        let text = format!("errors {}   warnings {}   log {log}", run.errors, run.warnings);
        lines.push((text, look.tone(quiet)));
        lines
    }
}

fn now_running(run: &RunFold, now: Stamp) -> String {
    let Some(first) = run.now.first() else { return String::new() };
    let span = format_duration(now.since(first.since));
    let more = match run.tasks.running {
        0 | 1 => String::new(),
        running => format!(" +{}", running - 1),
    };
    format!(" · {} {span}{more}", brief(&first.task))
}

fn counts(counts: &TaskCounts, live: bool) -> Option<String> {
    let words = tasks::counts(*counts, 0, !live);
    let words: Vec<String> = words.into_iter().map(|(text, _)| text).collect();
    (!words.is_empty()).then(|| words.join(" · "))
}
