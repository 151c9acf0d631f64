//! The command line: what was typed × the environment → what is meant → the verb that does it.
//!
//! [`args`](self) is what may be typed, `env` what surrounds it, `resolve` joins the two. Uses
//! `cmd`, `exit`, `model` and `render`. What surprises: the environment is read in one file, `env`,
//! and the built command tree is handed to the verbs that print it (`completions`, `man`).

mod args;
mod env;
mod resolve;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{CommandFactory as _, Parser as _};

pub use args::Cli;
use args::{Until, Verb};

use crate::cmd::out::OutError;
use crate::cmd::{self, World};
use crate::exit::{self, Exit};

/// Does what the command line says and gives the exit code. Errors go to stderr.
pub fn main(argv: Vec<OsString>) -> i32 {
    let runs = argv.get(1).is_some_and(|verb| verb == "run");
    let cli = match Cli::try_parse_from(argv) {
        Ok(cli) => cli,
        Err(error) => return usage(&error, runs),
    };
    let otherwise = match cli.verb {
        Verb::Run(_) | Verb::Supervise(_) | Verb::Exec(_) | Verb::Recorder(_) => Exit::Planwatch,
        _ => Exit::Failed,
    };
    let world = env::Env::read().world(cli.color);
    match perform(cli.verb, &world) {
        Ok(code) => code,
        Err(error) if matches!(error.downcast_ref(), Some(OutError::Closed)) => Exit::Done.code(),
        Err(error) => {
            complain(&exit::message(&error));
            exit::code_of(&error, otherwise)
        }
    }
}

/// The whole command tree, for completions, man page and tests.
pub fn command() -> clap::Command {
    Cli::command()
}

fn perform(verb: Verb, world: &World) -> anyhow::Result<i32> {
    match verb {
        Verb::Run(typed) => cmd::run::run(resolve::run(*typed, world)?, world),
        Verb::Record(typed) => cmd::record::run(resolve::record(typed, world)?, world),
        Verb::Logs(typed) => cmd::logs::run(resolve::logs(*typed, world), world),
        Verb::Attach(typed) => {
            let options = cmd::attach::Options { target: typed.target, lines: typed.lines };
            cmd::attach::run(options, world)
        }
        Verb::Wait(typed) => {
            let until = match typed.until {
                Until::Exit => cmd::wait::Until::Exit,
                Until::Log(pattern) => cmd::wait::Until::Log(pattern),
            };
            let (plans, any, timeout) = (typed.plans, typed.any, typed.timeout);
            cmd::wait::run(cmd::wait::Options { plans, any, timeout, until }, world)
        }
        Verb::Ps(typed) => {
            let output = resolve::list_form(typed.output);
            let options = cmd::ps::Options { all: typed.all, quiet: typed.quiet, output };
            cmd::ps::run(options, world)
        }
        Verb::Inspect(typed) => {
            cmd::inspect::run(cmd::inspect::Options { plans: typed.plans }, world)
        }
        Verb::Stop(typed) => {
            let (plans, signal, grace) = (typed.plans, typed.signal, typed.stop_timeout);
            cmd::stop::run(cmd::stop::Options { plans, signal, grace }, world)
        }
        Verb::Restart(typed) => {
            let options = cmd::restart::Options { plans: typed.plans, grace: typed.stop_timeout };
            cmd::restart::run(options, world)
        }
        Verb::Signal(typed) => {
            let options = cmd::signal::Options { signal: typed.signal, plans: typed.plans };
            cmd::signal::run(options, world)
        }
        other => perform_rest(other, world),
    }
}

fn perform_rest(verb: Verb, world: &World) -> anyhow::Result<i32> {
    match verb {
        Verb::Verify(typed) => cmd::verify::run(cmd::verify::Options { plans: typed.plans }, world),
        Verb::Rm(typed) => cmd::rm::run(cmd::rm::Options { plans: typed.plans }, world),
        Verb::Prune(typed) => {
            let (plans, keep) = (typed.plans, typed.keep);
            let (older_than, dry_run) = (typed.older_than, typed.dry_run);
            cmd::prune::run(cmd::prune::Options { plans, keep, older_than, dry_run }, world)
        }
        Verb::Doctor => cmd::doctor::run(cmd::doctor::Options {}, world),
        Verb::Demo => cmd::demo::run(cmd::demo::Options {}, world),
        Verb::Completions(typed) => {
            let options = cmd::completions::Options { command: command(), shell: typed.shell };
            cmd::completions::run(options, world)
        }
        Verb::Man => cmd::man::run(cmd::man::Options { command: command() }, world),
        Verb::Supervise(typed) => {
            let (plan, adopt, plan_pidfd) = (typed.plan, typed.adopt, typed.plan_pidfd);
            cmd::supervise::run(cmd::supervise::Options { plan, adopt, plan_pidfd }, world)
        }
        Verb::Exec(typed) => {
            cmd::exec::run(cmd::exec::Options { arguments: typed.arguments }, world)
        }
        Verb::Recorder(typed) => {
            cmd::recorder::run(cmd::recorder::Options { plan: typed.plan }, world)
        }
        _ => Ok(Exit::Usage.code()),
    }
}

/// Prints what clap has to say: help and version are data, the rest are errors.
fn usage(error: &clap::Error, runs: bool) -> i32 {
    let asked = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    match error.print() {
        Err(broken) if broken.kind() != std::io::ErrorKind::BrokenPipe => Exit::Failed.code(),
        _ if asked => Exit::Done.code(),
        _ if runs => Exit::Planwatch.code(),
        _ => Exit::Usage.code(),
    }
}

/// Says something on stderr. Where even that fails there is nobody left to tell.
fn complain(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_tree_is_consistent() {
        super::command().debug_assert();
    }
}
