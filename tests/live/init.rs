//! `init`: a file of plans from what a folder holds, good enough to be run as it is.

use crate::harness::{Cmd, Home, luigi_python};

const TASKS: &str = r#"
import luigi

class Step(luigi.Task):
    def output(self): return luigi.LocalTarget("step.out")
    def run(self):
        with self.output().open("w") as file: file.write("x")

class Report(luigi.WrapperTask):
    def requires(self): return Step()

class OfCity(luigi.Task):
    city = luigi.Parameter()
    def requires(self): return Step()
"#;

const PIPELINE: &str = r#"
import os
folder = os.environ["RUN_ID_DIR"]
print("in", folder)
open(os.path.join(folder, "999-pipeline_complete.txt"), "w").close()
"#;

/// `planwatch` where `python` is the one that has luigi.
fn planwatch(home: &Home, args: &[&str]) -> Cmd {
    let python = luigi_python().expect("a Python with luigi: see the test command of the README");
    let bin = python.parent().expect("a folder").display().to_string();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap());
    home.planwatch(args).env("PATH", &path).may_speak().prints_something()
}

#[test]
fn modules_with_luigi_tasks_become_plans_that_run() {
    let home = Home::new();
    std::fs::write(home.file("paint.py"), TASKS).unwrap();
    std::fs::write(home.file("other.py"), "class Report(object): pass\n").unwrap();
    let said = planwatch(&home, &["init"]).runs().stderr;
    assert!(said.contains("with 1 plan: found 2 Luigi tasks"), "{said}");
    let text = std::fs::read_to_string(home.file("plans.toml")).unwrap();
    assert!(text.contains("\n[plan.report]\n") && text.contains("\n# [plan.of-city]\n"), "{text}");
    planwatch(&home, &["check"]).runs();
    let done = planwatch(&home, &["up", "--foreground"]).runs();
    assert!(home.file("step.out").exists(), "{}", done.stdout);
    home.until_quiet();
}

#[test]
fn run_folders_of_planexe_that_are_not_complete_become_plans_and_a_file_is_never_overwritten() {
    let home = Home::new();
    let write = |name: &str, text: &str| {
        let path = home.file(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("planexe/worker_plan/worker_plan_internal/plan/run_plan_pipeline.py", PIPELINE);
    write("planexe/run/dublin_cafe/001-2-plan.txt", "a cafe");
    write("planexe/run/mars/001-2-plan.txt", "a base");
    write("planexe/run/mars/999-pipeline_complete.txt", "");
    let said = planwatch(&home, &["init", "planexe"]).runs().stderr;
    assert!(said.contains("PlanExe, 1 of 2 run folders not complete"), "{said}");
    let file = home.file("planexe/plans.toml").display().to_string();
    assert!(said.contains(&format!("planwatch up -f {file}")), "{said}");
    planwatch(&home, &["check", "-f", &file]).runs();
    planwatch(&home, &["up", "--foreground", "-f", &file]).runs();
    let marker = home.file("planexe/run/dublin_cafe/999-pipeline_complete.txt");
    assert!(marker.exists(), "the pipeline was run in its folder");
    let before = std::fs::read_to_string(&file).unwrap();
    let refused = planwatch(&home, &["init", "planexe"]).code(5).runs().stderr;
    assert!(refused.contains("is there already"), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    home.until_quiet();
}
