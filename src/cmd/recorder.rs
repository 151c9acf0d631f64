//! `__record`: the background process that records one plan.

use super::World;
use crate::model::PlanName;
use crate::recorder;

/// How the recorder is called by other planwatch processes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan.
    pub plan: PlanName,
}

/// Records until nothing of the plan can say anything any more. Quietly leaves if another recorder
/// is at work.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    recorder::run(&world.open_home()?.plan(&options.plan))?;
    Ok(0)
}
