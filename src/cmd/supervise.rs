//! `__supervise`: the background process that looks after one plan's run.

use std::collections::BTreeMap;

use super::World;
use super::environment::missing;
use crate::model::PlanName;
use crate::supervisor::{self, Lacks};

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
        let variables: BTreeMap<_, _> = world.env.iter().cloned().collect();
        let lacks: Lacks = Box::new(move |spec| {
            let lacking = missing(&spec.env_names, &variables).into_iter();
            // Its own are given to each run anew.
            let lacking = lacking.filter(|name| !name.starts_with("PLANWATCH_"));
            lacking.map(str::to_owned).collect()
        });
        supervisor::adopt(&plan, options.plan_pidfd, lacks)?;
    } else {
        supervisor::supervise(&plan)?;
    }
    Ok(0)
}
