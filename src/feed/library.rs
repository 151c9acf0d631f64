//! Questions about one plan, each answered at once from what is on the disk.

use std::io;
use std::ops::Range;

use super::known::{Depth, known, tasks};
use super::roster::{self, Told};
use super::search::seek_last;
use super::sieve::{Sieve, TaskFilter, TaskGlob};
use super::tails::{Tails, whole};
use super::window::{Answer as Answering, Worker};
use crate::fold::{Fold, Kept};
use crate::model::{Peek, PlanName, Stamp, TaskTable};
use crate::store::layout::{Home, PlanDir};
use crate::store::prune::log_bytes;
use crate::store::reader::{Batch, Reader, Step};
use crate::store::snapshot;

/// The plans of a home.
#[derive(Clone, Debug)]
pub struct Library {
    home: Home,
}

/// Where reading begins and what it may give.
#[derive(Clone, Debug)]
pub struct Question {
    /// Records behind this seq.
    pub after: u64,
    /// At most so many.
    pub records: usize,
    /// At most about so many bytes of them.
    pub bytes: usize,
    /// At most about so many bytes are looked at.
    pub looked_at: usize,
}

/// Some records of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// As stored, each with its `\n`.
    pub lines: String,
    /// How many.
    pub records: usize,
    /// The last seq that was looked at: the next question goes on behind it.
    pub after: u64,
    /// Seqs that are missing.
    pub gaps: Vec<Range<u64>>,
    /// The log is another than the one that the cursor was of.
    pub renewed: bool,
    /// Everything there is was looked at.
    pub at_end: bool,
}

impl Library {
    /// The plans of this home.
    pub fn new(home: Home) -> Library {
        Library { home }
    }

    /// Tells of all plans whenever one changes, on a thread of its own: see [`roster::watch`].
    pub fn watch(&self, tell: impl FnMut(Told) -> bool + Send + 'static) -> io::Result<()> {
        roster::watch(self.home.clone(), |_| true, tell)
    }

    /// What reads their logs for windows, as long as it is held.
    pub fn windows(&self, tell: impl FnMut(Answering) + Send + 'static) -> io::Result<Worker> {
        Worker::start(self.home.clone(), tell)
    }

    /// The ends of their logs.
    pub fn tails(&self) -> io::Result<Tails> {
        Tails::start(self.home.clone())
    }

    /// Names of all plans, sorted.
    pub fn plans(&self) -> io::Result<Vec<PlanName>> {
        self.home.plans()
    }

    /// Whether there is such a plan.
    pub fn has(&self, plan: &PlanName) -> bool {
        self.plan(plan).exists()
    }

    fn plan(&self, plan: &PlanName) -> PlanDir {
        self.home.plan(plan)
    }

    /// All that is known of a plan, and the bytes of its log.
    pub fn facts(&self, plan: &PlanName) -> io::Result<(Fold, u64)> {
        let plan = self.plan(plan);
        Ok((known(&plan, Depth::Whole)?, log_bytes(&plan)?))
    }

    /// The tasks of a run; none if Luigi has said nothing.
    pub fn tasks(&self, plan: &PlanName, run: u64) -> io::Result<TaskTable> {
        Ok(tasks(&self.plan(plan), run)?
            .unwrap_or_else(|| TaskTable { run, ..TaskTable::default() }))
    }

    /// The tasks that are wanted, by all the names that are known of them.
    pub fn task_filter(
        &self,
        plan: &PlanName,
        globs: Vec<TaskGlob>,
        run: Option<u64>,
    ) -> io::Result<TaskFilter> {
        let mut filter = TaskFilter::new(globs);
        if filter.is_open() {
            return Ok(filter);
        }
        let plan = self.plan(plan);
        let fold = known(&plan, Depth::State)?;
        let read = run.unwrap_or_else(|| fold.last_run());
        for run in fold.runs.iter().map(|run| run.run) {
            let table = if run == read {
                tasks(&plan, run)?
            } else {
                let kept: Option<Kept> = snapshot::load_json(&plan.tasks_file(run)).ok().flatten();
                kept.map(|kept| kept.table)
            };
            filter.learn(&table.unwrap_or_default());
        }
        Ok(filter)
    }

    /// The seq of the plan's last record.
    pub fn last_seq(&self, plan: &PlanName) -> io::Result<u64> {
        Reader::open(&self.plan(plan))?.last_seq()
    }

    /// The cursor before the first record of this time or later.
    pub fn after_time(&self, plan: &PlanName, since: Stamp) -> io::Result<u64> {
        let mut reader = Reader::open(&self.plan(plan))?;
        reader.seek_time(since)?;
        Ok(reader.cursor())
    }

    /// The cursor before the n-th last record that is wanted. May look through the whole log: an error
    /// of kind `Interrupted` once nobody wants to know any more.
    pub fn after_last(
        &self,
        plan: &PlanName,
        n: u64,
        sieve: &Sieve,
        is_wanted: &dyn Fn() -> bool,
    ) -> io::Result<u64> {
        seek_last(&self.plan(plan), n, 0, sieve, is_wanted)
    }

    /// The records that are wanted.
    pub fn read(&self, plan: &PlanName, question: &Question, sieve: &Sieve) -> io::Result<Answer> {
        let mut reader = Reader::open(&self.plan(plan))?;
        let mut answer = Answer { after: question.after, ..Answer::default() };
        if question.after > reader.last_seq()? {
            (answer.renewed, answer.after) = (question.after > 0, 0);
        }
        reader.seek_after(answer.after);
        let (mut batch, mut looked_at) = (Batch::new(), 0);
        while looked_at < question.looked_at {
            match reader.read(&mut batch)? {
                Step::Lines => {
                    looked_at += batch.bytes().len();
                    if !answer.take(&batch, question, sieve) {
                        return Ok(answer);
                    }
                }
                Step::Gap { from, to } => {
                    answer.gaps.push(from..to + 1);
                    answer.after = to;
                }
                Step::Renewed => answer = Answer { renewed: true, ..Answer::default() },
                Step::End => {
                    answer.at_end = true;
                    break;
                }
            }
        }
        Ok(answer)
    }
}

impl Answer {
    /// Takes the wanted lines of a batch. False if there is no room for more.
    fn take(&mut self, batch: &Batch, question: &Question, sieve: &Sieve) -> bool {
        for line in sieve.candidates(batch.bytes()) {
            let seq = Peek::seq(line).unwrap_or(self.after + 1);
            let Some(text) = whole(line) else {
                self.gaps.push(seq..seq + 1);
                self.after = seq;
                continue;
            };
            if sieve.is_open() || sieve.record(line).is_some() {
                let full = self.records >= question.records
                    || self.records > 0 && self.lines.len() + text.len() > question.bytes;
                if full {
                    self.after = seq - 1;
                    return false;
                }
                self.lines.push_str(text);
                self.records += 1;
            }
            self.after = seq;
        }
        // Those that were passed over were looked at, too.
        self.after = batch.last().and_then(Peek::seq).unwrap_or(self.after);
        true
    }
}
