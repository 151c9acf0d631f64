//! `signal`: sends a signal to a running plan.

use super::World;
use super::ask::{ask, request};
use super::select::{Selector, select};
use super::stop::live_run;
use crate::control::Verb;
use crate::exit::{Exit, Failure};
use crate::feed::Until;

/// What a user may mean by `signal`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The signal's number.
    pub signal: i32,
    /// The plans; never empty.
    pub plans: Vec<Selector>,
}

/// Sends it to the plans' process groups; returns when the log says that it was sent.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let (home, selected) = select(&options.plans, world)?;
    let mut requests = Vec::new();
    for one in &selected {
        let plan = home.plan(&one.plan);
        let run = live_run(&plan, one)?.map_err(|why| {
            Failure::new(Exit::NotRunning, format!("{} is not running", one.plan))
                .because(why)
                .hint("planwatch ps shows what runs")
        })?;
        let mut request = request(Verb::Signal, run, world);
        request.signal = Some(options.signal);
        requests.push((plan, request));
    }
    let folds = ask(requests.clone(), Until::Run, |fold, request| fold.has_seen(&request.id))?;
    for ((name, fold), (_, request)) in folds.iter().zip(&requests) {
        if !fold.has_seen(&request.id) {
            return Err(Failure::new(Exit::NotRunning, format!("{name} is not running"))
                .because(format!("run {} ended before the signal reached it", request.run))
                .into());
        }
    }
    Ok(0)
}
