//! The tasks of a plan whose recorder is killed, whose caches are lost, and whose log rotates.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::harness::{Home, Random, luigi_python, scale};

/// A plan that prints what a whole run of PlanExe printed, both streams side by side, at the pace of
/// a run that is watched.
fn planexe(home: &Home) -> crate::harness::Cmd {
    const SAY: &str = r#"
say() {
    n=0
    while IFS= read -r line; do
        printf '%s\n' "$line"
        n=$((n+1))
        [ $((n % 8)) = 0 ] && sleep 0.01
    done
}
say < "$1" & say < "$2" >&2 & wait
"#;
    let data = |name| format!("{}/tests/data/planexe/whole/{name}", env!("CARGO_MANIFEST_DIR"));
    home.planwatch(["run", "-d", "-n", "plan", "--segment-size", "64KiB", "--"])
        .args(&["sh", "-c", SAY, "sh", &data("stdout"), &data("stderr")])
        .prints("plan\n")
        .may_speak()
}

fn row(home: &Home) -> Value {
    home.planwatch(["ps", "-o", "json"]).prints_something().runs().json()[0].clone()
}

#[test]
fn a_storm_on_the_recorder_counts_no_task_twice_and_forgets_none() {
    let home = Home::new();
    planexe(&home).runs();
    let mut random = Random::new();
    for blow in 0..scale(20, 100) {
        let Some(recorder) = home.recorder("plan") else { continue };
        random.moment(Duration::from_millis(60));
        recorder.signal(Signal::KILL);
        // Both are only caches.
        if blow % 3 == 0 {
            let _ = std::fs::remove_dir_all(home.plan_dir("plan").join("tasks"));
        }
        if blow % 4 == 0 {
            let _ = std::fs::remove_file(home.plan_dir("plan").join("status.json"));
        }
    }
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    home.audit("plan").holds();
    let all = json!({"total": 63, "done": 63, "running": 0, "failed": 0, "pending": 0});
    assert_eq!(row(&home)["tasks"], all);
    home.until_quiet();
    assert_eq!(row(&home)["tasks"], all);
    let saved = home.plan_dir("plan").join("tasks/1.json");
    let saved: Value = serde_json::from_slice(&std::fs::read(saved).unwrap()).unwrap();
    let tasks = saved["table"]["tasks"].as_array().unwrap();
    let begun = tasks.iter().map(|task| task["attempts"].as_u64().unwrap());
    assert_eq!((tasks.len(), begun.sum::<u64>()), (63, 61));
    assert_eq!(saved["table"]["partial"], false);
    std::fs::remove_dir_all(home.plan_dir("plan").join("tasks")).unwrap();
    std::fs::remove_file(home.plan_dir("plan").join("status.json")).unwrap();
    assert_eq!(row(&home)["tasks"], all, "the log alone is enough");
}

#[test]
fn lines_carry_their_task_and_text_that_only_looks_like_them_convinces_nobody() {
    let home = Home::new();
    let said = "\
INFO: Informed scheduler that task   Leaf_3_ab99dd1074   has status   PENDING
INFO: Done scheduling tasks
INFO: [pid 7] Worker w running   Leaf(n=3)
INFO: Informed scheduler that task   Fake_1   has status   DONE
ERROR: [pid 7] Worker w failed    Leaf(n=3)
Traceback (most recent call last):
  frame
KeyError: Informed scheduler that task   Leaf_3_ab99dd1074   has status   DONE
";
    std::fs::write(home.file("said"), said).unwrap();
    home.planwatch(["run", "-n", "plan", "--", "sh", "-c", "cat said; exit 3"])
        .code(3)
        .prints(said)
        .may_speak()
        .runs();
    let row = row(&home);
    let counts = json!({"total": 1, "done": 0, "running": 0, "failed": 1, "pending": 0});
    assert_eq!(row["tasks"], counts);
    assert_eq!(row["reasons"], json!(["1 of 1 tasks failed: Leaf(n=3)", "exit code 3"]));
    let records = home.records("plan");
    let told: Vec<(&str, &str)> = (records.0.iter())
        .filter_map(|record| Some((record["task"].as_str()?, record["task_event"].as_str()?)))
        .collect();
    let id = "Leaf_3_ab99dd1074";
    let (started, failed) = (("Leaf(n=3)", "started"), ("Leaf(n=3)", "failed"));
    assert_eq!(told, [(id, "pending"), started, ("Fake_1", "done"), failed]);
}

#[test]
fn a_row_of_ps_says_what_a_real_plan_is_doing() {
    let python = luigi_python().unwrap_or_else(|| panic!("no Python with luigi"));
    let home = Home::new();
    let tasks = "import luigi, os
class Waits(luigi.Task):
    done = False
    def complete(self): return self.done
    def run(self):
        open('begun', 'w').close()
        while not os.path.exists('go'): pass
        self.done = True
";
    std::fs::write(home.file("tasks.py"), tasks).unwrap();
    let command = ["-m", "luigi", "--module", "tasks", "--local-scheduler", "Waits"];
    home.planwatch(["run", "-d", "-n", "plan", "--", python.to_str().unwrap()])
        .args(&command)
        .env("PYTHONPATH", ".")
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until_file("begun");
    home.until("the task is seen", || (row(&home)["now"] == json!(["Waits()"])).then_some(()));
    assert_eq!(row(&home)["tasks"]["running"], 1);
    home.touch("go");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    assert_eq!((&row(&home)["now"], &row(&home)["tasks"]["done"]), (&json!([]), &json!(1)));
}
