//! Telling the service manager that started us how we fare (sd_notify(3)).

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Somebody who wants to know.
#[derive(Debug)]
pub struct Manager {
    socket: UnixDatagram,
}

impl Manager {
    /// The one that listens at this address, as the variable NOTIFY_SOCKET names it: a path, or `@`
    /// and an abstract name.
    pub fn at(address: &OsStr) -> io::Result<Manager> {
        let address = match address.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name)?,
            [b'/', ..] => SocketAddr::from_pathname(address)?,
            _ => return Err(io::Error::other("it is neither a path nor an abstract name")),
        };
        let socket = UnixDatagram::unbound()?;
        socket.connect_addr(&address)?;
        // Whoever does not listen shall not hold us up.
        socket.set_nonblocking(true)?;
        Ok(Manager { socket })
    }

    /// Tells it `VARIABLE=value` lines.
    pub fn tell(&self, state: &str) -> io::Result<()> {
        self.socket.send(state.as_bytes()).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manager_is_told_at_a_path_and_at_an_abstract_name() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("notify");
        let name = format!("planwatch-test-{}", std::process::id());
        let abstract_one = SocketAddr::from_abstract_name(&name).unwrap();
        let sockets = [
            (path.clone().into_os_string(), UnixDatagram::bind(&path).unwrap()),
            (format!("@{name}").into(), UnixDatagram::bind_addr(&abstract_one).unwrap()),
        ];
        for (address, socket) in sockets {
            Manager::at(&address).unwrap().tell("READY=1").unwrap();
            let mut room = [0; 64];
            let length = socket.recv(&mut room).unwrap();
            assert_eq!(&room[..length], b"READY=1");
        }
        assert!(Manager::at(OsStr::new("vsock:2:1234")).is_err());
    }
}
