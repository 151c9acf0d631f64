//! Whole lines of a log, as many as one read gave.

use memchr::{memchr_iter, memrchr};

use super::backward;
use crate::model::{Event, Peek};

/// Lines that follow each other in a log. The buffer is used again for the next batch.
#[derive(Debug)]
pub struct Batch {
    pub(super) buffer: Vec<u8>,
    pub(super) filled: usize,
    /// Bytes asked for at once, unless a line is longer.
    pub(super) most: usize,
    /// How often as much was there as was asked for.
    pub(super) full: u32,
    /// Where each line ends, where that is wanted.
    ends: Option<Vec<usize>>,
}

/// Bytes asked for at once while lines are waiting.
const FULL: usize = 256 << 10;

/// After so many reads that were full, more is asked for: fresh memory costs who reads little more
/// than the system calls that it saves.
pub(super) const PATIENCE: u32 = 16;

impl Default for Batch {
    fn default() -> Batch {
        Batch::of(FULL)
    }
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// An empty batch that is filled with so many bytes at most, unless a line is longer.
    pub fn of(most: usize) -> Batch {
        Batch { buffer: Vec::new(), filled: 0, most, full: 0, ends: None }
    }

    /// The same, with the ends of its lines: they have to be counted all the same.
    pub fn with_ends(most: usize) -> Batch {
        Batch { ends: Some(Vec::new()), ..Batch::of(most) }
    }

    /// Takes lines that come from elsewhere, each with its `\n`.
    pub fn take(&mut self, lines: &[u8]) {
        self.buffer.clear();
        self.buffer.extend_from_slice(lines);
        self.filled = lines.len();
        self.count();
    }

    /// The lines, each with its `\n`. Their beginnings are known to be records; a flipped byte
    /// further on is found only by who parses them.
    pub fn lines(&self) -> impl Iterator<Item = &[u8]> {
        backward::lines(self.bytes())
    }

    /// All lines in one piece.
    pub fn bytes(&self) -> &[u8] {
        &self.buffer[..self.filled]
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.filled == 0
    }

    /// The last line.
    pub fn last(&self) -> Option<&[u8]> {
        let before = memrchr(b'\n', &self.buffer[..self.filled.checked_sub(1)?]);
        Some(&self.buffer[before.map_or(0, |at| at + 1)..self.filled])
    }

    /// Gives away the buffer that begins with the lines, and where these end if that is known, for
    /// others.
    pub fn swap(&mut self, buffer: &mut Vec<u8>, ends: &mut Vec<usize>) {
        std::mem::swap(&mut self.buffer, buffer);
        self.filled = 0;
        if let Some(own) = &mut self.ends {
            std::mem::swap(own, ends);
        }
    }

    /// Counts the lines, and keeps where they end if that is wanted.
    fn count(&mut self) -> usize {
        let lines = memchr_iter(b'\n', &self.buffer[..self.filled]);
        match &mut self.ends {
            None => lines.count(),
            Some(ends) => {
                ends.clear();
                ends.extend(lines.map(|end| end + 1));
                ends.len()
            }
        }
    }

    /// Drops the first line and says how long it was.
    pub(super) fn drop_first(&mut self) -> u64 {
        let length = memchr::memchr(b'\n', self.bytes()).map_or(self.filled, |at| at + 1);
        self.buffer.copy_within(length..self.filled, 0);
        self.filled -= length;
        length as u64
    }

    /// The seq of the last line, if the lines are exactly the ones that follow `after`.
    pub(super) fn dense_after(&mut self, after: u64) -> Option<u64> {
        let count = self.count() as u64;
        let last = Peek::seq(self.last()?)?;
        (Peek::seq(self.bytes())? == after + 1 && last == after + count).then_some(last)
    }

    /// Keeps the lines that are records with a seq above `after`, up to the first hole.
    pub(super) fn sift(&mut self, after: u64) -> Sifted {
        let mut sifted = Sifted { last: after, taken: 0, skipped: 0, hole: None };
        let mut kept = 0;
        let mut at = 0;
        while let Some(length) = memchr::memchr(b'\n', &self.buffer[at..self.filled]) {
            let end = at + length + 1;
            // Nobody writes a NUL: it stands where something is gone, be the line's beginning there.
            let torn = memchr::memchr(0, &self.buffer[at..end]).is_some();
            match Peek::seq(&self.buffer[at..end]).filter(|_| !torn) {
                None => sifted.skipped += 1,
                Some(seq) if seq <= sifted.last => {}
                Some(seq) => {
                    if seq > sifted.last + 1 && !self.gap_is_recorded(at, sifted.last, seq) {
                        sifted.hole = Some(seq);
                        break;
                    }
                    self.buffer.copy_within(at..end, kept);
                    kept += end - at;
                    sifted.last = seq;
                }
            }
            at = end;
        }
        sifted.taken = at;
        self.filled = kept;
        if self.ends.is_some() {
            self.count();
        }
        sifted
    }

    /// Whether the line at `at`, or the one after it where it only opens a segment, is the
    /// writer's own record of all that is missing between `last` and `seq`.
    fn gap_is_recorded(&self, at: usize, last: u64, seq: u64) -> bool {
        for line in backward::lines(&self.buffer[at..self.filled]).take(2) {
            match Peek::of(line).and_then(|peek| peek.event).as_deref() {
                Some("segment.opened") => {}
                Some("log.gap") => {
                    let Ok(event) = serde_json::from_slice(line) else { return false };
                    return matches!(event, Event::LogGap { from: Some(from), to: Some(to), .. }
                        if from <= last + 1 && to + 1 >= seq);
                }
                _ => return false,
            }
        }
        false
    }
}

/// What came of sifting a batch.
#[derive(Debug)]
pub(super) struct Sifted {
    /// Seq of the last line kept.
    pub(super) last: u64,
    /// Bytes looked at.
    pub(super) taken: usize,
    /// Lines that are no records.
    pub(super) skipped: u64,
    /// Seq of the line behind a hole, which was not taken.
    pub(super) hole: Option<u64>,
}
