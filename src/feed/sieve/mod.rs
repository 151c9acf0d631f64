//! Wanted records among many lines, the others passed over unparsed where that is possible.
//!
//! | file | holds |
//! | --- | --- |
//! | `wanted` | what must hold for a record |
//! | `tasks` | which tasks are meant |
//! | `mark` | what every wanted line shows in its bytes |
//!
//! The command line and the screen both ask in these words. What surprises: a mark never decides. A
//! line without it is not wanted, a line with it is parsed and asked.

mod mark;
mod tasks;
mod wanted;

use memchr::{memchr, memrchr};

use self::mark::Mark;
pub use self::tasks::{TaskFilter, TaskGlob};
pub use self::wanted::{Audience, Wanted};
use crate::model::Record;

/// What is wanted, and what every wanted line shows as it is stored.
#[derive(Clone, Debug, Default)]
pub struct Sieve {
    wanted: Wanted,
    mark: Option<Mark>,
}

impl Sieve {
    /// Lets through what is wanted.
    pub fn new(wanted: Wanted) -> Sieve {
        let mark = Mark::of(&wanted);
        Sieve { wanted, mark }
    }

    /// What is wanted.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Whether every line passes, parsed or not.
    pub fn is_open(&self) -> bool {
        self.wanted.is_open()
    }

    /// Where the next line that may be wanted begins and ends, from `at` on: the beginning of a
    /// line in whole lines.
    pub fn candidate(&self, lines: &[u8], at: usize) -> Option<(usize, usize)> {
        let rest = lines.get(at..)?;
        let (start, found) = match &self.mark {
            None => (at, at),
            Some(mark) => {
                let found = at + mark.find(rest)?;
                (memrchr(b'\n', &lines[at..found]).map_or(at, |end| at + end + 1), found)
            }
        };
        let end = memchr(b'\n', &lines[found..])? + found + 1;
        Some((start, end))
    }

    /// The lines that may be wanted.
    pub fn candidates<'a>(&'a self, lines: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (start, end) = self.candidate(lines, at)?;
            at = end;
            Some(&lines[start..end])
        })
    }

    /// The record, if it is wanted.
    pub fn record<'a>(&self, line: &'a [u8]) -> Option<Record<'a>> {
        Record::parse(line).ok().filter(|record| self.wanted.wants(record))
    }
}

#[cfg(test)]
mod tests;
