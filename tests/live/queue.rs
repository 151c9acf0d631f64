//! The queue goes on: whoever is killed, whoever comes by, and after the machine was restarted.

use std::fs::File;
use std::path::Path;

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::process::Signal;

use crate::harness::{Home, Proc};
use crate::up::{ended, row, up};

const ONE_AFTER_THE_OTHER: &str = r#"
    [defaults]
    jobs = 1
    [plan.one]
    cmd = "touch up; until test -e go; do sleep 0.01; done"
    [plan.two]
    cmd = "touch second"
"#;

fn those_who_take_a_turn(home: &Home) -> Vec<Proc> {
    let takes = |process: &Proc| process.argv.iter().any(|arg| arg == "__queue");
    home.processes().into_iter().filter(takes).collect()
}

fn kill_all_of_planwatch(home: &Home) {
    home.until("nothing of planwatch is left", || {
        let ours = |process: &Proc| process.argv.get(1).is_some_and(|arg| arg.starts_with("__"));
        let left: Vec<Proc> = home.processes().into_iter().filter(ours).collect();
        left.iter().for_each(|process| process.signal(Signal::KILL));
        left.is_empty().then_some(())
    });
}

#[test]
fn who_is_killed_while_taking_a_turn_is_replaced_though_nobody_comes_by() {
    let home = Home::new();
    up(&home, ONE_AFTER_THE_OTHER, &[]);
    home.until_file("up");
    let lock = File::options().read(true).write(true).open(home.path().join("queue/lock"));
    let lock = lock.unwrap();
    fcntl_lock(&lock, FlockOperation::LockExclusive).unwrap();
    home.touch("go");
    for _ in 0..3 {
        let turn = home.until("somebody takes a turn", || those_who_take_a_turn(&home).pop());
        turn.signal(Signal::KILL);
        home.until("it is gone", || turn.state().is_none_or(|state| state == 'Z').then_some(()));
    }
    fcntl_lock(&lock, FlockOperation::Unlock).unwrap();
    home.until_file("second");
    home.until_quiet();
    assert_eq!(home.records("two").events("run.started").len(), 1);
}

#[test]
fn a_plan_that_waits_in_the_queue_is_named_as_such() {
    let home = Home::new();
    up(&home, ONE_AFTER_THE_OTHER, &[]);
    home.until_file("up");
    for command in ["logs", "stop", "why", "tasks", "inspect", "restart"] {
        home.planwatch([command, "two"])
            .code(4)
            .says("it is queued and waits for a free place")
            .runs();
    }
    home.touch("go");
    home.planwatch(["wait", "two"]).prints("two succeeded 0\n").may_speak().runs();
    home.until_quiet();
}

#[test]
fn when_all_were_killed_any_command_that_comes_by_has_the_queue_go_on() {
    for command in [["logs", "one"], ["why", "one"], ["inspect", "one"], ["verify", "one"]] {
        let home = Home::new();
        up(&home, ONE_AFTER_THE_OTHER, &[]);
        home.until_file("up");
        kill_all_of_planwatch(&home);
        home.touch("go");
        home.until("the plan has ended", || home.processes().is_empty().then_some(()));
        // One whose memory is gone already may hold its lock for a moment.
        home.until("the queue has gone on", || {
            home.planwatch(command).any_code().may_speak().prints_something().runs();
            home.file("second").exists().then_some(())
        });
        let verdicts = ended(&home, &["one", "two"]);
        assert_eq!(verdicts[1].1, "succeeded", "{command:?}");
        assert_eq!(home.records("one").events("run.started").len(), 1, "{command:?}");
        home.until_quiet();
    }
}

/// Wherever the state names this boot it names another one from now on.
fn call_the_boot_another(home: &Path) {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let other = "0".repeat(boot.trim().len());
    let mut open = vec![home.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file()
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            std::fs::write(&path, text.replace(boot.trim(), &other)).unwrap();
        }
    }
}

#[test]
fn after_the_machine_was_restarted_the_queue_waits_and_resume_runs_what_was_cut_off_again() {
    let home = Home::new();
    up(&home, ONE_AFTER_THE_OTHER, &[]);
    home.until_file("up");
    // As a restart leaves it: nobody lives, nobody saw how it ended, and the boot is another one.
    kill_all_of_planwatch(&home);
    home.until("nobody lives", || {
        let left = home.processes();
        left.iter().for_each(|process| process.signal(Signal::KILL));
        left.is_empty().then_some(())
    });
    call_the_boot_another(&home.path());
    let waits = row(&home, "two").unwrap();
    let why = waits["reasons"][0].as_str().unwrap().to_owned();
    assert!(why.contains("planwatch up --resume"), "{why}");
    let refused = home.planwatch(["up"]).code(5).may_speak().runs().stderr;
    assert!(refused.contains("--resume goes on with it"), "{refused}");
    std::fs::remove_file(home.file("up")).unwrap();
    let said = home.planwatch(["up", "--resume"]).may_speak().runs().stderr;
    assert!(said.contains("one run 1 was cut off: queued again"), "{said}");
    home.until_file("up");
    home.touch("go");
    let verdicts: Vec<String> = ended(&home, &["one", "two"]).into_iter().map(|v| v.1).collect();
    assert_eq!(verdicts, ["succeeded", "succeeded"]);
    assert_eq!(home.records("one").events("run.started").len(), 2);
    home.until_quiet();
}

#[test]
fn a_plan_that_waits_for_its_turn_can_be_waited_for_and_so_can_one_that_will_never_run() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        jobs = 1
        [plan.one]
        cmd = "touch up; until test -e go; do sleep 0.01; done; exit 3"
        [plan.two]
        cmd = "true"
        after = "one"
        when = "exit"
        group = "late"
        [plan.never]
        cmd = "true"
        after = "one"
    "#;
    up(&home, plans, &[]);
    home.until_file("up");
    let waits = |plan: &str| home.planwatch(["wait", plan]).prints_something().any_code();
    let (two, never) = (waits("two").may_speak().spawn(), waits("never").may_speak().spawn());
    let grouped = home.planwatch(["ps", "-q", "--group", "late"]).prints("two\n").runs();
    assert_eq!(grouped.code, 0);
    let said = home.planwatch(["ps", "--group", "lat"]).code(4).may_speak().runs().stderr;
    assert!(said.contains("did you mean 'late'?"), "{said}");
    home.touch("go");
    assert_eq!(two.ends().stdout, "two succeeded 0\n");
    let never = never.ends();
    assert_eq!((never.code, never.stdout.as_str()), (1, "never skipped 1\n"));
    assert!(never.stderr.contains("never was skipped: one run 1 failed"), "{}", never.stderr);
    home.until_quiet();
}

#[test]
fn who_lacks_a_variable_leaves_the_plan_to_who_has_it_and_says_which_it_is() {
    let home = Home::new();
    std::fs::write(home.file("plans.toml"), ONE_AFTER_THE_OTHER).unwrap();
    home.planwatch(["up"]).env("ITS_KEY", "x").may_speak().runs();
    home.until_file("up");
    kill_all_of_planwatch(&home);
    home.touch("go");
    home.until("the plan has ended", || home.processes().is_empty().then_some(()));
    home.until("who comes by without it waits for who has it", || {
        let two = row(&home, "two")?;
        let why = "waits for planwatch up from a shell where ITS_KEY is set";
        (two["state"] == "queued" && two["reasons"][0] == why).then_some(())
    });
    home.until_quiet();
    assert!(!home.file("second").exists());
    home.until("who has it starts it", || {
        home.planwatch(["ps"]).env("ITS_KEY", "x").prints_something().may_speak().runs();
        home.file("second").exists().then_some(())
    });
    assert_eq!(ended(&home, &["two"])[0].1, "succeeded");
    home.until_quiet();
}

#[test]
fn a_file_of_plans_that_is_being_saved_costs_no_plan_its_turn() {
    let home = Home::new();
    up(&home, ONE_AFTER_THE_OTHER, &[]);
    home.until_file("up");
    std::fs::write(home.file("plans.toml"), "").unwrap();
    home.touch("go");
    let state = home.path().join("queue/state.json");
    home.until("it waits to be tried again", || {
        let queue = std::fs::read_to_string(&state).unwrap();
        (queue.contains("to be tried again") && queue.contains("is empty")).then_some(())
    });
    std::fs::write(home.file("plans.toml"), ONE_AFTER_THE_OTHER).unwrap();
    // Nobody comes by: who was sent when the run had ended tries again.
    home.until_file("second");
    assert_eq!(ended(&home, &["one", "two"])[1].1, "succeeded");
    home.until_quiet();
}

#[test]
fn a_plan_that_was_started_by_hand_before_its_turn_has_had_it() {
    let home = Home::new();
    up(&home, ONE_AFTER_THE_OTHER, &[]);
    home.until_file("up");
    let by_hand = "touch hand; until test -e end; do sleep 0.01; done";
    home.planwatch(["run", "-d", "-n", "two", "--", "sh", "-c", by_hand])
        .prints("two\n")
        .may_speak()
        .runs();
    home.until_file("hand");
    home.touch("go");
    home.until("the queue knows that it runs", || {
        let queue = std::fs::read_to_string(home.path().join("queue/state.json")).ok()?;
        let queue: serde_json::Value = serde_json::from_str(&queue).ok()?;
        let stand = &queue["entries"][1]["stand"];
        (stand["is"] == "given" && stand["run"] == 1).then_some(())
    });
    home.touch("end");
    assert_eq!(ended(&home, &["two"])[0].1, "succeeded");
    home.until_quiet();
    assert_eq!(home.records("two").events("run.started").len(), 1);
    let queue = std::fs::read_to_string(home.path().join("queue/state.json")).unwrap();
    assert!(!queue.contains("waiting") && !queue.contains("given"), "{queue}");
}

#[test]
fn what_failed_and_runs_again_by_hand_is_waited_for_when_its_file_is_queued_again() {
    let home = Home::new();
    let plans = r#"
        [plan.first]
        cmd = "test -e well || exit 3; touch up; until test -e go; do sleep 0.01; done"
        [plan.next]
        cmd = "true"
        after = "first"
        # As long as something is open, nothing is forgotten.
        [plan.other]
        cmd = "until test -e go; do sleep 0.01; done"
    "#;
    up(&home, plans, &["-j", "3"]);
    let verdicts: Vec<String> = ended(&home, &["first", "next"]).into_iter().map(|v| v.1).collect();
    assert_eq!(verdicts, ["failed", "skipped"]);
    home.touch("well");
    home.planwatch(["restart", "first"]).prints_something().may_speak().runs();
    home.until_file("up");
    let said = up(&home, plans, &["-j", "3"]).stderr;
    assert!(said.contains("running already, left alone: first, other"), "{said}");
    assert_eq!(row(&home, "next").unwrap()["reasons"][0], "waits for first");
    home.touch("go");
    assert_eq!(ended(&home, &["next"])[0].1, "succeeded");
    home.until_quiet();
}

#[test]
fn a_queue_that_cannot_be_read_is_not_written_over_and_hides_no_plan() {
    let home = Home::new();
    up(&home, ONE_AFTER_THE_OTHER, &[]);
    home.until_file("up");
    let state = home.path().join("queue/state.json");
    let whole = std::fs::read_to_string(&state).unwrap();
    let torn = &whole[..whole.len() / 2];
    std::fs::write(&state, torn).unwrap();
    for command in ["up", "down"] {
        let said = home.planwatch([command]).code(5).may_speak().runs().stderr;
        assert!(said.contains("the queue cannot be read"), "{said}");
    }
    let listed = home.planwatch(["ps", "-q"]).prints("one\n").may_speak().runs().stderr;
    assert!(listed.contains("the queue cannot be read"), "{listed}");
    assert_eq!(std::fs::read_to_string(&state).unwrap(), torn);
    std::fs::write(&state, &whole).unwrap();
    home.touch("go");
    assert_eq!(ended(&home, &["one", "two"])[1].1, "succeeded");
    home.until_quiet();
}

#[test]
fn a_plan_that_cannot_begin_now_gives_its_place_to_the_next_and_has_its_turn_later() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        jobs = 1
        [plan.odd]
        cmd = "touch odd"
        [plan.missing]
        cmd = ["no-such-program-here"]
        [plan.next]
        cmd = "touch next; until test -e go; do sleep 0.01; done"
    "#;
    // Where its folder is to be, there is a file.
    home.planwatch(["ps"]).may_speak().runs();
    std::fs::create_dir_all(home.path().join("plans")).unwrap();
    let in_the_way = home.plan_dir("odd");
    std::fs::write(&in_the_way, "").unwrap();
    let said = up(&home, plans, &[]).stderr;
    assert!(said.contains("odd waits to be tried again"), "{said}");
    home.until_file("next");
    assert_eq!(row(&home, "missing").unwrap()["verdict"], "failed");
    std::fs::remove_file(&in_the_way).unwrap();
    home.touch("go");
    home.until_file("odd");
    assert_eq!(ended(&home, &["odd", "next"])[0].1, "succeeded");
    home.until_quiet();
}
