//! What signals ask for, and the orphans that are reaped.

use std::io;
use std::os::fd::OwnedFd;

use tokio::io::unix::AsyncFd;

use crate::feed::listen;
use crate::os::host::become_subreaper;
use crate::os::kernel::{self, Which};

/// Those that are heard. The others do what they always do, which for the first process of a
/// container is nothing.
const HEARD: [i32; 7] = [
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGCHLD,
];

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// End the plans; the signal.
    End(i32),
    /// Pass it on to the plans that run.
    PassOn(i32),
    /// Leave them alone and go: the terminal has gone.
    Leave,
}

/// Signals that wait to be taken.
pub(super) struct Signals {
    fd: OwnedFd,
    heard: Option<AsyncFd<OwnedFd>>,
    terminal: bool,
}

impl Signals {
    /// Listens to them from here on, and is given the orphans of everything that is started.
    pub(super) fn listen(terminal: bool) -> io::Result<Signals> {
        let fd = kernel::signal_fd(&HEARD)?;
        become_subreaper()?;
        Ok(Signals { fd, heard: None, terminal })
    }

    /// Sleeps until there is one, inside a runtime.
    pub(super) async fn heard(&mut self) -> io::Result<()> {
        if self.heard.is_none() {
            self.heard = Some(listen(self.fd.try_clone()?)?);
        }
        if let Some(heard) = &self.heard {
            heard.readable().await?.clear_ready();
        }
        Ok(())
    }

    /// What they ask for.
    pub(super) fn take(&self) -> io::Result<Vec<Deed>> {
        let mut deeds = Vec::new();
        while let Some(signal) = kernel::take_signal(&self.fd)? {
            deeds.extend(meant(signal, self.terminal));
        }
        Ok(deeds)
    }

    /// Reaps whatever has ended: nobody asks how.
    pub(super) fn reap(&self) -> io::Result<()> {
        while kernel::ended_child(Which::Any, false)?.is_some() {}
        Ok(())
    }
}

fn meant(signal: i32, terminal: bool) -> Option<Deed> {
    match signal {
        libc::SIGCHLD => None,
        libc::SIGTERM | libc::SIGINT => Some(Deed::End(signal)),
        libc::SIGHUP if terminal => Some(Deed::Leave),
        _ => Some(Deed::PassOn(signal)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_window_ends_nothing_and_without_one_a_hang_up_is_for_the_plans() {
        assert_eq!(meant(libc::SIGHUP, true), Some(Deed::Leave));
        assert_eq!(meant(libc::SIGHUP, false), Some(Deed::PassOn(libc::SIGHUP)));
        assert_eq!(meant(libc::SIGTERM, true), Some(Deed::End(libc::SIGTERM)));
        assert_eq!(meant(libc::SIGCHLD, false), None);
    }
}
