//! One plan's lifecycle and nothing else: a pure machine decides, a loop performs.
//!
//! [`launch`] asks for a supervisor, `ready` is its answer, `senses` tell what happened, `machine` decides,
//! `drive` and `perform` do it,
//! `abroad` finds the process of a run that somebody else started,
//! `adopt` goes on where a dead supervisor stopped, [`exec_step`] becomes the plan, `tree` finds all
//! processes of a run, `leftover` those that outlive it, `companion` keeps a recorder alive, `secrets` puts values where only the recorder sees them, `bridge` lays out what makes the plan's
//! Python report Luigi's events.
//!
//! Uses `model`, `fold`, `store`, `os`, `control`, `wake` and `foreign`. What surprises: it never touches the
//! plan's output; it speaks to the log only through a FIFO, and learns what was heard by reading the
//! log.

mod abroad;
mod adopt;
mod after;
mod begin;
mod bridge;
mod companion;
mod drive;
mod exec;
mod history;
mod hooks;
pub mod launch;
mod leftover;
mod lifecycle;
mod machine;
mod perform;
mod ready;
mod run;
mod secrets;
mod senses;
mod stall;
mod tie;
mod tree;
mod words;

pub use begin::{adopt, supervise};
pub use drive::Provide;
pub use exec::{ExecFailure, ExecOrder, PlanPid, exec_step};
pub use leftover::Leftovers;
