//! What reading costs beside the tools that people would otherwise use, on the same log in the same
//! run, taking turns.
//!
//! `cargo bench --bench reading -- [MiB]` writes a log of that size (2048) beside `TMPDIR`, and 50
//! plans of a fiftieth each, and compresses a copy. Tables are Markdown. See README.md.

#![allow(clippy::unwrap_used, missing_docs)]

mod log;
mod room;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use planwatch::model::Stamp;
use planwatch::store::layout::Home;
use planwatch::store::lock::Holder;
use planwatch::store::pack::compress;

const ROUNDS: usize = 7;

/// Milliseconds below which a way is short, and how often more it is measured in each round.
const SHORT: f64 = 10.0;
const OFTEN: usize = 20;

/// Plans that are merged.
const PLANS: usize = 50;

/// One way of doing what a table is about.
struct Way {
    name: &'static str,
    command: Vec<String>,
    /// It takes minutes: it is measured once.
    slow: bool,
}

fn way(name: &'static str, command: &[&str]) -> Way {
    Way { name, command: command.iter().map(|&word| word.to_owned()).collect(), slow: false }
}

/// A shell line, for pipes and for many files.
fn shell(name: &'static str, line: String) -> Way {
    Way { name, command: vec!["sh".to_owned(), "-c".to_owned(), line], slow: false }
}

impl Way {
    /// Whether its programs are there.
    fn is_possible(&self) -> bool {
        const TOOLS: [&str; 8] = ["rg", "grep", "tail", "jq", "hl", "lnav", "zstdcat", "taskset"];
        let words = self.command.join(" ");
        let mut words = words.split([' ', '|']);
        words.all(|word| !TOOLS.contains(&word) || is_installed(word))
    }

    fn start(&self, home: &Path) -> std::process::Child {
        let mut command = Command::new(&self.command[0]);
        command.args(&self.command[1..]).env("PLANWATCH_HOME", home).env("LC_ALL", "C.UTF-8");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn time(&self, home: &Path) -> Duration {
        let began = Instant::now();
        self.start(home).wait().unwrap();
        began.elapsed()
    }

    /// The most memory it holds, in KiB, seen from outside every half millisecond: what the kernel
    /// sums up at the end counts what its parent had too.
    fn peak(&self, home: &Path) -> u64 {
        let mut child = self.start(home);
        let status = format!("/proc/{}/status", child.id());
        let mut peak = 0;
        while child.try_wait().unwrap().is_none() {
            let text = std::fs::read_to_string(&status).unwrap_or_default();
            let line = text.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
            let kib = line.split_whitespace().nth(1).and_then(|word| word.parse().ok());
            peak = peak.max(kib.unwrap_or(0));
            std::thread::sleep(Duration::from_micros(500));
        }
        peak
    }
}

fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).exists())
    })
}

/// Measures all ways in turns and prints them; ratios are to the way called `base`.
fn table(title: &str, home: &Path, base: &str, ways: Vec<Way>) {
    let (ways, missing): (Vec<Way>, Vec<Way>) = ways.into_iter().partition(Way::is_possible);
    let mut times: Vec<Vec<f64>> = ways.iter().map(|_| Vec::new()).collect();
    for round in 0..=ROUNDS {
        for (way, times) in ways.iter().zip(&mut times) {
            if way.slow && round != 1 {
                continue;
            }
            let took = way.time(home).as_secs_f64() * 1000.0;
            // What takes no longer than a process takes to begin is measured more often.
            let more = if took < SHORT { OFTEN } else { 0 };
            let took = (0..more).map(|_| way.time(home).as_secs_f64() * 1000.0).chain([took]);
            // The first round warms up.
            if round > 0 {
                times.extend(took);
            } else {
                took.for_each(drop);
            }
        }
    }
    let medians: Vec<f64> = times.into_iter().map(median).collect();
    let of_base = ways.iter().position(|way| way.name == base).map(|at| medians[at]);
    println!("\n### {title}\n\n| | ms | × {base} | peak KiB |\n| --- | ---: | ---: | ---: |");
    for (way, median) in ways.iter().zip(&medians) {
        let ratio = of_base.map_or("–".to_owned(), |base| format!("{:.2}", median / base));
        let peak = if way.slow { "–".to_owned() } else { way.peak(home).to_string() };
        println!("| {} | {median:.1} | {ratio} | {peak} |", way.name);
    }
    for way in missing {
        println!("| {} | not installed | | |", way.name);
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn bytes_in(folder: &Path) -> u64 {
    let files = std::fs::read_dir(folder).unwrap().flatten();
    files.map(|file| file.metadata().unwrap().len()).sum()
}

fn main() {
    let mut arguments =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-') && arg != "reading");
    let size: u64 = match arguments.next().map(|arg| arg.parse()) {
        None => 2048,
        Some(Ok(size)) => size,
        // Another table is asked for.
        Some(Err(_)) => return,
    };
    let temp = tempfile::Builder::new().prefix("planwatch-reading-").tempdir().unwrap();
    let home = Home::open(temp.path()).unwrap();
    let made = log::write(&home, "large", size << 20, 0);
    let packed = log::write(&home, "packed", size << 20, 0);
    let small = (size << 20) / PLANS as u64;
    (0..PLANS).for_each(|at| drop(log::write(&home, &format!("of-{at:02}"), small, at)));
    let plan = |name: &str| home.plan(&name.parse().unwrap());
    let began = Instant::now();
    compress(&plan("packed"), &Holder::default(), &mut |_| Ok(())).unwrap();
    let took = began.elapsed().as_secs_f64();
    println!("## Reading: {size} MiB of records, {} of them", made.records);
    let stored = bytes_in(&plan("packed").log());
    println!(
        "\nThe plan's own text is {} MiB; its log {size} MiB; compressed in haste, as after a flood, {} \
         MiB, at {:.0} MiB/s.",
        packed.text >> 20,
        stored >> 20,
        size as f64 / took
    );
    tables(&home, &made);
    room::measure(&home, size / 8);
}

fn tables(home: &Home, made: &log::Made) {
    let path = home.path();
    let us = env!("CARGO_BIN_EXE_planwatch");
    let log = |name: &str| home.plan(&name.parse().unwrap()).log();
    let (large, packed): (PathBuf, PathBuf) = (log("large"), log("packed"));
    let folder = large.display().to_string();
    let last = made.last.display().to_string();
    let logs = |plan: &'static str, rest: &[&str]| -> Vec<String> {
        [us, "logs", plan, "-o", "json"].iter().chain(rest).map(|&word| word.to_owned()).collect()
    };
    let ours = |name: &'static str, plan: &'static str, rest: &[&str]| Way {
        name,
        command: logs(plan, rest),
        slow: false,
    };
    let on_one = |name: &'static str, plan: &'static str, rest: &[&str]| {
        let command = ["taskset", "-c", "0"].map(str::to_owned).into_iter().chain(logs(plan, rest));
        Way { name, command: command.collect(), slow: false }
    };

    table(
        "The last 1,000",
        path,
        "tail",
        vec![
            ours("planwatch", "large", &["-n", "1000"]),
            ours("planwatch, compressed", "packed", &["-n", "1000"]),
            way("tail", &["tail", "-n", "1000", &last]),
        ],
    );
    let middle = Stamp(made.middle).to_string();
    table(
        "A time in the middle: ten records from there",
        path,
        "planwatch",
        vec![
            ours(
                "planwatch",
                "large",
                &["--since", &middle, "--until", &Stamp(made.middle + 1000).to_string()],
            ),
            ours(
                "planwatch, compressed",
                "packed",
                &["--since", &middle, "--until", &Stamp(made.middle + 1000).to_string()],
            ),
        ],
    );
    let rare = ["--grep", log::RARE];
    table(
        "A rare string",
        path,
        "rg, one thread",
        vec![
            on_one("planwatch, one processor", "large", &rare),
            ours("planwatch", "large", &rare),
            way("rg, one thread", &["rg", "-j1", "-N", log::RARE, &folder]),
            way("rg", &["rg", "-N", log::RARE, &folder]),
            way("grep", &["grep", "-rh", log::RARE, &folder]),
            shell("hl", format!("hl -q '.msg ~= \"{}\"' {folder}/*.jsonl", log::RARE)),
        ],
    );
    table(
        "A rare string in a compressed log",
        path,
        "zstdcat, rg",
        vec![
            on_one("planwatch, one processor", "packed", &rare),
            ours("planwatch", "packed", &rare),
            shell(
                "zstdcat, rg",
                format!("zstdcat -f {0}/* | rg -N {1}", packed.display(), log::RARE),
            ),
        ],
    );
    let errors = ["--level", "error"];
    table(
        "A level that is rare",
        path,
        "rg for a rare string",
        vec![
            on_one("planwatch, one processor", "large", &errors),
            ours("planwatch", "large", &errors),
            way("rg for a rare string", &["rg", "-j1", "-N", log::RARE, &folder]),
            Way {
                slow: true,
                ..shell("jq, once", format!("jq -c 'select(.level==\"error\")' {folder}/*.jsonl"))
            },
            shell("hl", format!("hl -l e {folder}/*.jsonl")),
        ],
    );
    table(
        "Everything that a pattern without any word fits",
        path,
        "rg, one thread",
        vec![
            ours("planwatch", "large", &["--grep", r"\d\d\d\d\d\d\d\d\d\d\dz"]),
            way("rg, one thread", &["rg", "-j1", "-N", r"\d\d\d\d\d\d\d\d\d\d\dz", &folder]),
        ],
    );
    table(
        "50 plans as one",
        path,
        "cat",
        vec![
            ours("planwatch", "of-*", &[]),
            shell("cat", format!("cat {}/of-*/log/*", home.plans_dir().display())),
        ],
    );
}
