//! `prune`: removes old segments and old plans by rule.

use std::time::Duration;

use super::select::Selector;
use super::{World, unbuilt};
use crate::model::KeepRule;

/// What a user may mean by `prune`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The plans; empty for all.
    pub plans: Vec<Selector>,
    /// Rules for segments; each plan's own where none is given.
    pub keep: Vec<KeepRule>,
    /// Remove plans that ended longer ago than this.
    pub older_than: Option<Duration>,
    /// Only say what would be removed.
    pub dry_run: bool,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("prune")
}
