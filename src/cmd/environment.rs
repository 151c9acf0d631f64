//! The environment a plan is given: the caller's, then env-files, then `-e`.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::World;
use super::plansfile::variables_of;
use crate::exit::{Exit, Failure};
use crate::model::secret::hide;
use crate::model::{Hooks, MOST_SECRETS, Spec, is_passing};

/// The variables of a plan, by name. Later sources win: the caller's own environment, each
/// env-file in order, then `pairs`. Python's output is unbuffered unless somebody decided otherwise.
pub fn environment(
    world: &World,
    files: &[PathBuf],
    pairs: &[(String, String)],
) -> Result<BTreeMap<OsString, OsString>, Failure> {
    let mut variables: BTreeMap<OsString, OsString> = world.env.iter().cloned().collect();
    for file in files {
        for (name, value) in read_env_file(file)? {
            variables.insert(name.into(), value.into());
        }
    }
    for (name, value) in pairs {
        variables.insert(name.into(), value.into());
    }
    // Whoever starts a plan from within a plan does not pass these on: each run has its own.
    variables.retain(|name, _| !GIVEN.iter().any(|given| name == given));
    variables.entry("PYTHONUNBUFFERED".into()).or_insert_with(|| "1".into());
    Ok(variables)
}

/// The variables of a plan: those of the caller, and those of the plan alone.
#[derive(Debug)]
pub struct Given {
    /// What surrounds it.
    pub base: BTreeMap<OsString, OsString>,
    /// What goes over that, for a plan that stands in a file of plans: its env-files, then its `env`.
    /// Apart from the rest, so that what starts the next plan does not pass it on.
    pub own: BTreeMap<String, String>,
}

/// Gathers them anew, from the files that hold their values.
pub fn given(world: &World, spec: &Spec) -> anyhow::Result<Given> {
    given_if_named(world, spec)?.ok_or_else(|| {
        let file = spec.plans_file.as_deref().unwrap_or(Path::new("plans.toml"));
        Failure::new(Exit::Refused, format!("{} has no variables", spec.plan))
            .because(format!("{} does not name it any more", file.display()))
            .hint("planwatch up queues what the file says now")
            .into()
    })
}

/// The same; None if the file of plans that it stood in does not name it any more.
pub fn given_if_named(world: &World, spec: &Spec) -> anyhow::Result<Option<Given>> {
    let Some(file) = &spec.plans_file else {
        let base = environment(world, &spec.env_files, &[])?;
        return Ok(Some(Given { base, own: BTreeMap::new() }));
    };
    let Some(pairs) = variables_of(&spec.plan, file, world)? else { return Ok(None) };
    let base = environment(world, &[], &[])?;
    Ok(Some(Given { base, own: own(&spec.env_files, &pairs)? }))
}

/// The variables of a plan of a file: its env-files, then its `env`.
pub fn own(
    files: &[PathBuf],
    pairs: &[(String, String)],
) -> Result<BTreeMap<String, String>, Failure> {
    let mut own = BTreeMap::new();
    for file in files {
        own.extend(read_env_file(file)?);
    }
    own.extend(pairs.iter().cloned());
    Ok(own)
}

/// What the plan will see.
pub fn together(
    base: &BTreeMap<OsString, OsString>,
    own: &BTreeMap<String, String>,
) -> BTreeMap<OsString, OsString> {
    let own = own.iter().map(|(name, value)| (name.into(), value.into()));
    base.iter().map(|(name, value)| (name.clone(), value.clone())).chain(own).collect()
}

/// Those of `wanted` that a plan would miss.
pub fn missing_from<'a>(
    wanted: &'a [String],
    base: &BTreeMap<OsString, OsString>,
    own: &BTreeMap<String, String>,
) -> Vec<&'a str> {
    missing(wanted, base).into_iter().filter(|name| !own.contains_key(*name)).collect()
}

/// What each run is given anew.
const GIVEN: [&str; 4] =
    ["PLANWATCH_PLAN", "PLANWATCH_RUN", "PLANWATCH_RUN_TOKEN", "PLANWATCH_EVENTS"];

/// Names of the variables that can be named in `plan.json`.
pub fn names(variables: &BTreeMap<OsString, OsString>) -> Vec<String> {
    variables.keys().filter_map(|name| name.to_str().map(str::to_owned)).collect()
}

/// A hash of each value that can be named in `plan.json`: HMAC-SHA-256 under `key`, its first eight
/// bytes.
pub fn hashes(variables: &BTreeMap<OsString, OsString>, key: &[u8]) -> BTreeMap<String, String> {
    let hash = |value: &OsString| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
        mac.update(value.as_bytes());
        let hash = mac.finalize().into_bytes();
        Some(hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    };
    (variables.iter())
        .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), hash(value)?)))
        .filter(|(name, _): &(String, String)| !is_passing(name))
        .collect()
}

/// Puts into the spec what may be kept of the plan's variables: names, hashes of values that are no
/// secrets, and a command line without the values that are. A secret must be there to be covered.
pub fn keep_harmless(
    spec: &mut Spec,
    variables: &BTreeMap<OsString, OsString>,
    key: &[u8],
) -> Result<(), Failure> {
    let mut bytes = 0;
    for name in &spec.secrets {
        let Some(value) = variables.get(OsStr::new(name)) else {
            return Err(Failure::new(
                Exit::Planwatch,
                format!("there is no {name} to keep secret"),
            )
            .because("the plan's environment has no variable of this name")
            .hint(format!("-e {name}=…, --env-file, or leave out --secret {name}")));
        };
        bytes += value.len() + 1;
        if let Some(value) = value.to_str() {
            let Hooks { on_success, on_failure, on_stall, .. } = &mut spec.hooks;
            let hooks = [on_success, on_failure, on_stall].into_iter().flatten();
            hooks.chain([&mut spec.argv]).for_each(|words| hide(words, name, value));
        }
    }
    if bytes > MOST_SECRETS {
        let what = format!("the values of {} are too long", spec.secrets.join(", "));
        return Err(Failure::new(Exit::Planwatch, what)
            .because(format!("they have {bytes} bytes, and {MOST_SECRETS} can be covered"))
            .hint("put what is long into a file, and its path into the variable"));
    }
    spec.env_names = names(variables);
    spec.env_hashes = hashes(variables, key);
    spec.env_hashes.retain(|name, _| !spec.secrets.contains(name));
    Ok(())
}

/// Secrets that are so short that other text will be covered with them.
pub fn too_short<'a>(
    spec: &'a Spec,
    variables: &BTreeMap<OsString, OsString>,
) -> Vec<(&'a str, usize)> {
    let length = |name: &str| variables.get(OsStr::new(name)).map_or(0, |value| value.len());
    let all = spec.secrets.iter().map(|name| (&**name, length(name)));
    all.filter(|(_, length)| *length < LEAST_SECRET).collect()
}

/// Bytes from which on a value hardly stands anywhere by chance.
const LEAST_SECRET: usize = 6;

/// Those of `wanted` that the plan would miss.
pub fn missing<'a>(wanted: &'a [String], variables: &BTreeMap<OsString, OsString>) -> Vec<&'a str> {
    wanted
        .iter()
        .map(String::as_str)
        .filter(|name| !is_passing(name) && !variables.contains_key(OsStr::new(name)))
        .collect()
}

fn read_env_file(file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Failure::new(Exit::Planwatch, format!("cannot read the env-file {}", file.display()))
            .because(error)
    })?;
    parse(&text, file)
}

/// `NAME=value` lines. Blank lines and lines that begin with `#` are skipped; `export ` in front
/// and quotes around the value are taken off; `$` means nothing.
fn parse(text: &str, file: &Path) -> Result<Vec<(String, String)>, Failure> {
    let mut pairs = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let pair = line.split_once('=').map(|(name, value)| (name.trim_end(), value.trim_start()));
        match pair {
            Some((name, value)) if is_name(name) && !value.contains('\0') => {
                pairs.push((name.to_owned(), unquoted(value)));
            }
            // The line itself is not shown: it may hold a secret.
            _ => {
                let place = format!("{}, line {}", file.display(), at + 1);
                return Err(Failure::new(Exit::Planwatch, format!("cannot understand {place}"))
                    .because("it is not a NAME=value line")
                    .hint(
                        "comments begin with #, values may stand in quotes, nothing is expanded",
                    ));
            }
        }
    }
    Ok(pairs)
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

fn unquoted(value: &str) -> String {
    let inside = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(plain) = inside('\'') {
        return plain.to_owned();
    }
    let Some(text) = inside('"') else { return value.to_owned() };
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => plain.push('\n'),
                Some('t') => plain.push('\t'),
                Some(other) => plain.push(other),
                None => plain.push('\\'),
            },
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn env_files_are_read_as_people_write_them() {
        let text = "# key\n\nA=1\nexport B = two words \nC='$x'\nD=\"a\\nb\\\"\"\nE=\n";
        let pairs = parse(text, Path::new(".env")).unwrap();
        let shown: Vec<String> =
            pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(shown, ["A=1", "B=two words", "C=$x", "D=a\nb\"", "E="]);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_not_shown() {
        let failure = parse("A=1\nsk-secret\n", Path::new(".env")).unwrap_err();
        assert_eq!(failure.what, "cannot understand .env, line 2");
        assert!(!failure.to_string().contains("secret"));
    }
}
