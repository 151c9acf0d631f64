//! Wanted records among many lines, the others passed over unparsed where that is possible.

use std::sync::Arc;

use memchr::memmem::Finder;
use memchr::{memchr, memrchr};
use regex::bytes::{Regex, RegexBuilder};

use super::{Filter, Pattern, Target, View};
use crate::model::{Level, Record};

/// What is wanted, and what every wanted line shows as it is stored.
#[derive(Clone, Debug)]
pub(super) struct Sieve {
    view: Arc<View>,
    target: Option<Target>,
    mark: Mark,
}

#[derive(Clone, Debug)]
enum Mark {
    None,
    Regex(Regex),
    Words(Box<Finder<'static>>),
}

impl Sieve {
    /// Lets through what the view wants; with a target, only what that is too.
    pub(super) fn new(view: &Arc<View>, target: Option<Target>) -> Sieve {
        let mark = mark(&view.filter, target.as_ref());
        Sieve { view: Arc::clone(view), target, mark }
    }

    /// The lines that may be wanted.
    pub(super) fn candidates<'a>(&'a self, lines: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let found = at + self.mark.find(&lines[at..])?;
            let start = memrchr(b'\n', &lines[at..found]).map_or(at, |end| at + end + 1);
            let end = memchr(b'\n', &lines[found..])? + found + 1;
            at = end;
            Some(&lines[start..end])
        })
    }

    /// The record, if it is wanted.
    pub(super) fn record<'a>(&self, line: &'a [u8]) -> Option<Record<'a>> {
        let record = Record::parse(line).ok()?;
        let target = self.target.as_ref();
        (self.view.filter.wants(&record) && target.is_none_or(|target| target.is(&record)))
            .then_some(record)
    }
}

impl Mark {
    fn find(&self, text: &[u8]) -> Option<usize> {
        match self {
            Mark::None => (!text.is_empty()).then_some(0),
            Mark::Regex(regex) => regex.find(text).map(|found| found.start()),
            Mark::Words(finder) => finder.find(text),
        }
    }
}

/// The rarest thing that every wanted line shows.
fn mark(filter: &Filter, target: Option<&Target>) -> Mark {
    let target_text = match target {
        Some(Target::Match(pattern)) => Some(pattern),
        _ => None,
    };
    if let Some(regex) = [target_text, filter.text.as_ref()].into_iter().flatten().find_map(literal)
    {
        return Mark::Regex(regex);
    }
    let error = matches!(target, Some(Target::Error)).then_some(Level::Error);
    if let Some(level) = error.max(filter.level).filter(|level| *level >= Level::Warning) {
        let worse = Level::ALL.iter().filter(|other| **other >= level).map(|level| level.name());
        let names: Vec<&str> = worse.collect();
        if let Ok(regex) = Regex::new(&format!(r#""level":"(?:{})""#, names.join("|"))) {
            return Mark::Regex(regex);
        }
    }
    let words = if filter.task.is_some() {
        r#","task":""#.to_owned()
    } else if let [stream] = &filter.streams[..]
        && stream.name().bytes().all(|b| b.is_ascii_alphanumeric() || b":._-".contains(&b))
    {
        format!(r#","stream":"{stream}""#)
    } else if let Some(run) = filter.run {
        format!(r#","run":{run},"#)
    } else {
        return Mark::None;
    };
    Mark::Words(Box::new(Finder::new(words.as_bytes()).into_owned()))
}

/// A pattern that fits only its own letters, which are stored in JSON as they are.
fn literal(pattern: &Pattern) -> Option<Regex> {
    let text = pattern.text();
    let plain =
        text.bytes().all(|b| b.is_ascii_alphanumeric() || b" _:;,=<>~!#%&'/@-".contains(&b));
    if text.is_empty() || !plain {
        return None;
    }
    RegexBuilder::new(text).case_insensitive(pattern.is_lenient()).build().ok()
}
