//! What it costs to recognise Luigi's lines: the recorder's processor time on a log of Luigi's, beside
//! that on plain text with lines of the same lengths.

use md5::{Digest as _, Md5};

use super::bed::median;
use super::capture::{Cost, plain};

const ROUNDS: usize = 5;

/// Lines of one round: so many that what comes once a run does not count.
const LINES: usize = 2_400_000;

/// Texts and, beside each, plain text with lines of the same lengths, levels and loggers.
const MODES: [&str; 4] = ["recorded", "recorded-plain", "tasks", "tasks-plain"];

pub(crate) fn measure() {
    println!(
        "recognising: {LINES} lines of a recorded run of PlanExe again and again, and {TASKS} tasks \
         with four lines each; medians of {ROUNDS} rounds, taking turns"
    );
    let mut costs: [Vec<Cost>; 4] = Default::default();
    for round in 0..=ROUNDS {
        for (costs, mode) in costs.iter_mut().zip(MODES) {
            let lines = if mode.starts_with("tasks") { TASKS * 4 } else { LINES };
            // Compressing beside it would slow both down, each by another text.
            let cost = plain(mode, lines);
            // The first round warms up.
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    let cpu = |at: usize| median(costs[at].iter().map(|cost| cost.cpu_ns_per_line).collect());
    println!("{:<16}{:>14}{:>10}{:>12}", "text", "cpu ns/line", "x plain", "peak KiB");
    for (at, mode) in MODES.into_iter().enumerate() {
        let peak = costs[at].iter().map(|cost| cost.peak_kib).max().unwrap_or(0);
        println!("{mode:<16}{:>14.0}{:>10.2}{peak:>12}", cpu(at), cpu(at) / cpu(at | 1));
    }
}

/// Tasks of the densest text.
const TASKS: usize = 20_000;

/// The text of a mode.
pub(crate) fn text(mode: &str, lines: usize) -> Vec<u8> {
    let (kind, plain) = mode.strip_suffix("-plain").map_or((mode, false), |kind| (kind, true));
    let text = if kind == "tasks" { tasks(lines / 4) } else { recorded(lines) };
    if plain { plainly(&text) } else { text }
}

fn recorded(lines: usize) -> Vec<u8> {
    let whole = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/planexe/whole/stdout");
    let text = std::fs::read_to_string(whole).unwrap();
    let lines: Vec<&str> = text.lines().cycle().take(lines).collect();
    (lines.join("\n") + "\n").into_bytes()
}

/// The same text in other words: lengths, levels and loggers stay, and what JSON has to escape, which
/// costs whatever the line says. What Luigi says does not.
fn plainly(text: &[u8]) -> Vec<u8> {
    let words = b"a plan that speaks of nothing in particular, but at length and in lines; ";
    let mut words = words.iter().cycle();
    let mut plain = Vec::with_capacity(text.len());
    for line in text.split_inclusive(|&byte| byte == b'\n') {
        let (prefix, message) = line.split_at(prefix_of(line));
        plain.extend_from_slice(prefix);
        plain.extend(message.iter().map(|&byte| match byte {
            b'\n' | b'"' | b'\\' => byte,
            _ => *words.next().unwrap_or(&b' '),
        }));
    }
    plain
}

/// Bytes of `LEVEL: ` or `time - logger - LEVEL - `.
fn prefix_of(line: &[u8]) -> usize {
    [&b" - DEBUG - "[..], b" - INFO - ", b" - WARNING - ", b" - ERROR - ", b"INFO: "]
        .iter()
        .filter_map(|end| Some(memchr::memmem::find(line, end)? + end.len()))
        .min()
        .unwrap_or(0)
}

/// The log of a run in which each task is scheduled, runs and succeeds.
fn tasks(tasks: usize) -> Vec<u8> {
    let mut text = String::new();
    let id = |n: usize| {
        let hash = Md5::digest(format!("{{\"n\":\"{n}\"}}"));
        let digits: String = hash[..5].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("Leaf_{n}_{digits}")
    };
    let who =
        "[pid 28065] Worker Worker(salt=817263540, workers=4, host=vm, username=op, pid=28000)";
    for n in 0..tasks {
        text += &format!("INFO: Informed scheduler that task   {}   has status   PENDING\n", id(n));
    }
    text += "INFO: Done scheduling tasks\n";
    for n in 0..tasks {
        text += &format!("INFO: {who} running   Leaf(n={n})\n");
        text += &format!("INFO: {who} done      Leaf(n={n})\n");
        text += &format!("INFO: Informed scheduler that task   {}   has status   DONE\n", id(n));
    }
    text.into_bytes()
}
