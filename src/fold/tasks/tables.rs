//! The tables of the runs that may still say something: beside the fold, not in it, for a table may
//! be larger than any record.

use super::Tasks;
use crate::model::Stamp;

/// The tables that are at hand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    open: Vec<Tasks>,
    /// Runs of whose tasks something was said while their table was not at hand.
    missed: Vec<u64>,
    /// Whether tables are kept at all.
    pub(in super::super) keeps: bool,
    /// Something was said since the fold was last told.
    pub(in super::super) news: bool,
}

impl Tables {
    /// The table of a run, if it is at hand.
    pub fn of(&self, run: u64) -> Option<&Tasks> {
        self.open.iter().find(|tasks| tasks.run() == run)
    }

    /// The same, for what is said of its tasks.
    #[inline]
    pub(in super::super) fn hearing(&mut self, run: u64) -> Option<&mut Tasks> {
        let found = self.open.iter().position(|tasks| tasks.run() == run);
        if found.is_none() && self.keeps && !self.missed.contains(&run) {
            self.missed.push(run);
        }
        self.news = true;
        found.map(|at| &mut self.open[at])
    }

    /// From here on the runs that begin get their tables. Only for who takes every record.
    pub fn keep(&mut self) {
        self.keeps = true;
    }

    /// A run begins.
    pub(in super::super) fn begin(&mut self, run: u64) {
        if self.keeps {
            self.attach(Tasks::new(run, false));
        }
    }

    /// A run has ended.
    pub(in super::super) fn cut(&mut self, run: u64, ts: Stamp, seq: u64, well: bool) {
        if let Some(tasks) = self.open.iter_mut().find(|tasks| tasks.run() == run) {
            self.news |= tasks.cut(ts, seq, well);
        }
    }

    /// Gives up the tables of all other runs.
    pub(in super::super) fn retain(&mut self, wanted: impl Fn(u64) -> bool) {
        self.open.retain(|tasks| wanted(tasks.run()));
    }

    /// Puts a table here that knows all that was said.
    pub fn attach(&mut self, mut tasks: Tasks) {
        // From here on the fold's own streams know.
        tasks.listen(Vec::new());
        let run = tasks.run();
        self.release(run);
        self.missed.retain(|missed| *missed != run);
        self.open.push(tasks);
        self.news = true;
    }

    /// Gives a table up.
    pub fn release(&mut self, run: u64) {
        self.open.retain(|tasks| tasks.run() != run);
    }

    /// Runs whose table is at hand.
    pub fn runs(&self) -> impl Iterator<Item = u64> {
        self.open.iter().map(Tasks::run)
    }

    /// Runs of whose tasks more was said than the fold knows.
    pub fn missed(&self) -> &[u64] {
        &self.missed
    }

    pub(in super::super) fn of_mut(&mut self, run: u64) -> Option<&mut Tasks> {
        self.open.iter_mut().find(|tasks| tasks.run() == run)
    }
}
