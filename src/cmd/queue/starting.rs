//! One plan of the queue, started: its kept spec, and its variables as they are now.

use crate::cmd::World;
use crate::cmd::environment::{Given, given, missing_from};
use crate::cmd::start::{AlreadyRunning, Meant, start};
use crate::exit::{Exit, Failure};
use crate::model::Entry;
use crate::store::layout::Home;
use crate::store::queue::spec;

/// Starts the run that is meant, or finds that somebody has. Gives the run's number.
pub(super) fn start_one(
    home: &Home,
    entry: &Entry,
    run: u64,
    world: &World,
) -> anyhow::Result<u64> {
    let spec = spec(home, &entry.spec)?;
    let Given { base, own } = given(world, &spec)?;
    let lacking = missing_from(&spec.env_names, &base, &own);
    if !lacking.is_empty() {
        return Err(Failure::new(Exit::Refused, "it was not started")
            .because(format!("{} is not set here", lacking.join(", ")))
            .into());
    }
    let meant = Meant { own, run: Some(run), tied_to: None };
    match start(&home.plan(&entry.plan), &spec, &base, meant, world) {
        Ok((run, _, _)) => Ok(run),
        Err(error) => Ok(error.downcast::<AlreadyRunning>()?.run.max(run)),
    }
}
