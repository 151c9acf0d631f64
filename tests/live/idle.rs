//! An idle planwatch makes no system call; a screen whose clock goes on wakes up once a second.

use std::process::Command;

use crate::harness::{Home, Proc, Step, Terminal, scale};

#[test]
fn ten_idle_plans_and_five_followers_make_no_system_call() {
    if !is_strace_there() {
        return;
    }
    let home = Home::new();
    for i in 0..10 {
        let plan = format!("plan-{i}");
        let steps = [Step::Both(20), Step::Mark(home.file(&plan)), Step::Idle];
        home.run_oracle(&["-d", "-n", &plan], &steps)
            .prints(&format!("{plan}\n"))
            .may_speak()
            .runs();
    }
    let followers: Vec<_> = (0..5)
        .map(|i| {
            home.planwatch(["logs", "-f", "-o", "cat", "--after", "0", &format!("plan-{i}")])
                .prints_something()
                .may_speak()
                .spawn()
        })
        .collect();
    followers.iter().for_each(|follower| follower.until_printed("e00000019"));
    let ours: Vec<_> = home
        .processes()
        .into_iter()
        .filter(|process| process.argv[0].contains("planwatch"))
        .collect();
    assert_eq!(ours.len(), 25, "a supervisor and a recorder each, and the followers: {ours:#?}");
    until_quiet(&home, &ours);
    let calls = calls_of(&home, &ours, scale(3, 10));
    assert!(calls.is_empty(), "{calls:#?}");
}

#[test]
fn a_screen_of_silent_plans_wakes_up_once_a_second() {
    if !is_strace_there() {
        return;
    }
    let home = Home::new();
    for plan in ["one", "two", "three"] {
        let steps = [Step::Both(20), Step::Mark(home.file(plan)), Step::Idle];
        home.run_oracle(&["-d", "-n", plan], &steps)
            .prints(&format!("{plan}\n"))
            .may_speak()
            .runs();
        home.until_file(plan);
    }
    let (mut terminal, ours) = watch(&home, "3 running");
    let settled = |screen: &vt100::Screen| screen.contents().contains(" 3s ");
    terminal.until("the clock goes", settled);
    let seconds = scale(3, 10);
    let calls = calls_of(&home, &ours, seconds);
    let waits = calls.iter().filter(|call| call.contains("epoll_wait")).count() as u64;
    // The moment at which strace comes may lie anywhere in a second. After a wait that found
    // something, the runtime looks once more without waiting.
    let mut most = 2 * (seconds + 2);
    // A picture is written by a thread of its own, which says that it is done.
    most += 2 * (seconds + 2);
    assert!(waits <= most, "{waits} waits in {seconds} s: {calls:#?}");
    assert!(waits >= seconds - 1, "the clock stands still: {calls:#?}");
    let files = calls.iter().filter(|call| call.contains("openat(") || call.contains("pread"));
    assert_eq!(files.count(), 0, "nothing has changed, and files are read: {calls:#?}");
    terminal.keys("q");
    assert_eq!(terminal.code(), 0);
}

/// A screen that shows a text, as the process to look at.
fn watch(home: &Home, text: &str) -> (Terminal, Vec<Proc>) {
    let path = home.path().display().to_string();
    let env = [("PLANWATCH_HOME", path.as_str())];
    let terminal = Terminal::start((30, 110), false, home.program(), &["watch"], &env);
    terminal.until_text(text);
    let mut ours = home.processes();
    ours.retain(|process| process.argv.get(1).is_some_and(|arg| arg == "watch"));
    assert_eq!(ours.len(), 1, "{ours:#?}");
    (terminal, ours)
}

fn is_strace_there() -> bool {
    let there = Command::new("strace").arg("-V").output().is_ok();
    if !there {
        println!("skipped: strace is not installed");
    }
    there
}

/// Everything that follows the last line (saving, shrinking, going to sleep) is over when no
/// process of ours has run any more for a while.
#[track_caller]
fn until_quiet(home: &Home, ours: &[Proc]) {
    let mut before = String::new();
    let mut same = 0;
    home.until("all is quiet", || {
        let now: String = ours.iter().map(|process| switches(process.pid)).collect();
        same = if now == before { same + 1 } else { 0 };
        before = now;
        (same > 60).then_some(())
    });
}

/// The system calls that processes make within so many seconds.
fn calls_of(home: &Home, ours: &[Proc], seconds: u64) -> Vec<String> {
    let report = home.file("strace");
    let mut strace = Command::new("timeout");
    strace.args(["-s", "INT", &seconds.to_string(), "strace", "-f", "-qq", "-o"]).arg(&report);
    for process in ours {
        strace.args(["-p", &process.pid.to_string()]);
    }
    let output = strace.output().unwrap();
    let calls = std::fs::read_to_string(&report).unwrap_or_default();
    assert!(!calls.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    // What they were waiting in when strace came and went is no call of theirs.
    let begun = ["restart_syscall", "detached", "<unfinished ...>"];
    let made = |line: &&str| !begun.iter().any(|word| line.contains(word));
    calls.lines().filter(made).map(str::to_owned).collect()
}

/// How often each thread of a process has been switched to and from.
fn switches(pid: i32) -> String {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks
        .filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok())
        .flat_map(|status| {
            status
                .lines()
                .filter(|line| line.contains("ctxt_switches"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}
