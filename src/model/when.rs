//! Points in time as people write them: `10m`, `1h ago`, `17:30`, `today`, RFC 3339, `@unix`.

use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use super::{Stamp, parse_duration};

/// A point in time, not yet tied to a clock and a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// This long before now.
    Ago(Duration),
    /// Midnight this many days before today.
    Day(i64),
    /// This time of day, today; yesterday if it has not come yet.
    Clock(Time),
    /// A local date, and a time if one was given.
    Local(DateTime),
    /// An absolute time.
    At(Stamp),
}

/// The text is not a point in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is not a time: write 10m or '1h ago', 17:30, today, yesterday, 2026-11-23, \
     2026-11-23T17:30, an RFC 3339 time, or @ and Unix seconds"
)]
pub struct WhenError(pub String);

impl When {
    /// The stamp meant, given the present moment and the user's time zone.
    pub fn resolve(self, now: Stamp, zone: &TimeZone) -> Stamp {
        let local = |at: DateTime| {
            zone.to_ambiguous_timestamp(at)
                .compatible()
                .map_or(now, |time| Stamp(time.as_microsecond()))
        };
        let today = zone.to_datetime(now.timestamp()).date();
        let day = |back: i64| {
            let span = jiff::Span::new().try_days(back).unwrap_or_default();
            today.checked_sub(span).unwrap_or(today)
        };
        match self {
            When::At(stamp) => stamp,
            When::Ago(span) => {
                let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
                Stamp(now.0.saturating_sub(micros))
            }
            When::Day(back) => local(day(back).to_datetime(Time::midnight())),
            When::Local(at) => local(at),
            When::Clock(time) => {
                let at = local(today.to_datetime(time));
                if at <= now { at } else { local(day(1).to_datetime(time)) }
            }
        }
    }
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<When, WhenError> {
        let trimmed = text.trim();
        match trimmed {
            "now" => return Ok(When::Ago(Duration::ZERO)),
            "today" => return Ok(When::Day(0)),
            "yesterday" => return Ok(When::Day(1)),
            _ => {}
        }
        if let Some(seconds) = trimmed.strip_prefix('@') {
            return unix(seconds).map(When::At).ok_or_else(|| WhenError(text.to_owned()));
        }
        if let Ok(stamp) = trimmed.parse::<Stamp>() {
            return Ok(When::At(stamp));
        }
        // From the whole to the part: the library takes a date and time for a time of day, and a
        // time of day for a span.
        if let Ok(at) = trimmed.parse::<DateTime>()
            && trimmed.contains('-')
        {
            return Ok(When::Local(at));
        }
        if let Ok(date) = trimmed.parse::<Date>()
            && trimmed.contains('-')
        {
            return Ok(When::Local(date.to_datetime(Time::midnight())));
        }
        if trimmed.contains(':')
            && let Ok(time) = trimmed.parse::<Time>()
        {
            return Ok(When::Clock(time));
        }
        let span = trimmed.strip_suffix("ago").unwrap_or(trimmed).trim_end();
        if let Ok(span) = parse_duration(span) {
            return Ok(When::Ago(span));
        }
        Err(WhenError(text.to_owned()))
    }
}

/// `1795455062` or `1795455062.25`.
fn unix(text: &str) -> Option<Stamp> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let micros: i64 = format!("{part:0<6}").get(..6)?.parse().ok()?;
    seconds.checked_mul(1_000_000)?.checked_add(micros).map(Stamp)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolved(text: &str) -> String {
        let now: Stamp = "2026-11-23T17:31:02.123456Z".parse().unwrap();
        text.parse::<When>().unwrap().resolve(now, &TimeZone::UTC).to_string()
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for (text, stamp) in [
            ("now", "2026-11-23T17:31:02.123456Z"),
            ("10m", "2026-11-23T17:21:02.123456Z"),
            ("1h ago", "2026-11-23T16:31:02.123456Z"),
            ("1h30m ago", "2026-11-23T16:01:02.123456Z"),
            ("17:30", "2026-11-23T17:30:00.000000Z"),
            ("17:30:05", "2026-11-23T17:30:05.000000Z"),
            ("23:00", "2026-11-22T23:00:00.000000Z"),
            ("today", "2026-11-23T00:00:00.000000Z"),
            ("yesterday", "2026-11-22T00:00:00.000000Z"),
            ("2026-11-20", "2026-11-20T00:00:00.000000Z"),
            ("2026-11-20 08:00", "2026-11-20T08:00:00.000000Z"),
            ("2026-11-20T08:00:00+02:00", "2026-11-20T06:00:00.000000Z"),
            ("2026-11-20T08:00:00Z", "2026-11-20T08:00:00.000000Z"),
            ("@0.5", "1970-01-01T00:00:00.500000Z"),
        ] {
            assert_eq!(resolved(text), stamp, "{text}");
        }
        for text in ["", "soon", "25:00", "@x", "@1.x", "tomorrowish"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_of_day_is_local() {
        let now: Stamp = "2026-11-23T12:00:00Z".parse().unwrap();
        let zone = TimeZone::fixed(jiff::tz::offset(2));
        let at = "13:30".parse::<When>().unwrap().resolve(now, &zone);
        assert_eq!(at.to_string(), "2026-11-23T11:30:00.000000Z");
    }
}
