//! One plan of the queue, started: its kept spec, and its variables as they are now.

use crate::cmd::World;
use crate::cmd::environment::{Given, given_if_named, hashes, missing_from, together};
use crate::cmd::start::{AlreadyRunning, Meant, start};
use crate::feed::{Depth, known};
use crate::model::{Entry, PlanName, Spec};
use crate::store::layout::Home;
use crate::store::queue::spec;

/// What stands in front of a trouble that may be over soon.
pub(super) const AGAIN: &str = "to be tried again: ";

/// What stands in front of variables that are not set here.
pub(super) const ELSEWHERE: &str = "for planwatch up from a shell where ";

/// Names of variables that are told; more are counted.
const NAMED: usize = 4;

/// A plan that can be started from here.
pub(super) struct Ready {
    spec: Spec,
    given: Given,
}

/// Why a plan whose turn has come is not started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// Not from here: what has to come first.
    Lacks(String),
    /// Not now.
    Trouble(String),
    /// Never.
    Gone(String),
}

/// What became of a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// The run has begun, by us or by somebody who was told the same.
    Begun(u64),
    /// Somebody started the plan by hand meanwhile: this run lives.
    ByHand(u64),
    /// It has not begun, and why.
    Failed(String),
}

/// Whether a plan can be started with the variables that this process was given. Asked before the
/// plan is given away: who only comes by must not take the turn of one that it cannot start.
pub(super) fn ready(home: &Home, entry: &Entry, world: &World) -> Result<Ready, Hindrance> {
    let trouble = |error: anyhow::Error| Hindrance::Trouble(again(&error));
    let mut spec = spec(home, &entry.spec).map_err(|error| trouble(error.into()))?;
    let Some(given) = given_if_named(world, &spec).map_err(trouble)? else {
        let file = entry.file.display();
        return Err(Hindrance::Gone(format!("{file} does not name it any more")));
    };
    let lacking = missing_from(&spec.env_names, &given.base, &given.own);
    if !lacking.is_empty() {
        return Err(Hindrance::Lacks(wanting(&lacking)));
    }
    // Of the values that it will see, so that others than it was queued with are told.
    let key = home.key().map_err(|error| trouble(error.into()))?;
    spec.env_hashes = hashes(&together(&given.base, &given.own), &key);
    spec.env_hashes.retain(|name, _| spec.env_names.contains(name) && !spec.secrets.contains(name));
    Ok(Ready { spec, given })
}

fn wanting(lacking: &[&str]) -> String {
    let (more, verb) = match lacking.len().saturating_sub(NAMED) {
        0 if lacking.len() == 1 => (String::new(), "is"),
        0 => (String::new(), "are"),
        more => (format!(" and {more} more"), "are"),
    };
    let names = lacking[..lacking.len().min(NAMED)].join(", ");
    format!("{ELSEWHERE}{names}{more} {verb} set")
}

fn again(error: &anyhow::Error) -> String {
    format!("{AGAIN}{}", format!("{error:#}").replace('\n', " "))
}

/// Starts the run that is meant, or finds that somebody has.
pub(super) fn start_one(
    home: &Home,
    plan: &PlanName,
    ready: Ready,
    run: u64,
    world: &World,
) -> Outcome {
    let Ready { spec, given: Given { base, own } } = ready;
    let meant = Meant { own, run: Some(run), tied_to: None };
    let error = match start(&home.plan(plan), &spec, &base, meant, world) {
        Ok((run, _, _)) => return Outcome::Begun(run),
        Err(error) => error,
    };
    match error.downcast::<AlreadyRunning>() {
        Ok(AlreadyRunning { run: other, .. }) if other >= run => Outcome::Begun(other),
        Ok(AlreadyRunning { run: other, pid }) => match known(&home.plan(plan), Depth::State) {
            Ok(fold) if fold.run(other).is_some_and(|run| run.state.is_live()) => {
                Outcome::ByHand(other)
            }
            _ => Outcome::Failed(format!(
                "{AGAIN}the supervisor of run {other} (pid {pid}) has not left yet"
            )),
        },
        Err(error) => Outcome::Failed(again(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lacking_is_named_as_far_as_there_is_room() {
        assert_eq!(wanting(&["A"]), "for planwatch up from a shell where A is set");
        let many = wanting(&["A", "B", "C", "D", "E", "F"]);
        assert_eq!(many, "for planwatch up from a shell where A, B, C, D and 2 more are set");
    }
}
