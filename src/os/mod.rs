//! The system: processes, signals, pipes, terminals. The only room that makes system calls by name
//! and the only one with `unsafe`.
//!
//! Uses none of our rooms. What surprises: everything here reports errors, nothing decides.

pub mod child;
pub mod deaths;
pub mod fifo;
pub mod limits;
pub mod lock;
pub mod pidfd;
pub mod poll;
pub mod tool;
pub mod tty;
