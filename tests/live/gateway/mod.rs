//! The gateway: what it answers, whom it refuses, and that nobody loses a line.

mod client;
mod plain;
mod security;
mod storm;
