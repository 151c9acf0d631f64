//! SIGKILL at any instant: nothing lost, nothing twice, the plan undisturbed.

use std::time::Duration;

use rustix::process::Signal;

use crate::harness::{Chunk, Home, Live, Random, Step, scale};

/// Steps of a plan that writes at least `lines` lines on each stream, and goes on until it is told
/// that the storm is over.
fn stormy(home: &Home, lines: u64, rate: u64) -> Vec<Step> {
    vec![
        Step::Chunk(Chunk::Ragged),
        Step::MixedEnds(true),
        Step::Rate(rate),
        Step::Both(lines),
        Step::Until(home.file("over"), home.file("tally")),
        Step::Exit(7),
    ]
}

/// Starts the plan in the background.
fn start(home: &Home, plan: &str, steps: &[Step]) {
    home.run_oracle(&["-d", "-n", plan], steps).prints(&format!("{plan}\n")).may_speak().runs();
}

#[derive(Clone, Copy, PartialEq)]
enum Victim {
    Recorder,
    Supervisor,
    Both,
}

/// Kills `victim` at random instants, `blows` times, each time a living one.
fn storm(home: &Home, plan: &str, victim: Victim, blows: u64) {
    let mut random = Random::new();
    for blow in 0..blows {
        let what = format!("there is somebody to kill for the {blow}th time");
        let recorder = || home.recorder(plan);
        let supervisor = || home.supervisor(plan);
        let victims = match victim {
            Victim::Recorder => vec![home.until(&what, recorder)],
            Victim::Supervisor => vec![home.until(&what, supervisor)],
            Victim::Both => vec![home.until(&what, supervisor), home.until(&what, recorder)],
        };
        // Now and then while it still recovers; mostly when it has written something, because one
        // that never does is started again ever more slowly.
        if random.below(4) > 0 {
            let before = log_bytes(home, plan);
            home.until("it records", || (log_bytes(home, plan) != before).then_some(()));
        }
        let limit = [1, 4, 30][random.below(3) as usize];
        random.moment(Duration::from_millis(limit));
        victims.iter().for_each(|process| process.signal(Signal::KILL));
        home.until("the killed are gone", || {
            victims
                .iter()
                .all(|process| process.state().is_none_or(|state| state == 'Z'))
                .then_some(())
        });
    }
}

/// Waits until the plan is recorded again. A plan that ends while everybody is dead takes what its
/// pipes hold along: that much is not promised.
fn is_recorded_again(home: &Home, plan: &str) {
    let before = log_bytes(home, plan);
    home.until("both live", || home.recorder(plan).and(home.supervisor(plan)));
    home.until("it records", || (log_bytes(home, plan) != before).then_some(()));
}

/// Bytes in the plan's log.
fn log_bytes(home: &Home, plan: &str) -> u64 {
    home.segments(plan).iter().filter_map(|path| path.metadata().ok()).map(|data| data.len()).sum()
}

/// After the storm: the plan ends by itself, with its own exit code, once.
fn ends_well(home: &Home, plan: &str, steps: &[Step]) {
    home.touch("over");
    home.planwatch(["wait", plan]).code(7).prints(&format!("{plan} failed 7\n")).may_speak().runs();
    let report = home.audit(plan).run(1, steps).holds();
    assert_eq!(report.events["run.exited"], 1);
    assert_eq!(report.verdicts[&1], ("failed".to_owned(), 7));
    home.planwatch(["verify", plan]).prints_something().may_speak().runs();
    home.until_quiet();
}

#[test]
fn a_storm_on_the_recorder_costs_no_line() {
    let home = Home::new();
    let (lines, blows) = (scale(5_000, 1_500_000), scale(40, 1_000));
    let steps = stormy(&home, lines, scale(10_000, 30_000));
    start(&home, "storm", &steps);
    storm(&home, "storm", Victim::Recorder, blows);
    ends_well(&home, "storm", &steps);
}

#[test]
fn a_storm_on_the_recorder_of_a_plan_that_floods_costs_no_line() {
    let home = Home::new();
    let steps = stormy(&home, scale(5_000, 500_000), 0);
    start(&home, "flood", &steps);
    storm(&home, "flood", Victim::Recorder, scale(15, 100));
    ends_well(&home, "flood", &steps);
}

#[test]
fn a_storm_on_the_supervisor_costs_no_line_and_starts_nothing_twice() {
    let home = Home::new();
    let steps = stormy(&home, scale(2_000, 200_000), scale(5_000, 20_000));
    start(&home, "storm", &steps);
    storm(&home, "storm", Victim::Supervisor, scale(20, 200));
    ends_well(&home, "storm", &steps);
    let report = home.audit("storm").holds();
    assert_eq!(report.events["run.spawned"], 1);
}

#[test]
fn a_follower_brings_back_what_was_killed_together() {
    let home = Home::new();
    let steps = stormy(&home, scale(2_000, 100_000), scale(5_000, 20_000));
    start(&home, "storm", &steps);
    let follower = home
        .planwatch(["logs", "-f", "-o", "json", "--after", "0", "storm"])
        .prints_something()
        .may_speak()
        .spawn();
    storm(&home, "storm", Victim::Both, scale(8, 50));
    is_recorded_again(&home, "storm");
    ends_well(&home, "storm", &steps);
    got_everything(&home, "storm", follower);
}

/// A follower has printed the very lines of the log, each once.
fn got_everything(home: &Home, plan: &str, follower: Live) {
    let printed = follower.ends().stdout;
    let log: String =
        home.segments(plan).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    // The log may go on after the last verdict, the follower does not.
    assert!(log.starts_with(&printed) && !printed.is_empty(), "the follower differs from the log");
    assert!(!log[printed.len()..].contains("run.verdict"), "the follower left too early");
}

#[test]
fn a_recorder_killed_while_the_plan_is_silent_is_replaced_at_once() {
    let home = Home::new();
    let steps = [Step::Both(10), Step::Gate(home.file("gate")), Step::Both(10)];
    start(&home, "silent", &steps);
    home.until_record("silent", "a line is there", |record| record["stream"] == "stderr");
    let first = home.until("a recorder lives", || home.recorder("silent"));
    first.signal(Signal::KILL);
    home.until("another took over", || {
        home.recorder("silent").filter(|next| next.pid != first.pid)
    });
    home.touch("gate");
    home.planwatch(["wait", "silent"]).prints("silent succeeded 0\n").may_speak().runs();
    let report = home.audit("silent").run(1, &steps).holds();
    assert_eq!(report.events["recorder.restarted"], 1);
}

#[test]
fn a_recorder_that_was_stopped_is_made_to_go_on() {
    let home = Home::new();
    let steps = [Step::Gate(home.file("gate")), Step::Both(100)];
    start(&home, "stopped", &steps);
    let recorder = home.until("a recorder lives", || home.recorder("stopped"));
    recorder.signal(Signal::STOP);
    home.touch("gate");
    home.planwatch(["wait", "stopped"]).prints("stopped succeeded 0\n").may_speak().runs();
    home.audit("stopped").run(1, &steps).holds();
}

#[test]
fn a_plan_stopped_by_a_signal_survives_the_death_of_its_supervisor() {
    let home = Home::new();
    let steps = [
        Step::Both(10),
        Step::Mark(home.file("pid")),
        Step::Signal(Signal::STOP.as_raw()),
        Step::Both(10),
        Step::Exit(3),
    ];
    start(&home, "stopped", &steps);
    let pid: i32 = home.until_file("pid").parse().unwrap();
    home.until("the plan stands still", || (home.state(pid) == Some('T')).then_some(()));
    let first = home.until("a supervisor lives", || home.supervisor("stopped"));
    first.signal(Signal::KILL);
    home.until("another took over", || {
        home.supervisor("stopped").filter(|next| next.pid != first.pid)
    });
    home.until_record("stopped", "it is adopted", |record| record["event"] == "supervisor.adopted");
    assert_eq!(home.state(pid), Some('T'), "a hang-up would have ended it");
    home.planwatch(["signal", "-s", "CONT", "stopped"]).may_speak().prints_something().runs();
    home.planwatch(["wait", "stopped"]).code(3).prints("stopped failed 3\n").may_speak().runs();
    home.audit("stopped").run(1, &steps).holds();
    home.until_quiet();
}

#[test]
fn a_plan_whose_planwatch_is_wholly_dead_is_taken_up_by_the_next_command() {
    let home = Home::new();
    let steps = [Step::Both(100), Step::Gate(home.file("gate")), Step::Both(100), Step::Exit(5)];
    start(&home, "dead", &steps);
    home.until_record("dead", "a line is there", |record| record["stream"] == "stdout");
    let supervisor = home.until("a supervisor lives", || home.supervisor("dead"));
    let recorder = home.until("a recorder lives", || home.recorder("dead"));
    supervisor.signal(Signal::STOP);
    recorder.signal(Signal::KILL);
    supervisor.signal(Signal::KILL);
    home.until("both are gone", || {
        (home.recorder("dead").is_none() && home.supervisor("dead").is_none()).then_some(())
    });
    let before = log_bytes(&home, "dead");
    let wait =
        home.planwatch(["wait", "dead"]).code(5).prints("dead failed 5\n").may_speak().spawn();
    home.until("it is recorded again", || (log_bytes(&home, "dead") != before).then_some(()));
    home.touch("gate");
    wait.ends();
    home.audit("dead").run(1, &steps).holds();
    home.until_quiet();
}

#[test]
fn a_plan_killed_with_all_of_its_planwatch_can_be_run_again_at_once() {
    let home = Home::new();
    start(&home, "all", &[Step::Mark(home.file("pid")), Step::Idle]);
    let pid: i32 = home.until_file("pid").parse().unwrap();
    home.kill_all("all", pid);
    home.planwatch(["run", "-d", "-n", "all", "--", "true"]).prints("all\n").may_speak().runs();
    home.planwatch(["wait", "all"]).prints("all succeeded 0\n").may_speak().runs();
    let report = home.audit("all").holds();
    // Whether anybody can still tell how it ended depends on who reaps orphans here.
    assert!(["lost", "killed"].contains(&&*report.verdicts[&1].0), "{:?}", report.verdicts);
    assert_eq!(report.verdicts[&2], ("succeeded".to_owned(), 0));
    home.until_quiet();
}

#[test]
fn two_storms_on_two_plans_do_not_mix_them() {
    let home = Home::new();
    let plans = ["left", "right"];
    let steps = [
        vec![Step::Seed(1), Step::Rate(3_000), Step::Both(3_000)],
        vec![Step::Seed(2), Step::Rate(3_000), Step::Both(3_000)],
    ];
    for (plan, steps) in plans.iter().zip(&steps) {
        start(&home, plan, steps);
    }
    let mut random = Random::new();
    for _ in 0..scale(20, 200) {
        random.moment(Duration::from_millis(20));
        if let Some(recorder) = home.recorder(plans[random.below(2) as usize]) {
            recorder.signal(Signal::KILL);
        }
    }
    home.planwatch(["wait", "left", "right"]).prints_something().may_speak().runs();
    for (plan, steps) in plans.iter().zip(&steps) {
        home.audit(plan).run(1, steps).holds();
    }
}
