//! What the supervisor says, in words.

use std::time::Duration;

use crate::control::Verb;
use crate::model::{Level, Spec, Stream, format_duration, signal_name};

use super::machine::Ended;

/// `exited with code 1 after 7.1s`
pub(super) fn exited(ended: &Ended) -> String {
    let how = match (&ended.exec_error, ended.code, ended.signal) {
        (Some(error), ..) => return format!("could not be started: {error}"),
        (_, Some(code), _) => format!("exited with code {code}"),
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
    note(before.env_names != now.env_names, "the set of environment variables");
    note(before.bridge != now.bridge, "the use of the bridge");
    note(before.verdict != now.verdict, "what success means");
    changed
}
