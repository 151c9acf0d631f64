//! `__supervise`: the background process that looks after one plan's run.

use super::World;
use crate::model::PlanName;
use crate::supervisor;

/// How the supervisor is called by other planwatch processes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan.
    pub plan: PlanName,
    /// Take over a run whose supervisor has died.
    pub adopt: bool,
    /// An inherited pidfd of the plan's process.
    pub plan_pidfd: Option<i32>,
}

/// Looks after the run until its verdict stands in the log.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let plan = world.open_home()?.plan(&options.plan);
    if options.adopt {
        supervisor::adopt(&plan, options.plan_pidfd)?;
    } else {
        supervisor::supervise(&plan)?;
    }
    Ok(0)
}
