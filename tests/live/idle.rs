//! An idle planwatch makes no system call.

use std::process::Command;

use crate::harness::{Home, Step, scale};

#[test]
fn ten_idle_plans_and_five_followers_make_no_system_call() {
    if Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
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
    // Everything that follows the last line (saving, shrinking, going to sleep) is over when no
    // process of ours has run any more for a while.
    let mut before = String::new();
    let mut same = 0;
    home.until("all is quiet", || {
        let now: String = ours.iter().map(|process| switches(process.pid)).collect();
        same = if now == before { same + 1 } else { 0 };
        before = now;
        (same > 60).then_some(())
    });
    let report = home.file("strace");
    let mut strace = Command::new("timeout");
    strace.args(["-s", "INT", &scale(3, 10).to_string(), "strace", "-f", "-qq", "-o"]).arg(&report);
    for process in &ours {
        strace.args(["-p", &process.pid.to_string()]);
    }
    let output = strace.output().unwrap();
    let calls = std::fs::read_to_string(&report).unwrap_or_default();
    // What they were waiting in when strace came is shown as resumed or restarted.
    let made: Vec<_> = calls
        .lines()
        .filter(|line| {
            !["resumed>", "restart_syscall", "detached", "<unfinished ...>"]
                .iter()
                .any(|own| line.contains(own))
        })
        .collect();
    assert!(made.is_empty(), "{made:#?}\n{}", String::from_utf8_lossy(&output.stderr));
    let ended = calls.lines().filter(|line| line.contains("resumed>")).count();
    assert_eq!(ended, 0, "a call came back: {calls}");
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
