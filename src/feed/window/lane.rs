//! One log of a view, read in one direction: what is wanted waits in a queue.

use std::collections::VecDeque;
use std::io;

use memchr::{memchr_iter, memrchr};

use super::Item;
use crate::feed::sieve::Sieve;
use crate::model::{Event, Peek, Stamp};
use crate::store::backward::Backward;
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};

/// One log, from a place on or back.
#[derive(Debug)]
pub(super) struct Lane {
    pub(super) plan: usize,
    dir: PlanDir,
    side: Side,
    /// What waits, nearest first, each with the cut on its near side.
    queue: VecDeque<(u64, Item)>,
    /// Nothing more now.
    pub(super) ended: bool,
    /// The log was begun anew since the last look.
    pub(super) renewed: bool,
    /// The time of the last record seen, for notes on missing ones.
    ts: Stamp,
}

#[derive(Debug)]
enum Side {
    Ahead(Reader),
    Behind {
        /// None until the first look.
        lines: Option<Backward>,
        /// Everything from this seq on is passed.
        upper: u64,
        /// The first lines of what is passed, for they may tell why others are missing.
        above: Vec<u8>,
    },
}

impl Lane {
    /// What comes after this seq.
    pub(super) fn ahead(plan: usize, dir: PlanDir, after: u64) -> io::Result<Lane> {
        let mut reader = Reader::open(&dir)?;
        reader.seek_after(after);
        Ok(Lane::new(plan, dir, Side::Ahead(reader)))
    }

    /// What comes before this seq or is it.
    pub(super) fn behind(plan: usize, dir: PlanDir, upto: u64) -> Lane {
        let side = Side::Behind { lines: None, upper: upto.saturating_add(1), above: Vec::new() };
        Lane::new(plan, dir, side)
    }

    fn new(plan: usize, dir: PlanDir, side: Side) -> Lane {
        let queue = VecDeque::new();
        Lane { plan, dir, side, queue, ended: false, renewed: false, ts: Stamp(0) }
    }

    pub(super) fn dir(&self) -> &PlanDir {
        &self.dir
    }

    /// Time of what comes next; None if nothing waits.
    pub(super) fn head(&self) -> Option<Stamp> {
        self.queue.front().map(|(_, item)| item.place.ts)
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        self.queue.pop_front().map(|(_, item)| item)
    }

    /// Where the next look begins, if what waits is forgotten.
    pub(super) fn cut(&self) -> u64 {
        match (self.queue.front(), &self.side) {
            (Some((cut, _)), _) => *cut,
            (None, Side::Ahead(reader)) => reader.cursor(),
            (None, Side::Behind { upper, .. }) => upper - 1,
        }
    }

    /// Reads on once. Lines that are not wanted are passed.
    pub(super) fn fill(&mut self, batch: &mut Batch, sieve: &Sieve) -> io::Result<()> {
        match &mut self.side {
            Side::Ahead(reader) => match reader.read(batch)? {
                Step::Lines => {
                    for record in sieve.candidates(batch.bytes()).filter_map(|l| sieve.record(l)) {
                        self.ts = record.ts;
                        self.queue.push_back((record.seq - 1, Item::new(self.plan, record)));
                    }
                }
                Step::Gap { from, to } => {
                    self.queue.push_back((from - 1, Item::missing(self.plan, self.ts, from, to)));
                }
                Step::Renewed => {
                    self.renewed = true;
                    self.queue.clear();
                }
                Step::End => self.ended = true,
            },
            Side::Behind { .. } => self.fill_behind(sieve)?,
        }
        Ok(())
    }

    fn fill_behind(&mut self, sieve: &Sieve) -> io::Result<()> {
        let Side::Behind { lines, upper, above } = &mut self.side else { return Ok(()) };
        let lines = match lines {
            Some(lines) => lines,
            None => lines.insert(Backward::before(&self.dir.log(), *upper)?),
        };
        let Some(block) = lines.lines()? else {
            self.ended = true;
            if *upper > 1 {
                let to = *upper - 1;
                self.queue.push_back((to, Item::missing(self.plan, self.ts, 1, to)));
                *upper = 1;
            }
            return Ok(());
        };
        if let Some(first) = dense_before(block, *upper) {
            *upper = first;
            let found: Vec<&[u8]> = sieve.candidates(block).collect();
            for record in found.into_iter().rev().filter_map(|line| sieve.record(line)) {
                self.ts = record.ts;
                self.queue.push_back((record.seq, Item::new(self.plan, record)));
            }
        } else {
            let mut end = block.len();
            while end > 0 {
                let start = memrchr(b'\n', &block[..end - 1]).map_or(0, |before| before + 1);
                let line = &block[start..end];
                end = start;
                let Some(seq) = Peek::seq(line).filter(|seq| *seq < *upper) else { continue };
                let (from, to) = (seq + 1, *upper - 1);
                if from <= to
                    && !(tells_gap(&block[end + line.len()..], from, to)
                        || tells_gap(above, from, to))
                {
                    self.queue.push_back((to, Item::missing(self.plan, self.ts, from, to)));
                }
                *upper = seq;
                if let Some(record) = sieve.record(line) {
                    self.ts = record.ts;
                    self.queue.push_back((record.seq, Item::new(self.plan, record)));
                }
            }
        }
        above.clear();
        above.extend_from_slice(first_two(block));
        Ok(())
    }
}

/// The seq of the first line, if the lines are exactly those before `upper`.
fn dense_before(lines: &[u8], upper: u64) -> Option<u64> {
    let count = memchr_iter(b'\n', lines).count() as u64;
    let first = Peek::seq(lines)?;
    let last = memrchr(b'\n', &lines[..lines.len().checked_sub(1)?]).map_or(0, |at| at + 1);
    (first + count == upper && Peek::seq(&lines[last..])? + 1 == upper).then_some(first)
}

fn first_two(lines: &[u8]) -> &[u8] {
    let end = memchr_iter(b'\n', lines).nth(1).or_else(|| memrchr(b'\n', lines));
    &lines[..end.map_or(0, |end| end + 1)]
}

/// Whether one of the first two lines is the writer's own record of these missing ones.
fn tells_gap(lines: &[u8], from: u64, to: u64) -> bool {
    first_two(lines).split_inclusive(|&b| b == b'\n').any(|line| {
        let told = Peek::of(line).and_then(|peek| peek.event).is_some_and(|kind| kind == "log.gap");
        told && matches!(
            serde_json::from_slice(line),
            Ok(Event::LogGap { from: Some(first), to: Some(last), .. })
                if first <= from && last >= to
        )
    })
}
