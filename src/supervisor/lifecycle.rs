//! The supervisor's voice: lines in the lifecycle FIFO, which the recorder puts into the log.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use crate::model::{Event, Level, Said};
use crate::os::fifo;
use crate::store::layout::PlanDir;

/// Lines that may wait for room. A run says about ten; the rest is signals and requests.
const MOST_WAITING: usize = 256;

/// The lifecycle FIFO, its stage, and what did not fit yet.
pub(super) struct Lifecycle {
    fifo: OwnedFd,
    /// Never read or written here: held, so that what is in it outlives the recorder.
    _stage: OwnedFd,
    waiting: VecDeque<Vec<u8>>,
}

impl Lifecycle {
    /// Opens both pipes, made if they are missing.
    pub(super) fn open(plan: &PlanDir) -> io::Result<Lifecycle> {
        fifo::ensure(&plan.lifecycle())?;
        fifo::ensure(&plan.lifecycle_stage())?;
        let stage = fifo::open_both(&plan.lifecycle_stage())?;
        let fifo = fifo::open_both(&plan.lifecycle())?;
        Ok(Lifecycle { fifo, _stage: stage, waiting: VecDeque::new() })
    }

    /// Says something, now or as soon as there is room.
    pub(super) fn say(&mut self, said: Said) -> io::Result<()> {
        if self.waiting.len() < MOST_WAITING || matters(&said.event) {
            self.waiting.push_back(line(said));
        }
        self.flush()
    }

    /// Writes what there is room for. Each line is written whole: it is no longer than PIPE_BUF.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while let Some(line) = self.waiting.front() {
            match rustix::io::write(&self.fifo, line) {
                Ok(_) => drop(self.waiting.pop_front()),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether something waits for room.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fifo.as_fd()
    }
}

/// What must be said although the queue is full: the ends and beginnings that come once a run.
fn matters(event: &Event) -> bool {
    !matches!(event, Event::RunSignalled { .. } | Event::RunStopping { .. })
}

/// The line of something said, cut down until it fits into one write.
fn line(mut said: Said) -> Vec<u8> {
    for room in [usize::MAX, 1024, 256, 64, 16] {
        shorten(&mut said, room);
        let line = said.line();
        if line.len() <= Said::MAX {
            return line;
        }
    }
    said.msg = "…".to_owned();
    if let Event::RunStarted { argv, changed, .. } = &mut said.event {
        argv.truncate(8);
        argv.push("…".to_owned());
        changed.clear();
    }
    said.line()
}

/// Cuts every text of free length to `room` bytes, and a long list of arguments to as many entries.
fn shorten(said: &mut Said, room: usize) {
    cut(&mut said.msg, room);
    match &mut said.event {
        Event::RunStarted { argv, cwd, changed, .. } => {
            if argv.len() > room {
                argv.truncate(room);
                argv.push("…".to_owned());
            }
            argv.iter_mut().chain(changed).for_each(|text| cut(text, room));
            cut(cwd, room.saturating_mul(4));
        }
        Event::RunExited { exec_error: Some(error), .. } => cut(error, room),
        Event::RunStopping { by, .. }
        | Event::RunSignalled { by, .. }
        | Event::RunRestarting { by, .. } => cut(by, room),
        Event::StreamHeld { pids, .. } => pids.truncate(room),
        _ => {}
    }
}

fn cut(text: &mut String, room: usize) {
    if text.len() > room {
        text.truncate(text.floor_char_boundary(room));
        text.push('…');
    }
}

/// A line about a run.
pub(super) fn said(run: u64, level: Level, msg: impl Into<String>, event: Event) -> Said {
    Said { run, level, msg: msg.into(), event }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whatever_is_said_is_one_line_of_json_that_fits_into_one_write(
            argv in proptest::collection::vec("[a-z\n\"äé]{0,700}", 0..40),
            cwd in ".{0,3000}",
        ) {
            let event = Event::RunStarted {
                argv: argv.clone(),
                cwd,
                changed: vec![],
                verdict: vec![],
                success_exit_codes: vec![],
                streams: vec![],
                boot: "b".to_owned(),
            };
            let line = line(said(1, Level::Info, argv.join(" "), event));
            prop_assert!(line.len() <= Said::MAX, "{}", line.len());
            prop_assert_eq!(line.iter().filter(|&&b| b == b'\n').count(), 1);
            prop_assert!(serde_json::from_slice::<Said>(&line).is_ok());
        }
    }
}
