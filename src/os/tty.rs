//! What the terminal is like, and waiting until it takes more.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios};

/// Columns of the terminal behind a descriptor; None where it is none, or does not say.
pub fn width(fd: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(fd).ok()?;
    (size.ws_col > 0).then_some(usize::from(size.ws_col))
}

/// Rows of the terminal behind a descriptor; None where it is none, or does not say.
pub fn height(fd: impl AsFd) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(fd).ok()?;
    (size.ws_row > 0).then_some(usize::from(size.ws_row))
}

/// Whether the terminal has gone: its window was closed, its connection broken. Said by the kernel
/// whatever is asked for (poll(2)).
pub fn has_gone(fd: &impl AsFd) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::empty())];
    let _ = poll(&mut fds, Some(&rustix::event::Timespec::default()));
    fds[0].revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL)
}

/// Whether something was typed that nobody has read.
pub fn has_input(fd: &impl AsFd) -> bool {
    let mut fds = [PollFd::new(fd, PollFlags::IN)];
    let _ = poll(&mut fds, Some(&rustix::event::Timespec::default()));
    fds[0].revents().contains(PollFlags::IN)
}

/// Stops this process and those it shares its place in the shell with, as `^Z` does. Returns when
/// it goes on. To be called on the main thread, which is the one that stops before this returns.
pub fn suspend() -> io::Result<()> {
    Ok(rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?)
}

/// Waits until a non-blocking descriptor takes bytes again.
pub fn wait_writable(fd: &impl AsFd) -> io::Result<()> {
    let mut fds = [PollFd::new(fd, PollFlags::OUT)];
    match poll(&mut fds, None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The file mode creation mask. The system can only be asked by changing it, so call this while
/// there is one thread.
pub fn umask() -> u32 {
    let mask = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
    rustix::process::umask(mask);
    mask.bits()
}

/// The keyboard, each key at once and not shown, until this is dropped. `^C` and `^Z` go on being
/// signals.
#[derive(Debug)]
pub struct Keys {
    keyboard: OwnedFd,
    before: Termios,
}

impl Keys {
    /// Takes standard input, if it is a terminal and this process is in its foreground.
    pub fn take() -> io::Result<Option<Keys>> {
        let keyboard = io::stdin().as_fd().try_clone_to_owned()?;
        let ours = rustix::termios::tcgetpgrp(&keyboard)
            .is_ok_and(|group| group == rustix::process::getpgrp());
        if !ours {
            return Ok(None);
        }
        let before = rustix::termios::tcgetattr(&keyboard)?;
        let mut now = before.clone();
        now.local_modes -= LocalModes::ICANON | LocalModes::ECHO;
        rustix::termios::tcsetattr(&keyboard, OptionalActions::Now, &now)?;
        Ok(Some(Keys { keyboard, before }))
    }

    /// The keys that were pressed; call it when the descriptor is readable. None at the end of the
    /// terminal.
    pub fn read(&self) -> io::Result<Option<Vec<u8>>> {
        let mut keys = vec![0; 64];
        let read = rustix::io::retry_on_intr(|| rustix::io::read(&self.keyboard, &mut keys))?;
        keys.truncate(read);
        Ok((read > 0).then_some(keys))
    }
}

impl AsFd for Keys {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.keyboard.as_fd()
    }
}

impl AsRawFd for Keys {
    fn as_raw_fd(&self) -> RawFd {
        self.keyboard.as_raw_fd()
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A terminal that has gone needs nothing back.
        let _ = rustix::termios::tcsetattr(&self.keyboard, OptionalActions::Now, &self.before);
    }
}
