//! Which plans, and which of their runs, `logs` reads.

use super::Options;
use crate::cmd::World;
use crate::cmd::select::{Selected, Selector, closest, select};
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::model::{PlanName, RunChoice};
use crate::store::layout::Home;

/// One plan to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) plan: PlanName,
    /// The runs that were asked for; all, if none is named.
    pub(super) runs: Vec<u64>,
    /// Seq of the first record of the oldest of those runs, where it is known; else 0.
    pub(super) begins: u64,
    /// It does not exist yet.
    pub(super) missing: bool,
}

/// The plans meant, each once. Who follows may name plans and runs that are still to come.
pub(super) fn choose(options: &Options, world: &World) -> anyhow::Result<(Home, Vec<Chosen>)> {
    let home = if options.follow { Some(world.open_home()?) } else { world.existing_home()? };
    let plans = home.as_ref().map(Home::plans).transpose()?.unwrap_or_default();
    let mut chosen: Vec<Chosen> = Vec::new();
    for selector in &options.plans {
        let found = match selector {
            Selector::One(target) if options.follow && !plans.contains(&target.plan) => {
                vec![Selected { plan: target.plan.clone(), run: target.run }]
            }
            _ => select(std::slice::from_ref(selector), world)?.1,
        };
        for Selected { plan, run } in found {
            let index = match chosen.iter().position(|known| known.plan == plan) {
                Some(index) => index,
                None => {
                    let missing = !plans.contains(&plan);
                    chosen.push(Chosen { plan, runs: Vec::new(), begins: 0, missing });
                    chosen.len() - 1
                }
            };
            let run = options.run.map(RunChoice::Number).or(run);
            if let (Some(run), Some(home)) = (run, &home) {
                pick(&mut chosen[index], run, home, options.follow)?;
            }
        }
    }
    match home {
        Some(home) => Ok((home, chosen)),
        None => Err(Failure::new(Exit::NoSuchPlan, "there are no plans yet").into()),
    }
}

/// Adds a run to those that are read of a plan.
fn pick(chosen: &mut Chosen, run: RunChoice, home: &Home, may_come: bool) -> anyhow::Result<()> {
    let fold = known(&home.plan(&chosen.plan), Depth::State)?;
    let last = fold.last_run();
    let number = match (run.resolve(last), run) {
        (Some(number), _) => number,
        (None, RunChoice::Number(number)) if may_come && number > last => number,
        (None, RunChoice::Number(number)) => {
            let what = format!("{} has no run {number}", chosen.plan);
            return Err(missing(what, &chosen.plan, last));
        }
        (None, RunChoice::Back(back)) => {
            let what = format!("{} has no run {back} before its last", chosen.plan);
            return Err(missing(what, &chosen.plan, last));
        }
    };
    if !chosen.runs.contains(&number) {
        let first = fold.run(number).map_or(0, |run| run.first_seq);
        chosen.begins = if chosen.runs.is_empty() { first } else { chosen.begins.min(first) };
        chosen.runs.push(number);
    }
    Ok(())
}

fn missing(what: String, plan: &PlanName, last: u64) -> anyhow::Error {
    let hint = match last {
        0 => "it has never been run".to_owned(),
        1 => "it has one run".to_owned(),
        _ => format!("its runs are {plan}@1 to {plan}@{last}; the one before the last is {plan}~1"),
    };
    Failure::new(Exit::NoSuchPlan, what).hint(hint).into()
}

/// What is said to who waits for a plan.
pub(super) fn waiting(home: &Home, plan: &PlanName) -> anyhow::Result<String> {
    let near = match closest(plan.as_str(), &home.plans()?) {
        Some(near) => format!(" (did you mean '{near}'?)"),
        None => String::new(),
    };
    Ok(format!("waiting for a plan '{plan}' to be started{near}"))
}
