//! A log's lines from the last to the first.

use std::io;
use std::path::{Path, PathBuf};

use memchr::{memchr, memrchr};

use super::search::partition;
use super::segment::SegmentFile;
use super::segments;

/// Bytes read at once: few at first, for most look at the end only.
const FIRST_BLOCK: usize = 16 << 10;
const BLOCK: usize = 32 << 10;

/// A stretch this long without a line end is damage, not a line: it is given in pieces.
const LONGEST: usize = 4 << 20;

/// Reads a log backwards, from the last whole line that was there when it was made.
#[derive(Debug)]
pub struct Backward {
    log: PathBuf,
    older: Vec<u64>,
    file: Option<SegmentFile>,
    /// Offset in the file of the first byte of `text`.
    at: u64,
    /// Bytes of the file not yet given: lines, the first possibly without its beginning.
    text: Vec<u8>,
    given: Vec<u8>,
    /// Bytes to be read next.
    block: usize,
    /// A buffer to be used again.
    spare: Vec<u8>,
}

impl Backward {
    /// Begins at the end of the log in this folder.
    pub fn new(log: &Path) -> io::Result<Backward> {
        let older = segments::firsts(log)?;
        let (text, given, spare) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Backward {
            log: log.to_owned(),
            older,
            file: None,
            at: 0,
            text,
            given,
            block: FIRST_BLOCK,
            spare,
        })
    }

    /// Begins before the record with this seq, or before where it would be.
    pub fn before(log: &Path, seq: u64) -> io::Result<Backward> {
        let mut lines = Backward::new(log)?;
        let nearer = lines.older.partition_point(|first| *first < seq);
        lines.older.truncate(nearer);
        if lines.open_older()?
            && let Some(file) = &lines.file
        {
            lines.at = partition(file, |&(_, found)| found >= seq)?.min(lines.at);
        }
        Ok(lines)
    }

    /// The whole lines before those last given, as many as one read holds, in their own order;
    /// None at the beginning of the log.
    pub fn lines(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            let whole = match self.at {
                0 => 0,
                _ if self.text.len() > LONGEST => 0,
                _ => memchr(b'\n', &self.text).map_or(self.text.len(), |end| end + 1),
            };
            if whole < self.text.len() {
                // Only the beginning of a line is copied, not the many lines that are given.
                std::mem::swap(&mut self.given, &mut self.text);
                self.text.clear();
                self.text.extend_from_slice(&self.given[..whole]);
                return Ok(Some(&self.given[whole..]));
            }
            if self.at > 0 {
                self.read_before()?;
            } else if !self.open_older()? {
                return Ok(None);
            }
        }
    }

    /// The line before the last one given, its `\n` included; None at the beginning of the log.
    /// Whether it is a record is for the caller to find out.
    pub fn line(&mut self) -> io::Result<Option<&[u8]>> {
        loop {
            if let Some(end) = self.text.len().checked_sub(1) {
                match memrchr(b'\n', &self.text[..end]) {
                    Some(before) => return Ok(Some(self.give(before + 1))),
                    None if self.at == 0 => return Ok(Some(self.give(0))),
                    None if self.text.len() > LONGEST => return Ok(Some(self.give(0))),
                    None => {}
                }
            }
            if self.at > 0 {
                self.read_before()?;
            } else if !self.open_older()? {
                return Ok(None);
            }
        }
    }

    fn give(&mut self, start: usize) -> &[u8] {
        self.given.clear();
        self.given.extend_from_slice(&self.text[start..]);
        self.text.truncate(start);
        &self.given
    }

    fn open_older(&mut self) -> io::Result<bool> {
        let Some(first) = self.older.pop() else { return Ok(false) };
        self.text.clear();
        self.at = 0;
        // None if it was pruned since the listing, and everything older with it.
        self.file = SegmentFile::open(&self.log, first)?;
        let Some(file) = &self.file else { return Ok(true) };
        self.at = whole_lines(file)?;
        Ok(true)
    }

    /// Puts the bytes before `text` in front of it.
    fn read_before(&mut self) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        // A line longer than a block: the more of it there is, the more is read at once.
        let want = (self.block.max(self.text.len()) as u64).min(self.at);
        self.block = (self.block * 4).min(BLOCK);
        let mut block = std::mem::take(&mut self.spare);
        let read = usize::try_from(want).unwrap_or(BLOCK);
        block.resize(read + self.text.len(), 0);
        match file.read_exact_at(&mut block[..read], self.at - want) {
            Ok(()) => {}
            // Truncated under us: what is gone cannot be shown.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.at = whole_lines(file)?.min(self.at - want);
                self.text.clear();
                return Ok(());
            }
            Err(error) => return Err(error),
        }
        block[read..].copy_from_slice(&self.text);
        self.spare = std::mem::replace(&mut self.text, block);
        self.at -= want;
        Ok(())
    }
}

/// Offset behind the last `\n`.
fn whole_lines(file: &SegmentFile) -> io::Result<u64> {
    let mut end = file.len()?;
    let mut block = vec![0; 4096];
    while end > 0 {
        let want = (block.len() as u64).min(end);
        let part = &mut block[..usize::try_from(want).unwrap_or(0)];
        let read = file.read_at(part, end - want)?;
        if let Some(last) = memrchr(b'\n', &part[..read]) {
            return Ok(end - want + last as u64 + 1);
        }
        end -= want;
    }
    Ok(0)
}

/// The lines of a stretch of whole lines, each with its `\n`.
pub(super) fn lines(mut text: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (line, rest) = text.split_at(memchr(b'\n', text)? + 1);
        text = rest;
        Some(line)
    })
}
