//! `stop`: ends the whole tree of a plan's processes, and returns when it has ended.

use std::time::Duration;

use super::World;
use super::alive::{settled, wait_for_leavers};
use super::ask::{ask, request};
use super::attach::power::refuse_powerless;
use super::leftover::end_left_behind;
use super::say::say;
use super::select::{Selected, Selector, select};
use crate::control::{Request, Verb};
use crate::feed::Until;
use crate::fold::{Fold, RunFold};
use crate::store::layout::{Home, PlanDir};

/// What a user may mean by `stop`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
    /// First signal, if not the plan's own choice.
    pub signal: Option<i32>,
    /// Time between that signal and SIGKILL, if not the plan's own choice.
    pub grace: Option<Duration>,
}

/// Asks, waits for the verdicts, and says them. A plan that does not run is stopped already.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let (home, selected) = select(&options.plans, world)?;
    let mut requests = Vec::new();
    for one in &selected {
        let plan = home.plan(&one.plan);
        match live_run(&plan, one)? {
            Ok(run) => {
                let mut request = request(Verb::Stop, run, world);
                request.signal = options.signal;
                request.grace_ms = options.grace.and_then(|span| span.as_millis().try_into().ok());
                requests.push((plan, request));
            }
            Err(why) => {
                let ended = match plan_run(&plan, one)? {
                    Some(run) => {
                        end_left_behind(&plan, &run, (options.signal, options.grace), world)?
                    }
                    None => None,
                };
                let what = ended.map_or(String::new(), |what| format!("; {what}"));
                say(format_args!("{} is not running: {why}{what}", one.plan));
            }
        }
    }
    if !requests.is_empty() {
        for (plan, run, msg) in stop_all(requests)? {
            say(format_args!("{plan} run {run} {msg}"));
        }
        // The next command shall find the name free.
        selected.iter().try_for_each(|one| wait_for_leavers(&home.plan(&one.plan)))?;
    }
    Ok(0)
}

/// The run of a plan that the user meant, live or not.
fn plan_run(plan: &PlanDir, one: &Selected) -> anyhow::Result<Option<RunFold>> {
    let fold = settled(plan)?;
    let Some(last) = fold.last() else { return Ok(None) };
    let wanted = one.run.map_or(Some(last.run), |run| run.resolve(last.run));
    Ok(wanted.and_then(|run| fold.run(run)).cloned())
}

/// The live run of a plan that the user meant, or why there is none.
pub(super) fn live_run(plan: &PlanDir, one: &Selected) -> anyhow::Result<Result<u64, String>> {
    let fold = settled(plan)?;
    let Some(last) = fold.last() else { return Ok(Err("it has never run".to_owned())) };
    let wanted = one.run.map_or(Some(last.run), |run| run.resolve(last.run));
    Ok(match wanted.and_then(|run| fold.run(run)) {
        Some(run) if run.state.is_live() => {
            refuse_powerless(plan, run)?;
            Ok(run.run)
        }
        Some(run) => Err(format!("run {} {}", run.run, run.verdict.name())),
        None => Err("there is no such run".to_owned()),
    })
}

/// Sends requests that end runs and waits for the verdicts: plan, run, and the verdict in words.
pub(super) fn stop_all(
    requests: Vec<(PlanDir, Request)>,
) -> anyhow::Result<Vec<(String, u64, String)>> {
    let runs: Vec<u64> = requests.iter().map(|(_, request)| request.run).collect();
    let ended = |fold: &Fold, request: &Request| {
        fold.run(request.run).is_none_or(|run| !run.state.is_live())
    };
    // Not at the verdict: a restart may be due after it.
    let folds = ask(requests, |_| Until::Ended, ended)?;
    Ok(folds
        .into_iter()
        .zip(runs)
        .map(|((plan, fold), run)| {
            let msg = fold.verdict(run).map_or_else(|| "has ended".to_owned(), |judged| judged.msg);
            (plan.to_string(), run, msg)
        })
        .collect())
}

/// Stops one plan's live run, if it has one, and waits for its end.
pub(super) fn stop_one(home: &Home, one: &Selected, world: &World) -> anyhow::Result<()> {
    let plan = home.plan(&one.plan);
    if let Ok(run) = live_run(&plan, one)? {
        stop_all(vec![(plan, request(Verb::Stop, run, world))])?;
    }
    Ok(())
}
