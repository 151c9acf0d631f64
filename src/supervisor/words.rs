//! What the supervisor says, in words.

use std::time::Duration;

use crate::control::Verb;
use crate::model::{Level, OUT_OF_MEMORY, Spec, Stream, format_duration, is_passing, signal_name};

use super::machine::{Ended, Pause};

/// `exited with code 1 after 7.1s`
pub(super) fn exited(ended: &Ended) -> String {
    let how = match (&ended.exec_error, ended.code, ended.signal) {
        (Some(error), ..) => return format!("could not be started: {error}"),
        (_, Some(code), _) => format!("exited with code {code}"),
        (_, _, Some(signal)) if ended.oom => {
            format!("ended by {}{OUT_OF_MEMORY}", signal_name(signal))
        }
        (_, _, Some(signal)) => format!("ended by {}", signal_name(signal)),
        _ => return "has ended; nobody saw how".to_owned(),
    };
    match ended.wall_ms {
        Some(wall) => format!("{how} after {}", format_duration(Duration::from_millis(wall))),
        None => how,
    }
}

/// How serious such an end is. What was there at the end speaks for a process whose code nobody can
/// tell.
pub(super) fn weight(ended: &Ended) -> Level {
    let unknown = (ended.code, ended.signal, &ended.exec_error) == (None, None, &None);
    let complete = !ended.markers.is_empty() && ended.markers.iter().all(|file| file.found);
    if ended.code == Some(0) || (unknown && complete) { Level::Info } else { Level::Error }
}

/// How a signal sent to a run is told.
pub(super) fn signalled(signal: i32, processes: u64) -> String {
    let many = if processes == 1 { "process" } else { "processes" };
    format!("{} sent to {processes} {many}", signal_name(signal))
}

/// `stdout and stderr are still held by 4711, 4712`
pub(super) fn held(of: &[Stream], pids: &[i32]) -> String {
    let of: Vec<_> = of.iter().map(Stream::name).collect();
    let are = if of.len() == 1 { "is" } else { "are" };
    let of = of.join(" and ");
    if pids.is_empty() {
        return format!("{of} {are} still held by somebody who cannot be seen from here");
    }
    let pids: Vec<String> = pids.iter().take(20).map(ToString::to_string).collect();
    format!("{of} {are} still held by {}", pids.join(", "))
}

/// `op@host pid 4711 asked it to stop`
pub(super) fn stopping(verb: Verb, by: &str) -> String {
    match verb {
        Verb::Kill => format!("{by} asked to kill it"),
        Verb::Restart => format!("{by} asked for a restart"),
        Verb::Stop | Verb::Signal => format!("{by} asked it to stop"),
    }
}

/// `starts again in 5.0s (restart 2 of 3 in a row)`
pub(super) fn restarting(pause: Pause) -> String {
    let span = format_duration(Duration::from_millis(pause.after_ms));
    let number = pause.so_far + 1;
    match pause.max {
        Some(max) => format!("starts again in {span} (restart {number} of {max} in a row)"),
        None if number > 3 => {
            format!("starts again in {span} (restart {number} in a row: a crash loop)")
        }
        None => format!("starts again in {span} (restart {number} in a row)"),
    }
}

/// `stalled: no line and no event of a task for 10m00s`
pub(super) fn stalled(silent_ms: u64) -> String {
    let span = format_duration(Duration::from_millis(silent_ms));
    format!("stalled: no line and no event of a task for {span}")
}

/// What differs between two runs of a plan.
pub(super) fn changed(before: &Spec, now: &Spec) -> Vec<String> {
    let mut changed = Vec::new();
    let mut note = |differs: bool, what: &str| {
        if differs {
            changed.push(format!("{what} changed"));
        }
    };
    note(before.argv != now.argv, "the command");
    note(before.cwd != now.cwd, "the folder");
    note(before.stdin != now.stdin, "standard input");
    note(before.bridge != now.bridge, "the use of the bridge");
    note(before.verdict != now.verdict, "what success means");
    changed.extend(environment_changed(before, now));
    changed
}

/// Variables that are named; more are counted.
const NAMED: usize = 8;

/// What differs in the environment, by name.
fn environment_changed(before: &Spec, now: &Spec) -> Vec<String> {
    let lacks = |spec: &Spec, name: &String| !spec.env_names.contains(name);
    let plans = |name: &&String| !is_passing(name);
    let gone = (before.env_names.iter().filter(plans)).filter(|name| lacks(now, name));
    let new = (now.env_names.iter().filter(plans)).filter(|name| lacks(before, name));
    let other = |name: &&String| {
        let (was, is) = (before.env_hashes.get(*name), now.env_hashes.get(*name));
        was.is_some() && is.is_some() && was != is
    };
    let mut all: Vec<String> = (now.env_names.iter().filter(plans).filter(other))
        .map(|name| format!("{name} changed (value not kept)"))
        .chain(new.map(|name| format!("{name} is set now")))
        .chain(gone.map(|name| format!("{name} is not set any more")))
        .collect();
    if all.len() > NAMED {
        let more = all.len() - (NAMED - 1);
        all.truncate(NAMED - 1);
        all.push(format!("{more} more environment variables changed"));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(variables: &[(&str, &str)]) -> Spec {
        let mut spec = Spec::new("p".parse().unwrap(), vec!["x".to_owned()], "/".into());
        for (name, hash) in variables {
            spec.env_names.push((*name).to_owned());
            spec.env_hashes.insert((*name).to_owned(), (*hash).to_owned());
        }
        spec
    }

    #[test]
    fn what_changed_in_the_environment_is_named_without_its_value() {
        let before = spec(&[("A", "1"), ("GONE", "1"), ("MODEL", "1"), ("PWD", "1")]);
        let now = spec(&[("A", "1"), ("MODEL", "2"), ("NEW", "1"), ("PWD", "2"), ("_", "1")]);
        let words =
            ["MODEL changed (value not kept)", "NEW is set now", "GONE is not set any more"];
        assert_eq!(changed(&before, &now), words);
        assert_eq!(changed(&now, &now), [""; 0]);
    }

    #[test]
    fn a_whole_other_environment_is_counted() {
        let many: Vec<(String, &str)> = (10..40).map(|i| (format!("V{i}"), "1")).collect();
        let many: Vec<(&str, &str)> = many.iter().map(|(name, hash)| (&**name, *hash)).collect();
        let said = changed(&spec(&[]), &spec(&many));
        assert_eq!(said.len(), NAMED);
        assert_eq!(said[6..], ["V16 is set now", "23 more environment variables changed"]);
    }

    #[test]
    fn a_release_that_kept_no_hashes_says_nothing_of_values() {
        let mut before = spec(&[("A", "1")]);
        before.env_hashes.clear();
        assert_eq!(changed(&before, &spec(&[("A", "2")])), [""; 0]);
    }
}
