//! Standard input as a source: a pipe that others made, and that may be left before its end.

use std::io;
use std::os::fd::OwnedFd;

use super::{Desk, LARGE_PIPE, Source};
use crate::model::Stream;
use crate::os::fifo;
use crate::recorder::capture::Capture;
use crate::store::spool;

impl Source {
    /// Takes what comes out of an inherited descriptor as the stdout of `run`.
    pub(in crate::recorder) fn open_input(
        cap: &mut Capture,
        desk: &Desk,
        run: u64,
        input: OwnedFd,
    ) -> io::Result<Source> {
        let plan = cap.plan().clone();
        let stage = plan.run_stage(run, &Stream::Stdout);
        plan.create_run_pipes(run)?;
        // A recorder that recovers this run opens it like any other: a pipe at its end.
        fifo::make(&plan.run_pipe(run, &Stream::Stdout))?;
        fifo::make(&stage)?;
        let stage = fifo::open_both(&stage)?;
        let key = format!("{run}.{}", Stream::Stdout);
        let mut source =
            Source::with(cap, desk, run, Stream::Stdout, [input, stage], key, spool::PIECE)?;
        source.is_input = true;
        Ok(source)
    }

    /// Takes what the pipe holds now, and nothing that comes after. To be called again after the
    /// next pass where there is no room for all of it.
    pub(in crate::recorder) fn cut_off(&mut self) -> io::Result<()> {
        let mut left = fifo::waiting(&self.fifo)?.min(LARGE_PIPE as u64);
        while left > 0 {
            match self.take()? as u64 {
                0 if !self.spool.has_room() => return Ok(()),
                0 => break,
                taken => left = left.saturating_sub(taken),
            }
        }
        self.cut = true;
        Ok(())
    }

    /// Whether nothing more is taken.
    pub(in crate::recorder) fn is_cut(&self) -> bool {
        self.cut
    }
}
