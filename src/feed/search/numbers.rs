//! How many records there are, told apart by level and by task.

use memchr::memchr_iter;

use super::{Detail, OfTask, Tasks};
use crate::feed::sieve::Sieve;
use crate::model::{Level, Record, Stamp};

/// What was counted of one plan.
pub type OfPlan = Numbers;

/// Counts of one log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Records that are wanted.
    pub records: u64,
    /// Bytes of their lines as the plan wrote them. Only with [`Detail::Stats`], as what follows.
    pub bytes: u64,
    /// Time of the first and of the last.
    pub span: Option<(Stamp, Stamp)>,
    /// How many of each level; at the end those without one.
    pub levels: OfLevel,
    /// How many speak of each task.
    pub tasks: Tasks,
}

/// How many of each level, mildest first, and how many without one.
pub type OfLevel = [u64; Level::ALL.len() + 1];

impl Numbers {
    /// Counts the wanted among these lines; gives how many are no records.
    pub(super) fn count(&mut self, lines: &[u8], sieve: &Sieve, detail: Detail) -> u64 {
        if detail == Detail::Count && sieve.is_open() {
            self.records += memchr_iter(b'\n', lines).count() as u64;
            return 0;
        }
        let mut damaged = 0;
        for line in sieve.candidates(lines) {
            match Record::parse(line) {
                Ok(record) if sieve.wanted().wants(&record) => self.take(&record, detail),
                Ok(_) => {}
                Err(_) => damaged += 1,
            }
        }
        damaged
    }

    fn take(&mut self, record: &Record<'_>, detail: Detail) {
        self.records += 1;
        if detail == Detail::Count {
            return;
        }
        self.bytes += record.span().map_or(0, |(_, length)| length);
        let first = self.span.map_or(record.ts, |(first, _)| first.min(record.ts));
        let last = self.span.map_or(record.ts, |(_, last)| last.max(record.ts));
        self.span = Some((first, last));
        let column = record.level.map_or(Level::ALL.len(), |level| level as usize);
        self.levels[column] += 1;
        if let Some(name) = &record.task {
            self.tasks.count(name, OfTask::of(record.level));
        }
    }

    /// Adds what was counted elsewhere of the same log.
    pub(super) fn add(&mut self, other: Numbers) {
        self.records += other.records;
        self.bytes += other.bytes;
        self.span = match (self.span, other.span) {
            (Some(one), Some(two)) => Some((one.0.min(two.0), one.1.max(two.1))),
            (one, two) => one.or(two),
        };
        for (sum, count) in self.levels.iter_mut().zip(other.levels) {
            *sum += count;
        }
        self.tasks.add(other.tasks);
    }
}
