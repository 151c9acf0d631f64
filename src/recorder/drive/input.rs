//! Standard input as the stdout of a run: what a recorder does that is its own supervisor.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Instant;

use super::super::source::Source;
use super::{Entry, Recorder};
use crate::fold::Judgement;
use crate::model::{Event, Level, Spec, State, Stream, signal_name};
use crate::os::kernel;

/// Standard input and what may end it early.
pub(super) struct Input {
    run: u64,
    began: Instant,
    /// The signals that ask for the end ([`ENDING`]).
    pub(super) signals: OwnedFd,
    /// It is typed: nothing but a key ends it.
    typed: bool,
    /// The first of the signals that came.
    asked: Option<i32>,
    /// It stands in the log.
    told: bool,
    /// What is in the pipe now is the last that is recorded.
    at_once: bool,
}

/// Signals that end a recording of standard input.
pub(in super::super) const ENDING: [i32; 4] =
    [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

impl Recorder {
    /// Ends recordings of standard input that were killed. Gives a run that is not for us to end,
    /// if there is one.
    pub(in super::super) fn end_orphaned(&mut self) -> io::Result<Option<u64>> {
        let live: Vec<(u64, bool)> = (self.cap.fold.runs.iter())
            .filter(|run| run.state.is_live() && (run.state != State::Draining || run.sweeping))
            .map(|run| (run.run, run.argv.is_empty() && !run.foreign))
            .collect();
        for (run, was_input) in live {
            if !was_input {
                return Ok(Some(run));
            }
            let msg = "the command that recorded it was killed";
            self.cap.event(run, None, Level::Warning, msg, &exited(None, None, None))?;
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
            restart: None,
            restarts: 0,
            boot: boot.to_owned(),
        };
        self.cap.event(run, None, Level::Info, "recording standard input", &event)?;
        self.cap.flush()?;
        let source = Source::open_input(&mut self.cap, &self.desk, run, input)?;
        self.sources.push(Entry::new(source));
        Ok(run)
    }

    /// Records the input to its end; the run ends with it. Gives what `run` would return.
    pub(in super::super) fn run_input(
        &mut self,
        run: u64,
        signals: OwnedFd,
        typed: bool,
    ) -> io::Result<Option<Judgement>> {
        let (began, asked) = (Instant::now(), None);
        let input = Input { run, began, signals, typed, asked, told: false, at_once: false };
        self.input = Some(input);
        self.run()?;
        Ok(self.cap.fold.verdict(run))
    }

    /// ^C reaches everybody in the pipeline: whoever writes shall have its last words, and its end
    /// is the end. A second one, and every other signal, ends the recording here and now. Only
    /// noted: a disk that is full keeps nobody from hearing.
    pub(super) fn hear_signals(&mut self) -> io::Result<()> {
        let Some(input) = &mut self.input else { return Ok(()) };
        while let Some(signal) = kernel::take_signal(&input.signals)? {
            let patient = signal == libc::SIGINT && !input.typed && input.asked.is_none();
            input.at_once |= !patient;
            input.asked.get_or_insert(signal);
        }
        Ok(())
    }

    /// Does what the signals ask for, in as many passes as it takes.
    pub(super) fn obey_signals(&mut self) -> io::Result<()> {
        let Some(input) = &mut self.input else { return Ok(()) };
        let Some(signal) = input.asked else { return Ok(()) };
        if !input.told {
            let msg = format!("{} asks for the end", signal_name(signal));
            let by = signal_name(signal);
            let event = Event::stopping(by, false);
            self.cap.event(input.run, None, Level::Info, &msg, &event)?;
            input.told = true;
        }
        if !input.at_once {
            return Ok(());
        }
        let run = input.run;
        for entry in &mut self.sources {
            if entry.source.run == run && !entry.source.is_cut() {
                entry.source.cut_off()?;
                entry.ready = true;
                self.again = true;
            }
        }
        Ok(())
    }

    /// The end of the input is the end of its run.
    pub(super) fn end_input(&mut self) -> io::Result<()> {
        let Some(input) = &self.input else { return Ok(()) };
        let (run, asked) = (input.run, input.asked);
        if self.sources.iter().any(|entry| entry.source.run == run) {
            return Ok(());
        }
        let wall_ms = u64::try_from(input.began.elapsed().as_millis()).ok();
        self.input = None;
        let event = exited(asked.map_or(Some(0), |_| None), asked, wall_ms);
        self.cap.event(run, None, Level::Info, "standard input has ended", &event)
    }
}

fn exited(code: Option<i32>, signal: Option<i32>, wall_ms: Option<u64>) -> Event {
    Event::RunExited {
        code,
        signal,
        exec_error: None,
        wall_ms,
        cpu_ms: None,
        peak_rss: None,
        oom: false,
        sweeping: false,
        markers: Vec::new(),
    }
}
