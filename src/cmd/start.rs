//! Starting a plan through a new supervisor, for `run` and `restart`.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::World;
use super::alive::settled;
use super::say::say;
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::model::Spec;
use crate::store::layout::PlanDir;
use crate::supervisor::launch::{Answer, Order, Tied, launch};

/// What is meant by a start, beside the spec.
#[derive(Clone, Debug, Default)]
pub(super) struct Meant {
    /// Variables of the plan alone.
    pub(super) own: BTreeMap<String, String>,
    /// The run; whichever is next, if not given.
    pub(super) run: Option<u64>,
    /// The process whose end shall be the end of the run.
    pub(super) tied_to: Option<Tied>,
}

/// Starts the plan: its run, its process, and the seq of the run's first record.
pub(super) fn start(
    plan: &PlanDir,
    spec: &Spec,
    variables: &BTreeMap<OsString, OsString>,
    meant: Meant,
    world: &World,
) -> anyhow::Result<(u64, i32, u64)> {
    let name = plan.name();
    let Meant { own: env, run, tied_to } = meant;
    let order = Order { spec: spec.clone(), tied_to, env, run, by: world.by.clone() };
    let before = known(plan, Depth::State)?.last_run();
    let answer = match launch(plan, &order, variables) {
        Ok(answer) => answer,
        Err(error) => return begun_nevertheless(plan, before, error),
    };
    match answer {
        Answer::Ok { run, pid, seq } => Ok((run, pid, seq)),
        Answer::Running { pid, run } => Err(AlreadyRunning { run, pid }.into()),
        Answer::Failed { code, error, run } => {
            if run.is_some() {
                // The run has begun in the log: it has its verdict there when we return.
                super::alive::wait_for_leavers(plan)?;
            }
            let exit = match code {
                127 => Exit::NotFound,
                126 => Exit::NotExecutable,
                _ => Exit::Planwatch,
            };
            let program = spec.argv.first().map_or("", String::as_str);
            let hint = match exit {
                Exit::NotFound => format!(
                    "is {program} on the PATH, or its path right seen from {}?",
                    spec.cwd.display()
                ),
                Exit::NotExecutable => format!("chmod +x {program}, or name its interpreter"),
                _ if !spec.cwd.is_dir() => "-C chooses a folder that is there".to_owned(),
                _ => "planwatch doctor looks for what is wrong".to_owned(),
            };
            Err(Failure::new(exit, format!("{name} could not be started"))
                .because(error)
                .hint(hint)
                .into())
        }
    }
}

/// The supervisor died before it could answer. What it had begun goes on under another one.
fn begun_nevertheless(
    plan: &PlanDir,
    before: u64,
    error: std::io::Error,
) -> anyhow::Result<(u64, i32, u64)> {
    let fold = settled(plan)?;
    match fold.last().filter(|last| last.run > before) {
        Some(last) => Ok((last.run, last.pid.unwrap_or_default(), last.first_seq)),
        None => Err(Failure::new(Exit::Planwatch, format!("{} could not be started", plan.name()))
            .because(error)
            .hint("planwatch doctor looks for what is wrong")
            .into()),
    }
}

/// Another supervisor looks after the plan.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("run {run} is alive (supervisor pid {pid})")]
pub(super) struct AlreadyRunning {
    /// The plan's last run.
    pub(super) run: u64,
    /// Its supervisor.
    pub(super) pid: i32,
}

/// Tells the user that a run has begun.
pub(super) fn say_started(plan: &PlanDir, run: u64, pid: i32, followed: bool) {
    let keys = if followed { " · ^C asks it to stop, closing this window does not" } else { "" };
    let name = plan.name();
    say(format_args!("{name} run {run} started (pid {pid}) · log: {}{keys}", plan.log().display()));
}
