//! `rm`: removes plans that have ended, with their logs.

use super::select::Selector;
use super::{World, unbuilt};

/// What a user may mean by `rm`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("rm")
}
