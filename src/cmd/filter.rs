//! Which records a reader wants to see.

use regex::bytes::Regex;

use super::taskglob::TaskFilter;
use crate::model::{Level, Record, Stamp, Stream};

/// What must hold for a record to be shown. The default lets everything pass.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not before this.
    pub since: Option<Stamp>,
    /// Not after this.
    pub until: Option<Stamp>,
    /// This bad or worse.
    pub level: Option<Level>,
    /// One of these fits the line.
    pub grep: Vec<Regex>,
    /// None of these fits the line.
    pub exclude: Vec<Regex>,
    /// From one of these streams, if any is named.
    pub streams: Vec<Stream>,
    /// Of one of these runs of these plans; plans that are not named here are shown whole.
    pub runs: Vec<(String, u64)>,
    /// Speaks of one of these tasks, if any is named.
    pub tasks: TaskFilter,
}

impl Filter {
    /// Whether the record is wanted.
    pub fn wants(&self, record: &Record<'_>) -> bool {
        self.wants_run(&record.plan, record.run)
            && self.since.is_none_or(|since| record.ts >= since)
            && self.until.is_none_or(|until| record.ts <= until)
            && self.level.is_none_or(|level| record.level >= Some(level))
            && self.tasks.wants(record.task.as_deref())
            && (self.streams.is_empty() || self.streams.contains(&record.stream))
            && self.fits(record)
    }

    /// Whether records of this run of this plan are wanted at all.
    pub fn wants_run(&self, plan: &str, run: u64) -> bool {
        let mut named = self.runs.iter().filter(|(name, _)| name == plan).peekable();
        named.peek().is_none() || named.any(|(_, number)| *number == run)
    }

    fn fits(&self, record: &Record<'_>) -> bool {
        let text = record.msg.as_bytes();
        (self.grep.is_empty() || self.grep.iter().any(|pattern| pattern.is_match(text)))
            && !self.exclude.iter().any(|pattern| pattern.is_match(text))
    }

    /// Something that every wanted line shows as it is stored, to be looked for before anything
    /// is parsed. None if there is no such thing.
    pub fn trace(&self) -> Option<Regex> {
        if let [pattern] = &self.grep[..]
            && is_literal(pattern.as_str())
        {
            return Some(pattern.clone());
        }
        if !self.tasks.is_open() {
            return Regex::new(r#","task":""#).ok();
        }
        let level = self.level.filter(|level| *level >= Level::Warning)?;
        let worse = Level::ALL.iter().filter(|other| **other >= level).map(|level| level.name());
        let names: Vec<&str> = worse.collect();
        Regex::new(&format!(r#""level":"(?:{})""#, names.join("|"))).ok()
    }

    /// Whether every record is wanted.
    pub fn is_open(&self) -> bool {
        let Filter { since, until, level, grep, exclude, streams, runs, tasks } = self;
        since.is_none()
            && until.is_none()
            && level.is_none()
            && grep.is_empty()
            && exclude.is_empty()
            && streams.is_empty()
            && runs.is_empty()
            && tasks.is_open()
    }
}

/// Whether a pattern fits only itself, and is stored in JSON as it is.
fn is_literal(pattern: &str) -> bool {
    pattern.bytes().all(|b| b.is_ascii_alphanumeric() || b" _:;,=<>~!#%&'/@-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(filter: &Filter, level: Option<Level>, stream: &str, msg: &str) -> bool {
        let line = format!(
            r#"{{"ts":"2026-11-23T17:31:02.123456Z","seq":7,"plan":"cafe","run":3,"stream":"{stream}","msg":"{msg}"}}"#
        );
        let mut record = Record::parse(line.as_bytes()).unwrap();
        record.level = level;
        filter.wants(&record)
    }

    #[test]
    fn a_level_lets_pass_what_is_as_bad_or_worse_and_nothing_without_a_level() {
        let filter = Filter { level: Some(Level::Warning), ..Filter::default() };
        assert!(wants(&filter, Some(Level::Critical), "stdout", "x"));
        assert!(wants(&filter, Some(Level::Warning), "stdout", "x"));
        assert!(!wants(&filter, Some(Level::Info), "stdout", "x"));
        assert!(!wants(&filter, None, "stdout", "x"));
    }

    #[test]
    fn one_of_the_patterns_must_fit_and_none_of_the_excluded() {
        let filter = Filter {
            grep: vec![Regex::new("^a").unwrap(), Regex::new("b$").unwrap()],
            exclude: vec![Regex::new("not").unwrap()],
            ..Filter::default()
        };
        for (text, wanted) in [("a", true), ("xb", true), ("x", false), ("a not", false)] {
            assert_eq!(wants(&filter, None, "stdout", text), wanted, "{text}");
        }
    }

    #[test]
    fn what_every_wanted_line_shows_is_known_beforehand() {
        let trace = |filter: Filter| filter.trace().map(|trace| trace.as_str().to_owned());
        let grep = |pattern: &str| Filter {
            grep: vec![Regex::new(pattern).unwrap()],
            ..Filter::default()
        };
        assert_eq!(trace(grep("KeyError: x")).as_deref(), Some("KeyError: x"));
        assert_eq!(trace(grep("a.b")), None);
        assert_eq!(trace(grep("say \"hi\"")), None);
        let errors = Filter { level: Some(Level::Error), ..Filter::default() };
        assert_eq!(trace(errors).as_deref(), Some(r#""level":"(?:error|critical)""#));
    }

    #[test]
    fn run_stream_and_time_narrow_what_is_shown() {
        let at: Stamp = "2026-11-23T17:31:02.123456Z".parse().unwrap();
        for (filter, wanted) in [
            (
                Filter {
                    runs: vec![("cafe".into(), 3)],
                    since: Some(at),
                    until: Some(at),
                    ..Filter::default()
                },
                true,
            ),
            (Filter { runs: vec![("cafe".into(), 2)], ..Filter::default() }, false),
            (Filter { since: Some(Stamp(at.0 + 1)), ..Filter::default() }, false),
            (Filter { until: Some(Stamp(at.0 - 1)), ..Filter::default() }, false),
            (Filter { streams: vec![Stream::Stderr], ..Filter::default() }, false),
        ] {
            assert_eq!(wants(&filter, None, "stdout", "x"), wanted, "{filter:?}");
            assert!(!filter.is_open());
        }
        assert!(Filter::default().is_open());
    }
}
