//! The tie between a run and the command that started it: the end of one is the end of the other.

use std::io;

use super::drive::Supervisor;
use super::launch::Tied;
use crate::os::pidfd::Pidfd;
use crate::store::snapshot;

impl Supervisor {
    /// Ties the run that begins to who asked for that. A run that follows by a restart is tied to
    /// nobody.
    pub(super) fn tie_new_run(&mut self) -> io::Result<()> {
        self.tie = None;
        let Some(tied) = self.tied_to.take() else { return Ok(()) };
        snapshot::save_json(&self.plan.tie(self.run), &tied, false)?;
        self.tie_to(tied)
    }

    /// Ties the run again as a dead supervisor had.
    pub(super) fn tie_again(&mut self) -> io::Result<()> {
        match snapshot::load_json(&self.plan.tie(self.run))? {
            Some(tied) => self.tie_to(tied),
            None => Ok(()),
        }
    }

    fn tie_to(&mut self, tied: Tied) -> io::Result<()> {
        self.tie = Pidfd::open(tied.pid, Some(tied.start))?;
        if self.tie.is_none() {
            self.cut_tie();
        }
        Ok(())
    }

    /// The command has ended.
    pub(super) fn cut_tie(&mut self) {
        self.tie = None;
        self.stop_by("the end of the command it was tied to");
    }
}
