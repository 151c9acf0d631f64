//! `signal`: sends a signal to a running plan.

use super::select::Selector;
use super::{World, unbuilt};

/// What a user may mean by `signal`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The signal's number.
    pub signal: i32,
    /// The plans; never empty.
    pub plans: Vec<Selector>,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("signal")
}
