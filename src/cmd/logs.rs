//! `logs`: reads the logs of plans, and follows them.

use std::path::PathBuf;

use regex::bytes::Regex;

use super::select::Selector;
use super::{World, unbuilt};
use crate::model::{Level, Stamp, Stream};

/// What a user may mean by `logs`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
    /// Go on with what comes.
    pub follow: bool,
    /// Go on when the followed runs have ended.
    pub forever: bool,
    /// Only the last so many records.
    pub lines: Option<u64>,
    /// Only records from here on.
    pub since: Option<Stamp>,
    /// Only records up to here.
    pub until: Option<Stamp>,
    /// Only records this bad or worse.
    pub level: Option<Level>,
    /// Only lines that one of these fits.
    pub grep: Vec<Regex>,
    /// No line that one of these fits.
    pub exclude: Vec<Regex>,
    /// Only these streams, if any is named.
    pub streams: Vec<Stream>,
    /// Only this run.
    pub run: Option<u64>,
    /// Only records with a greater seq.
    pub after: Option<u64>,
    /// Where the last seq shown is kept between calls.
    pub cursor_file: Option<PathBuf>,
    /// Newest first.
    pub reverse: bool,
    /// The time of each line in full.
    pub timestamps: bool,
    /// The form.
    pub output: LogForm,
}

/// The form in which `logs` prints records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogForm {
    /// For people: time, level, line.
    #[default]
    Short,
    /// The plan's very bytes.
    Cat,
    /// Records as stored, one a line.
    Json,
    /// `key=value` pairs, one record a line.
    Logfmt,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("logs")
}
