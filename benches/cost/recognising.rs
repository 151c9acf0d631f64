//! What it costs to recognise Luigi's lines: the recorder's processor time on a log of Luigi's, beside
//! that on plain text with lines of the same lengths.

use md5::{Digest as _, Md5};

use super::bed::median;
use super::capture::{Cost, run};

const ROUNDS: usize = 9;

/// Tasks of the run; each has four lines.
const TASKS: usize = 20_000;

pub(crate) fn measure() {
    println!(
        "recognising: {TASKS} tasks, four lines each; medians of {ROUNDS} rounds, taking turns"
    );
    let modes = ["plain", "luigi"];
    let mut costs: [Vec<Cost>; 2] = [Vec::new(), Vec::new()];
    for round in 0..=ROUNDS {
        for (costs, mode) in costs.iter_mut().zip(modes) {
            let cost = run(mode, TASKS * 4);
            // The first round warms up.
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    let cpu = |at: usize| median(costs[at].iter().map(|cost| cost.cpu_ns_per_line).collect());
    println!("{:<10}{:>14}{:>10}{:>12}", "text", "cpu ns/line", "x plain", "peak KiB");
    for (at, mode) in modes.into_iter().enumerate() {
        let peak = costs[at].iter().map(|cost| cost.peak_kib).max().unwrap_or(0);
        println!("{mode:<10}{:>14.0}{:>10.2}{peak:>12}", cpu(at), cpu(at) / cpu(0));
    }
}

/// The log of a run in which each task is scheduled, runs and succeeds; or, not `luigi`, the same
/// with every line made of other words.
pub(crate) fn text(count: usize, luigi: bool) -> Vec<u8> {
    let tasks = count / 4;
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
    if luigi {
        return text.into_bytes();
    }
    let words = b"a plan that speaks of nothing in particular, but at length and in lines; ";
    let mut words = words.iter().cycle();
    let mut other = |byte| if byte == b'\n' { byte } else { *words.next().unwrap_or(&b' ') };
    text.bytes().map(&mut other).collect()
}
