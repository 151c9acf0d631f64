//! The bridge: what it reports of real Luigi, and that no plan notices it.

mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Cmd, Home, luigi_python};

const CONFIG: &str = "[worker]\nkeep_alive=True\n[scheduler]\nretry_count=2\nretry_delay=1\n";

fn python() -> String {
    let python = luigi_python().unwrap_or_else(|| {
        panic!(
            "no Python with luigi: set PLANWATCH_TEST_PYTHON, or run the test command of the README"
        )
    });
    python.display().to_string()
}

fn lay_out(home: &Home) {
    for (name, text) in [
        ("plan.py", include_str!("bridge/plan.py")),
        ("main.py", include_str!("bridge/main.py")),
        ("luigi.cfg", CONFIG),
    ] {
        std::fs::write(home.file(name), text).unwrap();
    }
}

/// `planwatch run OPTIONS -- python PYTHON main.py ARGS`.
fn run(home: &Home, options: &[&str], python_options: &[&str], args: &str) -> Cmd {
    lay_out(home);
    let args: Vec<&str> = args.split(' ').collect();
    home.planwatch(["run", "-n", "plan"])
        .args(options)
        .args(&["--", &python()])
        .args(python_options)
        .arg("main.py")
        .args(&args)
        .env("LUIGI_CONFIG_PATH", home.file("luigi.cfg").to_str().unwrap())
        .prints_something()
        .may_speak()
}

/// What the bridge reported of a run, oldest first.
fn events(home: &Home, run: u64) -> Vec<Value> {
    let records = home.records("plan");
    let of = |record: &&Value| record["stream"] == "events" && record["run"] == run;
    let mut events: Vec<Value> = (records.0.iter().filter(of))
        .map(|record| serde_json::from_str(record["msg"].as_str().unwrap()).unwrap())
        .collect();
    events.sort_by_key(|event| event["t"].as_i64());
    events
}

/// How often each kind of event was reported of each task.
fn told(events: &[Value]) -> BTreeMap<(String, String), usize> {
    let mut told = BTreeMap::new();
    for event in events.iter().filter(|event| event["id"].is_string()) {
        let word = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let kind = match word("status") {
            status if status.is_empty() => word("ev"),
            status => status,
        };
        *told.entry((word("id"), kind)).or_default() += 1;
    }
    told
}

fn count(told: &BTreeMap<(String, String), usize>, family: &str, kind: &str) -> usize {
    let fits = |(id, word): &(String, String)| id.starts_with(family) && word == kind;
    told.iter().filter(|(key, _)| fits(key)).map(|(_, times)| times).sum()
}

#[test]
fn every_fate_of_a_task_is_reported_in_one_process_and_in_four() {
    for args in ["default 1 Everything", "default 4 Everything Dies Slow"] {
        let home = Home::new();
        run(&home, &[], &[], args).code(30).runs();
        home.audit("plan").holds();
        let events = events(&home, 1);
        let told = told(&events);
        assert_eq!(events.first().unwrap()["ev"], "run", "{args}");
        assert_eq!(events.last().unwrap()["ev"], "end", "{args}");
        for (family, kind, times) in [
            ("Leaf", "success", 7),
            ("Graph", "success", 0),
            ("Left", "start", 1),
            ("Left", "time", 1),
            ("Left", "DONE", 1),
            ("Fails", "failure", 2),
            ("Flaky", "failure", 1),
            ("Flaky", "success", 1),
            ("Dynamic", "start", 3),
            ("Ext", "missing", 1),
            ("Broken", "broken", 1),
            ("Broken", "UNKNOWN", 1),
        ] {
            let found = count(&told, family, kind);
            let wanted = if family == "Graph" { found } else { times };
            assert_eq!(found, wanted, "{args}: {family} {kind}\n{told:#?}");
        }
        if args.ends_with("Slow") {
            assert!(count(&told, "Dies", "died") > 0 && count(&told, "Slow", "timeout") > 0);
        }
        let needs = |family: &str| -> BTreeSet<String> {
            let of = |event: &&Value| event["family"] == family && event["needs"].is_array();
            let lists =
                events.iter().filter(of).flat_map(|event| event["needs"].as_array().unwrap());
            lists.map(|id| id.as_str().unwrap().split('_').next().unwrap().to_owned()).collect()
        };
        assert_eq!(needs("Graph"), BTreeSet::from(["Left".to_owned(), "Right".to_owned()]));
        assert_eq!(needs("Left"), BTreeSet::from(["Shared".to_owned(), "Leaf".to_owned()]));
        assert_eq!(needs("Dynamic"), BTreeSet::from(["Leaf".to_owned()]));
        let percents: Vec<&Value> =
            events.iter().filter(|event| event["ev"] == "percent").collect();
        assert!(percents.iter().any(|event| event["percent"] == 100));
        home.until_quiet();
    }
}

#[test]
fn processes_that_do_not_inherit_a_thing_report_all_the_same() {
    let mut all = Vec::new();
    for method in ["fork", "spawn", "forkserver"] {
        let home = Home::new();
        run(&home, &[], &[], &format!("{method} 4 Graph Dynamic Flaky")).code(0).runs();
        let events = events(&home, 1);
        let started: BTreeSet<i64> = (events.iter().filter(|event| event["ev"] == "start"))
            .map(|event| event["pid"].as_i64().unwrap())
            .collect();
        assert!(started.len() >= 13, "each attempt has a process: {started:?}");
        let mut told = told(&events);
        // How often a task says how far it is depends on the time that it takes.
        told.retain(|(_, kind), _| kind != "percent");
        all.push(told);
        home.until_quiet();
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn what_is_too_long_for_an_event_is_cut_and_marked() {
    let home = Home::new();
    run(&home, &[], &[], "default 4 Shouts").code(30).runs();
    let records = home.records("plan");
    let lines: Vec<&str> = (records.0.iter().filter(|record| record["stream"] == "events"))
        .map(|record| record["msg"].as_str().unwrap())
        .collect();
    assert!(lines.iter().all(|line| line.len() < 4096), "{lines:#?}");
    let events = events(&home, 1);
    let failure = events.iter().find(|event| event["ev"] == "failure").unwrap();
    let error = failure["error"].as_str().unwrap();
    assert!(error.starts_with("ValueError: bound to fail\né") && error.ends_with('…'), "{error}");
    let traceback = failure["traceback"].as_str().unwrap();
    assert!(traceback.starts_with('…') && traceback.len() > 1000, "{traceback}");
}

#[test]
fn without_the_bridge_a_plan_has_nothing_of_it_and_a_restart_keeps_to_that() {
    let home = Home::new();
    let script = "echo ${PLANWATCH_EVENTS-none} ${PYTHONPATH-none}";
    home.planwatch(["run", "-n", "plan", "--no-bridge", "--", "sh", "-c", script])
        .prints("none none\n")
        .may_speak()
        .runs();
    home.planwatch(["restart", "plan"]).may_speak().runs();
    home.until_quiet();
    assert_eq!(home.records("plan").bytes(2, "stdout"), b"none none\n");
    assert!(!home.plan_dir("plan").join("bridge").exists());

    home.planwatch(["run", "-n", "plan", "--", "sh", "-c", script])
        .env("PYTHONPATH", "mine")
        .prints(&format!("{0}/pipes/3/events {0}/bridge:mine\n", home.plan_dir("plan").display()))
        .may_speak()
        .runs();
    home.audit("plan").holds();
}

#[test]
fn a_plan_finds_its_own_sitecustomize_and_its_path_as_they_were() {
    let home = Home::new();
    std::fs::create_dir(home.file("own")).unwrap();
    let own = "import sys\nsys.found = __file__\nsys.path.append('added-by-own')\nprint('hello')\n";
    std::fs::write(home.file("own/sitecustomize.py"), own).unwrap();
    let look = "import sys, sitecustomize; print(sys.found, sitecustomize.__file__, sys.path)";
    let printed = |options: &[&str]| {
        let done = home
            .planwatch(["run", "-n", "plan"])
            .args(options)
            .args(&["--", &python(), "-c", look])
            .env("PYTHONPATH", home.file("own").to_str().unwrap())
            .prints_something()
            .may_speak()
            .runs();
        done.stdout
    };
    let (with, without) = (printed(&[]), printed(&["--no-bridge"]));
    assert!(with.contains("hello") && with.contains("added-by-own"), "{with}");
    assert_eq!(with, without);

    std::fs::write(home.file("own/sitecustomize.py"), "import no_such_module\n").unwrap();
    for options in [&[][..], &["--no-bridge"][..]] {
        home.planwatch(["run", "-n", "plan"])
            .args(options)
            .args(&["--", &python(), "-c", "print('goes on')"])
            .env("PYTHONPATH", home.file("own").to_str().unwrap())
            .prints_something()
            .may_speak()
            .runs();
    }
    let records = home.records("plan");
    assert_eq!(records.bytes(3, "stderr"), records.bytes(4, "stderr"));
    assert!(String::from_utf8(records.bytes(3, "stderr")).unwrap().contains("no_such_module"));
}

#[test]
fn a_python_that_looks_at_nothing_runs_its_plan_without_events() {
    let home = Home::new();
    std::fs::create_dir(home.file("out")).unwrap();
    lay_out(&home);
    let script = "import sys; sys.path.insert(0, '.'); import luigi, plan; \
                  luigi.build([plan.Graph()], local_scheduler=True)";
    home.planwatch(["run", "-n", "plan", "--", &python(), "-I", "-c", script])
        .prints_something()
        .may_speak()
        .runs();
    assert!(events(&home, 1).is_empty());
    assert_eq!(home.audit("plan").holds().verdicts[&1].0, "succeeded");
}

#[test]
fn a_plan_that_is_started_by_a_plan_reports_to_its_own_run() {
    let home = Home::new();
    lay_out(&home);
    std::fs::create_dir(home.file("out")).unwrap();
    let build = |task: &str| {
        format!("import luigi, plan; luigi.build([plan.{task}()], local_scheduler=True)")
    };
    let script = format!(
        "import subprocess, sys; subprocess.run([{:?}, 'run', '-n', 'inner', '--', sys.executable, \
         '-c', {:?}]); {}",
        env!("CARGO_BIN_EXE_planwatch"),
        build("Shared"),
        build("Left"),
    );
    home.planwatch(["run", "-n", "plan", "--", &python(), "-c", &script])
        .env("PYTHONPATH", ".")
        .prints_something()
        .may_speak()
        .runs();
    home.until_quiet();
    let of = |plan: &str, kind: &str| -> usize {
        let records = home.records(plan);
        let fits = |record: &&Value| {
            record["stream"] == "events"
                && record["msg"].as_str().unwrap().contains(&format!("\"ev\":\"{kind}\""))
        };
        records.0.iter().filter(fits).count()
    };
    assert_eq!((of("inner", "success"), of("plan", "success")), (3, 2));
    assert_eq!((of("inner", "run"), of("plan", "run")), (1, 1));
}

#[test]
fn an_orphan_that_reports_after_the_end_hangs_nowhere() {
    let home = Home::new();
    lay_out(&home);
    std::fs::create_dir(home.file("out")).unwrap();
    let script = "
import os, sys, time
import luigi, plan
if os.fork() == 0:
    os.setsid()
    null = os.open('/dev/null', os.O_RDWR)
    for fd in (0, 1, 2): os.dup2(null, fd)
    while os.path.exists(os.environ['PLANWATCH_EVENTS']): time.sleep(0.01)
    luigi.build([plan.Graph()], local_scheduler=True)
    open('after', 'w').close()
";
    home.planwatch(["run", "-n", "plan", "--", &python(), "-c", script])
        .env("PYTHONPATH", ".")
        .prints_something()
        .may_speak()
        .runs();
    home.until_file("after");
    home.until_quiet();
    assert!(home.file("out").read_dir().unwrap().count() >= 7, "its tasks ran");
    home.audit("plan").holds();
}

/// Python with the bridge as a run would give it, writing into a pipe of the test's own.
fn alone(home: &Home, args: &[&str]) -> Command {
    lay_out(home);
    let bridge = concat!(env!("CARGO_MANIFEST_DIR"), "/src/supervisor/bridge");
    let pipe = home.file("events");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let mut command = Command::new(python());
    command
        .args(args)
        .current_dir(home.file("."))
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHONPATH", bridge)
        .env("PLANWATCH_EVENTS", &pipe)
        .env("LUIGI_CONFIG_PATH", home.file("luigi.cfg"));
    command
}

/// The events in what came out of a pipe.
fn whole(bytes: &[u8]) -> Vec<Value> {
    let lines = bytes.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| serde_json::from_slice(line).unwrap()).collect()
}

#[test]
fn a_full_pipe_never_blocks_the_plan_and_what_was_lost_is_counted() {
    use std::io::Read as _;
    let home = Home::new();
    let mut command = alone(&home, &["main.py", "default", "1", "Readers"]);
    // Somebody holds it open and never reads.
    let mut options = std::fs::File::options();
    let mut held = options.read(true).write(true).open(home.file("events")).unwrap();
    let done = command.output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(done.stdout, b"True\n", "{done:?}");
    let read = whole(&std::fs::read(home.file("read")).unwrap());
    assert!(read.len() > 100, "the pipe was full of events");
    let mut rest = vec![0; 1 << 20];
    let length = held.read(&mut rest).unwrap();
    let rest = whole(&rest[..length]);
    assert_eq!(rest.last().unwrap()["ev"], "end");
    // 900 tasks report more than the pipe and the memory hold together.
    let all = [read, rest].concat();
    let lost: u64 = all.iter().filter_map(|event| event["lost"].as_u64()).sum();
    assert!(lost > 0, "{} events came", all.len());
}

#[test]
fn what_waits_for_room_when_the_plan_ends_is_written_while_its_end_waits_a_moment() {
    use std::io::{Read as _, Write as _};
    use std::os::unix::fs::OpenOptionsExt as _;
    let home = Home::new();
    let mut command = alone(&home, &["main.py", "default", "1", "Graph"]);
    let mut options = std::fs::File::options();
    options.read(true).write(true).custom_flags(libc::O_NONBLOCK);
    let mut pipe = options.open(home.file("events")).unwrap();
    while pipe.write(&[b'\n'; 4096]).is_ok() {}
    command.stdout(Stdio::piped()).stderr(Stdio::null());
    let mut plan = command.spawn().unwrap();
    let mut said = [0; 5];
    plan.stdout.take().unwrap().read_exact(&mut said).unwrap();
    assert_eq!(&said, b"True\n", "it has come to its end");
    let (mut read, mut room) = (Vec::new(), vec![0; 1 << 20]);
    while plan.try_wait().unwrap().is_none() {
        let length = pipe.read(&mut room).unwrap_or(0);
        read.extend_from_slice(&room[..length]);
    }
    let length = pipe.read(&mut room).unwrap_or(0);
    read.extend_from_slice(&room[..length]);
    let events = whole(&read);
    assert_eq!(events.first().unwrap()["ev"], "run");
    assert_eq!(events.last().unwrap()["ev"], "end");
}

#[test]
fn a_plan_may_name_the_event_that_it_triggers() {
    let home = Home::new();
    run(&home, &[], &[], "default 1 Names").code(0).runs();
    home.audit("plan").holds();
    home.until_quiet();
}

#[test]
fn a_task_that_cannot_say_its_name_is_reported_by_its_id() {
    let home = Home::new();
    let script = "import luigi, plan; task = plan.Nameless(); \
                  task.trigger_event(luigi.Event.START, task); print('goes on')";
    let mut command = alone(&home, &["-c", script]);
    let path = format!(
        "{}:.",
        command
            .get_envs()
            .find(|(name, _)| *name == "PYTHONPATH")
            .and_then(|(_, value)| value?.to_str())
            .unwrap()
    );
    command.env("PYTHONPATH", path);
    let mut held =
        std::fs::File::options().read(true).write(true).open(home.file("events")).unwrap();
    let done = command.output().unwrap();
    assert_eq!(done.stdout, b"goes on\n", "{done:?}");
    let mut bytes = vec![0; 1 << 16];
    let length = std::io::Read::read(&mut held, &mut bytes).unwrap();
    let events = whole(&bytes[..length]);
    assert_eq!(events[0]["ev"], "start");
    assert!(events[0]["id"].as_str().unwrap().starts_with("Nameless"));
    assert!(events[0].get("name").is_none());
}

#[test]
fn lines_of_several_processes_are_whole() {
    let script = "import multiprocessing as m\n\
        def say(n):\n    [print(f'process {n} line {at}') for at in range(200)]\n\
        if __name__ == '__main__':\n    all = [m.Process(target=say, args=(n,)) for n in range(4)]\n    \
        [one.start() for one in all]; [one.join() for one in all]\n";
    let home = Home::new();
    std::fs::write(home.file("main.py"), script).unwrap();
    let done = home.planwatch(["run", "-n", "plan", "--", &python(), "main.py"]);
    let printed = done.prints_something().may_speak().runs().stdout;
    let mut lines: Vec<&str> = printed.lines().collect();
    lines.sort_unstable();
    let all = (0..4).flat_map(|n| (0..200).map(move |at| format!("process {n} line {at}")));
    let mut all: Vec<String> = all.collect();
    all.sort_unstable();
    assert_eq!(lines, all);
}
