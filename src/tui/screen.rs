//! The terminal: taken, drawn on, and always given back.
//!
//! Frames are written by a thread of their own, so that a terminal that is slow, or stopped, never
//! keeps a key waiting. The way back is known to the panic hook too: a panic in any thread gives
//! the terminal back before it says anything.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::panic;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::thread;
use std::time::Duration;

use crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};
use ratatui::backend::{Backend as _, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::os::poll::{self, PollFd, PollFlags};

/// The other screen, no cursor, pastes marked as such, mouse buttons and wheel (not its movements:
/// each would wake us).
/// The window's title is put by, where the terminal can (xterm's control sequences, 22 and 23).
const ENTER: &[u8] = b"\x1b[22;2t\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1000h\x1b[?1006h";
/// All of it back. CAN first: it ends a sequence that was cut in the middle (ECMA-48).
const LEAVE: &[u8] =
    b"\x18\x1b[?2026l\x1b[0m\x1b[?1006l\x1b[?1000l\x1b[?2004l\x1b[?25h\x1b[?1049l\x1b[23;2t";
/// Between these two the terminal shows nothing half-drawn, where it knows them.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[0m\x1b[?2026l";
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";

/// How long a terminal that takes nothing is waited for at the end.
const PATIENCE: Duration = Duration::from_millis(300);

static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal as long as it is ours. Dropped, it is given back.
pub struct Screen {
    frames: Sender<Vec<u8>>,
    writing: Arc<Writing>,
    shown: Buffer,
    next: Buffer,
    title: String,
    anew: bool,
}

/// Whether a frame is on its way.
#[derive(Default)]
struct Writing {
    busy: Mutex<bool>,
    done: Condvar,
}

impl Screen {
    /// Takes the terminal. `written` is called on another thread when a frame has been written;
    /// false: it could not be.
    pub fn take(written: impl Fn(bool) + Send + 'static) -> io::Result<Screen> {
        let terminal = File::from(terminal()?);
        give_back_on_panic();
        let (frames, due) = channel::<Vec<u8>>();
        let writing = Arc::new(Writing::default());
        let busy = Arc::clone(&writing);
        thread::Builder::new().name("terminal".to_owned()).spawn(move || {
            for frame in due {
                let done = (&terminal).write_all(&frame).is_ok();
                busy.set(false);
                written(done);
            }
        })?;
        enter()?;
        let none = Buffer::empty(Rect::default());
        Ok(Screen {
            frames,
            writing,
            shown: none.clone(),
            next: none,
            title: String::new(),
            anew: true,
        })
    }

    /// Columns and rows there are.
    pub fn size() -> (u16, u16) {
        size().unwrap_or((80, 24))
    }

    /// Whether the last frame has been written.
    pub fn is_idle(&self) -> bool {
        !self.writing.get()
    }

    /// Everything is to be drawn, whatever stands there.
    pub fn anew(&mut self) {
        self.anew = true;
    }

    /// Draws what is different from what stands there, under this title of the window. Only when
    /// idle.
    pub fn draw(&mut self, width: u16, height: u16, title: &str, view: impl FnOnce(&mut Buffer)) {
        let area = Rect::new(0, 0, width, height);
        self.next.resize(area);
        self.next.reset();
        view(&mut self.next);
        let mut frame = BEGIN.to_vec();
        if self.anew || self.shown.area != area {
            self.anew = false;
            self.title.clear();
            self.shown = Buffer::empty(area);
            frame.extend_from_slice(CLEAR);
        }
        if self.anew_title(title) {
            frame.extend_from_slice(format!("\x1b]2;{title}\x07").as_bytes());
        }
        let changes = self.shown.diff(&self.next);
        if changes.is_empty() && frame.len() == BEGIN.len() {
            return;
        }
        // Writing into memory cannot fail.
        let _ = CrosstermBackend::new(&mut frame).draw(changes.into_iter());
        frame.extend_from_slice(END);
        std::mem::swap(&mut self.shown, &mut self.next);
        self.send(frame);
    }

    /// Whether the window is to be called something else from now on.
    fn anew_title(&mut self, title: &str) -> bool {
        let anew = self.title != title;
        if anew {
            title.clone_into(&mut self.title);
        }
        anew
    }

    /// Writes something that is no picture: the clipboard's sequence.
    pub fn send(&self, bytes: Vec<u8>) {
        self.writing.set(true);
        if self.frames.send(bytes).is_err() {
            self.writing.set(false);
        }
    }

    /// Gives the terminal back for a while.
    pub fn pause(&self) {
        self.writing.wait();
        give_back();
    }

    /// Takes it again.
    pub fn resume(&mut self) -> io::Result<()> {
        self.anew = true;
        enter()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.pause();
    }
}

impl Writing {
    fn get(&self) -> bool {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, busy: bool) {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner) = busy;
        self.done.notify_all();
    }

    fn wait(&self) {
        let busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.done.wait_timeout_while(busy, PATIENCE, |busy| *busy));
    }
}

fn terminal() -> io::Result<OwnedFd> {
    io::stdout().as_fd().try_clone_to_owned()
}

fn enter() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::Release);
    File::from(terminal()?).write_all(ENTER)
}

/// Gives the terminal back, if it was taken. One that takes nothing gets its modes back at least.
fn give_back() {
    if !TAKEN.swap(false, Ordering::AcqRel) {
        return;
    }
    if let Ok(terminal) = terminal() {
        let mut fds = [PollFd::new(&terminal, PollFlags::OUT)];
        if poll::wait(&mut fds, Some(PATIENCE)).is_ok_and(|ready| ready > 0) {
            let _ = File::from(terminal).write_all(LEAVE);
        }
    }
    let _ = disable_raw_mode();
}

/// The terminal is given back before a panic says what happened, and then all ends: a screen whose
/// reader has died would show what is no longer true.
fn give_back_on_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let says = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let ours = TAKEN.load(Ordering::Acquire);
            give_back();
            says(info);
            if ours {
                std::process::exit(crate::tui::run::PANICKED);
            }
        }));
    });
}
