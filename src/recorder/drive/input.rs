//! Standard input as the stdout of a run: what a recorder does that is its own supervisor.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use super::super::source::Source;
use super::{Entry, Recorder};
use crate::fold::Judgement;
use crate::model::{Event, Level, Spec, State, Stream};

impl Recorder {
    /// Ends recordings of standard input that were killed. Gives a run that is not for us to end,
    /// if there is one.
    pub(in super::super) fn end_orphaned(&mut self) -> io::Result<Option<u64>> {
        let live: Vec<(u64, bool)> = (self.cap.fold.runs.iter())
            .filter(|run| run.state.is_live() && run.state != State::Draining)
            .map(|run| (run.run, run.argv.is_empty() && !run.foreign))
            .collect();
        for (run, was_input) in live {
            if !was_input {
                return Ok(Some(run));
            }
            let msg = "the command that recorded it was killed";
            self.cap.event(run, None, Level::Warning, msg, &exited(None, None))?;
        }
        self.step()?;
        Ok(None)
    }

    /// Begins a run whose stdout is what comes out of `input`.
    pub(in super::super) fn begin_input(
        &mut self,
        spec: &Spec,
        boot: &str,
        input: OwnedFd,
    ) -> io::Result<u64> {
        let run = self.cap.fold.last_run() + 1;
        self.cap.set_limits(spec.log.clone());
        let event = Event::RunStarted {
            argv: Vec::new(),
            cwd: spec.cwd.to_string_lossy().into_owned(),
            changed: Vec::new(),
            verdict: spec.verdict.clone(),
            success_exit_codes: Vec::new(),
            streams: vec![Stream::Stdout],
            foreign: false,
            boot: boot.to_owned(),
        };
        self.cap.event(run, None, Level::Info, "recording standard input", &event)?;
        self.cap.flush()?;
        let source = Source::open_input(&mut self.cap, &self.desk, run, input)?;
        self.sources.push(Entry::new(source));
        Ok(run)
    }

    /// Records the input to its end; the run ends with it. Gives what `run` would return.
    pub(in super::super) fn run_input(&mut self, run: u64) -> io::Result<Option<Judgement>> {
        self.input = Some((run, Instant::now()));
        self.run()?;
        Ok(self.cap.fold.verdict(run))
    }

    /// The end of the input is the end of its run.
    pub(super) fn end_input(&mut self) -> io::Result<()> {
        let Some((run, began)) = self.input else { return Ok(()) };
        if self.sources.iter().any(|entry| entry.source.run == run) {
            return Ok(());
        }
        self.input = None;
        let wall_ms = u64::try_from(began.elapsed().as_millis()).ok();
        let event = exited(Some(0), wall_ms);
        self.cap.event(run, None, Level::Info, "standard input has ended", &event)
    }
}

fn exited(code: Option<i32>, wall_ms: Option<u64>) -> Event {
    Event::RunExited {
        code,
        signal: None,
        exec_error: None,
        wall_ms,
        cpu_ms: None,
        peak_rss: None,
        markers: Vec::new(),
    }
}
