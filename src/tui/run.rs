//! The loop: keys, answers, signals and the clock become messages; pictures go out, at most one in
//! 16 ms, and none when nothing has changed.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use base64::Engine as _;
use crossterm::event::{
    self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::{Instant, timeout_at};

use super::app::App;
use super::msg::{Effect, Mouse, Msg, Press};
use super::screen::Screen;
use crate::model::Stamp;
use crate::os::tty;

/// How the screen came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The user left.
    Quit,
    /// A signal said so, or the terminal has gone.
    Told,
}

/// Exit code after a panic: planwatch itself failed.
pub const PANICKED: i32 = 125;

/// Between two pictures at least.
const FRAME: Duration = Duration::from_millis(16);
/// Between two looks at the clock.
const SECOND: Duration = Duration::from_secs(1);
/// How long the library is asked for a key that is there: without any time it does not even look.
const A_MOMENT: Duration = Duration::from_millis(1);
/// How often in a row it must say that there is none.
const LOOKS: u32 = 2;
/// Where nothing is due.
const NEVER: Duration = Duration::from_secs(24 * 3600);
/// Messages taken in before the next look at the keys.
const AT_ONCE: usize = 256;

/// Shows the screen until it ends. `msgs` brings what others find out; `perform` does what is
/// neither the terminal's nor the loop's matter, and must not take long.
pub async fn run(
    mut app: App,
    mut msgs: UnboundedReceiver<Msg>,
    perform: impl FnMut(Effect),
) -> io::Result<Ended> {
    let keys = listen(io::stdin().as_fd().try_clone_to_owned()?)?;
    let mut signals = Signals::new()?;
    let (tell, mut written) = unbounded_channel();
    let screen = Screen::take(move |done| {
        let _ = tell.send(done);
    })?;
    app.update(Msg::Now(Stamp::now()));
    let mut stage = Stage { app, screen, perform, dirty: true, ended: None };
    stage.resize();
    let (mut frame, mut tick) = (Instant::now(), Instant::now());
    let mut batch = Vec::with_capacity(AT_ONCE);
    loop {
        if let Some(ended) = stage.ended {
            return Ok(ended);
        }
        if stage.app.has_clock() && Instant::now() >= tick {
            tick = Instant::now() + SECOND;
            stage.take(Msg::Tick(Stamp::now()));
        }
        let ready = stage.dirty && stage.screen.is_idle();
        if ready && Instant::now() >= frame {
            stage.draw();
            frame = Instant::now() + FRAME;
            continue;
        }
        let due = [(ready, frame), (stage.app.has_clock(), tick)];
        let due = due.iter().filter(|(wanted, _)| *wanted).map(|&(_, at)| at).min();
        let woken = timeout_at(due.unwrap_or_else(|| Instant::now() + NEVER), async {
            tokio::select! {
                biased;
                ready = keys.readable() => ready.map(|mut ready| {
                    // In this order: what is typed after this line makes it ready again.
                    ready.clear_ready();
                    Woken::Keys
                }),
                signal = signals.next() => Ok(Woken::Signal(signal)),
                done = written.recv() => Ok(Woken::Written(done.unwrap_or(false))),
                _ = msgs.recv_many(&mut batch, AT_ONCE) => Ok(Woken::Told),
            }
        });
        match woken.await {
            Err(_) => {}
            Ok(Err(error)) => return Err(error),
            Ok(Ok(Woken::Keys)) => stage.keys(keys.get_ref())?,
            Ok(Ok(Woken::Written(true))) => {}
            Ok(Ok(Woken::Written(false))) => stage.ended = Some(Ended::Told),
            Ok(Ok(Woken::Signal(Told::Resize))) => stage.resize(),
            Ok(Ok(Woken::Signal(Told::End))) => stage.ended = Some(Ended::Told),
            Ok(Ok(Woken::Told)) => stage.take_all(batch.drain(..)),
        }
    }
}

enum Woken {
    Keys,
    Signal(Told),
    Written(bool),
    Told,
}

/// What signals mean here.
enum Told {
    Resize,
    End,
}

struct Signals {
    resize: Signal,
    end: [Signal; 3],
}

impl Signals {
    fn new() -> io::Result<Signals> {
        let [hang_up, terminate, interrupt] =
            [SignalKind::hangup(), SignalKind::terminate(), SignalKind::interrupt()].map(signal);
        let end = [hang_up?, terminate?, interrupt?];
        Ok(Signals { resize: signal(SignalKind::window_change())?, end })
    }

    async fn next(&mut self) -> Told {
        let [hang_up, terminate, interrupt] = &mut self.end;
        tokio::select! {
            _ = self.resize.recv() => Told::Resize,
            _ = hang_up.recv() => Told::End,
            _ = terminate.recv() => Told::End,
            _ = interrupt.recv() => Told::End,
        }
    }
}

struct Stage<P> {
    app: App,
    screen: Screen,
    perform: P,
    dirty: bool,
    ended: Option<Ended>,
}

impl<P: FnMut(Effect)> Stage<P> {
    fn draw(&mut self) {
        let (width, height) = self.app.size();
        let Stage { app, screen, .. } = self;
        screen.draw(width, height, &app.title(), |buf| app.view(buf));
        self.dirty = false;
    }

    fn resize(&mut self) {
        let (width, height) = Screen::size();
        self.take(Msg::Resize(width, height));
    }

    fn take(&mut self, msg: Msg) {
        self.take_all([msg]);
    }

    fn take_all(&mut self, msgs: impl IntoIterator<Item = Msg>) {
        self.dirty = true;
        for effect in self.app.update_all(msgs) {
            match effect {
                Effect::Quit => self.ended = Some(Ended::Quit),
                Effect::Redraw => self.screen.anew(),
                Effect::Suspend => self.suspend(),
                Effect::Copy(text) => self.screen.send(clipboard(&text)),
                Effect::Ring => self.screen.send(b"\x07".to_vec()),
                other => (self.perform)(other),
            }
        }
    }

    /// Takes the keys that were pressed. The library that reads them spins where the terminal has
    /// gone, so that is looked at first.
    fn keys(&mut self, keyboard: &OwnedFd) -> io::Result<()> {
        let (mut pressed, mut missed) = (false, 0);
        loop {
            if tty::has_gone(keyboard) {
                self.ended = Some(Ended::Told);
                return Ok(());
            }
            if self.ended.is_some() {
                return Ok(());
            }
            if !event::poll(A_MOMENT)? {
                // On a busy machine the moment may have passed before the library looked. Then what
                // was typed is still in the terminal, or in the library, and nobody would tell of it
                // again.
                missed += 1;
                if missed < LOOKS || tty::has_input(keyboard) {
                    continue;
                }
                return Ok(());
            }
            missed = 0;
            let Some(msg) = message(event::read()?) else { continue };
            if !std::mem::replace(&mut pressed, true) {
                self.take(Msg::Now(Stamp::now()));
            }
            self.take(msg);
        }
    }

    fn suspend(&mut self) {
        self.screen.pause();
        let stopped = tty::suspend();
        if self.screen.resume().is_err() {
            self.ended = Some(Ended::Told);
        }
        // Nobody tells a stopped process of another size.
        self.resize();
        if let Err(error) = stopped {
            self.take(Msg::Say(format!("cannot be suspended: {error}")));
        }
    }
}

#[allow(deprecated, reason = "what replaces it is unsafe; the loop owns the descriptor")]
fn listen(keyboard: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    AsyncFd::with_interest(keyboard, Interest::READABLE)
}

/// The sequence that puts a text on the clipboard (OSC 52). Base64 holds nothing a terminal could
/// take for anything else.
fn clipboard(text: &str) -> Vec<u8> {
    let text = base64::engine::general_purpose::STANDARD.encode(text);
    format!("\x1b]52;c;{text}\x07").into_bytes()
}

fn message(event: Event) -> Option<Msg> {
    Some(match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Msg::Press(press(key)),
        Event::Paste(text) => Msg::Paste(text),
        Event::Mouse(mouse) => {
            let what = match mouse.kind {
                MouseEventKind::Down(MouseButton::Left) => Mouse::Click,
                MouseEventKind::ScrollUp => Mouse::Wheel(-3),
                MouseEventKind::ScrollDown => Mouse::Wheel(3),
                _ => return None,
            };
            Msg::Mouse(what, mouse.column, mouse.row)
        }
        // The signal says it too, and cannot be missed.
        _ => return None,
    })
}

fn press(key: KeyEvent) -> Press {
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let code = match key.code {
        KeyCode::Char(c) if ctrl => KeyCode::Char(c.to_ascii_lowercase()),
        code => code,
    };
    Press { code, ctrl, alt: key.modifiers.contains(KeyModifiers::ALT) }
}
