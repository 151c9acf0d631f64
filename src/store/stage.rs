//! The pipe between a plan's FIFO and the log, and where in the stream its first byte stands.
//!
//! Bytes lie here until their records are in the log. They are looked at without being taken out
//! ([`Stage::look`]), and dropped once the log has them. A recorder may be killed between those two
//! steps, and a pipe does not know how much has gone through it, so a note on disk does: it is
//! written before and after each drop, and a drop is one call that the kernel does wholly or not at
//! all. Bytes that have to wait for longer go into the spool.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::spool::Spool;
use crate::os::fifo::{self, Moved};
use crate::os::peek::Peek;

/// Most bytes moved into a stage at once: the largest pipe an ordinary user may ask for.
const MOST: usize = 1 << 20;

/// What stands in the note: two numbers of eight bytes, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Note {
    /// Offset of the first byte in the pipe before the drop.
    at: u64,
    /// Bytes in the pipe before the drop that is under way; 0 when none is.
    held: u64,
}

impl Note {
    const BYTES: usize = 16;

    fn bytes(self) -> [u8; Note::BYTES] {
        let mut bytes = [0; Note::BYTES];
        bytes[..8].copy_from_slice(&self.at.to_le_bytes());
        bytes[8..].copy_from_slice(&self.held.to_le_bytes());
        bytes
    }

    fn read(file: &File) -> io::Result<Option<Note>> {
        let mut bytes = [0; Note::BYTES];
        match file.read_exact_at(&mut bytes, 0) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        let number = |from: usize| {
            bytes[from..].first_chunk().map_or(0, |eight: &[u8; 8]| u64::from_le_bytes(*eight))
        };
        Ok(Some(Note { at: number(0), held: number(8) }))
    }
}

/// A stage and its note.
#[derive(Debug)]
pub struct Stage {
    pipe: OwnedFd,
    note: File,
    path: PathBuf,
    /// A drop has been done that the note still calls under way.
    unsettled: bool,
    /// Offset of the first byte in the pipe.
    at: u64,
    /// Bytes in the pipe.
    held: u64,
}

impl Stage {
    /// Takes over a stage and drops what the log has of it. `spooled` is the offset after the last
    /// byte that went from here into the spool, as far as the spool's files tell.
    pub fn open(
        pipe: OwnedFd,
        note: &Path,
        spooled: Option<u64>,
        logged: u64,
        peek: &Peek,
    ) -> io::Result<Stage> {
        let path = note.to_owned();
        let note = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(note)?;
        let held = fifo::waiting(&pipe)?;
        let noted = Note::read(&note)?;
        let dropped = noted.map(|note| match note.held {
            0 => note.at,
            before => note.at + before.saturating_sub(held),
        });
        let mut at = dropped.max(spooled).unwrap_or(logged);
        if held == 0 {
            // Noted, too: what comes in next would be taken for what the log has already.
            at = at.max(logged);
        }
        let mut stage = Stage { pipe, note, path, unsettled: true, at, held };
        stage.settle()?;
        stage.drop_before(logged, peek)?;
        Ok(stage)
    }

    /// Offset of the first byte in the pipe.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// Offset after the last byte in the pipe.
    pub fn end(&self) -> u64 {
        self.at + self.held
    }

    /// Bytes in the pipe.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// Whether nothing more would go in, however small.
    pub fn is_full(&self) -> io::Result<bool> {
        if self.held == 0 { Ok(false) } else { fifo::is_full(&self.pipe) }
    }

    /// Asks for another capacity; false if the system refuses.
    pub fn resize(&self, bytes: usize) -> bool {
        fifo::resize(&self.pipe, bytes)
    }

    /// Moves in what `from` holds, as far as there is room.
    pub fn take(&mut self, from: &OwnedFd) -> io::Result<Moved> {
        self.settle()?;
        let moved = fifo::pipe_to_pipe(from, &self.pipe, MOST)?;
        if let Moved::Bytes(bytes) = moved {
            self.held += bytes as u64;
        }
        Ok(moved)
    }

    /// Copies bytes from the front of the pipe, which stay there; how many.
    pub fn look(&self, peek: &Peek, to: &mut [u8]) -> io::Result<usize> {
        if self.held == 0 { Ok(0) } else { peek.look(&self.pipe, to) }
    }

    /// Moves everything into the spool. Until the note says so too, the spool's files do.
    pub fn spill(&mut self, spool: &mut Spool) -> io::Result<()> {
        self.settle()?;
        spool.go_on_at(self.at)?;
        while self.held > 0 || spool.owes() {
            self.unsettled = true;
            let moved = spool.take(&self.pipe, MOST);
            self.held = fifo::waiting(&self.pipe)?;
            self.at = spool.taken();
            if !matches!(moved?, Moved::Bytes(_)) {
                break;
            }
        }
        self.settle()
    }

    /// The log has everything before `logged`: drops it from the pipe.
    pub fn drop_before(&mut self, logged: u64, peek: &Peek) -> io::Result<()> {
        self.settle()?;
        let mut bytes = logged.saturating_sub(self.at).min(self.held);
        if bytes == 0 {
            return Ok(());
        }
        self.note.write_all_at(&Note { at: self.at, held: self.held }.bytes(), 0)?;
        self.unsettled = true;
        while bytes > 0 {
            let dropped = peek.discard(&self.pipe, bytes)?;
            if dropped == 0 {
                return Err(io::Error::other("a stage pipe holds less than was put into it"));
            }
            self.at += dropped;
            self.held -= dropped;
            bytes -= dropped;
        }
        self.settle()
    }

    /// Gives up everything, what was spilled included, although the log does not have it. That
    /// survives a kill: the note tells where the stream goes on.
    pub fn give_up(&mut self, spool: &mut Spool, peek: &Peek) -> io::Result<()> {
        self.settle()?;
        spool.give_up()?;
        self.drop_before(self.end(), peek)
    }

    /// Removes the note: the stream has ended and the log has it all.
    pub fn remove_note(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Nothing may come in while the note says that a drop is under way: it counts what is left.
    fn settle(&mut self) -> io::Result<()> {
        if self.unsettled {
            self.note.write_all_at(&Note { at: self.at, held: 0 }.bytes(), 0)?;
            self.unsettled = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    struct Rig {
        temp: tempfile::TempDir,
        /// Keeps the pipe's content alive while the stage is closed.
        pipe: OwnedFd,
        peek: Peek,
    }

    impl Rig {
        fn new() -> Rig {
            let temp = tempfile::tempdir().unwrap();
            fifo::make(&temp.path().join("stage")).unwrap();
            let pipe = fifo::open_both(&temp.path().join("stage")).unwrap();
            Rig { temp, pipe, peek: Peek::new().unwrap() }
        }

        fn spool(&self) -> Spool {
            Spool::open(self.temp.path().to_owned(), "s".to_owned(), 4096, 0).unwrap()
        }

        /// What a recorder finds that starts when the log has everything before `logged`.
        fn open(&self, logged: u64) -> Stage {
            let pipe = self.pipe.try_clone().unwrap();
            let (note, spooled) = (self.temp.path().join("s.stage"), self.spool().held_to());
            Stage::open(pipe, &note, spooled, logged, &self.peek).unwrap()
        }

        fn put(&self, bytes: &[u8]) {
            File::from(self.pipe.try_clone().unwrap()).write_all(bytes).unwrap();
        }

        fn note(&self, note: Note) {
            std::fs::write(self.temp.path().join("s.stage"), note.bytes()).unwrap();
        }

        fn shows(&self, stage: &Stage) -> (u64, String) {
            let mut room = vec![0; 100];
            let seen = stage.look(&self.peek, &mut room).unwrap();
            (stage.at(), String::from_utf8(room[..seen].to_vec()).unwrap())
        }
    }

    #[test]
    fn killed_before_the_log_had_anything_all_is_there_again() {
        let rig = Rig::new();
        drop(rig.open(0));
        rig.put(b"one\ntwo\n");
        assert_eq!(rig.shows(&rig.open(0)), (0, "one\ntwo\n".to_owned()));
    }

    #[test]
    fn killed_between_the_log_and_the_note_what_the_log_has_is_dropped() {
        let rig = Rig::new();
        drop(rig.open(0));
        rig.put(b"one\ntwo\n");
        assert_eq!(rig.shows(&rig.open(4)), (4, "two\n".to_owned()));
        assert_eq!(rig.shows(&rig.open(4)), (4, "two\n".to_owned()));
    }

    #[test]
    fn killed_between_the_note_and_the_drop_it_is_done_now() {
        let rig = Rig::new();
        rig.put(b"one\ntwo\n");
        rig.note(Note { at: 100, held: 8 });
        assert_eq!(rig.shows(&rig.open(104)), (104, "two\n".to_owned()));
    }

    #[test]
    fn killed_between_the_drop_and_the_second_note_it_is_not_done_twice() {
        let rig = Rig::new();
        rig.put(b"two\n");
        rig.note(Note { at: 100, held: 8 });
        assert_eq!(rig.shows(&rig.open(104)), (104, "two\n".to_owned()));
        assert_eq!(rig.shows(&rig.open(104)), (104, "two\n".to_owned()));
    }

    #[test]
    fn what_comes_into_a_stage_that_died_with_its_holders_is_not_dropped_by_the_next_recorder() {
        let rig = Rig::new();
        // The log has it, everybody was killed before it was dropped, and the pipe died with them.
        rig.note(Note { at: 100, held: 0 });
        drop(rig.open(108));
        rig.put(b"three\n");
        assert_eq!(rig.shows(&rig.open(108)), (108, "three\n".to_owned()));
    }

    #[test]
    fn killed_while_it_spills_the_files_tell_where_the_rest_begins() {
        let rig = Rig::new();
        let mut stage = rig.open(0);
        rig.put(b"one\n");
        stage.held = 4;
        stage.drop_before(4, &rig.peek).unwrap();
        rig.put(b"two\nthree");
        stage.held = 9;
        let mut spool = rig.spool();
        spool.go_on_at(4).unwrap();
        assert_eq!(spool.take(&rig.pipe, 4).unwrap(), Moved::Bytes(4));
        drop((stage, spool));
        assert_eq!(rig.shows(&rig.open(4)), (8, "three".to_owned()));
    }

    #[test]
    fn what_was_spilled_lies_in_the_spool_at_its_offset() {
        let rig = Rig::new();
        let mut stage = rig.open(0);
        rig.put(b"one\ntwo\n");
        stage.held = 8;
        stage.drop_before(4, &rig.peek).unwrap();
        let mut spool = rig.spool();
        stage.spill(&mut spool).unwrap();
        assert_eq!((stage.at(), stage.held()), (8, 0));
        let mut room = [0; 4];
        assert_eq!(spool.read(4, &mut room).unwrap(), 4);
        assert_eq!(&room, b"two\n");
        // The log has it, its file goes, and the note alone must tell.
        spool.remove().unwrap();
        assert_eq!(rig.open(8).at(), 8);
    }

    #[test]
    fn what_was_given_up_is_not_taken_for_what_comes_next() {
        let rig = Rig::new();
        let mut stage = rig.open(0);
        rig.put(b"one\n");
        stage.held = 4;
        let mut spool = rig.spool();
        stage.spill(&mut spool).unwrap();
        rig.put(b"two\n");
        stage.held = 4;
        stage.give_up(&mut spool, &rig.peek).unwrap();
        rig.put(b"three\n");
        drop((stage, spool));
        assert_eq!(rig.shows(&rig.open(0)), (8, "three\n".to_owned()));
    }

    #[test]
    fn a_stage_whose_content_died_with_its_holders_goes_on_behind_the_log() {
        let rig = Rig::new();
        rig.note(Note { at: 100, held: 8 });
        assert_eq!(rig.open(104).at(), 108);
        rig.note(Note { at: 100, held: 0 });
        assert_eq!(rig.open(104).at(), 104);
    }
}
