//! `demo`: three real Luigi plans, live, in one command.

/// What a user may mean by `demo`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {}

use super::{World, unbuilt};

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("demo")
}
