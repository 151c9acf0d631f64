//! `attach` and `wait`: following a run to its end.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use regex::bytes::Regex;

use crate::cmd::select::Selector;
use crate::cmd::taskglob::TaskGlob;
use crate::model::{Target, parse_duration};

/// Follow a running plan from here on, and exit with its verdict
///
/// ^C detaches: the plan goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  planwatch attach nightly -n 50")]
pub(crate) struct AttachArgs {
    /// The plan
    #[arg(value_name = "NAME")]
    pub(crate) target: Target,
    /// Show this many lines of what was before
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub(crate) lines: u64,
}

/// Wait until plans have ended, until a task has succeeded, or until a line appears
///
/// Prints NAME VERDICT CODE for each plan as it ends, and exits as run would: with the plan's code,
/// the first that is not 0 where several plans are waited for. The last run counts where none is
/// named; if it has ended already, wait returns at once.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch wait nightly && echo done
  planwatch wait --timeout 2h 'demo-*'
  planwatch wait --for task=Budget nightly          the class of a task, its name or its id, or a pattern
  planwatch wait --for log='Scheduled \\d+ tasks' nightly")]
pub(crate) struct WaitArgs {
    /// Plans: names, runs of them (plan~1, plan@3) or patterns
    #[arg(required = true, value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
    /// Return when the first has ended
    #[arg(long)]
    pub(crate) any: bool,
    /// Give up after this long (exit 124)
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) timeout: Option<Duration>,
    /// What to wait for: exit, task=GLOB (it has succeeded), or log=REGEX
    #[arg(long = "for", value_name = "WHAT", default_value = "exit")]
    pub(crate) until: Until,
}

/// What `wait` waits for.
#[derive(Clone, Debug)]
pub(crate) enum Until {
    Exit,
    Task(TaskGlob),
    Log(Regex),
}

impl FromStr for Until {
    type Err = String;

    fn from_str(text: &str) -> Result<Until, String> {
        match text.split_once('=') {
            None if text == "exit" => Ok(Until::Exit),
            Some(("task", glob)) => glob.parse().map(Until::Task),
            Some(("log", pattern)) => super::logs::regex(pattern).map(Until::Log),
            _ => Err("write exit, task=GLOB or log=REGEX".to_owned()),
        }
    }
}
