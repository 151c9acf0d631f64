//! `__exec`: the last step before a plan's program takes over the process.

use std::ffi::OsString;

use super::{World, unbuilt};

/// How the step is called by the supervisor.
#[derive(Clone, Debug)]
pub struct Options {
    /// Everything after `__exec`, as it is.
    pub arguments: Vec<OsString>,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("exec")
}
