//! How planwatch's own background processes are called. Not for people.

use std::ffi::OsString;

use clap::Args;

use crate::model::PlanName;

/// Look after one plan's run
#[derive(Debug, Args)]
pub(crate) struct SuperviseArgs {
    pub(crate) plan: PlanName,
    /// Take over a run whose supervisor has died
    #[arg(long)]
    pub(crate) adopt: bool,
    /// An inherited pidfd of the plan's process
    #[arg(long, value_name = "N")]
    pub(crate) plan_pidfd: Option<i32>,
}

/// Become the plan's program
#[derive(Debug, Args)]
pub(crate) struct ExecArgs {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) arguments: Vec<OsString>,
}

/// Compress sealed segments of one plan
#[derive(Debug, Args)]
pub(crate) struct CompressArgs {
    pub(crate) plan: PlanName,
}

/// Record one plan
#[derive(Debug, Args)]
pub(crate) struct RecorderArgs {
    pub(crate) plan: PlanName,
}
