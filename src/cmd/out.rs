//! The only file that writes to standard output.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd as _;

use crate::render::json;

/// Bytes gathered before a write.
const BUFFER: usize = 64 << 10;

/// Bytes that are written as they are where nothing waits before them: to gather them costs more.
const LARGE: usize = 16 << 10;

/// Standard output did not take what was written.
#[derive(Debug, thiserror::Error)]
pub enum OutError {
    /// The reader has gone, as `head` does. Not a failure: `main` ends with success, quietly.
    #[error("the reader of standard output has gone")]
    Closed,
    /// Anything else: a full disk, an input/output error.
    #[error("cannot write to standard output: {0}")]
    Failed(#[source] io::Error),
}

impl From<io::Error> for OutError {
    fn from(error: io::Error) -> OutError {
        match error.kind() {
            ErrorKind::BrokenPipe => OutError::Closed,
            _ => OutError::Failed(error),
        }
    }
}

/// Standard output, written in large pieces. Whoever follows something flushes before it waits;
/// whoever ends calls [`Out::finish`], since dropping it cannot report an error.
pub struct Out {
    // Not `std::io::Stdout`: that one looks for line ends in everything it is given.
    file: Result<File, OutError>,
    buffer: Vec<u8>,
}

impl Out {
    /// Standard output of this process.
    pub fn stdout() -> Out {
        let file = io::stdout().as_fd().try_clone_to_owned().map(File::from);
        Out { file: file.map_err(OutError::from), buffer: Vec::with_capacity(BUFFER) }
    }

    /// Adds bytes, and writes when enough have gathered.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), OutError> {
        if bytes.len() >= BUFFER || bytes.len() >= LARGE && self.buffer.is_empty() {
            self.flush()?;
            return self.put(bytes);
        }
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER { self.flush() } else { Ok(()) }
    }

    /// Adds a line; the line end is put here.
    pub fn line(&mut self, text: impl AsRef<str>) -> Result<(), OutError> {
        self.write(text.as_ref().as_bytes())?;
        self.write(b"\n")
    }

    /// Adds a value as one line of JSON.
    pub fn json(&mut self, value: &impl serde::Serialize) -> Result<(), OutError> {
        let text = json::line(value).map_err(io::Error::from)?;
        self.line(text)
    }

    /// Gives everything gathered to the system.
    pub fn flush(&mut self) -> Result<(), OutError> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let buffer = std::mem::take(&mut self.buffer);
        let written = self.put(&buffer);
        self.buffer = buffer;
        self.buffer.clear();
        written
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), OutError> {
        match &mut self.file {
            Ok(file) => write_all(file, bytes),
            Err(OutError::Closed) => Err(OutError::Closed),
            Err(OutError::Failed(error)) => {
                Err(OutError::Failed(io::Error::new(error.kind(), error.to_string())))
            }
        }
    }

    /// Flushes for the last time.
    pub fn finish(mut self) -> Result<(), OutError> {
        self.flush()
    }
}

/// Writes everything, also where somebody else has made our standard output non-blocking.
fn write_all(file: &mut File, mut bytes: &[u8]) -> Result<(), OutError> {
    while !bytes.is_empty() {
        match file.write(bytes) {
            Ok(0) => return Err(OutError::Failed(ErrorKind::WriteZero.into())),
            Ok(taken) => bytes = bytes.get(taken..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                crate::os::tty::wait_writable(file)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_has_gone_is_told_apart_from_a_failure() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut file = File::from(std::os::fd::OwnedFd::from(writer));
        assert!(matches!(write_all(&mut file, b"x"), Err(OutError::Closed)));
        if let Ok(mut full) = File::options().write(true).open("/dev/full") {
            assert!(matches!(write_all(&mut full, b"x"), Err(OutError::Failed(_))));
        }
    }
}
