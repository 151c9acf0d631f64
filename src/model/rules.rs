//! The rules a user gives a run: what success means, how much log to keep, what to do when full.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{format_duration, format_size, parse_duration, parse_size};

/// One condition of success. All given conditions must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VerdictRule {
    /// The exit code counts as success.
    Exit,
    /// Luigi's summary, where one is seen, must say that all is well.
    Luigi,
    /// This file must exist in the plan's folder when the plan has ended.
    File(String),
}

impl fmt::Display for VerdictRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerdictRule::Exit => f.write_str("exit"),
            VerdictRule::Luigi => f.write_str("luigi"),
            VerdictRule::File(name) => write!(f, "file:{name}"),
        }
    }
}

impl FromStr for VerdictRule {
    type Err = String;

    fn from_str(text: &str) -> Result<VerdictRule, String> {
        match text {
            "exit" => Ok(VerdictRule::Exit),
            "luigi" => Ok(VerdictRule::Luigi),
            _ => match text.strip_prefix("file:") {
                Some(name) if !name.is_empty() => Ok(VerdictRule::File(name.to_owned())),
                _ => Err(format!("'{text}' is not a verdict rule: use exit, luigi or file:NAME")),
            },
        }
    }
}

/// How much log a plan keeps; the strictest of several rules wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeepRule {
    /// At most this many bytes of segments.
    Bytes(u64),
    /// Nothing older than this.
    Age(Duration),
    /// At most this many segments.
    Segments(u64),
    /// As much as leaves this many bytes of the disk free.
    Free(u64),
}

impl fmt::Display for KeepRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeepRule::Free(bytes) => write!(f, "free:{}", KeepRule::Bytes(*bytes)),
            KeepRule::Bytes(bytes) if bytes % 1024 == 0 => {
                f.write_str(&format_size(*bytes).replace(' ', ""))
            }
            KeepRule::Bytes(bytes) => write!(f, "{bytes}B"),
            KeepRule::Age(span) => f.write_str(&format_duration(*span)),
            KeepRule::Segments(count) => write!(f, "{count}"),
        }
    }
}

impl FromStr for KeepRule {
    type Err = String;

    fn from_str(text: &str) -> Result<KeepRule, String> {
        if let Ok(count) = text.parse::<u64>() {
            return if count == 0 {
                Err("keeping 0 segments would keep nothing: the least is 1".to_owned())
            } else {
                Ok(KeepRule::Segments(count))
            };
        }
        if let Some(size) = text.strip_prefix("free:") {
            return parse_size(size).map(KeepRule::Free).map_err(|error| error.to_string());
        }
        // `10m` is ten minutes and `10M` ten mebibytes: a lone lower-case m is a duration.
        if let Ok(span) = parse_duration(text) {
            return Ok(KeepRule::Age(span));
        }
        parse_size(text).map(KeepRule::Bytes).map_err(|_| {
            format!("'{text}' is not a keep rule: give a size (10GiB), an age (30d), a count of segments (500) or free:SIZE")
        })
    }
}

/// What happens when the log cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnFull {
    /// The pipe fills and the plan waits until there is room.
    #[default]
    Block,
    /// Bytes are given up, counted in a `log.gap`.
    Drop,
}

impl FromStr for OnFull {
    type Err = String;

    fn from_str(text: &str) -> Result<OnFull, String> {
        match text {
            "block" => Ok(OnFull::Block),
            "drop" => Ok(OnFull::Drop),
            _ => Err(format!("'{text}' is not one of: block, drop")),
        }
    }
}

macro_rules! serde_as_text {
    ($kind:ty) => {
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<$kind, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(from)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}
serde_as_text!(VerdictRule);

// A keep rule is stored exactly: its display form is rounded for people.
impl Serialize for KeepRule {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            KeepRule::Bytes(bytes) => to.collect_str(&format_args!("{bytes}B")),
            KeepRule::Free(bytes) => to.collect_str(&format_args!("free:{bytes}B")),
            KeepRule::Age(span) => to.collect_str(&format_args!("{}ms", span.as_millis())),
            KeepRule::Segments(count) => to.collect_str(count),
        }
    }
}

impl<'de> Deserialize<'de> for KeepRule {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<KeepRule, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Which segments of a log are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compress {
    /// None.
    Never,
    /// Those that nobody writes to any more.
    #[default]
    Sealed,
}

impl FromStr for Compress {
    type Err = String;

    fn from_str(text: &str) -> Result<Compress, String> {
        match text {
            "never" => Ok(Compress::Never),
            "sealed" => Ok(Compress::Sealed),
            _ => Err(format!("'{text}' is not one of: never, sealed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keep_rule_is_a_size_an_age_or_a_count() {
        assert_eq!("10GiB".parse(), Ok(KeepRule::Bytes(10 << 30)));
        assert_eq!("30d".parse(), Ok(KeepRule::Age(Duration::from_secs(30 * 86_400))));
        assert_eq!("10m".parse(), Ok(KeepRule::Age(Duration::from_secs(600))));
        assert_eq!("500".parse(), Ok(KeepRule::Segments(500)));
        assert!("0".parse::<KeepRule>().is_err());
        assert!("much".parse::<KeepRule>().is_err());
    }

    #[test]
    fn keep_rules_survive_being_stored() {
        for rule in [
            KeepRule::Bytes(10_000_001),
            KeepRule::Age(Duration::from_millis(90_061)),
            KeepRule::Segments(3),
            KeepRule::Free(5 << 30),
        ] {
            let stored = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<KeepRule>(&stored).unwrap(), rule, "{stored}");
        }
    }
}
