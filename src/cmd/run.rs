//! `run`: starts a plan in the background, follows it here, ends with its verdict.

use super::{World, unbuilt};
use crate::model::Spec;

/// What a user may mean by `run`.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to run. Its `env_names` are filled here, from the environment it will be given.
    pub spec: Spec,
    /// `NAME=value` pairs that go over everything else.
    pub env: Vec<(String, String)>,
    /// Return as soon as it runs.
    pub detach: bool,
    /// What to do if a run of this plan is alive.
    pub if_running: IfRunning,
}

/// What `run` does about a plan that is running already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IfRunning {
    /// Refuse.
    #[default]
    Fail,
    /// Follow the living run.
    Attach,
    /// Stop it, then start.
    Replace,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("run")
}
