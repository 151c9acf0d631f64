//! The log as it is being written: numbers records, keeps time going forward, folds what it
//! writes, rotates.

mod segments;

use std::io;
use std::time::Duration;

use crate::fold::Fold;
use crate::model::{
    Event, Front, Head, Level, LogSpec, Said, Stamp, Stream, encode_event, encode_text, put_text,
};
use crate::parse::Line;
use crate::store::journal::Journal;
use crate::store::layout::PlanDir;

use super::arrivals::{Arrivals, Doubt};

/// Bytes gathered at which they are written without waiting for the batch to end.
const FLUSH_AT: usize = 512 << 10;

/// How far back the clock may go before that is said.
const CLOCK_SLACK_MICROS: i64 = 1_000_000;

/// Time until another segment is tried again.
const STAY: Duration = Duration::from_secs(60);

/// Who writes, for `segment.opened`.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// Host name.
    pub(super) host: String,
    /// Boot id.
    pub(super) boot: String,
}

/// The one writer of a plan's log.
#[derive(Debug)]
pub(super) struct Capture {
    plan: PlanDir,
    identity: Identity,
    limits: LogSpec,
    /// What is known of the plan, everything gathered included.
    pub(super) fold: Fold,
    journal: Journal,
    /// The segments before it that are on their way to the disk.
    arrivals: Arrivals,
    /// The log has it that the open segment may not be safe from a power cut.
    doubted: bool,
    ts: Stamp,
    /// What the next line's record begins with.
    front: Front,
    opened_at: Stamp,
    /// Records in the segment so far.
    records: u64,
    /// The segment's last record is its seal: the next record begins another.
    sealed: bool,
    /// The disk takes no further file: the segment goes on, up to so many bytes and this time,
    /// until that is tried again.
    stays: Option<(u64, Stamp)>,
    rotations: u64,
}

impl Capture {
    /// Goes on with `journal`, whose records are all in `fold`.
    pub(super) fn new(
        plan: PlanDir,
        identity: Identity,
        limits: LogSpec,
        fold: Fold,
        journal: Journal,
        records: u64,
        opened_at: Stamp,
    ) -> Capture {
        let ts = fold.ts;
        Capture {
            plan,
            identity,
            limits,
            fold,
            journal,
            arrivals: Arrivals::default(),
            doubted: false,
            ts,
            front: Front::new(&ts.text(), 0),
            opened_at,
            records,
            sealed: false,
            stays: None,
            rotations: 0,
        }
    }

    /// The plan's folder.
    pub(super) fn plan(&self) -> &PlanDir {
        &self.plan
    }

    /// The log's limits.
    pub(super) fn limits(&self) -> &LogSpec {
        &self.limits
    }

    /// Another run may have other limits.
    pub(super) fn set_limits(&mut self, limits: LogSpec) {
        self.limits = limits;
    }

    /// The segment that is being written.
    pub(super) fn journal(&mut self) -> &mut Journal {
        &mut self.journal
    }

    /// Makes everything written so far survive a power cut, or says in the log that it may not.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.journal.flush()?;
        let doubts = self.arrivals.finish();
        self.doubt_all(doubts);
        if let Err(error) = self.journal.sync()
            && !std::mem::replace(&mut self.doubted, true)
        {
            let (from, to) = (self.journal.first(), self.fold.seq);
            self.doubt(&Doubt { from, to, error });
        }
        self.journal.flush()
    }

    fn doubt_all(&mut self, doubts: Vec<Doubt>) {
        for doubt in doubts {
            self.doubt(&doubt);
        }
    }

    /// Says that records may not survive a power cut. A later sync that succeeds proves nothing:
    /// the system tells of what it could not keep once, and forgets it (fsync(2)).
    fn doubt(&mut self, Doubt { from, to, error }: &Doubt) {
        let msg = format!(
            "records {from} to {to} are written, but a power cut may take them: the disk reports: \
             {error}"
        );
        let reason = "the disk could not be made to keep what was written".to_owned();
        let (of, at, bytes) = (None, None, None);
        let event = Event::LogGap { reason, from: None, to: None, of, at, bytes };
        self.gather_event(self.fold.last_run(), None, Level::Error, &msg, &event);
        self.records += 1;
    }

    /// How often a segment was sealed since this process began.
    pub(super) fn rotations(&self) -> u64 {
        self.rotations
    }

    /// When the open segment is old enough to be sealed; None if it holds nothing of the plan.
    pub(super) fn aged_at(&self) -> Option<Stamp> {
        let age = self.limits.segment_age()?;
        let due = self.opened_at.plus(age);
        (self.records > 1).then(|| self.stays.map_or(due, |(_, until)| due.max(until)))
    }

    /// The stamp that the next records will carry.
    pub(super) fn ts(&self) -> Stamp {
        self.ts
    }

    /// Sets the time of the records to come. Within a segment time never goes back: a small step
    /// back is held, a large one begins a segment that says so.
    pub(super) fn set_time(&mut self, now: Stamp) -> io::Result<()> {
        if now.0 >= self.ts.0 {
            self.put_time(now);
        } else if self.ts.0 - now.0 > CLOCK_SLACK_MICROS {
            if !self.can_rotate() {
                // The records go on with the time they had.
                return Ok(());
            }
            let back_ms = (self.ts.0 - now.0).unsigned_abs() / 1000;
            self.seal()?;
            self.put_time(now);
            self.open_next()?;
            let msg = format!("the clock went back by {:.3} s", back_ms as f64 / 1000.0);
            self.event(0, None, Level::Warning, &msg, &Event::ClockStepped { back_ms })?;
        }
        Ok(())
    }

    fn put_time(&mut self, ts: Stamp) {
        if ts != self.ts {
            self.ts = ts;
            self.front.set_time(&ts.text());
        }
    }

    /// Puts one line of the plan into the log.
    #[inline]
    pub(super) fn text(
        &mut self,
        slot: usize,
        head: &Head,
        off: u64,
        line: &Line<'_>,
    ) -> io::Result<()> {
        let seq = self.fold.seq + 1;
        let text = self.fold.line(slot, off, line, self.ts, seq);
        self.front.go_to(seq);
        put_text(self.journal.gather(), &self.front, head, &text);
        self.after_record()
    }

    /// Puts an event into the log.
    pub(super) fn event(
        &mut self,
        run: u64,
        span: Option<(u64, u64)>,
        level: Level,
        msg: &str,
        event: &Event,
    ) -> io::Result<()> {
        self.gather_event(run, span, level, msg, event);
        self.after_record()
    }

    /// Puts a line of the lifecycle stream into the log, as the record it asks for. Gives back
    /// what it said.
    pub(super) fn said(&mut self, off: u64, line: &Line<'_>) -> io::Result<Said> {
        let said = Capture::understand(off, line);
        let span = (off, line.consumed as u64);
        self.event(said.run, Some(span), said.level, &said.msg, &said.event)?;
        Ok(said)
    }

    fn understand(off: u64, line: &Line<'_>) -> Said {
        serde_json::from_slice(line.bytes).unwrap_or_else(|_| Said {
            run: 0,
            level: Level::Error,
            msg: String::from_utf8_lossy(line.bytes).into_owned(),
            event: Event::LogGap {
                reason: "a line of the lifecycle stream made no sense".to_owned(),
                from: None,
                to: None,
                of: Some(Stream::Planwatch),
                at: Some(off),
                bytes: Some(line.consumed as u64),
            },
        })
    }

    /// The record that [`Capture::said`] would gather.
    pub(super) fn draft_said(&self, off: u64, line: &Line<'_>) -> Vec<u8> {
        let said = Capture::understand(off, line);
        let head = Head::new(self.plan.name(), said.run, &Stream::Planwatch.name());
        let span = Some((off, line.consumed as u64));
        let mut draft = Vec::new();
        let seq = self.fold.seq + 1;
        let ts = &self.ts.text();
        encode_event(&mut draft, &head, ts, seq, span, said.level, &said.msg, &said.event);
        draft
    }

    /// The record that [`Capture::text`] would gather.
    pub(super) fn draft_text(
        &self,
        slot: usize,
        head: &Head,
        off: u64,
        line: &Line<'_>,
    ) -> Vec<u8> {
        let text = self.fold.preview(slot, off, line, self.ts);
        let mut draft = Vec::new();
        encode_text(&mut draft, head, &self.ts.text(), self.fold.seq + 1, &text);
        draft
    }

    fn gather_event(
        &mut self,
        run: u64,
        span: Option<(u64, u64)>,
        level: Level,
        msg: &str,
        event: &Event,
    ) {
        let head = Head::new(self.plan.name(), run, &Stream::Planwatch.name());
        let seq = self.fold.seq + 1;
        let mut record = Vec::new();
        encode_event(&mut record, &head, &self.ts.text(), seq, span, level, msg, event);
        self.journal.gather().put(&record);
        self.fold.event(run, event, span, self.ts, seq);
    }

    #[inline]
    fn after_record(&mut self) -> io::Result<()> {
        self.records += 1;
        let most = self.stays.map_or(0, |(most, _)| most).max(self.limits.segment_size);
        if self.journal.bytes() >= most && self.can_rotate() {
            return self.open_another();
        }
        if self.journal.waiting() >= FLUSH_AT {
            return self.journal.flush();
        }
        Ok(())
    }

    /// Writes everything gathered; ends a rotation that was interrupted by a full disk.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        if self.sealed {
            return self.open_next();
        }
        self.journal.flush()
    }

    /// Makes sure that what is written can be read: a segment that somebody removed, replaced or cut
    /// short is given up, named, and the next one begun. Call it with nothing gathered.
    pub(super) fn stay_in_place(&mut self) -> io::Result<()> {
        if self.journal.is_in_place()? {
            return Ok(());
        }
        let kept = self.journal.last_in_place()?;
        let (from, to) = (kept.map_or(self.journal.first(), |seq| seq + 1), self.fold.seq);
        self.plan.create()?;
        self.journal = Journal::create(&self.plan, to + 1)?;
        self.begin_segment();
        let reason = match kept {
            Some(_) => "the open segment was cut short while it was written",
            None => "the open segment was removed or replaced while it was written",
        };
        let reason = reason.to_owned();
        let msg = format!("records {from} to {to} are missing: {reason}");
        let (of, at, bytes) = (None, None, None);
        let event = Event::LogGap { reason, from: Some(from), to: Some(to), of, at, bytes };
        self.event(self.fold.last_run(), None, Level::Error, &msg, &event)?;
        self.flush()
    }
}
