//! What others go on with: runs whose supervisor, recorder or both died at a bad moment.

use rustix::process::Signal;

use crate::harness::Home;

#[test]
fn a_new_run_after_everything_died_does_not_begin_the_old_command_again() {
    let home = Home::new();
    let script = format!("echo $$ > '{}'; exec sleep 1000", home.file("pid").display());
    home.planwatch(["run", "-d", "-n", "web", "--restart", "always", "--", "sh", "-c", &script])
        .prints("web\n")
        .may_speak()
        .runs();
    let pid = home
        .until("it runs", || std::fs::read_to_string(home.file("pid")).ok()?.trim().parse().ok());
    home.kill_all("web", pid);
    // Its policy would begin it again: but something else was asked for.
    home.planwatch(["run", "-n", "web", "--", "echo", "new"]).prints("new\n").may_speak().runs();
    home.until_quiet();
    let report = home.audit("web").holds();
    assert_eq!(report.verdicts.len(), 2, "{:?}", report.verdicts);
    assert_eq!(report.verdicts[&2], ("succeeded".to_owned(), 0));
}

#[test]
fn what_a_plan_that_was_stopped_leaves_is_ended_though_the_supervisor_dies_in_between() {
    let home = Home::new();
    // The main process ends when it is told to; what it has started does not.
    let script = format!(
        "(trap '' TERM; exec sleep 1000 >/dev/null 2>&1) & echo $! > '{}'
        trap 'exit 3' TERM; while :; do sleep 0.02; done",
        home.file("left").display()
    );
    home.planwatch(["run", "-d", "-n", "plan", "--stop-timeout", "3s", "--", "sh", "-c", &script])
        .prints("plan\n")
        .may_speak()
        .runs();
    let left: i32 = home.until("it has started another", || {
        std::fs::read_to_string(home.file("left")).ok()?.trim().parse().ok()
    });
    home.until_record("plan", "it runs", |record| record["event"] == "run.spawned");
    let supervisor = home.until("it is looked after", || home.supervisor("plan"));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            home.planwatch(["stop", "plan"]).may_speak().runs();
        });
        home.until_record("plan", "it has ended", |record| record["event"] == "run.exited");
        supervisor.signal(Signal::KILL);
    });
    let state = home.state(left);
    assert!(state.is_none_or(|state| state == 'Z'), "what it has started lives on: {state:?}");
    home.until_quiet();
    let report = home.audit("plan").holds();
    assert_eq!(report.verdicts[&1].0, "stopped");
}

#[test]
fn a_run_that_is_forgotten_is_closed_when_its_last_writer_ends() {
    let home = Home::new();
    let script = format!(
        "(while [ ! -e '{}' ]; do sleep 0.02; done; echo late) & echo early",
        home.file("gate").display()
    );
    home.planwatch(["run", "-n", "plan", "--", "sh", "-c", &script])
        .prints("early\n")
        .may_speak()
        .runs();
    for _ in 0..9 {
        home.planwatch(["run", "-n", "plan", "--", "true"]).may_speak().runs();
    }
    home.touch("gate");
    home.until_quiet();
    let report = home.audit("plan").holds();
    assert_eq!(report.verdicts.len(), 10);
    let late = home.records("plan");
    assert!(late.bytes(1, "stdout") == b"early\nlate\n");
    home.planwatch(["rm", "plan"]).prints_something().runs();
}
