//! From what a dead recorder left on disk back to a log that goes on as if nothing had happened.

use std::io;

use crate::fold::{Fold, Status};
use crate::model::{Event, Level, LogSpec, Record, Stamp, Stream};
use crate::store::journal::Journal;
use crate::store::layout::PlanDir;
use crate::store::segment::SegmentFile;
use crate::store::segments::{self, Segment};
use crate::store::snapshot;

use super::capture::{Capture, Identity};
use super::source::{Desk, Source};
use super::tables::take_up;

/// How far numbers jump when the log may have lost records that a reader has seen.
const JUMP: u64 = 1 << 20;

/// A log that is ready to go on.
pub(super) struct Recovered {
    /// Its writer.
    pub(super) cap: Capture,
    /// The beginning of a record behind the last line end, still in the file.
    pub(super) torn: Vec<u8>,
    /// Why numbers had to jump, if they had to.
    pub(super) jump: Option<Jump>,
}

/// Numbers went on higher than the log's end.
#[derive(Debug)]
pub(super) struct Jump {
    reason: String,
    /// First number that is not there.
    from: u64,
    /// Last number that is not there.
    to: u64,
}

/// What was read back from the newest segment that holds a whole line.
struct Tail {
    segment: Segment,
    fold: Fold,
    /// Bytes up to and including the last line end.
    trusted: u64,
    torn: Vec<u8>,
    sealed: bool,
    opened_at: Stamp,
}

/// Opens the plan's log to go on with it, or begins it.
pub(super) fn recover(
    plan: &PlanDir,
    identity: Identity,
    limits: LogSpec,
    now: Stamp,
) -> io::Result<Recovered> {
    let status: Option<Status> = snapshot::load_json(&plan.status_file())?;
    let segments = segments::list(&plan.log())?;
    let Some(tail) = read_tail(plan, &segments, status.as_ref())? else {
        let highest = segments.last().map_or(0, |segment| segment.first);
        return begin(plan, identity, limits, status, highest, now);
    };
    let mut fold = tail.fold;
    take_up(plan, &mut fold)?;
    let jump = needs_jump(&fold, status.as_ref(), &identity.boot);
    if tail.segment.compressed {
        // Whoever packed it saw the next one begun, and that one has lost what it held.
        fold.seq = jump.as_ref().map_or(fold.seq, |jump| jump.to);
        let cap = open_anew(plan, identity, limits, fold, tail.segment.first, now)?;
        return Ok(Recovered { cap, torn: Vec::new(), jump });
    }
    let records = (fold.seq + 1).saturating_sub(tail.segment.first);
    let mut journal = Journal::resume(plan, tail.segment.first, tail.trusted)?;
    let mut torn = tail.torn;
    if let Some(jump) = &jump {
        // What follows is another history: nothing torn can be completed.
        journal.cut()?;
        torn.clear();
        fold.seq = jump.to;
    }
    remove_strays(plan, tail.segment.first)?;
    let opened_at = tail.opened_at;
    let mut cap = Capture::new(plan.clone(), identity, limits, fold, journal, records, opened_at);
    if tail.sealed {
        cap.set_time(now)?;
        cap.open_next()?;
        torn.clear();
    }
    Ok(Recovered { cap, torn, jump })
}

/// Begins a log: the first one, or one whose segments are gone.
fn begin(
    plan: &PlanDir,
    identity: Identity,
    limits: LogSpec,
    status: Option<Status>,
    highest: u64,
    now: Stamp,
) -> io::Result<Recovered> {
    let mut jump = None;
    let mut fold = status.map_or_else(|| Fold::new(plan.name().clone()), |status| status.fold);
    fold.tables.keep();
    take_up(plan, &mut fold)?;
    let seen = fold.seq.max(highest.saturating_sub(1));
    if seen > 0 {
        let to = seen + JUMP;
        jump = Some(Jump { reason: "the log's files are gone".to_owned(), from: 1, to });
        fold.seq = to;
    }
    let cap = open_anew(plan, identity, limits, fold, 0, now)?;
    Ok(Recovered { cap, torn: Vec::new(), jump })
}

/// Begins a segment behind the one that is `newest`.
fn open_anew(
    plan: &PlanDir,
    identity: Identity,
    limits: LogSpec,
    fold: Fold,
    newest: u64,
    now: Stamp,
) -> io::Result<Capture> {
    remove_strays(plan, newest)?;
    let journal = Journal::create(plan, fold.seq + 1)?;
    let mut cap = Capture::new(plan.clone(), identity, limits, fold, journal, 0, now);
    cap.set_time(now)?;
    cap.begin_segment();
    cap.flush()?;
    Ok(cap)
}

/// Removes segments behind the one we go on with. They were begun and hold no whole line; one that
/// does is never removed, whatever is wrong with it.
fn remove_strays(plan: &PlanDir, newest: u64) -> io::Result<()> {
    match std::fs::remove_file(plan.next_segment()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for segment in segments::list(&plan.log())? {
        let blank = || -> io::Result<bool> {
            let Some(file) = SegmentFile::open(&plan.log(), segment.first)? else {
                return Ok(false);
            };
            Ok(Lines::new(&file).next()?.is_none())
        };
        if segment.first > newest && !segment.compressed && blank()? {
            std::fs::remove_file(&segment.path)?;
        }
    }
    Ok(())
}

/// Whether readers may have seen records that the log no longer has: then numbers go on higher, so
/// that no cursor ever skips what comes.
fn needs_jump(fold: &Fold, status: Option<&Status>, boot: &str) -> Option<Jump> {
    let saved = status.map_or(0, |status| status.fold.seq);
    let clean = status.is_some_and(|status| status.clean && saved == fold.seq);
    let reason = if saved > fold.seq {
        "the log lost its end"
    } else if fold.boot != boot && !clean {
        "the host was restarted while the log was being written"
    } else {
        return None;
    };
    let to = saved.max(fold.seq) + JUMP;
    Some(Jump { reason: reason.to_owned(), from: fold.seq + 1, to })
}

/// Folds the newest segment that has a whole line, up to its last line end. None if there is none
/// such.
fn read_tail(
    plan: &PlanDir,
    segments: &[Segment],
    status: Option<&Status>,
) -> io::Result<Option<Tail>> {
    let Some((segment, older)) = segments.split_last() else { return Ok(None) };
    let Some(file) = SegmentFile::open(&plan.log(), segment.first)? else { return Ok(None) };
    let mut reader = Lines::new(&file);
    let Some(first) = reader.next()? else { return read_tail(plan, older, status) };
    let mut trusted = first.len() as u64;
    let (mut fold, opened_at) = match opened(first) {
        Some(opened) => opened,
        // Damaged: what it would have told is what the segments before it tell.
        None => {
            let before = read_tail(plan, older, status)?.map(|tail| tail.fold);
            let mut fold = before.unwrap_or_else(|| Fold::new(plan.name().clone()));
            fold.tables.keep();
            fold.seq = fold.seq.max(segment.first);
            let ts = fold.ts;
            (fold, ts)
        }
    };
    let usable = status.filter(|status| {
        status.segment == segment.first && (trusted..=segment.bytes).contains(&status.bytes)
    });
    if let Some(status) = usable {
        fold = status.fold.clone();
        fold.tables.keep();
        trusted = status.bytes;
        reader.seek(trusted);
    }
    let mut sealed = false;
    while let Some(line) = reader.next()? {
        trusted += line.len() as u64;
        let Ok(record) = Record::parse(line) else { continue };
        sealed =
            record.stream == Stream::Planwatch && record.event.as_deref() == Some("segment.sealed");
        fold.record(&record, line);
    }
    let torn = reader.rest()?;
    Ok(Some(Tail { segment: segment.clone(), fold, trusted, torn, sealed, opened_at }))
}

/// The fold after a segment's first record, and that record's time. None if it is damaged.
fn opened(first: &[u8]) -> Option<(Fold, Stamp)> {
    let record = Record::parse(first).ok()?;
    let Some(Event::SegmentOpened { fold, .. }) = record.event_of(first) else { return None };
    let mut fold: Fold = serde_json::from_value(*fold).ok()?;
    fold.tables.keep();
    fold.record(&record, first);
    Some((fold, record.ts))
}

/// Whole lines of a file, one by one, from anywhere.
struct Lines<'f> {
    file: &'f SegmentFile,
    room: Vec<u8>,
    from: usize,
    to: usize,
    /// Where in the file `room[to]` would be.
    at: u64,
}

impl Lines<'_> {
    fn new(file: &SegmentFile) -> Lines<'_> {
        Lines { file, room: vec![0; 256 << 10], from: 0, to: 0, at: 0 }
    }

    fn seek(&mut self, to: u64) {
        (self.from, self.to, self.at) = (0, 0, to);
    }

    /// The next line with its end; None where no whole line is left.
    fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let mut searched = self.from;
        loop {
            if let Some(found) = memchr::memchr(b'\n', &self.room[searched..self.to]) {
                let line = self.from..searched + found + 1;
                self.from = line.end;
                return Ok(Some(&self.room[line]));
            }
            if self.from > 0 {
                self.room.copy_within(self.from..self.to, 0);
                self.to -= self.from;
                self.from = 0;
            }
            if self.to == self.room.len() {
                self.room.resize(self.room.len() * 2, 0);
            }
            searched = self.to;
            let bytes = self.file.read_at(&mut self.room[self.to..], self.at)?;
            if bytes == 0 {
                return Ok(None);
            }
            self.to += bytes;
            self.at += bytes as u64;
        }
    }

    /// What stands behind the last line end.
    fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.next()?.is_some() {}
        Ok(self.room[self.from..self.to].to_vec())
    }
}

/// Something that a torn record may have been made of.
pub(super) trait Torn {
    /// The first record that it would make now, without making it.
    fn draft(&mut self, cap: &Capture, desk: &mut Desk) -> io::Result<Option<Vec<u8>>>;

    /// Makes that record, and those of what was read with it. The desk is as the draft left it.
    fn settle(&mut self, cap: &mut Capture, desk: &mut Desk) -> io::Result<()>;
}

impl Torn for Source {
    fn draft(&mut self, cap: &Capture, desk: &mut Desk) -> io::Result<Option<Vec<u8>>> {
        Source::draft(self, cap, desk)
    }

    fn settle(&mut self, cap: &mut Capture, desk: &mut Desk) -> io::Result<()> {
        self.record(cap, desk, self.ended)
    }
}

/// Completes the torn record if one of the sources holds the line it was made of, else cuts it
/// off; how many bytes were cut.
pub(super) fn settle_torn(
    cap: &mut Capture,
    sources: &mut [&mut dyn Torn],
    torn: &[u8],
    desk: &mut Desk,
) -> io::Result<u64> {
    if torn.is_empty() {
        return Ok(0);
    }
    if let Some(ts) = torn_stamp(torn, cap.ts()) {
        cap.set_time(ts)?;
        for source in sources.iter_mut() {
            let Some(draft) = source.draft(cap, desk)? else { continue };
            if draft.len() > torn.len() && draft.starts_with(torn) {
                cap.journal().complete(torn.len());
                source.settle(cap, desk)?;
                // What cannot be written now stays gathered.
                let _ = cap.flush();
                return Ok(0);
            }
        }
    }
    cap.journal().cut()?;
    Ok(torn.len() as u64)
}

/// The stamp of a torn record, as far as it can be known: its own, or the last record's if so much
/// as there is of it says the same. None if it cannot be right.
fn torn_stamp(torn: &[u8], last: Stamp) -> Option<Stamp> {
    const BEFORE: &[u8] = b"{\"ts\":\"";
    let there = torn.len().min(BEFORE.len());
    if torn[..there] != BEFORE[..there] {
        return None;
    }
    let text = &torn[there..torn.len().min(BEFORE.len() + Stamp::LEN)];
    let stamp = if text.len() == Stamp::LEN {
        std::str::from_utf8(text).ok()?.parse().ok()?
    } else if last.text().starts_with(text) {
        last
    } else {
        return None;
    };
    (stamp >= last).then_some(stamp)
}

/// Says in the log what recovery could not undo.
pub(super) fn say_what_happened(
    cap: &mut Capture,
    jump: Option<Jump>,
    cut: u64,
    pid: i32,
) -> io::Result<()> {
    if let Some(Jump { reason, from, to }) = jump {
        let msg = format!("records may be missing here: {reason}");
        let event = Event::LogGap {
            reason,
            from: Some(from),
            to: Some(to),
            of: None,
            at: None,
            bytes: None,
        };
        cap.event(cap.fold.last_run(), None, Level::Error, &msg, &event)?;
    }
    if cut > 0 || cap.fold.is_live() {
        let msg = format!("a recorder took over (pid {pid})");
        let event = Event::RecorderRestarted { pid, cut };
        cap.event(cap.fold.last_run(), None, Level::Info, &msg, &event)?;
    }
    Ok(())
}
