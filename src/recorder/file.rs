//! A file on its way into the log: it needs no spool, for it keeps its bytes itself.
//!
//! The offset in a record is an offset in the *stream*: all that the file and its successors ever
//! held, one after the other. Which file that is now, and at which offset it began, stands in the
//! log, so that a recorder that takes over goes on at the very byte.

mod clock;
mod place;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::fold::StreamFold;
use crate::model::{Event, FileMark, Followed, Head, Level, Stream};
use crate::parse::Splitter;

use super::capture::Capture;
use super::recover::Torn;
use super::source::Desk;
use place::{before, between, find, mark, open, successor};

/// Bytes before the next one that are compared each time: a file that was emptied and has grown
/// past that place shows it there.
const BEHIND: usize = 64;

/// One file of one run.
#[derive(Debug)]
pub(super) struct FileSource {
    /// The run its bytes belong to.
    pub(super) run: u64,
    /// The stream.
    pub(super) stream: Stream,
    /// It may have something to tell.
    pub(super) due: bool,
    /// Nobody writes it any more.
    pub(super) ended: bool,
    path: PathBuf,
    /// Bytes at its beginning that are not the run's own.
    earlier: u64,
    file: Option<File>,
    head: Head,
    slot: usize,
    splitter: Splitter,
    /// Offset of the first byte without a record.
    logged: u64,
    /// Offset in the stream of the file's first byte.
    base: u64,
    /// What was read last: some bytes that have records, then those of an incomplete line.
    seen: Vec<u8>,
    /// How many bytes of `seen` have records.
    behind: usize,
    /// Bytes in the room that a torn record was compared with.
    drafted: usize,
    /// The log has it that the file cannot be read.
    troubled: bool,
}

/// What a look at a file showed.
struct Seen {
    /// Bytes in the room.
    filled: usize,
    /// They are not what they were, or fewer.
    emptied: bool,
    /// What took the file's place.
    next: io::Result<Option<(File, FileMark)>>,
}

impl FileSource {
    /// Opens the file that was being read, wherever in its folder it is now. Says nothing yet: a
    /// torn record has to be completed first.
    pub(super) fn open(cap: &mut Capture, run: u64, followed: &Followed) -> io::Result<FileSource> {
        let stream = Stream::File(followed.name.clone());
        let slot = cap.fold.slot(run, &stream);
        let known = &cap.fold.streams[slot];
        let (logged, base) = (known.off, known.base);
        // What cannot be read now is tried again when it is due.
        let file = known.file.and_then(|mark| find(&followed.path, mark));
        let seen = file.as_ref().map(|file| read_before(known, file)).unwrap_or_default();
        Ok(FileSource {
            run,
            head: Head::new(cap.plan().name(), run, &stream.name()),
            stream,
            due: true,
            ended: false,
            path: followed.path.clone(),
            earlier: followed.earlier,
            file,
            slot,
            splitter: Splitter::new(cap.limits().max_line),
            logged,
            base,
            behind: seen.len(),
            seen,
            drafted: 0,
            troubled: false,
        })
    }

    /// The folder to be watched.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// Where the stream's state is in the fold; it moves when another stream leaves.
    pub(super) fn find_slot(&mut self, cap: &mut Capture) {
        self.slot = cap.fold.slot(self.run, &self.stream);
    }

    /// Makes records of what has been added, as much as there is room for. True if there may be
    /// more. A file that cannot be read keeps nobody else waiting.
    pub(super) fn record(&mut self, cap: &mut Capture, room: &mut [u8]) -> io::Result<bool> {
        self.due = false;
        if self.file.is_none() {
            return match open(&self.path) {
                Ok(Some((file, mark))) => self.begin(cap, file, mark).map(|()| true),
                Ok(None) => Ok(false),
                Err(error) => self.unreadable(cap, &error).map(|()| false),
            };
        }
        let Seen { filled, emptied, next } = match self.look(room) {
            Ok(seen) => seen,
            Err(error) => return self.unreadable(cap, &error).map(|()| false),
        };
        if emptied {
            self.truncated(cap)?;
            return Ok(true);
        }
        let full = filled == room.len();
        let over = !full && (self.ended || matches!(next, Ok(Some(_))));
        self.lines(cap, &room[..filled], self.behind, over)?;
        if full {
            return Ok(true);
        }
        match next {
            Ok(Some((file, mark))) => self.replaced(cap, file, mark).map(|()| true),
            Ok(None) => {
                self.troubled = false;
                Ok(false)
            }
            Err(error) => self.unreadable(cap, &error).map(|()| false),
        }
    }

    fn look(&self, room: &mut [u8]) -> io::Result<Seen> {
        let nothing = Seen { filled: 0, emptied: false, next: Ok(None) };
        let Some(file) = &self.file else { return Ok(nothing) };
        // Asked before the file is read: what its writer does after it was replaced is its last.
        let next = successor(&self.path, mark(&file.metadata()?));
        let filled = self.read(room)?;
        let emptied = !self.goes_on_in(&room[..filled]) || self.is_shorter(filled)?;
        Ok(Seen { filled, emptied, next })
    }

    /// Said once, until it can be read again.
    fn unreadable(&mut self, cap: &mut Capture, error: &io::Error) -> io::Result<()> {
        if std::mem::replace(&mut self.troubled, true) {
            return Ok(());
        }
        let (of, path) = (&self.stream, self.path.display());
        let msg = format!(
            "{of} cannot be read any more: {path}: {error}; what it says after byte {} may be missing",
            self.logged
        );
        let reason = format!("a file cannot be read: {error}");
        let (of, at) = (Some(self.stream.clone()), Some(self.logged));
        let event = Event::LogGap { reason, from: None, to: None, of, at, bytes: None };
        cap.event(self.run, None, Level::Error, &msg, &event)
    }

    /// Begins with the file at the path: the first, the one that was read before it could not be
    /// read for a while, or the successor of one that is gone.
    fn begin(&mut self, cap: &mut Capture, file: File, mark: FileMark) -> io::Result<()> {
        let known = cap.fold.streams[self.slot].file;
        if known == Some(mark) {
            let seen = read_before(&cap.fold.streams[self.slot], &file);
            (self.behind, self.seen, self.file) = (seen.len(), seen, Some(file));
            self.splitter.restart();
            return Ok(());
        }
        if known.is_some() {
            let of = &self.stream;
            let msg = format!(
                "{of} was replaced while nobody recorded it: what its forerunner said after byte \
                 {} is missing",
                self.logged
            );
            let reason = "a file was replaced while nobody recorded it".to_owned();
            let (of, at) = (Some(self.stream.clone()), Some(self.logged));
            let (from, to, bytes) = (None, None, None);
            let event = Event::LogGap { reason, from, to, of, at, bytes };
            cap.event(self.run, None, Level::Warning, &msg, &event)?;
            return self.replaced(cap, file, mark);
        }
        let path = self.path.display().to_string();
        let earlier = self.earlier;
        let before = match earlier {
            0 => String::new(),
            _ => {
                format!("; its first {earlier} bytes are from before the process and do not count")
            }
        };
        let msg = format!("{} is {path}{before}", self.stream);
        let bytes = file.metadata().map_or(0, |meta| meta.len());
        let (of, zone) = (self.stream.clone(), clock::zone_of(&file, &TimeZone::system()));
        let event = Event::SourceOpened { of, path, file: mark, earlier, bytes, zone };
        self.turn_to(file);
        cap.event(self.run, None, Level::Debug, &msg, &event)
    }

    fn turn_to(&mut self, file: File) {
        self.file = Some(file);
        self.base = self.logged;
        self.seen.clear();
        self.behind = 0;
        self.splitter.restart();
    }

    fn replaced(&mut self, cap: &mut Capture, file: File, mark: FileMark) -> io::Result<()> {
        let of = self.stream.clone();
        let before = cap.fold.streams[self.slot].file;
        for name in before.map_or(Vec::new(), |before| between(&self.path, before, mark)) {
            let msg = format!(
                "{of} was replaced more than once before anybody looked: what {name} holds may be \
                 missing"
            );
            let reason = "a file came and went before it was read".to_owned();
            let (of, at) = (Some(of.clone()), Some(self.logged));
            let event = Event::LogGap { reason, from: None, to: None, of, at, bytes: None };
            cap.event(self.run, None, Level::Warning, &msg, &event)?;
        }
        let msg = format!("{of} was replaced by another file, which is read from its beginning");
        let event = Event::SourceReplaced { of, file: Some(mark), at: self.logged };
        self.turn_to(file);
        cap.event(self.run, None, Level::Warning, &msg, &event)
    }

    /// The bytes of an incomplete line are gone from the file; we have them still.
    fn truncated(&mut self, cap: &mut Capture) -> io::Result<()> {
        let seen = std::mem::take(&mut self.seen);
        let was = self.logged - self.base + (seen.len() - self.behind) as u64;
        self.splitter.restart();
        self.lines(cap, &seen, self.behind, true)?;
        let of = self.stream.clone();
        let msg = format!("{of} was emptied after {was} bytes: it is read from its beginning");
        let event = Event::SourceTruncated { of, was, at: self.logged };
        if let Some(file) = self.file.take() {
            self.turn_to(file);
        }
        cap.event(self.run, None, Level::Warning, &msg, &event)
    }

    /// Reads from a little before the first byte without a record.
    fn read(&self, room: &mut [u8]) -> io::Result<usize> {
        let Some(file) = &self.file else { return Ok(0) };
        let from = self.logged - self.base - self.behind as u64;
        let mut filled = 0;
        while filled < room.len() {
            match file.read_at(&mut room[filled..], from + filled as u64) {
                Ok(0) => break,
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }

    /// Whether these bytes begin with those that were read before. A hole, which reads as zeroes,
    /// may be filled later.
    fn goes_on_in(&self, now: &[u8]) -> bool {
        now.len() >= self.seen.len()
            && self.seen.iter().zip(now).all(|(&was, &is)| was == is || was == 0)
    }

    /// Whether the file ends before the first byte without a record. Without a byte to compare with
    /// only its size tells.
    fn is_shorter(&self, filled: usize) -> io::Result<bool> {
        if filled > 0 {
            return Ok(false);
        }
        let Some(file) = &self.file else { return Ok(false) };
        Ok(file.metadata()?.len() < self.logged - self.base)
    }

    /// Makes records of the lines in `bytes`, of which those before `from` have records already.
    fn lines(
        &mut self,
        cap: &mut Capture,
        bytes: &[u8],
        mut from: usize,
        over: bool,
    ) -> io::Result<()> {
        let mut done = Ok(());
        while let Some(line) = self.splitter.next(&bytes[from..], over) {
            let off = self.logged;
            self.logged += line.consumed as u64;
            from += line.consumed;
            done = cap.text(self.slot, &self.head, off, &line);
            if done.is_err() {
                break;
            }
        }
        let start = from.saturating_sub(BEHIND);
        self.seen = bytes[start..].to_vec();
        self.behind = from - start;
        done
    }

    /// Says in the log that the stream has ended.
    pub(super) fn close(&self, cap: &mut Capture) -> io::Result<()> {
        let bytes = self.logged;
        let of = self.stream.clone();
        let msg = format!("{of} ended after {bytes} bytes");
        cap.event(self.run, None, Level::Debug, &msg, &Event::StreamClosed { of, bytes })
    }
}

impl Torn for FileSource {
    fn draft(&mut self, cap: &Capture, desk: &mut Desk) -> io::Result<Option<Vec<u8>>> {
        let room = &mut desk.room;
        self.drafted = self.read(room)?;
        let over = self.ended && self.drafted < room.len();
        let from = self.behind.min(self.drafted);
        let line = self.splitter.next(&room[from..self.drafted], over);
        self.splitter.restart();
        Ok(line.map(|line| cap.draft_text(self.slot, &self.head, self.logged, &line)))
    }

    /// Makes records of the very bytes that the draft was made of: the file may have changed.
    fn settle(&mut self, cap: &mut Capture, desk: &mut Desk) -> io::Result<()> {
        let room = &desk.room;
        let over = self.ended && self.drafted < room.len();
        self.lines(cap, &room[..self.drafted], self.behind, over)
    }
}

/// What was read before the next byte, to be compared with what stands there now. Logs of before that
/// was kept do not say: then the file itself is believed.
fn read_before(known: &StreamFold, file: &File) -> Vec<u8> {
    if known.tail.is_empty() {
        return before(file, known.off - known.base).unwrap_or_default();
    }
    known.tail.bytes().to_vec()
}
