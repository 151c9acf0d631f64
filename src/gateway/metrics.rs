//! What the gateway counts, as Prometheus reads it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use super::gate::Gate;

/// Counted since the start.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) connections: AtomicU64,
    pub(super) open: AtomicU64,
    pub(super) turned_away: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) sockets: AtomicU64,
    pub(super) streams: AtomicU64,
    pub(super) records: AtomicU64,
}

/// Counts something as long as it lives.
pub(super) struct Counted<F: Fn(&Counts) -> &AtomicU64>(pub(super) Arc<Gate>, pub(super) F);

impl<F: Fn(&Counts) -> &AtomicU64> Counted<F> {
    pub(super) fn new(gate: &Arc<Gate>, which: F) -> Counted<F> {
        which(&gate.counts).fetch_add(1, Relaxed);
        Counted(Arc::clone(gate), which)
    }
}

impl<F: Fn(&Counts) -> &AtomicU64> Drop for Counted<F> {
    fn drop(&mut self) {
        self.1(&self.0.counts).fetch_sub(1, Relaxed);
    }
}

/// `GET /metrics`.
pub(super) async fn show(State(gate): State<Arc<Gate>>) -> impl IntoResponse {
    let counts = &gate.counts;
    let mut text = String::new();
    let mut put = |name: &str, kind: &str, help: &str, value: u64| {
        let _ = writeln!(
            text,
            "# HELP planwatch_{name} {help}\n# TYPE planwatch_{name} {kind}\nplanwatch_{name} {value}"
        );
    };
    let limit = gate.settings.max_clients as u64;
    put("connections", "gauge", "Connections that are open.", counts.open.load(Relaxed));
    put("connections_limit", "gauge", "Connections that may be open.", limit);
    put(
        "connections_total",
        "counter",
        "Connections since the start.",
        counts.connections.load(Relaxed),
    );
    let away = counts.turned_away.load(Relaxed);
    put("connections_turned_away_total", "counter", "Connections beyond the limit.", away);
    put(
        "requests_refused_total",
        "counter",
        "Requests answered with an error.",
        counts.refused.load(Relaxed),
    );
    put("websockets", "gauge", "WebSockets that are open.", counts.sockets.load(Relaxed));
    put("event_streams", "gauge", "Event streams that are open.", counts.streams.load(Relaxed));
    put("records_sent_total", "counter", "Records that were sent.", counts.records.load(Relaxed));
    put("logs_followed", "gauge", "Logs that somebody follows.", gate.tails.followed() as u64);
    let polling = u64::from(gate.tails.polling().is_some());
    put("polling", "gauge", "1 if the file system does not notify and is polled.", polling);
    let _ = writeln!(text, "# HELP planwatch_plans Plans by state.\n# TYPE planwatch_plans gauge");
    for (state, count) in gate.roster.by_state() {
        let _ = writeln!(text, "planwatch_plans{{state=\"{state}\"}} {count}");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}
