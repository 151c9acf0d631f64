//! Death at each call: recorder, supervisor, starting command and prune are killed at their first,
//! second, third … call of each kind by which bytes move and files change. After each of these
//! deaths the log is whole, the list is true, the next run works, and nothing is left behind.
//!
//! At full scale every call of a run is met, in a small run each seventh.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use crate::ground::has;
use crate::harness::{Chunk, Home, Step, scale};

/// The calls by which bytes move, and the files around them change.
const CALLS: [&str; 15] = [
    "write",
    "pwrite64",
    "splice",
    "tee",
    "fdatasync",
    "fsync",
    "rename",
    "renameat2",
    "unlink",
    "unlinkat",
    "openat",
    "ftruncate",
    "fallocate",
    "symlinkat",
    "mknodat",
];

/// One of so many calls is met in a small run.
const STRIDE: u64 = 7;

fn strace(inject: Option<(&str, u64)>, log: &Path) -> Command {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-o"]).arg(log);
    match inject {
        None => strace.args(["-e", &format!("trace={}", CALLS.join(","))]),
        Some((call, n)) => strace
            .args(["-e", &format!("trace={call}")])
            .args(["-e", &format!("inject={call}:signal=SIGKILL:when={n}")]),
    };
    strace
}

/// How often each call was made, by the process that made it most.
fn counted(log: &Path) -> BTreeMap<&'static str, u64> {
    let mut counts: BTreeMap<(&str, String), u64> = BTreeMap::new();
    for line in std::fs::read_to_string(log).unwrap().lines() {
        let Some((pid, rest)) = line.split_once(' ') else { continue };
        let called = |call: &&&str| rest.trim_start().starts_with(&format!("{call}("));
        if let Some(call) = CALLS.iter().find(called) {
            *counts.entry((call, pid.to_owned())).or_default() += 1;
        }
    }
    let mut most = BTreeMap::new();
    for ((call, _), count) in counts {
        let known = most.entry(call).or_default();
        *known = count.max(*known);
    }
    most
}

/// Every point of a sweep: each call of each kind, or each seventh, beginning anywhere.
fn points(counts: &BTreeMap<&'static str, u64>) -> Vec<(&'static str, u64)> {
    let all = counts.iter().flat_map(|(call, count)| (1..=*count).map(|n| (*call, n)));
    let (stride, from) = (scale(STRIDE, 1), u64::from(std::process::id()) % STRIDE);
    let all: Vec<_> = all.collect();
    println!("{} calls: {counts:?}", all.len());
    let met =
        |(at, point): (usize, _)| (stride == 1 || at as u64 % stride == from).then_some(point);
    all.into_iter().enumerate().filter_map(met).collect()
}

/// Does it at every point, two at a time.
fn at_each(points: Vec<(&'static str, u64)>, check: impl Fn(&'static str, u64) + Sync) {
    let count = points.len();
    let points = Mutex::new(points);
    let work = || {
        loop {
            let Some((call, n)) = points.lock().unwrap().pop() else { break };
            let point = std::panic::AssertUnwindSafe(|| check(call, n));
            if let Err(panic) = std::panic::catch_unwind(point) {
                eprintln!("killed at {call} number {n}");
                points.lock().unwrap().clear();
                std::panic::resume_unwind(panic);
            }
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        work();
        other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    });
    println!("{count} deaths");
}

/// A run that turns eight segments once its gate is open.
fn steps(home: &Home) -> Vec<Step> {
    vec![
        Step::MixedEnds(true),
        Step::Both(20),
        Step::Mark(home.file("begun")),
        Step::Gate(home.file("gate")),
        Step::Chunk(Chunk::Ragged),
        Step::Both(900),
    ]
}

const SMALL: [&str; 4] = ["-n", "plan", "--segment-size", "64KiB"];

/// The files of a plan but for its log, by name; what is numbered, by its kind.
fn files(home: &Home) -> Vec<String> {
    let mut names = Vec::new();
    walk(&home.plan_dir("plan"), &mut names);
    let root = home.plan_dir("plan").display().to_string();
    let mut names: Vec<String> = names.into_iter().map(|name| name.replace(&root, "")).collect();
    names.retain(|name| !name.starts_with("/log/0") && name != "/diagnostics.log");
    names.sort();
    names
}

fn walk(folder: &Path, names: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), names);
        } else {
            names.push(entry.path().display().to_string());
        }
    }
}

/// What must be so after any death: the first run is whole, a second one works, and everybody and
/// everything that is not needed any more is gone.
#[track_caller]
fn is_as_if_nothing_had_been(home: &Home, first: &[Step], usual: &[String]) {
    let again = [Step::Seed(9), Step::Both(3), Step::Exit(4)];
    home.run_oracle(&SMALL, &again).code(4).prints_something().may_speak().runs();
    home.until_quiet();
    let report = home.audit("plan").run(1, first).run(2, &again).holds();
    assert_eq!(report.verdicts[&1], ("succeeded".to_owned(), 0));
    assert_eq!(report.events["run.spawned"], 2, "{report:?}");
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
    let listed = home.planwatch(["ps", "-a", "-o", "json"]).prints_something().runs().json();
    assert_eq!(listed[0]["last_seq"], report.last_seq, "{listed}");
    assert_eq!((&listed[0]["state"], &listed[0]["run"]), (&"ended".into(), &2.into()), "{listed}");
    assert_eq!(files(home), usual);
}

#[derive(Clone, Copy)]
enum Victim {
    Recorder,
    Supervisor,
}

/// A run whose recorder or supervisor is under strace from the moment it has settled, to its end.
fn traced(victim: Victim, inject: Option<(&str, u64)>) -> Home {
    let home = Home::new();
    home.run_oracle(&[&["-d"], &SMALL[..]].concat(), &steps(&home))
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until_file("begun");
    let victim = home.until("it has settled", || match victim {
        Victim::Recorder => home.recorder("plan"),
        Victim::Supervisor => home.supervisor("plan"),
    });
    let mut tracer = strace(inject, &home.file("calls"));
    tracer.arg("-p").arg(victim.pid.to_string());
    let tracer = crate::harness::Cmd::of(tracer).spawn();
    tracer.until_said("attached");
    home.touch("gate");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    home.until_quiet();
    tracer.ends();
    home
}

fn sweep(victim: Victim) {
    if !has("strace") {
        return;
    }
    let rehearsal = traced(victim, None);
    let counts = counted(&rehearsal.file("calls"));
    is_as_if_nothing_had_been(&rehearsal, &steps(&rehearsal), &files(&rehearsal));
    let usual = files(&rehearsal);
    at_each(points(&counts), |call, n| {
        let home = traced(victim, Some((call, n)));
        is_as_if_nothing_had_been(&home, &steps(&home), &usual);
    });
}

#[test]
fn a_recorder_killed_at_any_of_its_calls_loses_and_doubles_nothing() {
    sweep(Victim::Recorder);
}

#[test]
fn a_supervisor_killed_at_any_of_its_calls_changes_nothing() {
    sweep(Victim::Supervisor);
}

/// The whole beginning of a run, where every process of it that makes an n-th call dies of that:
/// the command, the supervisor, the recorder, the step that becomes the plan.
#[test]
fn a_start_killed_at_any_of_its_calls_leaves_a_plan_that_runs_once_or_not_at_all() {
    if !has("strace") {
        return;
    }
    let started = |inject: Option<(&str, u64)>| {
        let home = Home::new();
        let steps = [Step::Gate(home.file("gate"))];
        let tracer = home
            .run_oracle(&[&["-d"], &SMALL[..]].concat(), &steps)
            .under(strace(inject, &home.file("calls")))
            .spawn();
        let calls = || std::fs::read_to_string(home.file("calls")).unwrap_or_default();
        home.until("it has begun, or somebody is dead", || {
            let begun = home.records("plan").events("run.spawned").len() == 1;
            let dead = calls().contains("killed by SIGKILL");
            (begun || dead).then_some(())
        });
        // Its own death lets all of them go (ptrace(2)): from here on nobody is killed any more.
        tracer.signal(rustix::process::Signal::KILL);
        tracer.ends();
        home
    };
    let ends = |home: &Home| {
        home.touch("gate");
        let again = [Step::Seed(9), Step::Both(3), Step::Exit(4)];
        // Whoever looks takes up what nobody looks after.
        home.planwatch(["ps"]).prints_something().may_speak().runs();
        home.until("it can be run", || {
            let ran = home.run_oracle(&SMALL, &again).any_code().prints_something().may_speak();
            let done = ran.runs();
            assert!(done.code == 4 || done.code == 5, "{}: {}", done.code, done.stderr);
            (done.code == 4).then_some(())
        });
        home.until_quiet();
        let last = home.records("plan").0.last().unwrap()["run"].as_u64().unwrap();
        let report = home.audit("plan").run(last, &again).holds();
        assert!(last <= 2 && report.verdicts.len() as u64 == last, "{report:?}");
        assert_eq!(report.verdicts[&last], ("failed".to_owned(), 4));
        home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
        files(home)
    };
    let rehearsal = started(None);
    let counts = counted(&rehearsal.file("calls"));
    let usual = ends(&rehearsal);
    at_each(points(&counts), |call, n| {
        let home = started(Some((call, n)));
        assert_eq!(ends(&home), usual);
    });
}

#[test]
fn a_prune_killed_at_any_of_its_calls_leaves_a_whole_log_and_can_be_repeated() {
    if !has("strace") {
        return;
    }
    let home = Home::new();
    home.touch("gate");
    home.run_oracle(&SMALL, &steps(&home)).prints_something().may_speak().runs();
    home.until_quiet();
    let full = home.segments("plan").len();
    assert!(full > 6, "{full} segments");
    let prune =
        |home: &Home| home.planwatch(["prune", "--keep", "2"]).prints_something().may_speak();
    let copied = || {
        let copy = Home::new();
        let mut cp = Command::new("cp");
        cp.arg("-a").arg(home.path()).arg(copy.path());
        assert!(cp.status().unwrap().success());
        copy
    };
    let rehearsal = copied();
    prune(&rehearsal).under(strace(None, &rehearsal.file("calls"))).runs();
    let left = rehearsal.segments("plan").len();
    assert!(left < full);
    let usual = files(&rehearsal);
    at_each(points(&counted(&rehearsal.file("calls"))), |call, n| {
        let copy = copied();
        prune(&copy).under(strace(Some((call, n)), &copy.file("calls"))).runs();
        copy.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
        copy.audit("plan").pruned().holds();
        let read = copy.planwatch(["logs", "-o", "json", "plan"]).prints_something().may_speak();
        assert_eq!(read.runs().lines().len(), copy.records("plan").len());
        prune(&copy).runs();
        assert_eq!(copy.segments("plan").len(), left);
        copy.audit("plan").pruned().holds();
        assert_eq!(files(&copy), usual);
    });
}
