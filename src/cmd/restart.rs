//! `restart`: stops a plan if it runs, and starts it again as it was started.

use std::time::Duration;

use super::World;
use super::ask::{ask, request};
use super::environment::{Given, given, keep_harmless, missing_from, together};
use super::select::{Selector, select};
use super::start::{AlreadyRunning, Meant, say_started, start};
use super::stop::live_run;
use crate::control::{Request, Verb};
use crate::exit::{Exit, Failure};
use crate::feed::Until;
use crate::fold::Fold;
use crate::model::{Event, Peek, PlanName, Spec, State};
use crate::store::layout::PlanDir;
use crate::store::reader::Reader;
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
    let (mut living, mut requests) = (Vec::new(), Vec::new());
    let mut ended = Vec::new();
    for one in &selected {
        let plan = home.plan(&one.plan);
        let spec = spec_of(&plan)?;
        match live_run(&plan, one)? {
            Ok(run) => {
                let mut request = request(Verb::Restart, run, world);
                request.grace_ms = options.grace.and_then(|span| span.as_millis().try_into().ok());
                requests.push((plan.clone(), request.clone()));
                living.push((plan, spec, request));
            }
            Err(_) => ended.push((plan, spec)),
        }
    }
    for (plan, spec) in ended {
        let (run, pid) = start_ended(&plan, &spec, world)?;
        say_started(&plan, run, pid, false);
    }
    if requests.is_empty() {
        return Ok(0);
    }
    let folds = ask(requests, |run| Until::Run(run + 1), is_decided)?;
    let mut overtaken = Vec::new();
    for (one, (_, fold)) in living.into_iter().zip(folds) {
        match successor(&fold, &one.2) {
            Some((run, pid)) => say_started(&one.0, run, pid, false),
            None => overtaken.push((one, fold)),
        }
    }
    for ((plan, spec, request), fold) in overtaken {
        let (run, pid) = start_overtaken(&plan, &spec, &request, fold, world)?;
        say_started(&plan, run, pid, false);
    }
    Ok(0)
}

/// Whether the next run is there, or the old one has ended and none will follow it.
fn is_decided(fold: &Fold, request: &Request) -> bool {
    let over = fold.run(request.run).is_none_or(|run| !run.state.is_live());
    let is_last = fold.last_run() <= request.run;
    successor(fold, request).is_some() || (over && is_last)
}

/// The run that came after the one that was to be restarted, and its process.
fn successor(fold: &Fold, request: &Request) -> Option<(u64, i32)> {
    let last = fold.last()?;
    (last.run > request.run && last.state != State::Starting)
        .then(|| (last.run, last.pid.unwrap_or_default()))
}

/// How often a restart that was overtaken is tried again.
const ATTEMPTS: u32 = 3;

/// The run has ended, and its supervisor will not start another one: somebody else stopped it, and
/// that is that, or it ended before the request was read, and is started like any that has ended.
fn start_overtaken(
    plan: &PlanDir,
    spec: &Spec,
    request: &Request,
    mut fold: Fold,
    world: &World,
) -> anyhow::Result<(u64, i32)> {
    for _ in 0..ATTEMPTS {
        if let Some(started) = successor(&fold, request) {
            return Ok(started);
        }
        if !is_decided(&fold, request) {
            break;
        }
        if let Some(by) = stopped_by(plan, request, &fold)? {
            return Err(Failure::new(Exit::Failed, format!("{} was not restarted", plan.name()))
                .because(format!("run {} was stopped meanwhile by {by}", request.run))
                .hint(format!("start it now: planwatch restart {}", plan.name()))
                .into());
        }
        match start_ended(plan, spec, world) {
            Ok(started) => return Ok(started),
            // The request was read after all, or somebody else was faster.
            Err(error) => drop(error.downcast::<AlreadyRunning>()?),
        }
        let asked = vec![(plan.clone(), request.clone())];
        fold = match ask(asked, |run| Until::Run(run + 1), is_decided)?.pop() {
            Some((_, fold)) => fold,
            None => break,
        };
    }
    Err(Failure::new(Exit::Planwatch, format!("{} could not be restarted", plan.name()))
        .because(format!("nobody starts what follows run {}", request.run))
        .hint("planwatch doctor looks for what is wrong")
        .into())
}

/// Who stopped the run for good, if that was somebody else: the last who asks decides.
fn stopped_by(plan: &PlanDir, request: &Request, fold: &Fold) -> anyhow::Result<Option<String>> {
    if fold.run(request.run).is_none_or(|run| run.stopping.is_none()) {
        return Ok(None);
    }
    let last = Reader::open(plan)?.last_line(&mut |line| {
        Peek::of(line).is_some_and(|peek| {
            peek.run == request.run && peek.event.as_deref() == Some("run.stopping")
        })
    })?;
    let event = last.and_then(|line| serde_json::from_slice(&line).ok());
    let Some(Event::RunStopping { by, request: id, timeout: false, .. }) = event else {
        return Ok(None);
    };
    Ok((id.as_deref() != Some(&request.id)).then_some(by))
}

/// Starts a plan that has ended, with the environment of this command.
fn start_ended(plan: &PlanDir, spec: &Spec, world: &World) -> anyhow::Result<(u64, i32)> {
    let Given { base, own } = given(world, spec)?;
    let missing = missing_from(&spec.env_names, &base, &own);
    if !missing.is_empty() {
        return Err(refused(plan.name(), &missing).into());
    }
    let key = world.open_home()?.key()?;
    let mut spec = spec.clone();
    keep_harmless(&mut spec, &together(&base, &own), &key)?;
    let (run, pid, _) = start(plan, &spec, &base, Meant { own, ..Meant::default() }, world)?;
    Ok((run, pid))
}

fn spec_of(plan: &PlanDir) -> anyhow::Result<Spec> {
    let spec: Option<Spec> = load_json(&plan.spec_file())?;
    if let Some(spec) = spec.as_ref().filter(|spec| spec.foreign.is_some()) {
        return Err(super::attach::power::not_ours_to_start(spec).into());
    }
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
