//! `__exec`: the last step before a plan's program takes over the process.

use std::ffi::OsString;

use anyhow::Context as _;

use super::World;
use crate::exit::Exit;
use crate::model::PlanName;
use crate::supervisor::{ExecOrder, exec_step};

/// How the step is called by the supervisor.
#[derive(Clone, Debug)]
pub struct Options {
    /// Plan, order as JSON, `--`, program and arguments.
    pub arguments: Vec<OsString>,
}

/// Becomes the plan's program; comes back only if that fails.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let mut words =
        options.arguments.into_iter().map(|word| word.into_string().unwrap_or_default());
    let plan: PlanName = words.next().unwrap_or_default().parse()?;
    let order: ExecOrder = serde_json::from_str(&words.next().unwrap_or_default())
        .context("this is for planwatch itself")?;
    let mut argv: Vec<String> = words.collect();
    if argv.first().is_some_and(|word| word == "--") {
        argv.remove(0);
    }
    let Some(home) = world.existing_home()? else { return Ok(Exit::Planwatch.code()) };
    Ok(exec_step(&home.plan(&plan), &order, &argv, world.var("PYTHONPATH")))
}
