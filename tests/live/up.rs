//! Many plans from one file: their order, how many at once, what follows a failure, and who is told.

use serde_json::Value;

use crate::harness::{Done, Home};

/// Writes the file of plans, and queues what it says.
pub(crate) fn up(home: &Home, plans: &str, args: &[&str]) -> Done {
    std::fs::write(home.file("plans.toml"), plans).unwrap();
    home.planwatch(["up"]).args(args).may_speak().runs()
}

/// The row of a plan in `ps`.
pub(crate) fn row(home: &Home, plan: &str) -> Option<Value> {
    let listed = home.planwatch(["ps", "-a", "-o", "json"]).prints_something().may_speak().runs();
    let rows: Vec<Value> = serde_json::from_str(&listed.stdout).unwrap();
    rows.into_iter().find(|row| row["plan"] == plan)
}

/// Waits until nothing of these is to come any more, and gives their verdicts.
pub(crate) fn ended<'p>(home: &Home, plans: &[&'p str]) -> Vec<(&'p str, String)> {
    plans
        .iter()
        .map(|plan| {
            let over =
                || row(home, plan).filter(|row| row["state"] == "ended" || row["state"] == "lost");
            let row = home.until(&format!("{plan} has ended"), over);
            (*plan, row["verdict"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// When each run of a plan was spawned and when it had exited, as the log has it.
pub(crate) fn spans(home: &Home, plan: &str) -> Vec<(String, String)> {
    let records = home.records(plan);
    let times = |event: &str| -> Vec<String> {
        let found = records.events(event);
        found.iter().map(|record| record["ts"].as_str().unwrap().to_owned()).collect()
    };
    times("run.started").into_iter().zip(times("run.verdict")).collect()
}

/// The most runs that were alive in the same instant.
pub(crate) fn most_at_once(spans: &[(String, String)]) -> usize {
    let at =
        |when: &String| spans.iter().filter(|(start, end)| start <= when && when < end).count();
    spans.iter().map(|(start, _)| at(start)).max().unwrap_or(0)
}

#[test]
fn plans_run_in_their_order_and_never_more_at_once_than_they_may() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        jobs = 2
        [group.narrow]
        jobs = 1
        [plan.leaf]
        cmd = "sleep 0.1; echo ${each}"
        foreach = ["1", "2", "3", "4"]
        [plan.narrow]
        cmd = "sleep 0.05"
        foreach = ["a", "b"]
        group = "narrow"
        [plan.last]
        cmd = "echo last"
        after = ["leaf", "narrow"]
        [plan.first]
        cmd = "echo first"
        priority = 9
    "#;
    let said = up(&home, plans, &[]).stderr;
    assert!(said.contains("2 running, 6 waiting"), "{said}");
    let waits = row(&home, "last").unwrap();
    assert_eq!((waits["state"].as_str(), waits["run"].as_u64()), (Some("queued"), Some(0)));
    assert!(waits["reasons"][0].as_str().unwrap().starts_with("waits for "), "{waits}");
    let all = ["leaf-1", "leaf-2", "leaf-3", "leaf-4", "narrow-a", "narrow-b", "last", "first"];
    for (plan, verdict) in ended(&home, &all) {
        assert_eq!(verdict, "succeeded", "{plan}");
        assert_eq!(spans(&home, plan).len(), 1, "{plan} ran once");
    }
    home.until_quiet();
    let of = |plans: &[&str]| -> Vec<(String, String)> {
        plans.iter().flat_map(|plan| spans(&home, plan)).collect()
    };
    assert_eq!(most_at_once(&of(&all)), 2);
    assert_eq!(most_at_once(&of(&["narrow-a", "narrow-b"])), 1);
    let started = |plan| of(&[plan])[0].0.clone();
    let earlier = all.iter().filter(|plan| started(plan) < started("first")).count();
    assert!(earlier <= 1, "its priority is highest: at most the one that began with it was faster");
    let before_last = of(&all[..6]).into_iter().map(|(_, end)| end).max().unwrap();
    assert!(before_last < started("last"));
}

#[test]
fn who_comes_after_a_failure_is_skipped_and_says_why() {
    let home = Home::new();
    let plans = r#"
        [plan.bad]
        cmd = "exit 3"
        [plan.next]
        cmd = "echo never"
        after = "bad"
        [plan.after-next]
        cmd = "echo never"
        after = "next"
        [plan.anyway]
        cmd = "echo anyway"
        after = "bad"
        when = "exit"
    "#;
    up(&home, plans, &["-j", "4"]);
    let verdicts = ended(&home, &["bad", "next", "after-next", "anyway"]);
    let verdicts: Vec<&str> = verdicts.iter().map(|(_, verdict)| &**verdict).collect();
    assert_eq!(verdicts, ["failed", "skipped", "skipped", "succeeded"]);
    assert_eq!(row(&home, "next").unwrap()["reasons"][0], "bad run 1 failed");
    assert!(!home.plan_dir("next").exists(), "it never ran");
    let table = home.planwatch(["ps"]).prints_something().may_speak().runs().stdout;
    assert!(table.contains("next was skipped"), "{table}");
}

#[test]
fn a_plan_that_flaps_is_restarted_until_it_succeeds_and_one_in_a_crash_loop_is_given_up() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        restart = { policy = "on-failure", max = 2, backoff = "10ms" }
        [plan.flaps]
        cmd = "echo x >> tries; test $(wc -l < tries) -ge 3"
        [plan.loops]
        cmd = "exit 7"
    "#;
    up(&home, plans, &[]);
    let waited = home.planwatch(["wait", "flaps", "loops"]).code(7).prints_something();
    let said = waited.may_speak().runs().stdout;
    let mut said: Vec<&str> = said.lines().collect();
    said.sort_unstable();
    assert_eq!(said, ["flaps succeeded 0", "loops failed 7"]);
    assert_eq!(home.records("flaps").events("run.verdict").len(), 3);
    let loops = home.records("loops");
    assert_eq!(loops.events("run.restarting").len(), 2);
    let last = loops.events("run.verdict").last().unwrap()["msg"].as_str().unwrap().to_owned();
    assert!(last.contains("crash loop"), "{last}");
    home.until_quiet();
}

#[test]
fn a_stop_takes_back_a_restart_that_is_due() {
    let home = Home::new();
    let plans = r#"
        [plan.slow]
        cmd = "exit 1"
        restart = { policy = "always", backoff = "1h", longest = "1h" }
    "#;
    up(&home, plans, &[]);
    let pausing = || row(&home, "slow").filter(|row| row["state"] == "restarting");
    home.until("a restart is due", pausing);
    let follower = home.planwatch(["logs", "-f", "slow"]).prints_something().may_speak().spawn();
    home.planwatch(["stop", "slow"]).prints_something().may_speak().runs();
    assert_eq!(row(&home, "slow").unwrap()["state"], "ended");
    drop(follower.ends());
    assert_eq!(home.records("slow").events("run.started").len(), 1);
    home.until_quiet();
}

#[test]
fn silence_is_told_and_ends_a_run_where_the_plan_says_so() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        on-stall = "cat > told.$PLANWATCH_PLAN"
        [plan.hangs]
        cmd = "echo up; exec sleep 1000"
        stall-timeout = { after = "200ms", then = "stop" }
        [plan.talks]
        cmd = "for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.05; done; touch spoke; exec sleep 1000"
        stall-timeout = "300ms"
    "#;
    up(&home, plans, &["-j", "2"]);
    assert_eq!(ended(&home, &["hangs"])[0].1, "timeout");
    home.until_file("spoke");
    home.until_record("talks", "it stalls at last", |record| record["event"] == "run.stalled");
    let told = home.until("its hook was told", || {
        serde_json::from_str::<Value>(&home.until_file("told.talks")).ok()
    });
    assert_eq!((&told["hook"], &told["plan"]), (&"on-stall".into(), &"talks".into()));
    assert_eq!(row(&home, "talks").unwrap()["state"], "running", "a warning is all it wanted");
    home.planwatch(["down"]).may_speak().runs();
    assert_eq!(ended(&home, &["talks"])[0].1, "stopped");
    home.until_quiet();
}

#[test]
fn a_plan_that_takes_its_time_for_a_line_has_not_fallen_silent() {
    let home = Home::new();
    let plans = r#"
        [plan.dots]
        cmd = "for i in 0 1 2 3 4 5 6 7 8 9; do printf .; sleep 0.1; done; echo"
        stall-timeout = { after = "400ms", then = "stop" }
    "#;
    up(&home, plans, &[]);
    assert_eq!(ended(&home, &["dots"])[0].1, "succeeded");
    assert!(home.records("dots").events("run.stalled").is_empty());
    home.until_quiet();
}

#[test]
fn hooks_are_told_the_verdict_for_a_bounded_time_and_that_is_on_record() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        on-success = "echo $PLANWATCH_VERDICT of $PLANWATCH_PLAN; cat > told.$PLANWATCH_PLAN"
        on-failure = "sleep 1000 & sleep 1000"
        hook-timeout = "150ms"
        [plan.good]
        cmd = "true"
        [plan.bad]
        cmd = "false"
        [plan.heard]
        cmd = "true"
        on-success = "kill -TERM $$; echo deaf to signals"
    "#;
    up(&home, plans, &["-j", "3"]);
    let ran =
        |plan| home.until_record(plan, "its hook ran", |record| record["event"] == "hook.ran");
    let good = ran("good");
    assert_eq!((&good["hook"], &good["code"]), (&"on-success".into(), &0.into()));
    assert_eq!(good["said"], "succeeded of good");
    let told: Value = serde_json::from_str(&home.until_file("told.good")).unwrap();
    assert_eq!((&told["verdict"], &told["run"]), (&"succeeded".into(), &1.into()));
    let bad = ran("bad");
    assert_eq!((&bad["hook"], &bad["timeout"]), (&"on-failure".into(), &true.into()));
    assert_eq!(ran("heard")["signal"], 15, "a hook hears signals as any program does");
    home.until_quiet();
}

#[test]
fn variables_of_a_plan_are_its_own_and_their_values_are_nowhere_in_the_state() {
    let home = Home::new();
    std::fs::write(home.file(".env"), "FROM_FILE=hidden-in-a-file\n").unwrap();
    let plans = r#"
        [defaults]
        jobs = 1
        env-file = ".env"
        [plan.a]
        cmd = "test $${#OWN} = 11 && test $${#FROM_FILE} = 16"
        env = { OWN = "plain-value" }
        [plan.b]
        cmd = "test -z \"$OWN\" && test $${#FROM_FILE} = 16"
    "#;
    up(&home, plans, &[]);
    let verdicts: Vec<String> = ended(&home, &["a", "b"]).into_iter().map(|(_, v)| v).collect();
    assert_eq!(verdicts, ["succeeded", "succeeded"]);
    home.until_quiet();
    let mut open = vec![home.path()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            let tells = text.contains("hidden-in-a-file") || text.contains("plain-value");
            assert!(!tells, "{}", path.display());
        }
    }
}

#[test]
fn down_takes_plans_out_of_the_queue_and_stops_those_that_run() {
    let home = Home::new();
    let plans = r#"
        [plan.runs]
        cmd = "touch up; exec sleep 1000"
        [plan.waits]
        cmd = "echo never"
        after = "runs"
    "#;
    up(&home, plans, &[]);
    home.until_file("up");
    let again = up(&home, plans, &[]).stderr;
    assert!(again.contains("running already, left alone: runs"), "{again}");
    home.planwatch(["down"]).may_speak().runs();
    let verdicts: Vec<String> = ended(&home, &["runs", "waits"]).into_iter().map(|v| v.1).collect();
    assert_eq!(verdicts, ["stopped", "skipped"]);
    home.until_quiet();
    assert_eq!(home.records("runs").events("run.started").len(), 1);
}

#[test]
fn a_broken_file_starts_nothing_and_a_name_that_is_not_there_is_told() {
    let home = Home::new();
    std::fs::write(home.file("plans.toml"), "[plan.a]\ncmd = \"true\"\nafter = \"b\"\n").unwrap();
    let said = home.planwatch(["up"]).code(2).may_speak().runs().stderr;
    assert!(said.contains("plans.toml:3:9: there is no plan 'b'"), "{said}");
    std::fs::write(home.file("plans.toml"), "[plan.dublin]\ncmd = \"true\"\n").unwrap();
    let said = home.planwatch(["up", "dublim"]).code(4).may_speak().runs().stderr;
    assert!(said.contains("did you mean 'dublin'?"), "{said}");
    assert!(row(&home, "dublin").is_none());
}
