//! The plan of every bench: lines of 120 bytes with a level in front, on stdout.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Length of a line, its end included.
pub(crate) const LINE: usize = 120;

/// Lines a second in mode `rated`.
pub(crate) const RATE: usize = 10_000;

/// `MODE COUNT GO WRITTEN GATE`: waits for the file GO, writes, makes WRITTEN, waits for GATE. Modes
/// `bulk` and `line` write as fast as can be, in writes of 64 KiB or one a line; `paced` writes every
/// 10 ms a line that begins with the time; `rated` writes at a rate; `true` ends at once; the others write what `recognising` measures.
pub(crate) fn write(args: &[String]) {
    let [mode, count, go, written, gate] = args else { panic!("writer: {args:?}") };
    let count: usize = count.parse().unwrap();
    if mode == "true" {
        return;
    }
    wait_for(go);
    match mode.as_str() {
        "bulk" => bulk(count),
        "line" => (0..count).for_each(|n| put(&line(n))),
        "paced" => paced(count),
        "rated" => rated(count),
        other => pieces(&super::recognising::text(other, count)),
    }
    std::fs::write(written, "").unwrap();
    wait_for(gate);
}

fn wait_for(file: &str) {
    while !Path::new(file).exists() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn bulk(count: usize) {
    let mut buffer = Vec::with_capacity(80 << 10);
    for n in 0..count {
        buffer.extend_from_slice(&line(n));
        if buffer.len() >= 64 << 10 {
            put(&buffer[..64 << 10]);
            buffer.drain(..64 << 10);
        }
    }
    put(&buffer);
}

fn pieces(text: &[u8]) {
    for piece in text.chunks(64 << 10) {
        put(piece);
    }
}

fn paced(count: usize) {
    for n in 0..count {
        std::thread::sleep(Duration::from_millis(10));
        put(format!("{} line {n}\n", monotonic_ns()).as_bytes());
    }
}

fn rated(count: usize) {
    let began = Instant::now();
    for n in 0..count {
        if n.is_multiple_of(RATE / 100) {
            let due = began + Duration::from_millis((n / (RATE / 100) * 10) as u64);
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        put(&line(n));
    }
}

fn line(n: usize) -> [u8; LINE] {
    let mut line = *b"INFO: item 00000000 was read and said what the others say, so that there is nothing to be told of it but its number her\n";
    let (mut rest, mut at) = (n, 18);
    for _ in 0..8 {
        line[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        at -= 1;
    }
    line
}

fn put(mut bytes: &[u8]) {
    while !bytes.is_empty() {
        bytes = &bytes[rustix::io::write(rustix::stdio::stdout(), bytes).unwrap()..];
    }
}

/// Nanoseconds of the clock that all processes share.
pub(crate) fn monotonic_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
