//! Reads one plan's log from any cursor and goes on as it grows: across rotation, pruning, crashes,
//! truncation and the loss of the whole folder, every record once, in order, or a named gap.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::backward::Backward;
pub use super::batch::Batch;
use super::batch::PATIENCE;
use super::layout::PlanDir;
use super::search::{Place, before_steps, newest_before, newest_opened, partition};
use super::segment::SegmentFile;
use super::segments;
use crate::model::{Peek, Stamp};

/// Bytes asked for at once by a reader that has caught up.
const SMALL: usize = 64 << 10;
/// A line longer than this is damage: no writer makes one.
const LONGEST: usize = 4 << 20;

/// Longer than inode times may lag behind.
const TICK_MICROS: i64 = 100_000;

/// What one read gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The batch holds lines.
    Lines,
    /// These records are not there any more, or never were.
    Gap {
        /// First missing seq.
        from: u64,
        /// Last missing seq.
        to: u64,
    },
    /// The log was removed and begun anew. What follows starts again at its first record.
    Renewed,
    /// Nothing more now. After a change of the folder it may go on.
    End,
}

/// A position in one plan's log. The log, the plan's folder, even the home may not exist yet.
#[derive(Debug)]
pub struct Reader {
    log: PathBuf,
    after: u64,
    open: Option<Open>,
    /// The segment that follows the open one, once it was seen.
    next: Option<u64>,
    /// The open segment vanished: what is found in its place may be another log.
    lost: bool,
    /// Time of the folder's last change when it was listed, if a later change would show in it.
    /// Listing opens the folder, which every other reader's watch is told of: not at each wake-up.
    listed: Option<(i64, i64)>,
    /// A hole was found behind this seq, and looked for again.
    doubted: Option<u64>,
    /// Inside a stretch too long to be a line: skip to its end.
    overlong: bool,
    skipped: u64,
}

#[derive(Debug)]
struct Open {
    file: SegmentFile,
    first: u64,
    /// Where the next line begins.
    at: u64,
}

impl Reader {
    /// A reader before the first record.
    pub fn open(plan: &PlanDir) -> io::Result<Reader> {
        Ok(Reader::of_log(plan.log()))
    }

    /// A reader of the segments in this folder.
    pub(super) fn of_log(log: PathBuf) -> Reader {
        Reader {
            log,
            after: 0,
            open: None,
            next: None,
            lost: false,
            listed: None,
            doubted: None,
            overlong: false,
            skipped: 0,
        }
    }

    /// The seq of the last record given or passed over: the cursor.
    pub fn cursor(&self) -> u64 {
        self.after
    }

    /// Lines that were no records, so far.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Goes on behind this seq.
    pub fn seek_after(&mut self, seq: u64) {
        self.after = seq;
        self.open = None;
        self.next = None;
        self.lost = false;
        self.overlong = false;
    }

    /// Goes on behind `floor`, or later: at the newest segment whose first record is whole, for that
    /// holds the fold of everything before it.
    pub fn seek_newest_opened(&mut self, floor: u64) -> io::Result<()> {
        self.seek_after(newest_opened(&self.log)?.saturating_sub(1).max(floor));
        Ok(())
    }

    /// Goes on at the first record of this time or later; at the end if there is none yet. Where the
    /// clock went back, a later record may be older.
    pub fn seek_time(&mut self, since: Stamp) -> io::Result<()> {
        self.seek_from(since, |log, firsts| newest_before(log, firsts, &since.text()))
    }

    /// The same, but before those records too that are of this time or later and were written before
    /// the clock went back. Among what follows are older ones then.
    pub fn seek_since(&mut self, since: Stamp) -> io::Result<()> {
        self.seek_from(since, |log, firsts| before_steps(log, firsts, since))
    }

    fn seek_from(
        &mut self,
        since: Stamp,
        begins: impl FnOnce(&Path, &[u64]) -> io::Result<usize>,
    ) -> io::Result<()> {
        let wanted = since.text();
        // Asked before the search: what is written meanwhile is later than `since` or found.
        let mut after = self.last_seq()?;
        let firsts = segments::firsts(&self.log)?;
        for &first in &firsts[begins(&self.log, &firsts)?..] {
            let Some(open) = Open::new(&self.log, first)? else { continue };
            let at = partition(&open.file, |(ts, _)| *ts >= wanted)?;
            if let Some((_, seq)) = place_at(&open.file, at)? {
                after = seq - 1;
                break;
            }
        }
        self.seek_after(after);
        Ok(())
    }

    /// Goes on at the n-th last of the lines that `keep` wants; at the first record there is if
    /// they are fewer.
    pub fn seek_last(&mut self, n: u64, keep: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<()> {
        self.seek_last_after(n, 0, keep)
    }

    /// The same, but never before the first record behind `floor`.
    pub fn seek_last_after(
        &mut self,
        n: u64,
        floor: u64,
        keep: &mut dyn FnMut(&[u8]) -> bool,
    ) -> io::Result<()> {
        let mut after = if n == 0 { self.last_seq()?.max(floor) } else { floor };
        let mut kept = 0;
        let mut lines = Backward::new(&self.log)?;
        while kept < n
            && let Some(line) = lines.line()?
        {
            let Some(seq) = Peek::seq(line) else { continue };
            if seq <= floor {
                break;
            }
            after = seq - 1;
            kept += u64::from(keep(line));
        }
        self.seek_after(after);
        Ok(())
    }

    /// The seq of the last whole record; 0 if there is none.
    pub fn last_seq(&self) -> io::Result<u64> {
        let line = self.last_line(&mut |_| true)?;
        Ok(line.and_then(|line| Peek::seq(&line)).unwrap_or(0))
    }

    /// The last record that `wanted` accepts, as it is stored.
    pub fn last_line(&self, wanted: &mut dyn FnMut(&[u8]) -> bool) -> io::Result<Option<Vec<u8>>> {
        let mut lines = Backward::new(&self.log)?;
        while let Some(line) = lines.line()? {
            if Peek::seq(line).is_some() && wanted(line) {
                return Ok(Some(line.to_vec()));
            }
        }
        Ok(None)
    }

    /// Gives the next lines, or says why there are none. At `Step::End` everything has been read
    /// that was in the log when the call began.
    pub fn read(&mut self, batch: &mut Batch) -> io::Result<Step> {
        batch.filled = 0;
        loop {
            if self.open.is_none() {
                match self.find()? {
                    Found::Open => {}
                    Found::Nothing => return Ok(Step::End),
                    Found::Renewed => return Ok(Step::Renewed),
                }
            }
            if let Some(step) = self.fill(batch)? {
                return Ok(step);
            }
            if let Some(next) = self.next {
                // The open segment was read once more after its successor had appeared, so nothing
                // can follow in it: a writer never goes back.
                self.enter(next)?;
            } else if !self.look_around()? {
                return Ok(Step::End);
            }
        }
    }

    /// Opens the segment that holds the record after the cursor, or else the oldest behind it.
    fn find(&mut self) -> io::Result<Found> {
        self.listed = None;
        let firsts = segments::firsts(&self.log)?;
        if self.lost && !firsts.is_empty() {
            self.lost = false;
            if self.last_seq()? < self.after {
                self.seek_after(0);
                return Ok(Found::Renewed);
            }
        }
        let wanted = self.after + 1;
        let index = firsts.partition_point(|first| *first <= wanted).saturating_sub(1);
        for &first in firsts.iter().skip(index) {
            if let Some(mut open) = Open::new(&self.log, first)? {
                let after = self.after;
                if first <= after {
                    open.at = partition(&open.file, |&(_, seq)| seq > after)?;
                }
                self.open = Some(open);
                return Ok(Found::Open);
            }
            // Pruned since the listing: the next one is the oldest now.
        }
        Ok(Found::Nothing)
    }

    /// Moves on to the segment that begins with this seq.
    fn enter(&mut self, first: u64) -> io::Result<()> {
        self.next = None;
        self.listed = None;
        self.overlong = false;
        self.open = Open::new(&self.log, first)?;
        Ok(())
    }

    /// What has happened to the folder while the open segment was read to its end. True if there is
    /// more to read.
    fn look_around(&mut self) -> io::Result<bool> {
        let Some(open) = &self.open else { return Ok(true) };
        match fs::metadata(open.file.path()) {
            Ok(meta) if open.file.is(&meta) => {
                if open.file.is_plain() && meta.len() < open.at {
                    // Cut short: what is written from here on stands behind the cut.
                    self.open = None;
                    return Ok(true);
                }
                let Ok(folder) = fs::metadata(&self.log) else { return Ok(false) };
                if self.listed.is_some_and(|listed| listed == changed(&folder)) {
                    return Ok(false);
                }
                let firsts = segments::firsts(&self.log)?;
                // A later change of the folder must show in its time: it does if the segment was
                // written a while after the folder's last change (inode times may be as coarse as
                // a tick of the kernel).
                let settled = micros(changed(&meta)) - micros(changed(&folder)) > TICK_MICROS;
                self.listed = settled.then(|| changed(&folder));
                self.next = firsts.into_iter().filter(|&first| first > open.first).min();
                Ok(self.next.is_some())
            }
            Ok(_) => {
                (self.open, self.lost) = (None, true);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // Removed, by pruning or with its folder. An open file would keep the folder from
                // going, and with it the notice that it has gone.
                (self.open, self.lost) = (None, true);
                Ok(true)
            }
            Err(error) => Err(error),
        }
    }

    /// Reads what the open segment holds. None at its end.
    fn fill(&mut self, batch: &mut Batch) -> io::Result<Option<Step>> {
        loop {
            let Some(open) = &mut self.open else { return Ok(None) };
            let want = batch.buffer.len().max(SMALL);
            batch.buffer.resize(want, 0);
            let read = open.file.read_at(&mut batch.buffer, open.at)?;
            let full = read == want;
            match memchr::memrchr(b'\n', &batch.buffer[..read]) {
                Some(last) => {
                    batch.filled = last + 1;
                    let step = self.take(batch);
                    batch.full += u32::from(full);
                    if batch.full > PATIENCE && want < batch.most {
                        batch.buffer.resize((want * 2).min(batch.most), 0);
                    }
                    if step.is_some() {
                        return Ok(step);
                    }
                }
                None if !full => return Ok(None),
                None if want < LONGEST => batch.buffer.resize(want * 2, 0),
                None => (self.overlong, open.at) = (true, open.at + read as u64),
            }
        }
    }

    /// Decides what of the lines just read is given. None if nothing is.
    fn take(&mut self, batch: &mut Batch) -> Option<Step> {
        let open = self.open.as_mut()?;
        if std::mem::take(&mut self.overlong) {
            open.at += batch.drop_first();
            self.skipped += 1;
        }
        if let Some(last) = batch.dense_after(self.after) {
            open.at += batch.filled as u64;
            self.after = last;
            return Some(Step::Lines);
        }
        let sifted = batch.sift(self.after);
        open.at += sifted.taken as u64;
        self.skipped += sifted.skipped;
        self.after = sifted.last;
        if !batch.is_empty() {
            return Some(Step::Lines);
        }
        let (from, to) = (self.after + 1, sifted.hole? - 1);
        if from < open.first && self.doubted.replace(self.after) != Some(self.after) {
            // A segment that is replaced by its compressed twin while the folder is listed may be
            // seen under neither name: a second look finds it.
            self.open = None;
            return None;
        }
        self.after = to;
        Some(Step::Gap { from, to })
    }
}

enum Found {
    Open,
    Nothing,
    Renewed,
}

impl Open {
    /// None if there is no such segment.
    fn new(log: &Path, first: u64) -> io::Result<Option<Open>> {
        let file = SegmentFile::open(log, first)?;
        Ok(file.map(|file| Open { file, first, at: 0 }))
    }
}

/// When a file or folder was last written to: seconds and nanoseconds.
fn changed(meta: &fs::Metadata) -> (i64, i64) {
    (meta.mtime(), meta.mtime_nsec())
}

fn micros((seconds, nanos): (i64, i64)) -> i64 {
    seconds.saturating_mul(1_000_000).saturating_add(nanos / 1000)
}

/// Time and seq of the record that begins here.
fn place_at(file: &SegmentFile, at: u64) -> io::Result<Option<Place>> {
    let mut head = vec![0; 4096];
    let read = file.read_at(&mut head, at)?;
    Ok(Peek::place(&head[..read]))
}

#[cfg(test)]
mod tests;
