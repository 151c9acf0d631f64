//! Every fault that must be survived, made on this machine: broken disks, missing notifications,
//! foreign signals, hostile names, wrong clocks. What each proves stands in `cases`.
//!
//! Most need root, to mount and to limit; without it those say so and prove nothing. Nothing
//! global is changed but behind `ground`, which gives it back.

#![allow(clippy::unwrap_used, reason = "a test that fails shall panic")]

#[path = "../live/harness/mod.rs"]
#[allow(dead_code, unused_imports, reason = "shared with the tests of the verbs, who use the rest")]
mod harness;
#[path = "../live/oracle/script.rs"]
mod script;

mod clock;
mod damage;
mod doctor;
mod full;
#[allow(dead_code, reason = "not every fault is made yet")]
mod ground;
mod lasting;
mod names;
mod notices;
mod processes;
mod secrets;
mod storage;
mod storm;
mod sweep;
mod terminal;
