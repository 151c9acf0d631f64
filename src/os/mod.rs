//! The system: processes, signals, pipes, terminals. The only room that makes system calls by name
//! and the only one with `unsafe`, in one file, `kernel`.
//!
//! Uses none of our rooms. What surprises: everything here reports errors, nothing decides; and a
//! process is never a number but a pidfd and a start time, because numbers are used again.

pub mod child;
pub mod deaths;
pub mod fifo;
pub mod given;
pub mod host;
pub mod kernel;
pub mod limits;
pub mod lock;
pub mod net;
pub mod peek;
pub mod pidfd;
pub mod poll;
pub mod priority;
pub mod proc;
pub mod service;
pub mod tool;
pub mod tty;
