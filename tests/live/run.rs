//! `planwatch run`: starts a plan, follows it, exits with its verdict.

use std::process::Command;

use rustix::process::Signal;
use serde_json::json;

use crate::harness::{Home, Step};

#[test]
fn a_run_prints_the_plans_lines_and_exits_with_its_code() {
    let home = Home::new();
    let steps = [Step::Stdout(50), Step::Stderr(50), Step::Exit(3)];
    let done =
        home.run_oracle(&["-n", "three"], &steps).code(3).prints_something().says("FAILED").runs();
    for number in 0..50 {
        assert_eq!(done.stdout.matches(&format!("o{number:08} ")).count(), 1, "line {number}");
        assert_eq!(done.stdout.matches(&format!("e{number:08} ")).count(), 1, "line {number}");
    }
    let report = home.audit("three").run(1, &steps).holds();
    assert_eq!(report.verdicts[&1], ("failed".to_owned(), 3));
    home.until_quiet();
}

#[test]
fn a_run_that_succeeds_exits_0() {
    let home = Home::new();
    home.run_oracle(&["-n", "fine"], &[Step::Both(1)]).prints_something().says("SUCCEEDED").runs();
    assert_eq!(home.audit("fine").holds().verdicts[&1], ("succeeded".to_owned(), 0));
}

#[test]
fn a_plan_that_dies_by_a_signal_gives_128_and_the_signal() {
    let home = Home::new();
    home.run_oracle(&["-n", "killed"], &[Step::Signal(9)])
        .code(137)
        .prints_something()
        .says("KILLED")
        .runs();
    let records = home.records("killed");
    assert_eq!(records.events("run.exited")[0]["signal"], 9);
    assert_eq!(home.audit("killed").holds().verdicts[&1], ("killed".to_owned(), 137));
}

#[test]
fn what_cannot_be_executed_is_told_by_126_and_127() {
    let home = Home::new();
    let plain = home.file("plain");
    std::fs::write(&plain, "text").unwrap();
    for (program, code, plan) in
        [("/no/such/program", 127, "missing"), (plain.to_str().unwrap(), 126, "plain")]
    {
        home.planwatch(["run", "-n", plan, "--", program])
            .code(code)
            .prints_something()
            .says(program)
            .runs();
        let report = home.audit(plan).holds();
        assert_eq!(report.verdicts[&1], ("failed".to_owned(), i64::from(code)));
        assert!(!report.events.contains_key("run.spawned"));
    }
    home.until_quiet();
}

#[test]
fn a_folder_that_is_not_there_is_told_by_125() {
    let home = Home::new();
    home.run_oracle(&["-n", "lost", "-C", "/no/such/folder"], &[])
        .code(125)
        .prints_something()
        .says("/no/such/folder")
        .runs();
}

#[test]
fn a_wrong_option_is_told_by_125_so_that_no_plans_code_is_mistaken() {
    let home = Home::new();
    home.planwatch(["run", "--no-such-option", "--", "true"])
        .code(125)
        .says("--no-such-option")
        .runs();
    home.planwatch(["run", "-n", "../x", "--", "true"]).code(125).says("../x").runs();
}

#[test]
fn a_detached_run_prints_its_name_and_leaves() {
    let home = Home::new();
    let steps = [Step::Gate(home.file("gate")), Step::Both(3)];
    home.run_oracle(&["-d", "-n", "away"], &steps).prints("away\n").may_speak().runs();
    assert_eq!(
        home.records("away").events("run.started").len(),
        1,
        "it runs when the command returns"
    );
    home.touch("gate");
    home.planwatch(["wait", "away"]).prints("away succeeded 0\n").may_speak().runs();
    home.audit("away").run(1, &steps).holds();
    home.until_quiet();
}

#[test]
fn the_plan_outlives_the_terminal() {
    let home = Home::new();
    let steps = [Step::Mark(home.file("up")), Step::Gate(home.file("gate")), Step::Both(3)];
    // Whoever runs the tests under nohup makes every command ignore a hang-up.
    let mut heeding = Command::new("env");
    heeding.arg("--default-signal=HUP");
    let run = home
        .run_oracle(&["-n", "hung-up"], &steps)
        .under(heeding)
        .any_code()
        .prints_something()
        .may_speak()
        .spawn();
    home.until_file("up");
    run.signal(Signal::HUP);
    run.ends();
    home.touch("gate");
    home.planwatch(["wait", "hung-up"]).prints("hung-up succeeded 0\n").may_speak().runs();
}

#[test]
fn the_plan_outlives_the_death_of_the_command() {
    let home = Home::new();
    let steps = [Step::Mark(home.file("up")), Step::Gate(home.file("gate")), Step::Both(3)];
    let run =
        home.run_oracle(&["-n", "left"], &steps).any_code().prints_something().may_speak().spawn();
    home.until_file("up");
    run.signal(Signal::KILL);
    run.ends();
    home.touch("gate");
    home.planwatch(["wait", "left"]).prints("left succeeded 0\n").may_speak().runs();
    home.audit("left").run(1, &steps).holds();
}

#[test]
fn the_first_interrupt_goes_to_the_plan() {
    let home = Home::new();
    let steps = [Step::Mark(home.file("up")), Step::Idle];
    let run = home
        .run_oracle(&["-n", "asked"], &steps)
        .code(130)
        .prints_something()
        .says("STOPPED")
        .spawn();
    home.until_file("up");
    run.signal(Signal::INT);
    run.ends();
    assert_eq!(home.records("asked").events("run.exited")[0]["signal"], 2);
    home.until_quiet();
}

#[test]
fn the_second_interrupt_stops_the_plan_and_the_third_kills_it() {
    let home = Home::new();
    let up = home.file("up");
    let script = format!(
        "trap '' INT TERM; echo up > {}; sleep 1000 & while :; do wait; done",
        up.display()
    );
    let run = home
        .planwatch(["run", "-n", "deaf", "--stop-timeout", "1h", "--", "sh", "-c", &script])
        .code(137)
        .prints_something()
        .may_speak()
        .spawn();
    home.until_file("up");
    run.signal(Signal::INT);
    run.until_said("SIGINT");
    run.signal(Signal::INT);
    run.until_said("SIGKILL now");
    run.signal(Signal::INT);
    run.ends();
    assert_eq!(home.audit("deaf").holds().verdicts[&1], ("stopped".to_owned(), 137));
    home.until_quiet();
}

#[test]
fn a_tied_plan_dies_with_the_command() {
    let home = Home::new();
    let steps = [Step::Mark(home.file("up")), Step::Idle];
    let run = home
        .run_oracle(&["-n", "tied", "--tied"], &steps)
        .any_code()
        .prints_something()
        .may_speak()
        .spawn();
    home.until_file("up");
    run.signal(Signal::KILL);
    run.ends();
    home.until_record("tied", "it has ended", |record| record["event"] == "run.verdict");
    home.until_quiet();
}

#[test]
fn a_tie_outlives_the_supervisor_and_ends_with_a_restart() {
    let home = Home::new();
    let steps = [Step::Mark(home.file("up")), Step::Idle];
    let tied = || {
        home.run_oracle(&["-n", "tied", "--tied"], &steps)
            .any_code()
            .prints_something()
            .may_speak()
            .spawn()
    };
    let run = tied();
    home.until_file("up");
    let first = home.until("it is looked after", || home.supervisor("tied"));
    first.signal(Signal::KILL);
    home.until_record("tied", "it is adopted", |record| record["event"] == "supervisor.adopted");
    run.signal(Signal::KILL);
    run.ends();
    home.until_record("tied", "it has ended", |record| record["event"] == "run.verdict");
    home.until_quiet();
    home.planwatch(["restart", "tied"]).may_speak().runs();
    home.planwatch(["restart", "tied"]).may_speak().runs();
    home.planwatch(["stop", "tied"]).prints_something().may_speak().runs();
    let records = home.records("tied");
    let stopping = records.events("run.stopping");
    let by: Vec<_> = stopping.iter().map(|record| record["by"].to_string()).collect();
    assert_eq!(by.iter().filter(|by| by.contains("tied to")).count(), 1, "{by:?}");
}

#[test]
fn a_name_that_runs_already_is_refused_attached_or_replaced() {
    let home = Home::new();
    let steps = [Step::Mark(home.file("up")), Step::Idle];
    home.run_oracle(&["-d", "-n", "busy"], &steps).prints("busy\n").may_speak().runs();
    home.until_file("up");
    home.run_oracle(&["-n", "busy"], &[]).code(5).says("busy").runs();
    let attached = home
        .run_oracle(&["-n", "busy", "--if-running", "attach"], &[])
        .any_code()
        .prints_something()
        .may_speak()
        .spawn();
    attached.until_said("busy run 1");
    home.run_oracle(&["-n", "busy", "--if-running", "replace"], &[Step::Stdout(1)])
        .prints_something()
        .may_speak()
        .runs();
    assert_eq!(attached.ends().code, 143, "whoever watched run 1 saw it stopped");
    let report = home.audit("busy").holds();
    assert_eq!(report.verdicts[&1].0, "stopped");
    assert_eq!(report.verdicts[&2], ("succeeded".to_owned(), 0));
    home.until_quiet();
}

#[test]
fn ten_simultaneous_runs_of_one_name_start_it_once() {
    let home = Home::new();
    let steps = [Step::Stdout(1), Step::Gate(home.file("gate"))];
    let all: Vec<_> = (0..10)
        .map(|_| {
            home.run_oracle(&["-d", "-n", "same"], &steps)
                .any_code()
                .prints_something()
                .may_speak()
                .spawn()
        })
        .collect();
    let done: Vec<_> = all.into_iter().map(|run| run.ends()).collect();
    let mut codes: Vec<_> = done.iter().map(|done| done.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, [0, 5, 5, 5, 5, 5, 5, 5, 5, 5], "{done:?}");
    for loser in done.iter().filter(|done| done.code == 5) {
        assert!(loser.stderr.contains("same"), "{loser:?}");
    }
    home.touch("gate");
    home.planwatch(["wait", "same"]).prints("same succeeded 0\n").may_speak().runs();
    let report = home.audit("same").run(1, &steps).holds();
    assert_eq!(report.events["run.started"], 1);
    home.until_quiet();
}

#[test]
fn a_plan_that_takes_too_long_is_ended_with_124() {
    let home = Home::new();
    home.run_oracle(&["-n", "slow", "--timeout", "200ms"], &[Step::Idle])
        .code(124)
        .prints_something()
        .says("TIMEOUT")
        .runs();
    assert_eq!(home.audit("slow").holds().verdicts[&1], ("timeout".to_owned(), 124));
}

#[test]
fn a_value_that_changed_between_two_runs_is_named_and_kept_nowhere() {
    let home = Home::new();
    for value in ["sesame-one", "sesame-two"] {
        let model = format!("LLM_MODEL={value}");
        home.planwatch(["run", "-n", "p", "-e", &model, "--", "true"]).may_speak().runs();
    }
    let records = home.records("p");
    let started = records.events("run.started");
    assert_eq!(started[0]["changed"], json!(null));
    assert_eq!(started[1]["changed"], json!(["LLM_MODEL changed (value not kept)"]));
    let found = Command::new("grep").args(["-rl", "sesame"]).arg(home.path()).output().unwrap();
    assert_eq!(String::from_utf8(found.stdout).unwrap(), "");
}

#[test]
fn the_plan_has_its_environment_its_folder_and_clean_signals() {
    let home = Home::new();
    let script = "pwd; env | sort; grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; ls -l /proc/self/fd; \
                  cut -d' ' -f1,5,6 /proc/self/stat";
    std::fs::write(home.file("extra.env"), "# words\nFROM_FILE=yes\n").unwrap();
    home.planwatch([
        "run",
        "-n",
        "look",
        "-e",
        "GIVEN=a b",
        "--env-file",
        "extra.env",
        "--",
        "sh",
        "-c",
        script,
    ])
    .env("INHERITED", "it is")
    .prints_something()
    .may_speak()
    .runs();
    let out = String::from_utf8(home.records("look").bytes(1, "stdout")).unwrap();
    for line in [
        "GIVEN=a b",
        "FROM_FILE=yes",
        "INHERITED=it is",
        "PLANWATCH_PLAN=look",
        "PLANWATCH_RUN=1",
        "PYTHONUNBUFFERED=1",
        "SigBlk:\t0000000000000000",
    ] {
        assert!(out.lines().any(|seen| seen == line), "{line} in\n{out}");
    }
    let ignored = out.lines().find_map(|line| line.strip_prefix("SigIgn:\t")).unwrap();
    // 32 and 33 belong to the C library, which lets nobody change them.
    assert_eq!(u64::from_str_radix(ignored, 16).unwrap() & 0x7fff_ffff, 0, "{ignored}");
    assert!(out.contains("PLANWATCH_RUN_TOKEN="), "{out}");
    assert!(out.contains("0 -> /dev/null"), "{out}");
    let values = ["a b", "it is"];
    let plan = std::fs::read_to_string(home.plan_dir("look").join("plan.json")).unwrap();
    assert!(values.iter().all(|value| !plan.contains(value)), "values never touch the disk");
    assert!(plan.contains("GIVEN"));
}

#[test]
fn standard_input_may_be_a_file() {
    let home = Home::new();
    std::fs::write(home.file("in"), "question\n").unwrap();
    home.planwatch(["run", "-n", "input", "--stdin", "in", "--", "cat"])
        .prints_something()
        .may_speak()
        .runs();
    assert_eq!(home.records("input").bytes(1, "stdout"), b"question\n");
}

#[test]
fn verdict_rules_decide_beside_the_exit_code() {
    let home = Home::new();
    home.planwatch([
        "run",
        "-n",
        "marker",
        "--verdict",
        "exit",
        "--verdict",
        "file:done.txt",
        "--",
        "true",
    ])
    .code(1)
    .prints_something()
    .says("done.txt")
    .runs();
    home.planwatch([
        "run",
        "-n",
        "marker",
        "--verdict",
        "file:done.txt",
        "--",
        "touch",
        "done.txt",
    ])
    .prints_something()
    .may_speak()
    .runs();
    // The file is still there: a plan that dies has not succeeded for that.
    for rule in ["luigi", "file:done.txt"] {
        home.planwatch(["run", "-n", "dies", "--verdict", rule, "--", "sh", "-c", "exit 3"])
            .code(3)
            .prints_something()
            .says("FAILED")
            .runs();
    }
    home.run_oracle(&["-n", "chosen", "--success-exit-codes", "3"], &[Step::Exit(3)])
        .prints_something()
        .may_speak()
        .runs();
    assert_eq!(home.audit("marker").holds().verdicts[&1].0, "failed");
    assert_eq!(home.audit("marker").holds().verdicts[&2].0, "succeeded");
}

#[test]
fn the_name_comes_from_the_run_folder_the_module_or_the_script() {
    let home = Home::new();
    home.planwatch(["run", "-d", "--", "true"])
        .env("RUN_ID_DIR", "/srv/run/dublin cafe")
        .prints_something()
        .may_speak()
        .runs();
    assert!(
        home.path().join("plans/dublin_cafe").exists()
            || home.path().join("plans/dublin-cafe").exists()
    );
    home.planwatch(["run", "-d", "--", "sh", "-c", "true", "--module", "mars"])
        .prints("mars\n")
        .may_speak()
        .runs();
    home.planwatch(["run", "-d", "--", "true"]).prints("true\n").may_speak().runs();
}

#[test]
fn a_changed_command_is_said() {
    let home = Home::new();
    home.planwatch(["run", "-n", "twice", "--", "true"]).prints_something().may_speak().runs();
    home.planwatch(["run", "-n", "twice", "--", "sh", "-c", "true"])
        .prints_something()
        .may_speak()
        .runs();
    let records = home.records("twice");
    let started = records.events("run.started");
    assert_eq!(started[0]["changed"], json!(null));
    assert!(
        started[1]["changed"].as_array().is_some_and(|changed| !changed.is_empty()),
        "{:?}",
        started[1]
    );
    home.audit("twice").holds();
}

#[test]
fn what_a_run_cost_stands_in_its_end() {
    let home = Home::new();
    home.planwatch([
        "run",
        "-n",
        "cost",
        "--",
        "sh",
        "-c",
        "i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done",
    ])
    .prints_something()
    .may_speak()
    .runs();
    let records = home.records("cost");
    let exited = records.events("run.exited")[0];
    assert!(exited["cpu_ms"].as_u64().unwrap() > 0, "{exited}");
    assert!(exited["wall_ms"].as_u64().unwrap() > 0, "{exited}");
    assert!(exited["peak_rss"].as_u64().unwrap() > 100_000, "{exited}");
}

#[test]
fn a_home_that_cannot_be_made_is_an_error_that_names_it() {
    let home = Home::new();
    std::fs::write(home.path(), "a file in the way").unwrap();
    home.run_oracle(&["-n", "x"], &[]).code(125).says(home.path().to_str().unwrap()).runs();
}

#[test]
fn a_closed_output_does_not_end_the_plan() {
    let home = Home::new();
    let steps = [Step::Both(5_000), Step::Mark(home.file("written"))];
    let args: Vec<_> = steps.iter().map(Step::to_arg).collect();
    let piped = Command::new("sh")
        .arg("-c")
        .arg("\"$@\" | head -1")
        .arg("sh")
        .arg(env!("CARGO_BIN_EXE_planwatch"))
        .args(["run", "-n", "closed", "--", &home.oracle_program()])
        .args(&args)
        .env("PLANWATCH_HOME", home.path())
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&piped.stderr).contains("Broken pipe"));
    home.until_file("written");
    home.planwatch(["wait", "closed"]).prints("closed succeeded 0\n").may_speak().runs();
    home.audit("closed").run(1, &steps).holds();
}
