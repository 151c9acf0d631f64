//! From a plan's write to the line on a follower's output, beside `tail -F` alone.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::bed::{Bed, median};
use super::writer::monotonic_ns;

/// Lines of all plans together.
const LINES: usize = 500;
const ROUNDS: usize = 5;

/// Between two lines, whichever plans they are of.
const PAUSE_MS: usize = 10;

pub(crate) fn measure() {
    println!(
        "\nlatency: one line every {PAUSE_MS} ms, of one plan or another, {LINES} lines a round, \
         medians of {ROUNDS} rounds"
    );
    println!("{:<32}{:>12}{:>12}{:>12}{:>12}", "", "p50 ms", "p99 ms", "worst ms", "p50 x tail");
    for plans in [1, 10, 100] {
        let (mut ours, mut tails) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            ours.push(planwatch(plans));
            tails.push(tail(plans));
        }
        let of = |rounds: &[Vec<f64>], part: usize| {
            median(rounds.iter().map(|all| all[(all.len() - 1) * part / 100] / 1e6).collect())
        };
        for (name, rounds) in [("planwatch logs -f", &ours), ("tail -F alone", &tails)] {
            println!(
                "{:<32}{:>12.3}{:>12.3}{:>12.3}{:>12.2}",
                format!("{name}, plans: {plans}"),
                of(rounds, 50),
                of(rounds, 99),
                of(rounds, 100),
                of(rounds, 50) / of(&tails, 50)
            );
        }
    }
}

/// The mode and the number of lines of each of so many writers.
fn pace(plans: usize) -> (String, usize) {
    (format!("paced:{}", plans * PAUSE_MS), LINES / plans)
}

/// Plan → pipe → recorder → log → follower → pipe.
fn planwatch(plans: usize) -> Vec<f64> {
    let (bed, (mode, lines)) = (Bed::new(), pace(plans));
    let names: Vec<String> = (0..plans).map(|n| format!("bench-{n}")).collect();
    names.iter().for_each(|name| bed.run(name, &[], &mode, lines));
    let mut follower = bed.planwatch(&["logs", "-f", "-o", "cat", "--stream", "stdout"]);
    let follower = follower.args(["--after", "0"]).args(&names);
    let follower = follower.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    // It waits by then.
    std::thread::sleep(Duration::from_millis(500));
    bed.go();
    let delays = delays(follower, lines * plans);
    bed.open_gate();
    delays
}

/// Writers → files → `tail -F` → pipe.
fn tail(plans: usize) -> Vec<f64> {
    let (bed, (mode, lines)) = (Bed::new(), pace(plans));
    let paths: Vec<_> = (0..plans).map(|n| bed.file(&format!("tailed-{n}"))).collect();
    let words = bed.writer(&mode, lines);
    let mut writers = Vec::new();
    for path in &paths {
        let file = std::fs::File::options().create(true).append(true).open(path).unwrap();
        writers.push(Command::new(&words[0]).args(&words[1..]).stdout(file).spawn().unwrap());
    }
    let mut tail = Command::new("tail");
    let tail = tail.args(["-q", "-n", "+1", "-F"]).args(&paths);
    let tail = tail.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(500));
    bed.go();
    let delays = delays(tail, lines * plans);
    bed.open_gate();
    for mut writer in writers {
        writer.wait().unwrap();
    }
    delays
}

/// How long each line took, sorted, in nanoseconds.
fn delays(mut follower: Child, lines: usize) -> Vec<f64> {
    let mut reader = BufReader::new(follower.stdout.take().unwrap());
    let (mut delays, mut line) = (Vec::new(), String::new());
    while delays.len() < lines && reader.read_line(&mut line).unwrap() > 0 {
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
