//! What the oracle shall do, step by step, and the very bytes that it must have written by then.
//!
//! The program and the checker share this file: a script travels as arguments, and both sides
//! derive the same lines from it. A line carries its stream, its number and a checksum, so that a
//! difference can be told in words.

#![allow(dead_code, reason = "the oracle and the checker each use their half")]

use std::path::PathBuf;

/// One of the two streams of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Out {
    Stdout,
    Stderr,
}

/// How the bytes are cut into writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunk {
    /// One write a line.
    Line,
    /// Writes of 64 KiB.
    Bulk,
    /// Writes of odd sizes, which end anywhere.
    Ragged,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Seed of everything that follows.
    Seed(u64),
    /// Lengths of the lines that follow.
    Size(usize, usize),
    Chunk(Chunk),
    /// Line ends from now on: `\n` only, or also `\r\n` and lone `\r`.
    MixedEnds(bool),
    /// Lines a second from now on, 0 for as fast as can be.
    Rate(u64),
    /// So many lines on stdout.
    Stdout(u64),
    /// So many lines on stderr.
    Stderr(u64),
    /// So many lines on each, in turns.
    Both(u64),
    /// Lines on both until the first file is there; how many is written into the second.
    Until(PathBuf, PathBuf),
    /// Empty lines on stdout.
    Blank(u64),
    /// One stretch of letters without a line end on stdout, in bytes.
    Letters(u64),
    /// Any bytes at all on stdout.
    Binary(u64),
    /// Keeps account of the bytes that each stream has taken, in this file with the number of the
    /// run behind its name: what a run has written that is killed.
    Account(PathBuf),
    /// Waits until the file is there.
    Gate(PathBuf),
    /// Makes the file, with the pid in it.
    Mark(PathBuf),
    /// Leaves a process of another session behind, which holds both streams until the file is
    /// there, then writes so many lines on stdout.
    Hold(PathBuf, u64),
    /// Closes stdout.
    Close,
    /// Sends itself this signal.
    Signal(i32),
    /// Does nothing for ever.
    Idle,
    Exit(i32),
}

impl Step {
    pub(crate) fn to_arg(&self) -> String {
        match self {
            Step::Seed(n) => format!("seed:{n}"),
            Step::Size(a, b) => format!("size:{a},{b}"),
            Step::Chunk(Chunk::Line) => "chunk:line".into(),
            Step::Chunk(Chunk::Bulk) => "chunk:bulk".into(),
            Step::Chunk(Chunk::Ragged) => "chunk:ragged".into(),
            Step::MixedEnds(on) => format!("mixed:{}", u8::from(*on)),
            Step::Rate(n) => format!("rate:{n}"),
            Step::Stdout(n) => format!("stdout:{n}"),
            Step::Stderr(n) => format!("stderr:{n}"),
            Step::Both(n) => format!("both:{n}"),
            Step::Until(stop, tally) => format!("until:{},{}", stop.display(), tally.display()),
            Step::Blank(n) => format!("blank:{n}"),
            Step::Letters(n) => format!("letters:{n}"),
            Step::Binary(n) => format!("binary:{n}"),
            Step::Account(path) => format!("account:{}", path.display()),
            Step::Gate(path) => format!("gate:{}", path.display()),
            Step::Mark(path) => format!("mark:{}", path.display()),
            Step::Hold(path, n) => format!("hold:{},{n}", path.display()),
            Step::Close => "close:".into(),
            Step::Signal(n) => format!("signal:{n}"),
            Step::Idle => "idle:".into(),
            Step::Exit(n) => format!("exit:{n}"),
        }
    }

    pub(crate) fn parse(arg: &str) -> Step {
        let (verb, rest) = arg.split_once(':').unwrap_or((arg, ""));
        let number = || rest.parse().unwrap_or_else(|_| panic!("a number is missing: {arg}"));
        let pair = || rest.split_once(',').unwrap_or_else(|| panic!("a pair is missing: {arg}"));
        match verb {
            "seed" => Step::Seed(number()),
            "size" => Step::Size(pair().0.parse().unwrap(), pair().1.parse().unwrap()),
            "chunk" if rest == "line" => Step::Chunk(Chunk::Line),
            "chunk" if rest == "bulk" => Step::Chunk(Chunk::Bulk),
            "chunk" => Step::Chunk(Chunk::Ragged),
            "mixed" => Step::MixedEnds(rest == "1"),
            "rate" => Step::Rate(number()),
            "stdout" => Step::Stdout(number()),
            "stderr" => Step::Stderr(number()),
            "both" => Step::Both(number()),
            "until" => Step::Until(pair().0.into(), pair().1.into()),
            "blank" => Step::Blank(number()),
            "letters" => Step::Letters(number()),
            "binary" => Step::Binary(number()),
            "account" => Step::Account(rest.into()),
            "gate" => Step::Gate(rest.into()),
            "mark" => Step::Mark(rest.into()),
            "hold" => Step::Hold(pair().0.into(), pair().1.parse().unwrap()),
            "close" => Step::Close,
            "signal" => Step::Signal(rest.parse().unwrap()),
            "idle" => Step::Idle,
            "exit" => Step::Exit(rest.parse().unwrap()),
            _ => panic!("no such step: {arg}"),
        }
    }

    /// In how many pieces this step writes to `out`.
    pub(crate) fn pieces(&self, out: Out) -> u64 {
        match (self, out) {
            (Step::Stdout(n) | Step::Blank(n) | Step::Hold(_, n), Out::Stdout) => *n,
            (Step::Stderr(n), Out::Stderr) | (Step::Both(n), _) => *n,
            (Step::Letters(n) | Step::Binary(n), Out::Stdout) => n.div_ceil(PIECE),
            (Step::Until(_, tally), _) => {
                std::fs::read_to_string(tally).map_or(u64::MAX, |text| text.trim().parse().unwrap())
            }
            _ => 0,
        }
    }
}

/// Longest piece of a stretch of bytes.
const PIECE: u64 = 16 << 10;

/// What the lines depend on, besides their number.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) seed: u64,
    pub(crate) size: (usize, usize),
    pub(crate) mixed: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style { seed: 1, size: (60, 180), mixed: false }
    }
}

impl Style {
    pub(crate) fn note(&mut self, step: &Step) {
        match step {
            Step::Seed(seed) => self.seed = *seed,
            Step::Size(from, to) => self.size = (*from, *to),
            Step::MixedEnds(on) => self.mixed = *on,
            _ => {}
        }
    }

    /// Appends the `i`-th piece of `step` on `out`; `number` counts the lines of that stream.
    pub(crate) fn piece(&self, step: &Step, out: Out, i: u64, number: u64, to: &mut Vec<u8>) {
        match step {
            Step::Blank(_) => to.push(b'\n'),
            Step::Letters(n) => self.bytes(*n, i, to, |byte| b'a' + byte % 26),
            Step::Binary(n) => self.bytes(*n, i, to, |byte| byte),
            _ => self.line(out, number, to),
        }
    }

    fn bytes(&self, total: u64, i: u64, to: &mut Vec<u8>, shape: impl Fn(u8) -> u8) {
        let len = (total - i * PIECE).min(PIECE) as usize;
        let mut state = mix(self.seed ^ i.rotate_left(17));
        let end = to.len() + len;
        while to.len() < end {
            state = mix(state);
            let word = state.to_le_bytes();
            to.extend(word[..(end - to.len()).min(8)].iter().map(|&byte| shape(byte)));
        }
    }

    fn line(&self, out: Out, number: u64, to: &mut Vec<u8>) {
        let start = to.len();
        let (from, upto) = self.size;
        let random = mix(self.seed ^ number << 1 ^ u64::from(out == Out::Stderr));
        let size = from + random as usize % (upto - from + 1);
        to.push(if out == Out::Stdout { b'o' } else { b'e' });
        digits(number, to);
        to.push(b' ');
        let mut at = random as usize % FILLER.len();
        while to.len() - start + 9 < size {
            let len = (size - 9 - (to.len() - start)).min(FILLER.len() - at);
            to.extend_from_slice(&FILLER[at..at + len]);
            at = 0;
        }
        to.push(b' ');
        let sum = crc32fast::hash(&to[start..]);
        to.extend((0..8).rev().map(|i| b"0123456789abcdef"[(sum >> (4 * i)) as usize & 15]));
        match number % 7 {
            3 if self.mixed => to.extend_from_slice(b"\r\n"),
            5 if self.mixed => to.push(b'\r'),
            _ => to.push(b'\n'),
        }
    }
}

const FILLER: &[u8] = b"INFO: [pid 4711] Worker Worker(salt=8172, workers=1) running Leaf(n=3) \
    \"quoted\" back\\slash caf\xc3\xa9 \xe2\x9c\x93 tab\tend; WARNING: the quick brown fox ";

fn digits(number: u64, to: &mut Vec<u8>) {
    let mut divisor = 10_000_000;
    while divisor > 0 {
        to.push(b'0' + (number / divisor % 10) as u8);
        divisor /= 10;
    }
}

/// A number that looks random and depends on `x` alone (splitmix64).
pub(crate) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// The bytes that a script must have left on one stream, piece by piece.
pub(crate) struct Expected {
    steps: Vec<Step>,
    out: Out,
    style: Style,
    at: usize,
    piece: u64,
    number: u64,
}

impl Expected {
    pub(crate) fn new(steps: &[Step], out: Out) -> Expected {
        let style = Style::default();
        Expected { steps: steps.to_vec(), out, style, at: 0, piece: 0, number: 0 }
    }

    /// Appends the next piece; false at the end.
    pub(crate) fn next(&mut self, to: &mut Vec<u8>) -> bool {
        while let Some(step) = self.steps.get(self.at) {
            if self.piece < step.pieces(self.out) {
                self.style.piece(step, self.out, self.piece, self.number, to);
                self.piece += 1;
                self.number += 1;
                return true;
            }
            self.style.note(step);
            self.at += 1;
            self.piece = 0;
        }
        false
    }
}
