//! Which records of a view are wanted.

use std::fmt;

use regex::bytes::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use super::Target;
use crate::feed::sieve::{Audience, Sieve, TaskFilter, TaskGlob, Wanted};
use crate::model::{Level, Stream};

/// A regular expression as it is typed: without capitals it fits both cases.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Pattern {
    text: String,
    regex: Regex,
}

/// What must hold for a record to be shown. The default shows everything that is for people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
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
        // In the pattern itself, where whoever looks for its words finds it.
        let pattern = if has_capital(text) { text.to_owned() } else { format!("(?i){text}") };
        let regex = RegexBuilder::new(&pattern).size_limit(4 << 20).build().map_err(|error| {
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

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Pattern, String> {
        Pattern::new(&text)
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> String {
        pattern.text
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.text == other.text
    }
}

impl Filter {
    /// Lets through what is wanted; with a target, only what that is too.
    pub(super) fn sieve(&self, target: Option<&Target>) -> Sieve {
        let regex = |pattern: &Pattern| vec![pattern.regex.clone()];
        let (found, least) = match target {
            None => (None, None),
            Some(Target::Match(pattern)) => (Some(pattern), None),
            Some(Target::Error) => (None, Some(Level::Error)),
        };
        Sieve::new(Wanted {
            audience: if self.everything { Audience::Programs } else { Audience::Screen },
            streams: self.streams.clone(),
            run: self.run,
            level: least.max(self.level),
            texts: [found, self.text.as_ref()].into_iter().flatten().map(regex).collect(),
            exclude: self.exclude.iter().map(|pattern| pattern.regex.clone()).collect(),
            tasks: TaskFilter::new(self.task.clone().into_iter().collect()),
            ..Wanted::default()
        })
    }

    /// Whether nothing is filtered that is for people.
    pub fn is_open(&self) -> bool {
        *self == Filter { everything: self.everything, ..Filter::default() }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}
