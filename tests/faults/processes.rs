//! Processes that do what they like: bombs, orphans, victims of the kernel, strangers with an old
//! number.

use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;

use crate::ground::{alone, has, is_root};
use crate::harness::{Home, Step};

#[test]
fn a_plan_that_forks_faster_than_it_is_stopped_leaves_nobody() {
    let home = Home::new();
    // Each of a few hundred at a time starts the next in a session of its own, and ignores TERM.
    let script = r#"
        trap '' TERM
        for i in 1 2 3 4 5 6 7 8; do
            (trap '' TERM; while :; do setsid sh -c "sleep 0.1" & sleep 0.005; done) &
        done
        echo started; wait"#;
    home.planwatch([
        "run",
        "-d",
        "-n",
        "plan",
        "--stop-timeout",
        "200ms",
        "--",
        "sh",
        "-c",
        script,
    ])
    .prints("plan\n")
    .may_speak()
    .runs();
    home.until_record("plan", "it forks", |record| record["msg"] == "started");
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    home.planwatch(["wait", "plan"]).code(137).prints_something().may_speak().runs();
    home.until_quiet();
    home.audit("plan").holds();
}

#[test]
fn an_orphan_of_one_run_that_writes_during_the_next_writes_into_its_own() {
    let home = Home::new();
    let first = [Step::Both(3), Step::Hold(home.file("gate"), 5), Step::Stdout(0)];
    home.run_oracle(&["-n", "plan"], &first).prints_something().may_speak().runs();
    let second = [
        Step::Seed(2),
        Step::Both(3),
        Step::Mark(home.file("begun")),
        Step::Gate(home.file("over")),
    ];
    home.run_oracle(&["-d", "-n", "plan"], &second).prints("plan\n").may_speak().runs();
    home.until_file("begun");
    home.touch("gate");
    home.until("the orphan has written", || {
        (home.records("plan").bytes(1, "stdout").split(|&b| b == b'\n').count() == 9).then_some(())
    });
    home.touch("over");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    home.until_quiet();
    home.audit("plan").run(1, &first).run(2, &second).holds();
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
}

/// A memory cgroup of a small limit; dropping it takes it away.
struct Cgroup(PathBuf);

impl Cgroup {
    /// In either version of cgroups; None where there is no such limit.
    fn of(bytes: u64) -> Option<Cgroup> {
        let versions =
            [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")];
        versions.into_iter().find_map(|(root, limit)| {
            let path = PathBuf::from(root).join(format!("planwatch-test-{}", std::process::id()));
            if !PathBuf::from(root).join("cgroup.procs").exists() {
                return None;
            }
            std::fs::create_dir(&path).ok()?;
            let group = Cgroup(path);
            let limit = group.0.join(limit);
            if !limit.exists() || std::fs::write(limit, bytes.to_string()).is_err() {
                return None;
            }
            let _ = std::fs::write(group.0.join("memory.swap.max"), "0");
            Some(group)
        })
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn a_plan_that_the_kernel_killed_for_want_of_memory_is_said_to_be() {
    if !is_root() {
        return;
    }
    let Some(group) = Cgroup::of(48 << 20) else {
        println!("skipped: no memory cgroup here");
        return;
    };
    let home = Home::new();
    // The plan alone is in the group: it puts itself there, and keeps what comes out of a pipe.
    let script = format!(
        "echo $$ > {}/cgroup.procs; mkfifo pipe; head -c 300000000 /dev/zero > pipe &
         exec tail -c 200000000 pipe",
        group.0.display()
    );
    home.planwatch(["run", "-n", "plan", "--", "sh", "-c", &script])
        .code(137)
        .prints_something()
        .says("memory")
        .runs();
    let records = home.records("plan");
    assert_eq!(records.events("run.exited")[0]["oom"], true);
    home.planwatch(["why", "plan"]).any_code().prints_something().may_speak().runs();
    // Killed by somebody else, nothing is said of memory.
    home.planwatch(["run", "-n", "other", "--", "sh", "-c", "kill -9 $$"])
        .code(137)
        .prints_something()
        .may_speak()
        .runs();
    assert!(home.records("other").events("run.exited")[0]["oom"].is_null());
    home.until_quiet();
}

#[test]
fn a_plan_inherits_no_lock_and_no_file_of_planwatch() {
    let home = Home::new();
    home.planwatch(["run", "-d", "-n", "plan", "--", "sleep", "1000"])
        .prints("plan\n")
        .may_speak()
        .runs();
    let plan = home.until("it runs", || {
        home.processes().into_iter().find(|process| process.argv[0] == "sleep")
    });
    let mut open: Vec<String> = std::fs::read_dir(format!("/proc/{}/fd", plan.pid))
        .unwrap()
        .map(|fd| std::fs::read_link(fd.unwrap().path()).unwrap().display().to_string())
        .map(|path| path.replace(&home.plan_dir("plan").display().to_string(), ""))
        .collect();
    open.sort();
    open.dedup();
    let pipes = ["events", "events.stage", "stderr", "stderr.stage", "stdout", "stdout.stage"];
    let mut wanted = vec!["/dev/null".to_owned()];
    wanted.extend(pipes.map(|pipe| format!("/pipes/1/{pipe}")));
    assert_eq!(open, wanted);
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
}

#[test]
fn a_process_that_got_the_number_of_a_dead_plan_is_never_signalled() {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "plan"], &[Step::Both(2), Step::Idle])
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until_record("plan", "it runs", |record| record["stream"] == "stderr");
    let recorder = home.until("it is recorded", || home.recorder("plan"));
    let supervisor = home.until("it is looked after", || home.supervisor("plan"));
    let oracle = home.processes().into_iter().find(|p| p.argv[0].ends_with("oracle")).unwrap();
    for process in [&supervisor, &recorder, &oracle] {
        process.signal(Signal::STOP);
    }
    for process in [&supervisor, &recorder, &oracle] {
        process.signal(Signal::KILL);
    }
    home.until_quiet();
    // A stranger with the dead plan's number, as far as its files tell: only the start time differs.
    let mut stranger = Command::new("sleep").arg("1000").spawn().unwrap();
    let path = home.plan_dir("plan").join("pipes/1/plan.pid");
    let mut written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    written["pid"] = stranger.id().into();
    std::fs::write(&path, written.to_string()).unwrap();
    home.planwatch(["stop", "plan"]).any_code().prints_something().may_speak().runs();
    home.planwatch(["signal", "-s", "KILL", "plan"]).any_code().may_speak().runs();
    home.planwatch(["wait", "plan"]).any_code().prints_something().may_speak().runs();
    home.until_quiet();
    assert_eq!(stranger.try_wait().unwrap(), None, "somebody else was killed");
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn where_no_process_can_be_started_a_start_fails_with_the_reason_and_a_later_one_works() {
    if !has("strace") {
        return;
    }
    let home = Home::new();
    let inject = "inject=clone,clone3,fork,vfork:error=EAGAIN";
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=clone,clone3,fork,vfork"]);
    strace.args(["-e", inject]);
    let run = || home.run_oracle(&["-n", "plan"], &[Step::Both(3)]).prints_something().may_speak();
    run().under(strace).code(125).says("temporarily unavailable").runs();
    run().runs();
    home.until_quiet();
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
}

#[test]
fn with_few_descriptors_a_plan_is_recorded_or_refused_with_the_reason() {
    let _turn = alone();
    let home = Home::new();
    let limited = |limit: &str| {
        let mut prlimit = Command::new("prlimit");
        prlimit.arg(limit);
        prlimit
    };
    let steps = [Step::Both(2_000), Step::Exit(3)];
    let run = |plan: &str| {
        home.run_oracle(&["-n", plan, "--segment-size", "64KiB"], &steps)
            .prints_something()
            .may_speak()
    };
    run("files").under(limited("--nofile=48")).code(3).runs();
    home.audit("files").run(1, &steps).holds();
    let done = run("few").under(limited("--nofile=8")).any_code().runs();
    assert!([3, 125].contains(&done.code), "{}: {}", done.code, done.stderr);
    assert!(done.code == 3 || done.stderr.contains("open"), "{}", done.stderr);
    home.until_quiet();
}
