//! Sleeping until one of several descriptors has something to tell (poll(2)).

use std::io;
use std::time::Duration;

pub use rustix::event::{PollFd, PollFlags};
use rustix::event::{Timespec, poll};
use rustix::io::Errno;

/// Sleeps until one of `fds` is ready, for `most` at most, for ever if None. An interruption by a
/// signal counts as waking up with nothing ready.
pub fn wait(fds: &mut [PollFd<'_>], most: Option<Duration>) -> io::Result<usize> {
    let limit = most.map(|span| Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(span.subsec_nanos()),
    });
    match poll(fds, limit.as_ref()) {
        Ok(ready) => Ok(ready),
        Err(Errno::INTR) => {
            for fd in fds {
                fd.clear_revents();
            }
            Ok(0)
        }
        Err(error) => Err(error.into()),
    }
}
