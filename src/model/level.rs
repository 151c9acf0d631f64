//! How serious a line says it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Severity as the plan's own line names it; never guessed from the stream. Ordered, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Finer than debug.
    Trace,
    /// For developers.
    Debug,
    /// Ordinary progress.
    Info,
    /// Something to look at.
    Warning,
    /// Something failed.
    Error,
    /// The whole program is in danger.
    Critical,
}

impl Level {
    /// Every level, mildest first.
    pub const ALL: [Level; 6] =
        [Level::Trace, Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Critical];

    /// The name used in records and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Trace => "trace",
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
            Level::Critical => "critical",
        }
    }

    /// Reads the names that Python, Luigi and their relatives print, in any case
    /// (`WARN`, `FATAL` and `NOTICE` included).
    pub fn from_printed(word: &[u8]) -> Option<Level> {
        const NAMES: [(&[u8], Level); 9] = [
            (b"trace", Level::Trace),
            (b"debug", Level::Debug),
            (b"info", Level::Info),
            (b"notice", Level::Info),
            (b"warning", Level::Warning),
            (b"warn", Level::Warning),
            (b"error", Level::Error),
            (b"critical", Level::Critical),
            (b"fatal", Level::Critical),
        ];
        NAMES.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|&(_, level)| level)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Level, String> {
        Level::from_printed(text.as_bytes()).ok_or_else(|| {
            format!("'{text}' is not a level: use trace, debug, info, warning, error or critical")
        })
    }
}
