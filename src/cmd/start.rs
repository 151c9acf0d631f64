//! Starting a plan through a new supervisor, for `run` and `restart`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;

use super::World;
use super::alive::settled;
use super::say::say;
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::model::{Spec, secret};
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
            Err(Failure::new(exit, format!("{name} could not be started"))
                .because(error)
                .hint(way_out(exit, spec))
                .into())
        }
    }
}

/// What to do about a plan that could not be started.
fn way_out(exit: Exit, spec: &Spec) -> String {
    let spec = &Spec { argv: secret::shown(&spec.argv), ..spec.clone() };
    let program = spec.argv.first().map_or("", String::as_str);
    match exit {
        Exit::NotFound => not_found(program, spec),
        Exit::NotExecutable if Path::new(program).is_dir() => {
            format!("{program} is a folder: name the program in it, or -C {program} to run there")
        }
        Exit::NotExecutable => format!("chmod +x {program}, or name its interpreter"),
        _ => match std::fs::read_dir(&spec.cwd) {
            Err(error) if error.kind() == ErrorKind::PermissionDenied => format!(
                "you may not enter {}: -C chooses another folder, or run planwatch as who may",
                spec.cwd.display()
            ),
            _ if !spec.cwd.is_dir() => "-C chooses a folder that is there".to_owned(),
            _ => "planwatch doctor looks for what is wrong".to_owned(),
        },
    }
}

/// Words that only a shell knows, typed where a program should stand.
const OF_SHELLS: [&str; 12] = [
    ".", "alias", "builtin", "eval", "exec", "export", "if", "for", "source", "ulimit", "umask",
    "while",
];

fn not_found(program: &str, spec: &Spec) -> String {
    if program.contains(char::is_whitespace) && spec.argv.len() == 1 {
        return "it is one word with spaces: leave out the quotes, or use sh -c '…'".to_owned();
    }
    if program == "cd" {
        let folder = spec.argv.get(1).map_or("DIR", String::as_str);
        return format!("to run the plan in a folder: planwatch run -C {folder} -- CMD");
    }
    if OF_SHELLS.contains(&program) {
        return format!("{program} is a word of the shell: planwatch run -- sh -c '{program} …'");
    }
    let is_name = |name: &str| {
        let mut chars = name.chars();
        chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if let Some((variable, _)) = program.split_once('=')
        && is_name(variable)
    {
        return format!("to set a variable: planwatch run -e {program} -- CMD");
    }
    format!("is {program} on the PATH, or its path right seen from {}?", spec.cwd.display())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(argv: &[&str]) -> String {
        let argv = argv.iter().map(|&word| word.to_owned()).collect();
        way_out(Exit::NotFound, &Spec::new("k".parse().unwrap(), argv, "/srv".into()))
    }

    #[test]
    fn what_was_meant_for_a_shell_is_told_how_to_be_run() {
        assert!(said(&["ls -la run"]).contains("leave out the quotes, or use sh -c"));
        assert!(said(&["FOO=1", "ls"]).ends_with("planwatch run -e FOO=1 -- CMD"));
        assert!(said(&["cd", "x"]).ends_with("planwatch run -C x -- CMD"));
        assert!(said(&["export", "A=1"]).contains("sh -c 'export …'"));
        assert!(said(&["./a=b"]).contains("on the PATH"));
        assert!(said(&["luigi"]).contains("/srv"));
    }
}
