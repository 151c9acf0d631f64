//! Starting a plan: the asking side of the handshake with a new supervisor.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::Stdio;

use serde::{Deserialize, Serialize};

use crate::model::Spec;
use crate::os::child::itself;
use crate::os::pidfd::start_time;
use crate::store::layout::PlanDir;

/// What a new supervisor is told on its standard input: one line of JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Order {
    /// What to run.
    pub spec: Spec,
    /// The process whose end shall be the end of the run.
    #[serde(default)]
    pub tied_to: Option<Tied>,
    /// Variables of the plan alone, over those that this process was given.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// The run that is meant: if the plan has come as far already, nothing is started.
    #[serde(default)]
    pub run: Option<u64>,
    /// Who asks.
    pub by: String,
}

/// A process whose end shall be the end of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tied {
    /// Process id.
    pub pid: i32,
    /// Start time in clock ticks since boot.
    pub start: u64,
}

impl Tied {
    /// To the process that asks.
    pub fn to_me() -> Tied {
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        Tied { pid, start: start_time(pid).unwrap_or_default() }
    }
}

/// What it answers on its standard output: one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Answer {
    /// The plan runs.
    Ok {
        /// The run.
        run: u64,
        /// The plan's process.
        pid: i32,
        /// Seq of its `run.started`.
        seq: u64,
    },
    /// Another supervisor looks after the plan.
    Running {
        /// That supervisor.
        pid: i32,
        /// The plan's last run.
        run: u64,
    },
    /// The plan could not be started.
    Failed {
        /// What `run` shall return: 125, 126 or 127.
        code: i32,
        /// Why.
        error: String,
        /// The run that failed, if it came so far.
        #[serde(default)]
        run: Option<u64>,
    },
}

/// Starts a supervisor that starts the plan. Its environment becomes the plan's, so that no value
/// of it ever touches the disk.
pub fn launch(
    plan: &PlanDir,
    order: &Order,
    environment: &BTreeMap<OsString, OsString>,
) -> io::Result<Answer> {
    plan.create()?;
    let mut child = itself()
        .args(["__supervise", plan.name().as_str()])
        .env_clear()
        .envs(environment)
        .env_remove("PLANWATCH_PLAN")
        .env_remove("PLANWATCH_RUN")
        .env_remove("PLANWATCH_RUN_TOKEN")
        .env_remove("PLANWATCH_EVENTS")
        .env("PLANWATCH_HOME", plan.home())
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(plan.open_diagnostics().map_or_else(|_| Stdio::null(), Stdio::from))
        .spawn()?;
    let mut line = serde_json::to_vec(order)?;
    line.push(b'\n');
    if let Some(mut input) = child.stdin.take() {
        match input.write_all(&line) {
            // It died early: its answer, or the lack of one, says why.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    let mut answer = String::new();
    if let Some(output) = child.stdout.take() {
        BufReader::new(output).read_line(&mut answer)?;
    }
    serde_json::from_str(&answer).map_err(|_| {
        let place = plan.diagnostics();
        io::Error::other(format!(
            "its supervisor ended before it said a word; see {}",
            place.display()
        ))
    })
}
