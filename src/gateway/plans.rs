//! `/api/plans` and what stands below it, but for the records.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::gate::{Deed, Gate};
use super::query::{Named, Pairs, Wanted};
use super::refusal::Refusal;
use crate::fold::RunFold;
use crate::model::{PlanName, Stamp};
use crate::render::ps::PsRow;
use crate::render::tasks::{Names, Scene, TaskRow};

/// One plan with what is remembered of its runs.
#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    row: PsRow,
    /// Oldest first.
    runs: Vec<RunFold>,
}

/// `GET /api/plans`: as `ps -a -o json` prints them. With `wait` and `If-None-Match` it answers when
/// something has changed.
pub(super) async fn list(
    State(gate): State<Arc<Gate>>,
    pairs: Pairs,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let wait = pairs.only::<String>("wait", &["wait"])?.is_some();
    let wanted = if wait { Wanted::of(&pairs, Stamp::now())? } else { Wanted::default() };
    let mut changes = gate.roster.changes();
    let seen = headers.get(header::IF_NONE_MATCH).cloned();
    if let (Some(seen), Some(wait)) = (&seen, wanted.wait) {
        let other = changes.wait_for(|version| tag(*version) != seen);
        tokio::select! {
            _ = tokio::time::timeout(wait, other) => {}
            () = gate.closed() => return Err(Refusal::closing()),
        }
    }
    // Asked before the plans are looked at: what changes meanwhile is told the next time.
    let version = tag(*changes.borrow_and_update());
    if seen.is_some_and(|seen| seen == version) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, version)]).into_response());
    }
    let rows = gate
        .read("the list of plans", |gate| {
            let mut rows = Vec::new();
            for plan in gate.library.plans()? {
                // One that cannot be read does not hide the others.
                let Ok((fold, bytes)) = gate.library.facts(&plan) else { continue };
                rows.extend(PsRow::of(&fold, bytes, Stamp::now()));
            }
            rows.sort_by(|one, other| one.order().cmp(&other.order()));
            Ok(rows)
        })
        .await?;
    Ok(([(header::ETAG, version)], Json(rows)).into_response())
}

fn tag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// `GET /api/plans/{plan}`.
pub(super) async fn one(
    State(gate): State<Arc<Gate>>,
    Named(plan): Named,
) -> Result<Response, Refusal> {
    let plan = gate.plan(&plan).await?;
    let asked = plan.clone();
    let (fold, bytes) = gate.read("the plan", move |gate| gate.library.facts(&asked)).await?;
    match PsRow::of(&fold, bytes, Stamp::now()) {
        Some(row) => Ok(Json(Whole { row, runs: fold.runs }).into_response()),
        None => Err(Refusal::no_such_run(&plan, 1, 0)),
    }
}

/// `GET /api/plans/{plan}/tasks`: as `tasks -o json` prints them.
pub(super) async fn tasks(
    State(gate): State<Arc<Gate>>,
    Named(plan): Named,
    pairs: Pairs,
) -> Result<Response, Refusal> {
    let plan = gate.plan(&plan).await?;
    let wanted: Option<u64> = pairs.only("run", &["run"])?;
    let asked = plan.clone();
    let (fold, table) = gate
        .read("the tasks", move |gate| {
            let (fold, _) = gate.library.facts(&asked)?;
            let run = wanted.unwrap_or_else(|| fold.last_run());
            let table = gate.library.tasks(&asked, run)?;
            Ok((fold, table))
        })
        .await?;
    let Some(run) = fold.run(table.run) else {
        return Err(Refusal::no_such_run(&plan, table.run, fold.last_run()));
    };
    let names = Names::new(&table);
    let (plan, now) = (plan.as_str(), Stamp::now());
    let scene = Scene { plan, run, table: &table, names: &names, left: None, now };
    let rows: Vec<TaskRow> = (0..table.tasks.len()).map(|at| TaskRow::of(&scene, at)).collect();
    Ok(Json(rows).into_response())
}

/// `POST /api/plans/{plan}/stop`.
pub(super) async fn stop(
    State(gate): State<Arc<Gate>>,
    Named(plan): Named,
) -> Result<Response, Refusal> {
    act(gate, Deed::Stop, plan).await
}

/// `POST /api/plans/{plan}/restart`.
pub(super) async fn restart(
    State(gate): State<Arc<Gate>>,
    Named(plan): Named,
) -> Result<Response, Refusal> {
    act(gate, Deed::Restart, plan).await
}

async fn act(gate: Arc<Gate>, deed: Deed, plan: String) -> Result<Response, Refusal> {
    if gate.settings.control.is_none() {
        return Err(Refusal::control_not_allowed());
    }
    let plan = gate.plan(&plan).await?;
    let message = gate.act(deed, &plan).await?;
    Ok(Json(done(deed, &plan, &message)).into_response())
}

/// What is sent when something was done to a plan.
pub(super) fn done(deed: Deed, plan: &PlanName, message: &str) -> serde_json::Value {
    json!({ "type": "done", "deed": deed.name(), "plan": plan, "message": message })
}
