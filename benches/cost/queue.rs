//! A thousand tiny plans in the queue: how long `up` and `ps` take, what lies between the end of one
//! plan and the beginning of the next, and what a queue costs in which nothing happens.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::bed::{Bed, cpu_ns, median, until};
use super::writer::monotonic_ns;

const PLANS: usize = 1_000;
/// Plans that are waited for: the first ones.
const WATCHED: usize = 150;
const ROUNDS: usize = 5;

pub(crate) fn measure() {
    let bed = Bed::new();
    std::fs::write(bed.file("plans.toml"), plans(&bed)).unwrap();
    println!("\nqueue: {PLANS} tiny plans, one at a time; medians of {ROUNDS} rounds");
    let mut took = [const { Vec::new() }; 4];
    for round in 0..ROUNDS {
        let bed = Bed::new();
        std::fs::write(bed.file("plans.toml"), plans(&bed)).unwrap();
        // The first plan holds all others up until it is let go.
        took[0].push(time(&mut bed.planwatch(&["up", "-j", "1"])));
        took[1].push(time(&mut bed.planwatch(&["ps", "-a"])));
        took[2].push(asleep(&bed));
        bed.go();
        until(|| spans(&bed.file("spans")).len() > WATCHED);
        took[3].push(between(&spans(&bed.file("spans"))));
        assert!(bed.planwatch(&["down", "--all"]).output().unwrap().status.success());
        if round == 0 {
            took.iter_mut().for_each(Vec::clear);
        }
    }
    let [up, ps, cpu, gap] = took.map(median);
    println!(
        "up {up:.1} ms, ps -a {ps:.1} ms, {cpu:.2} ms of processor time a second while nothing happens"
    );
    println!("{:<44}{:>10}", "from a plan's end to the next one's beginning", "p50 ms");
    println!("{:<44}{gap:>10.2}", "planwatch up");
    println!("{:<44}{:>10.2}", "planwatch run, one after the other", one_by_one(&bed));
    println!("{:<44}{:>10.2}", "the programs alone, by a shell", by_shell(&bed));
}

/// Plans that write down when they began and when they ended.
fn plans(bed: &Bed) -> String {
    let words = span_writer(bed);
    let each: Vec<String> = (1..PLANS).map(|n| format!("\"{n}\"")).collect();
    let first = format!("until test -e {}; do sleep 0.1; done", bed.file("go").display());
    format!(
        "[plan.first]\ncmd = {first:?}\npriority = 1\n[plan.tiny]\ncmd = {words:?}\nforeach = [{}]\n",
        each.join(", ")
    )
}

fn span_writer(bed: &Bed) -> Vec<String> {
    let me = std::env::current_exe().unwrap();
    let words = [me, "writer".into(), "span".into(), bed.file("spans")];
    words.map(|word| word.display().to_string()).to_vec()
}

/// What such a plan does: its beginning and its end, in one write.
pub(crate) fn write_span(file: &str) {
    use std::io::Write;
    let began = monotonic_ns();
    let mut file = std::fs::File::options().create(true).append(true).open(file).unwrap();
    file.write_all(format!("{began} {}\n", monotonic_ns()).as_bytes()).unwrap();
}

fn spans(file: &Path) -> Vec<(u64, u64)> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let number = |word: &str| word.parse().unwrap();
    text.lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(began, ended)| (number(began), number(ended)))
        .collect()
}

/// The median of what lies between each and the next, in milliseconds.
fn between(spans: &[(u64, u64)]) -> f64 {
    median(spans.windows(2).map(|two| two[1].0.saturating_sub(two[0].1) as f64 / 1e6).collect())
}

fn time(command: &mut Command) -> f64 {
    let began = Instant::now();
    assert!(command.output().unwrap().status.success(), "{command:?}");
    began.elapsed().as_secs_f64() * 1e3
}

/// Milliseconds of processor time in a second of those who look after the plan that runs.
fn asleep(bed: &Bed) -> f64 {
    let pids = ["recorder.lock", "supervisor.lock"].map(|lock| bed.holder("first", lock));
    let used = || pids.iter().map(|&pid| cpu_ns(pid)).sum::<u64>() as f64 / 1e6;
    std::thread::sleep(Duration::from_millis(300));
    let (before, began) = (used(), Instant::now());
    std::thread::sleep(Duration::from_secs(2));
    (used() - before) / began.elapsed().as_secs_f64()
}

fn one_by_one(bed: &Bed) -> f64 {
    let _ = std::fs::remove_file(bed.file("spans"));
    for n in 0..WATCHED / 3 {
        let name = format!("alone-{n}");
        let mut run = bed.planwatch(&["run", "-n", &name, "--"]);
        assert!(run.args(span_writer(bed)).output().unwrap().status.success());
    }
    between(&spans(&bed.file("spans")))
}

fn by_shell(bed: &Bed) -> f64 {
    let _ = std::fs::remove_file(bed.file("spans"));
    let line = span_writer(bed).join(" ");
    let line = format!("for n in $(seq {WATCHED}); do {line}; done");
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
    between(&spans(&bed.file("spans")))
}
