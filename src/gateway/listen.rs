//! The socket that is listened on, and the connections that come of it.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::str::FromStr;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::{Sleep, sleep_until};

use crate::os::net::{keep_alive, tcp_silence};

/// How long the host at the other end may acknowledge nothing before it counts as gone.
const GONE: Duration = Duration::from_secs(45);
/// Time between two looks at that while something is written, or waits to be.
const LOOK: Duration = Duration::from_secs(5);
/// Time between two questions of the kernel's where nothing is said.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Where to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// On the network.
    Tcp(SocketAddr),
    /// On a file.
    Unix(PathBuf),
}

impl Address {
    /// Whether others than processes on this machine may come.
    pub fn is_remote(&self) -> bool {
        match self {
            Address::Tcp(address) => !address.ip().is_loopback(),
            Address::Unix(_) => false,
        }
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err("name a file behind unix:".to_owned()),
                path => Ok(Address::Unix(path.into())),
            };
        }
        if let Ok(address) = text.parse() {
            return Ok(Address::Tcp(address));
        }
        let (host, port) = text.rsplit_once(':').unwrap_or((text, "7717"));
        let ip = match host {
            "localhost" => Some(IpAddr::from([127, 0, 0, 1])),
            host => host.trim_matches(['[', ']']).parse().ok(),
        };
        match (ip, port.parse()) {
            (Some(ip), Ok(port)) => Ok(Address::Tcp(SocketAddr::new(ip, port))),
            _ => Err("write 127.0.0.1:7717, [::1]:7717 or unix:PATH".to_owned()),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Tcp(address) => write!(f, "http://{address}/"),
            Address::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// Something that is listened on. Dropping it removes the file, where it is one.
pub struct Listener {
    socket: Socket,
    address: Address,
}

enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Begins to listen. Inside a tokio runtime. A file is made so that only its owner can use it,
    /// if that is what the file mode creation mask says.
    pub fn bind(address: &Address) -> io::Result<Listener> {
        let (socket, address) = match address {
            Address::Tcp(address) => {
                let socket = std::net::TcpListener::bind(address)?;
                socket.set_nonblocking(true)?;
                let address = Address::Tcp(socket.local_addr()?);
                (Socket::Tcp(TcpListener::from_std(socket)?), address)
            }
            Address::Unix(path) => {
                remove_dead(path)?;
                (Socket::Unix(UnixListener::bind(path)?), address.clone())
            }
        };
        Ok(Listener { socket, address })
    }

    /// Where it listens: with the port that the system chose, where it was asked to.
    pub fn address(&self) -> &Address {
        &self.address
    }

    pub(super) async fn accept(&self) -> io::Result<Connection> {
        let stream = match &self.socket {
            Socket::Tcp(socket) => {
                let (stream, _) = socket.accept().await?;
                // A connection that is gone already tells so when it is used.
                let _ = stream.set_nodelay(true);
                let _ = keep_alive(&stream, KEEP_ALIVE);
                Stream::Tcp(stream)
            }
            Socket::Unix(socket) => Stream::Unix(socket.accept().await?.0),
        };
        Ok(Connection { stream, looked: Instant::now(), silent: false, alarm: None })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if let Address::Unix(path) = &self.address {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Removes the socket of a gateway that was killed; leaves everything else.
fn remove_dead(path: &Path) -> io::Result<()> {
    let Ok(meta) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !meta.file_type().is_socket() {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "it exists and is no socket"));
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(io::ErrorKind::AddrInUse, "somebody listens there already")),
        Err(_) => std::fs::remove_file(path),
    }
}

/// One connection. Writing fails where the host at the other end is gone, which TCP alone would
/// find out after a quarter of an hour; a host that is there and does not read is left alone.
pub(super) struct Connection {
    stream: Stream,
    looked: Instant,
    /// What was seen then: the other end acknowledges nothing.
    silent: bool,
    /// When to look again, while something waits to be written.
    alarm: Option<Pin<Box<Sleep>>>,
}

enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Connection {
    /// Fails where the host at the other end is gone. That a probe is on its way while we look is no
    /// proof: it has to be so twice.
    fn look(&mut self) -> io::Result<()> {
        if self.looked.elapsed() < LOOK {
            return Ok(());
        }
        self.looked = Instant::now();
        let Stream::Tcp(stream) = &self.stream else { return Ok(()) };
        let silent = matches!(tcp_silence(stream.as_fd()), Ok(Some(silence)) if silence > GONE);
        match std::mem::replace(&mut self.silent, silent) && silent {
            true => Err(io::ErrorKind::TimedOut.into()),
            false => Ok(()),
        }
    }

    /// What came of a write. One that has to wait is looked after: nobody tries it again before
    /// there is room, and of a host that is gone there never will be.
    fn written(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.alarm = None;
            return written;
        }
        let alarm = self
            .alarm
            .get_or_insert_with(|| Box::pin(sleep_until(tokio::time::Instant::now() + LOOK)));
        if alarm.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        self.alarm = None;
        self.look()?;
        self.written(cx, Poll::Pending)
    }

    /// Reads what has come and throws it away: closing with something unread would make the other
    /// end lose what it was sent last (RFC 1122, 4.2.2.13).
    pub(super) fn discard(&self) {
        let mut scrap = [0; 2048];
        let read = |scrap: &mut [u8]| match &self.stream {
            Stream::Tcp(stream) => stream.try_read(scrap),
            Stream::Unix(stream) => stream.try_read(scrap),
        };
        for _ in 0..8 {
            if !matches!(read(&mut scrap), Ok(1..)) {
                return;
            }
        }
    }

    /// Writes what fits without waiting.
    pub(super) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.stream {
            Stream::Tcp(stream) => stream.try_write(bytes),
            Stream::Unix(stream) => stream.try_write(bytes),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.look()?;
        let written = match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Unix(stream) => Pin::new(stream).poll_write(cx, buf),
        };
        self.written(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.look()?;
        match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let done = match &mut self.stream {
            Stream::Tcp(stream) => ready!(Pin::new(stream).poll_shutdown(cx)),
            Stream::Unix(stream) => ready!(Pin::new(stream).poll_shutdown(cx)),
        };
        Poll::Ready(done)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.look()?;
        let written = match &mut self.stream {
            Stream::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        };
        self.written(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_number_and_a_port_or_a_file() {
        let parse = |text: &str| text.parse::<Address>().map(|address| address.to_string());
        assert_eq!(parse("127.0.0.1:0").as_deref(), Ok("http://127.0.0.1:0/"));
        assert_eq!(parse("localhost:80").as_deref(), Ok("http://127.0.0.1:80/"));
        assert_eq!(parse("[::1]:9").as_deref(), Ok("http://[::1]:9/"));
        assert_eq!(parse("0.0.0.0").as_deref(), Ok("http://0.0.0.0:7717/"));
        assert_eq!(parse("unix:/run/x").as_deref(), Ok("unix:/run/x"));
        for bad in ["unix:", "example.com:80", "127.0.0.1:99999", ""] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!("0.0.0.0:1".parse::<Address>().is_ok_and(|address| address.is_remote()));
        assert!("[::1]:1".parse::<Address>().is_ok_and(|address| !address.is_remote()));
    }
}
