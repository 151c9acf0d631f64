//! Which records of a view are wanted.

use std::fmt;

use globset::{GlobBuilder, GlobMatcher};
use regex::bytes::{Regex, RegexBuilder};

use super::Target;
use crate::model::{Eol, Level, Record, Stream};

/// A regular expression as it is typed: without capitals it fits both cases.
#[derive(Clone, Debug)]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// Which tasks are wanted: a pattern for names, or a part of one.
#[derive(Clone, Debug)]
pub struct TaskGlob {
    text: String,
    glob: GlobMatcher,
}

/// What must hold for a record to be shown. The default shows everything that is for people.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    /// Fits the line.
    pub text: Option<Pattern>,
    /// Does not fit the line.
    pub exclude: Option<Pattern>,
    /// This bad or worse.
    pub level: Option<Level>,
    /// From one of these streams, if any is named.
    pub streams: Vec<Stream>,
    /// Speaks of such a task.
    pub task: Option<TaskGlob>,
    /// Of this run.
    pub run: Option<u64>,
    /// What planwatch notes for its own use too, and what the bridge reports of tasks' relations.
    pub everything: bool,
}

impl Pattern {
    /// Reads what was typed. The error says what is wrong, on one line.
    pub fn new(text: &str) -> Result<Pattern, String> {
        let regex = RegexBuilder::new(text)
            .case_insensitive(!has_capital(text))
            .size_limit(4 << 20)
            .build()
            .map_err(|error| {
                let said = error.to_string();
                let last = said.lines().last().unwrap_or_default();
                format!("not a pattern: {}", last.trim_start_matches("error: "))
            })?;
        Ok(Pattern { text: text.to_owned(), regex })
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The expression.
    pub fn regex(&self) -> &Regex {
        &self.regex
    }

    /// Whether it fits both cases.
    pub fn is_lenient(&self) -> bool {
        !has_capital(&self.text)
    }

    /// Whether it fits a line.
    pub fn fits(&self, line: &str) -> bool {
        self.regex.is_match(line.as_bytes())
    }
}

/// Whether a capital letter is meant; the one in `\S` is none.
fn has_capital(text: &str) -> bool {
    let mut escaped = false;
    text.chars().any(|c| {
        let capital = !escaped && c.is_uppercase();
        escaped = !escaped && c == '\\';
        capital
    })
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

impl TaskGlob {
    /// Reads what was typed: `WBS*`, or a part of the name.
    pub fn new(text: &str) -> Result<TaskGlob, String> {
        let pattern =
            if text.contains(['*', '?', '[', '{']) { text.to_owned() } else { format!("*{text}*") };
        let glob = GlobBuilder::new(&pattern)
            .case_insensitive(!has_capital(text))
            .build()
            .map_err(|error| format!("not a pattern for tasks: {}", error.kind()))?;
        Ok(TaskGlob { text: text.to_owned(), glob: glob.compile_matcher() })
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it fits a task, by its family or by its whole name.
    pub fn fits(&self, task: &str) -> bool {
        let family = task.split('(').next().unwrap_or(task);
        self.glob.is_match(family) || self.glob.is_match(task)
    }
}

impl PartialEq for TaskGlob {
    fn eq(&self, other: &TaskGlob) -> bool {
        self.text == other.text
    }
}

impl Filter {
    /// Whether the record is wanted.
    pub fn wants(&self, record: &Record<'_>) -> bool {
        let text = record.msg.as_bytes();
        self.run.is_none_or(|run| record.run == run)
            && self.level.is_none_or(|level| record.level >= Some(level))
            && (self.streams.is_empty() || self.streams.contains(&record.stream))
            && self
                .task
                .as_ref()
                .is_none_or(|task| record.task.as_deref().is_some_and(|name| task.fits(name)))
            && (self.everything || self.is_for_people(record))
            && self.text.as_ref().is_none_or(|pattern| pattern.regex.is_match(text))
            && !self.exclude.as_ref().is_some_and(|pattern| pattern.regex.is_match(text))
    }

    /// Whether people want to see such a record unless they ask for everything.
    fn is_for_people(&self, record: &Record<'_>) -> bool {
        match record.stream {
            Stream::Planwatch => record.level.is_none_or(|level| level > Level::Debug),
            Stream::Events => match record.task_event.as_deref() {
                None | Some("requires" | "progress") => !self.streams.is_empty(),
                Some(_) => true,
            },
            _ => record.eol != Eol::Cr || !record.msg.is_empty(),
        }
    }

    /// Whether nothing is filtered that is for people.
    pub fn is_open(&self) -> bool {
        *self == Filter { everything: self.everything, ..Filter::default() }
    }
}

impl Target {
    /// Whether it is this record.
    pub fn is(&self, record: &Record<'_>) -> bool {
        match self {
            Target::Match(pattern) => pattern.regex.is_match(record.msg.as_bytes()),
            Target::Error => record.level >= Some(Level::Error),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
