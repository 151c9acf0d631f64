//! Bytes → records: what a reader of the log works with.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};

use super::{Eol, Event, Level, Stamp, Stream, peek};

/// One record of a log. Unknown keys are ignored here; whoever passes records on passes on the
/// line itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// When planwatch took the bytes.
    pub ts: Stamp,
    /// Position in the plan's log: 1, 2, 3 …
    pub seq: u64,
    /// The plan.
    #[serde(borrow)]
    pub plan: Cow<'a, str>,
    /// The run.
    pub run: u64,
    /// Where it came from.
    pub stream: Stream,
    /// Offset of the line's first byte in its stream.
    #[serde(default)]
    pub off: Option<u64>,
    /// Bytes of the line in the lifecycle stream (events only).
    #[serde(default)]
    pub len: Option<u64>,
    /// Kind of event, for planwatch's own records.
    #[serde(borrow, default)]
    pub event: Option<Cow<'a, str>>,
    /// Severity.
    #[serde(default)]
    pub level: Option<Level>,
    /// Name of the logger.
    #[serde(borrow, default)]
    pub logger: Option<Cow<'a, str>>,
    /// The line, invalid UTF-8 replaced.
    #[serde(borrow)]
    pub msg: Cow<'a, str>,
    /// The exact bytes in base64, where they are not the UTF-8 of `msg`.
    #[serde(borrow, default)]
    pub raw: Option<Cow<'a, str>>,
    /// How the line ended.
    #[serde(default)]
    pub eol: Eol,
    /// Task that the line speaks of.
    #[serde(borrow, default)]
    pub task: Option<Cow<'a, str>>,
    /// What happened to the task.
    #[serde(borrow, default)]
    pub task_event: Option<Cow<'a, str>>,
    /// When that happened, where it was well before the line was recorded.
    #[serde(default)]
    pub task_ts: Option<Stamp>,
}

/// A line of a log that is no record.
#[derive(Debug, thiserror::Error)]
#[error("not a record: {0}")]
pub struct RecordError(#[from] serde_json::Error);

impl<'a> Record<'a> {
    /// Reads one line; its `\n` may be there or not.
    pub fn parse(line: &'a [u8]) -> Result<Record<'a>, RecordError> {
        match peek::ordinary(line) {
            Some(record) => Ok(record),
            None => Ok(serde_json::from_slice(line)?),
        }
    }

    /// The bytes of the line without its end, as the plan wrote them.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        match &self.raw {
            Some(raw) => BASE64.decode(raw.as_bytes()).unwrap_or_default().into(),
            None => self.msg.as_bytes().into(),
        }
    }

    /// The very bytes the plan wrote, line end included.
    pub fn original(&self) -> Vec<u8> {
        let mut bytes = self.bytes().into_owned();
        bytes.extend_from_slice(self.eol.bytes());
        bytes
    }

    /// Offset and length of this record's line in its stream, line end included.
    pub fn span(&self) -> Option<(u64, u64)> {
        let off = self.off?;
        let len = match (self.len, &self.raw) {
            (Some(len), _) => return Some((off, len)),
            (None, Some(_)) => self.bytes().len(),
            (None, None) => self.msg.len(),
        };
        Some((off, (len + self.eol.bytes().len()) as u64))
    }

    /// The event of `line`, which this record was read from. None for the plan's own lines and for
    /// kinds that this release does not know.
    pub fn event_of(&self, line: &[u8]) -> Option<Event> {
        if self.stream != Stream::Planwatch || self.event.is_none() {
            return None;
        }
        serde_json::from_slice(line).ok()
    }
}
