//! `planwatch wait` and `attach`.

use rustix::process::Signal;

use crate::harness::{Home, Step};

#[test]
fn wait_prints_the_verdict_of_each_plan_and_exits_with_the_worst() {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "good"], &[Step::Gate(home.file("gate"))])
        .prints("good\n")
        .may_speak()
        .runs();
    home.run_oracle(&["-d", "-n", "bad"], &[Step::Gate(home.file("gate")), Step::Exit(9)])
        .prints("bad\n")
        .may_speak()
        .runs();
    let wait =
        home.planwatch(["wait", "good", "bad"]).code(9).prints_something().may_speak().spawn();
    home.touch("gate");
    let done = wait.ends();
    let mut lines = done.lines();
    lines.sort_unstable();
    assert_eq!(lines, ["bad failed 9", "good succeeded 0"]);
}

#[test]
fn wait_gives_up_with_124_and_leaves_the_plan_alone() {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "long"], &[Step::Gate(home.file("gate"))])
        .prints("long\n")
        .may_speak()
        .runs();
    home.planwatch(["wait", "--timeout", "100ms", "long"])
        .code(124)
        .may_speak()
        .prints_something()
        .runs();
    home.touch("gate");
    home.planwatch(["wait", "long"]).prints("long succeeded 0\n").may_speak().runs();
}

#[test]
fn wait_for_any_returns_with_the_first() {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "slow"], &[Step::Idle]).prints("slow\n").may_speak().runs();
    home.run_oracle(&["-d", "-n", "fast"], &[Step::Exit(2)]).prints("fast\n").may_speak().runs();
    home.planwatch(["wait", "--any", "slow", "fast"])
        .code(2)
        .prints("fast failed 2\n")
        .may_speak()
        .runs();
}

#[test]
fn wait_for_a_line_returns_when_it_comes() {
    let home = Home::new();
    let steps = [Step::Gate(home.file("gate")), Step::Stdout(20), Step::Gate(home.file("end"))];
    home.run_oracle(&["-d", "-n", "talk"], &steps).prints("talk\n").may_speak().runs();
    let wait = home
        .planwatch(["wait", "--for", "log=^o0000001[0-9] ", "talk"])
        .prints_something()
        .may_speak()
        .spawn();
    home.touch("gate");
    wait.ends();
    home.touch("end");
}

#[test]
fn wait_for_a_plan_that_ended_long_ago_returns_at_once() {
    let home = Home::new();
    home.run_oracle(&["-n", "past"], &[Step::Exit(8)])
        .code(8)
        .prints_something()
        .may_speak()
        .runs();
    home.until_quiet();
    home.planwatch(["wait", "past"]).code(8).prints("past failed 8\n").may_speak().runs();
    home.planwatch(["wait", "psat"]).code(4).says("past").runs();
}

#[test]
fn attach_follows_and_exits_with_the_verdict() {
    let home = Home::new();
    let steps = [Step::Stdout(5), Step::Gate(home.file("gate")), Step::Stdout(5), Step::Exit(6)];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
    let attached =
        home.planwatch(["attach", "plan"]).code(6).prints_something().may_speak().spawn();
    attached.until_printed("o00000004");
    home.touch("gate");
    let done = attached.ends();
    assert!(done.stdout.contains("o00000009"), "{}", done.stdout);
}

#[test]
fn an_interrupt_detaches_and_never_stops_the_plan() {
    let home = Home::new();
    let steps = [Step::Stdout(5), Step::Gate(home.file("gate"))];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
    let attached =
        home.planwatch(["attach", "plan"]).any_code().prints_something().may_speak().spawn();
    attached.until_printed("o00000004");
    attached.signal(Signal::INT);
    let done = attached.ends();
    assert!(done.stderr.contains("plan"), "it says that it detached: {}", done.stderr);
    assert!(home.supervisor("plan").is_some());
    home.touch("gate");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    assert!(home.records("plan").events("run.stopping").is_empty());
}

/// A plan whose lines name two tasks as Luigi does; the first of them is done.
fn two_tasks(home: &Home) {
    let line = |what: &str| format!("INFO: [pid 7] Worker Worker(salt=1, workers=1) {what}");
    let script = format!(
        "echo 'INFO: Informed scheduler that task   Budget__99914b932b   has status   PENDING'\n\
         echo '{}'\necho '{}'\n",
        line("running   Budget()"),
        line("done      Budget()")
    );
    std::fs::write(home.file("plan.sh"), script).unwrap();
    home.planwatch(["run", "-n", "cafe", "--", "sh", "plan.sh"])
        .prints_something()
        .may_speak()
        .runs();
}

#[test]
fn wait_for_what_a_run_does_not_have_says_so_and_what_was_meant() {
    let home = Home::new();
    two_tasks(&home);
    let wait = |what: &str| {
        home.planwatch(["wait", "--for", what, "cafe"]).code(1).prints("cafe succeeded 0\n")
    };
    wait("task=Bugdet")
        .says("planwatch: cafe run 1 has ended and no task fits 'Bugdet'\n")
        .says("did you mean Budget?")
        .runs();
    wait("task=Zzz*").says("no task fits 'Zzz*'").says("planwatch tasks cafe").runs();
    wait("log=nothing like it").says("no line fits 'nothing like it'").runs();
    home.planwatch(["wait", "--for", "task=Budget", "cafe"]).prints_something().runs();
}
