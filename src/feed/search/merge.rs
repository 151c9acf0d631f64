//! Several logs as one, in the order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::io;

use memchr::memchr;

use super::numbers::Numbers;
use super::strain::Strain;
use super::{Found, Search, Stretch, Tally, What};
use crate::model::{Peek, Stamp};

/// The time of a lane's next line, and which lane: of equal times the first plan comes first.
type Head = Reverse<([u8; Stamp::LEN], usize)>;

/// One log on its way.
struct Lane<'s> {
    strain: Strain<'s>,
    /// Lines that wait; those before `at` have been given.
    lines: Vec<u8>,
    at: usize,
}

pub(super) fn run<E: From<io::Error>>(
    search: &Search,
    stretches: &[Stretch],
    give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
) -> Result<Tally, E> {
    let mut lanes = Vec::with_capacity(stretches.len());
    let mut heads: BinaryHeap<Head> = BinaryHeap::with_capacity(stretches.len());
    for (plan, stretch) in stretches.iter().enumerate() {
        let strain = Strain::small(search, stretch)?;
        let mut lane = Lane { strain, lines: Vec::new(), at: 0 };
        heads.extend(lane.fill(plan, give)?.map(|ts| Reverse((ts, plan))));
        lanes.push(lane);
    }
    while let Some(Reverse((_, plan))) = heads.peek().copied() {
        let second = second(&heads);
        let lane = &mut lanes[plan];
        let (from, next) = lane.take(second);
        give(Found { plan, what: What::Lines(&lane.lines[from..lane.at]) })?;
        let next = match next {
            None => lane.fill(plan, give)?,
            next => next,
        };
        if let Some(mut head) = heads.peek_mut() {
            match next {
                Some(ts) => *head = Reverse((ts, plan)),
                None => drop(PeekMut::pop(head)),
            }
        }
    }
    let skipped = lanes.iter().map(|lane| lane.strain.skipped()).sum();
    Ok(Tally { skipped, numbers: vec![Numbers::default(); stretches.len()] })
}

/// The head that comes after the first: one of the two below the top of the heap.
fn second(heads: &BinaryHeap<Head>) -> Option<([u8; Stamp::LEN], usize)> {
    heads.as_slice().get(1..3.min(heads.len()))?.iter().max().map(|Reverse(head)| *head)
}

impl Lane<'_> {
    /// Reads until lines wait; their time, or None at the end. What else is found is given at once.
    fn fill<E: From<io::Error>>(
        &mut self,
        plan: usize,
        give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
    ) -> Result<Option<[u8; Stamp::LEN]>, E> {
        self.at = 0;
        self.lines.clear();
        loop {
            match self.strain.next()? {
                None => return Ok(None),
                Some(What::Lines(b"")) => {}
                Some(What::Lines(lines)) => {
                    self.lines.extend_from_slice(lines);
                    return Ok(Some(head(lines).unwrap_or([0; Stamp::LEN])));
                }
                Some(what) => give(Found { plan, what })?,
            }
        }
    }

    /// Passes over the lines up to where another lane's come first. Where they begin, and the time
    /// of the line behind them.
    fn take(
        &mut self,
        second: Option<([u8; Stamp::LEN], usize)>,
    ) -> (usize, Option<[u8; Stamp::LEN]>) {
        let from = self.at;
        loop {
            let rest = &self.lines[self.at..];
            // An empty line in front belongs to the line behind it.
            let empty = usize::from(rest.first() == Some(&b'\n'));
            let end = memchr(b'\n', &rest[empty..]).map_or(rest.len(), |end| empty + end + 1);
            self.at += end;
            let rest = &self.lines[self.at..];
            if rest.is_empty() {
                return (from, None);
            }
            let ts = head(rest).unwrap_or([0; Stamp::LEN]);
            if second.is_some_and(|(other, _)| ts > other) {
                return (from, Some(ts));
            }
        }
    }
}

/// The time of the first line.
fn head(lines: &[u8]) -> Option<[u8; Stamp::LEN]> {
    let lines = lines.strip_prefix(b"\n").unwrap_or(lines);
    Peek::place(lines).map(|(ts, _)| ts)
}
