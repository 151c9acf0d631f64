//! Runs that planwatch no longer keeps in mind: as long as the log has them, they can be asked about.

use serde_json::Value;

use crate::harness::{Cmd, Home};

/// A run that speaks as Luigi does of one task, which works unless `fails`.
fn spoken(home: &Home, fails: bool) -> Cmd {
    let end = match fails {
        true => {
            "echo 'ERROR: [pid 7] Worker W failed    Leaf(n=1)'; echo 'Traceback (most recent call last):'; \
                 echo '  File \"x.py\", line 1, in run'; echo 'KeyError: 3'; exit 1"
        }
        false => "echo 'INFO: [pid 7] Worker W done      Leaf(n=1)'",
    };
    let script = format!(
        "echo 'INFO: Informed scheduler that task   Leaf_1_f4fe3360f0   has status   PENDING'; \
         echo 'INFO: [pid 7] Worker W running   Leaf(n=1)'; {end}"
    );
    home.planwatch(["run", "-n", "plan", "--segment-size", "64KiB", "--", "sh", "-c", &script])
}

fn states(home: &Home, run: &str) -> Vec<String> {
    let printed = home.planwatch(["tasks", run, "-o", "json"]).prints_something().runs().json();
    let rows: Vec<Value> = serde_json::from_value(printed).unwrap();
    rows.iter().map(|row| row["state"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_run_of_long_ago_shows_its_tasks_and_why_it_failed() {
    let home = Home::new();
    spoken(&home, true).code(1).prints_something().may_speak().runs();
    for _ in 0..11 {
        spoken(&home, false).prints_something().may_speak().runs();
    }
    home.until_quiet();
    assert_eq!(states(&home, "plan@1"), ["failed"]);
    assert_eq!(states(&home, "plan@2"), ["done"]);
    assert_eq!(states(&home, "plan@12"), ["done"]);
    // The tables beside the log are caches.
    std::fs::remove_dir_all(home.plan_dir("plan").join("tasks")).unwrap();
    assert_eq!(states(&home, "plan@1"), ["failed"]);
    let why = home.planwatch(["why", "plan@1"]).prints_something().runs();
    let why = why.lines().join("\n");
    assert!(why.contains("plan run 1 FAILED") && why.contains("KeyError: 3"), "{why}");
    home.planwatch(["tasks", "plan@13"]).code(4).says("plan has no run 13").runs();
}
