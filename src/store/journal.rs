//! The open segment of a log: bytes are gathered here and written with one call a batch.
//!
//! What could not be written stays gathered, so that a full disk tears no record for longer than
//! it lasts.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::thread::{Builder, JoinHandle};

use crate::model::{Peek, SealHash, Sheet};

use super::layout::PlanDir;

/// Bytes covered by one checksum of a sealed segment.
pub const HASH_SPAN: u64 = 1 << 20;

/// Bytes that can be gathered without asking for memory.
const GATHERED: usize = 256 << 10;

/// The segment that is being written.
#[derive(Debug)]
pub struct Journal {
    plan: PlanDir,
    first: u64,
    file: File,
    /// The file of the next segment, if it was made already.
    next: Option<File>,
    /// Bytes in the file.
    written: u64,
    /// Bytes to be written next.
    gathered: Sheet,
    /// Bytes at the front of `gathered` that the file holds already.
    there: usize,
    /// Checksums of the whole spans before `hashed_to`; the last one is still growing.
    hashes: Hashes,
}

impl Journal {
    /// Begins the segment whose first record will have this seq. A leftover of that name that
    /// holds no whole line is overwritten.
    pub fn create(plan: &PlanDir, first: u64) -> io::Result<Journal> {
        let file = blank(&plan.segment(first))?;
        Ok(Journal::begin(plan, first, file, Sheet::with_room(GATHERED)))
    }

    fn begin(plan: &PlanDir, first: u64, file: File, gathered: Sheet) -> Journal {
        let journal = Journal {
            plan: plan.clone(),
            first,
            file,
            next: None,
            written: 0,
            gathered,
            there: 0,
            hashes: Hashes::default(),
        };
        // For people only: a log without it is whole.
        let _ = journal.point_current();
        journal
    }

    /// Goes on with a segment of which `bytes` bytes are to be trusted.
    pub fn resume(plan: &PlanDir, first: u64, bytes: u64) -> io::Result<Journal> {
        let file = OpenOptions::new().read(true).append(true).open(plan.segment(first))?;
        Ok(Journal {
            plan: plan.clone(),
            first,
            file,
            next: None,
            written: bytes,
            gathered: Sheet::with_room(GATHERED),
            there: 0,
            hashes: Hashes { missing: true, ..Hashes::default() },
        })
    }

    fn point_current(&self) -> io::Result<()> {
        let new = self.plan.dir().join(".current.new");
        let _ = fs::remove_file(&new);
        std::os::unix::fs::symlink(format!("log/{:018}.jsonl", self.first), &new)?;
        fs::rename(&new, self.plan.current())
    }

    /// Seq of the segment's first record.
    pub fn first(&self) -> u64 {
        self.first
    }

    /// Bytes of the segment, those not written yet included.
    pub fn bytes(&self) -> u64 {
        self.written + self.gathered.len() as u64
    }

    /// Bytes that are in the file.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Bytes gathered and not written yet.
    pub fn waiting(&self) -> usize {
        self.gathered.len()
    }

    /// Where records are gathered. Whatever is appended must be whole lines.
    pub fn gather(&mut self) -> &mut Sheet {
        &mut self.gathered
    }

    /// The file holds `bytes` behind the trusted ones: the beginning of the very record that is
    /// gathered next. Only the rest of it will be written.
    pub fn complete(&mut self, bytes: usize) {
        self.there = bytes;
    }

    /// Whether the file that is written is still the one that readers find, and whole.
    pub fn is_in_place(&self) -> io::Result<bool> {
        let open = self.file.metadata()?;
        if open.len() < self.written {
            return Ok(false);
        }
        Ok(match fs::metadata(self.plan.segment(self.first)) {
            Ok(there) => there.ino() == open.ino() && there.dev() == open.dev(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(error),
        })
    }

    /// Seq of the last whole record that readers still find in the segment, if there is one. What
    /// stands behind it, left of a record that somebody cut, is removed.
    pub fn last_in_place(&self) -> io::Result<Option<u64>> {
        let mut open =
            match File::options().read(true).write(true).open(self.plan.segment(self.first)) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            };
        if open.metadata()?.ino() != self.file.metadata()?.ino() {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        open.read_to_end(&mut bytes)?;
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
        open.set_len(whole as u64)?;
        let last = bytes[..whole].split_inclusive(|&byte| byte == b'\n').next_back();
        Ok(last.and_then(Peek::seq))
    }

    /// Cuts what stands in the file behind the trusted bytes.
    pub fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.written)
    }

    /// Writes what is gathered. On an error the rest stays gathered; calling again goes on where
    /// it stopped.
    pub fn flush(&mut self) -> io::Result<()> {
        let mut done = self.there.min(self.gathered.len());
        self.there -= done;
        let result = loop {
            if done == self.gathered.len() {
                break Ok(());
            }
            match self.file.write(&self.gathered.bytes()[done..]) {
                Ok(0) => break Err(io::Error::from(io::ErrorKind::WriteZero)),
                Ok(bytes) => done += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.hashes.add(&self.gathered.bytes()[..done]);
        self.written += done as u64;
        self.gathered.take_off(done);
        result
    }

    /// Makes everything written so far survive a power cut.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Makes the file of the next segment, so that a disk without room for another file is met
    /// before this one is sealed. It gets its name when it is begun: no reader knows it.
    pub fn prepare_next(&mut self) -> io::Result<()> {
        if self.next.is_none() {
            self.next = Some(blank(&self.plan.next_segment())?);
        }
        Ok(())
    }

    /// Goes on with the segment whose first record will have this seq. The one before, of which
    /// everything is written, is made to survive a power cut beside what comes next: waiting for
    /// the disk would hold up the plan.
    pub fn next(&mut self, first: u64) -> io::Result<Syncing> {
        let named = |file| {
            let renamed = fs::rename(self.plan.next_segment(), self.plan.segment(first));
            renamed.ok().map(|()| file)
        };
        // Somebody may have removed it.
        let file = match self.next.take().and_then(named) {
            Some(file) => file,
            None => blank(&self.plan.segment(first))?,
        };
        let gathered = std::mem::take(&mut self.gathered);
        let next = Journal::begin(&self.plan, first, file, gathered);
        let sealed = std::mem::replace(self, next).file;
        let Ok(second) = sealed.try_clone() else { return Ok(Syncing::here(&sealed)) };
        let sync = move || second.sync_data();
        let thread = Builder::new().name("sync".to_owned()).stack_size(64 << 10).spawn(sync);
        Ok(thread.map_or_else(|_| Syncing::here(&sealed), Syncing::There))
    }

    /// Gives back the memory that large batches needed.
    pub fn shrink(&mut self) {
        self.gathered.shrink(GATHERED);
    }

    /// Checksum of each span of the segment so far. Everything must have been flushed.
    pub fn hashes(&mut self) -> io::Result<Vec<SealHash>> {
        if self.hashes.missing {
            let mut hashes = Hashes::default();
            let mut file = &self.file;
            file.seek(SeekFrom::Start(0))?;
            let mut chunk = vec![0; 64 << 10];
            let mut left = self.written;
            while left > 0 {
                let most = chunk.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                let bytes = file.read(&mut chunk[..most])?;
                if bytes == 0 {
                    return Err(io::Error::from(io::ErrorKind::UnexpectedEof));
                }
                hashes.add(&chunk[..bytes]);
                left -= bytes as u64;
            }
            self.hashes = hashes;
        }
        Ok(self.hashes.finished())
    }
}

/// An empty file to be appended to.
fn blank(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.read(true).append(true).create(true).mode(0o600).open(path)?;
    file.set_len(0)?;
    Ok(file)
}

/// A sealed segment on its way to the disk.
#[derive(Debug)]
pub enum Syncing {
    /// It has arrived, or not.
    Done(io::Result<()>),
    /// A thread brings it there.
    There(JoinHandle<io::Result<()>>),
}

impl Default for Syncing {
    fn default() -> Syncing {
        Syncing::Done(Ok(()))
    }
}

impl Syncing {
    fn here(file: &File) -> Syncing {
        Syncing::Done(file.sync_data())
    }

    /// Whether [`Syncing::finish`] would not wait.
    pub fn is_over(&self) -> bool {
        match self {
            Syncing::Done(_) => true,
            Syncing::There(thread) => thread.is_finished(),
        }
    }

    /// Waits until it is there. An error is told once.
    pub fn finish(&mut self) -> io::Result<()> {
        match std::mem::take(self) {
            Syncing::Done(synced) => synced,
            Syncing::There(thread) => thread
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the thread that syncs has panicked"))),
        }
    }
}

/// Running checksums of spans of [`HASH_SPAN`] bytes.
#[derive(Debug, Default)]
pub(super) struct Hashes {
    /// The journal was resumed: what stood in the file before is not counted here.
    missing: bool,
    whole: Vec<SealHash>,
    growing: crc32fast::Hasher,
    inside: u64,
}

impl Hashes {
    pub(super) fn add(&mut self, mut bytes: &[u8]) {
        if self.missing {
            return;
        }
        while !bytes.is_empty() {
            let room = usize::try_from(HASH_SPAN - self.inside).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.growing.update(now);
            self.inside += now.len() as u64;
            if self.inside == HASH_SPAN {
                let done = std::mem::take(&mut self.growing);
                self.whole.push(SealHash(done.finalize()));
                self.inside = 0;
            }
            bytes = later;
        }
    }

    pub(super) fn finished(&self) -> Vec<SealHash> {
        let mut all = self.whole.clone();
        if self.inside > 0 {
            all.push(SealHash(self.growing.clone().finalize()));
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::super::layout::Home;
    use super::*;

    #[test]
    fn checksums_are_the_same_whether_the_segment_was_written_in_one_life_or_two() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"a".parse().unwrap());
        plan.create().unwrap();
        let line = [b"x".repeat(99), b"\n".to_vec()].concat();
        let mut journal = Journal::create(&plan, 1).unwrap();
        for _ in 0..25_000 {
            journal.gather().put(&line);
            if journal.waiting() > 60_000 {
                journal.flush().unwrap();
            }
        }
        journal.flush().unwrap();
        let hashes = journal.hashes().unwrap();
        assert_eq!(hashes.len(), 3);
        let content = fs::read(plan.segment(1)).unwrap();
        assert_eq!(hashes[0], SealHash(crc32fast::hash(&content[..1 << 20])));
        let mut second = Journal::resume(&plan, 1, journal.written()).unwrap();
        assert_eq!(second.hashes().unwrap(), hashes);
        assert_eq!(
            fs::read_link(plan.current()).unwrap().to_str(),
            Some("log/000000000000000001.jsonl")
        );
    }
}
