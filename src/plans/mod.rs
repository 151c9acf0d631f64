//! A file of plans (`plans.toml`, or a Procfile) → what is meant by it, or every mistake in it.
//!
//! | file | holds |
//! | --- | --- |
//! | `mistake` | a mistake: where it stands, what is wrong, what was probably meant |
//! | `value` | values of a TOML file, each with the place it stands at |
//! | `keys` | the one table of keys |
//! | `settings` | what a table of the file says: the defaults, or a plan |
//! | `policy` | its larger values: restart, stall, hooks |
//! | `expand` | `${VAR}` and `foreach` |
//! | `resolve` | settings × defaults × surroundings → plans |
//! | `order` | who comes after whom |
//! | `procfile` | the same from a Procfile |
//!
//! Pure: uses only `model`. What surprises: mistakes are collected, not thrown, so that one look
//! shows all of them; and the values of `env` stay apart from the spec, for a spec is written to the
//! disk and they never are.

mod expand;
mod keys;
mod mistake;
mod order;
mod policy;
mod procfile;
mod resolve;
mod settings;
mod value;

use std::path::Path;

use crate::model::{After, PlanName, Spec};

pub use keys::{Place, keys};
pub use mistake::{Mistake, Shown, closest};

/// What a file of plans means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlansFile {
    /// Plans at once.
    pub jobs: Option<u32>,
    /// Groups that have a limit of their own.
    pub groups: Vec<(String, u32)>,
    /// The plans, in the order of the file.
    pub plans: Vec<Planned>,
}

/// One plan of the file.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// What to run. `env_names` are still missing: they depend on who starts it.
    pub spec: Spec,
    /// Its own variables, over those of the env-files. Never written down.
    pub env: Vec<(String, String)>,
    /// Plans that it comes after.
    pub after: Vec<PlanName>,
    /// Whether those must have succeeded.
    pub when: After,
    /// The higher, the earlier.
    pub priority: i64,
    /// Its group.
    pub group: Option<String>,
    /// The line of the file that begins it.
    pub line: usize,
    /// The key it stands under: the name, but for what `foreach` adds to that.
    pub key: String,
}

impl Planned {
    /// Its name.
    pub fn name(&self) -> &PlanName {
        &self.spec.plan
    }
}

/// What surrounds a file of plans.
pub struct Surroundings<'a> {
    /// The folder it lies in: what relative paths begin at.
    pub folder: &'a Path,
    /// The caller's environment.
    pub var: &'a dyn Fn(&str) -> Option<String>,
    /// The caller's file mode creation mask.
    pub umask: u32,
}

/// Reads a file of plans, `procfile` in the form of Procfile tools. All mistakes come at once, in
/// the order of the file.
pub fn read(
    text: &str,
    procfile: bool,
    around: &Surroundings<'_>,
) -> Result<PlansFile, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let file = match procfile {
        true => procfile::read(text, around, &mut mistakes),
        false => resolve::file(text, around, &mut mistakes),
    };
    mistakes.sort_by_key(|mistake| mistake.span.start);
    mistakes.dedup();
    if mistakes.is_empty() { Ok(file) } else { Err(mistakes) }
}

/// The variables of one plan of a file, as [`Planned::env`]; None if the file does not name the plan.
/// Quicker than [`read`], and mistakes in the tables of other plans do not matter.
pub fn variables(
    text: &str,
    procfile: bool,
    plan: &PlanName,
    around: &Surroundings<'_>,
) -> Result<Option<Vec<(String, String)>>, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let found = match procfile {
        true => procfile::read(text, around, &mut mistakes)
            .plans
            .into_iter()
            .find(|known| known.name() == plan)
            .map(|known| known.env),
        false => resolve::variables(text, plan, around, &mut mistakes),
    };
    if mistakes.is_empty() { Ok(found) } else { Err(mistakes) }
}

#[cfg(test)]
mod tests;
