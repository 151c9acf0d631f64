//! What must hold for a record to be shown.

use regex::bytes::Regex;

use super::TaskFilter;
use crate::model::{Eol, Level, Record, Stamp, Stream};

/// For whom records are, where the form alone leaves some out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Audience {
    /// For programs: everything.
    #[default]
    Programs,
    /// For people: not what planwatch notes for its own use, nor what the bridge reports, which
    /// Luigi's own lines say too, unless they ask for its stream.
    People,
    /// For the screen: of what the bridge reports, what happens to tasks.
    Screen,
    /// The plan's own bytes.
    Bytes,
    /// The plan's own bytes, and what planwatch says beside them.
    Beside,
}

/// What must hold for a record to be shown. The default lets everything pass.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// For whom.
    pub audience: Audience,
    /// Not before this.
    pub since: Option<Stamp>,
    /// Not after this.
    pub until: Option<Stamp>,
    /// From one of these streams, if any is named.
    pub streams: Vec<Stream>,
    /// Of this run, whichever plan.
    pub run: Option<u64>,
    /// Of one of these runs of these plans; plans that are not named here are shown whole.
    pub runs: Vec<(String, u64)>,
    /// This bad or worse.
    pub level: Option<Level>,
    /// Of each of these groups one pattern fits the line.
    pub texts: Vec<Vec<Regex>>,
    /// None of these fits the line.
    pub exclude: Vec<Regex>,
    /// Speaks of one of these tasks, if any is named.
    pub tasks: TaskFilter,
}

impl Wanted {
    /// Whether the record is wanted.
    pub fn wants(&self, record: &Record<'_>) -> bool {
        self.reaches(record) && self.picks(record)
    }

    /// Whether the record is among those that are looked at: where the lines around a wanted one
    /// are taken from.
    pub fn reaches(&self, record: &Record<'_>) -> bool {
        self.wants_run(&record.plan, record.run)
            && self.since.is_none_or(|since| record.ts >= since)
            && self.until.is_none_or(|until| record.ts <= until)
            && (self.streams.is_empty() || self.streams.contains(&record.stream))
            && self.is_for(record)
    }

    /// Whether the record is one of those that are looked for.
    fn picks(&self, record: &Record<'_>) -> bool {
        let text = record.msg.as_bytes();
        // What names no level is what people print: as for the journal, that is information.
        let level = record.level.unwrap_or(Level::Info);
        self.level.is_none_or(|least| level >= least)
            && self.tasks.wants(record.task.as_deref())
            && self.texts.iter().all(|group| group.iter().any(|pattern| pattern.is_match(text)))
            && !self.exclude.iter().any(|pattern| pattern.is_match(text))
    }

    /// Whether records of this run of this plan are wanted at all.
    fn wants_run(&self, plan: &str, run: u64) -> bool {
        if self.run.is_some_and(|wanted| wanted != run) {
            return false;
        }
        let mut named = self.runs.iter().filter(|(name, _)| name == plan).peekable();
        named.peek().is_none() || named.any(|(_, number)| *number == run)
    }

    fn is_for(&self, record: &Record<'_>) -> bool {
        match (self.audience, &record.stream) {
            (Audience::Programs, _) | (Audience::Beside, Stream::Planwatch) => true,
            (Audience::Bytes, Stream::Planwatch) => false,
            (_, Stream::Planwatch) => record.level.is_none_or(|level| level > Level::Debug),
            (Audience::Screen, Stream::Events) => match record.task_event.as_deref() {
                None | Some("requires" | "progress") => !self.streams.is_empty(),
                Some(_) => true,
            },
            (_, Stream::Events) => self.streams.contains(&Stream::Events),
            (Audience::Bytes | Audience::Beside, _) => true,
            // The empty line in front of a progress bar.
            _ => record.eol != Eol::Cr || !record.msg.is_empty(),
        }
    }

    /// Whether every record is wanted.
    pub fn is_open(&self) -> bool {
        self.audience == Audience::Programs
            && self.since.is_none()
            && self.until.is_none()
            && self.streams.is_empty()
            && self.run.is_none()
            && self.runs.is_empty()
            && !self.picks_any()
    }

    /// Whether some of the records that are looked at are looked for.
    pub fn picks_any(&self) -> bool {
        self.level.is_some()
            || !self.texts.is_empty()
            || !self.exclude.is_empty()
            || !self.tasks.is_open()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(filter: &Wanted, level: Option<Level>, stream: &str, msg: &str) -> bool {
        let line = format!(
            r#"{{"ts":"2026-11-23T17:31:02.123456Z","seq":7,"plan":"cafe","run":3,"stream":"{stream}","msg":"{msg}"}}"#
        );
        let mut record = Record::parse(line.as_bytes()).unwrap();
        record.level = level;
        filter.wants(&record)
    }

    #[test]
    fn a_level_lets_pass_what_is_as_bad_or_worse_and_what_names_none_is_information() {
        let filter = Wanted { level: Some(Level::Warning), ..Wanted::default() };
        assert!(wants(&filter, Some(Level::Critical), "stdout", "x"));
        assert!(wants(&filter, Some(Level::Warning), "stdout", "x"));
        assert!(!wants(&filter, Some(Level::Info), "stdout", "x"));
        assert!(!wants(&filter, None, "stdout", "x"));
        let filter = Wanted { level: Some(Level::Info), ..Wanted::default() };
        assert!(wants(&filter, None, "stdout", "x"));
        assert!(!wants(&filter, Some(Level::Debug), "stdout", "x"));
    }

    #[test]
    fn one_of_the_patterns_must_fit_and_none_of_the_excluded() {
        let filter = Wanted {
            texts: vec![vec![Regex::new("^a").unwrap(), Regex::new("b$").unwrap()]],
            exclude: vec![Regex::new("not").unwrap()],
            ..Wanted::default()
        };
        for (text, wanted) in [("a", true), ("xb", true), ("x", false), ("a not", false)] {
            assert_eq!(wants(&filter, None, "stdout", text), wanted, "{text}");
        }
    }

    #[test]
    fn run_stream_and_time_narrow_what_is_shown() {
        let at: Stamp = "2026-11-23T17:31:02.123456Z".parse().unwrap();
        for (filter, wanted) in [
            (
                Wanted {
                    runs: vec![("cafe".into(), 3)],
                    since: Some(at),
                    until: Some(at),
                    ..Wanted::default()
                },
                true,
            ),
            (Wanted { runs: vec![("cafe".into(), 2)], ..Wanted::default() }, false),
            (Wanted { since: Some(Stamp(at.0 + 1)), ..Wanted::default() }, false),
            (Wanted { until: Some(Stamp(at.0 - 1)), ..Wanted::default() }, false),
            (Wanted { streams: vec![Stream::Stderr], ..Wanted::default() }, false),
        ] {
            assert_eq!(wants(&filter, None, "stdout", "x"), wanted, "{filter:?}");
            assert!(!filter.is_open());
        }
        assert!(Wanted::default().is_open());
    }
}
