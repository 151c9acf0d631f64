//! `init`: writes a commented file of plans from what a folder holds.
//!
//! | file | holds |
//! | --- | --- |
//! | `folder` | what is found: PlanExe and its run folders, modules with Luigi tasks |
//! | `module` | the tasks of a Python module, read from its text |
//! | `draft` | what was found → the text of the file |

mod draft;
mod folder;
mod module;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;

use self::draft::draft;
use self::folder::look;
use super::World;
use super::plansfile::read_again;
use super::say::say;
use crate::exit::{Exit, Failure};

/// What a user may mean by `init`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder; the working folder, if not given.
    pub dir: Option<PathBuf>,
}

/// Writes `plans.toml`, never over one that is there.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let cwd = world.cwd()?;
    let dir = options.dir.as_deref().map_or_else(|| cwd.to_owned(), |dir| cwd.join(dir));
    let dir = dir.canonicalize().map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot look into {}", dir.display()))
            .because(error)
            .hint("planwatch init DIR looks into a folder that is there")
    })?;
    let path = dir.join("plans.toml");
    let found = look(&dir, world)?;
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::new(
                Exit::Refused,
                format!("{} is there already", path.display()),
            )
            .hint("planwatch check says what it means; move it away to have a new one written")
            .into());
        }
        Err(error) => {
            return Err(Failure::new(Exit::Refused, format!("cannot write {}", path.display()))
                .because(error)
                .hint("planwatch init DIR writes into a folder of yours")
                .into());
        }
    };
    let wrote = || format!("cannot write {}", path.display());
    file.write_all(draft(&found).as_bytes()).with_context(wrote)?;
    let plans = read_again(&path, world)?.file.plans.len();
    let many = if plans == 1 { "plan" } else { "plans" };
    say(format_args!("wrote {} with {plans} {many}: {}", path.display(), found.words()));
    let file = if dir == cwd { String::new() } else { format!(" -f {}", path.display()) };
    say(format_args!("read it, then: planwatch check{file} · planwatch up{file}"));
    Ok(Exit::Done.code())
}
