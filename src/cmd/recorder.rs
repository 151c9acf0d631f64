//! `__record`: the background process that records one plan.

use super::{World, unbuilt};
use crate::model::PlanName;

/// How the recorder is called by other planwatch processes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan.
    pub plan: PlanName,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("recorder")
}
