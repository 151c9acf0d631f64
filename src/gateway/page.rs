//! The page: one file of HTML with its style and its script in it, and a policy that lets nothing
//! else run.

use std::sync::LazyLock;

use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const BODY: &str = include_str!("page/page.html");

struct Page {
    html: String,
    policy: String,
}

/// Put together once. The policy names the very bytes of style and script, so that nothing that a
/// log line smuggles in can be either.
static PAGE: LazyLock<Page> = LazyLock::new(|| {
    let html = BODY.replace("/*STYLE*/", STYLE).replace("/*SCRIPT*/", SCRIPT);
    let hash = |text: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)));
    let policy = format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    Page { html, policy }
});

pub(super) async fn show() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_SECURITY_POLICY, PAGE.policy.as_str()),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, Html(PAGE.html.as_str()))
}

/// The page brings its own.
pub(super) async fn icon() -> impl IntoResponse {
    StatusCode::NO_CONTENT
}
