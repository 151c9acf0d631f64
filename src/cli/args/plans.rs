//! The verbs about a file of plans.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::ListForm;
use crate::model::parse_duration;

/// Which plans of a file.
#[derive(Debug, Args)]
pub(crate) struct WantedArgs {
    /// The file of plans [default: plans.toml, else Procfile, in this folder]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// All plans of this group
    #[arg(short, long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
    /// Plans of the file, and what they come after; the key of a foreach means all it makes
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
}

/// Check a file of plans and print what it would run
///
/// Starts nothing. Every mistake is told with its line, its column and what was probably meant, and
/// exits with 2. What is fine but could not start now (a folder or a program is missing) exits
/// with 1.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    /// The form: table, json (one array) or jsonl
    #[arg(
        short,
        long,
        value_name = "FORM",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub(crate) output: ListForm,
    /// Only print the JSON Schema of plans.toml, for editors
    #[arg(long, conflicts_with_all = ["file", "group", "names", "output"])]
    pub(crate) schema: bool,
}

/// Write a commented plans.toml from what a folder holds
///
/// Looks for PlanExe and its run folders (those that are not complete become plans that go on where
/// they were), and for Python modules with Luigi tasks. Never writes over a file that is there.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// The folder [default: this one]
    #[arg(value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

/// Queue plans of a file, and start those whose turn it is
///
/// Returns at once; the plans run in the background, at most --jobs of them at a time over
/// everything that was queued, in the order that `after`, priority and file say. No process owns the
/// queue: a plan that ends starts what is due, and so does every planwatch command. A plan that runs
/// already is left alone, one that waits is queued anew, one that has ended runs again.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch up                       every plan of plans.toml in this folder
  planwatch up -j 4 dublin-cafe      this one, and what it comes after
  planwatch up -g night              a group
  planwatch up --resume              go on with the queue after the machine was restarted
  planwatch up --foreground          stay, print what the plans print, end when they have")]
pub(crate) struct UpArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    /// Every plan of the file, which is also what no name means
    #[arg(long, conflicts_with_all = ["names", "group"])]
    pub(crate) all: bool,
    /// Plans at once [default: that of the file, else one for each processor]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) jobs: Option<u32>,
    /// Go on with what was queued before the machine was restarted; what was cut off runs again
    ///
    /// With --foreground, where nothing is left of an earlier queue: the plans of the file.
    #[arg(long, conflicts_with_all = ["names", "group", "all"])]
    pub(crate) resume: bool,
    /// Stay until the plans have ended, and print what they print
    ///
    /// Exits with the first code that is not 0, in the order of the file. ^C and SIGTERM take out of
    /// the queue what waits and stop what runs, each with its own grace; once more kills it. Other
    /// signals are passed on. Tells a service manager that it is ready, and can be the first process
    /// of a container. The plans outlive it if it is killed.
    #[arg(long)]
    pub(crate) foreground: bool,
    /// With --foreground: only say what begins and how it ends
    #[arg(short, long, requires = "foreground")]
    pub(crate) quiet: bool,
}

/// Take plans out of the queue, and stop those that run
///
/// Without names: all plans that were queued from this file. Returns when those that ran have ended.
#[derive(Debug, Args)]
pub(crate) struct DownArgs {
    #[command(flatten)]
    pub(crate) wanted: WantedArgs,
    /// Everything that is queued, from whatever file
    #[arg(long, conflicts_with_all = ["names", "group", "file"])]
    pub(crate) all: bool,
    /// Time between the stop signal and SIGKILL [default: the plan's own]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) stop_timeout: Option<Duration>,
}
