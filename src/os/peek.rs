//! Looking at what a pipe holds without taking it out, and dropping it without looking: tee(2) into
//! a pipe of our own that is read at once, splice(2) into nothing.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::pipe::{PipeFlags, SpliceFlags, pipe_with, splice, tee};

use super::fifo;

/// What is needed for looking: one is enough for any number of pipes.
#[derive(Debug)]
pub struct Peek {
    into: OwnedFd,
    out: OwnedFd,
    nothing: File,
}

impl Peek {
    /// Opens it.
    pub fn new() -> io::Result<Peek> {
        let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        Ok(Peek { into, out, nothing: File::options().write(true).open("/dev/null")? })
    }

    /// Asks for room to see more at once. A refusal changes nothing.
    pub fn resize(&self, bytes: usize) {
        fifo::resize(&self.into, bytes);
    }

    /// Copies bytes from the front of `pipe`, which stay there; how many. May be fewer than there
    /// are.
    pub fn look(&self, pipe: impl AsFd, to: &mut [u8]) -> io::Result<usize> {
        let seen = loop {
            match tee(&pipe, &self.into, to.len(), SpliceFlags::NONBLOCK) {
                Ok(bytes) => break bytes,
                Err(Errno::AGAIN) => break 0,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        };
        let mut read = 0;
        while read < seen {
            match rustix::io::read(&self.out, &mut to[read..seen]) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
                Ok(bytes) => read += bytes,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(seen)
    }

    /// Takes `bytes` bytes out of `pipe` and drops them; how many it held of them. The kernel does
    /// so in one pass over the pipe's buffers, which no signal divides.
    pub fn discard(&self, pipe: impl AsFd, bytes: u64) -> io::Result<u64> {
        let most = usize::try_from(bytes).unwrap_or(usize::MAX);
        loop {
            match splice(&pipe, None, &self.nothing, None, most, SpliceFlags::NONBLOCK) {
                Ok(bytes) => return Ok(bytes as u64),
                Err(Errno::AGAIN) => return Ok(0),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn what_is_looked_at_stays_and_what_is_dropped_is_gone() {
        let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK).unwrap();
        let peek = Peek::new().unwrap();
        let mut room = vec![0; 1 << 20];
        assert_eq!(peek.look(&out, &mut room).unwrap(), 0);
        assert_eq!(peek.discard(&out, 5).unwrap(), 0);
        let mut into = File::from(into);
        let text: Vec<u8> = (0..50_000_u32).map(|i| (i % 251) as u8).collect();
        into.write_all(&text).unwrap();
        for _ in 0..2 {
            assert_eq!(peek.look(&out, &mut room).unwrap(), text.len());
            assert_eq!(room[..text.len()], text);
        }
        assert_eq!(peek.look(&out, &mut room[..10]).unwrap(), 10);
        assert_eq!(peek.discard(&out, 12_345).unwrap(), 12_345);
        assert_eq!(fifo::waiting(&out).unwrap(), 50_000 - 12_345);
        assert_eq!(peek.look(&out, &mut room).unwrap(), 50_000 - 12_345);
        assert_eq!(room[..50_000 - 12_345], text[12_345..]);
        assert_eq!(peek.discard(&out, 1 << 20).unwrap(), 50_000 - 12_345);
    }
}
