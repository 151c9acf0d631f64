//! `planwatch stop`, `signal`, `restart`: requests and what comes of them.

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Home, Proc, Step};

fn start(home: &Home, plan: &str, options: &[&str], steps: &[Step]) {
    let options = [&["-d", "-n", plan], options].concat();
    home.run_oracle(&options, steps).prints(&format!("{plan}\n")).may_speak().runs();
}

#[test]
fn stop_ends_a_plan_with_the_term_signal_and_says_who_asked() {
    let home = Home::new();
    start(&home, "plan", &[], &[Step::Mark(home.file("up")), Step::Idle]);
    home.until_file("up");
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    let records = home.records("plan");
    assert_eq!(records.events("run.verdict").len(), 1, "stop returns when the plan has ended");
    assert_eq!(records.events("run.exited")[0]["signal"], 15);
    let by = records.events("run.stopping")[0]["by"].as_str().unwrap().to_owned();
    assert!(by.contains('@') && by.contains("pid"), "{by}");
    assert_eq!(home.audit("plan").holds().verdicts[&1], ("stopped".to_owned(), 143));
    home.planwatch(["wait", "plan"]).code(143).prints("plan stopped 143\n").may_speak().runs();
    home.until_quiet();
}

#[test]
fn stopping_twice_is_stopping_once() {
    let home = Home::new();
    start(&home, "plan", &[], &[Step::Mark(home.file("up")), Step::Idle]);
    home.until_file("up");
    let all: Vec<_> = (0..4)
        .map(|_| home.planwatch(["stop", "plan"]).prints_something().may_speak().spawn())
        .collect();
    all.into_iter().for_each(|stop| drop(stop.ends()));
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    assert_eq!(home.audit("plan").holds().verdicts[&1], ("stopped".to_owned(), 143));
}

#[test]
fn a_plan_that_ignores_term_is_killed_after_the_grace() {
    let home = Home::new();
    let oracle = home.oracle_program();
    let script = format!("trap '' TERM; exec {oracle} mark:{} idle:", home.file("up").display());
    home.planwatch([
        "run",
        "-d",
        "-n",
        "deaf",
        "--stop-timeout",
        "300ms",
        "--",
        "sh",
        "-c",
        &script,
    ])
    .prints("deaf\n")
    .may_speak()
    .runs();
    home.until_file("up");
    home.planwatch(["stop", "deaf"]).prints_something().may_speak().runs();
    assert_eq!(home.records("deaf").events("run.exited")[0]["signal"], 9);
    assert_eq!(home.audit("deaf").holds().verdicts[&1], ("stopped".to_owned(), 137));
    home.until_quiet();
}

#[test]
fn stop_reaches_children_that_moved_to_sessions_of_their_own() {
    let home = Home::new();
    let script = "setsid sh -c 'echo $$ > far; exec sleep 1000' & (sleep 1000 & echo $! > near; wait) & \
                  setsid sh -c 'sh -c \"echo \\$\\$ > orphan; exec sleep 1000\" & exit 0' & wait";
    home.planwatch(["run", "-d", "-n", "tree", "--", "sh", "-c", script])
        .prints("tree\n")
        .may_speak()
        .runs();
    let pids: Vec<i32> = ["far", "near", "orphan"]
        .iter()
        .map(|name| {
            home.until("a child told its pid", || {
                std::fs::read_to_string(home.file(name)).ok()?.trim().parse().ok()
            })
        })
        .collect();
    home.planwatch(["stop", "tree"]).prints_something().may_speak().runs();
    for pid in pids {
        assert!(home.state(pid).is_none_or(|state| state == 'Z'), "{pid} lives");
    }
    home.until_quiet();
    home.audit("tree").holds();
}

#[test]
fn a_stopped_plan_can_be_stopped_for_good() {
    let home = Home::new();
    start(
        &home,
        "still",
        &[],
        &[Step::Mark(home.file("pid")), Step::Signal(Signal::STOP.as_raw()), Step::Idle],
    );
    let pid: i32 = home.until_file("pid").parse().unwrap();
    home.until("the plan stands still", || (home.state(pid) == Some('T')).then_some(()));
    home.planwatch(["stop", "still"]).prints_something().may_speak().runs();
    home.audit("still").holds();
    home.until_quiet();
}

#[test]
fn signal_sends_just_that_signal() {
    let home = Home::new();
    let script = "trap 'echo got it; exit 6' USR1; echo up > up; while :; do sleep 0.05; done";
    home.planwatch(["run", "-d", "-n", "usr", "--", "sh", "-c", script])
        .prints("usr\n")
        .may_speak()
        .runs();
    home.until_file("up");
    home.planwatch(["signal", "-s", "USR1", "usr"]).prints_something().may_speak().runs();
    home.planwatch(["wait", "usr"]).code(6).prints("usr failed 6\n").may_speak().runs();
    assert_eq!(home.records("usr").bytes(1, "stdout"), b"got it\n");
    assert_eq!(home.records("usr").events("run.signalled")[0]["signal"], 10);
    home.audit("usr").holds();
}

#[test]
fn what_is_not_running_and_what_is_not_there_are_told_apart() {
    let home = Home::new();
    home.run_oracle(&["-n", "over"], &[]).prints_something().may_speak().runs();
    home.planwatch(["signal", "-s", "USR1", "over"]).code(3).says("over").prints_something().runs();
    home.planwatch(["stop", "over"]).prints_something().may_speak().runs();
    home.planwatch(["stop", "ovre"]).code(4).says("over").runs();
}

#[test]
fn restart_ends_the_run_and_starts_the_next_with_the_same_environment() {
    let home = Home::new();
    let script = "echo run $PLANWATCH_RUN $SPECIAL; echo up > up.$PLANWATCH_RUN; exec sleep 1000";
    home.planwatch(["run", "-d", "-n", "again", "-e", "SPECIAL=sauce", "--", "sh", "-c", script])
        .prints("again\n")
        .may_speak()
        .runs();
    home.until_file("up.1");
    home.planwatch(["restart", "again"]).prints_something().may_speak().runs();
    home.until_file("up.2");
    home.planwatch(["stop", "again"]).prints_something().may_speak().runs();
    let records = home.records("again");
    assert_eq!(records.bytes(1, "stdout"), b"run 1 sauce\n");
    assert_eq!(records.bytes(2, "stdout"), b"run 2 sauce\n");
    let report = home.audit("again").holds();
    assert_eq!(report.verdicts.len(), 2);
    home.until_quiet();
}

#[test]
fn a_restart_that_somebody_else_overtakes_with_a_stop_says_so() {
    let home = Home::new();
    let oracle = home.oracle_program();
    let script = format!("trap '' TERM; exec {oracle} mark:{} idle:", home.file("up").display());
    home.planwatch(["run", "-d", "-n", "deaf", "--stop-timeout", "3s", "--", "sh", "-c", &script])
        .prints("deaf\n")
        .may_speak()
        .runs();
    home.until_file("up");
    let restart = home.planwatch(["restart", "deaf"]).code(1).says("was stopped").spawn();
    home.until_record("deaf", "the restart was heard", |record| record["event"] == "run.stopping");
    home.planwatch(["stop", "deaf"]).prints_something().may_speak().runs();
    restart.ends();
    assert_eq!(home.audit("deaf").holds().verdicts[&1], ("stopped".to_owned(), 137));
    home.until_quiet();
}

#[test]
fn a_restart_of_a_run_that_ends_before_it_is_heard_starts_the_next() {
    let home = Home::new();
    let pid = |run: &str| home.until_file(run).trim().parse::<i32>().unwrap();
    let script = "echo $$ > up.new; mv up.new up.$PLANWATCH_RUN; exec sleep 1000";
    home.planwatch(["run", "-d", "-n", "brief", "--", "sh", "-c", script])
        .prints("brief\n")
        .may_speak()
        .runs();
    let plan = Proc { pid: pid("up.1"), argv: Vec::new() };
    let supervisor = home.until("a supervisor lives", || home.supervisor("brief"));
    supervisor.signal(Signal::STOP);
    plan.signal(Signal::KILL);
    let restart = home.planwatch(["restart", "brief"]).may_speak().spawn();
    supervisor.signal(Signal::KILL);
    restart.ends();
    pid("up.2");
    home.planwatch(["stop", "brief"]).may_speak().runs();
    assert_eq!(home.audit("brief").holds().verdicts.len(), 2);
    home.until_quiet();
}

#[test]
fn an_ended_plan_is_restarted_from_the_callers_environment_or_not_at_all() {
    let home = Home::new();
    home.planwatch(["run", "-n", "later", "-e", "NEEDED=1", "--", "sh", "-c", "echo $NEEDED"])
        .prints_something()
        .may_speak()
        .runs();
    home.planwatch(["restart", "later"]).any_code().says("NEEDED").prints_something().runs();
    home.planwatch(["restart", "later"]).env("NEEDED", "2").prints_something().may_speak().runs();
    home.planwatch(["wait", "later"]).prints("later succeeded 0\n").may_speak().runs();
    assert_eq!(home.records("later").bytes(2, "stdout"), b"2\n");
    home.audit("later").holds();
}

#[test]
fn a_stop_asked_of_a_dead_supervisor_is_done_by_the_next() {
    let home = Home::new();
    for round in 0..3 {
        let plan = format!("plan-{round}");
        start(&home, &plan, &[], &[Step::Mark(home.file(&plan)), Step::Idle]);
        home.until_file(&plan);
        let supervisor = home.until("a supervisor lives", || home.supervisor(&plan));
        supervisor.signal(Signal::STOP);
        let stop = home.planwatch(["stop", &plan]).prints_something().may_speak().spawn();
        supervisor.signal(Signal::KILL);
        stop.ends();
        let report = home.audit(&plan).holds();
        assert_eq!(report.verdicts[&1].0, "stopped");
        assert_eq!(report.events["run.stopping"], 1);
    }
    home.until_quiet();
}

#[test]
fn garbage_in_the_requests_pipe_harms_nobody() {
    use std::io::Write;
    let home = Home::new();
    start(&home, "plan", &[], &[Step::Mark(home.file("up")), Step::Idle]);
    home.until_file("up");
    let path = home.plan_dir("plan").join("pipes/requests");
    let mut pipe = std::fs::OpenOptions::new().write(true).open(path).unwrap();
    pipe.write_all(b"\0\xff garbage\n{\"verb\":\"fly\"}\n{\n").unwrap();
    pipe.write_all(&vec![b'x'; 30_000]).unwrap();
    pipe.write_all(b"\n").unwrap();
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    assert_eq!(home.audit("plan").holds().verdicts[&1].0, "stopped");
}

#[test]
fn a_plan_that_waits_for_its_standard_input_can_be_stopped() {
    let home = Home::new();
    let input = home.file("input");
    rustix::fs::mkfifoat(rustix::fs::CWD, &input, rustix::fs::Mode::RWXU).unwrap();
    let input = input.display().to_string();
    let run = home
        .planwatch(["run", "-d", "-n", "waits", "--stdin", &input, "--", "cat"])
        .any_code()
        .prints_something()
        .may_speak()
        .spawn();
    home.until_record("waits", "it is announced", |record| record["event"] == "run.started");
    home.planwatch(["stop", "waits"]).prints_something().may_speak().runs();
    run.ends();
    assert_eq!(home.audit("waits").holds().verdicts[&1], ("stopped".to_owned(), 143));
    home.until_quiet();
}

#[test]
fn a_restart_takes_over_pipes_that_nobody_was_told_to_use() {
    let home = Home::new();
    start(&home, "plan", &[], &[Step::Mark(home.file("up")), Step::Idle]);
    home.until_file("up");
    std::fs::create_dir(home.plan_dir("plan").join("pipes/2")).unwrap();
    home.planwatch(["restart", "plan"]).may_speak().runs();
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    assert_eq!(home.audit("plan").holds().verdicts[&2], ("stopped".to_owned(), 143));
}

#[test]
fn a_restart_is_not_done_by_somebody_with_another_environment() {
    let home = Home::new();
    let steps = [Step::Mark(home.file("pid")), Step::Idle];
    start(&home, "plan", &["-e", "ITS_KEY=1"], &steps);
    let pid: i32 = home.until_file("pid").parse().unwrap();
    let supervisor = home.until("a supervisor lives", || home.supervisor("plan"));
    supervisor.signal(Signal::STOP);
    let promise = r#"{"run":1,"level":"info","msg":"m","event":"run.restarting","by":"op"}"#;
    std::fs::write(home.plan_dir("plan").join("pipes/lifecycle"), format!("{promise}\n")).unwrap();
    home.until_record("plan", "it is promised", |record| record["event"] == "run.restarting");
    home.recorder("plan").unwrap().signal(Signal::KILL);
    rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), Signal::KILL)
        .unwrap();
    supervisor.signal(Signal::KILL);
    home.until("all are gone", || {
        let alive = home.recorder("plan").is_some() || home.supervisor("plan").is_some();
        (!alive && home.state(pid).is_none_or(|state| state == 'Z')).then_some(())
    });
    home.planwatch(["wait", "plan"]).any_code().prints_something().may_speak().runs();
    home.until_record("plan", "it is told", |record| {
        record["msg"].as_str().is_some_and(|msg| msg.contains("ITS_KEY is not set here"))
    });
    home.until_quiet();
    assert_eq!(home.records("plan").events("run.started").len(), 1);
    home.planwatch(["ps", "-a"]).prints_something().may_speak().runs();
    home.audit("plan").holds();
}

#[test]
fn what_a_killed_plan_left_behind_is_named_and_ended_by_stop() {
    let home = Home::new();
    let oracle = home.oracle_program();
    let [up, pid] = ["up", "pid"].map(|name| home.file(name).display().to_string());
    // The way of Luigi's workers: the main process is killed, those it has forked go on.
    let script = format!("{oracle} mark:{up} idle: & echo $$ > {pid}; wait");
    home.planwatch(["run", "-d", "-n", "plan", "--", "sh", "-c", &script])
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until_file("up");
    home.until_file("pid");
    let main = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
    kill_process(Pid::from_raw(main).unwrap(), Signal::KILL).unwrap();
    home.planwatch(["wait", "plan"]).code(137).prints("plan killed 137\n").may_speak().runs();
    let row = || home.planwatch(["ps", "-o", "jsonl"]).prints_something().runs().json();
    let left: Vec<i64> =
        row()["left_behind"].as_array().unwrap().iter().filter_map(|pid| pid.as_i64()).collect();
    let [left] = left[..] else { panic!("{left:?}") };
    let ps = home.planwatch(["ps"]).prints_something().runs().stdout;
    assert!(ps.contains("1 left behind"), "{ps}");
    let why = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    assert!(why.contains(&format!("1 process of it goes on: {left}")), "{why}");
    assert!(why.contains("planwatch stop plan@1"), "{why}");
    let said = home.planwatch(["stop", "plan"]).may_speak().runs().stderr;
    let told = format!("not running: run 1 killed; ended 1 process ({left}) it had left behind");
    assert!(said.contains(&told), "{said}");
    home.until_quiet();
    assert_eq!(row()["left_behind"], serde_json::json!([]));
    let records = home.records("plan");
    let signalled = records.events("run.signalled").pop().expect("it is recorded");
    assert!(signalled["by"].as_str().is_some_and(|by| by.contains('@')), "{signalled}");
    let why = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    assert!(why.contains("SIGKILL came from outside"), "that stop did not end the run: {why}");
    let said = home.planwatch(["stop", "plan"]).may_speak().runs().stderr;
    assert_eq!(said, "planwatch: plan is not running: run 1 killed\n");
}
