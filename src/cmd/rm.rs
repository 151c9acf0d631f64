//! `rm`: removes plans that have ended, with their logs.

use super::World;
use super::alive::{settled, wait_for_leavers};
use super::out::Out;
use super::say::say;
use super::select::{Selector, select};
use crate::exit::{Exit, Failure};
use crate::fold::Fold;
use crate::model::{PlanName, format_size};
use crate::os::host::boot_id;
use crate::store::layout::Home;
use crate::store::lock::Holder;
use crate::store::prune::{RemoveError, remove_leftovers, remove_plan};

/// What a user may mean by `rm`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
}

/// Does it. Plans that run are refused; the others are removed all the same.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let (home, selected) = select(&options.plans, world)?;
    if let Some(one) = selected.iter().find(|one| one.run.is_some()) {
        return Err(Failure::new(
            Exit::Usage,
            format!("a run of {} cannot be removed alone", one.plan),
        )
        .hint(format!(
            "planwatch rm {} removes the plan; prune removes its oldest records",
            one.plan
        ))
        .into());
    }
    remove_leftovers(&home)?;
    let mut out = Out::stdout();
    let mut refused = None;
    for one in selected {
        match removed(&home, &one.plan)? {
            Ok(bytes) => {
                out.line(format!("removed {}, freed {}", one.plan, format_size(bytes)))?;
            }
            Err(failure) => {
                say(format_args!("{failure}"));
                refused = Some(failure.exit);
            }
        }
    }
    out.finish()?;
    Ok(refused.map_or(0, Exit::code))
}

/// Removes a plan that has ended, unless somebody is at work for it.
pub fn removed(home: &Home, name: &PlanName) -> anyhow::Result<Result<u64, Failure>> {
    let plan = home.plan(name);
    let refuse = |why: String| {
        Failure::new(Exit::Refused, format!("{name} was not removed"))
            .because(why)
            .hint(format!("planwatch stop {name} ends it first"))
    };
    let fold = settled(&plan)?;
    if fold.is_live() {
        return Ok(Err(refuse(format!(
            "run {} is {}",
            fold.last_run(),
            fold.last().map_or("live", |run| run.state.name())
        ))));
    }
    wait_for_leavers(&plan)?;
    Ok(match remove_plan(home, &plan, &myself()) {
        Ok(bytes) => Ok(bytes),
        Err(RemoveError::Io(error)) => return Err(error.into()),
        Err(RemoveError::Alive(_)) if !held_by(&fold).is_empty() => {
            let pids = held_by(&fold);
            Err(Failure::new(Exit::Refused, format!("{name} was not removed"))
                .because(format!("its run has ended, but its output is still held by {pids}"))
                .hint(format!("end what is left of it first: kill {pids}")))
        }
        Err(error) => Err(refuse(error.to_string())),
    })
}

/// What this process writes into the locks it takes.
pub(super) fn myself() -> Holder {
    let pid = i32::try_from(std::process::id()).unwrap_or(0);
    Holder { pid, boot: boot_id(), ..Holder::default() }
}

/// The processes that outlived a run of the plan and still hold its output.
fn held_by(fold: &Fold) -> String {
    let pids = fold.runs.iter().flat_map(|run| &run.held_by).map(ToString::to_string);
    pids.collect::<Vec<_>>().join(" ")
}
