//! `restart`: stops a plan if it runs, and starts it again as it was started.

use std::time::Duration;

use super::select::Selector;
use super::{World, unbuilt};

/// What a user may mean by `restart`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
    /// Time between the stop signal and SIGKILL, if not the plan's own choice.
    pub grace: Option<Duration>,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("restart")
}
