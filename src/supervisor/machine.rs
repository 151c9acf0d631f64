//! One run's life, decided purely: what happened goes in, what to do comes out.
//!
//! Starting → Running → Stopping → Draining → Ended. *Exited* and *streams ended* are different
//! things: output after the exit is kept, and a grandchild that holds a pipe is a named case. A
//! timer carries the epoch of the phase it was armed for and is ignored in any other.

use crate::control::{Request, Verb};
use crate::fold::Stopping;
use crate::model::{Event, Level, StopSpec};

use super::words;
pub(super) use kinds::{Effect, Ended, Input, Pause, Phase, Timer};

mod kinds;
mod pause;

/// Milliseconds that streams may stay open after the process before somebody is named for it.
const DRAIN_MS: u64 = 100;

/// Milliseconds that the rest of a tree may take to go after SIGKILL: a process that waits for a disk
/// that does not answer does not.
const UNKILLABLE_MS: u64 = 5_000;

/// The state of one run.
#[derive(Clone, Debug)]
pub(super) struct Machine {
    phase: Phase,
    epoch: u64,
    run: u64,
    stop: StopSpec,
    /// There is a process, be it one that is only about to become the plan.
    begun: bool,
    /// The plan's program was there.
    spawned: bool,
    /// The process has ended.
    exited: bool,
    /// The last signal of a stop.
    sent: Option<i32>,
    /// Milliseconds that what is being stopped was given last.
    grace_ms: u64,
    /// SIGKILL is the answer to everything now.
    killing: bool,
    /// Asked to stop before there was anything to stop.
    early: Option<Request>,
    restart: bool,
    /// The restart follows from the plan's policy.
    by_policy: bool,
    /// A stop came after the end: whatever the policy asks for, nothing follows.
    stays_ended: bool,
    /// What makes the verdict possible was said.
    settled: bool,
    seen: Vec<String>,
}

impl Machine {
    /// A run that was announced.
    pub(super) fn new(run: u64, stop: StopSpec) -> Machine {
        Machine {
            phase: Phase::Starting,
            epoch: 0,
            run,
            stop,
            begun: false,
            spawned: false,
            exited: false,
            sent: None,
            grace_ms: 0,
            killing: false,
            early: None,
            restart: false,
            by_policy: false,
            stays_ended: false,
            settled: false,
            seen: Vec::new(),
        }
    }

    #[cfg(test)]
    pub(super) fn phase(&self) -> Phase {
        self.phase
    }

    /// Whether the plan is to be started again.
    pub(super) fn restart_due(&self) -> bool {
        self.restart
    }

    /// Goes on with a run that another supervisor began. `spawned`: its process was said to be
    /// there. What is still to be done comes out.
    pub(super) fn take_over(&mut self, spawned: bool, requests: Vec<String>) {
        (self.begun, self.spawned) = (true, spawned);
        self.seen = requests;
        if spawned {
            self.phase = Phase::Running;
        }
    }

    /// Goes on with a stop that another supervisor began: its signal may never have been sent.
    pub(super) fn resume_stop(&mut self, stopping: &Stopping) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.restart = stopping.restart;
        let signal = stopping.signal.unwrap_or(self.stop.signal);
        let grace_ms = stopping.grace_ms.unwrap_or(self.stop.grace_ms);
        self.begin_stop(signal, grace_ms, "planwatch", None, &mut effects);
        effects
    }

    /// Goes on with a run whose end was said already.
    pub(super) fn resume_drain(&mut self, restart: bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        (self.spawned, self.exited, self.restart) = (true, true, restart);
        self.drain(&mut effects);
        effects
    }

    /// Goes on with a stop whose process has ended, though perhaps not all that it had started.
    pub(super) fn resume_sweep(&mut self, stopping: &Stopping) -> Vec<Effect> {
        (self.spawned, self.exited) = (true, true);
        let mut effects = self.resume_stop(stopping);
        effects.push(Effect::Sweep { kill: false });
        self.rearm(self.grace_ms.min(self.stop.grace_ms), &mut effects);
        effects
    }

    /// The same where nobody can tell what of it is left: after a restart of the machine, or where
    /// somebody else had started it.
    pub(super) fn resume_swept(&mut self, restart: bool) -> Vec<Effect> {
        let mut effects = Vec::new();
        (self.spawned, self.exited, self.restart) = (true, true, restart);
        self.swept(Level::Debug, "what may be left of it is not known", &mut effects);
        effects
    }

    /// Arms the time limit, `after_ms` from now.
    pub(super) fn limit(&self, after_ms: u64) -> Effect {
        Effect::Arm { timer: Timer::Limit, after_ms, epoch: 0 }
    }

    /// Decides.
    pub(super) fn step(&mut self, input: Input) -> Vec<Effect> {
        let mut effects = Vec::new();
        let to = &mut effects;
        match (self.phase, input) {
            (Phase::Starting, Input::Announced) if !self.begun => self.begin(to),
            (Phase::Starting | Phase::Stopping, Input::Spawned { pid, start }) if !self.exited => {
                self.spawned(pid, start, to);
            }
            (Phase::Starting | Phase::Running | Phase::Stopping, Input::Exited(ended))
                if !self.exited =>
            {
                self.exited(ended, to);
            }
            (_, Input::Asked(request)) => self.asked(request, to),
            (Phase::Stopping, Input::TreeGone) if self.exited => {
                self.swept(Level::Debug, "nothing of it is left", to);
            }
            (Phase::Draining, Input::StreamsEnded) => self.settle(to),
            (Phase::Draining, Input::Held { of, pids }) if !self.settled => {
                let msg = words::held(&of, &pids);
                to.push(Effect::Say(Level::Warning, msg, Event::StreamHeld { of, pids }));
                self.settle(to);
            }
            (Phase::Draining, Input::VerdictLogged { pause }) => match pause {
                Some(pause) if !self.restart && !self.stays_ended => self.pause(pause, to),
                _ => self.finish(to),
            },
            (Phase::Running, Input::Stalled { silent_ms, stop }) => {
                self.stalled(silent_ms, stop, to)
            }
            (_, Input::Timer { timer, epoch }) => self.timer(timer, epoch, to),
            _ => {}
        }
        effects
    }

    /// The step that becomes the plan may take for ever, by opening a FIFO for its standard input:
    /// from here on it can be stopped, and its time runs.
    fn begin(&mut self, to: &mut Vec<Effect>) {
        self.begun = true;
        to.push(Effect::Spawn);
        if let Some(limit) = self.stop.timeout_ms {
            to.push(self.limit(limit));
        }
        if let Some(request) = self.early.take() {
            self.stop_asked(request, to);
        }
    }

    fn spawned(&mut self, pid: i32, start: u64, to: &mut Vec<Effect>) {
        if self.spawned {
            return;
        }
        self.spawned = true;
        if self.phase == Phase::Starting {
            self.phase = Phase::Running;
        }
        let event = Event::RunSpawned { pid, start, age_ms: 0 };
        to.push(Effect::Say(Level::Info, format!("runs as pid {pid}"), event));
    }

    fn exited(&mut self, ended: Ended, to: &mut Vec<Effect>) {
        self.exited = true;
        let level = words::weight(&ended);
        let msg = words::exited(&ended);
        let Ended { code, signal, exec_error, wall_ms, cpu_ms, peak_rss, markers, oom } = ended;
        let sweeping = self.phase == Phase::Stopping;
        let event = Event::RunExited {
            code,
            signal,
            exec_error,
            wall_ms,
            cpu_ms,
            peak_rss,
            markers,
            oom,
            sweeping,
        };
        to.push(Effect::Say(level, msg, event));
        to.push(Effect::Reap);
        if sweeping {
            to.push(Effect::Sweep { kill: self.killing });
            // Who asks the plan itself to take its time, as ^C does, does not mean what it leaves.
            let rest = self.grace_ms.min(self.stop.grace_ms);
            self.rearm(if self.killing { UNKILLABLE_MS } else { rest }, to);
        } else {
            self.drain(to);
        }
    }

    /// The tree of a run that was stopped is gone, or will not go.
    fn swept(&mut self, level: Level, msg: &str, to: &mut Vec<Effect>) {
        to.push(Effect::Say(level, msg.to_owned(), Event::RunSwept));
        self.drain(to);
    }

    fn drain(&mut self, to: &mut Vec<Effect>) {
        self.phase = Phase::Draining;
        self.epoch += 1;
        to.push(Effect::WatchStreams);
        to.push(Effect::Arm { timer: Timer::Drain, after_ms: DRAIN_MS, epoch: self.epoch });
    }

    fn settle(&mut self, to: &mut Vec<Effect>) {
        if !self.settled {
            self.settled = true;
            to.push(Effect::AwaitVerdict);
        }
    }

    fn asked(&mut self, request: Request, to: &mut Vec<Effect>) {
        if request.run != self.run || self.seen.contains(&request.id) {
            return;
        }
        if self.seen.len() >= 64 {
            self.seen.remove(0);
        }
        self.seen.push(request.id.clone());
        match (request.verb, self.phase) {
            (verb, Phase::Pausing) if verb != Verb::Signal => self.asked_in_pause(request, to),
            (Verb::Restart, Phase::Draining | Phase::Ended) => {
                (self.restart, self.stays_ended) = (true, false);
                let msg = format!("{} asked for a restart", request.by);
                let (by, request) = (request.by, Some(request.id));
                let event = Event::RunRestarting { by, request, after_ms: None };
                to.push(Effect::Say(Level::Info, msg, event));
            }
            (_, Phase::Ended) => {}
            (Verb::Signal, phase) if phase != Phase::Pausing => {
                let signal = request.signal.unwrap_or(self.stop.signal);
                let tree = phase == Phase::Draining;
                let (by, id) = (request.by, Some(request.id));
                to.push(Effect::Signal { signal, tree, by, request: id });
            }
            (_, Phase::Starting) if !self.begun => self.early = Some(request),
            (_, Phase::Draining) => {
                // The plan itself has ended: what is left of it can only be swept, and what its policy
                // may ask for is taken back. Said, or whoever reads the log would start it all the
                // same.
                (self.restart, self.stays_ended) = (false, true);
                self.say_stopping(&request, to);
                let signal = if request.verb == Verb::Kill { libc::SIGKILL } else { libc::SIGTERM };
                let (by, id) = (request.by, Some(request.id));
                to.push(Effect::Signal { signal, tree: true, by, request: id });
            }
            (_, Phase::Starting | Phase::Running | Phase::Stopping) => self.stop_asked(request, to),
            (_, Phase::Pausing) => {}
        }
    }

    fn say_stopping(&self, request: &Request, to: &mut Vec<Effect>) {
        let msg = words::stopping(request.verb, &request.by);
        let event = Event::RunStopping {
            by: request.by.clone(),
            request: Some(request.id.clone()),
            timeout: false,
            restart: self.restart,
            signal: request.signal,
            grace_ms: request.grace_ms,
        };
        to.push(Effect::Say(Level::Info, msg, event));
    }

    fn stop_asked(&mut self, request: Request, to: &mut Vec<Effect>) {
        self.restart = request.verb == Verb::Restart;
        self.say_stopping(&request, to);
        let Request { id, verb, by, signal, grace_ms, .. } = request;
        if verb == Verb::Kill {
            self.kill(&by, Some(id), to);
            return;
        }
        let signal = signal.unwrap_or(self.stop.signal);
        // Asking twice for the same is the same, but another signal or another grace is not.
        if self.sent != Some(signal) || grace_ms.is_some() {
            let again = self.sent == Some(signal);
            let grace = grace_ms.unwrap_or(self.stop.grace_ms);
            if again {
                self.rearm(grace, to);
            } else {
                self.begin_stop(signal, grace, &by, Some(id), to);
            }
        }
    }

    fn begin_stop(
        &mut self,
        signal: i32,
        grace_ms: u64,
        by: &str,
        request: Option<String>,
        to: &mut Vec<Effect>,
    ) {
        self.phase = Phase::Stopping;
        self.sent = Some(signal);
        to.push(Effect::Signal { signal, tree: true, by: by.to_owned(), request });
        self.rearm(grace_ms, to);
    }

    fn rearm(&mut self, grace_ms: u64, to: &mut Vec<Effect>) {
        self.grace_ms = grace_ms;
        self.epoch += 1;
        to.push(Effect::Arm { timer: Timer::Grace, after_ms: grace_ms, epoch: self.epoch });
    }

    fn kill(&mut self, by: &str, request: Option<String>, to: &mut Vec<Effect>) {
        self.phase = Phase::Stopping;
        self.killing = true;
        let signal = libc::SIGKILL;
        self.sent = Some(signal);
        to.push(Effect::Signal { signal, tree: true, by: by.to_owned(), request });
        if self.exited {
            to.push(Effect::Sweep { kill: true });
            self.rearm(UNKILLABLE_MS, to);
        }
    }

    fn timer(&mut self, timer: Timer, epoch: u64, to: &mut Vec<Effect>) {
        match (timer, self.phase) {
            (Timer::Limit, Phase::Starting | Phase::Running | Phase::Stopping) if !self.exited => {
                // It would be over time again: that ends it, whatever was asked before.
                self.restart = false;
                let by = "planwatch".to_owned();
                let event = Event::stopping(by, true);
                to.push(Effect::Say(Level::Warning, "its time is up".to_owned(), event));
                self.begin_stop(self.stop.signal, self.stop.grace_ms, "planwatch", None, to);
            }
            (Timer::Grace, Phase::Stopping) if epoch == self.epoch => {
                if self.killing && self.exited {
                    self.swept(Level::Warning, "some of it cannot be killed", to);
                } else {
                    self.kill("planwatch", None, to);
                }
            }
            (Timer::Stall, Phase::Running) => to.push(Effect::Listen),
            (Timer::Pause, Phase::Pausing) if epoch == self.epoch => {
                (self.restart, self.by_policy) = (true, true);
                self.finish(to);
            }
            (Timer::Drain, Phase::Draining) if epoch == self.epoch && !self.settled => {
                to.push(Effect::FindHolders);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "machine/tests.rs"]
mod tests;
