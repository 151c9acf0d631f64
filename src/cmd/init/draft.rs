//! What was found in a folder → the text of a file of plans.

use std::collections::BTreeSet;
use std::path::Path;

use super::folder::{Found, PlanExe, Run};
use crate::foreign::MARKER;
use crate::model::PlanName;

const HEAD: &str = r#"# Plans: what runs, in which order, and what follows when it fails.
#
#   planwatch check          what this file means; every mistake with its line
#   planwatch up             starts it: at most `jobs` at once, the others wait for their turn
#   planwatch ps · watch     how they fare
#   planwatch down           takes out what waits, stops what runs
#
# Every key and what may stand there, for editors: planwatch check --schema > plans.schema.json

[defaults]                        # holds for every plan that does not say otherwise
jobs = 2                          # plans at once, over everything that is queued
# timeout = "3h"                  # stopped after that
# restart = { policy = "on-failure", max = 3, backoff = "30s" }   # Luigi goes on where it was
# stall-timeout = { after = "20m", then = "warn" }                # silent for so long: told
# env-file = [".env"]             # values go to the plans and are kept nowhere
# on-failure = "mail -s \"$PLANWATCH_PLAN: $PLANWATCH_VERDICT\" me@example.org"
"#;

const EXAMPLE: &str = r#"
[plan.example]                    # nothing to run was found here: put your own in its place
cmd = ["echo", "a program and its arguments; in one text it is a line for the shell"]
# cwd = "."                       # from this file's folder on
# env = { NAME = "value" }
# after = ["another-plan"]        # comes after it, if it has succeeded; when = "exit": in any case
"#;

/// The text.
pub(super) fn draft(found: &Found) -> String {
    let mut text = HEAD.to_owned();
    let mut plans = 0;
    if found.planexe.is_some() || !found.runs.is_empty() {
        plans += pipeline(found, &mut text);
    }
    let mut names = BTreeSet::new();
    for (module, task) in &found.tasks {
        let name = name_of(&task.class, module, &mut names);
        let python = quoted(&literal(&found.python));
        let mut cmd = format!(
            "[{python}, \"-m\", \"luigi\", \"--module\", {}, {}, \"--local-scheduler\"",
            quoted(module),
            quoted(&task.class)
        );
        for parameter in &task.lacks {
            cmd += &format!(", \"--{}\", \"…\"", parameter.replace('_', "-"));
        }
        if task.lacks.is_empty() {
            plans += 1;
            text += &format!("\n[plan.{name}]\ncmd = {cmd}]\n");
        } else {
            let lacks = task.lacks.join(", ");
            text += &format!("\n# Say what {lacks} shall be, and take the # away.\n");
            text += &format!("# [plan.{name}]\n# cmd = {cmd}]\n");
        }
    }
    if plans == 0 {
        text += EXAMPLE;
    }
    text
}

/// PlanExe's runs: those that are not complete go on where they were. Gives how many tables that are.
fn pipeline(found: &Found, text: &mut String) -> usize {
    let usual = PlanExe {
        cwd: "/path/to/PlanExe/worker_plan".into(),
        module: "worker_plan_internal.plan.run_plan_pipeline".to_owned(),
        python: None,
    };
    let planexe = found.planexe.as_ref().unwrap_or(&usual);
    let python = planexe.python.as_ref().unwrap_or(&found.python);
    let parent = found.runs.first().and_then(|run| run.path.parent());
    let parent = parent.map_or_else(|| found.dir.join("run"), Path::to_owned);
    let (open, complete): (Vec<&Run>, Vec<&Run>) = found.runs.iter().partition(|run| !run.complete);
    let usable = |run: &&&Run| format!("planexe-{}", folder(run)).parse::<PlanName>().is_ok();
    let (fit, unfit): (Vec<&Run>, Vec<&Run>) = open.iter().partition(|run| usable(run));
    *text +=
        "\n# PlanExe: each of these folders is one run; one that was begun goes on where it was.\n";
    for (what, runs) in [("complete already", complete), ("no name for a plan", unfit)] {
        for run in runs {
            *text += &format!("# {what}: {}\n", folder(run).escape_debug());
        }
    }
    let each: Vec<String> =
        fit.iter().map(|run| format!("    {},\n", quoted(&folder(run)))).collect();
    let mut table = String::from("[plan.planexe]\n");
    table += &match each.is_empty() {
        true => "foreach = [\"a-folder-below-run\"]\n".to_owned(),
        false => format!("foreach = [\n{}]\n", each.concat()),
    };
    table +=
        &format!("cmd = [{}, \"-m\", {}]\n", quoted(&literal(python)), quoted(&planexe.module));
    let lost =
        if found.planexe.is_some() { "" } else { "   # PlanExe was not found: where is it?" };
    table += &format!("cwd = {}{lost}\n", quoted(&literal(&planexe.cwd.display().to_string())));
    let dir = quoted(&format!("{}/${{each}}", literal(&parent.display().to_string())));
    table += &format!("env = {{ RUN_ID_DIR = {dir} }}\n");
    table += &format!("verdict = [\"exit\", \"luigi\", \"file:${{RUN_ID_DIR}}/{MARKER}\"]\n");
    if each.is_empty() {
        *text += "# None is to be done: name some, and take the # away.\n";
        table = table.lines().map(|line| format!("# {line}\n")).collect();
    }
    *text += &table;
    usize::from(!each.is_empty())
}

fn folder(run: &Run) -> String {
    run.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// `GoodReport` is good-report; where that is taken, the module stands in front.
fn name_of(class: &str, module: &str, taken: &mut BTreeSet<String>) -> String {
    let mut name = String::new();
    for c in class.chars().filter(char::is_ascii) {
        if c.is_ascii_uppercase() && name.ends_with(|c: char| c.is_ascii_lowercase()) {
            name.push('-');
        }
        name.push(if c == '_' { '-' } else { c.to_ascii_lowercase() });
    }
    let name = name.trim_matches('-').to_owned();
    let long = format!("{}-{name}", module.replace(['.', '_'], "-"));
    let mut all = [name, long].into_iter().chain((2..).map(|n| format!("plan-{n}")));
    let free = |name: &String| name.parse::<PlanName>().is_ok() && !taken.contains(name);
    let name = all.find(free).unwrap_or_default();
    taken.insert(name.clone());
    // A dot in a key of TOML would begin a table of its own.
    if name.contains('.') { quoted(&name) } else { name }
}

/// A text in which nothing is a variable.
fn literal(text: &str) -> String {
    text.replace("${", "$${")
}

/// A text as TOML writes it, which is as JSON does but for one character.
fn quoted(text: &str) -> String {
    serde_json::Value::String(text.to_owned()).to_string().replace('\u{7f}', "\\u007f")
}

#[cfg(test)]
mod tests {
    use super::super::module::Task;
    use super::*;
    use crate::plans::{PlansFile, Surroundings, read};

    fn meant(found: &Found) -> (String, PlansFile) {
        let text = draft(found);
        let around = Surroundings { folder: &found.dir, var: &|_| None, umask: 0o022 };
        let file =
            read(&text, false, &around).unwrap_or_else(|mistakes| panic!("{mistakes:?}\n{text}"));
        (text, file)
    }

    #[test]
    fn a_draft_is_a_good_file_whatever_was_found() {
        let mut found = Found { dir: "/srv".into(), python: "python3".into(), ..Found::default() };
        assert_eq!(meant(&found).1.plans[0].name().as_str(), "example");
        let task = |class: &str, lacks: &[&str]| {
            let lacks = lacks.iter().map(|&lack| lack.to_owned()).collect();
            ("reports.daily".to_owned(), Task { class: class.to_owned(), lacks })
        };
        found.tasks =
            vec![task("GoodReport", &[]), task("ByCity", &["city"]), task("Good_Report", &[])];
        let (text, file) = meant(&found);
        let names: Vec<&str> = file.plans.iter().map(|plan| plan.name().as_str()).collect();
        assert_eq!(names, ["good-report", "reports-daily-good-report"]);
        assert!(text.contains("# [plan.by-city]") && text.contains("\"--city\""), "{text}");
        let run = |name: &str, complete| Run { path: Path::new("/srv/run").join(name), complete };
        found.tasks.clear();
        found.runs = vec![run("dublin", false), run("mars", true), run("a \"b\"", false)];
        let (text, file) = meant(&found);
        let [plan] = &file.plans[..] else { panic!("{text}") };
        assert_eq!(plan.name().as_str(), "planexe-dublin");
        assert_eq!(plan.env[0].1, "/srv/run/dublin");
        assert!(plan.spec.verdict[2].to_string().contains("/srv/run/dublin/999-"), "{text}");
        assert!(text.contains("# complete already: mars"), "{text}");
        found.runs.truncate(0);
        found.planexe = Some(PlanExe { cwd: "/x".into(), module: "m".into(), python: None });
        assert_eq!(meant(&found).1.plans[0].name().as_str(), "example");
    }
}
