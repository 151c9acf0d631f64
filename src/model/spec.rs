//! What to run, how to stop it, how much log to keep: the content of `plan.json`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{
    Compress, FORMAT, Foreign, Hooks, KeepRule, OnFull, PlanName, Restart, Stall, VerdictRule,
};

/// Everything needed to run a plan again, but for the values of its environment, which are never
/// written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// Format version, for readers of another release.
    pub format: u32,
    /// The plan's name.
    pub plan: PlanName,
    /// Program and arguments, with places instead of secret values: see [`super::secret`]. Empty for
    /// a plan that is recorded from standard input.
    pub argv: Vec<String>,
    /// Folder the plan runs in.
    pub cwd: PathBuf,
    /// Names (never values) of the environment the plan was given, sorted.
    pub env_names: Vec<String>,
    /// For each of them a hash of its value under the home's own key: enough to tell that a value is
    /// another one, and nothing else.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env_hashes: BTreeMap<String, String>,
    /// Names of variables whose values nobody may see, wherever they stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<String>,
    /// Files whose `NAME=value` lines were added to the environment.
    #[serde(default)]
    pub env_files: Vec<PathBuf>,
    /// The plan's standard input; `/dev/null` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<PathBuf>,
    /// File mode creation mask of the user who asked.
    pub umask: u32,
    /// Luigi's events are reported by a hook in the plan's Python.
    #[serde(default = "unless_refused")]
    pub bridge: bool,
    /// Ends with the command that started it.
    #[serde(default)]
    pub tied: bool,
    /// Somebody else starts it: how its runs are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<Foreign>,
    /// When and how it is stopped.
    pub stop: StopSpec,
    /// What success means.
    pub verdict: Vec<VerdictRule>,
    /// Exit codes that count as success besides 0.
    #[serde(default)]
    pub success_exit_codes: Vec<i32>,
    /// When it is started again by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart: Option<Restart>,
    /// When it counts as stalled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stall: Option<Stall>,
    /// Who is told how it ended.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub hooks: Hooks,
    /// The file of plans it stands in: the values of its own variables are read there again whenever
    /// they are needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plans_file: Option<PathBuf>,
    /// The log's limits.
    pub log: LogSpec,
}

/// Whoever does not want the bridge says so.
const fn unless_refused() -> bool {
    true
}

/// When and how a run is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopSpec {
    /// Stop the run after this long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Number of the first signal of a stop.
    pub signal: i32,
    /// Milliseconds between that signal and SIGKILL.
    pub grace_ms: u64,
}

impl Default for StopSpec {
    fn default() -> Self {
        StopSpec { timeout_ms: None, signal: 15, grace_ms: 10_000 }
    }
}

/// The log's limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LogSpec {
    /// Bytes at which a segment is sealed.
    pub segment_size: u64,
    /// Age at which a segment is sealed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub segment_age_ms: Option<u64>,
    /// Rules of retention.
    pub keep: Vec<KeepRule>,
    /// Which segments are compressed.
    pub compress: Compress,
    /// Longest piece of a line in one record, in bytes.
    pub max_line: usize,
    /// What happens when the log cannot be written.
    pub on_full: OnFull,
    /// Milliseconds at most between a record and its fdatasync; never, if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_ms: Option<u64>,
}

impl LogSpec {
    /// Smallest and largest segment a user may ask for.
    pub const SEGMENT_SIZE: std::ops::RangeInclusive<u64> = 64 << 10..=1 << 30;
    /// Shortest and longest `--max-line`.
    pub const MAX_LINE: std::ops::RangeInclusive<usize> = 256..=128 << 10;

    /// The age at which a segment is sealed.
    pub fn segment_age(&self) -> Option<Duration> {
        self.segment_age_ms.map(Duration::from_millis)
    }
}

impl Default for LogSpec {
    fn default() -> Self {
        LogSpec {
            segment_size: 64 << 20,
            segment_age_ms: None,
            keep: vec![KeepRule::Bytes(10 << 30)],
            compress: Compress::Sealed,
            max_line: 64 << 10,
            on_full: OnFull::Block,
            sync_ms: None,
        }
    }
}

impl Spec {
    /// Most bytes of the rules of success, as JSON: they are announced in one line of a FIFO, beside
    /// the command and its folder.
    pub const MOST_RULES: usize = 2048;

    /// Bytes of the rules of success, as JSON.
    pub fn rules_size(&self) -> usize {
        let rules = serde_json::to_vec(&(&self.verdict, &self.success_exit_codes));
        rules.map_or(usize::MAX, |rules| rules.len())
    }

    /// A spec with every default.
    pub fn new(plan: PlanName, argv: Vec<String>, cwd: PathBuf) -> Spec {
        Spec {
            format: FORMAT,
            plan,
            argv,
            cwd,
            env_names: Vec::new(),
            env_hashes: BTreeMap::new(),
            secrets: Vec::new(),
            env_files: Vec::new(),
            stdin: None,
            umask: 0o077,
            bridge: unless_refused(),
            tied: false,
            foreign: None,
            stop: StopSpec::default(),
            verdict: vec![VerdictRule::Exit, VerdictRule::Luigi],
            success_exit_codes: Vec::new(),
            restart: None,
            stall: None,
            hooks: Hooks::default(),
            plans_file: None,
            log: LogSpec::default(),
        }
    }

    /// Takes the conditions that somebody chose. The exit code is one of them in any case: a plan
    /// that exits with another one than 0 has not succeeded because a file lies there from before.
    pub fn require(&mut self, mut rules: Vec<VerdictRule>) {
        if !rules.contains(&VerdictRule::Exit) {
            rules.insert(0, VerdictRule::Exit);
        }
        self.verdict = rules;
    }
}
