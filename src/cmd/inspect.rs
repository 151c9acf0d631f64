//! `inspect`: everything known of a plan and its runs, as JSON.

use super::select::Selector;
use super::{World, unbuilt};

/// What a user may mean by `inspect`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("inspect")
}
