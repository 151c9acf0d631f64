//! The recorder by itself: the test plays its supervisor, so that only one process can be at fault.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use rustix::fs::{CWD, FlockOperation, Mode, fcntl_lock, mkfifoat};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Chunk, Home, Live, Random, Step, scale};

/// A supervisor that does nothing by itself.
struct Stage<'a> {
    home: &'a Home,
    dir: PathBuf,
    lifecycle: File,
    /// Held so that nothing in a pipe dies with its last opener, and the lock.
    _held: Vec<File>,
}

impl Stage<'_> {
    fn new(home: &Home) -> Stage<'_> {
        let dir = home.plan_dir("plan");
        let mut folders = std::fs::DirBuilder::new();
        folders.recursive(true).mode(0o700);
        for folder in ["pipes/1", "log", "spool"] {
            folders.create(dir.join(folder)).unwrap();
        }
        std::fs::write(home.path().join("format"), "planwatch-state 1\n").unwrap();
        let pipe = |name: &str| dir.join("pipes").join(name);
        let mut held = Vec::new();
        for name in ["lifecycle.stage", "requests", "1/stdout.stage", "1/stderr.stage"] {
            held.push(fifo(&pipe(name)));
        }
        let lifecycle = fifo(&pipe("lifecycle"));
        // The pipes that the plan writes into are held for reading alone, else they never end.
        for name in ["1/stdout", "1/stderr"] {
            mkfifoat(CWD, pipe(name), Mode::RUSR | Mode::WUSR).unwrap();
            held.push(reading(&pipe(name)));
        }
        let lock = File::create(dir.join("supervisor.lock")).unwrap();
        fcntl_lock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
        held.push(lock);
        Stage { home, dir, lifecycle, _held: held }
    }

    fn say(&mut self, mut said: Value) {
        for (key, value) in [("run", json!(1)), ("level", json!("info")), ("msg", json!("said"))] {
            said[key] = value;
        }
        self.lifecycle.write_all(format!("{said}\n").as_bytes()).unwrap();
    }

    fn limit_segments(&self, size: u64) {
        let plan = json!({"format": 1, "plan": "plan", "argv": ["x"], "cwd": "/", "env_names": [],
            "umask": 63, "stop": {"signal": 15, "grace_ms": 1}, "verdict": ["exit"],
            "log": {"segment_size": size}});
        std::fs::write(self.dir.join("plan.json"), plan.to_string()).unwrap();
    }

    fn record(&self) -> Live {
        self.home.planwatch(["__record", "plan"]).any_code().may_speak().spawn()
    }

    fn start(&mut self, steps: &[Step]) -> Child {
        self.say(
            json!({"event": "run.started", "argv": ["oracle"], "cwd": "/", "verdict": ["exit"],
            "streams": ["stdout", "stderr"], "boot": "none"}),
        );
        self.home
            .until_record("plan", "the run is told", |record| record["event"] == "run.started");
        let writing = |name: &str| {
            OpenOptions::new().write(true).open(self.dir.join("pipes/1").join(name)).unwrap()
        };
        let child = Command::new(self.home.oracle_program())
            .args(steps.iter().map(Step::to_arg))
            .stdout(writing("stdout"))
            .stderr(writing("stderr"))
            .env("PLANWATCH_HOME", self.home.path())
            .spawn()
            .unwrap();
        self.say(json!({"event": "run.spawned", "pid": child.id(), "start": 1}));
        child
    }

    fn exited(&mut self, code: i32) {
        self.say(json!({"event": "run.exited", "code": code}));
        self.home.until_record("plan", "it is judged", |record| record["event"] == "run.verdict");
    }
}

fn fifo(path: &Path) -> File {
    mkfifoat(CWD, path, Mode::RUSR | Mode::WUSR).unwrap();
    OpenOptions::new().read(true).write(true).open(path).unwrap()
}

fn reading(path: &Path) -> File {
    let flags = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    OpenOptions::new().read(true).custom_flags(flags).open(path).unwrap()
}

#[test]
fn a_run_is_recorded_from_its_announcement_to_its_verdict() {
    let home = Home::new();
    let mut stage = Stage::new(&home);
    let _recorder = stage.record();
    let steps =
        [Step::Chunk(Chunk::Ragged), Step::MixedEnds(true), Step::Both(2_000), Step::Exit(3)];
    let mut oracle = stage.start(&steps);
    assert_eq!(oracle.wait().unwrap().code(), Some(3));
    stage.exited(3);
    let report = home.audit("plan").run(1, &steps).holds();
    assert_eq!(report.verdicts[&1], ("failed".to_owned(), 3));
}

#[test]
fn killed_at_any_instant_it_loses_and_repeats_nothing() {
    let home = Home::new();
    let mut stage = Stage::new(&home);
    let mut recorder = stage.record();
    let steps = [
        Step::Chunk(Chunk::Ragged),
        Step::MixedEnds(true),
        Step::Rate(scale(20_000, 50_000)),
        Step::Both(scale(5_000, 500_000)),
        Step::Until(home.file("over"), home.file("tally")),
        Step::Exit(7),
    ];
    let mut oracle = stage.start(&steps);
    let mut random = Random::new();
    for blow in 0..scale(60, 2_000) {
        let limit = [1, 8, 20][random.below(3) as usize];
        random.moment(Duration::from_millis(limit));
        recorder.signal(Signal::KILL);
        recorder.ends();
        recorder = stage.record();
        if blow == 20 {
            // A long death: the pipe fills and the plan waits.
            random.moment(Duration::from_millis(50));
        }
    }
    home.touch("over");
    assert_eq!(oracle.wait().unwrap().code(), Some(7));
    stage.exited(7);
    let report = home.audit("plan").run(1, &steps).holds();
    assert_eq!(report.events["run.verdict"], 1);
}

#[test]
fn killed_while_it_turns_segments_it_loses_and_repeats_nothing() {
    let home = Home::new();
    let mut stage = Stage::new(&home);
    stage.limit_segments(65_536);
    let mut recorder = stage.record();
    let steps = [
        Step::Chunk(Chunk::Bulk),
        Step::Rate(scale(40_000, 100_000)),
        Step::Both(scale(5_000, 500_000)),
        Step::Until(home.file("over"), home.file("tally")),
    ];
    let mut oracle = stage.start(&steps);
    let mut random = Random::new();
    for _ in 0..scale(60, 2_000) {
        let limit = [1, 8, 20][random.below(3) as usize];
        random.moment(Duration::from_millis(limit));
        recorder.signal(Signal::KILL);
        recorder.ends();
        recorder = stage.record();
    }
    home.touch("over");
    assert_eq!(oracle.wait().unwrap().code(), Some(0));
    stage.exited(0);
    let report = home.audit("plan").run(1, &steps).holds();
    assert!(report.segments > 10, "{report:?}");
}

/// The calls by which bytes move, and the files around them change.
const CALLS: [&str; 10] = [
    "splice",
    "write",
    "pwrite64",
    "openat",
    "unlinkat,unlink",
    "rename,renameat,renameat2",
    "fdatasync,fsync",
    "ftruncate,fallocate",
    "symlink,symlinkat",
    "poll,ppoll",
];

#[test]
fn killed_at_each_call_of_each_kind_it_loses_and_repeats_nothing() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let home = Home::new();
    let mut stage = Stage::new(&home);
    stage.limit_segments(65_536);
    let first = stage.record();
    let steps = [
        Step::Chunk(Chunk::Ragged),
        Step::MixedEnds(true),
        Step::Rate(20_000),
        Step::Until(home.file("over"), home.file("tally")),
    ];
    let mut oracle = stage.start(&steps);
    first.signal(Signal::KILL);
    first.ends();
    for calls in CALLS {
        for n in 1..=scale(4, 60) {
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={calls}")]);
            strace.args(["-e", &format!("inject={calls}:signal=SIGKILL:when={n}")]);
            let mut strace = stage.home.planwatch(["__record", "plan"]).under(strace).spawn();
            // A call that is not made so often kills nobody: then we do.
            let ended = crate::harness::within(Duration::from_millis(150), || {
                strace.has_ended().then_some(())
            });
            if ended.is_none() {
                home.until("it is dead", || {
                    home.recorder("plan").iter().for_each(|recorder| recorder.signal(Signal::KILL));
                    strace.has_ended().then_some(())
                });
            }
            strace.ends();
        }
    }
    let _last = stage.record();
    home.touch("over");
    assert_eq!(oracle.wait().unwrap().code(), Some(0));
    stage.exited(0);
    home.audit("plan").run(1, &steps).holds();
}
