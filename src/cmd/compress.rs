//! `__compress`: the background process that makes a plan's sealed segments small.

use super::World;
use super::rm::myself;
use crate::model::PlanName;
use crate::os::priority;
use crate::store::pack::compress;

/// How it is called by other planwatch processes.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan.
    pub plan: PlanName,
}

/// Compresses what is sealed, behind everybody else. Quietly leaves if another one is at work.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    // Where it cannot be made to wait, it is short.
    let _ = priority::lowest();
    compress(&world.open_home()?.plan(&options.plan), &myself(), &mut |_| Ok(()))?;
    Ok(0)
}
