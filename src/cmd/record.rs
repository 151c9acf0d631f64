//! `record`: records standard input as a run of a plan.

use super::{World, unbuilt};
use crate::model::Spec;

/// What a user may mean by `record`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan's name and the limits of its log; its `argv` is empty.
    pub spec: Spec,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("record")
}
