//! Which plans, and which of their runs, `logs` reads.

use super::Options;
use crate::cmd::World;
use crate::cmd::select::{Selected, Selector, among, closest, in_the_queue};
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::fold::Fold;
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
    let unknown = |selector: &&Selector| match selector {
        Selector::One(target) => !options.follow && !plans.contains(&target.plan),
        Selector::Many(_) => false,
    };
    let mut unknown = options.plans.iter().filter(unknown);
    if let Some(failure) = unknown.find_map(|selector| in_the_queue(selector, home.as_ref())) {
        return Err(failure.into());
    }
    let chosen = choose_among(options, &plans, &mut |plan| match &home {
        Some(home) => Ok(known(&home.plan(plan), Depth::State)?),
        None => Ok(Fold::new(plan.clone())),
    })?;
    match home {
        Some(home) => Ok((home, chosen)),
        None => Err(Failure::new(Exit::NoSuchPlan, "there are no plans yet").into()),
    }
}

/// The same among these plans, of which `fold` tells what is known.
pub(super) fn choose_among(
    options: &Options,
    plans: &[PlanName],
    fold: &mut dyn FnMut(&PlanName) -> anyhow::Result<Fold>,
) -> anyhow::Result<Vec<Chosen>> {
    let mut chosen: Vec<Chosen> = Vec::new();
    for selector in &options.plans {
        let found = match selector {
            Selector::One(target) if options.follow && !plans.contains(&target.plan) => {
                vec![Selected { plan: target.plan.clone(), run: target.run }]
            }
            _ => among(selector, plans)?,
        };
        for Selected { plan, run } in found {
            let missing = !plans.contains(&plan);
            let index = match chosen.iter().position(|known| known.plan == plan) {
                Some(index) => index,
                None => {
                    chosen.push(Chosen { plan, runs: Vec::new(), begins: 0, missing });
                    chosen.len() - 1
                }
            };
            if let Some(run) = options.run.map(RunChoice::Number).or(run) {
                let fold = match missing {
                    true => Fold::new(chosen[index].plan.clone()),
                    false => fold(&chosen[index].plan)?,
                };
                pick(&mut chosen[index], run, &fold, options.follow)?;
            }
        }
    }
    Ok(chosen)
}

/// Adds a run to those that are read of a plan.
fn pick(chosen: &mut Chosen, run: RunChoice, fold: &Fold, may_come: bool) -> anyhow::Result<()> {
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

/// What is said to who waits for a plan that is none of these.
pub(super) fn waiting(plans: &[PlanName], plan: &PlanName) -> String {
    let near = match closest(plan.as_str(), plans) {
        Some(near) => format!(" (did you mean '{near}'?)"),
        None => String::new(),
    };
    format!("waiting for a plan '{plan}' to be started{near}")
}
