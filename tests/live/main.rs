//! Everything that runs the program itself: one file a verb, plus what no verb owns.

#![allow(clippy::unwrap_used, reason = "a test that fails shall panic")]

#[allow(dead_code, reason = "shared with the faults, who use the rest")]
mod harness;
#[path = "oracle/script.rs"]
mod script;

mod bridge;
mod compat;
mod compress;
mod counts;
mod crash;
mod export;
mod faults;
mod foreground;
mod foreign;
mod gateway;
mod idle;
mod init;
mod lists;
mod logs;
mod long_ago;
mod luigi;
mod night;
mod oracle;
mod processes;
mod queue;
mod record;
mod recorder;
mod rotation;
mod run;
mod schema;
mod screen;
mod stop;
mod taken_up;
mod tasks;
mod tmux;
mod up;
mod wait;
