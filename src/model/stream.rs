//! Where a record's bytes came from, and how its line ended.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One source of a plan's records.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stream {
    /// The plan's descriptor 1.
    Stdout,
    /// The plan's descriptor 2.
    Stderr,
    /// What the Luigi bridge reports.
    Events,
    /// What planwatch itself says. Nothing the plan writes can become one of these.
    Planwatch,
    /// A file that is followed, by its short name.
    File(String),
}

impl Stream {
    /// The name in records: `stdout`, `stderr`, `events`, `planwatch`, `file:NAME`.
    pub fn name(&self) -> std::borrow::Cow<'_, str> {
        match self {
            Stream::Stdout => "stdout".into(),
            Stream::Stderr => "stderr".into(),
            Stream::Events => "events".into(),
            Stream::Planwatch => "planwatch".into(),
            Stream::File(name) => format!("file:{name}").into(),
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.name())
    }
}

impl FromStr for Stream {
    type Err = String;

    fn from_str(text: &str) -> Result<Stream, String> {
        Ok(match text {
            "stdout" => Stream::Stdout,
            "stderr" => Stream::Stderr,
            "events" => Stream::Events,
            "planwatch" => Stream::Planwatch,
            other => match other.strip_prefix("file:") {
                Some(name) if !name.is_empty() => Stream::File(name.to_owned()),
                _ => {
                    return Err(format!(
                        "'{text}' is not a stream: use stdout, stderr, events, planwatch or file:NAME"
                    ));
                }
            },
        })
    }
}

impl Serialize for Stream {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.name())
    }
}

impl<'de> Deserialize<'de> for Stream {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Stream, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// How a line ended. Together with `msg` or `raw` it gives back the very bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Eol {
    /// `\n`: the ordinary case, not written in records.
    #[default]
    Lf,
    /// Unterminated at the end of its stream.
    None,
    /// A lone `\r`: a progress bar.
    Cr,
    /// `\r\n`.
    Crlf,
    /// A piece of a line longer than the longest record; the next record continues it.
    Part,
}

impl Eol {
    /// The bytes that ended the line.
    pub const fn bytes(self) -> &'static [u8] {
        match self {
            Eol::Lf => b"\n",
            Eol::None | Eol::Part => b"",
            Eol::Cr => b"\r",
            Eol::Crlf => b"\r\n",
        }
    }

    /// The value of the record's `eol` field, absent for `\n`.
    pub const fn field(self) -> Option<&'static str> {
        match self {
            Eol::Lf => None,
            Eol::None => Some("none"),
            Eol::Cr => Some("cr"),
            Eol::Crlf => Some("crlf"),
            Eol::Part => Some("part"),
        }
    }
}
