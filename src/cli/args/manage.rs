//! The verbs that list, stop and tidy up.

use std::time::Duration;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use crate::cmd::select::Selector;
use crate::model::{KeepRule, parse_duration, parse_signal, parse_size};

/// List running plans and those that ended within 24 hours
#[derive(Debug, Args)]
pub(crate) struct PsArgs {
    /// All plans, however old
    #[arg(short, long)]
    pub(crate) all: bool,
    /// Names only
    #[arg(short, long, conflicts_with = "output")]
    pub(crate) quiet: bool,
    /// Only plans of this group of the queue
    #[arg(short, long, value_name = "GROUP")]
    pub(crate) group: Option<String>,
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

/// The forms of lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListForm {
    #[default]
    Table,
    Json,
    Jsonl,
}

/// Print everything known of plans and their runs, as JSON
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// Plans: names or patterns
    #[arg(required = true, value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
}

/// Stop plans: the whole tree of their processes
///
/// Sends the stop signal, then SIGKILL after the grace to whatever is left, and returns when the
/// run has ended. Stopping a plan that is not running is not an error.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch stop nightly
  planwatch stop --stop-timeout 0 'demo-*'      kill at once")]
pub(crate) struct StopArgs {
    /// Plans: names or patterns
    #[arg(required = true, value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
    /// First signal [default: the one given to run]
    #[arg(short, long, value_name = "SIGNAL", value_parser = parse_signal)]
    pub(crate) signal: Option<i32>,
    /// Time between that signal and SIGKILL [default: the one given to run]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) stop_timeout: Option<Duration>,
}

/// Watch plans, their logs and their tasks on one screen
///
/// It only looks: leaving it stops nothing, and what it does to plans (s, r, x) it asks first. Every
/// key is told by ?. Plans that come later appear by themselves, those that are queued with what
/// they wait for. U starts plans of the plans.toml or Procfile in this folder, as up does.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// Plans: names or patterns [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
    #[cfg(feature = "serve")]
    #[command(flatten)]
    pub(crate) connect: super::connect::ConnectArgs,
}

/// Stop plans if they run, and start them again as they were started
///
/// Luigi goes on where it stopped: tasks whose output exists are not run again. The environment
/// comes from the living supervisor, else from yours: a variable that is missing is refused.
#[derive(Debug, Args)]
pub(crate) struct RestartArgs {
    /// Plans: names or patterns
    #[arg(required = true, value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
    /// Time between the stop signal and SIGKILL [default: the one given to run]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) stop_timeout: Option<Duration>,
}

/// Send a signal to the main process of running plans
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  planwatch signal -s USR1 nightly      Luigi: finish what runs, begin nothing new")]
pub(crate) struct SignalArgs {
    /// The signal: a name such as USR1, or a number
    #[arg(short, long, value_name = "SIGNAL", value_parser = parse_signal)]
    pub(crate) signal: i32,
    /// Plans: names or patterns
    #[arg(required = true, value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
}

/// Prove that logs are whole
///
/// Checks that sequence numbers are dense, that the offsets of each stream are contiguous, and the
/// checksums of sealed segments. Names what is missing and exits with 1 if anything is.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Plans: names or patterns [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
}

/// Remove plans that have ended, with their logs
#[derive(Debug, Args)]
pub(crate) struct RmArgs {
    /// Plans: names or patterns
    #[arg(required = true, value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
}

/// Remove old segments and old plans by rule, and compress what stays
///
/// Without --keep each plan's own rules hold. A running plan is never removed, nor the log of its
/// running run, unless that alone breaks a rule. Sealed segments that are not compressed yet are, but
/// for plans that were started with --compress never.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch prune --keep 1GiB --keep 30d --dry-run
  planwatch prune --total 50GiB                 the oldest of all plans go first
  planwatch prune --keep free:20GiB             until so much of the disk is free
  planwatch prune --older-than 90d")]
pub(crate) struct PruneArgs {
    /// Plans: names or patterns [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
    /// Keep this much log of each plan: a size, an age, a count of segments, or free:SIZE: as much
    /// as leaves so much of the disk free
    #[arg(long, value_name = "RULE")]
    pub(crate) keep: Vec<KeepRule>,
    /// Keep this much log of all these plans together
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) total: Option<u64>,
    /// Remove plans that ended longer ago than this
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) older_than: Option<Duration>,
    /// Only say what would be removed
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Look for what would keep planwatch from working well on this machine
///
/// Checks limits, file notifications, permissions, file systems and processes without a plan.
/// Exits with 1 if something was found.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Mend what can be mended without a question: who may enter the home, and lnav's knowledge of
    /// the log's format
    #[arg(long)]
    pub(crate) fix: bool,
}

fn size(text: &str) -> Result<u64, String> {
    parse_size(text).map_err(|error| error.to_string())
}

/// Print a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mkdir -p ~/.local/share/bash-completion/completions
  planwatch completions bash > ~/.local/share/bash-completion/completions/planwatch

  mkdir -p ~/.zfunc
  planwatch completions zsh > ~/.zfunc/_planwatch
  # and in ~/.zshrc, before compinit is called:
  fpath=(~/.zfunc $fpath); autoload -Uz compinit; compinit

  mkdir -p ~/.config/fish/completions
  planwatch completions fish > ~/.config/fish/completions/planwatch.fish

They hold from the next shell on; bash needs the package bash-completion.")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Print a manual page
///
/// Read it with: planwatch man | man -l -
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch man logs | man -l -                 read the page of a verb
  mkdir -p ~/.local/share/man/man1              have them where man looks for them:
  planwatch man > ~/.local/share/man/man1/planwatch.1
  for verb in run logs ps tasks why; do
      planwatch man $verb > ~/.local/share/man/man1/planwatch-$verb.1
  done

After that: man planwatch, man planwatch-logs. For all users: /usr/local/share/man/man1.")]
pub(crate) struct ManArgs {
    /// The page of this verb [default: the page of the whole program]
    pub(crate) verb: Option<String>,
}
