//! What follows from how a run has ended, or has fallen silent: read from the log, for the machine.

use std::io::{self, PipeWriter};

use super::drive::Supervisor;
use super::history::known;
use super::machine::{Input, Pause};
use crate::fold::{Next, RunFold};
use crate::os::child::spawn_told;
use crate::os::host;
use crate::os::kernel::{self, Exited, Which};
use crate::os::pidfd::Pidfd;
use crate::store::layout::{Home, PlanDir};
use crate::store::queue;

impl Supervisor {
    /// Tells the machine that the verdict stands in the log, and what follows.
    pub(super) fn tell_verdict(&mut self) -> io::Result<()> {
        let pause = match self.spec.restart {
            Some(_) => known(&self.plan)?.run(self.run).and_then(pause_after),
            None => None,
        };
        self.inbox.push_back(Input::VerdictLogged { pause });
        Ok(())
    }

    /// Nothing follows: whoever waits in the queue behind this plan may come, and nothing that was
    /// said may be left behind.
    pub(super) fn leave(&mut self) -> io::Result<()> {
        self.call_queue();
        self.tell_end()?;
        self.last_words()
    }

    /// The process has ended: whoever is to start what is due then gets ready while the last lines
    /// are recorded.
    pub(super) fn prepare_turn(&mut self) {
        if self.spec.plans_file.is_some() {
            self.turn = Some(Turn::prepare(&self.plan));
        }
    }

    /// What is due may start.
    fn call_queue(&mut self) {
        if self.turn.is_none() && (self.spec.plans_file.is_some() || self.is_queued()) {
            self.turn = Some(Turn::prepare(&self.plan));
        }
        if let Some(turn) = &mut self.turn {
            turn.held_back = None;
        }
    }

    /// Whether a run that was begun by hand counts as the plan's turn.
    fn is_queued(&self) -> bool {
        let queue = Home::existing(self.plan.home()).ok().flatten();
        let queue = queue.and_then(|home| queue::load(&home).ok().flatten());
        queue.is_some_and(|queue| {
            queue.entry(self.plan.name()).is_some_and(|entry| entry.stand.is_open())
        })
    }

    /// A child has ended: perhaps who was to start what is due.
    pub(super) fn turn_ended(&mut self, pid: i32, exited: Exited) {
        if let Some(turn) = &mut self.turn {
            turn.child_ended(pid, exited);
        }
    }
}

/// Somebody who starts what is due in the queue. Killed, somebody else does: the next plan shall not
/// have to wait until an operator comes by.
#[derive(Debug)]
pub(super) struct Turn {
    plan: PlanDir,
    /// Who is at it.
    pid: Option<i32>,
    /// As long as this is open, it waits: also the end of this process lets it go.
    held_back: Option<PipeWriter>,
    /// How often somebody else may still be sent.
    left: u32,
}

impl Turn {
    fn prepare(plan: &PlanDir) -> Turn {
        let mut turn = Turn { plan: plan.clone(), pid: None, held_back: None, left: 5 };
        turn.send(true);
        turn
    }

    fn send(&mut self, waits: bool) {
        let args = ["__queue".to_owned()];
        let sent = io::pipe().and_then(|(waiting, held_back)| {
            self.held_back = Some(held_back).filter(|_| waits);
            let diagnostics = self.plan.open_diagnostics().ok();
            spawn_told(self.plan.home(), &args, diagnostics, waiting)
        });
        match sent {
            Ok(child) => self.pid = i32::try_from(child.id()).ok(),
            Err(error) => {
                host::complain(&format!("nobody could be started for the queue: {error}"));
            }
        }
    }

    /// Who is at it: a child of ours that is no part of the plan.
    pub(super) fn pid(&self) -> Option<i32> {
        self.pid
    }

    fn child_ended(&mut self, pid: i32, exited: Exited) {
        if self.pid != Some(pid) {
            return;
        }
        self.pid = None;
        if matches!(exited, Exited::Signal(_)) && self.left > 0 {
            self.left -= 1;
            self.send(self.held_back.is_some());
        }
    }

    /// Stays until it is done. The plan must be given back by then: it may be the next one itself, and
    /// whoever was done before has found it taken.
    pub(super) fn see_through(mut self) -> io::Result<()> {
        self.held_back = None;
        if self.pid.is_none() {
            self.send(false);
        }
        while let Some(pid) = self.pid {
            if let Some(process) = Pidfd::open(pid, None)? {
                process.wait_for_end(None)?;
            }
            match kernel::ended_child(Which::Pid(pid), false)? {
                Some(ended) => self.child_ended(pid, ended.exited),
                None => return Ok(()),
            }
        }
        Ok(())
    }
}

/// The pause before the restart that the policy of such a run asks for.
pub(super) fn pause_after(run: &RunFold) -> Option<Pause> {
    let policy = run.policy.as_ref()?;
    let Next::Restart { so_far } = run.next(run.verdict) else { return None };
    let chance = host::random_byte().unwrap_or_default();
    Some(Pause { so_far, max: policy.max, after_ms: policy.pause_ms(so_far, chance) })
}
