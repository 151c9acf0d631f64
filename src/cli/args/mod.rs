//! The command line as it is typed. Doc comments here are the help text.
//!
//! Nothing is looked up in this folder: what a value means beside the environment and the clock is
//! `resolve`'s matter.

mod background;
#[cfg(feature = "serve")]
mod connect;
mod logs;
mod manage;
mod plans;
mod run;
#[cfg(feature = "serve")]
mod serve;
mod tasks;
mod wait;

pub(super) use background::{CompressArgs, ExecArgs, RecorderArgs, SuperviseArgs};
pub(super) use logs::{LogForm, LogsArgs};
pub(super) use manage::{
    CompletionsArgs, DoctorArgs, InspectArgs, ListForm, ManArgs, PruneArgs, PsArgs, RestartArgs,
    RmArgs, SignalArgs, StopArgs, VerifyArgs, WatchArgs,
};
pub(super) use plans::{CheckArgs, DownArgs, InitArgs, UpArgs, WantedArgs};
pub(super) use run::{IfRunning, LogLimits, RecordArgs, RunArgs};
#[cfg(feature = "serve")]
pub(super) use serve::ServeArgs;
pub(super) use tasks::{TasksArgs, WhyArgs, WhyForm};
pub(super) use wait::{AttachArgs, Until, WaitArgs};

use clap::builder::Styles;
use clap::builder::styling::{AnsiColor, Effects};
use clap::{Parser, Subcommand, ValueEnum};

use crate::model::{NameError, Target};

/// One plan, for the verb that takes one.
fn one_plan(verb: &str, text: &str) -> Result<Target, String> {
    if text.contains(['*', '?', '[', '{']) {
        return Err(format!("{verb} takes one plan, not a pattern (planwatch ps lists the plans)"));
    }
    text.parse().map_err(|error: NameError| error.to_string())
}

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().effects(Effects::BOLD))
    .usage(AnsiColor::Yellow.on_default().effects(Effects::BOLD))
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Green.on_default())
    .valid(AnsiColor::Green.on_default())
    .invalid(AnsiColor::Red.on_default())
    .error(AnsiColor::Red.on_default().effects(Effects::BOLD));

/// Runs Luigi plans, records every line they print exactly once, follows them live, and tells the
/// truth about how they ended.
#[derive(Debug, Parser)]
#[command(
    name = "planwatch",
    version,
    about,
    styles = STYLES,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_help = AFTER_HELP,
)]
pub(super) struct Root<V: Subcommand> {
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        global = true,
        help_heading = "Everywhere",
        hide_possible_values = true,
        help = "Colours: auto, always or never"
    )]
    pub(super) color: ColorChoice,
    #[command(subcommand)]
    pub(super) verb: V,
}

/// The command line with everything that may stand on it.
pub(super) type Cli = Root<AnyVerb>;

/// The command line of who reads a log.
pub(super) type Reading = Root<Quick>;

/// The command line as people know it, for completions and man pages.
pub(super) type Public = Root<Verb>;

const AFTER_HELP: &str = "\
Examples:
  planwatch demo                                    three real Luigi plans, live
  planwatch run -n nightly -- python -m luigi ...   start a plan, follow it
  planwatch logs -f nightly                         follow it from anywhere else
  planwatch ps                                      what runs, and how the rest ended
  planwatch watch                                   the same and the logs, live, on one screen

State is kept in $PLANWATCH_HOME, else $XDG_STATE_HOME/planwatch, else ~/.local/state/planwatch.
planwatch VERB --help tells more about a verb; planwatch man | man -l - is the manual.";

/// When colours are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    #[default]
    Auto,
    Always,
    Never,
}

/// The one verb that is over before the tree of all of them is built.
#[derive(Debug, Subcommand)]
pub(super) enum Quick {
    Logs(Box<LogsArgs>),
}

/// A verb, or one of planwatch's own background processes.
#[derive(Debug, Subcommand)]
pub(super) enum AnyVerb {
    #[command(flatten)]
    Public(Verb),
    #[command(name = "__supervise", hide = true)]
    Supervise(SuperviseArgs),
    /// Take a turn of the queue
    #[command(name = "__queue", hide = true)]
    Queue,
    #[command(name = "__exec", hide = true)]
    Exec(ExecArgs),
    #[command(name = "__record", hide = true)]
    Recorder(RecorderArgs),
    #[command(name = "__compress", hide = true)]
    Compress(CompressArgs),
}

/// A verb for people.
#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    Run(Box<RunArgs>),
    Attach(Box<AttachArgs>),
    Logs(Box<LogsArgs>),
    Ps(PsArgs),
    Tasks(TasksArgs),
    Why(WhyArgs),
    Watch(WatchArgs),
    #[cfg(feature = "serve")]
    Serve(Box<ServeArgs>),
    Inspect(InspectArgs),
    Stop(StopArgs),
    Restart(RestartArgs),
    Signal(SignalArgs),
    Wait(WaitArgs),
    Up(UpArgs),
    Down(DownArgs),
    Check(CheckArgs),
    Init(InitArgs),
    Record(RecordArgs),
    Verify(VerifyArgs),
    Rm(RmArgs),
    Prune(PruneArgs),
    Doctor(DoctorArgs),
    /// Run three real Luigi plans at once and follow them live
    ///
    /// Uses a Python that can import luigi; if there is none, makes a private virtual environment
    /// in your cache folder and installs luigi there. Exits with 0 if all three plans ended as they
    /// were designed to, the failing one included.
    Demo,
    Completions(CompletionsArgs),
    Man(ManArgs),
}
