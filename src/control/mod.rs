//! Requests to a supervisor, and finding out that they were carried out.
//!
//! A request is one line of at most [`Said::MAX`](crate::model::Said::MAX) bytes in the plan's
//! `requests` FIFO, so that the kernel writes it whole (pipe(7), PIPE_BUF). It carries an id, which
//! stands in the record of what it caused: whoever asked reads the log until it is there, and asks
//! again when the supervisor was replaced meanwhile; a supervisor ignores ids it has seen.
//!
//! Uses `model`, `store` and `os`. What surprises: the answer to a request is a record in the log.

mod request;
mod send;

pub use request::{Request, Verb, parse};
pub use send::{Line, open};
