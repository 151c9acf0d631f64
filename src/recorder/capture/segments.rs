//! From one segment of the log to the next.

use std::io;

use super::{Capture, STAY};
use crate::model::{Event, FORMAT, Level, SealHash};
use crate::os::host;

impl Capture {
    /// Seals the segment and begins the next, if the disk takes another file.
    pub(in crate::recorder) fn rotate(&mut self) -> io::Result<()> {
        if self.can_rotate() { self.open_another() } else { Ok(()) }
    }

    pub(super) fn open_another(&mut self) -> io::Result<()> {
        self.seal()?;
        self.open_next()
    }

    /// Whether another segment can be begun. A sealed segment without a successor would keep the
    /// plan waiting; an open one can grow as long as there is room.
    pub(super) fn can_rotate(&mut self) -> bool {
        let Err(error) = self.journal.prepare_next() else { return true };
        if self.stays.is_none() {
            let name = self.plan.name();
            host::complain(&format!("the log of {name} goes on in the same file: {error}"));
        }
        let more = (self.limits.segment_size / 16).max(64 << 10);
        self.stays = Some((self.journal.bytes() + more, self.ts.plus(STAY)));
        false
    }

    pub(super) fn seal(&mut self) -> io::Result<()> {
        if self.sealed {
            return Ok(());
        }
        self.journal.flush()?;
        let event = Event::SegmentSealed {
            records: self.records,
            bytes: self.journal.written(),
            crc32: self.hashes(),
        };
        let msg = format!("segment sealed after {} records", self.records);
        self.gather_event(self.fold.last_run(), None, Level::Debug, &msg, &event);
        self.sealed = true;
        Ok(())
    }

    /// What proves the segment. Where the disk does not give back what was written nothing is claimed
    /// of it: what comes can be recorded all the same.
    fn hashes(&mut self) -> Vec<SealHash> {
        self.journal.hashes().unwrap_or_else(|error| {
            let (name, first) = (self.plan.name(), self.journal.first());
            host::complain(&format!("segment {first} of {name} cannot be read back: {error}"));
            Vec::new()
        })
    }

    /// Begins the segment after a sealed one. May be called again after an error.
    pub(in crate::recorder) fn open_next(&mut self) -> io::Result<()> {
        self.journal.flush()?;
        let (from, to, bytes) = (self.journal.first(), self.fold.seq, self.journal.written());
        let syncing = self.journal.next(to + 1)?;
        self.rotations += 1;
        self.begin_segment();
        let doubts = self.arrivals.expect(syncing, from, to, bytes);
        self.doubt_all(doubts);
        self.journal.flush()
    }

    /// Gathers the first record of a segment.
    pub(in crate::recorder) fn begin_segment(&mut self) {
        self.fold.sum_up();
        self.sealed = false;
        self.stays = None;
        self.doubted = false;
        self.records = 1;
        self.opened_at = self.ts;
        let event = Event::SegmentOpened {
            format: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.identity.host.clone(),
            boot: self.identity.boot.clone(),
            fold: Box::new(serde_json::to_value(&self.fold).unwrap_or_default()),
        };
        self.gather_event(self.fold.last_run(), None, Level::Debug, "segment opened", &event);
    }
}
