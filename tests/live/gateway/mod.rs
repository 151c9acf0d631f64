//! The gateway: what it answers, whom it refuses, and that nobody loses a line.

mod browser;
mod client;
mod far;
mod network;
mod page;
mod plain;
mod security;
mod storm;
