//! `up --foreground`: prints what the plans print, ends when they have, and is a good service and a
//! good first process of a container.

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::{Cmd, Home, Live};
use crate::up::{ended, row};

fn foreground(home: &Home, plans: &str, args: &[&str]) -> Cmd {
    std::fs::write(home.file("plans.toml"), plans).unwrap();
    home.planwatch(["up", "--foreground"]).args(args).may_speak().prints_something()
}

/// The process that a command has started, and that is the first of its own container.
fn first_process(home: &Home, unshare: &Live) -> Pid {
    let path = format!("/proc/{0}/task/{0}/children", unshare.process().pid);
    let child = || std::fs::read_to_string(&path).ok()?.trim().parse::<i32>().ok();
    Pid::from_raw(home.until("the first process lives", child)).unwrap()
}

/// `unshare` that gives a command a container's view of processes; None where nobody may do that.
fn container() -> Option<Command> {
    let mut options = vec!["--pid", "--fork", "--mount-proc", "--kill-child"];
    if !rustix::process::geteuid().is_root() {
        options.extend(["--user", "--map-root-user"]);
    }
    let able = Command::new("unshare").args(&options).arg("true").output();
    let mut command = Command::new("unshare");
    command.args(&options);
    able.is_ok_and(|done| done.status.success()).then_some(command)
}

#[test]
fn who_stays_sees_every_line_of_every_plan_and_gets_the_first_bad_code() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        jobs = 2
        [plan.a]
        cmd = "for i in 1 2 3; do echo a says $i; done"
        [plan.long-name]
        cmd = "echo before; sleep 0.2; echo after; exit 3"
        [plan.next]
        cmd = "echo never"
        after = "long-name"
        [plan.flaps]
        cmd = "echo x >> tries; echo try $(wc -l < tries); test $(wc -l < tries) -ge 3"
        restart = { policy = "on-failure", max = 3, backoff = "10ms" }
    "#;
    let done = foreground(&home, plans, &[]).code(3).runs();
    for line in ["a says 1", "a says 3", "before", "after", "try 1", "try 2", "try 3"] {
        let found = done.stdout.lines().filter(|shown| shown.ends_with(line)).count();
        assert_eq!(found, 1, "{line} once\n{}", done.stdout);
    }
    assert!(done.stdout.lines().any(|line| line.starts_with("long-name ")), "{}", done.stdout);
    assert!(!done.stdout.contains("never"), "{}", done.stdout);
    assert!(done.stderr.contains("next will not run: long-name run 1 failed"), "{}", done.stderr);
    assert!(done.stderr.contains("4 ended, 2 of them not well"), "{}", done.stderr);
    home.until_quiet();
}

#[test]
fn a_service_manager_hears_when_it_is_ready_how_it_stands_and_that_it_stops() {
    let home = Home::new();
    let path = home.file("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let hear = || {
        let mut room = [0; 4096];
        let length = manager.recv(&mut room).unwrap();
        String::from_utf8(room[..length].to_vec()).unwrap()
    };
    let plans = r#"
        [plan.one]
        cmd = "trap 'echo clean; exit 0' TERM; echo ${NOTIFY_SOCKET:-nobody}; echo $NOTIFY_SOCKET > seen; touch up; while :; do sleep 0.01; done"
        [plan.two]
        cmd = "echo two"
    "#;
    let socket = path.display().to_string();
    let service = foreground(&home, plans, &["-j", "1", "--quiet"]);
    let service = service.env("NOTIFY_SOCKET", &socket).code(143).spawn();
    let first = hear();
    assert!(first.starts_with("READY=1\n"), "{first}");
    assert!(first.ends_with("STATUS=1 running, 1 waiting, 0 ended"), "{first}");
    home.until_file("up");
    assert_eq!(home.until_file("seen").trim(), "", "the plan is not the service");
    service.signal(Signal::TERM);
    let stopping = std::iter::repeat_with(hear).find(|told| told.contains("STOPPING"));
    let stopping = stopping.unwrap_or_default();
    assert!(stopping.starts_with("STOPPING=1\nEXTEND_TIMEOUT_USEC=25000000\n"), "{stopping}");
    let done = service.ends();
    assert!(!done.stdout.contains("clean"), "--quiet prints no line of a plan: {}", done.stdout);
    assert!(done.stdout.contains("run 1"), "but what begins and ends: {}", done.stdout);
    let printed = String::from_utf8(home.records("one").bytes(1, "stdout")).unwrap();
    assert!(printed.contains("clean"), "it was asked nicely: {printed}");
    assert_eq!(
        row(&home, "one").unwrap()["verdict"],
        "succeeded",
        "it ended well when it was asked"
    );
    assert_eq!(row(&home, "two").unwrap()["verdict"], "skipped");
    home.until_quiet();
}

#[test]
fn the_plans_outlive_who_stays_and_who_comes_back_goes_on_with_them() {
    let home = Home::new();
    let plans = r#"
        [plan.one]
        cmd = "echo begun; touch up; until test -e go; do sleep 0.01; done; echo gone on"
        [plan.two]
        cmd = "echo two"
        after = "one"
    "#;
    let first = foreground(&home, plans, &["-j", "1"]).any_code().spawn();
    home.until_file("up");
    first.signal(Signal::KILL);
    drop(first.ends());
    assert_eq!(row(&home, "one").unwrap()["state"], "running");
    let again = foreground(&home, plans, &["--resume", "-f", "plans.toml"]).spawn();
    again.until_said("1 running, 1 waiting");
    home.touch("go");
    let done = again.ends();
    assert!(done.stdout.contains("gone on") && done.stdout.contains("two"), "{}", done.stdout);
    assert_eq!(home.records("one").events("run.started").len(), 1, "it ran once");
    // Nothing is left: now the file is queued anew.
    foreground(&home, plans, &["--resume"]).runs();
    assert_eq!(home.records("two").events("run.started").len(), 2);
    home.until_quiet();
}

#[test]
fn all_plans_are_asked_to_stop_at_once_and_long_before_a_container_engine_kills() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        jobs = 3
        [plan.p]
        cmd = "touch up.${each}; exec sleep 1000"
        foreach = ["1", "2", "3"]
    "#;
    let service = foreground(&home, plans, &[]).code(143).spawn();
    for name in ["up.1", "up.2", "up.3"] {
        home.until_file(name);
    }
    let asked = Instant::now();
    service.signal(Signal::TERM);
    drop(service.ends());
    assert!(asked.elapsed() < Duration::from_secs(9), "it took {:?}", asked.elapsed());
    for (_, verdict) in ended(&home, &["p-1", "p-2", "p-3"]) {
        assert_eq!(verdict, "stopped");
    }
    home.until_quiet();
}

#[test]
fn a_signal_that_is_not_for_it_is_passed_on_and_a_second_term_kills() {
    let home = Home::new();
    let plans = r#"
        [plan.deaf]
        cmd = "trap 'touch heard' USR1; trap '' TERM; touch up; while :; do sleep 0.01; done"
        stop-timeout = "10m"
    "#;
    let service = foreground(&home, plans, &[]).code(143).spawn();
    home.until_file("up");
    service.signal(Signal::USR1);
    home.until_file("heard");
    service.signal(Signal::TERM);
    home.until_record("deaf", "it is asked to stop", |record| record["event"] == "run.stopping");
    service.signal(Signal::TERM);
    assert!(service.ends().stderr.contains("what still runs is killed"));
    assert_eq!(ended(&home, &["deaf"])[0].1, "stopped");
    home.until_quiet();
}

#[test]
fn as_the_first_process_of_a_container_it_reaps_ends_its_plans_with_grace_and_says_how_it_went() {
    let home = Home::new();
    let Some(unshare) = container() else { return };
    // `mess` kills who looks after it, and leaves a zombie to whoever is left; `spy` looks whether it
    // is reaped. An orphan of the first process is nobody's but ours.
    let plans = r#"
        [defaults]
        jobs = 3
        [plan.mess]
        cmd = "kill -9 $PPID; (setsid sh -c 'exit 7' &); touch made; exit 4"
        [plan.spy]
        cmd = "until test -e made && ! grep -hqs '^[0-9]* (.*) Z' /proc/[0-9]*/stat; do sleep 0.02; done; touch clean"
        [plan.last]
        cmd = "trap 'sleep 0.2; echo ended well; exit 0' TERM; touch up; while :; do sleep 0.01; done"
    "#;
    let service = foreground(&home, plans, &[]).under(unshare).folder(&home.file("")).spawn();
    home.until_file("up");
    home.until_file("clean");
    let first = first_process(&home, &service);
    home.until_record("mess", "its end is known", |record| record["event"] == "run.verdict");
    kill_process(first, Signal::TERM).unwrap();
    let done = service.ends();
    assert_eq!(done.code, 143, "{}\n{}", done.stdout, done.stderr);
    assert!(done.stdout.contains("ended well"), "{}", done.stdout);
    let mess = row(&home, "mess").unwrap();
    assert!(mess["exit"]["code"] == 4 || mess["verdict"] == "lost", "{mess}");
    for plan in ["mess", "spy", "last"] {
        home.audit(plan).holds();
    }
    home.until_quiet();
}

#[test]
fn a_container_that_was_killed_goes_on_where_it_was_when_it_comes_back() {
    let home = Home::new();
    let Some(unshare) = container() else { return };
    let plans = r#"
        [defaults]
        jobs = 1
        [plan.done]
        cmd = "echo x >> done"
        [plan.cut]
        cmd = "echo x >> cut; test $(wc -l < cut) -ge 2 || while :; do sleep 0.01; done"
        [plan.after]
        cmd = "echo x >> after"
        after = "cut"
    "#;
    let service =
        foreground(&home, plans, &["--resume"]).under(unshare).folder(&home.file("")).spawn();
    home.until_file("cut");
    kill_process(first_process(&home, &service), Signal::KILL).unwrap();
    drop(service.ends());
    home.until_quiet();
    let service = foreground(&home, plans, &["--resume"])
        .under(container().unwrap())
        .folder(&home.file(""))
        .spawn();
    let done = service.ends();
    assert_eq!(done.code, 0, "{}\n{}", done.stdout, done.stderr);
    let times = |name: &str| std::fs::read_to_string(home.file(name)).unwrap().lines().count();
    assert_eq!((times("done"), times("cut"), times("after")), (1, 2, 1));
    home.until_quiet();
}
