//! Many processes, one descriptor that tells when one of them has ended.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};

use super::pidfd::Pidfd;

/// A set of pidfds. Readable when one of its processes has ended, until that pidfd is dropped:
/// closing a descriptor takes it out of the set (epoll(7)).
#[derive(Debug)]
pub struct Deaths {
    set: OwnedFd,
}

impl Deaths {
    /// An empty set.
    pub fn new() -> io::Result<Deaths> {
        Ok(Deaths { set: epoll::create(CreateFlags::CLOEXEC)? })
    }

    /// Adds a process.
    pub fn add(&self, process: &Pidfd) -> io::Result<()> {
        epoll::add(&self.set, process, EventData::new_u64(0), EventFlags::IN)?;
        Ok(())
    }
}

impl AsFd for Deaths {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.set.as_fd()
    }
}

impl AsRawFd for Deaths {
    fn as_raw_fd(&self) -> RawFd {
        self.set.as_raw_fd()
    }
}
