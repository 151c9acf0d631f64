//! What is known of one stream that may still say something.

use serde::{Deserialize, Serialize};

use crate::model::Stream;
use crate::parse::Recogniser;

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamFold {
    /// Its run; 0 for the lifecycle stream, which belongs to all of them.
    pub run: u64,
    /// Which stream.
    pub stream: Stream,
    /// Offset of the first byte that has no record.
    pub off: u64,
    /// What its lines so far mean for the next.
    #[serde(default)]
    pub recogniser: Recogniser,
}

impl StreamFold {
    /// A stream that has said nothing.
    pub(super) fn new(run: u64, stream: Stream) -> StreamFold {
        StreamFold { run, stream, off: 0, recogniser: Recogniser::default() }
    }

    /// Whether it is this one.
    pub(super) fn is(&self, run: u64, stream: &Stream) -> bool {
        self.run == run && self.stream == *stream
    }

    /// Goes on at `off` behind bytes that were given up.
    pub(super) fn skip_to(&mut self, off: u64) {
        self.off = off;
        self.recogniser = Recogniser::default();
    }
}
