//! `attach` and `wait`: following a run to its end.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use regex::bytes::Regex;

use super::one_plan;
use crate::cmd::logs::TaskGlob;
use crate::cmd::select::Selector;
use crate::model::{PlanName, Target, parse_duration};

/// Follow a running plan from here on, and exit with its verdict
///
/// ^C detaches: the plan goes on. With --dir or --pid, take up a run that something else started:
/// it is recorded in the background from the beginning of its log, judged at its end, and can be
/// stopped like any other.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch attach nightly -n 50
  planwatch attach --dir run/20261123_173558         a PlanExe run that its web service started
  planwatch attach --dir run --all                   every run in there, and those to come
  planwatch attach --pid 4711 --file app.log -n app")]
#[command(group(clap::ArgGroup::new("whom").args(["target", "dir", "pid"]).required(true)))]
pub(crate) struct AttachArgs {
    /// The plan
    #[arg(value_name = "NAME", value_parser = |text: &str| one_plan("attach", text))]
    pub(crate) target: Option<Target>,
    /// Show this many lines of what was before [default: 10]; with --dir or --pid: the plan's name
    #[arg(short = 'n', value_name = "N|NAME", conflicts_with_all = ["lines", "name", "all"])]
    pub(crate) short: Option<String>,
    /// Show this many lines of what was before [default: 10]
    #[arg(long, value_name = "N", requires = "target")]
    pub(crate) lines: Option<u64>,
    /// Take up the PlanExe run in this folder: its log.txt, the processes that carry it as
    /// RUN_ID_DIR, its 999-pipeline_complete.txt
    #[arg(long, value_name = "RUN_DIR", help_heading = "Runs that something else started")]
    pub(crate) dir: Option<PathBuf>,
    /// Take up every run folder in --dir, and new ones as they appear
    #[arg(
        long,
        requires = "dir",
        conflicts_with = "name",
        help_heading = "Runs that something else started"
    )]
    pub(crate) all: bool,
    /// Take up this process: its end, and the files it logs to
    #[arg(long, value_name = "PID", help_heading = "Runs that something else started")]
    pub(crate) pid: Option<i32>,
    /// A file to record, from its beginning; repeatable [default: where stdout and stderr of the
    /// process go, if those are files]
    #[arg(
        long,
        value_name = "LOG",
        requires = "pid",
        help_heading = "Runs that something else started"
    )]
    pub(crate) file: Vec<PathBuf>,
    /// The plan's name [default: the folder's, or what the process runs]
    #[arg(
        long,
        value_name = "NAME",
        conflicts_with = "target",
        help_heading = "Runs that something else started"
    )]
    pub(crate) name: Option<PlanName>,
    /// Return as soon as it is recorded; with --all: take up those that are there now
    #[arg(
        short,
        long,
        conflicts_with = "target",
        help_heading = "Runs that something else started"
    )]
    pub(crate) detach: bool,
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
