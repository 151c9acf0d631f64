//! Processes that outlived the run they belong to: seen by `ps` and `why`, ended by `stop`.

use std::time::Duration;

use super::World;
use crate::exit::{Exit, Failure};
use crate::fold::RunFold;
use crate::model::{Spec, StopSpec};
use crate::store::layout::PlanDir;
use crate::store::snapshot::load_json;
use crate::supervisor::Leftovers;

/// The pids of those that an ended run has left behind and that still hold its output.
pub(super) fn left_behind(plan: &PlanDir, run: &RunFold) -> anyhow::Result<Vec<i32>> {
    if run.state.is_live() || run.foreign || run.held.is_empty() {
        return Ok(Vec::new());
    }
    let Some(leftovers) = Leftovers::of(plan, run.run)? else { return Ok(Vec::new()) };
    Ok(leftovers.pids()?)
}

/// Ends them, if there are any, and says so. `signal` and `grace`: if not the plan's own choice.
pub(super) fn end_left_behind(
    plan: &PlanDir,
    run: &RunFold,
    (signal, grace): (Option<i32>, Option<Duration>),
    world: &World,
) -> anyhow::Result<Option<String>> {
    if left_behind(plan, run)?.is_empty() {
        return Ok(None);
    }
    let Some(leftovers) = Leftovers::of(plan, run.run)? else { return Ok(None) };
    let stop = load_json(&plan.spec_file())?.map_or(StopSpec::default(), |spec: Spec| spec.stop);
    let grace = grace.unwrap_or(Duration::from_millis(stop.grace_ms));
    let ended = leftovers.end(signal.unwrap_or(stop.signal), grace, &world.by)?;
    if !ended.left.is_empty() {
        let why = format!("{} of run {} go on", processes(&ended.left), run.run);
        return Err(Failure::new(Exit::Refused, format!("{} is not stopped", plan.name()))
            .because(format!("{why}, and may not be signalled from here"))
            .hint("ask their owner, or root, to end them")
            .into());
    }
    Ok((!ended.all.is_empty())
        .then(|| format!("ended {} it had left behind", processes(&ended.all))))
}

/// `2 processes (4711, 4712)`
pub(super) fn processes(pids: &[i32]) -> String {
    let many = if pids.len() == 1 { "process" } else { "processes" };
    let named: Vec<String> = pids.iter().map(i32::to_string).collect();
    format!("{} {many} ({})", pids.len(), named.join(", "))
}
