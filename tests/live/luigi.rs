//! Real Luigi, judged.
//!
//! Needs a Python that can import luigi: PLANWATCH_TEST_PYTHON, or the one that the test command
//! makes under `target/`.

use serde_json::{Value, json};

use crate::harness::{Home, luigi_python};

const TASKS: &str = r#"
import os, time, luigi

class Leaf(luigi.Task):
    n = luigi.IntParameter()
    def output(self): return luigi.LocalTarget(f"out/leaf-{self.n}")
    def run(self):
        print(f"leaf {self.n} prints")
        with self.output().open("w") as file: file.write("x")

class Good(luigi.WrapperTask):
    def requires(self): return [Leaf(n) for n in range(6)]

class Fails(luigi.Task):
    def requires(self): return Leaf(1)
    def output(self): return luigi.LocalTarget("out/never")
    def run(self): raise ValueError("it was bound to fail")

class Ext(luigi.ExternalTask):
    def output(self): return luigi.LocalTarget("out/from-elsewhere")

class NeedsExt(luigi.WrapperTask):
    def requires(self): return Ext()

class Flaky(luigi.Task):
    retry_count = 3
    def output(self): return luigi.LocalTarget("out/flaky")
    def run(self):
        if not os.path.exists("tried"):
            open("tried", "w").close()
            raise ValueError("once")
        with self.output().open("w") as file: file.write("x")

class Leaf0(Leaf):
    n = luigi.IntParameter(0)

class Once(luigi.Task):
    def output(self): return luigi.LocalTarget("out/once")
    def run(self):
        if not os.path.exists("tried-once"):
            open("tried-once", "w").close()
            raise ValueError("once")
        with self.output().open("w") as file: file.write("x")

class Broken(luigi.Task):
    def complete(self): raise ValueError("nobody can tell")

class NeedsBroken(luigi.WrapperTask):
    def requires(self): return [Leaf(1), Broken()]

class Second(luigi.Task):
    def requires(self): return Gated()
    def output(self): return luigi.LocalTarget("out/second")
    def run(self):
        with self.output().open("w") as file: file.write("x")

class Gated(luigi.Task):
    def output(self): return luigi.LocalTarget("out/gated")
    def run(self):
        open("at-the-gate", "w").close()
        while not os.path.exists("gate"): time.sleep(0.01)
        with self.output().open("w") as file: file.write("x")

class Sleeper(luigi.Task):
    n = luigi.IntParameter()
    def output(self): return luigi.LocalTarget(f"out/sleeper-{self.n}")
    def run(self):
        open(f"asleep-{self.n}", "w").close()
        time.sleep(1000)

class Sleepers(luigi.WrapperTask):
    def requires(self): return [Sleeper(n) for n in range(4)]
"#;

/// `planwatch run` of a task of the module above.
fn luigi(
    home: &Home,
    plan: &str,
    options: &[&str],
    task: &str,
    more: &[&str],
) -> crate::harness::Cmd {
    let python = luigi_python().unwrap_or_else(|| {
        panic!(
            "no Python with luigi: set PLANWATCH_TEST_PYTHON, or run the test command of the README"
        )
    });
    std::fs::write(home.file("tasks.py"), TASKS).unwrap();
    // A worker that is kept alive would retry the tasks that are bound to fail, too.
    let alive = task == "Flaky";
    // Luigi refuses a command line that runs already, whatever folder it runs in: another test's.
    let config =
        format!("[core]\nno_lock=True\n[worker]\nkeep_alive={alive}\n[scheduler]\nretry_delay=1\n");
    let own = std::fs::read_to_string(home.file("own.cfg")).unwrap_or_default();
    std::fs::write(home.file("luigi.cfg"), config + &own).unwrap();
    home.planwatch(["run", "-n", plan])
        .args(options)
        .args(&[
            "--",
            python.to_str().unwrap(),
            "-m",
            "luigi",
            "--module",
            "tasks",
            "--local-scheduler",
            task,
        ])
        .args(more)
        .env("PYTHONPATH", ".")
        .env("LUIGI_CONFIG_PATH", home.file("luigi.cfg").to_str().unwrap())
        .prints_something()
        .may_speak()
}

fn row(home: &Home) -> Value {
    home.planwatch(["ps", "-o", "json"]).prints_something().runs().json()[0].clone()
}

fn ends(home: &Home, task: &str, verdict: &str, code: i32) {
    luigi(home, "plan", &[], task, &[]).code(code).runs();
    let report = home.audit("plan").holds();
    assert_eq!(report.verdicts[&1], (verdict.to_owned(), i64::from(code)));
    assert_eq!(home.records("plan").events("run.exited")[0]["code"], 0, "Luigi itself exits 0");
    home.until_quiet();
}

#[test]
fn a_plan_whose_tasks_all_succeed_has_succeeded() {
    let home = Home::new();
    ends(&home, "Good", "succeeded", 0);
    let out = String::from_utf8(home.records("plan").bytes(1, "stdout")).unwrap();
    assert_eq!(out.matches("prints").count(), 6);
}

#[test]
fn a_plan_with_a_failing_task_has_failed_though_luigi_exits_0() {
    let home = Home::new();
    ends(&home, "Fails", "failed", 30);
    let records = home.records("plan");
    let traceback =
        records.0.iter().find(|r| r["msg"] == "ValueError: it was bound to fail").unwrap();
    assert_eq!(traceback["level"], "error");
    let row = row(&home);
    let counts = json!({"total": 2, "done": 1, "running": 0, "failed": 1, "pending": 0});
    assert_eq!(
        (&row["tasks"], &row["reasons"][0]),
        (&counts, &json!("1 of 2 tasks failed: Fails()"))
    );
}

#[test]
fn a_plan_that_lacks_external_data_is_incomplete() {
    let home = Home::new();
    ends(&home, "NeedsExt", "incomplete", 20);
    let reason = json!("1 of 2 tasks lacks its data: Ext(), 1 not run");
    assert_eq!(row(&home)["reasons"][0], reason);
    let why = home.planwatch(["why", "plan", "-o", "json"]).prints_something().runs().json();
    crate::schema::satisfies("why.schema.json", &why);
    assert_eq!(why["failures"][0]["what"], "missing", "a word for scripts");
    let why = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    assert!(why.contains("misses its data"), "{why}");
}

#[test]
fn a_plan_that_lets_luigi_print_no_summary_has_failed_with_its_task_all_the_same() {
    let home = Home::new();
    let quiet = ["--no-bridge"];
    luigi(&home, "plan", &quiet, "Fails", &["--log-level", "WARNING"]).code(30).runs();
    assert_eq!(row(&home)["reasons"][1], "Luigi's summary was not seen");
    home.until_quiet();
}

#[test]
fn a_plan_that_calls_luigi_again_is_not_mended_by_a_call_that_leaves_its_tasks_undone() {
    let home = Home::new();
    let program = "import sys, luigi, tasks\nfor name in sys.argv[1:]:\n  \
                   luigi.build([getattr(tasks, name)()], local_scheduler=True)\n";
    std::fs::write(home.file("tasks.py"), TASKS).unwrap();
    std::fs::write(home.file("calls.py"), program).unwrap();
    let python = luigi_python().unwrap();
    for (number, names, verdict, code) in [
        (1, ["Fails", "NeedsExt"], "failed", 30),
        (2, ["NeedsExt", "Leaf0"], "incomplete", 20),
        (3, ["Once", "Once"], "retried", 0),
    ] {
        home.planwatch(["run", "-n", "plan", "--", python.to_str().unwrap(), "calls.py"])
            .args(&names)
            .code(code)
            .prints_something()
            .may_speak()
            .runs();
        let report = home.audit("plan").holds();
        assert_eq!(report.verdicts[&number], (verdict.to_owned(), i64::from(code)), "{names:?}");
    }
    home.until_quiet();
}

#[test]
fn who_follows_a_plan_that_lacks_data_leaves_with_it_though_it_restarts_on_failure() {
    let home = Home::new();
    luigi(&home, "plan", &["--restart", "on-failure"], "NeedsExt", &[]).code(20).runs();
    home.planwatch(["wait", "plan"]).code(20).prints("plan incomplete 20\n").may_speak().runs();
    let records = home.records("plan");
    assert_eq!(records.events("run.verdict")[0]["luigi"], "missing");
    assert_eq!(records.events("supervisor.adopted").len(), 0, "nobody was sent for");
    home.until_quiet();
}

#[test]
fn a_plan_that_succeeded_in_a_retry_says_so() {
    let home = Home::new();
    ends(&home, "Flaky", "retried", 0);
    let counts = json!({"total": 1, "done": 1, "running": 0, "failed": 0, "pending": 0});
    assert_eq!(row(&home)["tasks"], counts);
}

#[test]
fn a_plan_with_a_task_that_could_not_be_scheduled_has_failed_so() {
    let home = Home::new();
    ends(&home, "NeedsBroken", "failed", 35);
    let reasons = row(&home)["reasons"][0].as_str().unwrap_or_default().to_owned();
    assert!(reasons.contains("Broken()"), "{reasons}");
}

#[test]
fn a_luigi_that_was_told_to_take_no_new_task_leaves_the_rest_not_run() {
    let home = Home::new();
    luigi(&home, "plan", &["-d"], "Second", &[]).runs();
    home.until_file("at-the-gate");
    // Luigi's own way to drain a worker: what runs ends, nothing else begins.
    home.planwatch(["signal", "-s", "USR1", "plan"]).prints_something().may_speak().runs();
    std::fs::write(home.file("gate"), "").unwrap();
    home.planwatch(["wait", "plan"]).code(25).prints("plan incomplete 25\n").may_speak().runs();
    let counts = json!({"total": 2, "done": 1, "running": 0, "failed": 0, "pending": 1});
    assert_eq!(row(&home)["tasks"], counts);
}

#[test]
fn a_plans_own_mapping_of_exit_codes_is_passed_on_and_never_read_as_luigis() {
    // Each number means something else in Luigi's recommendation.
    for (key, own, task, verdict) in [
        ("task_failed", 20, "Fails", "failed"),
        ("missing_data", 30, "NeedsExt", "incomplete"),
        ("scheduling_error", 25, "NeedsBroken", "failed"),
        ("task_failed", 77, "Fails", "failed"),
    ] {
        let home = Home::new();
        std::fs::write(home.file("own.cfg"), format!("[retcode]\n{key}={own}\n")).unwrap();
        luigi(&home, "plan", &[], task, &[]).code(own).runs();
        let report = home.audit("plan").holds();
        assert_eq!(report.verdicts[&1], (verdict.to_owned(), i64::from(own)), "{key}={own}");
        assert_eq!(home.records("plan").events("run.exited")[0]["code"], own);
        let wait = home.planwatch(["wait", "plan"]).code(own).may_speak();
        wait.prints(&format!("plan {verdict} {own}\n")).runs();
        home.until_quiet();
    }
}

#[test]
fn stopping_a_plan_with_four_workers_leaves_no_process() {
    let home = Home::new();
    luigi(&home, "plan", &["-d"], "Sleepers", &["--workers", "4"]).runs();
    for n in 0..4 {
        home.until_file(&format!("asleep-{n}"));
    }
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    home.until_quiet();
    let report = home.audit("plan").holds();
    assert_eq!(report.verdicts[&1].0, "stopped");
}

#[test]
fn records_of_a_real_run_satisfy_the_published_schema() {
    let home = Home::new();
    luigi(&home, "plan", &["--segment-size", "64KiB"], "Fails", &["--workers", "2"])
        .code(30)
        .runs();
    crate::schema::all_records_satisfy_it(&home, "plan");
}

#[test]
fn a_program_that_logs_everything_twice_makes_each_attempt_once() {
    let home = Home::new();
    let script = "import logging, sys, luigi, tasks\n\
        logging.basicConfig(level=logging.INFO, format=sys.argv[1])\n\
        luigi.build([tasks.Fails()], local_scheduler=True)\n";
    std::fs::write(home.file("tasks.py"), TASKS).unwrap();
    std::fs::write(home.file("twice.py"), script).unwrap();
    let named = "%(levelname)s:%(name)s:%(message)s";
    let timed = "%(asctime)s %(levelname)s %(message)s";
    let python = luigi_python().expect("set PLANWATCH_TEST_PYTHON to a Python with luigi");
    for (plan, format, options) in [
        ("heard", named, &[][..]),
        ("read", named, &["--no-bridge"]),
        ("timed", timed, &["--no-bridge"]),
    ] {
        let _ = std::fs::remove_dir_all(home.file("out"));
        home.planwatch(["run", "-n", plan])
            .args(options)
            .args(&["--", python.to_str().unwrap(), "twice.py", format])
            .code(30)
            .prints_something()
            .may_speak()
            .runs();
        let err = String::from_utf8(home.records(plan).bytes(1, "stderr")).unwrap();
        assert_eq!(err.matches("running   Fails()").count(), 2, "it does log twice: {err}");
        let tasks = home.planwatch(["tasks", "-o", "json", plan]).prints_something().runs().json();
        let attempts: Vec<_> = tasks
            .as_array()
            .unwrap()
            .iter()
            .map(|task| (&task["task"], &task["attempts"]))
            .collect();
        assert_eq!(attempts, [(&json!("Fails()"), &json!(1)), (&json!("Leaf(n=1)"), &json!(1))]);
    }
}

#[test]
fn an_external_task_that_is_tried_again_says_that_its_data_is_missing() {
    let home = Home::new();
    let again = ["--worker-retry-external-tasks", "--worker-max-reschedules", "2"];
    luigi(&home, "plan", &[], "NeedsExt", &again).any_code().runs();
    let err = String::from_utf8(home.records("plan").bytes(1, "stderr")).unwrap();
    assert!(err.contains("status   FAILED"), "it is tried, and fails: {err}");
    let why = home.planwatch(["why", "plan"]).prints_something().runs().stdout;
    assert!(why.contains("its data does not exist (yet)"), "{why}");
}
