//! A terminal of the bench's own: a real pty, and an emulator that knows what stands on it.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::bed::Bed;

pub(crate) const ROWS: u16 = 50;
pub(crate) const COLS: u16 = 180;
/// What begins a picture (synchronized output, DEC private mode 2026).
const PICTURE: &[u8] = b"\x1b[?2026h";

pub(crate) struct Terminal {
    keyboard: File,
    chunks: Receiver<(Instant, Vec<u8>)>,
    shown: vt100::Parser,
    /// When each picture came.
    pub(crate) pictures: Vec<Instant>,
}

/// Starts the screen on a new terminal.
pub(crate) fn open(bed: &Bed) -> (Terminal, Child) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let size = Winsize { ws_row: ROWS, ws_col: COLS, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&master, size).unwrap();
    let name = ptsname(&master, Vec::new()).unwrap();
    let slave = File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    let end = || Stdio::from(OwnedFd::from(slave.try_clone().unwrap()));
    let mut command = bed.planwatch(&["watch"]);
    let command = command.env("TERM", "xterm-256color").env("LC_ALL", "C.UTF-8");
    let child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
    let keyboard = File::from(master);
    let (mut from, (tell, chunks)) = (keyboard.try_clone().unwrap(), channel());
    std::thread::spawn(move || {
        let mut chunk = [0; 1 << 16];
        while let Ok(read @ 1..) = from.read(&mut chunk) {
            if tell.send((Instant::now(), chunk[..read].to_vec())).is_err() {
                return;
            }
        }
    });
    let cells = |count: u16| std::num::NonZero::new(count).unwrap();
    let shown = vt100::Parser::new(cells(ROWS), cells(COLS), 0);
    (Terminal { keyboard, chunks, shown, pictures: Vec::new() }, child)
}

impl Terminal {
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// Takes in what is drawn until the text of the screen is as wanted.
    pub(crate) fn until(&mut self, mut wanted: impl FnMut(&str) -> bool) {
        while !wanted(&self.shown.screen().contents()) {
            assert!(self.read(Duration::from_secs(60)), "waited in vain");
        }
    }

    /// Takes in what is drawn for so long.
    pub(crate) fn watch_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Some(rest) = end.checked_duration_since(Instant::now()) {
            if !self.read(rest) {
                return;
            }
        }
    }

    fn read(&mut self, patience: Duration) -> bool {
        let Ok((at, bytes)) = self.chunks.recv_timeout(patience) else { return false };
        let begun = memchr::memmem::find_iter(&bytes, PICTURE).count();
        self.pictures.extend(std::iter::repeat_n(at, begun));
        self.shown.process(&bytes);
        true
    }
}
