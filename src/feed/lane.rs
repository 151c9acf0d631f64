//! One plan's log on its way to a follower: what is read, what is given, and where it ends.

use std::io;

use super::known::{known, said};
use super::vigil::{Found, Vigil};
use super::{Depth, Source};
use crate::fold::{Fold, RunFold};
use crate::model::{Peek, Stamp};
use crate::os::deaths::Deaths;
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};

/// Where following a plan ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At the last record there is now.
    Now,
    /// At the verdict of this run, which may be still to come.
    Run(u64),
    /// At the verdict of this run, or of the last that follows it by the plan's own restarts.
    Last(u64),
    /// When its runs have ended and none is due.
    Ended,
    /// Nowhere.
    Never,
}

/// What waits to be given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pending {
    Nothing,
    /// Bytes of the batch from `given` on.
    Lines,
    Gap {
        from: u64,
        to: u64,
    },
    Renewed,
    Stopped,
}

#[derive(Debug)]
pub(super) struct Lane {
    /// Where it is on this machine.
    pub(super) here: Option<PlanDir>,
    pub(super) fold: Fold,
    pub(super) source: Box<dyn Source>,
    pub(super) pending: Pending,
    /// Time of the first line that waits.
    pub(super) head: [u8; Stamp::LEN],
    pub(super) done: bool,
    batch: Batch,
    given: usize,
    /// End of what may be given of the batch.
    limit: usize,
    until: Until,
    /// The last seq to be given, once it is known.
    goal: Option<u64>,
    at_end: bool,
    vigil: Vigil,
}

impl Lane {
    /// A log of this machine.
    pub(super) fn here(plan: PlanDir, reader: Reader, until: Until) -> io::Result<Lane> {
        let fold = known(&plan, Depth::State)?;
        Ok(Lane { here: Some(plan), ..Lane::new(fold, Box::new(reader), until) })
    }

    /// A log of which this is known, that somebody else looks after.
    pub(super) fn new(fold: Fold, source: Box<dyn Source>, until: Until) -> Lane {
        let goal = goal(&fold, until);
        let done = goal.is_some_and(|goal| source.cursor() >= goal);
        Lane {
            here: None,
            fold,
            source,
            pending: Pending::Nothing,
            head: [0; Stamp::LEN],
            done,
            batch: Batch::new(),
            given: 0,
            limit: 0,
            until,
            goal,
            at_end: false,
            vigil: Vigil::new(),
        }
    }

    /// The folder or one of the processes may have changed.
    pub(super) fn wake(&mut self, death: bool) {
        self.at_end = false;
        if death {
            self.vigil.expect_news();
        }
    }

    /// Reads until something waits to be given or the end is reached. With `deaths`, the log of a
    /// live run is kept alive.
    pub(super) fn fill(&mut self, deaths: Option<&Deaths>) -> io::Result<()> {
        while self.pending == Pending::Nothing && !self.done && !self.at_end {
            match self.source.read(&mut self.batch)? {
                Step::Lines => {
                    self.see();
                    self.show_head(0);
                }
                Step::Gap { from, to } => {
                    self.pending = Pending::Gap { from, to };
                    self.done = self.goal.is_some_and(|goal| to >= goal);
                }
                Step::Renewed => {
                    self.fold = Fold::new(self.fold.plan.clone());
                    self.goal = None;
                    self.pending = Pending::Renewed;
                }
                Step::End => {
                    self.at_end = true;
                    let ends = self.goal.is_some() || self.until == Until::Now;
                    self.done = ends && self.source.is_at_end();
                    if let (false, true, Some(deaths)) = (self.done, self.fold.is_live(), deaths) {
                        self.keep_alive(deaths)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn keep_alive(&mut self, deaths: &Deaths) -> io::Result<()> {
        let Some(plan) = &self.here else { return Ok(()) };
        match self.vigil.look(plan, deaths, self.source.cursor())? {
            Found::Somebody => {}
            Found::ReadAgain => self.at_end = false,
            Found::Nobody => (self.pending, self.done) = (Pending::Stopped, true),
        }
        Ok(())
    }

    /// Takes in what planwatch said in the batch, and finds out where giving ends.
    fn see(&mut self) {
        self.limit = self.batch.bytes().len();
        let Lane { batch, fold, until, goal, .. } = self;
        said(batch.bytes(), |record, line, _| {
            if record.seq <= fold.seq {
                return true;
            }
            fold.record(record, line);
            // A promised restart that is taken back ends it too.
            let taken_back = record.event.as_deref() == Some("run.stopping");
            let over = (taken_back || record.event.as_deref() == Some("run.verdict"))
                && match until {
                    Until::Run(run) => *run == record.run && !taken_back,
                    Until::Last(run) => {
                        let repeats = fold.run(record.run).is_some_and(RunFold::repeats_itself);
                        record.run >= *run && !repeats && !(taken_back && fold.is_live())
                    }
                    Until::Ended => !fold.is_live(),
                    Until::Now | Until::Never => false,
                };
            if over {
                *goal = Some(record.seq);
            }
            !over
        });
        let Some(goal) = self.goal.filter(|goal| self.source.cursor() >= *goal) else { return };
        self.done = true;
        let mut end = 0;
        for line in self.batch.lines() {
            if Peek::seq(line).is_some_and(|seq| seq > goal) {
                break;
            }
            end += line.len();
        }
        self.limit = end;
    }

    /// Lines that wait are given from `given` on.
    fn show_head(&mut self, given: usize) {
        self.given = given;
        self.pending = if given < self.limit { Pending::Lines } else { Pending::Nothing };
        if self.pending == Pending::Lines
            && let Some((ts, _)) = Peek::place(self.waiting())
        {
            self.head = ts;
        }
    }

    fn waiting(&self) -> &[u8] {
        &self.batch.bytes()[self.given..self.limit]
    }

    /// The lines that wait, those after `before` left for later.
    pub(super) fn take_lines(&mut self, before: Option<[u8; Stamp::LEN]>) -> &[u8] {
        let from = self.given;
        let to = match before {
            None => self.limit,
            Some(before) => {
                let mut at = from;
                while at < self.limit
                    && Peek::place(&self.batch.bytes()[at..self.limit])
                        .is_none_or(|(ts, _)| ts <= before)
                {
                    let rest = &self.batch.bytes()[at..self.limit];
                    at += memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
                }
                at
            }
        };
        self.show_head(to);
        &self.batch.bytes()[from..to]
    }

    /// The last seq that was given, once nothing is pending.
    pub(super) fn cursor(&self) -> u64 {
        let read = self.source.cursor();
        self.goal.filter(|_| self.done).map_or(read, |goal| goal.min(read))
    }

    /// Whether something that is there already has still to arrive.
    pub(super) fn owes(&self) -> bool {
        self.pending == Pending::Nothing && !self.done && !self.source.is_at_end()
    }

    /// Whether nothing more will come.
    pub(super) fn is_over(&self) -> bool {
        self.done && self.pending == Pending::Nothing
    }
}

/// The last seq to be given, where it is known beforehand.
fn goal(fold: &Fold, until: Until) -> Option<u64> {
    match until {
        Until::Now => Some(fold.seq),
        Until::Last(run) if fold.is_live() || run > fold.last_run() => None,
        Until::Last(_) => Some(fold.seq),
        Until::Ended => (!fold.runs.is_empty() && !fold.is_live()).then_some(fold.seq),
        Until::Run(run) => match fold.run(run) {
            Some(known) => known.exit.map(|_| known.last_seq),
            // So long ago that it is not remembered, or still to come.
            None => (run <= fold.last_run()).then_some(fold.seq),
        },
        Until::Never => None,
    }
}
