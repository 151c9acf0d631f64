//! One pipe on its way into the log: FIFO → stage → records, by way of the spool for what has to
//! wait.

mod draft;
mod input;
#[cfg(test)]
mod tests;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::model::{Event, Head, Level, Said, Stream};
use crate::os::fifo::{self, Moved};
use crate::os::peek::Peek;
use crate::parse::{Splitter, bridge};
use crate::store::layout::PlanDir;
use crate::store::spool::{self, Spool};
use crate::store::stage::Stage;

use super::capture::Capture;
use super::secrets::{self, Secrets};

/// Most bytes read at once; more than the longest line with its end. What is made of them is written
/// before the next are read, so that all of it stays in a processor's own cache.
const ROOM: usize = 256 << 10;

/// Bytes that may lie in the stage from one pass to the next. A longer beginning of a line would be
/// looked at again and again.
const LEFT: u64 = 4 << 10;

/// What all sources of a recorder work with.
#[derive(Debug)]
pub(super) struct Desk {
    pub(super) room: Vec<u8>,
    peek: Peek,
}

impl Desk {
    pub(super) fn new() -> io::Result<Desk> {
        Ok(Desk { room: vec![0; ROOM], peek: Peek::new()? })
    }

    /// Makes it large enough for a flood.
    pub(super) fn grow(&self) {
        self.peek.resize(ROOM);
    }

    /// Gives back the memory that a flood needed.
    pub(super) fn shrink(&mut self) {
        self.room = vec![0; ROOM];
        self.peek.resize(SMALL_PIPE);
    }
}

/// Pipe size when it is quiet: what the system gives (pipe(7)).
pub(super) const SMALL_PIPE: usize = 64 << 10;
/// Pipe size in a flood: the largest an ordinary user may ask for.
pub(super) const LARGE_PIPE: usize = 1 << 20;

/// Room kept on disk for a stream that says little.
const SMALL_RESERVE: u64 = 64 << 10;

/// One stream of one run, or the plan's lifecycle stream (run 0).
#[derive(Debug)]
pub(super) struct Source {
    /// The run its bytes belong to.
    pub(super) run: u64,
    /// The stream.
    pub(super) stream: Stream,
    fifo: OwnedFd,
    stage: Stage,
    /// What was taken and could not wait in the stage.
    spool: Spool,
    head: Head,
    /// Place of the stream in the fold.
    slot: usize,
    splitter: Splitter,
    /// What nobody may see of it.
    secrets: Option<Box<Secrets>>,
    /// Offset of the first byte without a record.
    logged: u64,
    /// Bytes the pipe holds at most.
    capacity: usize,
    /// No process holds the FIFO for writing, as far as the last look at it told.
    pub(super) no_writer: bool,
    /// The kernel said that the last writer has gone.
    pub(super) hung_up: bool,
    /// The pipe was seen empty since it was opened. A pipe opened after its last writer left gives
    /// what it holds and never shows a hang-up: until it was empty once, only reading tells.
    pub(super) emptied: bool,
    /// No byte can follow those in the spool.
    pub(super) ended: bool,
    /// It is our standard input: its writer was there before us.
    pub(super) is_input: bool,
    /// Nothing more is taken out of the pipe, whatever its writer does.
    cut: bool,
}

impl Source {
    /// Opens the FIFO of `stream` of `run`, and what earlier recorders took from it.
    pub(super) fn open(
        cap: &mut Capture,
        desk: &Desk,
        run: u64,
        stream: Stream,
    ) -> io::Result<Source> {
        let plan = cap.plan().clone();
        // The bridge's processes come and go; nobody's going may look like the end.
        let fifo = if stream == Stream::Events {
            fifo::open_both(&plan.run_pipe(run, &stream))?
        } else {
            fifo::open_read(&plan.run_pipe(run, &stream))?
        };
        let stage = fifo::open_both(&plan.run_stage(run, &stream))?;
        let reserve = if stream == Stream::Events { SMALL_RESERVE } else { spool::PIECE };
        let key = format!("{run}.{stream}");
        Source::with(cap, desk, run, stream, [fifo, stage], key, reserve)
    }

    /// Opens the FIFO through which supervisors speak.
    pub(super) fn open_lifecycle(cap: &mut Capture, desk: &Desk) -> io::Result<Source> {
        let plan = cap.plan().clone();
        fifo::ensure(&plan.lifecycle())?;
        fifo::ensure(&plan.lifecycle_stage())?;
        let fifo = fifo::open_both(&plan.lifecycle())?;
        let stage = fifo::open_both(&plan.lifecycle_stage())?;
        let key = "0.lifecycle".to_owned();
        Source::with(cap, desk, 0, Stream::Planwatch, [fifo, stage], key, SMALL_RESERVE)
    }

    fn with(
        cap: &mut Capture,
        desk: &Desk,
        run: u64,
        stream: Stream,
        [fifo, stage]: [OwnedFd; 2],
        key: String,
        reserve: u64,
    ) -> io::Result<Source> {
        let slot = cap.fold.slot(run, &stream);
        let logged = cap.fold.streams[slot].off;
        let note = cap.plan().spool().join(format!("{key}.stage"));
        let mut spool = Spool::open(cap.plan().spool(), key, reserve, logged)?;
        let stage = Stage::open(stage, &note, spool.held_to(), logged, &desk.peek)?;
        // Only now: until the stage's note is right, the spool's files tell where it begins.
        spool.release(logged)?;
        let secrets = match stream {
            Stream::Planwatch => None,
            _ => Secrets::of(cap.plan(), run, &desk.peek)?,
        };
        let max_line = match stream {
            Stream::Planwatch => Said::MAX,
            // A piece of an event says nothing.
            Stream::Events => cap.limits().max_line.max(bridge::LONGEST),
            _ => cap.limits().max_line,
        };
        // A piece that is longer than any value can end in front of one.
        let longest = secrets.as_ref().map_or(0, |secrets| secrets.veil.longest());
        let max_line = max_line.max(2 * longest);
        if secrets.as_ref().is_some_and(|secrets| secrets.veil.is_blind()) {
            secrets::say_blind(cap, run, &stream)?;
        }
        Ok(Source {
            run,
            head: Head::new(cap.plan().name(), run, &stream.name()),
            stream,
            fifo,
            stage,
            spool,
            slot,
            splitter: Splitter::new(max_line),
            secrets,
            logged,
            capacity: SMALL_PIPE,
            no_writer: false,
            hung_up: false,
            emptied: false,
            ended: false,
            is_input: false,
            cut: false,
        })
    }

    /// What to poll for more bytes.
    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fifo.as_fd()
    }

    /// Where the stream's state is in the fold; it moves when another stream leaves.
    pub(super) fn find_slot(&mut self, cap: &mut Capture) {
        self.slot = cap.fold.slot(self.run, &self.stream);
    }

    /// Whether bytes wait for their records.
    pub(super) fn has_waiting(&self) -> bool {
        self.stage.end() > self.logged
    }

    /// Whether bytes wait in the spool, from where they must go first.
    fn has_spooled(&self) -> bool {
        self.stage.at() > self.logged
    }

    /// Whether more may be taken.
    pub(super) fn has_room(&self) -> bool {
        self.spool.has_room()
    }

    /// Asks for larger or smaller pipes. A refusal changes nothing.
    pub(super) fn resize(&mut self, bytes: usize) {
        if self.stage.resize(bytes) && fifo::resize(&self.fifo, bytes) {
            self.capacity = bytes;
        }
    }

    /// Bytes the pipe holds at most.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether enough waits in the pipe for a batch that is worth its calls.
    pub(super) fn has_plenty(&self) -> io::Result<bool> {
        Ok(fifo::waiting(&self.fifo)? >= (self.capacity / 4) as u64)
    }

    /// Takes what the pipe holds; how many bytes that were. What comes meanwhile is the next
    /// batch's: others wait too.
    pub(super) fn take(&mut self) -> io::Result<usize> {
        if self.has_spooled() || self.stage.held() >= LEFT || self.spool.owes() {
            self.stage.spill(&mut self.spool)?;
        }
        if !self.spool.has_room() {
            return Ok(0);
        }
        if self.cut {
            (self.no_writer, self.emptied) = (true, true);
            return Ok(0);
        }
        let mut moved = self.stage.take(&self.fifo)?;
        if moved == Moved::Empty && self.stage.is_full()? {
            // Maybe not empty, or even at its end: a stage without room hides both.
            self.stage.spill(&mut self.spool)?;
            moved = self.stage.take(&self.fifo)?;
        }
        self.emptied |= !matches!(moved, Moved::Bytes(_));
        self.no_writer = moved == Moved::NoWriter;
        let Moved::Bytes(taken) = moved else { return Ok(0) };
        if self.has_spooled() {
            self.stage.spill(&mut self.spool)?;
        }
        Ok(taken)
    }

    /// Copies waiting bytes from `offset` on; how many.
    fn read(&self, offset: u64, to: &mut [u8], peek: &Peek) -> io::Result<usize> {
        if offset < self.stage.at() {
            return self.spool.read(offset, to);
        }
        let seen = self.stage.look(peek, to)?;
        let skip = usize::try_from(offset - self.stage.at()).unwrap_or(usize::MAX).min(seen);
        if skip > 0 {
            to.copy_within(skip..seen, 0);
        }
        Ok(seen - skip)
    }

    /// Makes records of what waits. `at_end` says that no byte will follow.
    pub(super) fn record(
        &mut self,
        cap: &mut Capture,
        desk: &mut Desk,
        at_end: bool,
    ) -> io::Result<()> {
        if at_end {
            // The stage shows its front only.
            self.stage.spill(&mut self.spool)?;
        }
        self.skip_given_up(cap)?;
        let Desk { room, peek } = desk;
        let mut filled = 0;
        loop {
            let from_stage = !self.has_spooled();
            let bytes = self.read(self.logged + filled as u64, &mut room[filled..], peek)?;
            filled += bytes;
            let all_here = self.logged + filled as u64 == self.stage.end();
            let mut from = 0;
            while let Some(mut line) = self.splitter.next(&room[from..filled], at_end && all_here) {
                if let Some(secrets) = &mut self.secrets {
                    let pending = &room[from..filled];
                    match secrets.veil.cover(pending, line, at_end && all_here) {
                        Some(covered) => line = covered,
                        None => break,
                    }
                }
                let off = self.logged;
                self.logged += line.consumed as u64;
                from += line.consumed;
                if self.stream == Stream::Planwatch {
                    cap.said(off, &line)?;
                } else {
                    cap.text(self.slot, &self.head, off, &line)?;
                }
            }
            if all_here || (!from_stage && from == 0 && (bytes == 0 || filled == room.len())) {
                break;
            }
            if from_stage && from > 0 {
                // A stage shows its front only, and nobody may come to ask for the rest.
                cap.flush()?;
                self.stage.drop_before(self.logged, peek)?;
                filled = 0;
                continue;
            }
            if from_stage {
                // Not even a line is to be seen at once.
                self.stage.spill(&mut self.spool)?;
            }
            room.copy_within(from..filled, 0);
            filled -= from;
        }
        Ok(())
    }

    /// Bytes that a full disk made us give up are counted in the log.
    fn skip_given_up(&mut self, cap: &mut Capture) -> io::Result<()> {
        let start = self.spool.start().unwrap_or(self.stage.at());
        if start <= self.logged {
            return Ok(());
        }
        let bytes = start - self.logged;
        let event = Event::LogGap {
            reason: "bytes were given up before they could be recorded".to_owned(),
            from: None,
            to: None,
            of: Some(self.stream.clone()),
            at: Some(self.logged),
            bytes: Some(bytes),
        };
        self.logged = start;
        self.splitter.restart();
        let msg = format!("{bytes} bytes of {} are missing here", self.stream);
        cap.event(self.run, None, Level::Error, &msg, &event)
    }

    /// The log has everything that was made into records: none of it need be kept any more.
    pub(super) fn release(&mut self, desk: &Desk) -> io::Result<()> {
        self.stage.drop_before(self.logged, &desk.peek)?;
        self.spool.release(self.logged)
    }

    /// Takes what the pipe holds while the log cannot be written, and where there is no room for
    /// that gives up what waits: the oldest file, and where the disk takes no file, everything.
    pub(super) fn take_or_give_up(&mut self, desk: &Desk) -> io::Result<()> {
        if self.take().is_ok() && self.spool.has_room() {
            return Ok(());
        }
        if self.spool.give_up_oldest()? > 0 {
            return Ok(());
        }
        self.stage.take(&self.fifo)?;
        if self.stage.is_full()? && fifo::waiting(&self.fifo)? > 0 {
            self.stage.give_up(&mut self.spool, &desk.peek)?;
            self.stage.take(&self.fifo)?;
        }
        Ok(())
    }

    /// Says in the log that the stream has ended.
    pub(super) fn close(&self, cap: &mut Capture) -> io::Result<()> {
        let bytes = self.logged;
        let event = Event::StreamClosed { of: self.stream.clone(), bytes };
        let msg = format!("{} closed after {bytes} bytes", self.stream);
        cap.event(self.run, None, Level::Debug, &msg, &event)
    }

    /// Removes the pipe and its spool: the log has it all.
    pub(super) fn remove(&mut self, plan: &PlanDir) -> io::Result<()> {
        self.spool.remove()?;
        self.stage.remove_note()?;
        for path in [plan.run_pipe(self.run, &self.stream), plan.run_stage(self.run, &self.stream)]
        {
            match std::fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}
