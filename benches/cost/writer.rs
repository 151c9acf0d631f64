//! The plan of every bench: lines of 120 bytes with a level in front, on stdout.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Length of a line, its end included.
pub(crate) const LINE: usize = 120;

/// Lines a second in mode `rated`.
pub(crate) const RATE: usize = 10_000;

/// `MODE COUNT GO WRITTEN GATE`: waits for the file GO, writes, puts into WRITTEN how many nanoseconds
/// that took, waits for GATE. Modes `bulk`, `line` and `mixed` write as fast as can be, in writes of
/// 64 KiB, one a line, or a few real lines of all lengths; `paced:MS` writes every so many milliseconds
/// a line that begins with the time; `rated` writes at a rate; `true` ends at once; the others write
/// what `recognising` measures.
pub(crate) fn write(args: &[String]) {
    let [mode, count, go, written, gate] = args else { panic!("writer: {args:?}") };
    let count: usize = count.parse().unwrap();
    if mode == "true" {
        return;
    }
    let text = match mode.as_str() {
        "bulk" | "line" | "rated" => Vec::new(),
        "mixed" => super::recognising::text("recorded", count),
        paced if paced.starts_with("paced:") => Vec::new(),
        other => super::recognising::text(other, count),
    };
    wait_for(go);
    let began = Instant::now();
    match mode.as_str() {
        "bulk" => bulk(count),
        "line" => (0..count).for_each(|n| put(&line(n))),
        "mixed" => mixed(&text),
        "rated" => rated(count),
        other => match other.strip_prefix("paced:") {
            Some(pause) => paced(count, pause.parse().unwrap()),
            None => pieces(&text),
        },
    }
    let took = began.elapsed().as_nanos().to_string();
    // Appears whole, also where many writers say so.
    let new = format!("{written}.{}", std::process::id());
    std::fs::write(&new, took).unwrap();
    std::fs::rename(&new, written).unwrap();
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

/// Writes of 1 to 16 lines.
fn mixed(text: &[u8]) {
    let (mut from, mut lines, mut state) = (0, 0, 1_u64);
    for end in memchr::memchr_iter(b'\n', text) {
        lines += 1;
        if lines > state >> 60 {
            put(&text[from..=end]);
            (from, lines) = (end + 1, 0);
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        }
    }
    put(&text[from..]);
}

fn paced(count: usize, pause: u64) {
    for n in 0..count {
        std::thread::sleep(Duration::from_millis(pause));
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
