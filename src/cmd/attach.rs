//! `attach`: follows a running plan from here on, ends with its verdict.

use super::{World, unbuilt};
use crate::model::Target;

/// What a user may mean by `attach`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan.
    pub target: Target,
    /// Lines shown of what was before.
    pub lines: u64,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("attach")
}
