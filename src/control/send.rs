//! The way to a supervisor: its requests FIFO, held open until the answer stands in the log.

use std::fs::File;
use std::io::{self, Write as _};

use super::Request;
use crate::os::fifo;
use crate::store::layout::PlanDir;

/// An open way to a plan's supervisor. While it is held, what was sent outlives the supervisor.
#[derive(Debug)]
pub struct Line {
    fifo: File,
}

/// Opens the way to the plan's supervisor. None if nobody listens.
pub fn open(plan: &PlanDir) -> io::Result<Option<Line>> {
    match fifo::open_write(&plan.requests()) {
        Ok(fifo) => Ok(Some(Line { fifo: fifo.into() })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        // ENXIO: no process has the FIFO open for reading (fifo(7)).
        Err(error) if error.raw_os_error() == Some(6) => Ok(None),
        Err(error) => Err(error),
    }
}

impl Line {
    /// Sends a request. An error where the FIFO is full: a supervisor that is stopped.
    pub fn send(&mut self, request: &Request) -> io::Result<()> {
        self.fifo.write_all(&request.line())
    }
}
