//! What a listening program asks of its sockets.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;

pub use super::kernel::tcp_silence;

/// Lets the kernel find out that the host at the other end is gone although nobody says anything.
pub fn keep_alive(socket: impl AsFd, every: Duration) -> io::Result<()> {
    let socket = socket.as_fd();
    sockopt::set_tcp_keepidle(socket, every)?;
    sockopt::set_tcp_keepintvl(socket, every)?;
    sockopt::set_tcp_keepcnt(socket, 3)?;
    Ok(sockopt::set_socket_keepalive(socket, true)?)
}

/// Allows this process as many open files as the system lets it have. How many those are; None for
/// no limit.
pub fn allow_open_files() -> Option<u64> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = Rlimit { current: maximum, maximum };
    match setrlimit(Resource::Nofile, wanted) {
        Ok(()) => {
            super::child::give_open_files(Rlimit { current, maximum });
            maximum
        }
        Err(_) => current,
    }
}
