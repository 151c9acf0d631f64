//! What the gateway answers, for programs that write clients.

use axum::http::header;
use axum::response::IntoResponse;

/// The document; tests hold the gateway to it.
const DOCUMENT: &str = include_str!("openapi.json");

pub(super) async fn show() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT)
}
