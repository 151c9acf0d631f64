//! Processor time and throughput of the recorder, beside s6-log and cat.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::bed::{Bed, cpu_ns, is_installed, kib, median, until_at_rest};

const ROUNDS: usize = 9;

/// What one round of one logger cost.
pub(crate) struct Cost {
    pub(crate) cpu_ns_per_line: f64,
    lines_per_second: f64,
    /// Of the plan, from its first write to the return of its last.
    writing_ns_per_line: f64,
    pub(crate) peak_kib: u64,
}

/// A logger under a writer of this mode and count.
type Logger = fn(&str, usize) -> Cost;

const LOGGERS: [(&str, Logger); 10] = [
    ("planwatch run", run),
    ("planwatch record", record),
    ("s6-log T", s6_log),
    ("cat > file", cat),
    ("planwatch run, plain", plain),
    ("planwatch run, followed", followed),
    ("none: its own file", own_file),
    ("svlogd -tt", svlogd),
    ("multilog t", multilog),
    ("ts > file", ts),
];

pub(crate) fn measure() {
    println!("capture: medians of {ROUNDS} rounds, loggers taking turns");
    for (mode, count, told) in [
        ("bulk", 800_000, "lines of 120 bytes, writes of 64 KiB"),
        ("line", 400_000, "lines of 120 bytes, one write a line"),
        ("mixed", 400_000, "a recorded run of PlanExe again and again, writes of 1 to 16 lines"),
    ] {
        println!("\n{told}, {count} lines a round");
        let mut costs: Vec<Vec<Cost>> = LOGGERS.iter().map(|_| Vec::new()).collect();
        for round in 0..=ROUNDS {
            for (costs, (name, logger)) in costs.iter_mut().zip(LOGGERS) {
                let program = name.split(' ').next().unwrap_or_default();
                let is_ours = matches!(program, "planwatch" | "none:");
                if !is_ours && !is_installed(program) {
                    continue;
                }
                let cost = logger(mode, count);
                // The first round warms up.
                if round > 0 {
                    costs.push(cost);
                }
            }
        }
        tell(&costs);
    }
}

fn tell(costs: &[Vec<Cost>]) {
    let of = |costs: &[Cost], what: fn(&Cost) -> f64| median(costs.iter().map(what).collect());
    let cpu = |costs: &[Cost]| of(costs, |cost| cost.cpu_ns_per_line);
    let rate = |costs: &[Cost]| of(costs, |cost| cost.lines_per_second);
    let writing = |costs: &[Cost]| of(costs, |cost| cost.writing_ns_per_line);
    let (s6, cat, own) = (&costs[2], &costs[3], &costs[6]);
    println!(
        "{:<26}{:>12}{:>10}{:>10}{:>12}{:>10}{:>14}{:>12}{:>10}",
        "logger",
        "cpu ns/line",
        "x s6-log",
        "x cat",
        "lines/s",
        "x s6-log",
        "plan ns/line",
        "x own file",
        "peak KiB"
    );
    for ((name, _), one) in LOGGERS.iter().zip(costs) {
        println!(
            "{name:<26}{:>12.0}{:>10.2}{:>10.2}{:>12.0}{:>10.2}{:>14.0}{:>12.2}{:>10}",
            cpu(one),
            cpu(one) / cpu(s6),
            cpu(one) / cpu(cat),
            rate(one),
            rate(one) / rate(s6),
            writing(one),
            writing(one) / writing(own),
            one.iter().map(|cost| cost.peak_kib).max().unwrap_or(0),
        );
    }
}

const LIMITS: [&str; 4] = ["--segment-size", "10MB", "--keep", "20"];

/// The recorder of a plan that planwatch runs: the way through stage pipe and spool. Peak memory
/// is that of recorder and supervisor together.
fn run(mode: &str, count: usize) -> Cost {
    run_with(&LIMITS, mode, count)
}

fn run_with(options: &[&str], mode: &str, count: usize) -> Cost {
    run_on(&Bed::new(), options, mode, count)
}

fn run_on(bed: &Bed, options: &[&str], mode: &str, count: usize) -> Cost {
    bed.run("bench", options, mode, count);
    let (recorder, supervisor) =
        (bed.holder("bench", "recorder.lock"), bed.holder("bench", "supervisor.lock"));
    let mut cost = cost_of(bed, recorder, count);
    cost.peak_kib += kib(supervisor, "status", "VmHWM:");
    bed.open_gate();
    let _ = bed.planwatch(&["wait", "bench"]).output();
    cost
}

/// The recorder on standard input.
fn record(mode: &str, count: usize) -> Cost {
    let bed = Bed::new();
    let mut command = bed.planwatch(&["record", "bench"]);
    piped(&bed, command.args(LIMITS), mode, count)
}

/// The same without compression: what that costs who records.
pub(crate) fn plain(mode: &str, count: usize) -> Cost {
    run_with(&[&LIMITS[..], &["--compress", "never"]].concat(), mode, count)
}

/// The same while somebody follows it.
fn followed(mode: &str, count: usize) -> Cost {
    let bed = Bed::new();
    let mut follower = bed.planwatch(&["logs", "-f", "--forever", "-o", "json", "bench"]);
    let follower = follower.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let cost = run_on(&bed, &LIMITS, mode, count);
    let mut follower = follower.unwrap();
    follower.kill().unwrap();
    follower.wait().unwrap();
    cost
}

/// Nobody: the plan writes to a file of its own.
fn own_file(mode: &str, count: usize) -> Cost {
    let bed = Bed::new();
    let file = std::fs::File::create(bed.file("own")).unwrap();
    let words = bed.writer(mode, count);
    let mut writer = Command::new(&words[0]).args(&words[1..]).stdout(file).spawn().unwrap();
    // Long enough for a program to start.
    std::thread::sleep(Duration::from_millis(50));
    bed.go();
    let writing = bed.until_written();
    bed.open_gate();
    writer.wait().unwrap();
    Cost {
        cpu_ns_per_line: 0.0,
        lines_per_second: count as f64 / writing.as_secs_f64(),
        writing_ns_per_line: writing.as_nanos() as f64 / count as f64,
        peak_kib: 0,
    }
}

fn svlogd(mode: &str, count: usize) -> Cost {
    let bed = Bed::new();
    let folder = bed.file("svlogd");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("config"), "s10000000\nn20\n").unwrap();
    piped(&bed, Command::new("svlogd").arg("-tt").arg(folder), mode, count)
}

fn multilog(mode: &str, count: usize) -> Cost {
    let bed = Bed::new();
    let mut command = Command::new("multilog");
    piped(&bed, command.args(["t", "s10000000", "n20"]).arg(bed.file("multilog")), mode, count)
}

fn ts(mode: &str, count: usize) -> Cost {
    let bed = Bed::new();
    let file = std::fs::File::create(bed.file("ts")).unwrap();
    piped(&bed, Command::new("ts").arg("%FT%.T").stdout(file), mode, count)
}

fn s6_log(mode: &str, count: usize) -> Cost {
    let bed = Bed::new();
    let mut command = Command::new("s6-log");
    piped(&bed, command.args(["T", "n20", "s10000000"]).arg(bed.file("s6")), mode, count)
}

fn cat(mode: &str, count: usize) -> Cost {
    let bed = Bed::new();
    let file = std::fs::File::create(bed.file("cat")).unwrap();
    piped(&bed, Command::new("cat").stdout(file), mode, count)
}

fn piped(bed: &Bed, logger: &mut Command, mode: &str, count: usize) -> Cost {
    let mut logger: Child = logger.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let words = bed.writer(mode, count);
    let stdin = logger.stdin.take().unwrap();
    let mut writer = Command::new(&words[0]).args(&words[1..]).stdout(stdin).spawn().unwrap();
    let cost = cost_of(bed, logger.id(), count);
    bed.open_gate();
    writer.wait().unwrap();
    logger.wait().unwrap();
    cost
}

/// Lets the writer go, waits until the logger has come to rest, and tells what that took. The
/// logger's own start is over by then, and its end has not begun.
fn cost_of(bed: &Bed, logger: u32, count: usize) -> Cost {
    // Long enough for a program to start.
    std::thread::sleep(Duration::from_millis(50));
    until_at_rest(logger);
    let (before, began) = (cpu_ns(logger), Instant::now());
    bed.go();
    let writing = bed.until_written();
    let rest = until_at_rest(logger);
    Cost {
        cpu_ns_per_line: (cpu_ns(logger) - before) as f64 / count as f64,
        lines_per_second: count as f64 / (rest - began).as_secs_f64(),
        writing_ns_per_line: writing.as_nanos() as f64 / count as f64,
        peak_kib: kib(logger, "status", "VmHWM:"),
    }
}
