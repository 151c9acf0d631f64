//! The tasks of one run as of now, and from then on record by record.

use std::io;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::known::rebuilt;
use super::{Depth, known};
use crate::fold::{Rebuild, Tasks};
use crate::model::{Record, Stamp, TaskTable};
use crate::store::layout::PlanDir;

/// The table of a run that may go on.
#[derive(Debug)]
pub struct LiveTable {
    rebuild: Rebuild,
    cursor: u64,
}

static MARKS: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| Rebuild::MARKS.iter().map(|mark| Finder::new(*mark)).collect());

impl LiveTable {
    /// The table as of now.
    pub fn of(plan: &PlanDir, run: u64) -> io::Result<LiveTable> {
        let fold = known(plan, Depth::State)?;
        let over = fold.run(run).filter(|known| known.exit.is_some());
        let upto = over.map_or(u64::MAX, |known| known.last_seq);
        let (rebuild, cursor) = match rebuilt(plan, &fold, run, upto)? {
            Some(rebuilt) => rebuilt,
            None => (Rebuild::from(Tasks::new(run, false).kept().clone()), 0),
        };
        Ok(LiveTable { rebuild, cursor })
    }

    /// The table.
    pub fn table(&self) -> &TaskTable {
        self.rebuild.tasks().table()
    }

    /// Where in the table a task of this name or id is.
    pub fn place(&self, task: &str) -> Option<usize> {
        self.rebuild.tasks().place(task)
    }

    /// Seq of the last record that was known to [`LiveTable::of`]: go on behind it.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Records were missed.
    pub fn lost_some(&mut self) {
        self.rebuild.lost_some();
    }

    /// Whether the last task that failed may still be explained by the lines that follow.
    pub fn is_listening(&self) -> bool {
        self.rebuild.is_listening()
    }

    /// Takes the next record. The task it speaks of, by the name it has there, and when; no name
    /// where the table may have changed without one; None where it has not changed.
    pub fn line(&mut self, line: &[u8]) -> Option<(String, Stamp)> {
        if !self.is_listening() && !MARKS.iter().any(|mark| mark.find(line).is_some()) {
            return None;
        }
        let record = Record::parse(line).ok().filter(|record| record.run == self.table().run)?;
        self.rebuild.record(&record);
        Some((record.task.as_deref().unwrap_or_default().to_owned(), record.ts))
    }
}
