//! The kernel gives no notifications, too few, or wrong ones.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::ground::{Setting, alone, has, is_root};
use crate::harness::{Chunk, Cmd, Done, Home, Live, Step, scale};

/// A plan in the background that has written a little and goes on when `gate` is there.
fn gated(home: &Home, lines: u64) -> Vec<Step> {
    let steps = vec![
        Step::Chunk(Chunk::Bulk),
        Step::Stdout(10),
        Step::Gate(home.file("gate")),
        Step::Stdout(lines),
    ];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &steps)
        .prints("plan\n")
        .may_speak()
        .runs();
    steps
}

fn following(home: &Home) -> Cmd {
    home.planwatch(["logs", "-f", "-o", "json", "--after", "0", "plan"])
}

/// What it printed is the log, up to the verdict.
#[track_caller]
fn got_the_log(home: &Home, follower: Live) {
    let Done { stdout: printed, stderr: said, .. } = follower.ends();
    let log: Vec<u8> = (home.segments("plan").iter())
        .flat_map(|segment| crate::harness::records::content(segment).unwrap())
        .collect();
    let log = String::from_utf8(log).unwrap();
    let differs = printed.lines().zip(log.lines()).find(|(printed, log)| printed != log);
    assert_eq!(differs, None, "what was printed, and the log; it said:\n{said}");
    assert!(log.starts_with(&printed) && !printed.is_empty(), "it differs from the log");
    assert!(!log[printed.len()..].contains("run.verdict"), "it left too early");
}

/// A command in a user namespace where one of the limits of inotify is this.
fn limited(limit: &str, to: u32) -> Command {
    let script = format!("echo {to} > /proc/sys/user/{limit} && exec \"$@\"");
    let mut command = Command::new("unshare");
    command.args(["-Ur", "sh", "-c", &script, "sh"]);
    command
}

/// Ticks of the processor that a process has used.
fn ticks(pid: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(')').unwrap().1.split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

#[test]
fn without_inotify_instances_following_polls_says_so_and_costs_almost_nothing() {
    let home = Home::new();
    gated(&home, 2_000);
    let follower = following(&home).under(limited("max_inotify_instances", 0)).spawn();
    follower.until_printed("o00000009");
    follower.until_said("polling");
    assert!(follower.stderr().contains("max_user_instances"), "{}", follower.stderr());
    let pid = follower.process().pid;
    let (from, began) = (ticks(pid), Instant::now());
    let span = Duration::from_secs(scale(4, 30));
    home.until("time has passed", || (began.elapsed() > span).then_some(()));
    // A tick is 10 ms (proc(5), USER_HZ).
    let used = Duration::from_millis(10 * (ticks(pid) - from));
    assert!(used * 50 < began.elapsed(), "{used:?} in {:?}", began.elapsed());
    home.touch("gate");
    got_the_log(&home, follower);
}

#[test]
fn without_inotify_watches_following_polls_and_says_so() {
    let home = Home::new();
    gated(&home, 2_000);
    let follower = following(&home).under(limited("max_inotify_watches", 0)).spawn();
    follower.until_printed("o00000009");
    follower.until_said("polling");
    assert!(follower.stderr().contains("max_user_watches"), "{}", follower.stderr());
    home.touch("gate");
    got_the_log(&home, follower);
}

#[test]
fn the_commands_of_a_day_work_without_inotify() {
    let home = Home::new();
    let limited = || limited("max_inotify_instances", 0);
    home.run_oracle(&["-n", "plan"], &[Step::Both(50), Step::Exit(3)])
        .under(limited())
        .code(3)
        .runs();
    home.run_oracle(&["-d", "-n", "other"], &[Step::Both(5), Step::Idle]).under(limited()).runs();
    home.planwatch(["stop", "other"]).under(limited()).code(0).runs();
    home.planwatch(["wait", "other"]).under(limited()).code(143).runs();
    home.audit("plan").run(1, &[Step::Both(50)]).holds();
    home.until_quiet();
}

#[test]
fn an_overflow_of_notifications_costs_no_line() {
    if !is_root() {
        return;
    }
    let _turn = alone();
    let home = Home::new();
    gated(&home, 20_000);
    let few = Setting::set("/proc/sys/fs/inotify/max_queued_events", "2");
    let follower = following(&home).prints_something().may_speak().spawn();
    follower.until_printed("o00000009");
    drop(few);
    follower.signal(Signal::STOP);
    home.touch("gate");
    home.until_record("plan", "it has ended", |record| record["event"] == "run.verdict");
    follower.signal(Signal::CONT);
    got_the_log(&home, follower);
}

#[test]
fn a_plans_folder_that_is_moved_away_and_made_again_is_followed_again() {
    for round in 0..3 {
        let home = Home::new();
        home.run_oracle(&["-n", "plan"], &[Step::Both(5)]).prints_something().may_speak().runs();
        home.until_quiet();
        let follower = home
            .planwatch(["logs", "-f", "--forever", "-o", "json", "--after", "0", "plan"])
            .prints_something()
            .may_speak()
            .any_code()
            .spawn();
        follower.until_printed("run.verdict");
        // Both in the time in which it hears nothing, or at its leisure.
        if round > 0 {
            follower.signal(Signal::STOP);
        }
        fs::rename(home.plan_dir("plan"), home.plan_dir(".old")).unwrap();
        if round == 2 {
            fs::create_dir_all(home.plan_dir("plan").join("log")).unwrap();
        }
        let steps = [
            Step::Seed(7),
            Step::Both(5),
            Step::Mark(home.file("begun")),
            Step::Gate(home.file("gate")),
            Step::Both(700),
        ];
        home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
        home.until_file("begun");
        follower.signal(Signal::CONT);
        // Whatever is still in its ears: the last lines come when it is quiet.
        home.until("it follows the new one", || {
            (follower.stdout().matches("o00000004").count() == 2).then_some(())
        });
        home.touch("gate");
        home.until("it goes on", || follower.stdout().contains("o00000704").then_some(()));
        home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
        home.audit("plan").run(1, &steps).holds();
    }
}

#[test]
fn a_watcher_without_a_thread_polls_and_says_so() {
    if !has("strace") {
        return;
    }
    let home = Home::new();
    gated(&home, 500);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-o", "/dev/null", "-e", "inject=clone,clone3:error=EAGAIN"]);
    let follower = following(&home).under(strace).spawn();
    follower.until_printed("o00000009");
    follower.until_said("polling");
    home.touch("gate");
    got_the_log(&home, follower);
}

#[test]
fn a_file_system_that_does_not_notify_is_polled_and_that_is_said() {
    if !is_root() || !has("bindfs") {
        return;
    }
    // The plan is recorded beneath; who looks at it through FUSE hears nothing of that.
    let beneath = Home::new();
    gated(&beneath, 500);
    // Nor does it see the locks of those who live beneath.
    let Some(home) = Home::on_disk(|home| {
        format!("bindfs '{}' '{}'", beneath.path().display(), home.path().display())
    }) else {
        println!("skipped: no FUSE here");
        return;
    };
    let follower = following(&home).prints_something().may_speak().spawn();
    follower.until_printed("o00000009");
    follower.until_said("FUSE");
    beneath.touch("gate");
    beneath.until_record("plan", "it has ended", |record| record["event"] == "run.verdict");
    got_the_log(&beneath, follower);
    for taken_over in ["supervisor.adopted", "recorder.restarted"] {
        assert!(beneath.records("plan").events(taken_over).is_empty(), "{taken_over}");
    }
}
