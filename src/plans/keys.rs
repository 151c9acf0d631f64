//! The one table of keys: what may stand where. The JSON Schema for editors is tested against it.

use crate::model::signal_names;

/// Where a key may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In `[defaults]` and in a plan.
    Both,
    /// In `[defaults]` only.
    Defaults,
    /// In a plan only.
    Plan,
}

const KEYS: [(&str, Place); 35] = [
    ("cmd", Place::Plan),
    ("foreach", Place::Plan),
    ("after", Place::Plan),
    ("jobs", Place::Defaults),
    ("when", Place::Both),
    ("priority", Place::Both),
    ("group", Place::Both),
    ("cwd", Place::Both),
    ("env", Place::Both),
    ("env-file", Place::Both),
    ("secret", Place::Both),
    ("stdin", Place::Both),
    ("bridge", Place::Both),
    ("timeout", Place::Both),
    ("stop-signal", Place::Both),
    ("stop-timeout", Place::Both),
    ("restart", Place::Both),
    ("stall-timeout", Place::Both),
    ("verdict", Place::Both),
    ("success-exit-codes", Place::Both),
    ("on-success", Place::Both),
    ("on-failure", Place::Both),
    ("on-stall", Place::Both),
    ("hook-timeout", Place::Both),
    ("segment-size", Place::Both),
    ("segment-age", Place::Both),
    ("keep", Place::Both),
    ("max-line", Place::Both),
    ("on-full", Place::Both),
    ("sync", Place::Both),
    ("compress", Place::Both),
    // The tables themselves.
    ("defaults", Place::Defaults),
    ("plan", Place::Defaults),
    ("group.NAME", Place::Defaults),
    ("group.NAME.jobs", Place::Defaults),
];

/// Entries of the table that name tables, not keys of one.
const TABLES: usize = 4;

/// What others call it.
const OTHERS: [(&str, &str); 26] = [
    ("command", "cmd"),
    ("exec", "cmd"),
    ("run", "cmd"),
    ("args", "cmd"),
    ("script", "cmd"),
    ("depends-on", "after"),
    ("depends", "after"),
    ("needs", "after"),
    ("requires", "after"),
    ("dir", "cwd"),
    ("directory", "cwd"),
    ("chdir", "cwd"),
    ("workdir", "cwd"),
    ("working-dir", "cwd"),
    ("working-directory", "cwd"),
    ("environment", "env"),
    ("vars", "env"),
    ("dotenv", "env-file"),
    ("secrets", "secret"),
    ("mask", "secret"),
    ("retries", "restart"),
    ("retry", "restart"),
    ("matrix", "foreach"),
    ("grace", "stop-timeout"),
    ("concurrency", "jobs"),
    ("parallel", "jobs"),
];

/// The words that may stand under a key, where a slip of the pen in one can be told.
pub(super) fn words_of(key: &str) -> Box<dyn Iterator<Item = &'static str>> {
    match key {
        "restart" | "policy" => Box::new(["no", "on-failure", "always"].into_iter()),
        "verdict" => Box::new(["exit", "luigi", "file:NAME"].into_iter()),
        "stop-signal" => Box::new(signal_names()),
        _ => Box::new(std::iter::empty()),
    }
}

/// The keys of a plan and of `[defaults]`.
pub fn keys() -> impl Iterator<Item = (&'static str, Place)> {
    KEYS.into_iter().take(KEYS.len() - TABLES)
}

/// The key that was probably meant, where `here` says which ones fit.
pub(super) fn meant(word: &str, here: impl Fn(Place) -> bool) -> Option<&'static str> {
    let plain = word.to_lowercase().replace('_', "-");
    let fits = || keys().filter(|(_, place)| here(*place)).map(|(key, _)| key);
    let other = OTHERS.iter().find(|(other, _)| *other == plain).map(|(_, key)| *key);
    other
        .filter(|other| fits().any(|key| key == *other))
        .or_else(|| super::mistake::closest(word, fits()))
}
