//! `planwatch tasks` and `planwatch why` on real Luigi, and on plans without it.

use rustix::process::Signal;
use serde_json::Value;

use crate::harness::{Cmd, Home, Step, luigi_python};

const TASKS: &str = r#"
import os, time, luigi

class Base(luigi.Task):
    def output(self): return luigi.LocalTarget(f"out/{self.task_id}")
    def run(self):
        self.work()
        with self.output().open("w") as file: file.write("x")
    def work(self): print(f"{type(self).__name__} works")

class Leaf(Base):
    n = luigi.IntParameter()

class Swot(Base):
    def requires(self): return [Leaf(n=1), Leaf(n=2)]
    def work(self):
        print("asking the model")
        time.sleep(0.2)  # so that the two streams are read in the order in which they were written
        self.answer({"strengths": 1})
    def answer(self, data):
        return data["threats"]

class Summary(Base):
    def requires(self): return Swot()

class Report(Base):
    def requires(self): return [Summary(), Leaf(n=3)]

class Gate(Base):
    def requires(self): return Leaf(n=1)
    def work(self):
        open("at-the-gate", "w").close()
        while not os.path.exists("gate"): time.sleep(0.01)

class Good(Base):
    def requires(self): return [Gate(), Leaf(n=2)]

class Unsure(Base):
    def complete(self): raise RuntimeError("who knows")

class Day(luigi.Task):
    day = luigi.Parameter(batch_method=lambda days: ",".join(sorted(days)))
    max_batch_size = 10
    files = property(lambda self: [f"out/{day}" for day in self.day.split(",")])
    def complete(self): return all(map(os.path.exists, self.files))
    def run(self):
        os.makedirs("out", exist_ok=True)
        for file in self.files: open(file, "w").close()

class Days(luigi.WrapperTask):
    def requires(self): return [Day(day=day) for day in "abcde"]

class Ext(luigi.ExternalTask):
    def output(self): return luigi.LocalTarget("nowhere")

class NeedsExt(Base):
    def requires(self): return Ext()

class Everything(Base):
    def requires(self): return [Unsure(), NeedsExt(), Report()]
"#;

/// `planwatch run` of a task of the module above, with two workers.
fn luigi(home: &Home, options: &[&str], task: &str) -> Cmd {
    let Some(python) = luigi_python() else {
        panic!(
            "no Python with luigi: set PLANWATCH_TEST_PYTHON, or run the test command of the README"
        )
    };
    std::fs::write(home.file("tasks.py"), TASKS).unwrap();
    let python = python.to_str().unwrap();
    let command =
        ["--", python, "-m", "luigi", "--module", "tasks", "--local-scheduler", "--no-lock"];
    home.planwatch(["run", "-n", "plan"])
        .args(options)
        .args(&command)
        .args(&["--workers", "2", task])
        .env("PYTHONPATH", ".")
        .prints_something()
        .may_speak()
}

fn rows(home: &Home, arguments: &[&str]) -> Vec<Value> {
    let list = home.planwatch(["tasks", "-o", "json"]).args(arguments).prints_something().runs();
    list.json().as_array().unwrap().clone()
}

fn row<'r>(rows: &'r [Value], task: &str) -> &'r Value {
    rows.iter().find(|row| row["task"] == task).unwrap_or_else(|| panic!("no {task}: {rows:?}"))
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in:\n{text}");
    }
}

#[test]
fn a_failed_plan_shows_its_tasks_in_every_view() {
    let home = Home::new();
    luigi(&home, &[], "Report").code(30).runs();
    let rows = rows(&home, &["plan"]);
    assert_eq!(rows.len(), 6, "{rows:?}");
    let swot = row(&rows, "Swot()");
    assert_eq!((&swot["state"], &swot["error"]), (&"failed".into(), &"KeyError: 'threats'".into()));
    assert!(swot["pid"].is_i64() && swot["duration_ms"].is_u64() && swot["id"].is_string());
    for (task, state) in [("Leaf(n=1)", "done"), ("Leaf(n=3)", "done"), ("Summary()", "pending")] {
        assert_eq!(row(&rows, task)["state"], state, "{task}");
    }
    crate::schema::satisfies("tasks.schema.json", &Value::from(rows));

    let view = |arguments: &[&str]| {
        home.planwatch(["tasks", "plan"]).args(arguments).prints_something().runs().stdout
    };
    let table = view(&[]);
    has(&table, &["3 done", "1 failed", "2 not run", "KeyError: 'threats'", "Leaf(n=1)"]);
    assert!(table.find("\nSwot") < table.find("\nLeaf(n=1)"), "failures come first:\n{table}");
    has(&view(&["--timeline"]), &["✗ Swot", "✓ Leaf(n=2)", "· Report"]);
    let tree = view(&["--tree"]);
    has(
        &tree,
        &["· Report  not run\n├─ · Summary  not run\n│  └─ ✗ Swot  failed", "└─ ✓ Leaf(n=3)"],
    );
    has(&table, &["needs Swot, which failed"]);
    has(&view(&["--timeline"]), &["━ critical path", " → Swot"]);
    let failed = view(&["--state", "failed"]);
    assert!(failed.contains("\nSwot") && !failed.contains("\nLeaf"), "{failed}");
    home.planwatch(["tasks", "--state", "lost", "plan"]).code(2).says("failed, broken").runs();

    home.planwatch(["tasks", "plan", "--html", "page.html"]).runs();
    let page = home.until_file("page.html");
    has(&page, &["plan run 1", "KeyError: 'threats'", "in answer", "default-src 'none'"]);
    assert!(page.len() < 100_000);
    assert_eq!(view(&["--html", "-"]).len(), page.len());
    home.planwatch(["tasks", "plan", "--html", "no/such/folder.html"])
        .code(1)
        .says("folder.html")
        .runs();
}

#[test]
fn why_tells_what_failed_and_what_did_not_run_because_of_it() {
    let home = Home::new();
    luigi(&home, &[], "Report").code(30).runs();
    let screen = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    has(
        &screen,
        &[
            "plan run 1 FAILED",
            "Swot failed after",
            "in answer",
            "KeyError: 'threats'",
            "just before",
            "asking the model",
            "not run because of it: Summary, Report",
            "planwatch restart plan   (Luigi keeps the 3 finished tasks)",
        ],
    );
    assert!(!screen.contains("luigi/worker.py"), "Luigi's frames say nothing:\n{screen}");
    let why = home.planwatch(["why", "-o", "json", "plan"]).prints_something().runs().json();
    crate::schema::satisfies("why.schema.json", &why);
    assert_eq!((&why["verdict"], &why["exit"]), (&"failed".into(), &30.into()));
    let excerpt = &why["failures"][0]["excerpt"];
    let traceback = excerpt["traceback"].as_array().unwrap();
    assert_eq!(traceback.first().unwrap(), "Traceback (most recent call last):");
    assert_eq!(traceback.last().unwrap(), "KeyError: 'threats'");
    // The command it recommends shows the failure.
    let read_on = why["read_on"].as_str().unwrap().strip_prefix("planwatch ").unwrap();
    let shown = home.planwatch(read_on.split(' ')).prints_something().runs().stdout;
    has(&shown, &["KeyError: 'threats'"]);
}

#[test]
fn what_failed_is_named_before_what_never_began() {
    let home = Home::new();
    luigi(&home, &[], "Everything").code(30).runs();
    let screen = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    let headline =
        "1 of 10 tasks failed: Swot(), 1 could not be scheduled, 1 without data, 4 not run";
    has(&screen, &[headline, "not run because of them: "]);
    let table = home.planwatch(["tasks", "plan"]).prints_something().runs().stdout;
    has(&table, &["needs Ext, which is missing", "needs Unsure, which is broken, NeedsExt"]);
}

#[test]
fn a_luigi_that_logs_nothing_is_judged_by_what_the_bridge_heard() {
    let home = Home::new();
    std::fs::write(home.file("quiet.cfg"), "[core]\nlog_level=CRITICAL\n").unwrap();
    luigi(&home, &["-e", "LUIGI_CONFIG_PATH=quiet.cfg"], "NeedsExt").code(20).runs();
    let screen = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    has(&screen, &["Ext misses its data, which nothing here makes\n\n", "resume"]);
}

#[test]
fn a_later_call_of_luigi_does_not_hide_what_an_earlier_one_left_undone() {
    let home = Home::new();
    let script = |calls: &str| {
        let head =
            "import luigi, os, tasks\ndef build(*all): luigi.build(all, local_scheduler=True)";
        std::fs::write(home.file("twice.py"), format!("{head}\n{calls}\n")).unwrap();
    };
    std::fs::write(home.file("tasks.py"), TASKS).unwrap();
    let python = luigi_python().expect("a Python with luigi");
    let run = |code: i32| {
        for options in [&[][..], &["--no-bridge"]] {
            let _ = std::fs::remove_dir_all(home.file("out"));
            let command = ["--", python.to_str().unwrap(), "twice.py"];
            home.planwatch(["run", "-n", "plan"])
                .args(options)
                .args(&command)
                .code(code)
                .prints_something()
                .says("run ")
                .runs();
        }
    };
    script("build(tasks.Swot())\nbuild(tasks.Leaf(n=7))");
    run(30);
    script("build(tasks.Swot())\ntasks.Swot.work = lambda self: None\nbuild(tasks.Swot())");
    run(0);
}

#[test]
fn tasks_that_run_as_one_are_all_done_when_it_is() {
    for options in [&[][..], &["--no-bridge"]] {
        let home = Home::new();
        luigi(&home, options, "Days").runs();
        let rows = home.planwatch(["tasks", "-o", "json", "plan"]).prints_something().runs().json();
        let states: Vec<(&str, &str, u64)> = (rows.as_array().unwrap().iter())
            .map(|row| {
                let text = |key: &str| row[key].as_str().unwrap();
                (text("task"), text("state"), row["attempts"].as_u64().unwrap())
            })
            .collect();
        assert_eq!(states.len(), 7, "{states:?}");
        assert!(states.iter().all(|(_, state, _)| *state == "done"), "{states:?}");
        assert!(states.contains(&("Day(day=a,b,c,d,e)", "done", 1)), "{states:?}");
        // A table made again says the same.
        // It may not have been saved yet: the recorder does that when the run is over.
        let _ = std::fs::remove_dir_all(home.file("home/plans/plan/tasks"));
        let again = home.planwatch(["tasks", "-o", "json", "plan"]).prints_something().runs();
        assert_eq!(again.json(), rows);
    }
}

#[test]
fn what_a_second_call_of_luigi_finds_complete_is_in_the_table() {
    let home = Home::new();
    luigi(&home, &[], "Report").code(30).runs();
    let script = "import luigi, tasks\nfor n in 1, 2: luigi.build([tasks.Leaf(n=n)], local_scheduler=True)\n";
    std::fs::write(home.file("twice.py"), script).unwrap();
    let python = luigi_python().expect("a Python with luigi");
    home.planwatch([
        "run",
        "-n",
        "plan",
        "--no-bridge",
        "--",
        python.to_str().unwrap(),
        "twice.py",
    ])
    .prints_something()
    .says("run 2 ")
    .runs();
    let table = home.planwatch(["tasks", "plan"]).prints_something().runs().stdout;
    has(&table, &["2 complete before", "Leaf(n=1)", "Leaf(n=2)"]);
}

#[test]
fn a_luigi_that_did_nothing_since_another_is_at_work_is_no_success() {
    let home = Home::new();
    std::fs::write(home.file("tasks.py"), TASKS).unwrap();
    let python = luigi_python().expect("a Python with luigi");
    let run = |options: &[&str], name: &str| {
        let locks = home.file("locks");
        let command = ["--", python.to_str().unwrap(), "-m", "luigi", "--module", "tasks"];
        home.planwatch(["run", "-n", name])
            .args(options)
            .args(&command)
            .args(&["--local-scheduler", "--lock-pid-dir", locks.to_str().unwrap(), "Good"])
            .env("PYTHONPATH", ".")
            .prints_something()
    };
    run(&["-d"], "first").may_speak().runs();
    home.until_file("at-the-gate");
    run(&[], "second")
        .code(10)
        .says("INCOMPLETE")
        .says("exit 0, but Luigi did nothing because the same command is already running")
        .runs();
    std::fs::write(home.file("gate"), "").unwrap();
    home.planwatch(["wait", "first"]).prints("first succeeded 0\n").may_speak().runs();
}

#[test]
fn why_compares_with_the_last_success() {
    let home = Home::new();
    let script = |text: &str| std::fs::write(home.file("plan.sh"), text).unwrap();
    let run = |arguments: &[&str], code: i32| {
        let command = ["run", "-n", "plan", "--", "sh", "plan.sh"];
        home.planwatch(command).args(arguments).code(code).prints_something().may_speak().runs();
    };
    script("echo fine");
    run(&[], 0);
    let fine = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    assert!(fine.starts_with("plan run 1 SUCCEEDED") && fine.lines().count() == 1, "{fine}");
    script(
        "echo working; echo 'Traceback (most recent call last):' >&2; \
         echo '  File \"x.py\", line 1' >&2; echo 'ValueError: bad day' >&2; exit 1",
    );
    run(&["--harder"], 1);
    let screen = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    has(&screen, &["plan run 2 FAILED", "ValueError: bad day", "working", "last success: run 1"]);
    has(&screen, &["the command changed", "planwatch restart plan"]);
    let first = home.planwatch(["why", "plan~1"]).prints_something().runs().stdout;
    assert_eq!(first, fine);
    home.planwatch(["why", "plan@9"]).code(4).says("plan@1 to plan@2").runs();
    home.planwatch(["why", "paln"]).code(4).says("did you mean 'plan'").runs();
}

#[test]
fn why_tells_what_was_at_work_when_the_run_was_ended() {
    let home = Home::new();
    luigi(&home, &["-d"], "Good").runs();
    home.until_file("at-the-gate");
    let gate = ["wait", "plan", "--for", "log=running   Gate"];
    home.planwatch(gate).prints_something().runs();
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    let screen = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    has(&screen, &["1 cut off, 1 not run of 4", "at work when it ended: Gate\n  not run: Good\n"]);
    let why = home.planwatch(["why", "-o", "json", "plan"]).prints_something().runs().json();
    crate::schema::satisfies("why.schema.json", &why);
    assert_eq!((&why["cut_off"][0], &why["not_run"][0]), (&"Gate".into(), &"Good".into()));
}

#[test]
fn why_names_who_ended_a_run() {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "asked"], &[Step::Both(2), Step::Idle])
        .prints("asked\n")
        .may_speak()
        .runs();
    let running = home.planwatch(["why", "asked"]).prints_something().runs().stdout;
    has(&running, &["nothing has failed so far"]);
    home.planwatch(["stop", "asked"]).prints_something().may_speak().runs();
    let screen = home.planwatch(["why", "asked"]).prints_something().runs().stdout;
    has(&screen, &["STOPPED", " pid ", "asked for it"]);

    home.run_oracle(&["-n", "killed"], &[Step::Both(2), Step::Signal(9)])
        .code(137)
        .prints_something()
        .may_speak()
        .runs();
    let screen = home.planwatch(["why", "killed"]).prints_something().runs().stdout;
    has(&screen, &["KILLED", "SIGKILL came from outside"]);
    home.run_oracle(&["-n", "late", "--timeout", "50ms"], &[Step::Idle])
        .code(124)
        .prints_something()
        .may_speak()
        .runs();
    let screen = home.planwatch(["why", "late"]).prints_something().runs().stdout;
    has(&screen, &["TIMEOUT", "its time limit ended it"]);
}

#[test]
fn followed_on_a_pipe_each_change_is_a_line_and_the_end_is_the_end() {
    let home = Home::new();
    luigi(&home, &["-d"], "Good").runs();
    home.until_file("at-the-gate");
    let lines = home.planwatch(["tasks", "-f", "plan"]).prints_something().spawn();
    let json = home.planwatch(["tasks", "-f", "-o", "jsonl", "plan"]).prints_something().spawn();
    let gone = home.planwatch(["tasks", "-f", "plan"]).code(130).prints_something().spawn();
    for live in [&lines, &gone] {
        live.until_printed("▶ Gate running");
    }
    json.until_printed(
        r#""task":"Gate()","id":"Gate__99914b932b","family":"Gate","state":"running""#,
    );
    gone.signal(Signal::INT);
    gone.ends();
    home.touch("gate");
    let told = lines.ends().stdout;
    has(&told, &["✓ Gate done", "▶ Good running", "✓ Good done"]);
    let told = json.ends();
    let last: Value = serde_json::from_str(told.lines().last().unwrap()).unwrap();
    assert_eq!((&last["task"], &last["state"]), (&"Good()".into(), &"done".into()));
    home.planwatch(["tasks", "-f", "-o", "json", "plan"]).code(2).says("jsonl").runs();
}

#[test]
fn a_plan_without_luigi_has_no_tasks_and_says_so() {
    let home = Home::new();
    home.run_oracle(&["-n", "plain"], &[Step::Both(2)]).prints_something().may_speak().runs();
    let table = home.planwatch(["tasks", "plain"]).prints_something().runs().stdout;
    assert!(table.contains("no tasks seen"), "{table}");
    home.planwatch(["tasks", "-o", "json", "plain"]).prints("[]\n").runs();
    for view in ["--tree", "--timeline"] {
        home.planwatch(["tasks", "plain", view]).prints_something().runs();
    }
}

#[test]
fn a_task_can_be_waited_for_and_its_lines_can_be_read() {
    let home = Home::new();
    luigi(&home, &["-d"], "Good").runs();
    home.until_file("at-the-gate");
    let wait = |what: &str| home.planwatch(["wait", "--for", what, "plan"]);
    // One that has succeeded already, and one that has not.
    wait("task=Leaf(n=1)").prints("plan Leaf(n=1) done\n").runs();
    wait("task=Gate").arg("--timeout").arg("50ms").code(124).says("not within").runs();
    let waiting = wait("task=Gate__*").prints("plan Gate() done\n").spawn();
    let in_vain = wait("task=Nobody").code(1).prints("plan succeeded 0\n");
    let in_vain = in_vain.says("has ended and no task fits 'Nobody'").spawn();
    home.touch("gate");
    waiting.ends();
    in_vain.ends();
    wait("task=").code(2).says("name a task").runs();
    wait("tsak=x").code(2).says("task=GLOB").runs();

    let logs = |arguments: &[&str]| {
        home.planwatch(["logs", "plan"]).args(arguments).prints_something().runs().stdout
    };
    // Both names of the task, and of no other.
    let gate = logs(&["--task", "Gate()"]);
    has(
        &gate,
        &["running   Gate()", "done      Gate()", "task   Gate__99914b932b   has status   DONE"],
    );
    assert!(gate.lines().all(|line| line.contains("Gate")), "{gate}");
    assert_eq!(logs(&["--task", "Gate"]), gate);
    assert_eq!(logs(&["--task", "Gate__99914b932b"]), gate);
    let two = logs(&["--task", "Gate", "--task", "Leaf(n=2)"]);
    assert!(two.contains("running   Leaf(n=2)") && !two.contains("Leaf(n=1)"), "{two}");
    assert_eq!(logs(&["--task", "Nobody"]), "");
    let reversed =
        home.planwatch(["logs", "-r", "--task", "Gate", "plan"]).prints_something().runs();
    assert_eq!(reversed.lines().len(), gate.lines().count());
}

#[test]
fn without_the_bridge_nothing_is_said_of_what_requires_what() {
    let home = Home::new();
    luigi(&home, &["--no-bridge"], "Report").code(30).runs();
    let view =
        |view: &str| home.planwatch(["tasks", "plan", view]).prints_something().runs().stdout;
    has(&view("--tree"), &["what requires what is not known", "✗ Swot  failed"]);
    has(&view("--timeline"), &["critical path: not known", "✗ Swot"]);
    let screen = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    has(&screen, &["Swot failed after", "KeyError: 'threats'", "  not run: "]);
    let rows = rows(&home, &["plan"]);
    assert!(rows.iter().all(|row| row["requires"] == Value::Array(Vec::new())), "{rows:?}");
}

#[test]
fn on_a_terminal_it_is_drawn_in_place_and_leaves_nothing_behind() {
    let home = Home::new();
    luigi(&home, &["-d"], "Good").runs();
    home.until_file("at-the-gate");
    // Python's pty gives the command a terminal, and copies what it draws there.
    let spawn = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
    let python = luigi_python().unwrap();
    let drawn = home
        .planwatch(["tasks", "-f", "--timeline", "plan"])
        .under({
            let mut command = std::process::Command::new(python);
            command.arg("-c").arg(spawn);
            command
        })
        .code(0)
        .spawn();
    drawn.until_printed("waits for Gate");
    home.touch("gate");
    let text = drawn.ends().stdout;
    let pictures: Vec<&str> = text.split("\u{1b}[?2026h").skip(1).collect();
    assert!(pictures.len() > 1, "{text:?}");
    for picture in &pictures[1..] {
        assert!(
            picture.starts_with("\u{1b}["),
            "it goes up to where the last one began: {picture:?}"
        );
    }
    let last = pictures.last().unwrap();
    has(last, &["succeeded", "Good", "critical path"]);
    assert!(last.contains("\u{1b}[?2026l") && !last.contains('▶'), "{last:?}");
    // No cursor is hidden, no other screen is used: nothing has to be given back.
    for mode in ["\u{1b}[?25l", "\u{1b}[?1049h"] {
        assert!(!text.contains(mode), "{text:?}");
    }
}

#[test]
fn why_finds_the_lines_before_a_failure_that_two_streams_tell_of() {
    let home = Home::new();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/planexe/failed");
    let script = format!("cat {data}.stderr >&2 & cat {data}.stdout; wait");
    home.planwatch(["run", "-n", "plan", "--", "sh", "-c", &script])
        .code(30)
        .prints_something()
        .may_speak()
        .runs();
    let screen = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    has(
        &screen,
        &[
            "FocusOnVitalFewLeversTask failed after",
            "ValueError: No valid enriched levers were provided.",
            "LLM returned characterization for an unknown lever_id",
            "and 49 more",
        ],
    );
    assert!(
        !screen.contains("left pending, among these"),
        "what came after is no cause:\n{screen}"
    );
    let said = "unknown lever_id: 'amber pewter'";
    assert_eq!(screen.matches(said).count(), 1, "a copy is told once:\n{screen}");
}
