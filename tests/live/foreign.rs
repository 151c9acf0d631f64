//! Runs that somebody else started: found, recorded exactly once, judged, stopped.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use planwatch::model::Stamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::harness::{Home, LIMIT, Random, luigi_python, scale, within};

const PIPELINE: &str = include_str!("foreign/planexe.py");

/// A process that the test started, not planwatch; dropping it ends it.
struct Strange(Child);

impl Strange {
    fn pid(&self) -> i32 {
        self.0.id().try_into().unwrap()
    }

    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Strange {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Any program, known to the test by its home like everything else; stdout goes to /dev/null.
fn strange(home: &Home, program: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(args).env("PLANWATCH_HOME", home.path()).env_remove("RUN_ID_DIR");
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// A pipeline in this folder.
fn pipeline(home: &Home, folder: &Path, mode: &str, leaves: u64, lines: u64) -> Strange {
    let python = luigi_python().expect("set PLANWATCH_TEST_PYTHON to a Python with luigi");
    fs::create_dir_all(folder).unwrap();
    let script = home.file("planexe.py");
    fs::write(&script, PIPELINE).unwrap();
    let mut command = strange(home, python.to_str().unwrap(), &[script.to_str().unwrap()]);
    command.env("RUN_ID_DIR", folder).env("MODE", mode);
    command.env("LEAVES", leaves.to_string()).env("LINES", lines.to_string());
    Strange(command.spawn().unwrap())
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// What the followed file held stands in the log, each byte once.
#[track_caller]
fn is_recorded(home: &Home, plan: &str, name: &str, bytes: &[u8]) {
    let recorded = home.records(plan).bytes(1, &format!("file:{name}"));
    assert!(recorded == bytes, "{} bytes recorded, {} written", recorded.len(), bytes.len());
    home.audit(plan).holds();
    home.planwatch(["verify", plan]).prints_something().runs();
}

fn log_bytes(home: &Home, plan: &str) -> u64 {
    home.segments(plan).iter().filter_map(|path| path.metadata().ok()).map(|data| data.len()).sum()
}

fn append(path: &Path, text: &str) {
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    file.write_all(text.as_bytes()).unwrap();
}

/// Tasks that were found complete, were run, and failed.
fn tasks(home: &Home, plan: &str) -> (usize, usize, usize) {
    let rows = home.planwatch(["tasks", "-o", "json", plan]).prints_something().runs().json();
    let rows = rows.as_array().unwrap();
    let count = |state| rows.iter().filter(|row| row["state"] == state).count();
    (count("complete"), count("done"), count("failed"))
}

fn until_line(home: &Home, plan: &str, line: &str) {
    home.until_record(plan, &format!("{line:?} is recorded"), |record| record["msg"] == line);
}

#[test]
fn a_pipeline_that_others_started_is_followed_while_it_writes_and_judged_by_its_own_words() {
    let home = Home::new();
    let folder = home.file("dublin cafe");
    let mut plan = pipeline(&home, &folder, "storm", 20, 40);
    home.until("it writes", || fs::metadata(folder.join("log.txt")).ok().filter(|m| m.len() > 0));
    let attach = home
        .planwatch(["attach", "--dir", &text(&folder)])
        .prints_something()
        .says("dublin-cafe run 1 SUCCEEDED")
        .spawn();
    attach.until_said("dublin-cafe run 1 attached (pid ");
    fs::write(folder.join("over"), "").unwrap();
    let done = attach.ends();
    assert_eq!(plan.0.wait().unwrap().code(), Some(0));
    let written = fs::read(folder.join("log.txt")).unwrap();
    assert_eq!(done.stdout.as_bytes(), written, "it prints what the log says");
    is_recorded(&home, "dublin-cafe", "log.txt", &written);
    let records = home.records("dublin-cafe");
    let finished =
        |record: &&Value| record["msg"].as_str().is_some_and(|msg| msg.contains(" done      "));
    assert_eq!(records.0.iter().filter(finished).count(), 22);
    assert_eq!(tasks(&home, "dublin-cafe"), (0, 22, 0));
    assert_eq!(records.events("run.spawned")[0]["pid"], plan.pid());
    let started = records.events("run.started")[0];
    assert_eq!(
        (&started["foreign"], &started["argv"][1]),
        (&Value::Bool(true), &Value::String(text(&home.file("planexe.py"))),)
    );
    assert_eq!(records.events("run.exited")[0]["markers"][0]["found"], true);
    home.until_quiet();
}

#[test]
fn a_pipeline_with_a_failed_task_has_failed_though_it_exits_0() {
    let home = Home::new();
    let folder = home.file("mars");
    let mut plan = pipeline(&home, &folder, "fail", 6, 5);
    home.planwatch(["attach", "-d", "--dir", &text(&folder)]).prints("mars\n").may_speak().runs();
    home.planwatch(["wait", "mars"]).code(30).prints("mars failed 30\n").may_speak().runs();
    assert_eq!(plan.0.wait().unwrap().code(), Some(0));
    is_recorded(&home, "mars", "log.txt", &fs::read(folder.join("log.txt")).unwrap());
    home.until_quiet();
}

#[test]
fn a_storm_on_all_of_planwatch_costs_no_line_and_the_pipeline_never_notices() {
    let home = Home::new();
    let folder = home.file("storm");
    let mut plan = pipeline(&home, &folder, "storm", 8, scale(100, 1_000));
    let attach = || home.planwatch(["attach", "--dir", &text(&folder)]).prints_something();
    let mut follower = attach().may_speak().any_code().spawn();
    let mut random = Random::new();
    for blow in 0..scale(15, 100) {
        let what = format!("there is somebody to kill for the {blow}th time");
        let both = || home.recorder("storm").zip(home.supervisor("storm"));
        let Some((recorder, supervisor)) = within(LIMIT, both) else {
            panic!("waited in vain until {what}; attach said: {}", follower.stderr());
        };
        let before = log_bytes(&home, "storm");
        home.until("it records", || (log_bytes(&home, "storm") > before).then_some(()));
        let blow = random.below(4);
        let victims = match blow {
            0 => vec![recorder],
            1 => vec![supervisor],
            2 => vec![follower.process()],
            _ => vec![supervisor, recorder, follower.process()],
        };
        victims.iter().for_each(|process| process.signal(Signal::KILL));
        home.until("the killed are gone", || {
            let gone = |state: Option<char>| state.is_none_or(|state| state == 'Z');
            victims.iter().all(|process| gone(process.state())).then_some(())
        });
        if blow >= 2 {
            // Its main thread is a zombie before the others have ended.
            home.until("attach has ended", || follower.has_ended().then_some(()));
            follower = attach().may_speak().any_code().spawn();
        }
    }
    drop(follower);
    home.planwatch(["attach", "-d", "--dir", &text(&folder)]).prints("storm\n").may_speak().runs();
    fs::write(folder.join("over"), "").unwrap();
    home.planwatch(["wait", "storm"]).prints("storm succeeded 0\n").may_speak().runs();
    assert_eq!(plan.0.wait().unwrap().code(), Some(0));
    is_recorded(&home, "storm", "log.txt", &fs::read(folder.join("log.txt")).unwrap());
    assert_eq!(home.records("storm").events("run.spawned").len(), 1);
    home.until_quiet();
}

#[test]
fn recorded_pipelines_get_the_right_verdict_long_after_their_end() {
    let home = Home::new();
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/planexe");
    for (name, verdict, code) in [("complete", "succeeded", 0), ("failed", "failed", 30)] {
        let folder = home.file(name);
        fs::create_dir(&folder).unwrap();
        for file in fs::read_to_string(data.join(format!("{name}.files"))).unwrap().lines() {
            fs::write(folder.join(file), "").unwrap();
        }
        let log = folder.join("log.txt");
        fs::copy(data.join(format!("{name}.log")), &log).unwrap();
        let log = fs::File::options().append(true).open(log).unwrap();
        // As it was left, by a program in UTC.
        let left: Stamp = "2026-11-23T17:36:12.500000Z".parse().unwrap();
        let left = SystemTime::UNIX_EPOCH + Duration::from_micros(left.0.unsigned_abs());
        log.set_modified(left).unwrap();
        home.planwatch(["attach", "--dir", &text(&folder)])
            .code(code)
            .prints_something()
            .says("no process is seen")
            .runs();
        is_recorded(&home, name, "log.txt", &fs::read(folder.join("log.txt")).unwrap());
        let report = home.audit(name).holds();
        assert_eq!(report.verdicts[&1], (verdict.to_owned(), i64::from(code)));
        let expected = if code == 0 { (2, 61, 0) } else { (2, 7, 1) };
        assert_eq!(tasks(&home, name), expected, "as its own summary says");
        let rows = home.planwatch(["tasks", "-o", "json", name]).prints_something().runs().json();
        for row in rows.as_array().unwrap().iter().filter(|row| row["state"] == "done") {
            let begun = row["started_at"].as_str().unwrap();
            assert!(
                begun.starts_with("2026-11-23T"),
                "as its lines say, not when it was read: {row}"
            );
        }
        // A second time there is nothing to record.
        home.planwatch(["attach", "--dir", &text(&folder)])
            .code(code)
            .says("run 1 was recorded to its end")
            .runs();
        assert_eq!(home.audit(name).holds().verdicts.len(), 1);
    }
    home.until_quiet();
}

#[test]
fn a_file_that_is_emptied_or_replaced_is_read_on_and_the_log_says_so() {
    let home = Home::new();
    let (log, old) = (home.file("app.log"), home.file("app.log.1"));
    append(&log, "one\ntwo\n");
    let mut app = Strange(strange(&home, "sleep", &["1000"]).spawn().unwrap());
    let pid = app.pid().to_string();
    home.planwatch(["attach", "-d", "--pid", &pid, "--file", "app.log", "-n", "app"])
        .prints("app\n")
        .may_speak()
        .runs();
    until_line(&home, "app", "two");
    append(&log, "three, half a");
    append(&log, " line\n");
    until_line(&home, "app", "three, half a line");
    fs::write(&log, "anew\n").unwrap();
    until_line(&home, "app", "anew");
    // Half a line stays in the old file for ever.
    append(&log, "unfinished");
    fs::rename(&log, &old).unwrap();
    append(&old, " end");
    append(&log, "the next file\n");
    until_line(&home, "app", "the next file");
    // Also while nobody is there to see it.
    let recorder = home.until("a recorder lives", || home.recorder("app"));
    let supervisor = home.until("a supervisor lives", || home.supervisor("app"));
    supervisor.signal(Signal::STOP);
    recorder.signal(Signal::KILL);
    append(&log, "to the old one\n");
    fs::rename(&log, home.file("app.log.2")).unwrap();
    append(&log, "to the new one\nno end");
    supervisor.signal(Signal::CONT);
    until_line(&home, "app", "to the new one");
    append(&log, " at all\n");
    until_line(&home, "app", "no end at all");
    // Emptied, and grown past the place where the reading was to go on.
    let recorder = home.until("a recorder lives", || home.recorder("app"));
    supervisor.signal(Signal::STOP);
    recorder.signal(Signal::KILL);
    let grown = "grown far beyond all that stood in this file before it was emptied\n";
    fs::write(&log, grown).unwrap();
    supervisor.signal(Signal::CONT);
    until_line(&home, "app", grown.trim_end());
    app.kill();
    home.planwatch(["wait", "app"]).any_code().prints_something().may_speak().runs();
    let all = "one\ntwo\nthree, half a line\nanew\nunfinished end\
               the next file\nto the old one\nto the new one\nno end at all\n";
    is_recorded(&home, "app", "app.log", (all.to_owned() + grown).as_bytes());
    let records = home.records("app");
    assert_eq!(records.events("source.truncated").len(), 2);
    assert_eq!(records.events("source.truncated")[0]["was"], 27);
    assert_eq!(records.events("source.replaced").len(), 2);
    home.until_quiet();
}

#[test]
fn any_process_is_followed_by_the_file_its_stdout_is_and_its_own_code_counts() {
    let home = Home::new();
    let log = home.file("out.log");
    let script = "i=0; while [ ! -e over ]; do echo line $i; i=$((i+1)); done; exit 7";
    let mut command = strange(&home, "sh", &["-c", script]);
    command.current_dir(home.file("")).stdout(fs::File::create(&log).unwrap());
    let mut shell = Strange(command.spawn().unwrap());
    let pid = shell.pid().to_string();
    let attach = home
        .planwatch(["attach", "--pid", &pid, "--name", "loop"])
        .code(7)
        .prints_something()
        .may_speak()
        .spawn();
    attach.until_printed("line 100\n");
    home.touch("over");
    shell.0.wait().unwrap();
    let done = attach.ends();
    let written = fs::read(&log).unwrap();
    assert_eq!(done.stdout.as_bytes(), written);
    is_recorded(&home, "loop", "out.log", &written);
    let report = home.audit("loop").holds();
    assert_eq!(report.verdicts[&1], ("failed".to_owned(), 7));
    home.until_quiet();
}

#[test]
fn a_process_is_not_judged_by_what_others_have_written_into_its_log_before() {
    let home = Home::new();
    let python = luigi_python().expect("set PLANWATCH_TEST_PYTHON to a Python with luigi");
    let program = "import os, sys, time, luigi\n\
        class Task(luigi.Task):\n  \
          name = luigi.Parameter()\n  \
          def complete(self): return os.path.exists(self.name)\n  \
          def run(self):\n    \
            if self.name == 'fails': raise ValueError('that night')\n    \
            open('works', 'w').close()\n    \
            while not os.path.exists('over'): time.sleep(0.01)\n    \
            open(self.name, 'w').close()\n\
        luigi.build([Task(sys.argv[1])], local_scheduler=True)\n";
    fs::write(home.file("nightly.py"), program).unwrap();
    let log = home.file("nightly.log");
    let night = |task: &str| {
        let mut command = strange(&home, python.to_str().unwrap(), &["nightly.py", task]);
        command.current_dir(home.file(""));
        command.stderr(OpenOptions::new().create(true).append(true).open(&log).unwrap());
        command.spawn().unwrap()
    };
    night("fails").wait().unwrap();
    let before = fs::metadata(&log).unwrap().len();
    let mut tonight = Strange(night("fine"));
    home.until_file("works");
    let pid = tonight.pid().to_string();
    home.planwatch(["attach", "-d", "--pid", &pid, "--name", "nightly"])
        .prints("nightly\n")
        .may_speak()
        .runs();
    home.touch("over");
    assert!(tonight.0.wait().unwrap().success());
    home.planwatch(["wait", "nightly"]).prints("nightly succeeded 0\n").may_speak().runs();
    assert_eq!(tasks(&home, "nightly"), (0, 1, 0));
    let records = home.records("nightly");
    assert_eq!(records.events("source.opened")[0]["earlier"], before);
    is_recorded(&home, "nightly", "nightly.log", &fs::read(&log).unwrap());
    home.until_quiet();
}

#[test]
fn all_runs_in_a_folder_are_taken_up_those_that_come_later_too() {
    let home = Home::new();
    let parent = home.file("run");
    fs::create_dir(&parent).unwrap();
    let mut first = pipeline(&home, &parent.join("first"), "", 4, 5);
    let attach = home
        .planwatch(["attach", "--all", "--dir", &text(&parent)])
        .code(130)
        .prints_something()
        .may_speak()
        .spawn();
    attach.until_said("first run 1 SUCCEEDED");
    fs::create_dir(parent.join("second")).unwrap();
    let mut second = pipeline(&home, &parent.join("second"), "fail", 4, 5);
    attach.until_said("second run 1 FAILED");
    // Somebody goes on with it: the same folder, another process.
    second.0.wait().unwrap();
    let mut second = pipeline(&home, &parent.join("second"), "", 4, 5);
    attach.until_said("second run 2 SUCCEEDED");
    attach.signal(Signal::INT);
    attach.ends();
    first.0.wait().unwrap();
    second.0.wait().unwrap();
    let log = |plan| fs::read(parent.join(plan).join("log.txt")).unwrap();
    is_recorded(&home, "first", "log.txt", &log("first"));
    home.audit("second").holds();
    assert_eq!(home.records("second").bytes(2, "file:log.txt"), log("second"));
    home.until_quiet();
}

#[test]
fn stopping_a_pipeline_whose_main_process_died_leaves_no_worker_alive() {
    let home = Home::new();
    let folder = home.file("orphans");
    let mut plan = pipeline(&home, &folder, "sleep", 4, 1);
    home.planwatch(["attach", "-d", "--dir", &text(&folder)])
        .prints("orphans\n")
        .may_speak()
        .runs();
    for n in 0..4 {
        home.until_file(&format!("orphans/asleep-{n}"));
    }
    home.until_record("orphans", "it is found", |record| record["event"] == "run.spawned");
    // The same variable, but another folder: somebody else's.
    let mut other = strange(&home, "sleep", &["1000"]);
    let mut other = Strange(other.env("RUN_ID_DIR", home.file("")).spawn().unwrap());
    plan.kill();
    let held = home.until_record("orphans", "the orphans are named", |record| {
        record["event"] == "stream.held"
    });
    assert_eq!(held["pids"].as_array().map(Vec::len), Some(4), "{held}");
    home.planwatch(["ps", "-o", "json"]).prints_something().runs();
    home.planwatch(["stop", "orphans"]).says("orphans run 1 STOPPED").runs();
    assert_eq!(home.state(other.pid()), Some('S'));
    other.kill();
    home.until_quiet();
    is_recorded(&home, "orphans", "log.txt", &fs::read(folder.join("log.txt")).unwrap());
}

#[test]
fn a_log_that_came_and_went_unread_is_named() {
    let home = Home::new();
    let folder = home.file("rotated");
    fs::create_dir(&folder).unwrap();
    let log = folder.join("log.txt");
    append(&log, "one\n");
    let mut plan = strange(&home, "sleep", &["1000"]);
    let mut plan = Strange(plan.env("RUN_ID_DIR", &folder).spawn().unwrap());
    home.planwatch(["attach", "-d", "--dir", &text(&folder)]).may_speak().prints_something().runs();
    until_line(&home, "rotated", "one");
    // The supervisor first: it would wake its recorder.
    let both = [home.supervisor("rotated").unwrap().pid, home.recorder("rotated").unwrap().pid];
    let signal = |signal| {
        both.iter().for_each(|&pid| kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap());
    };
    signal(Signal::STOP);
    let still = || both.iter().all(|&pid| home.state(pid) == Some('T'));
    home.until("both stand still", || still().then_some(()));
    append(&log, "two\n");
    fs::rename(&log, folder.join("log.txt.2")).unwrap();
    append(&log, "three\n");
    fs::rename(&log, folder.join("log.txt.1")).unwrap();
    append(&log, "four\n");
    signal(Signal::CONT);
    until_line(&home, "rotated", "four");
    plan.kill();
    home.planwatch(["wait", "rotated"]).code(137).prints_something().runs();
    let records = home.records("rotated");
    assert_eq!(records.bytes(1, "file:log.txt"), b"one\ntwo\nfour\n");
    let gaps = records.events("log.gap");
    assert!(
        gaps.len() == 1 && gaps[0]["msg"].as_str().unwrap().contains(" log.txt.1 "),
        "{gaps:?}"
    );
    home.until_quiet();
}

#[test]
fn a_run_whose_folder_or_log_was_removed_is_over() {
    let home = Home::new();
    for (plan, gone) in [("folder", ""), ("log", "log.txt")] {
        let folder = home.file(plan);
        fs::create_dir(&folder).unwrap();
        append(&folder.join("log.txt"), "one\n");
        home.planwatch(["attach", "-d", "--dir", &text(&folder)])
            .may_speak()
            .prints_something()
            .runs();
        until_line(&home, plan, "one");
        match gone {
            "" => fs::remove_dir_all(&folder).unwrap(),
            file => fs::remove_file(folder.join(file)).unwrap(),
        }
        let verdict = format!("{plan} failed 1\n");
        home.planwatch(["wait", plan]).code(1).prints(&verdict).runs();
        is_recorded(&home, plan, "log.txt", b"one\n");
    }
    home.until_quiet();
}

#[test]
fn a_run_that_has_not_begun_is_waited_for_and_may_be_given_up() {
    let home = Home::new();
    let folder = home.file("later");
    fs::create_dir(&folder).unwrap();
    let attach = |options: &[&str]| {
        home.planwatch(["attach", "-d", "--dir", &text(&folder)]).args(options).may_speak()
    };
    attach(&[]).prints("later\n").runs();
    assert_eq!(home.records("later").events("run.spawned").len(), 0);
    home.planwatch(["stop", "later"]).may_speak().runs();
    attach(&[]).prints("later\n").says("later run 2 attached").runs();
    // Twice is once.
    attach(&[]).prints("later\n").says("later run 2 is recorded already").runs();
    attach(&["-n", "other"]).code(5).says("as later run 2").runs();
    let mut plan = pipeline(&home, &folder, "", 3, 3);
    home.planwatch(["wait", "later"]).prints("later succeeded 0\n").may_speak().runs();
    plan.0.wait().unwrap();
    home.planwatch(["restart", "later"])
        .code(5)
        .says("planwatch did not start it")
        .says("planwatch run -n later")
        .runs();
    home.until_quiet();
}

#[test]
fn who_may_not_look_into_a_process_is_told_whose_it_is() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::of_ordinary_user();
    let log = home.file("roots.log");
    let mut command = strange(&home, "sleep", &["1000"]);
    let mut roots = Strange(command.stdout(fs::File::create(&log).unwrap()).spawn().unwrap());
    let pid = roots.pid().to_string();
    let attach = |more: &[&str]| home.planwatch(["attach", "-d", "--pid", &pid]).args(more);
    attach(&[]).code(5).says("it belongs to root").says("--file LOG").runs();
    append(&log, "seen\n");
    attach(&["--file", "roots.log", "-n", "roots"]).prints("roots\n").may_speak().runs();
    until_line(&home, "roots", "seen");
    home.planwatch(["stop", "roots"]).code(5).says("belongs to root").runs();
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).unwrap();
    attach(&["--file", "roots.log", "-n", "x"]).code(5).says("run planwatch as root").runs();
    roots.kill();
    home.planwatch(["wait", "roots"]).any_code().prints_something().may_speak().runs();
    home.audit("roots").holds();
    home.until_quiet();
}

#[test]
fn what_is_no_run_is_refused_with_the_way_to_go_on() {
    let home = Home::new();
    let folder = home.file("stuff");
    fs::create_dir_all(folder.join("inner")).unwrap();
    let attach = |path: &PathBuf| home.planwatch(["attach", "--dir", &text(path)]).code(1);
    attach(&folder).says("is no run folder of PlanExe").says("--pid PID --file LOG").runs();
    append(&folder.join("inner/log.txt"), "x\n");
    attach(&folder).says("it holds run folders").says("--all").runs();
    attach(&home.file("nowhere")).says("--dir PARENT --all").runs();
    home.planwatch(["attach"]).code(2).may_speak().runs();
    home.planwatch(["attach", "a", "--dir", "b"]).code(2).may_speak().runs();
    home.planwatch(["attach", "--pid", "2147483647"]).code(3).says("there is no process").runs();
}

#[test]
fn a_file_that_cannot_be_read_any_more_keeps_no_other_waiting() {
    let home = Home::new();
    let sleeper = || Strange(strange(&home, "sleep", &["1000"]).spawn().unwrap());
    let (mut process, mut strange_file) = (sleeper(), sleeper());
    let (bad, good) = (home.file("bad.log"), home.file("good.log"));
    // Reading it is an error as soon as its process is gone.
    let link = format!("/proc/{}/cmdline", strange_file.pid());
    std::os::unix::fs::symlink(link, &bad).unwrap();
    append(&good, "first\n");
    home.planwatch(["attach", "-d", "-n", "two", "--pid", &process.pid().to_string()])
        .args(&["--file", &text(&bad), "--file", &text(&good)])
        .prints("two\n")
        .may_speak()
        .runs();
    until_line(&home, "two", "first");
    strange_file.kill();
    append(&good, "second\n");
    until_line(&home, "two", "second");
    append(&good, "third\n");
    until_line(&home, "two", "third");
    process.kill();
    home.planwatch(["wait", "two"]).any_code().prints_something().may_speak().runs();
    let gaps = home.records("two").events("log.gap").len();
    assert_eq!(gaps, 1, "it is said once");
    home.until_quiet();
}

#[test]
fn a_plan_that_planwatch_started_is_not_taken_for_somebody_elses() {
    let home = Home::new();
    let (parent, folder) = (home.file("run"), home.file("run/dublin"));
    fs::create_dir_all(&folder).unwrap();
    append(&folder.join("log.txt"), "INFO: it was here\n");
    home.planwatch(["run", "-n", "dublin", "--", "true"]).prints_something().may_speak().runs();
    let before = fs::read(home.plan_dir("dublin").join("plan.json")).unwrap();
    home.planwatch(["attach", "--dir", &text(&parent), "--all", "-d"])
        .says("the name dublin is taken")
        .says("planwatch started itself")
        .runs();
    home.planwatch(["attach", "--dir", &text(&folder), "-d"]).code(5).says("-n OTHER-NAME").runs();
    assert_eq!(fs::read(home.plan_dir("dublin").join("plan.json")).unwrap(), before);
    assert_eq!(home.records("dublin").events("run.started").len(), 1);
    home.planwatch(["restart", "dublin"]).prints_something().may_speak().runs();
    // Whoever chooses a name means it.
    home.planwatch(["attach", "--dir", &text(&folder), "-d", "-n", "other"])
        .prints("other\n")
        .may_speak()
        .runs();
}

#[test]
fn a_folder_without_runs_is_said_and_one_that_is_left_at_once_promises_no_keys() {
    let home = Home::new();
    let parent = home.file("run");
    fs::create_dir_all(parent.join("inner")).unwrap();
    let all = |more: &[&str]| {
        home.planwatch(["attach", "--all", "-d", "--dir", &text(&parent)]).args(more)
    };
    let yet = format!("planwatch: no run folder in {} yet\n", parent.display());
    assert_eq!(all(&[]).may_speak().runs().stderr, yet);
    append(&parent.join("inner/notes.txt"), "x\n");
    let dotted = format!("{}/.", parent.join("inner").display());
    let done = home.planwatch(["attach", "--dir", &dotted]).code(1).says("is no run").runs();
    assert!(!done.stderr.contains("/."), "{}", done.stderr);
    append(&parent.join("inner/log.txt"), "x\n");
    let first = all(&[]).prints("inner\n").may_speak().runs().stderr;
    let again = all(&[]).prints_something().may_speak().runs().stderr;
    for said in [first, again] {
        assert!(!said.contains("^C") && !said.contains("following"), "{said}");
    }
    home.planwatch(["wait", "inner"]).any_code().prints_something().may_speak().runs();
    home.until_quiet();
}

#[test]
fn what_may_not_be_looked_at_is_refused_with_5_and_no_talk_of_the_doctor() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let home = Home::of_ordinary_user();
    let shut = home.file("shut");
    fs::create_dir_all(shut.join("run")).unwrap();
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o700)).unwrap();
    for dir in [text(&shut), text(&shut.join("run"))] {
        home.planwatch(["attach", "-d", "--dir", &dir]).code(5).says("the user who owns").runs();
        let all = home.planwatch(["attach", "-d", "--all", "--dir", &dir]);
        all.code(5).says("the user who owns").runs();
    }
    let run = home.planwatch(["run", "-n", "q", "-C", &text(&shut), "--", "true"]);
    run.code(125).says("you may not enter").says("-C chooses another folder").runs();
}
