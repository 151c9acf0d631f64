//! `doctor`: looks for what would keep planwatch from working well here.

use super::{World, unbuilt};

/// What a user may mean by `doctor`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("doctor")
}
