//! What follows from how a run has ended, or has fallen silent: read from the log, for the machine.

use std::io;

use super::drive::Supervisor;
use super::history::known;
use super::machine::{Input, Pause};
use crate::fold::{Next, RunFold};
use crate::os::child::spawn_for;
use crate::os::host;

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

    /// Starts who starts what is due.
    fn call_queue(&mut self) {
        if self.spec.plans_file.is_none() {
            return;
        }
        let args = ["__queue".to_owned()];
        if let Err(error) = spawn_for(self.plan.home(), &args, self.plan.open_diagnostics().ok()) {
            host::complain(&format!("nobody could be started for the queue: {error}"));
        }
    }
}

/// The pause before the restart that the policy of such a run asks for.
pub(super) fn pause_after(run: &RunFold) -> Option<Pause> {
    let policy = run.policy.as_ref()?;
    let Next::Restart { so_far } = run.next(run.verdict) else { return None };
    let chance = host::random_byte().unwrap_or_default();
    Some(Pause { so_far, max: policy.max, after_ms: policy.pause_ms(so_far, chance) })
}
