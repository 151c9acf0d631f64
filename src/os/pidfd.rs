//! Processes by descriptor: a process id may be given to somebody else at any time, a pidfd never
//! is (pidfd_open(2)).

use std::io;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd, RawFd};
use std::time::Duration;

use rustix::io::{Errno, FdFlags, fcntl_setfd};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

pub use super::host::{boot_id, host_name};
use super::kernel::{self, Exited};
use super::poll::{self, PollFd, PollFlags};
use super::proc;
pub use super::proc::start_time;

/// One process of this boot, for ever: its id and its start time in clock ticks since boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Process {
    /// Process id.
    pub pid: i32,
    /// `/proc/PID/stat` field 22.
    pub start: u64,
}

/// A process that is held, alive or dead.
#[derive(Debug)]
pub struct Pidfd {
    fd: OwnedFd,
    pid: i32,
}

impl Pidfd {
    /// Holds the process of this id. None if there is none, or if it began at another time than
    /// `start`, for then it is not the one that is meant. The start time is looked at after opening,
    /// so that nobody can slip in between.
    pub fn open(pid: i32, start: Option<u64>) -> io::Result<Option<Pidfd>> {
        if pid <= 0 {
            return Ok(None);
        }
        let Some(number) = Pid::from_raw(pid) else { return Ok(None) };
        let fd = match pidfd_open(number, PidfdFlags::empty()) {
            Ok(fd) => fd,
            // EINVAL: a thread, not a process.
            Err(Errno::SRCH | Errno::INVAL) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        if start.is_some_and(|start| start_time(pid) != Some(start)) {
            return Ok(None);
        }
        Ok(Some(Pidfd { fd, pid }))
    }

    /// Holds exactly this process. None if it is gone.
    pub fn open_exact(process: Process) -> io::Result<Option<Pidfd>> {
        Pidfd::open(process.pid, Some(process.start))
    }

    /// Lets programs started from now on inherit the descriptor, or not.
    pub fn inheritable(&self, yes: bool) -> io::Result<RawFd> {
        fcntl_setfd(&self.fd, if yes { FdFlags::empty() } else { FdFlags::CLOEXEC })?;
        Ok(self.fd.as_raw_fd())
    }

    /// Takes over a pidfd that this process was started with. The process may be dead and reaped.
    pub fn inherited(number: RawFd) -> io::Result<Pidfd> {
        let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{number}"))?;
        let pid = info
            .lines()
            .find_map(|line| line.strip_prefix("Pid:")?.trim().parse().ok())
            .ok_or_else(|| io::Error::other("not a pidfd"))?;
        Ok(Pidfd { fd: kernel::inherited(number)?, pid })
    }

    /// The process id it had when it was opened; -1 if it was inherited after its reaping.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Sends a signal. False if the process is gone.
    pub fn signal(&self, signal: i32) -> io::Result<bool> {
        match kernel::signal_pidfd(&self.fd, signal) {
            Ok(()) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits until the process has ended, reaped or not. False if time ran out.
    pub fn wait_for_end(&self, limit: Option<Duration>) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        Ok(poll::wait(&mut fds, limit)? > 0)
    }

    /// Whether the process has ended, reaped or not.
    pub fn has_ended(&self) -> bool {
        self.wait_for_end(Some(Duration::ZERO)).unwrap_or(false)
    }

    /// How the process ended, also if it is not our child: told by the kernel once somebody has
    /// reaped it (6.15 on), by `/proc` while nobody has. None if it lives, or if nobody can tell.
    pub fn exited(&self) -> Option<Exited> {
        match kernel::exit_of_pidfd(&self.fd) {
            Ok(Some(exited)) => Some(exited),
            // The code of a process that we may not look into shows as 0 (proc_pid_stat(5)).
            _ if self.has_ended() && super::given::may_signal(self.pid) => {
                let stat = proc::stat(self.pid).ok().flatten()?;
                (stat.state == b'Z' || stat.state == b'X')
                    .then(|| Exited::from_status(stat.exit_code))
            }
            _ => None,
        }
    }

    /// Waits until somebody has reaped it. False if time ran out.
    pub fn wait_for_reaping(&self, limit: Duration) -> io::Result<bool> {
        let mut fds = [PollFd::new(&self.fd, PollFlags::empty())];
        Ok(poll::wait(&mut fds, Some(limit))? > 0)
    }

    /// Whether it has been reaped: then nothing more will be known of it than is known now.
    pub fn is_reaped(&self) -> bool {
        let mut fds = [PollFd::new(&self.fd, PollFlags::empty())];
        match poll::wait(&mut fds, Some(Duration::ZERO)) {
            Ok(_) => fds[0].revents().contains(PollFlags::HUP),
            Err(_) => true,
        }
    }
}

impl AsFd for Pidfd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_is_known_by_its_start_time_and_told_from_a_successor() {
        let me = i32::try_from(std::process::id()).unwrap();
        let start = start_time(me).unwrap();
        assert!(Pidfd::open_exact(Process { pid: me, start }).unwrap().is_some());
        assert!(Pidfd::open_exact(Process { pid: me, start: start + 1 }).unwrap().is_none());
        assert!(Pidfd::open(0, None).unwrap().is_none());
        assert!(Pidfd::open(-5, None).unwrap().is_none());
    }

    #[test]
    fn a_zombie_tells_how_it_ended() {
        let mut child =
            Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let held = Pidfd::open(i32::try_from(child.id()).unwrap(), None).unwrap().unwrap();
        assert!(!held.has_ended());
        assert_eq!(held.exited(), None);
        assert!(held.signal(libc::SIGTERM).unwrap());
        assert!(held.wait_for_end(Some(Duration::from_secs(10))).unwrap());
        assert_eq!(held.exited(), Some(Exited::Signal(libc::SIGTERM)));
        assert!(!held.is_reaped());
        child.wait().unwrap();
        assert!(held.is_reaped());
        assert!(!held.signal(libc::SIGTERM).unwrap());
    }
}
