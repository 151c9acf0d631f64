//! The screen while ten plans write: how soon a key is answered, how many pictures it draws, and
//! what it takes from the recorders.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use super::bed::{Bed, cpu_ns, kib, until};
use super::writer::RATE;

const PLANS: usize = 10;
const SECONDS: usize = 30;
const ROWS: u16 = 50;
const COLS: u16 = 180;
/// What begins a picture (synchronized output, DEC private mode 2026).
const PICTURE: &[u8] = b"\x1b[?2026h";

pub(crate) fn measure() {
    println!(
        "\nscreen: {PLANS} plans, {RATE} lines/s each, one write a line, {SECONDS} s, {COLS}x{ROWS}"
    );
    println!(
        "{:<10}{:>9}{:>9}{:>9}{:>9}{:>11}{:>9}{:>11}{:>11}",
        "",
        "p50 ms",
        "p99 ms",
        "worst ms",
        "frames/s",
        "most in 1 s",
        "cpu %",
        "peak KiB",
        "lines/s x"
    );
    let alone = flood(|_| ());
    for (name, keys) in [("list", ""), ("grid", "v"), ("merged", "vv")] {
        let mut seen = None;
        let watched = flood(|bed| seen = Some(watch(bed, keys)));
        let Some(seen) = seen else { continue };
        let of = |part: usize| seen.answers[(seen.answers.len() - 1) * part / 100] * 1e3;
        println!(
            "{name:<10}{:>9.1}{:>9.1}{:>9.1}{:>9.1}{:>11}{:>9.1}{:>11}{:>11.3}",
            of(50),
            of(99),
            of(100),
            seen.pictures as f64 / seen.seconds,
            seen.most,
            seen.cpu * 100.0,
            seen.peak,
            watched / alone
        );
    }
}

/// Lines a second that the recorders of all plans take together, while something else is done.
fn flood(meanwhile: impl FnOnce(&Bed)) -> f64 {
    let bed = Bed::new();
    let lines = SECONDS * RATE;
    let plans: Vec<String> = (0..PLANS).map(|n| format!("plan-{n}")).collect();
    for plan in &plans {
        bed.run(plan, &["--keep", "64MiB", "--segment-size", "16MiB"], "rated", lines);
    }
    let began = Instant::now();
    bed.go();
    meanwhile(&bed);
    until(|| plans.iter().all(|plan| recorded(&bed, plan) >= lines as u64));
    (PLANS * lines) as f64 / began.elapsed().as_secs_f64()
}

/// The seq at the end of a plan's log.
fn recorded(bed: &Bed, plan: &str) -> u64 {
    let out = bed.planwatch(&["logs", "-n", "1", "-o", "json", plan]).output().unwrap().stdout;
    let record: serde_json::Value = serde_json::from_slice(&out).unwrap_or_default();
    record["seq"].as_u64().unwrap_or(0)
}

struct Seen {
    /// Sorted, in seconds.
    answers: Vec<f64>,
    pictures: usize,
    most: usize,
    seconds: f64,
    cpu: f64,
    peak: u64,
}

/// Opens and closes the help as long as the plans write, but for the last seconds.
fn watch(bed: &Bed, keys: &str) -> Seen {
    let (mut terminal, mut child) = open(bed);
    let pid = child.id();
    terminal.until("running");
    terminal.press(keys);
    let (began, cpu) = (Instant::now(), cpu_ns(pid));
    let mut answers = Vec::new();
    while began.elapsed() < Duration::from_secs(SECONDS as u64 - 5) {
        for (key, there) in [("?", true), ("\x1b", false)] {
            // Not in step with the pictures.
            let odd = answers.len() as u64 * 7 % 60;
            terminal.watch_for(Duration::from_millis(40 + odd));
            let pressed = Instant::now();
            terminal.press(key);
            terminal.until_help(there);
            answers.push(pressed.elapsed().as_secs_f64());
        }
    }
    let seconds = began.elapsed().as_secs_f64();
    let (cpu, peak) = (cpu_ns(pid) - cpu, kib(pid, "status", "VmHWM"));
    terminal.press("q");
    until(|| child.try_wait().unwrap().is_some());
    answers.sort_by(f64::total_cmp);
    let times: Vec<Instant> = terminal.pictures.iter().copied().filter(|at| *at >= began).collect();
    let within = |at: &Instant| {
        let end = *at + Duration::from_secs(1);
        times.iter().filter(|other| (*at..end).contains(*other)).count()
    };
    let most = times.iter().map(within).max().unwrap_or(0);
    let cpu = cpu as f64 / 1e9 / seconds;
    Seen { answers, pictures: times.len(), most, seconds, cpu, peak }
}

struct Terminal {
    keyboard: File,
    chunks: Receiver<(Instant, Vec<u8>)>,
    shown: vt100::Parser,
    pictures: Vec<Instant>,
}

fn open(bed: &Bed) -> (Terminal, Child) {
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
    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    fn until_help(&mut self, there: bool) {
        while self.shown.screen().contents().contains("┌ help") != there {
            self.read(Duration::from_secs(60));
        }
    }

    fn until(&mut self, text: &str) {
        while !self.shown.screen().contents().contains(text) {
            self.read(Duration::from_secs(60));
        }
    }

    /// Takes in what is drawn for so long.
    fn watch_for(&mut self, time: Duration) {
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
