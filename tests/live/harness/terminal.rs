//! A terminal of the test's own: a real pty, and an emulator that shows what stands on it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

use super::wait::{LIMIT, within};

/// The terminal, and what was started on it.
pub(crate) struct Terminal {
    master: File,
    /// Keeps the modes, and the terminal itself, after the program has ended.
    slave: File,
    seen: Arc<Mutex<Seen>>,
    child: Child,
    /// The window is to be closed: whoever reads of it lets go.
    closed: Arc<AtomicBool>,
    reader: JoinHandle<()>,
}

struct Seen {
    emulator: vt100::Parser,
    bytes: Vec<u8>,
}

impl Terminal {
    /// Starts a program on a new terminal. `owned`: it is the program's controlling terminal, as
    /// under a shell, so that size changes and hang-ups come as signals too.
    #[track_caller]
    pub(crate) fn start(
        (rows, cols): (u16, u16),
        owned: bool,
        program: &Path,
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Terminal {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pty");
        grantpt(&master).expect("grantpt");
        unlockpt(&master).expect("unlockpt");
        set_size(&master, rows, cols);
        let name = ptsname(&master, Vec::new()).expect("ptsname");
        let slave = File::options().read(true).write(true).open(name.to_str().expect("a path"));
        let slave = slave.expect("the slave");
        let mut command = match owned {
            true => Command::new("setsid"),
            false => Command::new(program),
        };
        if owned {
            command.args(["--ctty", "--wait"]).arg(program);
        }
        let end = || Stdio::from(OwnedFd::from(slave.try_clone().expect("a descriptor")));
        command
            .args(args)
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .envs(env.iter().copied())
            .env_remove("NO_COLOR")
            .stdin(end())
            .stdout(end())
            .stderr(end());
        let child = command.spawn().expect("it can be started");
        let master = File::from(master);
        let emulator = vt100::Parser::new(cells(rows), cells(cols), 0);
        let seen = Arc::new(Mutex::new(Seen { emulator, bytes: Vec::new() }));
        let (mut from, shown) = (master.try_clone().expect("a descriptor"), Arc::clone(&seen));
        let closed = Arc::new(AtomicBool::new(false));
        let over = Arc::clone(&closed);
        let reader = std::thread::spawn(move || {
            let mut chunk = [0; 65_536];
            while until_readable(&from, &over)
                && let Ok(read @ 1..) = from.read(&mut chunk)
            {
                let mut seen = shown.lock().expect("whole");
                seen.emulator.process(&chunk[..read]);
                seen.bytes.extend_from_slice(&chunk[..read]);
            }
        });
        Terminal { master, slave, seen, child, closed, reader }
    }

    /// Types.
    pub(crate) fn keys(&self, keys: &str) {
        (&self.master).write_all(keys.as_bytes()).expect("it takes keys");
    }

    /// Waits until the screen is as wanted.
    #[track_caller]
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let seen = || wanted(self.seen.lock().ok()?.emulator.screen()).then_some(());
        if within(LIMIT, seen).is_none() {
            panic!("waited in vain until {what}:\n{}", self.text());
        }
    }

    /// Waits until a text stands somewhere.
    #[track_caller]
    pub(crate) fn until_text(&self, text: &str) {
        self.until(&format!("{text:?} is shown"), |screen| screen.contents().contains(text));
    }

    /// What is on the screen.
    pub(crate) fn text(&self) -> String {
        self.look(vt100::Screen::contents)
    }

    /// Looks at the screen as it is.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&vt100::Screen) -> T) -> T {
        look(self.seen.lock().expect("whole").emulator.screen())
    }

    /// Everything that was ever written.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        self.seen.lock().expect("whole").bytes.clone()
    }

    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        let mut seen = self.seen.lock().expect("whole");
        seen.emulator.screen_mut().set_size(cells(rows), cells(cols));
        set_size(&self.master, rows, cols);
    }

    /// The modes of the terminal.
    pub(crate) fn modes(&self) -> Termios {
        tcgetattr(&self.slave).expect("it is there")
    }

    /// Waits for the end of the program, and gives its exit code.
    #[track_caller]
    pub(crate) fn code(&mut self) -> i32 {
        let ended = within(LIMIT, || self.child.try_wait().ok().flatten());
        let Some(status) = ended else { panic!("it does not end:\n{}", self.text()) };
        status.code().unwrap_or(-1)
    }

    /// The window is closed. What was started may go on.
    pub(crate) fn hang_up(self) -> Child {
        let Terminal { master, slave, child, closed, reader, .. } = self;
        drop((master, slave));
        closed.store(true, Ordering::Release);
        reader.join().expect("it reads to the end");
        child
    }
}

/// Waits for bytes; false when the window is to be closed.
fn until_readable(master: &File, closed: &AtomicBool) -> bool {
    let pause = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
    loop {
        if closed.load(Ordering::Acquire) {
            return false;
        }
        let mut fds = [PollFd::new(master, PollFlags::IN)];
        if matches!(poll(&mut fds, Some(&pause)), Ok(1..)) {
            return true;
        }
    }
}

/// The emulator knows no screen without cells.
fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap_or(NonZero::<u16>::MIN)
}

fn set_size(master: &impl std::os::fd::AsFd, rows: u16, cols: u16) {
    let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(master, size).expect("a size");
}
