//! `completions`: a shell's completion script.

use clap_complete::Shell;

use super::World;
use super::out::Out;

/// What a user may mean by `completions`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The whole command line, as `cli` defines it.
    pub command: clap::Command,
    /// The shell.
    pub shell: Shell,
}

/// Prints the script.
pub fn run(options: Options, _world: &World) -> anyhow::Result<i32> {
    let mut out = Out::stdout();
    out.write(&script(options.command, options.shell))?;
    out.finish()?;
    Ok(0)
}

/// The script for one shell.
pub fn script(mut command: clap::Command, shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, "planwatch", &mut script);
    script
}
