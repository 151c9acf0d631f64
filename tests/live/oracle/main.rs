//! A program whose every byte is known: it writes numbered, checksummed lines as its script says.

#![allow(clippy::unwrap_used, reason = "a wrong script shall panic")]

mod script;

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::{Duration, Instant};

use script::{Chunk, Out, Step, Style, mix};

const OUTS: [Out; 2] = [Out::Stdout, Out::Stderr];

fn main() {
    let mut oracle = Oracle::new();
    for arg in std::env::args().skip(1) {
        let step = Step::parse(&arg);
        oracle.style.note(&step);
        oracle.perform(&step);
    }
}

struct Oracle {
    style: Style,
    chunk: Chunk,
    rate: u64,
    /// Lines written on each stream.
    numbers: [u64; 2],
    /// Bytes not yet written, and how long the next ragged write shall be.
    pending: [Vec<u8>; 2],
    cut: u64,
    began: Instant,
    paced: u64,
    account: Option<std::fs::File>,
    /// Bytes written on each stream.
    written: [u64; 2],
}

impl Oracle {
    fn new() -> Oracle {
        Oracle {
            style: Style::default(),
            chunk: Chunk::Line,
            rate: 0,
            numbers: [0; 2],
            pending: Default::default(),
            cut: 1,
            began: Instant::now(),
            paced: 0,
            account: None,
            written: [0; 2],
        }
    }

    fn perform(&mut self, step: &Step) {
        match step {
            Step::Chunk(chunk) => self.chunk = *chunk,
            Step::Rate(rate) => {
                (self.rate, self.began, self.paced) = (*rate, Instant::now(), 0);
            }
            Step::Account(path) => self.open_account(path),
            Step::Gate(path) => wait_for(path),
            Step::Mark(path) => mark(path),
            Step::Hold(path, _) => self.leave_behind(step, path),
            Step::Close => drop(rustix::stdio::dup2_stdout(
                std::fs::File::open("/dev/null").expect("/dev/null is there"),
            )),
            Step::Signal(number) => signal_self(*number),
            Step::Idle => loop {
                std::thread::park();
            },
            Step::Exit(code) => std::process::exit(*code),
            _ => self.write_pieces(step),
        }
    }

    fn write_pieces(&mut self, step: &Step) {
        let counts = OUTS.map(|out| step.pieces(out));
        let mut i = 0;
        while i < counts[0].max(counts[1]) {
            if let Step::Until(stop, tally) = step
                && i.is_multiple_of(32)
                && stop.exists()
            {
                std::fs::write(tally, i.to_string()).expect("the tally is written");
                break;
            }
            for (o, out) in OUTS.into_iter().enumerate() {
                if i < counts[o] {
                    self.style.piece(step, out, i, self.numbers[o], &mut self.pending[o]);
                    self.numbers[o] += 1;
                    self.paced += 1;
                    self.flush(o, false);
                }
            }
            self.pace();
            i += 1;
        }
        self.flush(0, true);
        self.flush(1, true);
    }

    /// Writes what is ripe.
    fn flush(&mut self, o: usize, all: bool) {
        let length = self.pending[o].len();
        match self.chunk {
            Chunk::Line => self.put(o, length),
            Chunk::Bulk if length >= 64 << 10 || all => self.put(o, length),
            Chunk::Bulk => {}
            Chunk::Ragged => {
                while self.pending[o].len() as u64 >= self.cut
                    || (all && !self.pending[o].is_empty())
                {
                    self.put(o, self.pending[o].len().min(self.cut as usize));
                    self.cut = 1 + mix(self.cut ^ self.numbers[o]) % 5000;
                }
            }
        }
    }

    /// Writes so many of the bytes that wait.
    fn put(&mut self, o: usize, length: usize) {
        write_all(o, &self.pending[o][..length]);
        self.pending[o].drain(..length);
        self.written[o] += length as u64;
        if let Some(account) = &self.account {
            use std::os::unix::fs::FileExt as _;
            let bytes = self.written.map(u64::to_le_bytes).concat();
            account.write_all_at(&bytes, 0).expect("the account is written");
        }
    }

    fn open_account(&mut self, path: &Path) {
        let run = std::env::var("PLANWATCH_RUN").expect("it is a plan");
        let path = format!("{}.{run}", path.display());
        self.account = Some(std::fs::File::create(path).expect("an account can be opened"));
    }

    fn pace(&mut self) {
        if self.rate == 0 || !self.paced.is_multiple_of((self.rate / 1000).max(1)) {
            return;
        }
        let due = Duration::from_nanos(self.paced * 1_000_000_000 / self.rate);
        if let Some(early) = due.checked_sub(self.began.elapsed()) {
            std::thread::sleep(early);
        }
    }

    /// Starts a process that outlives this one and goes on with its numbers.
    fn leave_behind(&mut self, step: &Step, path: &Path) {
        let me = std::env::current_exe().expect("a program knows itself");
        if std::env::var_os("ORACLE_LEFT_BEHIND").is_none() {
            #[allow(clippy::zombie_processes, reason = "an orphan is what is wanted")]
            std::process::Command::new(me)
                .args([format!("seed:{}", self.style.seed)])
                .args([format!("size:{},{}", self.style.size.0, self.style.size.1)])
                .args([step.to_arg()])
                .env("ORACLE_LEFT_BEHIND", self.numbers[0].to_string())
                .spawn()
                .expect("a process can be started");
            self.numbers[0] += step.pieces(Out::Stdout);
            return;
        }
        let number = std::env::var("ORACLE_LEFT_BEHIND").unwrap_or_default();
        self.numbers[0] = number.parse().expect("a number");
        let _ = rustix::process::setsid();
        wait_for(path);
        self.write_pieces(step);
    }
}

fn write_all(o: usize, bytes: &[u8]) {
    let (stdout, stderr) = (std::io::stdout(), std::io::stderr());
    let fd: BorrowedFd<'_> = if o == 0 { stdout.as_fd() } else { stderr.as_fd() };
    let mut rest = bytes;
    while !rest.is_empty() {
        match rustix::io::write(fd, rest) {
            Ok(n) => rest = &rest[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => std::process::exit(99),
        }
    }
}

fn wait_for(path: &Path) {
    while !path.exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn mark(path: &Path) {
    let fresh = path.with_extension("fresh");
    let mut file = std::fs::File::create(&fresh).expect("a mark can be made");
    write!(file, "{}", std::process::id()).expect("a mark can be written");
    std::fs::rename(fresh, path).expect("a mark can be named");
}

fn signal_self(number: i32) {
    let signal = rustix::process::Signal::from_named_raw(number).expect("a signal");
    let _ = rustix::process::kill_process(rustix::process::getpid(), signal);
}
