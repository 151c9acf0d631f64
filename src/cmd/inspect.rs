//! `inspect`: everything known of a plan and its runs, as JSON.

use serde::Serialize;

use super::World;
use super::alive::{keepers, settled};
use super::out::Out;
use super::select::{Selector, select};
use crate::exit::{Exit, Failure};
use crate::fold::Fold;
use crate::model::{PlanName, RunChoice};
use crate::render::json;
use crate::store::layout::{Home, PlanDir};
use crate::store::lock::Holder;
use crate::store::segments::{self, Segment};
use crate::store::snapshot;

/// What a user may mean by `inspect`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
}

/// All that is known of a plan.
#[derive(Serialize)]
struct Inspected {
    plan: PlanName,
    dir: String,
    log: String,
    supervisor: Option<Holder>,
    recorder: Option<Holder>,
    log_bytes: u64,
    segments: Vec<InspectedSegment>,
    /// `plan.json` as it is stored, keys of later releases included.
    spec: Option<serde_json::Value>,
    state: Fold,
}

#[derive(Serialize)]
struct InspectedSegment {
    first_seq: u64,
    bytes: u64,
    compressed: bool,
    path: String,
}

impl From<Segment> for InspectedSegment {
    fn from(segment: Segment) -> InspectedSegment {
        InspectedSegment {
            first_seq: segment.first,
            bytes: segment.bytes,
            compressed: segment.compressed,
            path: segment.path.display().to_string(),
        }
    }
}

/// Does it. One object a plan, so that `jq` needs no index for the usual case.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let (home, selected) = select(&options.plans, world)?;
    let mut out = Out::stdout();
    for one in selected {
        let inspected = inspected(&home, &one.plan, one.run)?;
        out.line(json::pretty(&inspected)?)?;
    }
    out.finish()?;
    Ok(0)
}

fn inspected(home: &Home, name: &PlanName, run: Option<RunChoice>) -> anyhow::Result<Inspected> {
    let plan: PlanDir = home.plan(name);
    let mut state = settled(&plan)?;
    if let Some(choice) = run {
        let number = choice.resolve(state.last_run()).filter(|run| state.run(*run).is_some());
        let Some(number) = number else {
            return Err(Failure::new(
                Exit::NoSuchPlan,
                format!("{name} has no such run in memory"),
            )
            .hint(format!("its last run is {}", state.last_run()))
            .into());
        };
        state.runs.retain(|known| known.run == number);
    }
    let keepers = keepers(&plan)?;
    let segments: Vec<InspectedSegment> =
        segments::list(&plan.log())?.into_iter().map(InspectedSegment::from).collect();
    Ok(Inspected {
        plan: name.clone(),
        dir: plan.dir().display().to_string(),
        log: plan.log().display().to_string(),
        supervisor: keepers.supervisor,
        recorder: keepers.recorder,
        log_bytes: segments.iter().map(|segment| segment.bytes).sum(),
        segments,
        spec: snapshot::load_json(&plan.spec_file())?,
        state,
    })
}
