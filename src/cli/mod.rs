//! The command line: what was typed × the environment → what is meant → the verb that does it.
//!
//! `args` is what may be typed, `env` what surrounds it, `resolve` and `plain` join the two,
//! `perform` hands the result to the verb, `complaint` is what is said where nothing can be made of it;
//! `role` is a shorter way for the background processes. Uses `cmd`, `exit`, `model` and `render`.
//!
//! What surprises: the environment is read in one file, `env`, and the built command tree is handed
//! to the verbs that print it (`completions`, `man`).

mod args;
mod complaint;
mod env;
mod perform;
mod plain;
mod resolve;
mod role;

use std::ffi::OsString;

use clap::{CommandFactory as _, Parser as _};
use jiff::tz::TimeZone;

use args::{AnyVerb, Cli, ColorChoice, Public, Quick, Reading, Root, Verb};

use crate::cmd::out::{Out, OutError};
use crate::cmd::say;
use crate::exit::{self, Exit};

/// Does what the command line says and gives the exit code. Errors go to stderr.
pub fn main(argv: Vec<OsString>) -> i32 {
    let argv = with_help(argv);
    let runs = argv.get(1).is_some_and(|verb| verb == "run");
    let env = env::Env::read();
    let (verb, color) = match role::of(&argv) {
        Some(role) => (role, ColorChoice::Never),
        None => match parse(&argv) {
            Ok(parsed) => parsed,
            Err(error) => return not_parsed(&error, &argv, &env, runs),
        },
    };
    let otherwise = match verb {
        AnyVerb::Public(Verb::Run(_)) => Exit::Planwatch,
        AnyVerb::Public(_) => Exit::Failed,
        _ => Exit::Planwatch,
    };
    let world = match verb {
        AnyVerb::Public(_) => env.world(color),
        _ => env.world_in(TimeZone::UTC, color),
    };
    perform::any(verb, &world).unwrap_or_else(|error| end_of(&error, otherwise))
}

fn parse(argv: &[OsString]) -> Result<(AnyVerb, ColorChoice), clap::Error> {
    // Whatever is wrong with it, the whole tree knows better what was meant.
    if argv.get(1).is_some_and(|verb| verb == "logs")
        && let Ok(Root { verb: Quick::Logs(typed), color }) = Reading::try_parse_from(argv)
    {
        return Ok((AnyVerb::Public(Verb::Logs(typed)), color));
    }
    let Root { verb, color } = Cli::try_parse_from(argv)?;
    Ok((verb, color))
}

/// The command tree as people know it, for completions, man pages and tests.
pub fn command() -> clap::Command {
    Public::command()
}

/// `planwatch help VERB` is `planwatch VERB --help`, for those who are used to it; and help has no
/// help but the whole.
fn with_help(mut argv: Vec<OsString>) -> Vec<OsString> {
    if argv.get(1).is_some_and(|verb| verb == "help") {
        argv.truncate(3);
        argv.retain(|word| word != "help" && word != "-h" && word != "--help");
        argv.push("--help".into());
    }
    argv
}

fn end_of(error: &anyhow::Error, otherwise: Exit) -> i32 {
    if matches!(error.downcast_ref(), Some(OutError::Closed)) {
        return Exit::Done.code();
    }
    say::complain(&exit::message(error));
    exit::code_of(error, otherwise)
}

/// Says what clap has to say: help and version are data, the rest are errors.
fn not_parsed(error: &clap::Error, argv: &[OsString], env: &env::Env, runs: bool) -> i32 {
    let (stdout, stderr) = env::terminals();
    if !error.use_stderr() {
        let mut out = Out::stdout();
        let text = match env.color(ColorChoice::Auto, stdout) {
            true => error.render().ansi().to_string(),
            false => error.render().to_string(),
        };
        let said = out.write(text.as_bytes());
        return match said.and_then(|()| out.finish()) {
            Ok(()) => Exit::Done.code(),
            Err(error) => end_of(&error.into(), Exit::Failed),
        };
    }
    let colour = env.color(ColorChoice::Auto, stderr);
    complain(&complaint::complaint(error, argv, &command(), colour));
    if runs { Exit::Planwatch.code() } else { Exit::Usage.code() }
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
        <super::Cli as clap::CommandFactory>::command().debug_assert();
    }
}
