//! What a record says in the words it is shown by, and which records say the same.
//!
//! Of a task it is not Luigi's line that is shown but what happened, and of several records that
//! tell the same only the first: who searches finds what can be seen.

use std::collections::VecDeque;

use super::{Item, Pattern};
use crate::model::{Level, Stamp, Stream};
use crate::parse::recognise;

/// How far back the original of a copy is looked for, in records and in microseconds.
pub const NEAR: usize = 48;
/// The same where it is about a task: Luigi tells of all its tasks in a row, in one form and then in
/// the other.
pub const NEAR_OF_TASKS: usize = 512;
/// See [`NEAR`].
pub const SOON: i64 = 1_500_000;

/// What happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskWords<'a> {
    /// Its name.
    pub name: &'a str,
    /// What happened.
    pub words: &'a str,
    /// Its parameters.
    pub parameters: &'a str,
}

impl Item {
    /// What it says of a task, if that is what is shown of it.
    pub fn task_words(&self) -> Option<TaskWords<'_>> {
        if self.stream == Stream::Planwatch {
            return None;
        }
        let (task, event) = (self.task.as_deref()?, self.task_event.as_deref()?);
        let (name, parameters) = name_of(task);
        Some(TaskWords { name, words: words_of(event), parameters })
    }

    /// Whether a pattern fits it and what is shown of it.
    pub fn shows(&self, pattern: &Pattern) -> bool {
        let shown = self.task_words().is_none_or(|TaskWords { name, words, parameters }| {
            pattern.fits(&format!("{name} {words}  {parameters}"))
        });
        shown && pattern.fits(&self.msg)
    }

    /// Where the message begins behind a time, level and logger of its own; 0 if there is none.
    pub fn body(&self) -> usize {
        let msg = &*self.msg;
        let Some(prefix) = recognise(msg.as_bytes()) else { return 0 };
        let front = msg.get(..PREFIX).unwrap_or(msg).to_ascii_uppercase().into_bytes();
        let behind =
            |word: &[u8]| memchr::memmem::find(&front, word).map_or(0, |at| at + word.len());
        let level =
            levels(prefix.level).iter().map(|word| behind(word.as_bytes())).find(|at| *at > 0);
        let logger = prefix.logger.map_or(0, |name| behind(&name.to_ascii_uppercase()));
        let at = level.unwrap_or(0).max(logger);
        let rest = msg.get(at..).unwrap_or_default();
        // What sets the last of them off from the message, once.
        let set_off = rest.trim_start_matches("\x1b[0m").trim_start();
        let set_off = set_off.strip_prefix([']', ')']).unwrap_or(set_off);
        let set_off = set_off.trim_start();
        let set_off = set_off.strip_prefix([':', '-', '|', '>']).unwrap_or(set_off);
        msg.len() - set_off.trim_start().len()
    }

    /// Whether its task is written as people write it, and by a witness of its own: the bridge
    /// tells a task's end twice as well, that it has ended and what the scheduler was told of it.
    pub fn is_printed(&self) -> bool {
        let informed = self.stream == Stream::Events && self.msg.starts_with(r#"{"ev":"status""#);
        self.task.as_deref().is_some_and(|task| task.contains('(')) && !informed
    }

    /// The family of its task: of an id, what stands before the first `_`, which tells enough.
    pub fn family(&self) -> &str {
        self.task.as_deref().and_then(|task| task.split(['(', '_']).next()).unwrap_or_default()
    }
}

/// Words that a level is printed as, longest first.
const fn levels(level: Level) -> &'static [&'static str] {
    match level {
        Level::Trace => &["TRACE"],
        Level::Debug => &["DEBUG"],
        Level::Info => &["SUCCESS", "NOTICE", "INFO"],
        Level::Warning => &["WARNING", "WARN"],
        Level::Error => &["ERROR"],
        Level::Critical => &["CRITICAL", "FATAL"],
    }
}

/// Bytes in which a prefix ends.
const PREFIX: usize = 160;

/// Name and parameters of a task; of an id the name with what follows it, without the hash.
fn name_of(task: &str) -> (&str, &str) {
    if let Some((family, parameters)) = task.split_once('(') {
        return (family, parameters.strip_suffix(')').unwrap_or(parameters));
    }
    match task.rsplit_once('_') {
        Some((name, hash)) if hash.len() == 10 => (name.trim_end_matches('_'), ""),
        _ => (task, ""),
    }
}

fn words_of(event: &str) -> &str {
    match event {
        "pending" => "waits",
        "complete" => "is complete",
        "started" => "running",
        "retry" => "tries again",
        "requirements" => "has new requirements",
        "timeout" => "timed out",
        "missing" => "is missing",
        "broken" => "cannot be scheduled",
        other => other,
    }
}

/// Who says something, and in which form: what one voice says twice is said twice.
type Voice = (Stream, usize);

/// Finds out which records only repeat what another one said.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    heard: VecDeque<Heard>,
}

#[derive(Debug)]
struct Heard {
    ts: Stamp,
    plan: usize,
    run: u64,
    task: Option<Box<str>>,
    what: String,
    printed: bool,
    voices: Vec<Voice>,
}

impl Echoes {
    /// Takes a record, the next in order. Whether it is a copy.
    pub(super) fn is_copy(&mut self, item: &Item) -> bool {
        let body = item.body();
        let (what, voice) = match (item.task_words(), body) {
            (Some(_), _) => {
                let event = item.task_event.as_deref().unwrap_or_default();
                (format!("{} {event}", item.family()), usize::from(item.is_printed()))
            }
            (None, 0) => return false,
            (None, body) => (format!("{:?} {}", item.level, &item.msg[body..]), body),
        };
        let (voice, printed) = ((item.stream.clone(), voice), item.is_printed());
        let is_task = item.task_words().is_some();
        let near = if is_task { NEAR_OF_TASKS } else { NEAR };
        let is_said_again = !is_task && item.level == Some(Level::Debug);
        let original = self.heard.iter_mut().rev().take(near).find(|heard| {
            let same = heard.what == what
                && (heard.plan, heard.run) == (item.place.plan, item.run)
                && heard.ts.0 >= item.place.ts.0 - SOON;
            same && (is_said_again || !heard.voices.contains(&voice))
                && (heard.printed != printed || heard.task == item.task)
        });
        if let Some(original) = original {
            if is_said_again {
                original.ts = item.place.ts;
            }
            if !original.voices.contains(&voice) {
                original.voices.push(voice);
            }
            return true;
        }
        if self.heard.len() == NEAR_OF_TASKS {
            self.heard.pop_front();
        }
        self.heard.push_back(Heard {
            ts: item.place.ts,
            plan: item.place.plan,
            run: item.run,
            task: item.task.clone(),
            what,
            printed,
            voices: vec![voice],
        });
        false
    }
}
