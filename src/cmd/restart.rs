//! `restart`: stops a plan if it runs, and starts it again as it was started.

use std::time::Duration;

use super::World;
use super::ask::{ask, request};
use super::environment::{environment, missing};
use super::select::{Selector, select};
use super::start::{say_started, start};
use super::stop::live_run;
use crate::control::Verb;
use crate::exit::{Exit, Failure};
use crate::feed::Until;
use crate::model::{PlanName, Spec, State};
use crate::store::layout::PlanDir;
use crate::store::snapshot::load_json;

/// What a user may mean by `restart`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
    /// Time between the stop signal and SIGKILL, if not the plan's own choice.
    pub grace: Option<Duration>,
}

/// Restarts each plan; returns when all of them run. A living supervisor starts the plan with the
/// environment it had; otherwise that of this command has to do.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let (home, selected) = select(&options.plans, world)?;
    let mut requests = Vec::new();
    let mut ended = Vec::new();
    for one in &selected {
        let plan = home.plan(&one.plan);
        let spec = spec_of(&plan)?;
        match live_run(&plan, one)? {
            Ok(run) => {
                let mut request = request(Verb::Restart, run, world);
                request.grace_ms = options.grace.and_then(|span| span.as_millis().try_into().ok());
                requests.push((plan, request));
            }
            Err(_) => ended.push((plan, spec)),
        }
    }
    for (plan, spec) in ended {
        let variables = environment(world, &spec.env_files, &[])?;
        let missing = missing(&spec.env_names, &variables);
        if !missing.is_empty() {
            return Err(refused(plan.name(), &missing).into());
        }
        let (run, pid, _) = start(&plan, &spec, &variables, None, world)?;
        say_started(&plan, run, pid, false);
    }
    if requests.is_empty() {
        return Ok(0);
    }
    let plans: Vec<PlanDir> = requests.iter().map(|(plan, _)| plan.clone()).collect();
    let folds = ask(
        requests,
        |run| Until::Run(run + 1),
        |fold, request| {
            fold.last().is_some_and(|last| last.run > request.run && last.state != State::Starting)
        },
    )?;
    for ((_, fold), plan) in folds.iter().zip(&plans) {
        if let Some(last) = fold.last() {
            say_started(plan, last.run, last.pid.unwrap_or_default(), false);
        }
    }
    Ok(0)
}

fn spec_of(plan: &PlanDir) -> anyhow::Result<Spec> {
    let spec: Option<Spec> = load_json(&plan.spec_file())?;
    let known = spec.filter(|spec| !spec.argv.is_empty());
    known.ok_or_else(|| {
        Failure::new(Exit::Refused, format!("{} cannot be started again", plan.name()))
            .because("it was recorded from standard input, or its plan.json is gone")
            .hint(format!("planwatch run -n {} -- COMMAND", plan.name()))
            .into()
    })
}

fn refused(plan: &PlanName, missing: &[&str]) -> Failure {
    Failure::new(Exit::Refused, format!("{plan} is not restarted"))
        .because(format!(
            "its environment had variables that are not set here, and values are never kept: {}",
            missing.join(", ")
        ))
        .hint("set them and try again, or start it anew with planwatch run and --env-file")
}
