//! One pipe on its way into the log: FIFO → stage → spool → records.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use crate::model::{Event, Head, Level, Said, Stream};
use crate::os::fifo::{self, Moved};
use crate::parse::Splitter;
use crate::store::layout::PlanDir;
use crate::store::spool::{self, Spool};

use super::capture::Capture;

/// Most bytes moved out of a pipe at once: the largest pipe an ordinary user may ask for.
const MOST: usize = 1 << 20;

/// Pipe size when it is quiet: what the system gives (pipe(7)).
pub(super) const SMALL_PIPE: usize = 64 << 10;

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
    stage: OwnedFd,
    spool: Spool,
    head: Head,
    /// Place of the stream in the fold.
    slot: usize,
    splitter: Splitter,
    /// Offset of the first byte without a record.
    logged: u64,
    /// Bytes the pipe holds at most.
    capacity: usize,
    /// The stage may hold bytes.
    staged: bool,
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
}

impl Source {
    /// Opens the FIFO of `stream` of `run`, and what earlier recorders took from it.
    pub(super) fn open(cap: &mut Capture, run: u64, stream: Stream) -> io::Result<Source> {
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
        Source::with(cap, run, stream, fifo, stage, key, reserve)
    }

    /// Takes what comes out of an inherited descriptor as the stdout of `run`.
    pub(super) fn open_input(cap: &mut Capture, run: u64, input: OwnedFd) -> io::Result<Source> {
        let plan = cap.plan().clone();
        let stage = plan.run_stage(run, &Stream::Stdout);
        plan.create_run_pipes(run)?;
        // A recorder that recovers this run opens it like any other: a pipe at its end.
        fifo::make(&plan.run_pipe(run, &Stream::Stdout))?;
        fifo::make(&stage)?;
        let stage = fifo::open_both(&stage)?;
        let key = format!("{run}.{}", Stream::Stdout);
        let mut source = Source::with(cap, run, Stream::Stdout, input, stage, key, spool::PIECE)?;
        source.is_input = true;
        Ok(source)
    }

    /// Opens the FIFO through which supervisors speak.
    pub(super) fn open_lifecycle(cap: &mut Capture) -> io::Result<Source> {
        let plan = cap.plan().clone();
        fifo::ensure(&plan.lifecycle())?;
        fifo::ensure(&plan.lifecycle_stage())?;
        let fifo = fifo::open_both(&plan.lifecycle())?;
        let stage = fifo::open_both(&plan.lifecycle_stage())?;
        Source::with(
            cap,
            0,
            Stream::Planwatch,
            fifo,
            stage,
            "0.lifecycle".to_owned(),
            SMALL_RESERVE,
        )
    }

    fn with(
        cap: &mut Capture,
        run: u64,
        stream: Stream,
        fifo: OwnedFd,
        stage: OwnedFd,
        key: String,
        reserve: u64,
    ) -> io::Result<Source> {
        let slot = cap.fold.slot(run, &stream);
        let logged = cap.fold.streams[slot].off;
        let spool = Spool::open(cap.plan().spool(), key, reserve, logged)?;
        let max_line = if stream == Stream::Planwatch { Said::MAX } else { cap.limits().max_line };
        Ok(Source {
            run,
            head: Head::new(cap.plan().name(), run, &stream.name()),
            stream,
            fifo,
            stage,
            spool,
            slot,
            splitter: Splitter::new(max_line),
            logged,
            capacity: SMALL_PIPE,
            staged: true,
            no_writer: false,
            hung_up: false,
            emptied: false,
            ended: false,
            is_input: false,
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

    /// Whether bytes wait in the spool for their records.
    pub(super) fn has_waiting(&self) -> bool {
        self.spool.end() > self.logged
    }

    /// Whether more may be taken.
    pub(super) fn has_room(&self) -> bool {
        self.spool.has_room()
    }

    /// Asks for larger or smaller pipes. A refusal changes nothing.
    pub(super) fn resize(&mut self, bytes: usize) {
        if fifo::resize(&self.stage, bytes) && fifo::resize(&self.fifo, bytes) {
            self.capacity = bytes;
        }
    }

    /// Bytes the pipe holds at most.
    pub(super) fn capacity(&self) -> usize {
        self.capacity
    }

    /// Moves what the pipe holds into the spool; how many bytes that were.
    pub(super) fn take(&mut self) -> io::Result<usize> {
        self.unstage()?;
        let mut taken = 0;
        while self.spool.has_room() {
            match fifo::pipe_to_pipe(&self.fifo, &self.stage, MOST)? {
                Moved::Bytes(bytes) => {
                    taken += bytes;
                    self.staged = true;
                    self.no_writer = false;
                    self.unstage()?;
                    // What came meanwhile is the next batch's: others wait too.
                    if !self.hung_up {
                        break;
                    }
                }
                Moved::Empty => {
                    self.emptied = true;
                    self.no_writer = false;
                    break;
                }
                Moved::NoWriter => {
                    self.emptied = true;
                    self.no_writer = true;
                    break;
                }
            }
        }
        Ok(taken)
    }

    /// Empties the stage into the spool.
    fn unstage(&mut self) -> io::Result<()> {
        self.staged = self.staged && (self.spool.owes() || fifo::waiting(&self.stage)? > 0);
        while self.staged {
            match self.spool.take(&self.stage, MOST)? {
                Moved::Bytes(_) => {}
                Moved::Empty | Moved::NoWriter => self.staged = false,
            }
        }
        Ok(())
    }

    /// Makes records of what the spool holds. `at_end` says that no byte will follow. `room` is
    /// borrowed for the bytes on their way.
    pub(super) fn record(
        &mut self,
        cap: &mut Capture,
        room: &mut [u8],
        at_end: bool,
    ) -> io::Result<()> {
        self.skip_given_up(cap)?;
        let mut filled = 0;
        loop {
            let bytes = self.spool.read(self.logged + filled as u64, &mut room[filled..])?;
            filled += bytes;
            let all_here = self.logged + filled as u64 == self.spool.end();
            let mut from = 0;
            while let Some(line) = self.splitter.next(&room[from..filled], at_end && all_here) {
                let off = self.logged;
                self.logged += line.consumed as u64;
                from += line.consumed;
                if self.stream == Stream::Planwatch {
                    cap.said(off, &line)?;
                } else {
                    cap.text(self.slot, &self.head, off, &line)?;
                }
            }
            if from == 0 && (bytes == 0 || filled == room.len()) {
                break;
            }
            room.copy_within(from..filled, 0);
            filled -= from;
            if all_here {
                break;
            }
        }
        Ok(())
    }

    /// Bytes that a full disk made us give up are counted in the log.
    fn skip_given_up(&mut self, cap: &mut Capture) -> io::Result<()> {
        let start = self.spool.start();
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

    /// The first record that [`Source::record`] would make now, without making it.
    pub(super) fn draft(&mut self, cap: &Capture, room: &mut [u8]) -> io::Result<Option<Vec<u8>>> {
        let mut filled = 0;
        while filled < room.len() {
            let bytes = self.spool.read(self.logged + filled as u64, &mut room[filled..])?;
            if bytes == 0 {
                break;
            }
            filled += bytes;
        }
        let at_end = self.ended && self.logged + filled as u64 == self.spool.end();
        let line = self.splitter.next(&room[..filled], at_end);
        self.splitter.restart();
        Ok(line.map(|line| match self.stream {
            Stream::Planwatch => cap.draft_said(self.logged, &line),
            _ => cap.draft_text(self.slot, &self.head, self.logged, &line),
        }))
    }

    /// The log holds what it held when it was last flushed: files it is past can go.
    pub(super) fn release(&mut self) -> io::Result<()> {
        self.spool.release(self.logged)
    }

    /// Gives up the oldest waiting bytes; false if that makes no room.
    pub(super) fn give_up_oldest(&mut self) -> io::Result<bool> {
        Ok(self.spool.give_up_oldest()? > 0)
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
