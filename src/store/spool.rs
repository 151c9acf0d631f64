//! Bytes taken from a pipe that could not wait there until the log had them: the beginning of a line
//! whose end takes its time, and everything while the log cannot be written.
//!
//! A spool is a row of files named `<key>.<offset>`, each at most [`PIECE`] bytes. A file's name
//! says where its first byte stands in the stream and its size how many bytes were taken, so that
//! nothing has to be remembered anywhere else: a killed recorder's successor reads the folder.

use std::collections::VecDeque;
use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use crate::os::fifo::{self, Moved};

/// Most bytes of one spool file.
pub const PIECE: u64 = 1 << 20;

/// Most bytes a stream may have waiting for the log.
pub const LIMIT: u64 = 8 * PIECE;

/// The spool of one stream.
#[derive(Debug)]
pub struct Spool {
    dir: PathBuf,
    key: String,
    /// Bytes reserved on disk for a new piece.
    reserve: u64,
    pieces: VecDeque<Piece>,
    /// Offset after the last byte taken.
    end: u64,
    /// Bytes read and not written yet, where splice is refused.
    owed: Vec<u8>,
}

#[derive(Debug)]
struct Piece {
    start: u64,
    bytes: u64,
    file: File,
}

/// Offset after the last byte that the files of the spool `key` hold; 0 if there are none.
pub fn held_to(dir: &Path, key: &str) -> io::Result<u64> {
    let mut end = 0;
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if let Some(start) = start_of(&entry.file_name(), key) {
            match entry.metadata() {
                Ok(meta) => end = end.max(start + meta.len()),
                // The log has it since.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(end)
}

/// What a file of the spool `key` says of its first byte by its name.
fn start_of(name: &OsStr, key: &str) -> Option<u64> {
    name.to_str()?.strip_prefix(key)?.strip_prefix('.')?.parse().ok()
}

impl Spool {
    /// Opens what is there of the spool `key`, of which the log holds everything before `logged`.
    pub fn open(dir: PathBuf, key: String, reserve: u64, logged: u64) -> io::Result<Spool> {
        let mut starts = Vec::new();
        for entry in fs::read_dir(&dir)? {
            starts.extend(start_of(&entry?.file_name(), &key));
        }
        starts.sort_unstable();
        let mut spool =
            Spool { dir, key, reserve, pieces: VecDeque::new(), end: logged, owed: Vec::new() };
        for start in starts {
            let file = OpenOptions::new().read(true).write(true).open(spool.path(start))?;
            let bytes = file.metadata()?.len();
            spool.end = spool.end.max(start + bytes);
            spool.pieces.push_back(Piece { start, bytes, file });
        }
        Ok(spool)
    }

    fn path(&self, start: u64) -> PathBuf {
        self.dir.join(format!("{}.{start}", self.key))
    }

    /// Offset after the last byte taken.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Offset of the first byte that a file still holds; None if there are no files.
    pub fn start(&self) -> Option<u64> {
        self.pieces.front().map(|piece| piece.start)
    }

    /// Offset after the last byte that the files hold; None if there are no files.
    pub fn held_to(&self) -> Option<u64> {
        self.pieces.iter().map(|piece| piece.start + piece.bytes).max()
    }

    /// Offset after the last byte taken, whether a file holds it yet or not.
    pub fn taken(&self) -> u64 {
        self.end + self.owed.len() as u64
    }

    /// The next byte taken will be the one at `offset`. If that is not the next, those between went
    /// into the log without lying here, and nothing that does is needed any more.
    pub fn go_on_at(&mut self, offset: u64) -> io::Result<()> {
        if self.taken() != offset {
            self.remove()?;
            self.end = offset;
        }
        Ok(())
    }

    /// Whether more may be taken before the log has caught up.
    pub fn has_room(&self) -> bool {
        self.start().is_none_or(|start| self.end - start < LIMIT)
    }

    /// Whether bytes were read that no file holds yet.
    pub fn owes(&self) -> bool {
        !self.owed.is_empty()
    }

    /// Writes what was read where the file system cannot splice. Until it can be written it stays
    /// here; a kill meanwhile loses it, which is the weaker promise there.
    fn pay(&mut self) -> io::Result<Moved> {
        let bytes = self.owed.len();
        if let Some(piece) = self.pieces.back_mut() {
            piece.file.write_all_at(&self.owed, piece.bytes)?;
            piece.bytes += bytes as u64;
            self.end += bytes as u64;
            self.owed.clear();
        }
        Ok(Moved::Bytes(bytes))
    }

    /// Takes what `stage` holds, `most` bytes at most.
    pub fn take(&mut self, stage: impl AsFd, most: usize) -> io::Result<Moved> {
        if self.owes() {
            return self.pay();
        }
        let usable = self
            .pieces
            .back()
            .is_some_and(|piece| piece.bytes < PIECE && piece.start + piece.bytes == self.end);
        if !usable {
            let file = self.new_piece()?;
            self.pieces.push_back(Piece { start: self.end, bytes: 0, file });
        }
        let Some(piece) = self.pieces.back_mut() else { return Ok(Moved::Empty) };
        let room = usize::try_from(PIECE - piece.bytes).unwrap_or(usize::MAX);
        let mut at = piece.bytes;
        let most = most.min(room);
        let moved = match fifo::pipe_to_file(&stage, &piece.file, &mut at, most) {
            Err(error) if fifo::cannot_splice(&error) => fifo::read(&stage, &mut self.owed, most)?,
            other => other?,
        };
        if !self.owed.is_empty() {
            return self.pay();
        }
        if let Moved::Bytes(bytes) = moved {
            piece.bytes += bytes as u64;
            self.end += bytes as u64;
        }
        Ok(moved)
    }

    fn new_piece(&self) -> io::Result<File> {
        let path = self.path(self.end);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        if let Err(error) = fifo::reserve(&file, self.reserve) {
            let _ = fs::remove_file(&path);
            return Err(error);
        }
        Ok(file)
    }

    /// Copies bytes from `offset` on into `to`; how many there were, 0 at the end.
    pub fn read(&self, offset: u64, to: &mut [u8]) -> io::Result<usize> {
        let Some(piece) =
            self.pieces.iter().find(|p| (p.start..p.start + p.bytes).contains(&offset))
        else {
            return Ok(0);
        };
        let inside = offset - piece.start;
        let most = to.len().min(usize::try_from(piece.bytes - inside).unwrap_or(usize::MAX));
        piece.file.read_at(&mut to[..most], inside)
    }

    /// The log holds everything before `logged`: removes the files that are no longer needed.
    pub fn release(&mut self, logged: u64) -> io::Result<()> {
        while let Some(piece) = self.pieces.front() {
            let done = piece.start + piece.bytes <= logged;
            let growing = self.pieces.len() == 1 && piece.bytes < PIECE;
            if !done || growing {
                break;
            }
            fs::remove_file(self.path(piece.start))?;
            self.pieces.pop_front();
        }
        Ok(())
    }

    /// Gives up the oldest file although the log does not have it; how many bytes that were. The
    /// gap survives a kill: the next file's name tells where the stream goes on.
    pub fn give_up_oldest(&mut self) -> io::Result<u64> {
        if self.pieces.len() < 2 {
            return Ok(0);
        }
        let Some(piece) = self.pieces.pop_front() else { return Ok(0) };
        fs::remove_file(self.path(piece.start))?;
        Ok(piece.bytes)
    }

    /// Gives up everything although the log does not have it.
    pub fn give_up(&mut self) -> io::Result<()> {
        self.end = self.taken();
        self.owed.clear();
        self.remove()
    }

    /// Removes every file: the stream has ended and the log has it all.
    pub fn remove(&mut self) -> io::Result<()> {
        while let Some(piece) = self.pieces.pop_front() {
            fs::remove_file(self.path(piece.start))?;
        }
        Ok(())
    }
}
