//! `__supervise`: the background process that looks after one plan's run.

use super::{World, unbuilt};
use crate::model::PlanName;

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

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("supervise")
}
