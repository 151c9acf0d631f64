//! `verify`: proves that a log is whole.

use super::select::Selector;
use super::{World, unbuilt};

/// What a user may mean by `verify`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The plans; empty for all.
    pub plans: Vec<Selector>,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("verify")
}
