//! The system calls that rustix does not offer safely, each with its proof. The only `unsafe` there
//! is.
#![allow(unsafe_code)]

use std::io;
use std::mem::{self, MaybeUninit};
use std::os::fd::{AsFd, AsRawFd as _, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exited {
    /// It exited with this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}

impl Exited {
    /// From a wait status, as waitpid(2) gives it and `/proc/PID/stat` shows it.
    pub fn from_status(status: i32) -> Exited {
        match status & 0x7f {
            0 => Exited::Code((status >> 8) & 0xff),
            signal => Exited::Signal(signal),
        }
    }
}

/// A child that has ended, and what it and its own reaped children used.
#[derive(Clone, Copy, Debug)]
pub struct Reaped {
    /// The child.
    pub pid: i32,
    /// How it ended.
    pub exited: Exited,
    /// Milliseconds of processor time, user and system.
    pub cpu_ms: u64,
    /// Largest resident size of one of them, in bytes.
    pub peak_rss: u64,
}

/// Which children to look at.
#[derive(Clone, Copy, Debug)]
pub enum Which {
    /// This one.
    Pid(i32),
    /// Any.
    Any,
}

/// Looks for a child that has ended, without waiting. `keep` leaves it to be looked at again; else
/// its process id is given back to the system. None if there is none.
///
/// The system call, unlike the C library's function of the same name, also tells resource use
/// (waitid(2), "C library/kernel differences").
pub fn ended_child(which: Which, keep: bool) -> io::Result<Option<Reaped>> {
    let (kind, id) = match which {
        Which::Pid(pid) => (libc::P_PID, pid),
        Which::Any => (libc::P_ALL, 0),
    };
    let options = libc::WEXITED | libc::WNOHANG | if keep { libc::WNOWAIT } else { 0 };
    // SAFETY: both structures are plain data for which all zeroes is a value, and the kernel writes
    // at most one of each at these addresses, which live until after the call.
    let (info, usage) = unsafe {
        let mut info: libc::siginfo_t = mem::zeroed();
        let mut usage: libc::rusage = mem::zeroed();
        if libc::syscall(libc::SYS_waitid, kind, id, &raw mut info, options, &raw mut usage) < 0 {
            let error = io::Error::last_os_error();
            return match error.raw_os_error() {
                Some(libc::ECHILD) => Ok(None),
                _ => Err(error),
            };
        }
        (info, usage)
    };
    // SAFETY: waitid fills in the fields of a SIGCHLD, or leaves the zeroes where no child ended.
    let (pid, status) = unsafe { (info.si_pid(), info.si_status()) };
    if pid == 0 {
        return Ok(None);
    }
    let exited = match info.si_code {
        libc::CLD_EXITED => Exited::Code(status),
        _ => Exited::Signal(status),
    };
    let millis = |time: libc::timeval| time.tv_sec * 1000 + time.tv_usec / 1000;
    let cpu_ms = (millis(usage.ru_utime) + millis(usage.ru_stime)).max(0).unsigned_abs();
    let peak_rss = usage.ru_maxrss.max(0).unsigned_abs() * 1024;
    Ok(Some(Reaped { pid, exited, cpu_ms, peak_rss }))
}

/// The first version of `struct pidfd_info` in linux/pidfd.h; the kernel fills in as much as it is
/// given room for.
#[repr(C)]
#[derive(Default)]
struct PidfdInfo {
    mask: u64,
    cgroup: u64,
    pid: u32,
    tgid: u32,
    ppid: u32,
    ids: [u32; 8],
    exit_code: i32,
}

/// `_IOWR(0xFF, 11, struct pidfd_info)`
const PIDFD_GET_INFO: libc::c_ulong = 0xC000_FF0B | ((size_of::<PidfdInfo>() as u64) << 16);
const PIDFD_INFO_EXIT: u64 = 1 << 3;

/// How the process behind a pidfd ended, also if somebody else has reaped it. None while it has not
/// been reaped. Kernels before 6.15 do not tell, which is an error.
pub fn exit_of_pidfd(pidfd: impl AsFd) -> io::Result<Option<Exited>> {
    let mut info = PidfdInfo { mask: PIDFD_INFO_EXIT, ..PidfdInfo::default() };
    // SAFETY: the request number carries the size of the structure, and the kernel writes no more
    // than that at this address, which lives until after the call.
    let done =
        unsafe { libc::ioctl(pidfd.as_fd().as_raw_fd(), PIDFD_GET_INFO as _, &raw mut info) };
    if done < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((info.mask & PIDFD_INFO_EXIT != 0).then(|| Exited::from_status(info.exit_code)))
}

/// Sends a signal to exactly the process behind a pidfd.
pub fn signal_pidfd(pidfd: impl AsFd, signal: i32) -> io::Result<()> {
    let fd = pidfd.as_fd().as_raw_fd();
    let none = std::ptr::null::<libc::siginfo_t>();
    // SAFETY: the call takes numbers and a null pointer, which it is documented to accept.
    match unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, none, 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Blocks these signals and gives a descriptor that is readable when one of them is pending.
pub fn signal_fd(signals: &[i32]) -> io::Result<OwnedFd> {
    let set = set_of(signals);
    // SAFETY: `set` is initialised and lives until after both calls; the descriptor is new and
    // nobody else's.
    unsafe {
        if libc::sigprocmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) < 0 {
            return Err(io::Error::last_os_error());
        }
        match libc::signalfd(-1, &raw const set, libc::SFD_NONBLOCK | libc::SFD_CLOEXEC) {
            -1 => Err(io::Error::last_os_error()),
            fd => Ok(OwnedFd::from_raw_fd(fd)),
        }
    }
}

/// The number of one signal that was pending at a descriptor of [`signal_fd`], if any was.
pub fn take_signal(signals: &OwnedFd) -> io::Result<Option<i32>> {
    let mut raw = [0_u8; size_of::<libc::signalfd_siginfo>()];
    match rustix::io::read(signals, &mut raw) {
        // The number is the first field (signalfd(2)).
        Ok(read) if read == raw.len() => {
            Ok(raw.first_chunk().map(|number| u32::from_ne_bytes(*number).cast_signed()))
        }
        Ok(_) | Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The disk is used only while nobody else wants it (ioprio_set(2)); a disk without such a scheduler
/// takes no notice.
pub fn idle_disk() -> io::Result<()> {
    const WHO_PROCESS: libc::c_int = 1;
    const CLASS_IDLE: libc::c_int = 3 << 13;
    // SAFETY: the call takes three numbers.
    match unsafe { libc::syscall(libc::SYS_ioprio_set, WHO_PROCESS, 0, CLASS_IDLE) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Ignores these signals from here on.
pub fn ignore_signals(signals: &[i32]) {
    for &signal in signals {
        // SAFETY: SIG_IGN runs no code of ours; a number that cannot be ignored is refused.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
    }
}

/// Gives every signal its default effect and blocks none: what a program expects to start with.
pub fn reset_signals() {
    let none = set_of(&[]);
    for signal in 1..=64 {
        // SAFETY: SIG_DFL runs no code of ours; numbers that cannot be changed are refused.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
    // SAFETY: `none` is initialised and lives until after the call.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut()) };
}

/// Gives a command every signal's default effect and blocks none: what is blocked or ignored here
/// would be so in it too, and in all that it starts.
pub fn with_fresh_signals(command: &mut Command) -> &mut Command {
    // SAFETY: between fork and exec it makes system calls that take numbers and a set that it has
    // made itself, all of them async-signal-safe (signal-safety(7)).
    unsafe {
        command.pre_exec(|| {
            reset_signals();
            Ok(())
        })
    }
}

/// Gives a command this limit of open files, whatever ours is.
pub(super) fn with_open_files(command: &mut Command, limit: rustix::process::Rlimit) {
    // SAFETY: one system call between fork and exec, which takes numbers and touches no memory
    // (setrlimit(2) is async-signal-safe: it is nothing but the call).
    unsafe {
        command.pre_exec(move || {
            let _ = rustix::process::setrlimit(rustix::process::Resource::Nofile, limit);
            Ok(())
        });
    }
}

fn set_of(signals: &[i32]) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the whole set before anything reads it.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for &signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal);
        }
        set.assume_init()
    }
}

/// Marks every descriptor from `first` on to be closed at the next exec.
pub fn close_on_exec_from(first: u32) -> io::Result<()> {
    let flags = libc::CLOSE_RANGE_CLOEXEC as libc::c_int;
    // SAFETY: changes a flag of descriptors and nothing in this process's memory.
    match unsafe { libc::close_range(first, u32::MAX, flags) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Gives memory that is not in use back to the system: worth it before a long sleep.
pub fn give_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: the allocator gives back what it has not lent to anybody (malloc_trim(3)).
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Has large pieces of memory given back to the system as soon as they are free, for a process with
/// many threads that lives long: by itself the allocator learns from the first large piece to keep
/// such pieces (mallopt(3), M_MMAP_THRESHOLD). Call it before other threads are started.
pub fn give_large_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: settings of the allocator, changed while nobody else uses it.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, 128 << 10);
        libc::mallopt(libc::M_ARENA_MAX, 2);
    }
}

/// Closes every descriptor from 3 on but `keep`: whatever a careless starter left open. Call it
/// before anything else is opened.
pub fn close_inherited(keep: Option<RawFd>) {
    let kept = keep.and_then(|fd| u32::try_from(fd).ok()).filter(|&fd| fd >= 3);
    // SAFETY: by the rule above nobody in this process owns one of these descriptors. What cannot
    // be closed does no harm.
    unsafe {
        match kept {
            Some(fd) => {
                if fd > 3 {
                    libc::close_range(3, fd - 1, 0);
                }
                libc::close_range(fd + 1, u32::MAX, 0);
            }
            None => {
                libc::close_range(3, u32::MAX, 0);
            }
        }
    }
}

/// Takes over a descriptor that this process was started with. Call it once for each number, before
/// anything else is opened.
pub fn inherited(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: asks for a flag of a number, which need not be open.
    if number < 3 || unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    // SAFETY: the number is open, was given to this process by its starter, and by the rule above
    // nothing else here owns it.
    let fd = unsafe { OwnedFd::from_raw_fd(number) };
    rustix::io::fcntl_setfd(&fd, rustix::io::FdFlags::CLOEXEC)?;
    Ok(fd)
}

/// How long the other end of a TCP connection has acknowledged nothing although something waits to
/// be acknowledged (tcp(7), TCP_INFO). A host that is there does so even where its program does not
/// read. None where nothing waits.
pub fn tcp_silence(socket: impl AsFd) -> io::Result<Option<std::time::Duration>> {
    let mut size = libc::socklen_t::try_from(mem::size_of::<libc::tcp_info>()).unwrap_or(0);
    // SAFETY: the structure is plain data for which all zeroes is a value, and the kernel writes at
    // most `size` bytes of it, which is its size; it lives until after the call.
    let info = unsafe {
        let mut info: libc::tcp_info = mem::zeroed();
        let fd = socket.as_fd().as_raw_fd();
        let to = (&raw mut info).cast();
        if libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, to, &raw mut size) < 0 {
            return Err(io::Error::last_os_error());
        }
        info
    };
    let waits = info.tcpi_unacked > 0 || info.tcpi_probes > 0;
    let silence = std::time::Duration::from_millis(info.tcpi_last_ack_recv.into());
    Ok(waits.then_some(silence))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_number_carries_the_size_of_the_first_version() {
        assert_eq!(size_of::<PidfdInfo>(), 64);
        assert_eq!(PIDFD_GET_INFO, 0xC040_FF0B);
    }

    #[test]
    fn a_wait_status_is_a_code_or_a_signal() {
        assert_eq!(Exited::from_status(3 << 8), Exited::Code(3));
        assert_eq!(Exited::from_status(9), Exited::Signal(9));
        assert_eq!(Exited::from_status(11 | 0x80), Exited::Signal(11));
    }

    #[test]
    #[allow(clippy::zombie_processes, reason = "reaped by the function under test")]
    fn an_ended_child_can_be_looked_at_before_it_is_reaped() {
        let child = std::process::Command::new("sh").args(["-c", "exit 3"]).spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        let pidfd = super::super::pidfd::Pidfd::open(pid, None).unwrap().unwrap();
        assert!(pidfd.wait_for_end(Some(std::time::Duration::from_secs(10))).unwrap());
        for keep in [true, true, false] {
            let ended = ended_child(Which::Pid(pid), keep).unwrap().unwrap();
            assert_eq!((ended.pid, ended.exited), (pid, Exited::Code(3)));
            assert!(ended.peak_rss > 0);
        }
        assert!(ended_child(Which::Pid(pid), true).unwrap().is_none());
        // Kernels before 6.15 do not know the request.
        if let Ok(told) = exit_of_pidfd(&pidfd) {
            assert_eq!(told, Some(Exited::Code(3)));
        }
    }
}
