//! The paths and messages that the terminal of PlanExe's front end speaks, over the same cursors.
//!
//! That front end asks again and again whether a stream is ready, because its old server had none
//! before a plan had begun. Here one may come before the plan, so the answer is always yes.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::{Extension, Json};
use bytes::Bytes;
use serde_json::{Value, json};

use super::events::{Tells, Told, cursors, respond};
use super::gate::Gate;
use super::query::{Named, Pairs};
use super::refusal::Refusal;
use super::server::Slot;
use super::socket::{Line, Over, close, limited};
use super::stream::{Happening, Stream as Cursors};
use crate::model::{Event, PlanName, Record, Stamp, Stream};

/// `GET /api/plans/{id}/stream-status`.
pub(super) async fn status(Named(plan): Named) -> Result<Json<Value>, Refusal> {
    Gate::name(&plan)?;
    Ok(Json(json!({ "status": "ready", "ready": true })))
}

/// `GET /api/plans/{id}/stream`: the lines of the last run, and those that come.
pub(super) async fn stream(
    State(gate): State<Arc<Gate>>,
    Named(plan): Named,
    pairs: Pairs,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let asked = cursors(&headers, pairs.only("after", &["after"])?)?.of(&plan);
    let stream = follow(&gate, &plan, asked).await?;
    Ok(respond(&gate, String::from("retry: 1000\n\n"), Teller { stream }))
}

/// A stream of one plan, from the beginning of its last run if nothing else is asked.
async fn follow(gate: &Arc<Gate>, plan: &str, after: Option<u64>) -> Result<Cursors, Refusal> {
    let plan = Gate::name(plan)?;
    let after = match after {
        Some(after) => after,
        None => {
            let plan = plan.clone();
            let (fold, _) = gate.read("the plan", move |gate| gate.library.facts(&plan)).await?;
            fold.last().map_or(0, |run| run.first_seq.saturating_sub(1))
        }
    };
    let mut stream = Cursors::new(gate);
    let subscribed = stream.subscribe(&plan, after).await;
    subscribed.map_err(|error| Refusal::unreadable("the log", &error))?;
    Ok(stream)
}

struct Teller {
    stream: Cursors,
}

impl Tells for Teller {
    async fn tell(&mut self, _: &Gate) -> Told {
        let (_, happening) = self.stream.next().await;
        if matches!(happening, Happening::Failed(_)) {
            return Told::Last(Bytes::from_static(b":\n\n"));
        }
        let mut text = String::new();
        for (seq, message) in messages(&happening) {
            text.push_str(&format!("id: {seq}\ndata: {message}\n\n"));
        }
        if text.is_empty() {
            // Something must be said, or the stream would seem to have ended.
            text.push_str(":\n\n");
        }
        Told::More(text.into())
    }

    fn rest(&mut self) {
        self.stream.rest();
    }
}

/// What that front end is told of what has happened, each with its seq.
fn messages(happening: &Happening) -> Vec<(u64, Value)> {
    let Happening::Block(block, after) = happening else { return Vec::new() };
    let lines = block.lines_after(*after);
    lines
        .filter_map(|line| {
            let record = Record::parse(line.as_bytes()).ok()?;
            Some((record.seq, message(&record, line.as_bytes())?))
        })
        .collect()
}

/// A line of the plan, or how its run stands.
fn message(record: &Record<'_>, line: &[u8]) -> Option<Value> {
    let (text, time) = (&record.msg, record.ts);
    let status =
        match (&record.stream, record.event_of(line)) {
            (Stream::Planwatch, Some(Event::RunStarted { .. })) => "running",
            (Stream::Planwatch, Some(Event::RunVerdict { verdict, .. })) => {
                if verdict.is_success() { "completed" } else { "failed" }
            }
            (Stream::Planwatch | Stream::Events, _) => return None,
            _ => return Some(json!({ "type": "log", "message": text, "timestamp": time })),
        };
    Some(json!({ "type": "status", "status": status, "message": text, "timestamp": time }))
}

/// `/ws/plans/{id}/progress`.
pub(super) async fn progress(
    State(gate): State<Arc<Gate>>,
    Extension(slot): Extension<Slot>,
    Named(plan): Named,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let name = Gate::name(&plan)?;
    let upgrade = limited(upgrade, &headers)?;
    let stream = follow(&gate, &plan, None).await?;
    Ok(upgrade.on_upgrade(async move |socket| {
        // Whoever is told that a client has left knows it already.
        let _ = talk(&gate, &name, Line::new(socket), stream).await;
        drop(slot);
    }))
}

async fn talk(
    gate: &Gate,
    plan: &PlanName,
    mut line: Line,
    mut stream: Cursors,
) -> Result<(), Over> {
    let hello = json!({
        "type": "connection", "status": "connected", "plan_id": plan, "client_id": client_id(),
        "message": "connected", "timestamp": Stamp::now(),
    });
    line.send(hello.to_string(), || ()).await?;
    loop {
        let beat = line.beat();
        tokio::select! {
            () = gate.closed() => {
                line.close(close::GOING_AWAY, "the gateway ends").await;
                return Ok(());
            }
            heard = line.hear() => {
                if let Some(answer) = heard?.and_then(|text| answer(&text)) {
                    line.send(answer.to_string(), || ()).await?;
                }
            }
            (_, happening) = stream.next() => {
                if matches!(happening, Happening::Failed(_)) {
                    line.close(close::TRY_AGAIN, "the log cannot be read").await;
                    return Ok(());
                }
                for (_, message) in messages(&happening) {
                    line.send(message.to_string(), || stream.rest()).await?;
                }
            }
            () = beat => {
                line.ping().await?;
                let beat = json!({ "type": "heartbeat", "timestamp": Stamp::now() });
                line.send(beat.to_string(), || ()).await?;
            }
        }
    }
}

/// What a client's message is answered with, if anything.
fn answer(text: &str) -> Option<Value> {
    let said: Value = serde_json::from_str(text).ok()?;
    match said.get("type")?.as_str()? {
        "heartbeat" => Some(json!({ "type": "heartbeat_response", "timestamp": Stamp::now() })),
        "ping" => Some(json!({ "type": "pong", "timestamp": Stamp::now() })),
        _ => None,
    }
}

fn client_id() -> String {
    crate::os::host::random_token().unwrap_or_default()
}
