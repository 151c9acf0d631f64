//! `stop`: ends the whole tree of a plan's processes, and returns when it has ended.

use std::time::Duration;

use super::select::Selector;
use super::{World, unbuilt};

/// What a user may mean by `stop`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
    /// First signal, if not the plan's own choice.
    pub signal: Option<i32>,
    /// Time between that signal and SIGKILL, if not the plan's own choice.
    pub grace: Option<Duration>,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("stop")
}
