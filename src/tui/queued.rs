//! Plans that do not run because the queue has them: their rows, and what is known of them.

use ratatui::style::Style;

use super::app::App;
use super::list::Row;
use super::look::Look;
use super::msg::{Effect, PlanFacts, Queued, Stand};
use crate::model::{PlanName, Stamp, format_duration};
use crate::render::theme::Tone;

impl Row {
    /// The row of a plan that only the queue knows.
    fn waiting(queue: Queued) -> Row {
        let facts = PlanFacts {
            plan: queue.plan.clone(),
            run: None,
            seq: 0,
            lines: 0,
            log_bytes: 0,
            orphaned: false,
            left: 0,
            heard: None,
        };
        let mut row = Row::new(facts);
        (row.queue, row.on_disk) = (Some(queue), false);
        row
    }

    /// What the queue says of it, where that counts: it does not run.
    pub(super) fn queued(&self) -> Option<&Queued> {
        let last = self.facts.run.as_deref();
        let live = last.is_some_and(|run| run.state.is_live());
        self.queue.as_ref().filter(|queue| match queue.stand {
            Stand::Waits(_) => !live,
            Stand::Begins(run) => last.is_none_or(|last| last.run < run),
            Stand::Skipped(_) => !live && last.is_none_or(|last| last.started_at < queue.since),
        })
    }

    /// Whether something is still to come of it.
    pub(super) fn is_waiting(&self) -> bool {
        self.queued().is_some_and(|queue| !matches!(queue.stand, Stand::Skipped(_)))
    }

    /// Its runs and its log were removed.
    pub(super) fn forget_runs(&mut self) {
        let Some(queue) = self.queue.take() else { return };
        *self = Row::waiting(queue);
    }

    /// What it waits for, or why it will not run.
    pub(super) fn queue_words(&self) -> Option<String> {
        Some(match &self.queued()?.stand {
            Stand::Waits(what) => format!("waits {what}"),
            Stand::Begins(_) => "starting".to_owned(),
            Stand::Skipped(why) => format!("skipped: {why}"),
        })
    }

    /// What the queue says of it, line by line.
    pub(super) fn queue_facts(&self, look: &Look, now: Stamp) -> Option<Vec<(String, Style)>> {
        let queue = self.queued()?;
        let dim = look.tone(Tone::Dim);
        let mut lines = vec![(self.queue_words()?, look.tone(Tone::Wait))];
        let what = if self.is_waiting() { "queued" } else { "skipped" };
        lines.push((format!("{what} {} ago", format_duration(now.since(queue.since))), dim));
        lines.extend(queue.group.iter().map(|group| (format!("group {group}"), dim)));
        if let Some(run) = &self.facts.run {
            lines.push((format!("run {} before: {}", run.run, run.verdict.name()), dim));
        }
        Some(lines)
    }

    /// What stands in place of a log where there is none.
    pub(super) fn without_log(&self) -> Vec<String> {
        let plan = self.facts.plan.as_str();
        let words = match self.queued().map(|queue| &queue.stand) {
            Some(Stand::Waits(what)) => [
                format!("{plan} waits {what}"),
                "it starts by itself; s takes it out of the queue".to_owned(),
            ],
            Some(Stand::Skipped(why)) => {
                [format!("{plan} was skipped: {why}"), format!(":start {plan} queues it again")]
            }
            Some(Stand::Begins(_)) | None => [format!("{plan} begins"), String::new()],
        };
        let [first, second] = words;
        vec![first, String::new(), second]
    }
}

impl App {
    /// Takes what is queued now: all of it.
    pub(super) fn take_queue(&mut self, queue: Vec<Queued>, out: &mut Vec<Effect>) {
        self.rows.iter_mut().for_each(|row| row.queue = None);
        for queued in queue {
            match self.rows.iter_mut().find(|row| row.facts.plan == queued.plan) {
                Some(row) => row.queue = Some(queued),
                None => self.rows.push(Row::waiting(queued)),
            }
        }
        let nowhere = self.rows.iter().filter(|row| !row.on_disk && row.queue.is_none());
        let nowhere: Vec<PlanName> = nowhere.map(|row| row.facts.plan.clone()).collect();
        nowhere.iter().for_each(|plan| self.gone(plan, out));
    }
}
