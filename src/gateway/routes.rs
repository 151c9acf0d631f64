//! Which path is answered where, and what every answer carries.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::gate::Gate;
use super::refusal::Refusal;
use super::{events, metrics, openapi, page, planexe, plans, records, screen, socket};

/// Bytes that a request may bring.
const BODY: usize = 4 << 10;

pub(super) fn routes(gate: &Arc<Gate>) -> Router {
    let mut router = Router::new()
        .route("/", get(page::show))
        .route("/favicon.ico", get(page::icon))
        .route("/healthz", get(async || "ok\n"))
        .route("/metrics", get(metrics::show))
        .route("/api/openapi.json", get(openapi::show))
        .route("/api/plans", get(plans::list))
        .route("/api/plans/{plan}", get(plans::one))
        .route("/api/plans/{plan}/tasks", get(plans::tasks))
        .route("/api/plans/{plan}/records", get(records::read))
        .route("/api/plans/{plan}/events", get(events::of_one))
        .route("/api/plans/{plan}/stop", post(plans::stop))
        .route("/api/plans/{plan}/restart", post(plans::restart))
        .route("/api/events", get(events::of_many))
        .route("/api/ws", get(socket::begin))
        .route("/api/screen", get(screen::begin));
    if gate.settings.planexe {
        router = router
            .route("/api/plans/{plan}/stream-status", get(planexe::status))
            .route("/api/plans/{plan}/stream", get(planexe::stream))
            .route("/ws/plans/{plan}/progress", get(planexe::progress));
    }
    router
        .fallback(async || Refusal::no_such_path())
        .method_not_allowed_fallback(async || Refusal::wrong_method())
        .layer(DefaultBodyLimit::max(BODY))
        .layer(from_fn_with_state(Arc::clone(gate), admit))
        .with_state(Arc::clone(gate))
}

/// Whether somebody may take his token in the query or a cookie: a front end that can send no
/// header.
fn is_front(gate: &Gate, path: &str) -> bool {
    gate.settings.planexe
        && (path.starts_with("/ws/plans/")
            || path.starts_with("/api/plans/")
                && (path.ends_with("/stream") || path.ends_with("/stream-status")))
}

async fn admit(State(gate): State<Arc<Gate>>, request: Request, next: Next) -> Response {
    let (method, uri, headers) = (request.method(), request.uri(), request.headers());
    let front = is_front(&gate, uri.path());
    let admitted = gate.settings.access.admit(method, uri, headers, front);
    let (mut response, origin) = match admitted {
        Err(refusal) => (refusal.into_response(), None),
        Ok(admitted) if *method == Method::OPTIONS && is_preflight(headers) => {
            (StatusCode::NO_CONTENT.into_response(), admitted.origin)
        }
        Ok(admitted) => (next.run(request).await, admitted.origin),
    };
    if response.status().is_client_error() || response.status().is_server_error() {
        gate.counts.refused.fetch_add(1, Relaxed);
    }
    protect(response.headers_mut(), origin.as_deref());
    response
}

fn is_preflight(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// What keeps a browser from doing with an answer what it is not meant for.
fn protect(headers: &mut HeaderMap, origin: Option<&str>) {
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    for (name, value) in always {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if !headers.contains_key(header::CONTENT_SECURITY_POLICY) {
        let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
        headers.insert(header::CONTENT_SECURITY_POLICY, nothing);
    }
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    let resource = HeaderName::from_static("cross-origin-resource-policy");
    let Some(origin) = origin.and_then(|origin| HeaderValue::from_str(origin).ok()) else {
        headers.insert(resource, HeaderValue::from_static("same-origin"));
        return;
    };
    headers.insert(resource, HeaderValue::from_static("cross-origin"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::VARY, HeaderValue::from_static("origin"));
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "authorization, last-event-id, if-none-match"),
        (header::ACCESS_CONTROL_EXPOSE_HEADERS, "etag, retry-after"),
        (header::ACCESS_CONTROL_ALLOW_CREDENTIALS, "true"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
