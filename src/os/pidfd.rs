//! Processes that cannot be mistaken for others: a descriptor that means one process for ever
//! (pidfd_open(2), Linux 5.3).

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// A process, alive or dead, that this descriptor means for ever. Readable once it has ended.
#[derive(Debug)]
pub struct Pidfd {
    fd: OwnedFd,
    pid: i32,
}

impl Pidfd {
    /// The process of this pid; None if there is none, or if it began at another time than `start`
    /// (clock ticks since boot), for then it is not the one that is meant.
    pub fn open(pid: i32, start: Option<u64>) -> io::Result<Option<Pidfd>> {
        let Some(number) = Pid::from_raw(pid).filter(|_| pid > 0) else { return Ok(None) };
        let fd = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(fd) => fd,
            Err(Errno::SRCH) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        // Asked after opening: a pid that was used again in between shows another start.
        if start.is_some_and(|start| start_time(pid) != Some(start)) {
            return Ok(None);
        }
        Ok(Some(Pidfd { fd, pid }))
    }

    /// Its process id. Only a name: it may mean another process once this one has been reaped.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Lets programs started from now on inherit the descriptor, or not.
    pub fn inheritable(&self, yes: bool) -> io::Result<RawFd> {
        fcntl_setfd(&self.fd, if yes { FdFlags::empty() } else { FdFlags::CLOEXEC })?;
        Ok(self.fd.as_raw_fd())
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// When a process began, in clock ticks since boot: field 22 of `/proc/PID/stat` (proc(5)).
pub fn start_time(pid: i32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything, so count from the last one that closes.
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()
}

/// Identity of this boot of the host: random, new at each boot (random(4)).
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

/// The host's name.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
