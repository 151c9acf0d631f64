//! `__supervise`: the background process that looks after one plan's run.

use std::collections::BTreeMap;

use super::World;
use super::environment::{given, missing_from};
use crate::model::PlanName;
use crate::supervisor::{self, Provide};

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
    match options.adopt {
        true => supervisor::adopt(&plan, options.plan_pidfd, provide(world))?,
        false => supervisor::supervise(&plan, provide(world))?,
    }
    Ok(0)
}

/// Finds what a run that was begun from another environment is to be given when it begins again.
fn provide(world: &World) -> Provide {
    let world = world.clone();
    Box::new(move |spec| {
        let variables: BTreeMap<_, _> = world.env.iter().cloned().collect();
        let own = match &spec.plans_file {
            None => BTreeMap::new(),
            Some(file) => match given(&world, spec) {
                Ok(given) => given.own,
                Err(_) => return Err(vec![format!("what {} sets", file.display())]),
            },
        };
        let lacking = missing_from(&spec.env_names, &variables, &own).into_iter();
        // Its own are given to each run anew.
        let lacking = lacking.filter(|name| !name.starts_with("PLANWATCH_"));
        let lacking: Vec<String> = lacking.map(str::to_owned).collect();
        if lacking.is_empty() { Ok(own) } else { Err(lacking) }
    })
}
