//! Going on where a dead supervisor stopped. Nothing is ever started twice: a run that was announced
//! is found, or it is lost.

use std::io;
use std::time::{Duration, Instant};

use super::after::pause_after;
use super::drive::Supervisor;
use super::exec::PlanPid;
use super::history::{Awaited, Vigil, known};
use super::lifecycle::said;
use super::machine::{Ended, Input, Machine};
use super::run::{Pipes, Plan, markers};
use crate::fold::RunFold;
use crate::model::{Event, Level, Stamp, State};
use crate::os::host::random_token;
use crate::os::pidfd::{Pidfd, Process, start_time};
use crate::os::{given, kernel, poll, proc};
use crate::store::snapshot;

/// How long a process that holds the run's pipes may take to say that it is the plan's.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a dead supervisor left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// Nothing to do.
    Nothing,
    /// A run that is to be looked after, if only to its verdict.
    Run,
    /// A restart that was promised.
    Restart,
}

impl Supervisor {
    /// Takes over the plan's live run, if it has one. `inherited` is a pidfd of its process from
    /// somebody who held it while it lived.
    pub(super) fn take_over(&mut self, inherited: Option<Pidfd>) -> io::Result<Left> {
        self.be_heard()?;
        let fold = known(&self.plan)?;
        let Some(run) = fold.runs.iter().rev().find(|run| run.state.is_live()) else {
            return Ok(Left::Nothing);
        };
        self.run = run.run;
        if run.state == State::Restarting {
            return self.take_over_pause(&run.clone(), fold.requests.clone());
        }
        // Begun before the log is read again, so that the verdict is seen by one or the other.
        self.vigil = Some(Vigil::new(&self.plan, Awaited::Verdict(run.run))?);
        let fold = known(&self.plan)?;
        let Some(run) = fold.run(self.run).filter(|run| run.state.is_live()) else {
            self.vigil = None;
            return Ok(Left::Nothing);
        };
        self.machine = Machine::new(run.run, self.spec.stop.clone());
        let pipes = Pipes::open(&self.plan, run.run)?;
        let written: Option<PlanPid> = snapshot::load_json(&self.plan.plan_pid(run.run))?;
        let same_boot = run.boot == self.boot;
        if run.state == State::Draining {
            pipes.see_a_writer(&self.plan, run.run);
            self.token = written.filter(|_| same_boot).map(|plan| plan.token);
            self.pipes = Some(pipes);
            self.exit_told = true;
            let effects = match &run.stopping {
                Some(stopping) if run.sweeping && same_boot && !run.foreign => {
                    self.machine.resume_sweep(stopping)
                }
                _ if run.sweeping => self.machine.resume_swept(run.restart_due()),
                _ => self.machine.resume_drain(run.restart_due()),
            };
            for effect in effects {
                self.perform(effect)?;
            }
            return Ok(Left::Run);
        }
        self.pipes = Some(pipes);
        if run.foreign {
            self.machine.take_over(run.pid.is_some(), fold.requests.clone());
            self.adopt_abroad(run, inherited)?;
            if let Some(stopping) = &run.stopping {
                for effect in self.machine.resume_stop(stopping) {
                    self.perform(effect)?;
                }
            }
            return Ok(Left::Run);
        }
        if same_boot {
            self.process = self.find_plan(run, written, inherited)?;
        }
        self.go_on(run, fold.requests.clone())?;
        Ok(Left::Run)
    }

    /// Goes on with the pause before a restart. A restart that somebody asked for does not wait.
    fn take_over_pause(&mut self, run: &RunFold, requests: Vec<String>) -> io::Result<Left> {
        let asked = run.restart || run.stopping.as_ref().is_some_and(|stopping| stopping.restart);
        let Some(pause) = pause_after(run).filter(|_| !asked) else { return Ok(Left::Restart) };
        if run.boot != self.boot {
            let by = "the restart of the machine".to_owned();
            let event = Event::stopping(by, false);
            let msg = "not started again: the machine was restarted meanwhile";
            self.lifecycle.say(said(run.run, Level::Warning, msg, event))?;
            return Ok(Left::Nothing);
        }
        let gone = run.ended_at.map_or(0, |ended| millis(Stamp::now().since(ended)));
        self.machine = Machine::new(run.run, self.spec.stop.clone());
        for effect in self.machine.resume_pause(pause.after_ms.saturating_sub(gone), requests) {
            self.perform(effect)?;
        }
        Ok(Left::Run)
    }

    /// Whether the run that was taken over is over but for its verdict, and nothing follows it.
    pub(super) fn is_past(&self) -> bool {
        let lives = self.process.as_ref().is_some_and(|process| !process.held.has_ended());
        let awaited = self.abroad.is_some() && !self.exit_told && self.inbox.is_empty();
        !lives && !awaited && !self.machine.restart_due()
    }

    /// Makes sure that everything the dead supervisor said stands in the log: a FIFO keeps order.
    fn be_heard(&mut self) -> io::Result<()> {
        let id = random_token()?;
        let mark = Awaited::Adopted(id.clone());
        self.vigil = Some(Vigil::new(&self.plan, mark.clone())?);
        let run = known(&self.plan)?.last_run();
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        let event = Event::SupervisorAdopted { pid, id };
        let msg = format!("supervisor {pid} took over");
        self.lifecycle.say(said(run, Level::Warning, msg, event))?;
        self.wait_for(mark)?;
        Ok(())
    }

    fn go_on(&mut self, run: &RunFold, requests: Vec<String>) -> io::Result<()> {
        let Some(process) = &mut self.process else {
            let ended = Ended { markers: markers(&self.spec), ..Ended::default() };
            if let Some(pipes) = &self.pipes {
                pipes.see_a_writer(&self.plan, run.run);
            }
            self.inbox.push_back(Input::Exited(ended));
            return Ok(());
        };
        let Process { pid, start } = process.process;
        // Not by the log's stamps: somebody may have set the clock.
        process.before_ms = given::age_ms(start);
        let before_ms = process.before_ms;
        self.machine.take_over(run.pid.is_some(), requests);
        if run.pid.is_none() {
            self.inbox.push_back(Input::Spawned { pid, start });
        }
        if let Some(limit) = self.spec.stop.timeout_ms {
            let limit = self.machine.limit(limit.saturating_sub(before_ms));
            self.perform(limit)?;
        }
        self.watch_for_stall();
        if let Some(stopping) = &run.stopping {
            for effect in self.machine.resume_stop(stopping) {
                self.perform(effect)?;
            }
        } else {
            self.tie_again()?;
        }
        kernel::give_memory_back();
        Ok(())
    }

    /// The plan's process, alive or dead, as long as something can be known of it.
    fn find_plan(
        &mut self,
        run: &RunFold,
        mut written: Option<PlanPid>,
        inherited: Option<Pidfd>,
    ) -> io::Result<Option<Plan>> {
        let mut process = run.pid.zip(run.start).map(|(pid, start)| Process { pid, start });
        if process.is_none() && written.is_none() {
            (written, process) = self.wait_for_plan(run.run)?;
        }
        if let Some(plan) = written.filter(|plan| plan.boot == self.boot) {
            self.token = Some(plan.token);
            process = process.or(Some(Process { pid: plan.pid, start: plan.start }));
        }
        let Some(process) = process else { return Ok(None) };
        if self.token.is_none() {
            self.token = proc::given(process.pid, "PLANWATCH_RUN_TOKEN");
        }
        let held = match Pidfd::open_exact(process)? {
            Some(held) => Some(held),
            None => inherited,
        };
        Ok(held.map(|held| Plan {
            held,
            process,
            is_child: false,
            report: None,
            since: Some(Instant::now()),
            before_ms: 0,
            ooms: proc::killed_for_memory(),
        }))
    }

    /// Nobody has written who the plan is. Whoever holds its pipes is on the way to become it, and
    /// will write it, or die.
    fn wait_for_plan(&self, run: u64) -> io::Result<(Option<PlanPid>, Option<Process>)> {
        let Some(pipes) = &self.pipes else { return Ok((None, None)) };
        let me = i32::try_from(std::process::id()).unwrap_or_default();
        let limit = Instant::now() + PATIENCE;
        loop {
            let (_, holders) = pipes.holders(&[me])?;
            // Looked for after the holders: one that wrote and died in between has written.
            let written: Option<PlanPid> = snapshot::load_json(&self.plan.plan_pid(run))?;
            if written.is_some() || holders.is_empty() {
                return Ok((written, None));
            }
            if Instant::now() >= limit {
                let oldest = holders
                    .into_iter()
                    .filter_map(|pid| Some(Process { pid, start: start_time(pid)? }))
                    .min_by_key(|process| (process.start, process.pid));
                return Ok((None, oldest));
            }
            poll::wait(&mut [], Some(Duration::from_millis(10)))?;
        }
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
