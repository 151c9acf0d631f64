//! The file of plans a command is about: found, read, and the plans of it that were meant.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::World;
use crate::exit::{Exit, Failure};
use crate::model::PlanName;
use crate::plans::{Mistake, Planned, PlansFile, Surroundings, read, variables};

/// Names that are looked for where no file is given.
const USUAL: [&str; 2] = ["plans.toml", "Procfile"];

/// A file of plans that was read.
#[derive(Debug)]
pub struct Opened {
    /// Where it is, as an absolute path.
    pub path: PathBuf,
    /// What it means.
    pub file: PlansFile,
}

/// Which plans of a file are meant.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The file; `plans.toml` or `Procfile` in the working folder, if not given.
    pub file: Option<PathBuf>,
    /// Names, or keys of a `foreach`. None of both: all plans.
    pub names: Vec<String>,
    /// All of this group.
    pub group: Option<String>,
}

/// Finds the file and reads it.
pub fn open(given: Option<&Path>, world: &World) -> anyhow::Result<Opened> {
    read_again(&find(given, world)?, world)
}

/// Finds the file.
pub fn find(given: Option<&Path>, world: &World) -> anyhow::Result<PathBuf> {
    let cwd = world.cwd()?;
    Ok(match given {
        Some(path) => cwd.join(path),
        None => USUAL.iter().map(|name| cwd.join(name)).find(|path| path.is_file()).ok_or_else(
            || {
                Failure::new(Exit::Usage, "there is no file of plans here")
                    .because(format!("{} has neither plans.toml nor Procfile", cwd.display()))
                    .hint("-f FILE names one elsewhere; the README has an example")
            },
        )?,
    })
}

/// Reads this very file. What is wrong with it comes with its text.
pub(super) fn look(
    path: &Path,
    world: &World,
) -> anyhow::Result<Result<Opened, (String, Vec<Mistake>)>> {
    let text = text_of(path)?;
    let read = around(path, world, |around| read(&text, is_procfile(path), around));
    Ok(match read {
        Ok(file) => Ok(Opened { path: path.to_owned(), file }),
        Err(mistakes) => Err((text, mistakes)),
    })
}

/// The variables of one plan of this very file, as they are now. None if it does not name the plan.
pub(super) fn variables_of(
    plan: &PlanName,
    path: &Path,
    world: &World,
) -> anyhow::Result<Option<Vec<(String, String)>>> {
    let text = text_of(path)?;
    if text.trim().is_empty() {
        // As it is for a moment while an editor saves it.
        return Err(Failure::new(Exit::Usage, format!("{} is empty", path.display())).into());
    }
    around(path, world, |around| variables(&text, is_procfile(path), plan, around))
        .map_err(|mistakes| wrong(path, &text, &mistakes).into())
}

fn text_of(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read {}", path.display()))
            .because(error)
            .hint("-f names a file of plans")
    })
}

fn is_procfile(path: &Path) -> bool {
    let name = name_of(path);
    name.starts_with("Procfile") || name.ends_with(".procfile")
}

fn around<T>(path: &Path, world: &World, read: impl FnOnce(&Surroundings<'_>) -> T) -> T {
    let folder = path.parent().unwrap_or(Path::new("/"));
    let var = |name: &str| world.var(name).and_then(OsStr::to_str).map(str::to_owned);
    read(&Surroundings { folder, var: &var, umask: world.umask })
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

/// Reads this very file, or says everything that is wrong with it.
pub fn read_again(path: &Path, world: &World) -> anyhow::Result<Opened> {
    match look(path, world)? {
        Ok(opened) => Ok(opened),
        Err((text, mistakes)) => Err(wrong(path, &text, &mistakes).into()),
    }
}

fn wrong(path: &Path, text: &str, mistakes: &[Mistake]) -> Failure {
    const SHOWN: usize = 20;
    let name = name_of(path);
    let shown = mistakes.iter().take(SHOWN);
    let mut lines: Vec<String> =
        shown.map(|mistake| mistake.shown(name, text).to_string()).collect();
    if mistakes.len() > SHOWN {
        lines.push(format!("and {} more mistakes", mistakes.len() - SHOWN));
    }
    let count = mistakes.len();
    let many = if count == 1 { "a mistake".to_owned() } else { format!("{count} mistakes") };
    Failure::new(Exit::Usage, format!("{} has {many}\n{}", path.display(), lines.join("\n")))
}

impl Opened {
    /// The plans that are meant, and those that they come after: what has to come first is part of
    /// what was asked for.
    pub fn wanted(&self, wanted: &Wanted) -> Result<Vec<&Planned>, Failure> {
        let plans = &self.file.plans;
        let mut chosen = vec![wanted.names.is_empty() && wanted.group.is_none(); plans.len()];
        for name in &wanted.names {
            let fits = |plan: &Planned| plan.name().as_str() == name || plan.key == *name;
            if !plans.iter().any(fits) {
                return Err(self.unknown(
                    "plan",
                    name,
                    plans.iter().map(|plan| plan.name().as_str()),
                ));
            }
            plans.iter().zip(&mut chosen).for_each(|(plan, chosen)| *chosen |= fits(plan));
        }
        if let Some(group) = &wanted.group {
            let fits = |plan: &Planned| plan.group.as_ref() == Some(group);
            if !plans.iter().any(fits) {
                let groups = plans.iter().filter_map(|plan| plan.group.as_deref());
                return Err(self.unknown("group", group, groups));
            }
            plans.iter().zip(&mut chosen).for_each(|(plan, chosen)| *chosen |= fits(plan));
        }
        self.add_what_comes_first(&mut chosen);
        Ok(plans.iter().zip(chosen).filter(|(_, chosen)| *chosen).map(|(plan, _)| plan).collect())
    }

    fn add_what_comes_first(&self, chosen: &mut [bool]) {
        let plans = &self.file.plans;
        let place = |name: &PlanName| plans.iter().position(|plan| plan.name() == name);
        let mut open: Vec<usize> = (0..plans.len()).filter(|&at| chosen[at]).collect();
        if open.len() == plans.len() {
            return;
        }
        while let Some(at) = open.pop() {
            for before in plans[at].after.iter().filter_map(place) {
                if !std::mem::replace(&mut chosen[before], true) {
                    open.push(before);
                }
            }
        }
    }

    fn unknown<'a>(&self, what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Failure {
        let mut known: Vec<&str> = known.collect();
        known.sort_unstable();
        known.dedup();
        let failure = Failure::new(
            Exit::NoSuchPlan,
            format!("there is no {what} '{name}' in {}", self.path.display()),
        );
        let near = crate::plans::closest(name, known.iter().copied());
        let near = near.map_or_else(String::new, |near| format!("did you mean '{near}'?\n"));
        let more = known.len().saturating_sub(20);
        known.truncate(20);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        failure.hint(match known.is_empty() {
            true => format!("no plan in it has a {what}"),
            false => format!("{near}there is: {}{more}", known.join(", ")),
        })
    }
}
