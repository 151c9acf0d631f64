//! What stands behind the `?` of a request.

use std::str::FromStr;
use std::time::Duration;

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use jiff::tz::TimeZone;
use regex::bytes::{Regex, RegexBuilder};

use super::refusal::Refusal;
use crate::feed::sieve::{Audience, TaskGlob};
use crate::model::{Level, Stamp, Stream, When, parse_duration};

/// A pattern's machine may not be larger than this: patterns come from afar.
const PATTERN: usize = 1 << 20;

/// The longest that a request waits.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// The plan that a path names, as it stands there.
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Named, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(name)) => Ok(Named(name)),
            Err(error) => {
                let hint = "GET /api/plans lists the plans there are";
                Err(Refusal::bad(format!("the path makes no sense: {error}"), hint))
            }
        }
    }
}

/// Names and values, decoded, in their order.
pub(super) struct Pairs(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Pairs {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Pairs, Refusal> {
        match Query::from_request_parts(parts, state).await {
            Ok(Query(pairs)) => Ok(Pairs(pairs)),
            Err(error) => {
                let hint = "write name=value pairs, %-encoded, with & between them";
                Err(Refusal::bad(format!("the query makes no sense: {error}"), hint))
            }
        }
    }
}

impl Pairs {
    /// Every pair, where each name is one that is known.
    fn known(&self, known: &[&str]) -> Result<impl Iterator<Item = (&str, &str)>, Refusal> {
        for (name, _) in &self.0 {
            if !known.contains(&name.as_str()) && name != "token" {
                let shown: String = name.chars().take(40).collect();
                let hint = format!("known are: {}", known.join(", "));
                return Err(Refusal::bad(format!("'{shown}' is no parameter of this path"), hint));
            }
        }
        Ok(self.0.iter().map(|(name, value)| (name.as_str(), value.as_str())))
    }

    /// The one value of a name.
    pub(super) fn only<T: FromStr>(&self, name: &str, known: &[&str]) -> Result<Option<T>, Refusal>
    where
        T::Err: std::fmt::Display,
    {
        let mut found = None;
        for (_, value) in self.known(known)?.filter(|(given, _)| *given == name) {
            found = Some(parse(name, value)?);
        }
        Ok(found)
    }
}

/// Which records are wanted, and how they are given.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) after: Option<u64>,
    pub(super) last: Option<u64>,
    pub(super) limit: Option<usize>,
    pub(super) wait: Option<Duration>,
    pub(super) level: Option<Level>,
    pub(super) grep: Vec<Regex>,
    pub(super) exclude: Vec<Regex>,
    pub(super) streams: Vec<Stream>,
    pub(super) tasks: Vec<TaskGlob>,
    pub(super) run: Option<u64>,
    pub(super) since: Option<Stamp>,
    pub(super) until: Option<Stamp>,
    pub(super) audience: Audience,
}

const KNOWN: [&str; 13] = [
    "after", "last", "limit", "wait", "level", "grep", "exclude", "stream", "task", "run", "since",
    "until", "audience",
];

impl Wanted {
    pub(super) fn of(pairs: &Pairs, now: Stamp) -> Result<Wanted, Refusal> {
        let mut wanted = Wanted::default();
        let time = |name: &str, value: &str| -> Result<Stamp, Refusal> {
            parse::<When>(name, value).map(|when| when.resolve(now, &TimeZone::UTC))
        };
        for (name, value) in pairs.known(&KNOWN)? {
            match name {
                "after" => wanted.after = Some(parse(name, value)?),
                "last" => wanted.last = Some(parse(name, value)?),
                "limit" => wanted.limit = Some(parse(name, value)?),
                "wait" => wanted.wait = Some(wait(value)?),
                "level" => wanted.level = Some(parse(name, value)?),
                "grep" => wanted.grep.push(pattern(name, value)?),
                "exclude" => wanted.exclude.push(pattern(name, value)?),
                "stream" => {
                    for one in value.split(',') {
                        wanted.streams.push(parse(name, one)?);
                    }
                }
                "task" => wanted.tasks.push(parse(name, value)?),
                "run" => wanted.run = Some(parse(name, value)?),
                "since" => wanted.since = Some(time(name, value)?),
                "audience" => wanted.audience = audience(value)?,
                "until" => wanted.until = Some(time(name, value)?),
                _ => {}
            }
        }
        Ok(wanted)
    }
}

fn parse<T: FromStr>(name: &str, value: &str) -> Result<T, Refusal>
where
    T::Err: std::fmt::Display,
{
    value.parse().map_err(|error: T::Err| wrong(name, value, &error.to_string()))
}

fn wrong(name: &str, value: &str, why: &str) -> Refusal {
    let shown: String = value.chars().take(40).collect();
    Refusal::bad(
        format!("{name}={shown} makes no sense: {why}"),
        "GET /api/openapi.json tells what is expected",
    )
}

fn pattern(name: &str, value: &str) -> Result<Regex, Refusal> {
    RegexBuilder::new(value).size_limit(PATTERN).build().map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => wrong(name, value, "the pattern is too big"),
        _ => wrong(name, value, "it is no regular expression"),
    })
}

/// For whom, where planwatch's own notes are not for everybody.
fn audience(value: &str) -> Result<Audience, Refusal> {
    match value {
        "programs" => Ok(Audience::Programs),
        "people" => Ok(Audience::People),
        "bytes" => Ok(Audience::Bytes),
        other => Err(wrong("audience", other, "it is programs, people or bytes")),
    }
}

/// `30s`, or a number of seconds.
fn wait(value: &str) -> Result<Duration, Refusal> {
    let span = match value.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            parse_duration(value).map_err(|error| wrong("wait", value, &error.to_string()))?
        }
    };
    Ok(span.min(LONGEST_WAIT))
}

/// `a:17,b:4`: how far several logs were read. A single number is meant for all.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Cursors {
    all: Option<u64>,
    each: Vec<(String, u64)>,
}

impl Cursors {
    pub(super) fn of(&self, plan: &str) -> Option<u64> {
        let own = self.each.iter().find(|(name, _)| name == plan).map(|(_, seq)| *seq);
        own.or(self.all)
    }
}

impl FromStr for Cursors {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Cursors, &'static str> {
        const WRONG: &str = "write a seq, or PLAN:SEQ with commas between them";
        let mut cursors = Cursors::default();
        for part in text.split(',').filter(|part| !part.is_empty()) {
            match part.rsplit_once(':') {
                Some((plan, seq)) => {
                    cursors.each.push((plan.to_owned(), seq.parse().map_err(|_| WRONG)?));
                }
                None => cursors.all = Some(part.parse().map_err(|_| WRONG)?),
            }
        }
        Ok(cursors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(pairs: &[(&str, &str)]) -> Result<Wanted, &'static str> {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Wanted::of(&Pairs(pairs.collect()), Stamp(0)).map_err(|refusal| refusal.code)
    }

    #[test]
    fn a_question_is_understood_or_refused_by_name() {
        let all = wanted(&[
            ("after", "17"),
            ("wait", "30s"),
            ("level", "error"),
            ("grep", "a|b"),
            ("stream", "stdout,stderr"),
            ("since", "2026-11-23T17:31:02Z"),
        ])
        .unwrap();
        assert_eq!((all.after, all.wait), (Some(17), Some(Duration::from_secs(30))));
        assert_eq!((all.grep.len(), all.streams.len(), all.level), (1, 2, Some(Level::Error)));
        assert_eq!(wanted(&[("wait", "5")]).unwrap().wait, Some(Duration::from_secs(5)));
        assert_eq!(wanted(&[("wait", "9h")]).unwrap().wait, Some(LONGEST_WAIT));
        for bad in [
            ("aftr", "1"),
            ("after", "-1"),
            ("grep", "("),
            ("grep", "(?:a{1000}){1000}"),
            ("level", "loud"),
            ("wait", "soon"),
        ] {
            assert_eq!(wanted(&[bad]).err(), Some("bad_request"), "{bad:?}");
        }
    }

    #[test]
    fn cursors_of_many_plans_stand_in_one_id() {
        let cursors: Cursors = "a:17,b:4".parse().unwrap();
        assert_eq!((cursors.of("a"), cursors.of("b"), cursors.of("c")), (Some(17), Some(4), None));
        let all: Cursors = "9".parse().unwrap();
        assert_eq!(all.of("anything"), Some(9));
        assert!("a:x".parse::<Cursors>().is_err() && "x".parse::<Cursors>().is_err());
    }
}
