//! `run` and `record`, and the log limits they share.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::model::{
    Compress, KeepRule, LogSpec, OnFull, PlanName, RestartChoice, VerdictRule, format_size,
    parse_duration, parse_signal, parse_size,
};

/// Start a plan in the background, follow it here, and exit with its verdict
///
/// The plan runs on when this terminal is closed. ^C asks it to stop (SIGINT), a second ^C stops
/// it (SIGTERM, then SIGKILL after --stop-timeout), a third one kills it at once. If the plan's
/// exit code is not 0 it is passed on as it is; if it is 0, Luigi's own summary decides.
#[derive(Debug, Args)]
#[command(
    override_usage = "planwatch run [OPTIONS] -- CMD [ARG...]",
    after_help = "\
Examples:
  planwatch run -- python -m luigi --module mars Base --local-scheduler
  planwatch run -n nightly -d -- ./nightly.sh
  planwatch run --timeout 3h -e RUN_ID_DIR=run/dublin_cafe \\
      --verdict exit --verdict luigi --verdict file:run/dublin_cafe/999-pipeline_complete.txt \\
      -- python -m worker_plan_internal.plan.run_plan_pipeline

Options of planwatch come before CMD: all that follows CMD is handed to it as it is, also what looks
like an option (planwatch run sleep 3 -n x hands -n x to sleep). CMD is no line for a shell: where
one is needed, planwatch run -n x -- sh -c 'a | b'.

Without -n the name is the base name of RUN_ID_DIR, else that of --module, -m or the script.
A name used again is the same plan: the same log, the next run."
)]
pub(crate) struct RunArgs {
    /// The plan's name
    #[arg(short, long, help_heading = "Start")]
    pub(crate) name: Option<PlanName>,
    /// Print the name and return as soon as the plan runs
    #[arg(short, long, help_heading = "Start")]
    pub(crate) detach: bool,
    /// Run the plan in this folder
    #[arg(short = 'C', long, value_name = "DIR", help_heading = "Start")]
    pub(crate) chdir: Option<PathBuf>,
    /// Set a variable of the plan's environment; its value is never stored
    #[arg(short, long = "env", value_name = "K=V", value_parser = assignment, help_heading = "Start")]
    pub(crate) env: Vec<(String, String)>,
    /// Read NAME=value lines into the plan's environment
    #[arg(long, value_name = "FILE", help_heading = "Start")]
    pub(crate) env_file: Vec<PathBuf>,
    /// Cover the value of this variable with * in all that the plan prints, and in its command line
    #[arg(long, value_name = "NAME", value_parser = variable, help_heading = "Start")]
    pub(crate) secret: Vec<String>,
    /// Give the plan this file as standard input instead of /dev/null
    #[arg(long, value_name = "FILE", help_heading = "Start")]
    pub(crate) stdin: Option<PathBuf>,
    /// Leave out the bridge, which makes the plan's Python report Luigi's events
    #[arg(long, help_heading = "Start")]
    pub(crate) no_bridge: bool,
    /// Stop the plan if this command dies
    #[arg(long, conflicts_with = "detach", help_heading = "Start")]
    pub(crate) tied: bool,
    /// If the plan is running: fail (exit 5), attach to it, or replace it
    #[arg(
        long,
        value_name = "WHAT",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        help_heading = "Start"
    )]
    pub(crate) if_running: IfRunning,
    /// Stop the plan after this long (exit 124)
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, help_heading = "End")]
    pub(crate) timeout: Option<Duration>,
    /// First signal of a stop
    #[arg(long, value_name = "SIGNAL", value_parser = parse_signal, default_value = "TERM", help_heading = "End")]
    pub(crate) stop_signal: i32,
    /// Time between that signal and SIGKILL
    #[arg(long, value_name = "DURATION", value_parser = parse_duration, default_value = "10s", help_heading = "End")]
    pub(crate) stop_timeout: Duration,
    /// Start the plan again by itself: no, on-failure[:N] or always[:N], at most N times in a row
    ///
    /// Waits 5s before the first restart and twice as long before each further one, 5m at most. A
    /// run of 10m and more begins the row anew. Never after a stop, never when the program could not
    /// be executed. Default N: 3 for on-failure, no limit for always.
    #[arg(
        long,
        value_name = "POLICY",
        default_value = "no",
        conflicts_with = "tied",
        help_heading = "End"
    )]
    pub(crate) restart: RestartChoice,
    /// What success means: exit (the exit code, which counts in any case), luigi (its summary,
    /// where there is one) or file:NAME (it exists at the end); all must hold [default: exit and
    /// luigi]
    #[arg(long, value_name = "RULE", help_heading = "End")]
    pub(crate) verdict: Vec<VerdictRule>,
    /// Exit codes that count as success besides 0, as in 3,4
    #[arg(long, value_name = "CODES", value_delimiter = ',', value_parser = clap::value_parser!(i32).range(0..=255), help_heading = "End")]
    pub(crate) success_exit_codes: Vec<i32>,
    #[command(flatten)]
    pub(crate) limits: LogLimits,
    /// The plan's program and its arguments, after --; options of planwatch stand before it
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD", num_args = 1..)]
    pub(crate) command: Vec<OsString>,
}

/// What `run` does about a plan that is running already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum IfRunning {
    #[default]
    Fail,
    Attach,
    Replace,
}

/// Record standard input as a run of a plan
///
/// One run per invocation, everything on stream stdout. Put 2>&1 before the pipe to have errors
/// too. The promise that nothing is lost ends at the pipe: use run where you can.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  ./nightly.sh 2>&1 | planwatch record nightly
  ssh worker 'python -m plan' 2>&1 | planwatch record worker-plan --segment-size 8MiB")]
pub(crate) struct RecordArgs {
    /// The plan's name
    pub(crate) name: PlanName,
    /// What success means: luigi or file:NAME; all that are given must hold [default: luigi]
    #[arg(long, value_name = "RULE", help_heading = "End")]
    pub(crate) verdict: Vec<VerdictRule>,
    #[command(flatten)]
    pub(crate) limits: LogLimits,
}

/// How much is logged and how.
#[derive(Debug, Args)]
#[command(next_help_heading = "Log")]
pub(crate) struct LogLimits {
    /// Begin a new segment of the log at this size
    #[arg(long, value_name = "SIZE", value_parser = segment_size, default_value = "64MiB")]
    pub(crate) segment_size: u64,
    /// Begin a new segment at this age
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) segment_age: Option<Duration>,
    /// Keep this much log, as it lies on the disk: a size (10GiB), an age (30d), a count of segments
    /// (500), or free:SIZE, as much as leaves so much of the disk free; the strictest of several wins
    /// [default: 10GiB]
    #[arg(long, value_name = "RULE")]
    pub(crate) keep: Vec<KeepRule>,
    /// Which segments are compressed (zstd): never, or sealed: those that are no longer written
    #[arg(long, value_name = "WHICH", default_value = "sealed")]
    pub(crate) compress: Compress,
    /// Cut lines longer than this into pieces
    #[arg(long, value_name = "SIZE", value_parser = max_line, default_value = "64KiB")]
    pub(crate) max_line: usize,
    /// When the log cannot be written: block the plan, or drop (and count) output
    #[arg(long, value_name = "WHAT", default_value = "block")]
    pub(crate) on_full: OnFull,
    /// Force the log to the disk at least this often [default: at rotation and at the end of a run]
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) sync: Option<Duration>,
}

fn assignment(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !text.contains('\0') => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write it as NAME=value".to_owned()),
    }
}

fn variable(text: &str) -> Result<String, String> {
    match text.split_once('=') {
        // The value is not repeated.
        Some((name, _)) => Err(format!("name the variable alone, and set it with -e {name}=…")),
        None if text.is_empty() || text.contains('\0') => Err("it has no name".to_owned()),
        None => Ok(text.to_owned()),
    }
}

fn segment_size(text: &str) -> Result<u64, String> {
    let size = parse_size(text).map_err(|error| error.to_string())?;
    within(size, LogSpec::SEGMENT_SIZE)
}

fn max_line(text: &str) -> Result<usize, String> {
    let size = parse_size(text).map_err(|error| error.to_string())?;
    let range = LogSpec::MAX_LINE;
    let size = within(size, *range.start() as u64..=*range.end() as u64)?;
    usize::try_from(size).map_err(|error| error.to_string())
}

fn within(size: u64, range: std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    if range.contains(&size) {
        return Ok(size);
    }
    Err(format!(
        "must be between {} and {}",
        format_size(*range.start()),
        format_size(*range.end())
    ))
}
