//! The demo's three plans, and how each is meant to end.

use crate::model::Verdict;

/// A plan of the demo.
pub(super) struct DemoPlan {
    /// Its name.
    pub(super) name: &'static str,
    /// The file that runs it.
    pub(super) script: &'static str,
    /// What it shows.
    pub(super) shows: &'static str,
    /// The verdict it must end with.
    pub(super) verdict: Verdict,
    /// The exit code that `planwatch run` gives for it.
    pub(super) code: i32,
}

/// All three.
pub(super) const PLANS: [DemoPlan; 3] = [
    DemoPlan {
        name: "demo-dag",
        script: "dag.py",
        shows: "12 tasks that wait for each other, 4 at a time",
        verdict: Verdict::Succeeded,
        code: 0,
    },
    DemoPlan {
        name: "demo-failing",
        script: "failing.py",
        shows: "a task that fails; Luigi exits with 0 all the same",
        verdict: Verdict::Failed,
        code: 30,
    },
    DemoPlan {
        name: "demo-retries",
        script: "retries.py",
        shows: "a task that fails twice, then succeeds",
        verdict: Verdict::Retried,
        code: 0,
    },
];

/// The Python files, by name.
pub(super) const FILES: [(&str, &str); 4] = [
    ("shape.py", include_str!("../../../demo/shape.py")),
    ("dag.py", include_str!("../../../demo/dag.py")),
    ("failing.py", include_str!("../../../demo/failing.py")),
    ("retries.py", include_str!("../../../demo/retries.py")),
];
