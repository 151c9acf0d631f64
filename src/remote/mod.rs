//! Plans of another machine, over the gateway that `planwatch serve` is there.
//!
//! | file | holds |
//! | --- | --- |
//! | `address` | where the gateway is, and what lets in |
//! | `pause` | how long to wait before the next try |
//! | `trouble` | why something did not work, and whether it may later |
//! | `client` | questions and their answers |
//! | `records` | a log, read from any cursor by long polls |
//! | `link` | what a screen asks and is told, over one WebSocket |
//!
//! Uses `model`, `fold`, `feed`, and `store` for what a reader gives. What surprises:
//! a connection is a cursor here as well. Whatever breaks is tried again from the last record that
//! came, with longer and longer pauses, so nothing is lost or shown twice.

mod address;
mod client;
mod link;
mod pause;
mod records;
mod trouble;

pub use address::Address;
pub use client::{Client, Plan};
pub use link::{Heard, Link};
pub use records::Records;
pub use trouble::Trouble;
