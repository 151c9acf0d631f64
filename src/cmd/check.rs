//! `check`: reads a file of plans and prints what it would run. Starts nothing.

use std::path::Path;

use serde::Serialize;

use super::World;
use super::out::Out;
use super::plansfile::{Wanted, open};
use super::ps::ListForm;
use super::say::say;
use crate::exit::Exit;
use crate::model::{After, Spec, secret};
use crate::plans::Planned;
use crate::render::table::{Cell, Column, table};
use crate::render::theme::Tone;

/// What a user may mean by `check`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which plans.
    pub wanted: Wanted,
    /// The form.
    pub output: ListForm,
    /// Only print the JSON Schema of such files.
    pub schema: bool,
}

/// What may stand in a file of plans, for editors.
const SCHEMA: &str = include_str!("../../schema/plans.schema.json");

/// One plan as `check -o json` prints it. Values of variables are not shown.
#[derive(Debug, Serialize)]
struct Row<'a> {
    plan: &'a str,
    line: usize,
    argv: Vec<String>,
    cwd: String,
    env: Vec<&'a str>,
    secret: &'a [String],
    env_files: Vec<String>,
    after: Vec<&'a str>,
    when: &'static str,
    priority: i64,
    group: Option<&'a str>,
    timeout_ms: Option<u64>,
    restart: Option<String>,
    stall_ms: Option<u64>,
    verdict: Vec<String>,
}

/// Does it. What is sure to fail at the start is said, and exits with 1.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    if options.schema {
        let mut out = Out::stdout();
        out.write(SCHEMA.as_bytes())?;
        out.finish()?;
        return Ok(Exit::Done.code());
    }
    let opened = open(options.wanted.file.as_deref(), world)?;
    let plans = opened.wanted(&options.wanted)?;
    let rows: Vec<Row<'_>> = plans.iter().map(|plan| row(plan, world)).collect();
    let mut out = Out::stdout();
    match options.output {
        ListForm::Json => out.json(&rows)?,
        ListForm::Jsonl => rows.iter().try_for_each(|row| out.json(row))?,
        ListForm::Table => out.write(&shown(&rows, world))?,
    }
    out.finish()?;
    let path = world.var("PATH").map(std::ffi::OsStr::to_owned).unwrap_or_default();
    let mut wrong = 0;
    for plan in &plans {
        for lack in lacks(&plan.spec, &path) {
            wrong += 1;
            say(format_args!("{}, line {}: {lack}", plan.name(), plan.line));
        }
    }
    let count = plans.len();
    let many = if count == 1 { "plan" } else { "plans" };
    let jobs = opened.file.jobs.map_or_else(String::new, |jobs| format!(", {jobs} at once"));
    match wrong {
        0 => say(format_args!("{} is fine: {count} {many}{jobs}", opened.path.display())),
        _ => say(format_args!("{count} {many}{jobs}; as things are now, not all could start")),
    }
    Ok(if wrong == 0 { Exit::Done } else { Exit::Failed }.code())
}

/// The command line without the secrets that are known here.
fn harmless_argv(plan: &Planned, world: &World) -> Vec<String> {
    let mut argv = plan.spec.argv.clone();
    for name in &plan.spec.secrets {
        let own = plan.env.iter().rev().find(|(known, _)| known == name);
        let theirs = world.var(name).and_then(std::ffi::OsStr::to_str);
        if let Some(value) = own.map(|(_, value)| &**value).or(theirs) {
            secret::hide(&mut argv, name, value);
        }
    }
    secret::shown(&argv)
}

fn row<'a>(plan: &'a Planned, world: &World) -> Row<'a> {
    let Planned { spec, env, after, when, priority, group, line, .. } = plan;
    Row {
        plan: spec.plan.as_str(),
        line: *line,
        argv: harmless_argv(plan, world),
        secret: &spec.secrets,
        cwd: spec.cwd.display().to_string(),
        env: env.iter().map(|(name, _)| &**name).collect(),
        env_files: spec.env_files.iter().map(|file| file.display().to_string()).collect(),
        after: after.iter().map(crate::model::PlanName::as_str).collect(),
        when: if *when == After::Exit { "exit" } else { "success" },
        priority: *priority,
        group: group.as_deref(),
        timeout_ms: spec.stop.timeout_ms,
        restart: spec.restart.as_ref().map(ToString::to_string),
        stall_ms: spec.stall.as_ref().map(|stall| stall.after_ms),
        verdict: spec.verdict.iter().map(ToString::to_string).collect(),
    }
}

fn shown(rows: &[Row<'_>], world: &World) -> Vec<u8> {
    let columns = [
        Column::text("PLAN"),
        Column::text("AFTER").shrinks(8).leaves(1),
        Column::text("GROUP").leaves(3),
        Column::text("RESTART").leaves(4),
        Column::text("COMMAND").shrinks(20).leaves(2),
    ];
    let cells: Vec<Vec<Cell>> = rows
        .iter()
        .map(|row| {
            vec![
                Cell::new(row.plan, Tone::Bold),
                Cell::new(row.after.join(" "), Tone::Dim),
                Cell::new(row.group.unwrap_or_default(), Tone::Dim),
                Cell::new(row.restart.as_deref().unwrap_or_default(), Tone::Dim),
                row.argv.join(" ").into(),
            ]
        })
        .collect();
    let mut to = Vec::new();
    let width = world.stdout.terminal.then_some(world.width);
    table(&mut to, &columns, &cells, width, world.stdout.color);
    to
}

/// What keeps a plan from being started, as far as it can be seen without starting it.
fn lacks(spec: &Spec, path: &std::ffi::OsStr) -> Vec<String> {
    let mut lacks = Vec::new();
    if !spec.cwd.is_dir() {
        lacks.push(format!("its folder {} is not there", spec.cwd.display()));
    }
    for file in &spec.env_files {
        if let Err(error) = std::fs::File::open(file) {
            lacks.push(format!("its env-file {}: {error}", file.display()));
        }
    }
    let program = spec.argv.first().map_or("", String::as_str);
    // A path of its own is not looked for in PATH, and begins in the plan's folder.
    let there = match program.contains('/') {
        true => spec.cwd.join(program).exists(),
        false => std::env::split_paths(path).any(|dir: std::path::PathBuf| is_file(&dir, program)),
    };
    if !there {
        lacks.push(format!("its program {program} was not found"));
    }
    lacks
}

fn is_file(dir: &Path, program: &str) -> bool {
    dir.join(program).is_file()
}
