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
  planwatch up --resume              go on with the queue after the machine was restarted")]
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
    #[arg(long, conflicts_with_all = ["names", "group", "file", "all"])]
    pub(crate) resume: bool,
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
