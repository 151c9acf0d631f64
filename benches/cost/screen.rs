//! The screen while ten plans write: how soon a key is answered, how many pictures it draws, and
//! what it takes from the recorders.

use std::time::{Duration, Instant};

use super::bed::{Bed, cpu_ns, kib, median, until};
use super::terminal::{COLS, ROWS, open};
use super::writer::RATE;

const PLANS: usize = 10;
const SECONDS: usize = 30;
const KNOWN: usize = 500;
const RUNNING: usize = 20;
const ROUNDS: usize = 9;

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
    terminal.until(|text| text.contains("running"));
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
            terminal.until(|text| text.contains("┌ help") == there);
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

/// From the start of the program to the picture that shows every plan's state.
pub(crate) fn opening() {
    println!(
        "\nopening: {KNOWN} plans, {RUNNING} of them running, {COLS}x{ROWS}, medians of {ROUNDS}"
    );
    let bed = Bed::new();
    for n in 0..KNOWN {
        let running = n >= KNOWN - RUNNING;
        let (mode, name) = (if running { "line" } else { "true" }, format!("plan-{n:03}"));
        bed.run(&name, &[], mode, 0);
    }
    let all = format!("{RUNNING} running");
    let rest = format!("{} ", KNOWN - RUNNING);
    let (mut firsts, mut wholes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let (mut terminal, mut child) = open(&bed);
        let mut first = None;
        terminal.until(|text| {
            if text.contains("plan-") {
                first.get_or_insert_with(|| began.elapsed().as_secs_f64() * 1e3);
            }
            text.lines().any(|line| line.contains(&all) && line.contains(&rest))
        });
        wholes.push(began.elapsed().as_secs_f64() * 1e3);
        firsts.push(first.unwrap_or(f64::NAN));
        terminal.press("q");
        until(|| child.try_wait().unwrap().is_some());
    }
    println!("first plans {:.0} ms, all of them {:.0} ms", median(firsts), median(wholes));
}
