//! Everything that is wanted of some logs as they are now, in order, as fast as the disk gives it.
//!
//! | file | holds |
//! | --- | --- |
//! | `strain` | one stretch of one log: its wanted lines, with those around them |
//! | `numbers` | how many there are, instead of the lines |
//! | `tasks` | how many speak of which task |
//! | `pool` | one log, its segments read side by side and given in order |
//! | `merge` | several logs as one, in the order of time |
//! | `times` | when the lines of a block were written |
//! | `tournament` | which of many comes next |
//! | `last` | where the last n wanted records of a log begin |
//!
//! Uses `sieve` and the readers of `store`. What surprises: what is given are the stored lines, and
//! they have been asked already, so whoever prints them asks nothing again; memory does not grow
//! with the logs, for whoever is ahead waits until what it found has been taken.

mod last;
mod merge;
mod numbers;
mod pool;
mod strain;
mod tasks;
mod times;
mod tournament;

use std::io;
use std::sync::Arc;

pub use last::{lead_up, seek_last};
pub use numbers::{Numbers, OfLevel, OfPlan};
pub use tasks::{Apart, OfTask, Tasks};

use super::Log;
use super::sieve::Sieve;

/// A stretch of a plan's log.
#[derive(Clone, Debug)]
pub struct Stretch {
    /// The log.
    pub log: Arc<dyn Log>,
    /// Only records with a greater seq.
    pub after: u64,
    /// What stands between that and this seq is given around others only.
    pub sought: u64,
    /// Only records up to this seq.
    pub upto: u64,
}

/// What is looked for, and what of it is given.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// What is wanted.
    pub sieve: Sieve,
    /// So many records before and after each wanted one are given too.
    pub around: (usize, usize),
    /// Of each run only the first that is wanted.
    pub first_of_run: bool,
    /// Numbers instead of lines: whether they are told apart by level and task.
    pub numbers: Option<Detail>,
    /// How many processors may be used.
    pub threads: usize,
}

/// How numbers are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Not at all.
    Count,
    /// By level and by task.
    Stats,
}

/// Something of one log.
#[derive(Debug)]
pub struct Found<'a> {
    /// The log: its place among the stretches.
    pub plan: usize,
    /// What.
    pub what: What<'a>,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What<'a> {
    /// Wanted lines, each with its `\n`. With lines around them, an empty line stands between
    /// those that do not follow each other.
    Lines(&'a [u8]),
    /// These records are missing.
    Gap {
        /// First missing seq.
        from: u64,
        /// Last missing seq.
        to: u64,
    },
    /// The log was removed and begun anew while it was read.
    Renewed,
}

/// What is told at the end.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Lines that are no records.
    pub skipped: u64,
    /// What was counted, of each log.
    pub numbers: Vec<Numbers>,
}

impl Search {
    /// Looks through the stretches. `give` is called for everything that is found, in order: that
    /// of one log by seq, that of several by time. What it fails with ends the search.
    pub fn run<E: From<io::Error>>(
        &self,
        stretches: &[Stretch],
        give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
    ) -> Result<Tally, E> {
        if self.numbers.is_none() && stretches.len() > 1 {
            return merge::run(self, stretches, give);
        }
        pool::run(self, stretches, give)
    }

    /// Whether a log can be read in parts, each knowing nothing of the others.
    pub fn parts(&self) -> bool {
        self.around == (0, 0) && !self.first_of_run && !self.sieve.is_open()
            || self.numbers.is_some()
    }
}

#[cfg(test)]
mod tests;
