//! `man`: the manual pages.

use super::World;
use super::out::Out;

/// What a user may mean by `man`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The whole command line, as `cli` defines it.
    pub command: clap::Command,
}

/// Prints the page, in roff.
pub fn run(options: Options, _world: &World) -> anyhow::Result<i32> {
    let mut out = Out::stdout();
    out.write(&page(options.command)?)?;
    out.finish()?;
    Ok(0)
}

/// The page of the whole program.
pub fn page(command: clap::Command) -> std::io::Result<Vec<u8>> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    Ok(page)
}
