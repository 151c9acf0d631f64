//! The last step before a plan's program takes over the process.

use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde::{Deserialize, Serialize};

use super::bridge;
use crate::model::Stream;
use crate::os::{child, fifo, host, kernel, proc};
use crate::store::layout::PlanDir;
use crate::store::snapshot;

/// Lowest number of the descriptors that the plan inherits without knowing.
const FIRST_SPARE: i32 = 10;

/// What the step must know besides the plan's command line.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExecOrder {
    /// The run.
    pub run: u64,
    /// Number of the descriptor that takes a [`ExecFailure`], and is closed by a success.
    pub report: i32,
    /// The user's file mode creation mask.
    pub umask: u32,
    /// The folder to run in.
    pub cwd: PathBuf,
    /// Standard input, if not `/dev/null`.
    #[serde(default)]
    pub stdin: Option<PathBuf>,
    /// Marks the processes of this run.
    pub token: String,
    /// The bridge lies ready.
    #[serde(default)]
    pub bridge: bool,
}

/// Why the program did not take over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExecFailure {
    /// 125, 126 or 127, as a shell would say it.
    pub code: i32,
    /// In words.
    pub error: String,
}

/// The content of `plan.pid`: who became the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPid {
    /// Process id.
    pub pid: i32,
    /// Start time in clock ticks since boot.
    pub start: u64,
    /// Boot in which that means something.
    pub boot: String,
    /// Marks the processes of the run.
    #[serde(default)]
    pub token: String,
}

/// Becomes the plan. Comes back only if that fails, with the exit code. `python_path` is the value
/// that PYTHONPATH has now.
pub fn exec_step(
    plan: &PlanDir,
    order: &ExecOrder,
    argv: &[String],
    python_path: Option<&OsStr>,
) -> i32 {
    let report = kernel::inherited(order.report).map(std::fs::File::from);
    let mut more = Vec::new();
    if order.bridge {
        more.extend(bridge::variables(plan, order.run, python_path));
    }
    let Err(failure) = become_plan(plan, order, argv, more);
    // The plan's own name for it is on record; a broken report is seen as an end without a word.
    if let Ok(mut report) = report {
        let _ = report.write_all(&serde_json::to_vec(&failure).unwrap_or_default());
    }
    failure.code
}

enum Never {}

fn become_plan(
    plan: &PlanDir,
    order: &ExecOrder,
    argv: &[String],
    more: Vec<(&str, OsString)>,
) -> Result<Never, ExecFailure> {
    let failed =
        |what: &str, error: io::Error| ExecFailure { code: 125, error: format!("{what}: {error}") };
    host::own_session();
    kernel::reset_signals();
    kernel::close_on_exec_from(3).map_err(|error| failed("descriptors", error))?;
    // These outlive every planwatch process: as long as the plan lives, no pipe of it loses its
    // last reader, nor what is in it.
    for stream in [Stream::Stdout, Stream::Stderr, Stream::Events] {
        for path in [plan.run_pipe(order.run, &stream), plan.run_stage(order.run, &stream)] {
            let pipe = fifo::open_read(&path).map_err(|error| failed("pipes", error))?;
            let spare =
                child::duplicate_from(pipe, FIRST_SPARE).map_err(|error| failed("pipes", error))?;
            std::mem::forget(spare);
        }
    }
    if let Some(stdin) = &order.stdin {
        child::replace_stdin(stdin)
            .map_err(|error| failed(&format!("standard input {}", stdin.display()), error))?;
    }
    let pid = i32::try_from(std::process::id()).unwrap_or_default();
    let me = PlanPid {
        pid,
        start: proc::start_time(pid).unwrap_or_default(),
        boot: host::boot_id(),
        token: order.token.clone(),
    };
    snapshot::save_json(&plan.plan_pid(order.run), &me, false)
        .map_err(|error| failed("plan.pid", error))?;
    std::env::set_current_dir(&order.cwd)
        .map_err(|error| failed(&format!("folder {}", order.cwd.display()), error))?;
    host::set_umask(order.umask);
    let Some((program, arguments)) = argv.split_first() else {
        return Err(ExecFailure { code: 125, error: "nothing to run".to_owned() });
    };
    let error = Command::new(program).args(arguments).envs(more).exec();
    let code = if error.kind() == ErrorKind::NotFound { 127 } else { 126 };
    Err(ExecFailure { code, error: format!("{program}: {}", words(&error)) })
}

/// The system's words without Rust's number.
fn words(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "not found".to_owned(),
        ErrorKind::PermissionDenied => "permission denied".to_owned(),
        _ => error.to_string(),
    }
}
