//! From a plan's write to the line on a follower's output, beside `tail -F` alone.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::bed::{Bed, median};
use super::writer::monotonic_ns;

const LINES: usize = 500;
const ROUNDS: usize = 5;

pub(crate) fn measure() {
    println!("\nlatency: one line every 10 ms, {LINES} lines a round, medians of {ROUNDS} rounds");
    let (mut ours, mut tails) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        ours.push(planwatch());
        tails.push(tail());
    }
    println!("{:<22}{:>12}{:>12}{:>12}", "", "p50 ms", "p99 ms", "worst ms");
    for (name, rounds) in [("planwatch logs -f", ours), ("tail -F alone", tails)] {
        let of = |part: usize| {
            median(rounds.iter().map(|all| all[(all.len() - 1) * part / 100] / 1e6).collect())
        };
        println!("{name:<22}{:>12.3}{:>12.3}{:>12.3}", of(50), of(99), of(100));
    }
}

/// Plan → pipe → recorder → log → follower → pipe.
fn planwatch() -> Vec<f64> {
    let bed = Bed::new();
    let mut follower =
        bed.planwatch(&["logs", "-f", "-o", "cat", "--stream", "stdout", "--after", "0", "bench"]);
    let follower = follower.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // It waits for the plan by then.
    std::thread::sleep(Duration::from_millis(300));
    bed.run("bench", &[], "paced", LINES);
    bed.go();
    let delays = delays(follower);
    bed.open_gate();
    delays
}

/// Writer → file → `tail -F` → pipe.
fn tail() -> Vec<f64> {
    let bed = Bed::new();
    let path = bed.file("tailed");
    let file = std::fs::File::options().create(true).append(true).open(&path).unwrap();
    let mut tail = Command::new("tail");
    let tail = tail.args(["-n", "+1", "-F"]).arg(&path).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let words = bed.writer("paced", LINES);
    let mut writer = Command::new(&words[0]).args(&words[1..]).stdout(file).spawn().unwrap();
    bed.go();
    let delays = delays(tail);
    bed.open_gate();
    writer.wait().unwrap();
    delays
}

/// How long each line took, sorted, in nanoseconds.
fn delays(mut follower: Child) -> Vec<f64> {
    let mut reader = BufReader::new(follower.stdout.take().unwrap());
    let (mut delays, mut line) = (Vec::new(), String::new());
    while delays.len() < LINES && reader.read_line(&mut line).unwrap() > 0 {
        let now = monotonic_ns();
        let sent: u64 = line.split(' ').next().unwrap().parse().unwrap();
        delays.push(now.saturating_sub(sent) as f64);
        line.clear();
    }
    let _ = follower.kill();
    let _ = follower.wait();
    delays.sort_by(f64::total_cmp);
    delays
}
