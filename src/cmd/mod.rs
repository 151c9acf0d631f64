//! The verbs, one file each: options in, exit code out.
//!
//! Each verb's `Options` is what the user *means*, in the words of `model`; `cli` makes it from what
//! was typed. [`World`] is what surrounds the command. May use every room but `cli`.
//!
//! What surprises: standard output is written in one file, [`out`]; a reader that has gone (`| head`)
//! comes back as an error from there, and `main` turns it into quiet success.

pub mod alive;
mod ask;
pub mod attach;
pub mod check;
pub mod completions;
pub mod compress;
#[cfg(feature = "serve")]
pub mod connect;
pub mod demo;
pub mod doctor;
pub mod down;
pub mod environment;
mod evidence;
pub mod exec;
pub mod follow;
mod foreground;
pub mod init;
pub mod inspect;
mod leftover;
pub mod logs;
pub mod man;
pub mod near;
pub mod out;
pub mod plansfile;
pub mod print;
pub mod prune;
pub mod ps;
pub mod queue;
pub mod record;
pub mod recorder;
pub mod restart;
pub mod rm;
pub mod run;
pub mod say;
pub mod select;
#[cfg(feature = "serve")]
pub mod serve;
pub mod signal;
mod start;
pub mod stop;
pub mod supervise;
mod tables;
pub mod tasks;
pub mod turn;
pub mod up;
pub mod verify;
pub mod wait;
pub mod watch;
pub mod why;
mod world;

pub use world::{HomeChoice, Sink, World, asker, now, terminal_height, terminal_width, umask};
