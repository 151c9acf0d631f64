//! Every error a client can get: what, why, what to do next, and whether to try again.

use std::io;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::gate::Deed;
use crate::model::{NameError, PlanName};

/// An error, as it is sent over every way there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename = "error")]
pub(super) struct Refusal {
    /// Stable; for programs.
    pub(super) code: &'static str,
    /// What went wrong, and why.
    pub(super) message: String,
    /// What to do next.
    pub(super) hint: String,
    /// Whether the same request may succeed later.
    pub(super) temporary: bool,
    /// Seconds after which to try again; none where trying again is no use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retry_after: Option<u64>,
    /// The plan that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) plan: Option<String>,
    #[serde(skip)]
    pub(super) status: StatusCode,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Refusal {
        Refusal {
            code,
            message: message.into(),
            hint: hint.into(),
            temporary: false,
            retry_after: None,
            plan: None,
            status,
        }
    }

    fn again_in(mut self, seconds: u64) -> Refusal {
        (self.temporary, self.retry_after) = (true, Some(seconds));
        self
    }

    pub(super) fn of_plan(mut self, plan: &str) -> Refusal {
        self.plan = Some(plan.to_owned());
        self
    }

    pub(super) fn bad(what: impl Into<String>, hint: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "bad_request", what, hint)
    }

    pub(super) fn bad_message(what: impl Into<String>, hint: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, "bad_message", what, hint)
    }

    pub(super) fn bad_name(text: &str, error: &NameError) -> Refusal {
        let shown: String = text.chars().take(80).collect();
        let hint = "GET /api/plans lists the plans there are";
        let what = format!("'{shown}' is no name of a plan: {error}");
        Refusal::new(StatusCode::BAD_REQUEST, "bad_name", what, hint)
    }

    pub(super) fn no_such_plan(plan: &PlanName, plans: &[PlanName]) -> Refusal {
        let what = format!("there is no plan '{plan}' yet");
        let hint = if plans.is_empty() {
            format!("planwatch run -n {plan} -- COMMAND starts it")
        } else {
            let shown: Vec<&str> = plans.iter().take(20).map(PlanName::as_str).collect();
            let more = if plans.len() > shown.len() { " and more" } else { "" };
            format!("there is: {}{more}", shown.join(", "))
        };
        Refusal::new(StatusCode::NOT_FOUND, "no_such_plan", what, hint)
            .again_in(5)
            .of_plan(plan.as_str())
    }

    pub(super) fn no_such_run(plan: &PlanName, run: u64, last: u64) -> Refusal {
        let hint = match last {
            0 => "it has never been run".to_owned(),
            last => format!("its last run is {last}"),
        };
        let what = format!("{plan} has no run {run} that is remembered");
        Refusal::new(StatusCode::NOT_FOUND, "no_such_run", what, hint).of_plan(plan.as_str())
    }

    pub(super) fn no_such_path() -> Refusal {
        let hint = "GET /api/openapi.json tells what there is; the page is at /";
        Refusal::new(StatusCode::NOT_FOUND, "no_such_path", "there is nothing at this path", hint)
    }

    pub(super) fn wrong_method() -> Refusal {
        let hint = "GET /api/openapi.json tells the methods of each path";
        let what = "this path does not answer that method";
        Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", what, hint)
    }

    pub(super) fn no_upgrade(why: &str) -> Refusal {
        let what = format!("this path speaks WebSocket, and the request does not: {why}");
        let hint = "connect with a WebSocket client, or read GET /api/plans/{plan}/events";
        Refusal::new(StatusCode::UPGRADE_REQUIRED, "not_a_websocket", what, hint)
    }

    pub(super) fn unreadable(what: &str, error: &io::Error) -> Refusal {
        let message = format!("{what} cannot be read: {error}");
        let hint = "planwatch doctor, on the machine of the gateway, looks for the cause";
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "unreadable", message, hint).again_in(5)
    }

    pub(super) fn closing() -> Refusal {
        let hint = "connect again; what you have not seen is still in the log";
        Refusal::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "closing",
            "this gateway is coming to its end",
            hint,
        )
        .again_in(2)
    }

    pub(super) fn full(clients: usize) -> Refusal {
        let what = format!("all {clients} connections of this gateway are taken");
        let hint = "try again later, or start it with a larger --max-clients";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_clients", what, hint).again_in(5)
    }

    pub(super) fn full_of_screens(screens: usize) -> Refusal {
        let what = format!("{screens} screens of other machines are open here, and no more can be");
        let hint = "close one of them, or follow a log: planwatch logs --connect URL -f NAME";
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_screens", what, hint).again_in(5)
    }

    pub(super) fn control_not_allowed() -> Refusal {
        let what = "this gateway only shows: plans cannot be stopped or restarted through it";
        let hint = "start it with --allow-control, or use planwatch stop on its machine";
        Refusal::new(StatusCode::FORBIDDEN, "control_not_allowed", what, hint)
    }

    pub(super) fn not_done(deed: Deed, why: &str) -> Refusal {
        let what = format!("cannot {}: {why}", deed.name());
        let hint = "GET /api/plans tells how plans stand";
        Refusal::new(StatusCode::CONFLICT, "not_done", what, hint)
    }

    pub(super) fn token(given: bool) -> Refusal {
        let what = match given {
            true => "this is not the gateway's token",
            false => "the gateway's token is missing",
        };
        let hint =
            "open the URL that planwatch serve printed, or send 'Authorization: Bearer TOKEN'";
        Refusal::new(StatusCode::UNAUTHORIZED, "unauthorized", what, hint)
    }

    pub(super) fn host(host: &str) -> Refusal {
        let shown: String = host.chars().take(80).collect();
        let what = format!("the gateway is not known as '{shown}'");
        let hint = "ask it by the address it listens on, or start it with --allow-host NAME";
        Refusal::new(StatusCode::FORBIDDEN, "host_not_allowed", what, hint)
    }

    pub(super) fn origin(origin: &str) -> Refusal {
        let shown: String = origin.chars().take(80).collect();
        let what = format!("pages of '{shown}' may not use this gateway");
        let hint = "start it with --allow-origin ORIGIN if you trust them";
        Refusal::new(StatusCode::FORBIDDEN, "origin_not_allowed", what, hint)
    }

    /// The message that is sent over a WebSocket or as an event.
    pub(super) fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, again) = (self.status, self.retry_after);
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        if let Some(seconds) = again {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
