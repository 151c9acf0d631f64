//! Clocks that jump, machines that were restarted, programs that were replaced.

use std::process::Command;

use crate::ground::{alone, has, is_root};
use crate::harness::{Home, Step};

#[test]
fn a_clock_that_jumps_back_and_far_forward_loses_no_line_and_is_said() {
    if !has("faketime") {
        return;
    }
    let home = Home::new();
    let library = ["/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"];
    let Some(library) = library.into_iter().find(|path| std::path::Path::new(path).exists()) else {
        println!("skipped: libfaketime lies somewhere else");
        return;
    };
    let clock = home.file("clock");
    std::fs::write(&clock, "+0\n").unwrap();
    let steps = [
        Step::Both(20),
        Step::Mark(home.file("one")),
        Step::Gate(home.file("back")),
        Step::Both(20),
        Step::Mark(home.file("two")),
        Step::Gate(home.file("forward")),
        Step::Both(20),
        Step::Exit(3),
    ];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &steps)
        .env("LD_PRELOAD", library)
        .env("FAKETIME_TIMESTAMP_FILE", &clock.display().to_string())
        .env("FAKETIME_NO_CACHE", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        .env("DONT_FAKE_MONOTONIC", "1")
        .prints("plan\n")
        .may_speak()
        .runs();
    let lines = |count: usize| {
        home.until("they are recorded", || {
            let of = home.records("plan").0;
            (of.iter().filter(|r| r["stream"] == "stderr").count() == count).then_some(())
        });
    };
    home.until_file("one");
    lines(20);
    std::fs::write(&clock, "-3600\n").unwrap();
    home.touch("back");
    home.until_file("two");
    lines(40);
    std::fs::write(&clock, "+315360000\n").unwrap();
    home.touch("forward");
    home.planwatch(["wait", "plan"]).code(3).prints_something().may_speak().runs();
    home.until_quiet();
    let report = home.audit("plan").run(1, &steps).holds();
    assert_eq!(report.events["clock.stepped"], 1, "{report:?}");
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
    // Everything is still read in its order, and the list does not stumble over the future.
    let read = home.planwatch(["logs", "-o", "json", "plan"]).prints_something().runs();
    assert_eq!(read.lines().len() as u64, report.records);
    home.planwatch(["ps", "-a"]).prints_something().may_speak().runs();
    home.run_oracle(&["-n", "plan"], &[Step::Both(3)]).prints_something().may_speak().runs();
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
}

#[test]
fn after_a_restart_of_the_machine_a_run_is_lost_nobody_is_signalled_and_the_next_run_goes_on() {
    if !is_root() {
        return;
    }
    let _turn = alone();
    let Some(home) = Home::on_disk(|home| {
        let (boot, at) = (home.file("boot"), "/proc/sys/kernel/random/boot_id");
        std::fs::write(&boot, "00000000-1111-2222-3333-444444444444\n").unwrap();
        format!("mount --bind '{}' {at}", boot.display())
    }) else {
        println!("skipped: nothing may be mounted here");
        return;
    };
    let steps = [Step::Both(20), Step::Idle];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
    home.until_record("plan", "all of it is recorded", |record| {
        record["msg"].as_str().is_some_and(|msg| msg.starts_with("e00000019"))
    });
    let ours =
        |process: &crate::harness::Proc| process.argv.iter().any(|arg| arg.starts_with("__"));
    let oracle = home.processes().into_iter().find(|process| !ours(process)).unwrap();
    // The power goes for planwatch alone: the plan's process stands for a stranger of the next boot
    // that has got its number.
    let planwatch: Vec<_> = home.processes().into_iter().filter(ours).collect();
    for signal in [rustix::process::Signal::STOP, rustix::process::Signal::KILL] {
        planwatch.iter().for_each(|process| process.signal(signal));
    }
    home.until("they are gone", || (!home.processes().iter().any(ours)).then_some(()));
    std::fs::write(home.file("boot"), "55555555-6666-7777-8888-999999999999\n").unwrap();
    home.planwatch(["wait", "plan"]).code(1).prints("plan lost 1\n").may_speak().runs();
    let listed = home.planwatch(["ps", "-a", "-o", "json"]).prints_something().may_speak().runs();
    assert_eq!(listed.json()[0]["verdict"], "lost");
    assert!(oracle.state().is_some_and(|state| state != 'Z'), "a stranger was killed");
    oracle.signal(rustix::process::Signal::KILL);
    let gaps = home.records("plan");
    let gap = gaps.events("log.gap")[0];
    assert!(gap["msg"].as_str().unwrap().contains("restarted"), "{gap}");
    home.run_oracle(&["-n", "plan"], &[Step::Both(3)]).prints_something().may_speak().runs();
    home.until_quiet();
    // What is written since is of this boot: a death in it loses nothing.
    let gate = [Step::Both(3), Step::Mark(home.file("begun")), Step::Gate(home.file("gate"))];
    home.run_oracle(&["-d", "-n", "plan"], &gate).prints("plan\n").may_speak().runs();
    home.until_file("begun");
    let recorder = home.until("it is recorded", || home.recorder("plan"));
    recorder.signal(rustix::process::Signal::KILL);
    home.until("another records", || home.recorder("plan").filter(|next| next.pid != recorder.pid));
    home.touch("gate");
    home.until_quiet();
    let report = home.audit("plan").with_gaps().run(2, &[Step::Both(3)]).run(3, &gate).holds();
    assert_eq!(report.events["log.gap"], 1, "{report:?}");
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
}

#[test]
fn a_program_that_is_replaced_while_a_plan_runs_changes_nothing_for_that() {
    let home = Home::new();
    let program = home.file("planwatch");
    std::fs::copy(home.program(), &program).unwrap();
    let steps = [
        Step::Both(20),
        Step::Mark(home.file("begun")),
        Step::Gate(home.file("gate")),
        Step::Both(20),
        Step::Exit(3),
    ];
    let mut run = Command::new(&program);
    run.env("PLANWATCH_HOME", home.path()).args(["run", "-d", "-n", "plan", "--"]);
    run.arg(home.oracle_program()).args(steps.iter().map(Step::to_arg));
    crate::harness::Cmd::of(run).code(0).runs();
    home.until_file("begun");
    // As an upgrade does it: another file under the same name, and that one cannot even run.
    std::fs::remove_file(&program).unwrap();
    std::fs::write(&program, "not a program").unwrap();
    for _ in 0..3 {
        let recorder = home.until("it is recorded", || home.recorder("plan"));
        let supervisor = home.until("it is looked after", || home.supervisor("plan"));
        recorder.signal(rustix::process::Signal::KILL);
        home.until("another records", || {
            home.recorder("plan").filter(|next| next.pid != recorder.pid)
        });
        supervisor.signal(rustix::process::Signal::KILL);
        home.until("another looks after it", || {
            home.supervisor("plan").filter(|next| next.pid != supervisor.pid)
        });
    }
    home.touch("gate");
    home.planwatch(["wait", "plan"]).code(3).prints("plan failed 3\n").may_speak().runs();
    home.audit("plan").run(1, &steps).holds();
}
