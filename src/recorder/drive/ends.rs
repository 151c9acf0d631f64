//! When a stream has ended, and when a run has: then it gets its verdict.

use std::io;

use super::{Recorder, Source};
use crate::fold::{Fold, Judgement};
use crate::model::{Event, State, Stream};

impl Recorder {
    /// A run that has exited, whose every stream has ended or is named held, gets its verdict.
    pub(super) fn give_verdicts(&mut self) -> io::Result<()> {
        for run in verdicts_due(&self.cap.fold) {
            self.cap.fold.sum_up();
            let Some(judged) = self.cap.fold.verdict(run) else { continue };
            let Judgement { verdict, exit, reasons, luigi, level, msg } = judged;
            let heard = self.cap.fold.run(run).and_then(|run| Some(run.told?.to));
            let event = Event::RunVerdict { verdict, exit, reasons, luigi, heard };
            self.cap.event(run, None, level, &msg, &event)?;
            self.cap.flush()?;
            self.sync()?;
            self.save(false);
            self.keep_tables();
        }
        self.tidy()
    }

    /// Spooled bytes and folders of pipes that nobody needs any more.
    pub(super) fn tidy(&mut self) -> io::Result<()> {
        if !self.cap.fold.is_live() {
            let kept: Vec<u64> = self.sources.iter().map(|entry| entry.source.run).collect();
            let last = self.cap.fold.last_run();
            self.cap.plan().remove_spooled(last, &kept)?;
            self.cap.plan().remove_run_pipes(last, &kept)?;
        }
        Ok(())
    }
}

/// Whether no byte can follow in this stream; `others` are the run's other open streams.
pub(super) fn has_ended(fold: &Fold, source: &Source, others: &[Stream]) -> bool {
    let Some(run) = fold.run(source.run) else {
        // So old that only its streams are remembered.
        return if source.stream == Stream::Events { others.is_empty() } else { source.no_writer };
    };
    let exited = !matches!(run.state, State::Starting | State::Running | State::Stopping);
    if source.stream == Stream::Events {
        // Held open by us: it ends when nobody of the run is left to write into it.
        return exited && others.is_empty();
    }
    // Before the plan's process was there, an empty pipe without a writer waits for its first.
    source.no_writer && (source.hung_up || source.is_input || exited || run.pid.is_some())
}

/// Runs whose process has ended and whose every stream has ended or is named held.
fn verdicts_due(fold: &Fold) -> Vec<u64> {
    // The events' own end comes with that of the others, so it waits for none that is held.
    let open = |run: u64, held: &[Stream]| {
        fold.streams.iter().filter(|stream| stream.run == run).any(|stream| match stream.stream {
            Stream::Events => held.is_empty(),
            _ => !held.contains(&stream.stream),
        })
    };
    fold.runs
        .iter()
        .filter(|run| run.state == State::Draining && !run.sweeping && !open(run.run, &run.held))
        .map(|run| run.run)
        .collect()
}
