//! One stretch of one log: its wanted lines, with those around them.

use std::collections::HashSet;
use std::io;

use memchr::{memchr, memchr_iter};

use super::numbers::Numbers;
use super::{Search, Stretch, What};
use crate::feed::Source;
use crate::model::{Peek, Record};
use crate::store::reader::{Batch, Step};

/// Bytes read at once where many logs wait for each other.
const SMALL: usize = 64 << 10;

/// A stretch being read.
pub(super) struct Strain<'s> {
    search: &'s Search,
    reader: Box<dyn Source>,
    batch: Batch,
    sought: u64,
    upto: u64,
    /// So many bytes of the batch are given as they are; None if what was found is.
    whole: Option<usize>,
    /// Wanted lines of the last batch.
    found: Vec<u8>,
    /// The last lines before the batch, as many as may be given with the next wanted one.
    before: Vec<u8>,
    /// Lines that are still to be given behind the last wanted one.
    owed: usize,
    /// Something has been given, and lines have been passed over since.
    apart: (bool, bool),
    seen: HashSet<u64>,
    damaged: u64,
    pub(super) numbers: Numbers,
}

impl<'s> Strain<'s> {
    pub(super) fn new(search: &'s Search, stretch: &Stretch) -> io::Result<Strain<'s>> {
        let reader = stretch.log.read_after(stretch.after)?;
        Ok(Strain {
            search,
            reader,
            batch: Batch::new(),
            sought: stretch.sought,
            upto: stretch.upto,
            whole: None,
            found: Vec::new(),
            before: Vec::new(),
            owed: 0,
            apart: (false, false),
            seen: HashSet::new(),
            damaged: 0,
            numbers: Numbers::default(),
        })
    }

    /// One of many that wait for each other.
    pub(super) fn small(search: &'s Search, stretch: &Stretch) -> io::Result<Strain<'s>> {
        Ok(Strain { batch: Batch::with_ends(SMALL), ..Strain::new(search, stretch)? })
    }

    /// Reads on; None at the end. What is given may be no lines at all.
    pub(super) fn next(&mut self) -> io::Result<Option<What<'_>>> {
        if self.reader.cursor() >= self.upto {
            return Ok(None);
        }
        let mut batch = std::mem::take(&mut self.batch);
        self.found.clear();
        let step = self.reader.read(&mut batch)?;
        let lines = match step {
            Step::Lines => upto(batch.bytes(), self.reader.cursor(), self.upto),
            _ => &[],
        };
        let search = self.search;
        self.whole = None;
        if search.sieve.is_open() && search.numbers.is_none() && !search.first_of_run {
            self.whole = Some(lines.len());
        } else {
            self.strain(lines);
        }
        self.batch = batch;
        Ok(match step {
            Step::Lines => Some(What::Lines(self.lines())),
            Step::Gap { from, to } => Some(What::Gap { from, to: to.min(self.upto) }),
            Step::Renewed => Some(What::Renewed),
            Step::End => None,
        })
    }

    /// The lines last given.
    pub(super) fn lines(&self) -> &[u8] {
        match self.whole {
            Some(length) => &self.batch.bytes()[..length],
            None => &self.found,
        }
    }

    /// Gives away the lines last given, and where they end, for other buffers.
    pub(super) fn give_lines(&mut self, to: &mut Vec<u8>, ends: &mut Vec<usize>) {
        match self.whole.take() {
            Some(length) => {
                self.batch.swap(to, ends);
                to.truncate(length);
                ends.truncate(ends.partition_point(|end| *end <= length));
            }
            None => {
                std::mem::swap(&mut self.found, to);
                ends.clear();
                ends.extend(memchr_iter(b'\n', to).map(|end| end + 1));
            }
        }
    }

    fn strain(&mut self, lines: &[u8]) {
        let (before, after) = self.search.around;
        if let Some(detail) = self.search.numbers {
            self.damaged += self.numbers.count(lines, &self.search.sieve, detail);
            return;
        }
        // Up to here lines were given or are known not to be.
        let mut done = 0;
        let mut at = 0;
        loop {
            while self.owed > 0 && at < lines.len() {
                at += self.follow_on(&lines[at..], after);
                done = at;
            }
            let Some((start, end)) = self.search.sieve.candidate(lines, at) else { break };
            at = end;
            let line = &lines[start..end];
            let Ok(record) = Record::parse(line) else {
                self.damaged += 1;
                continue;
            };
            let is_sought = record.seq > self.sought;
            let wanted = self.search.sieve.wanted();
            if !is_sought || !wanted.wants(&record) || !self.is_first(&record) {
                continue;
            }
            if before > 0 || after > 0 {
                self.lead_up(&lines[done..start], before);
            }
            self.found.extend_from_slice(line);
            (self.owed, done, self.apart) = (after, end, (true, false));
        }
        if before > 0 || after > 0 {
            self.remember(&lines[done..], before);
        }
    }

    fn is_first(&mut self, record: &Record<'_>) -> bool {
        !self.search.first_of_run || self.seen.insert(record.run)
    }

    /// Gives the next line if it is among those that are looked at, as one behind a wanted one. How
    /// long it is.
    fn follow_on(&mut self, lines: &[u8], after: usize) -> usize {
        let end = memchr(b'\n', lines).map_or(lines.len(), |end| end + 1);
        let line = &lines[..end];
        let Ok(record) = Record::parse(line) else {
            self.damaged += 1;
            return end;
        };
        let wanted = self.search.sieve.wanted();
        if wanted.wants(&record) && self.is_first(&record) {
            self.owed = after;
        } else if wanted.reaches(&record) {
            self.owed -= 1;
        } else {
            return end;
        }
        self.found.extend_from_slice(line);
        end
    }

    /// Gives the last `count` lines of those passed over before a wanted one.
    fn lead_up(&mut self, passed: &[u8], count: usize) {
        self.remember(passed, count);
        if self.apart == (true, true) {
            self.found.push(b'\n');
        }
        self.found.append(&mut self.before);
    }

    /// Keeps the last `count` lines of those passed over that are among those that are looked at.
    fn remember(&mut self, passed: &[u8], count: usize) {
        let wanted = self.search.sieve.wanted();
        let reached = |line: &[u8]| Record::parse(line).is_ok_and(|record| wanted.reaches(&record));
        let (mut end, mut missing) = (passed.len(), count);
        let mut kept = Vec::new();
        while end > 0 {
            let start = memchr::memrchr(b'\n', &passed[..end - 1]).map_or(0, |at| at + 1);
            if reached(&passed[start..end]) {
                // One more than is given tells that something is left out.
                if missing == 0 {
                    self.apart.1 = true;
                    break;
                }
                kept.push(&passed[start..end]);
                missing -= 1;
            }
            end = start;
        }
        let mut old = std::mem::take(&mut self.before);
        let lines: Vec<&[u8]> = old.split_inclusive(|&byte| byte == b'\n').collect();
        if lines.len() > missing {
            self.apart.1 = true;
        }
        let from: usize =
            lines[..lines.len().saturating_sub(missing)].iter().map(|line| line.len()).sum();
        old.drain(..from);
        old.extend(kept.into_iter().rev().flatten());
        self.before = old;
    }

    /// Lines that are no records, so far.
    pub(super) fn skipped(&self) -> u64 {
        self.reader.skipped() + self.damaged
    }
}

/// The lines up to this seq; `last` is that of the last one.
fn upto(lines: &[u8], last: u64, upto: u64) -> &[u8] {
    if last <= upto {
        return lines;
    }
    let mut at = 0;
    for line in lines.split_inclusive(|&byte| byte == b'\n') {
        if Peek::seq(line).is_some_and(|seq| seq > upto) {
            break;
        }
        at += line.len();
    }
    &lines[..at]
}
