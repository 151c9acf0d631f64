//! The tasks of one run as of now, and from then on record by record.

use std::io;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::known::rebuilt;
use super::{Depth, known};
use crate::fold::{Rebuild, Tasks};
use crate::model::{Record, Stamp, Stream, TaskTable};
use crate::store::layout::PlanDir;

/// What a record changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changed {
    /// The task of this name or id.
    Task(String),
    /// Any.
    Any,
    /// Nothing but what was still to be said of tasks that failed before.
    Explained,
}

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

    /// Takes the next record, and says what has changed in the table, and when. While a traceback
    /// goes by that is nothing: it costs no look at the whole table for each of its lines.
    pub fn line(&mut self, line: &[u8]) -> Option<(Changed, Stamp)> {
        let listened = self.is_listening();
        if !listened && !MARKS.iter().any(|mark| mark.find(line).is_some()) {
            return None;
        }
        let record = Record::parse(line).ok().filter(|record| record.run == self.table().run)?;
        let changed = self.rebuild.record(&record, line);
        let told = listened && !self.is_listening();
        let is_ours = matches!(record.stream, Stream::Planwatch | Stream::Events);
        let what = match record.task.as_deref() {
            Some(task) if changed => Changed::Task(task.to_owned()),
            None if changed && is_ours => Changed::Any,
            _ if changed || told => Changed::Explained,
            _ => return None,
        };
        Some((what, record.ts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Head, Text, encode_text};
    use crate::store::layout::Home;

    #[test]
    fn the_lines_of_a_traceback_are_no_news_but_the_one_that_explains_and_its_end() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let mut live = LiveTable::of(&plan, 1).unwrap();
        let head = Head::new(plan.name(), 1, "stderr");
        let mut say = |seq, event: Option<&str>, said: &str| {
            let mut line = Vec::new();
            let task = event.map(|event| ("F()", event));
            let text = Text { bytes: said.as_bytes(), task, ..Text::default() };
            encode_text(&mut line, &head, &Stamp(0).text(), seq, &text);
            live.line(&line).map(|(what, _)| what)
        };
        let task = Some(Changed::Task("F()".to_owned()));
        assert_eq!(say(1, Some("started"), "INFO: [pid 1] Worker w running   F()"), task);
        assert_eq!(say(2, Some("failed"), "ERROR: [pid 1] Worker w failed    F()"), task);
        assert_eq!(say(3, None, "Traceback (most recent call last):"), None);
        assert_eq!(say(4, None, "  File \"x.py\", line 1, in run"), None);
        assert_eq!(say(5, None, "ValueError: 3"), Some(Changed::Explained));
        assert_eq!(say(6, None, "more of its message"), None);
        assert_eq!(say(7, None, "INFO: on it goes"), Some(Changed::Explained));
        assert_eq!(say(8, None, "INFO: and on"), None);
    }
}
