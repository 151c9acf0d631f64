//! Everything that runs the program itself: one file a verb, plus what no verb owns.

#![allow(clippy::unwrap_used, reason = "a test that fails shall panic")]

#[allow(dead_code, reason = "the verbs that use the rest are to come")]
mod harness;
#[path = "oracle/script.rs"]
mod script;

mod faults;
mod oracle;
mod record;
mod recorder;
