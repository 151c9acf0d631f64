//! The deeds that the machine asks for.

use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::abroad;
use super::after::Turn;
use super::begin::remove_leftover;
use super::drive::Supervisor;
use super::history::{Awaited, Vigil, known};
use super::lifecycle::said;
use super::machine::{Effect, Input, Machine};
use super::run::{Pipes, Plan, STREAMS, marks};
use super::secrets::Secrets;
use super::tree::{self, Marks};
use super::words;
use crate::fold::Next;
use crate::model::{Event, Level, Spec, secret};
use crate::os::{given, host};
use crate::store::snapshot;

impl Supervisor {
    /// Announces a new run; its process follows when the announcement stands in the log.
    pub(super) fn begin(&mut self, run: u64, changed: Vec<String>) -> io::Result<()> {
        self.run = run;
        self.machine = Machine::new(run, self.spec.stop.clone());
        let foreign = self.spec.foreign.clone();
        let (pipes, streams) = match &foreign {
            Some(foreign) => abroad::prepare(&self.plan, run, foreign)?,
            None => {
                let secrets = Secrets::of(&self.spec, &self.env);
                (Pipes::make(&self.plan, run, &secrets)?, STREAMS.to_vec())
            }
        };
        self.token = if foreign.is_some() { None } else { Some(host::random_token()?) };
        (self.pipes, self.abroad) = (Some(pipes), None);
        self.tie_new_run()?;
        (self.process, self.judged, self.exit_told) = (None, false, false);
        self.turn = None;
        (self.to_reap, self.watching, self.over) = (false, false, false);
        self.tree.clear();
        self.timers.clear();
        self.vigil = Some(Vigil::new(&self.plan, Awaited::Started(run))?);
        let argv = secret::shown(&self.spec.argv);
        let event = Event::RunStarted {
            argv: argv.clone(),
            cwd: self.spec.cwd.display().to_string(),
            changed,
            verdict: self.spec.verdict.clone(),
            success_exit_codes: self.spec.success_exit_codes.clone(),
            foreign: foreign.is_some(),
            restart: self.spec.restart.clone(),
            restarts: self.restarts,
            streams,
            boot: self.boot.clone(),
        };
        let msg = match &foreign {
            Some(foreign) => abroad::announced(run, foreign, &argv),
            None => format!("run {run}: {}", argv.join(" ")),
        };
        self.lifecycle.say(said(run, Level::Info, msg, event))
    }

    /// The next run of the same plan, as it is to be run now. False if it cannot be: an adopter may
    /// have another environment than the plan, and values are never kept.
    pub(super) fn begin_again(&mut self) -> io::Result<bool> {
        let before = self.spec.clone();
        if let Some(spec) = snapshot::load_json::<Spec>(&self.plan.spec_file())? {
            self.spec = spec;
        }
        let provided = self.provide.as_ref().map(|provide| provide(&self.spec));
        if let Some(Ok(env)) = provided {
            self.env = env;
        } else if let Some(Err(lacking)) = provided {
            let msg = format!("not restarted: {} is not set here", lacking.join(", "));
            let by = "planwatch".to_owned();
            let event = Event::stopping(by, false);
            self.lifecycle.say(said(self.run, Level::Warning, msg, event))?;
            return Ok(false);
        }
        let before_it = known(&self.plan)?;
        let so_far = before_it.run(self.run).map_or(Next::Nothing, |run| run.next(run.verdict));
        self.restarts = match so_far {
            Next::Restart { so_far } if self.machine.follows_policy() => so_far + 1,
            _ => 0,
        };
        let run = self.run.max(before_it.last_run()) + 1;
        // Somebody may have died between making them and saying so.
        remove_leftover(&self.plan, run)?;
        self.begin(run, words::changed(&before, &self.spec))?;
        Ok(true)
    }

    /// Does one thing.
    pub(super) fn perform(&mut self, effect: Effect) -> io::Result<()> {
        match effect {
            Effect::Say(level, msg, mut event) => {
                // Found, not made: it began to run before anybody recorded it.
                if let Event::RunSpawned { start, age_ms, .. } = &mut event
                    && self.abroad.is_some()
                {
                    *age_ms = given::age_ms(*start);
                }
                let stalled = match event {
                    Event::RunStalled { silent_ms } => Some(silent_ms),
                    _ => None,
                };
                if matches!(event, Event::RunExited { .. }) {
                    // The verdict can only come after this.
                    self.vigil = Some(Vigil::new(&self.plan, Awaited::Verdict(self.run))?);
                }
                self.lifecycle.say(said(self.run, level, msg, event))?;
                stalled.map_or(Ok(()), |silent_ms| self.tell_stall(silent_ms))
            }
            Effect::Spawn if self.spec.foreign.is_some() => self.go_abroad(),
            Effect::Spawn => {
                self.spawn();
                Ok(())
            }
            Effect::Signal { signal, tree, by, request } => {
                let processes = self.signal(signal, tree)?;
                let msg = words::signalled(signal, processes);
                let event = Event::RunSignalled { signal, processes, by, request };
                self.lifecycle.say(said(self.run, Level::Info, msg, event))
            }
            Effect::Sweep { kill } => {
                self.kills = kill;
                self.sweep()
            }
            Effect::Arm { timer, after_ms, epoch } => {
                self.timers.retain(|&(known, ..)| known != timer);
                if let Some(at) = Instant::now().checked_add(Duration::from_millis(after_ms)) {
                    self.timers.push((timer, epoch, at));
                }
                Ok(())
            }
            Effect::Reap => {
                self.to_reap = true;
                if self.lifecycle.is_waiting() { Ok(()) } else { self.reap() }
            }
            Effect::WatchStreams => {
                self.watching = true;
                if self.open_ends()? == 0 {
                    self.watching = false;
                    self.inbox.push_back(Input::StreamsEnded);
                }
                Ok(())
            }
            Effect::FindHolders => self.find_holders(),
            Effect::Listen => self.listen(),
            Effect::AwaitVerdict => {
                if self.judged {
                    self.tell_verdict()
                } else {
                    Ok(())
                }
            }
            Effect::Finish => {
                self.over = true;
                Ok(())
            }
        }
    }

    fn spawn(&mut self) {
        let token = self.token.clone().unwrap_or_default();
        match Plan::spawn(&self.plan, self.run, &self.spec, &self.env, &token) {
            Ok(process) => self.process = Some(process),
            Err(error) => self.failed(125, format!("no process could be started: {error}")),
        }
    }

    fn signal(&mut self, signal: i32, whole_tree: bool) -> io::Result<u64> {
        if !whole_tree {
            let Some(process) = &self.process else { return Ok(0) };
            // Somebody else's, it may be one that we have no power over.
            return Ok(u64::from(process.held.signal(signal).unwrap_or(false)));
        }
        self.stop_waiting()?;
        let marks = self.marks();
        if signal == libc::SIGKILL {
            return Ok(tree::kill(&marks)?.0);
        }
        let reached = tree::signal(&marks, signal)?;
        if !matches!(signal, libc::SIGSTOP | libc::SIGTSTP | libc::SIGCONT) {
            // A stopped process hears nothing until it goes on.
            tree::signal(&marks, libc::SIGCONT)?;
        }
        Ok(reached)
    }

    fn marks(&self) -> Marks {
        let kin = self.abroad.as_ref().map(|abroad| Rc::clone(&abroad.kin));
        let ours: Vec<Option<i32>> = self.ours().into_iter().map(Some).collect();
        Marks { kin, ..marks(self.process.as_ref(), self.token.as_deref(), &ours) }
    }

    /// Processes that are never part of a run.
    pub(super) fn ours(&self) -> Vec<i32> {
        let hooks = self.hooks.iter().map(|hook| hook.held.pid());
        let turn = self.turn.as_ref().and_then(Turn::pid);
        self.companion.pid().into_iter().chain(turn).chain(hooks).collect()
    }

    /// Looks who of the tree is left.
    pub(super) fn sweep(&mut self) -> io::Result<()> {
        let marks = self.marks();
        self.tree = if self.kills { tree::kill(&marks)?.1 } else { tree::members(&marks)? };
        if self.tree.is_empty() {
            self.inbox.push_back(Input::TreeGone);
        }
        Ok(())
    }

    pub(super) fn reap(&mut self) -> io::Result<()> {
        self.to_reap = false;
        match &self.process {
            Some(process) => process.reap(),
            None => Ok(()),
        }
    }

    /// How many of stdout and stderr somebody can still write to.
    pub(super) fn open_ends(&self) -> io::Result<usize> {
        self.pipes.as_ref().map_or(Ok(0), |pipes| Ok(pipes.open_ends()?.len()))
    }

    fn find_holders(&mut self) -> io::Result<()> {
        let Some(pipes) = &self.pipes else { return Ok(()) };
        let me = i32::try_from(std::process::id()).ok();
        let ours: Vec<i32> = [me, self.companion.pid()].into_iter().flatten().collect();
        let (_, pids) = pipes.holders(&ours)?;
        let of: Vec<_> = pipes.open_ends()?.into_iter().map(|(stream, _)| stream).collect();
        self.watching = false;
        self.inbox.push_back(match of.is_empty() {
            true => Input::StreamsEnded,
            false => Input::Held { of, pids },
        });
        Ok(())
    }
}
