//! Instructions for each line of what every line goes through, counted by valgrind: numbers that no
//! neighbour on the machine can spoil.
//!
//! `cargo bench --bench instructions`

#![allow(clippy::unwrap_used, missing_docs)]

use std::process::Command;

use planwatch::fold::Fold;
use planwatch::model::{Head, Level, Record, Stamp, Stream, Text, encode_text};
use planwatch::parse::Splitter;
use planwatch::render::sanitize::sanitize;

/// Real lines of Luigi and PlanExe.
const LOG: &[u8] = include_bytes!("../../tests/data/planexe/complete.log");

/// Something done with every line so many times; what it gives keeps it from being left out.
type Work = fn(usize) -> usize;

const WORKS: [(&str, Work); 5] = [
    ("encode", encode),
    ("split", split),
    ("sanitize", harmless),
    ("fold", fold),
    ("parse", parse),
];

/// Once and three times the same: the difference is free of what only happens once.
const TIMES: [usize; 2] = [1, 3];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    if let [name, times] = &args[..]
        && let Some((_, work)) = WORKS.iter().find(|(known, _)| known == name)
    {
        std::hint::black_box(work(times.parse().unwrap()));
        return;
    }
    if !args.is_empty() {
        return;
    }
    let lines = LOG.iter().filter(|&&byte| byte == b'\n').count();
    println!("## Instructions a line, of {lines} lines of {} bytes\n", LOG.len() / lines);
    if Command::new("valgrind").arg("--version").output().is_err() {
        return println!("valgrind is not installed: not counted.");
    }
    println!("| | instructions |\n| --- | ---: |");
    for (name, _) in WORKS {
        let counts = TIMES.map(|times| instructions(name, times));
        let [Some(once), Some(more)] = counts else {
            println!("| {name} | valgrind does not know this processor's instructions |");
            continue;
        };
        println!("| {name} | {} |", (more - once) / ((TIMES[1] - TIMES[0]) * lines) as u64);
    }
}

/// What callgrind collects of one work.
fn instructions(name: &str, times: usize) -> Option<u64> {
    let done = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe().unwrap())
        .args([name, &times.to_string()])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    let line = said.lines().find(|line| line.contains("Collected"))?;
    line.rsplit(' ').next()?.parse().ok()
}

fn lines() -> impl Iterator<Item = &'static [u8]> {
    LOG.split_inclusive(|&byte| byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line))
}

fn text(off: u64, bytes: &[u8]) -> Text<'_> {
    Text { off, bytes, level: Some(Level::Info), logger: Some(b"planexe.plan"), ..Text::default() }
}

fn encode(times: usize) -> usize {
    let head = Head::new(&"bench".parse().unwrap(), 1, "stdout");
    let (mut to, ts) = (Vec::with_capacity(1 << 20), Stamp(0).text());
    for seq in 0..times {
        to.clear();
        lines().for_each(|line| encode_text(&mut to, &head, &ts, seq as u64, &text(7, line)));
    }
    to.len()
}

fn split(times: usize) -> usize {
    let mut lines = 0;
    for _ in 0..times {
        let (mut splitter, mut rest) = (Splitter::new(64 << 10), LOG);
        while let Some(line) = splitter.next(rest, true) {
            rest = &rest[line.consumed..];
            lines += 1;
        }
    }
    lines
}

fn harmless(times: usize) -> usize {
    let mut to = Vec::with_capacity(1 << 20);
    for _ in 0..times {
        to.clear();
        for line in lines() {
            sanitize(&mut to, std::str::from_utf8(line).unwrap(), true);
        }
    }
    to.len()
}

/// What the recorder recognises in a line and remembers of it.
fn fold(times: usize) -> usize {
    let mut fold = Fold::new("bench".parse().unwrap());
    let slot = fold.slot(1, &Stream::Stderr);
    let mut seq = 0;
    for _ in 0..times {
        let (mut splitter, mut rest) = (Splitter::new(64 << 10), LOG);
        while let Some(line) = splitter.next(rest, true) {
            seq += 1;
            std::hint::black_box(fold.line(slot, seq, &line, Stamp(seq as i64), seq));
            rest = &rest[line.consumed..];
        }
    }
    fold.lines as usize
}

/// What a reader makes of a stored line.
fn parse(times: usize) -> usize {
    let head = Head::new(&"bench".parse().unwrap(), 1, "stdout");
    let mut log = Vec::new();
    lines().for_each(|line| encode_text(&mut log, &head, &Stamp(0).text(), 7, &text(7, line)));
    let mut bytes = 0;
    for _ in 0..times {
        let stored = log.split_inclusive(|&byte| byte == b'\n');
        bytes += stored.map(|line| Record::parse(line).unwrap().msg.len()).sum::<usize>();
    }
    bytes
}
