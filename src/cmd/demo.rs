//! `demo`: three real Luigi plans, live, in one command.

use super::{World, unbuilt};

/// What a user may mean by `demo`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("demo")
}
