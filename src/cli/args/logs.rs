//! `logs`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use regex::bytes::Regex;

use crate::cmd::logs::TaskGlob;
use crate::cmd::select::Selector;
use crate::model::{Level, Stream, When};

/// Read the logs of plans, or follow them
///
/// Several plans are merged by time, each line with its plan's name. Following waits for a plan
/// that does not exist yet, goes on across rotations and restarts, and ends when the runs it
/// follows have ended.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch logs -f nightly                    follow from the last 10 lines on
  planwatch logs nightly~1 --level error       errors of the run before the last
  planwatch logs nightly --grep refused -C 3   a search, with the lines around what it finds
  planwatch logs nightly~0 --first-error -C 5  where the last run began to fail
  planwatch logs nightly --since today --stats how much of what
  planwatch logs nightly --task 'Swot*'        what Luigi says of some tasks
  planwatch logs 'demo-*' --since 10m          three plans merged, the last ten minutes
  planwatch logs -o json nightly | jq -r .msg  records as stored
  planwatch logs -o cat --stream stdout --run 3 nightly > out.txt   the very bytes
  planwatch logs --cursor-file seen -o json nightly   only what is new since the last call
  planwatch logs --connect URL -f nightly      of the machine whose planwatch serve printed URL

Times: 10m, '1h ago', 17:30, today, yesterday, 2026-11-23, 2026-11-23T17:30, RFC 3339, @UNIX.")]
pub(crate) struct LogsArgs {
    /// Plans: names, runs of them (plan~1, plan@3) or patterns ('demo-*')
    #[arg(required = true, value_name = "NAME")]
    pub(crate) plans: Vec<Selector>,
    #[cfg(feature = "serve")]
    #[command(flatten)]
    pub(crate) connect: super::connect::ConnectArgs,
    /// Go on with what comes
    #[arg(short, long, help_heading = "Follow")]
    pub(crate) follow: bool,
    /// With -f: go on when the followed runs have ended
    #[arg(long, requires = "follow", help_heading = "Follow")]
    pub(crate) forever: bool,
    /// Only the last N records [default: 10 with -f, else all]
    #[arg(short = 'n', long, visible_alias = "tail", value_name = "N", help_heading = "Which")]
    pub(crate) lines: Option<u64>,
    /// Only records from this time on
    #[arg(long, value_name = "TIME", help_heading = "Which")]
    pub(crate) since: Option<When>,
    /// Only records up to this time
    #[arg(long, value_name = "TIME", help_heading = "Which")]
    pub(crate) until: Option<When>,
    /// Only this level and worse: trace, debug, info, warning, error, critical (a line that names none
    /// is info)
    #[arg(short, long, value_name = "LEVEL", help_heading = "Which")]
    pub(crate) level: Option<Level>,
    /// Only lines that this regular expression fits; repeated: any of them
    #[arg(short, long, value_name = "REGEX", value_parser = regex, help_heading = "Which")]
    pub(crate) grep: Vec<Regex>,
    /// No lines that this regular expression fits; repeated: none of them
    #[arg(short = 'x', long, value_name = "REGEX", value_parser = regex, help_heading = "Which")]
    pub(crate) exclude: Vec<Regex>,
    /// Only this stream: stdout, stderr, events, planwatch; may be repeated. Events, which the
    /// bridge reports, are shown in short and cat only if named here
    #[arg(short, long, value_name = "STREAM", value_delimiter = ',', help_heading = "Which")]
    pub(crate) stream: Vec<Stream>,
    /// Only lines that speak of this task: its class, its name or its id, as a pattern; may be
    /// repeated
    #[arg(long, value_name = "GLOB", help_heading = "Which")]
    pub(crate) task: Vec<TaskGlob>,
    /// Only this run
    #[arg(long, value_name = "N", help_heading = "Which")]
    pub(crate) run: Option<u64>,
    /// Only records with a seq greater than this
    #[arg(long, value_name = "SEQ", help_heading = "Which")]
    pub(crate) after: Option<u64>,
    /// Keep the last seq shown in this file, and go on from it the next time
    #[arg(long, value_name = "FILE", conflicts_with_all = ["after", "reverse"], help_heading = "Which")]
    pub(crate) cursor_file: Option<PathBuf>,
    /// Also the N records after each
    #[arg(short = 'A', long, value_name = "N", conflicts_with_all = ["follow", "reverse"], help_heading = "Which")]
    pub(crate) after_context: Option<usize>,
    /// Also the N records before each
    #[arg(short = 'B', long, value_name = "N", conflicts_with_all = ["follow", "reverse"], help_heading = "Which")]
    pub(crate) before_context: Option<usize>,
    /// Also the N records around each
    #[arg(short = 'C', long, value_name = "N", conflicts_with_all = ["follow", "reverse"], help_heading = "Which")]
    pub(crate) context: Option<usize>,
    /// Of each run only the first error, or the first record of the --level that is named
    #[arg(long, conflicts_with_all = ["follow", "reverse", "lines"], help_heading = "Which")]
    pub(crate) first_error: bool,
    /// Print how many records there are instead of the records
    #[arg(long, conflicts_with_all = ["follow", "reverse", "lines", "context", "first_error", "cursor_file"], help_heading = "Form")]
    pub(crate) count: bool,
    /// Print how many records there are of each level and task: a table, or JSON with -o json
    #[arg(long, conflicts_with_all = ["count", "follow", "reverse", "lines", "context", "first_error", "cursor_file"], help_heading = "Form")]
    pub(crate) stats: bool,
    /// Newest first
    #[arg(short, long, conflicts_with = "follow", help_heading = "Form")]
    pub(crate) reverse: bool,
    /// Show the time of each line in full
    #[arg(short, long, help_heading = "Form")]
    pub(crate) timestamps: bool,
    /// The form: short, cat (the plan's very bytes), json (as stored), logfmt, export (for
    /// systemd-journal-remote), otlp-json (for OpenTelemetry's collector)
    #[arg(
        short,
        long,
        value_name = "FORM",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        help_heading = "Form"
    )]
    pub(crate) output: LogForm,
}

/// The forms of `logs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogForm {
    #[default]
    Short,
    Cat,
    Json,
    Logfmt,
    Export,
    OtlpJson,
}

pub(super) fn regex(text: &str) -> Result<Regex, String> {
    regex::bytes::RegexBuilder::new(text).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => "the pattern is too big".to_owned(),
        other => other.to_string(),
    })
}
