//! `wait`: blocks until plans have ended, or until a line appears.

use std::time::Duration;

use regex::bytes::Regex;

use super::select::Selector;
use super::{World, unbuilt};

/// What a user may mean by `wait`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
    /// The first is enough.
    pub any: bool,
    /// Give up after this long.
    pub timeout: Option<Duration>,
    /// What to wait for.
    pub until: Until,
}

/// What `wait` waits for.
#[derive(Clone, Debug, Default)]
pub enum Until {
    /// The run's end.
    #[default]
    Exit,
    /// A line that this fits.
    Log(Regex),
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("wait")
}
