//! What lines say of tasks, on its way to the tables, and what the tables say, on its way back.

use super::stream::{Heard, meaning, task_of};
use super::{Fold, Kept, StreamFold, Told};
use crate::model::Stamp;
use crate::parse::Line;

impl Fold {
    /// Takes what a line says of a task.
    pub(super) fn tell(
        &mut self,
        slot: usize,
        line: &Line<'_>,
        heard: &Heard<'_>,
        ts: Stamp,
        seq: u64,
    ) {
        let StreamFold { run, stream: witness, .. } = &self.streams[slot];
        if !self.runs.iter().any(|known| known.run == *run) {
            return;
        }
        let Some(tasks) = self.tables.hearing(*run) else { return };
        let Some((task, event)) = heard.task else {
            tasks.explain(witness, &String::from_utf8_lossy(line.bytes));
            return;
        };
        let what = meaning(&task.word, event);
        let (pid, task) = (task.pid, task_of(&task));
        let form = heard.form;
        tasks.tell(&Told { witness, form, task, what, pid, ts, seq });
    }

    /// Puts into the fold what the tables say. Done for every event; to be done before the fold is
    /// looked at or saved.
    pub fn sum_up(&mut self) {
        if !std::mem::take(&mut self.tables.news) {
            return;
        }
        for run in &mut self.runs {
            if let Some(tasks) = self.tables.of(run.run) {
                run.sum_up(tasks);
            }
        }
    }

    /// What is to be saved of a run's table, so that it can be gone on from behind the last record.
    pub fn kept(&mut self, run: u64) -> Option<&Kept> {
        let tasks = self.tables.of_mut(run)?;
        let awaits =
            |stream: &&StreamFold| stream.run == run && stream.recogniser.awaits_explanation();
        tasks.listen(self.streams.iter().filter(awaits).cloned().collect());
        tasks.reached(self.seq);
        Some(tasks.kept())
    }

    /// Gives up the tables of runs that can say nothing any more.
    pub fn release_tables(&mut self) {
        let (runs, streams) = (&self.runs, &self.streams);
        let speaks = |run| streams.iter().any(|stream| stream.run == run);
        self.tables.retain(|run| {
            runs.iter().any(|known| known.run == run && (known.state.is_live() || speaks(run)))
        });
    }
}
