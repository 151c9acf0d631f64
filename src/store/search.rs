//! Where in a log to begin: binary search in one segment, and the newest one that can be read alone.
//!
//! Sealed segments have no index beside them. Their names tell the seqs, every record begins with a
//! time of fixed width, and the frames of a compressed one are listed at its end: some twenty small
//! reads find any record of a large log in a millisecond or two. An index would have to be written,
//! synced, trusted and mended to save that.

use std::io;
use std::path::Path;

use super::segment::SegmentFile;
use super::segments;
use crate::model::{Event, Peek, Record, Stamp};

/// Bytes read at once; also the stretch that is searched line by line in the end.
const BLOCK: usize = 16 << 10;

/// What the search sees of a record.
pub(super) type Place = ([u8; Stamp::LEN], u64);

/// Offset of the first line of `file` for which `holds` is true, where it is false for every line
/// before that and true for every line after. The end of the last whole line if there is none.
/// Lines that are no records are stepped over.
pub(super) fn partition(file: &SegmentFile, holds: impl Fn(&Place) -> bool) -> io::Result<u64> {
    let mut block = vec![0; BLOCK];
    // Every line that begins before `low` is known to be on the near side, every one that begins
    // at or after `high` on the far side.
    let (mut low, mut high) = (0, file.len()?);
    while high - low > BLOCK as u64 {
        let middle = low + (high - low) / 2;
        let middle = Some(file.cheapest(middle)).filter(|&cheap| cheap > low).unwrap_or(middle);
        match record_after(file, middle, high, &mut block)? {
            Some((start, place)) if !holds(&place) => low = start + 1,
            // No record begins between `middle` and `high`, or the far side begins before it.
            _ => high = middle,
        }
    }
    let mut at =
        if low == 0 { 0 } else { line_after(file, low, u64::MAX, &mut block)?.unwrap_or(low) };
    loop {
        let read = file.read_at(&mut block, at)?;
        let mut from = 0;
        while let Some(length) = memchr::memchr(b'\n', &block[from..read]) {
            if Peek::place(&block[from..=from + length]).is_some_and(|place| holds(&place)) {
                return Ok(at + from as u64);
            }
            from += length + 1;
        }
        at += from as u64;
        if from == 0 {
            // A line longer than the block: its beginning tells what it is.
            let Some(end) = line_after(file, at, u64::MAX, &mut block[..])? else { return Ok(at) };
            let read = file.read_at(&mut block, at)?;
            if Peek::place(&block[..read]).is_some_and(|place| holds(&place)) {
                return Ok(at);
            }
            at = end;
        }
    }
}

/// The first record that begins after `from` and before `to`.
fn record_after(
    file: &SegmentFile,
    from: u64,
    to: u64,
    block: &mut [u8],
) -> io::Result<Option<(u64, Place)>> {
    let mut at = from;
    while let Some(start) = line_after(file, at, to, block)? {
        let mut head = [0; 128];
        let read = file.read_at(&mut head, start)?;
        if let Some(place) = Peek::place(&head[..read]) {
            return Ok(Some((start, place)));
        }
        at = start;
    }
    Ok(None)
}

/// Where the line after the one at `from` begins, if it begins before `to`.
fn line_after(file: &SegmentFile, from: u64, to: u64, block: &mut [u8]) -> io::Result<Option<u64>> {
    let mut at = from;
    while at < to {
        let read = file.read_at(block, at)?;
        if read == 0 {
            return Ok(None);
        }
        if let Some(end) = memchr::memchr(b'\n', &block[..read]) {
            let start = at + end as u64 + 1;
            return Ok((start < to).then_some(start));
        }
        at += read as u64;
    }
    Ok(None)
}

/// Which of the segments that begin with these seqs is the newest whose first record is older than
/// this; an older one where some cannot be read.
pub(super) fn newest_before(
    log: &Path,
    firsts: &[u64],
    wanted: &[u8; Stamp::LEN],
) -> io::Result<usize> {
    let (mut low, mut high) = (0, firsts.len());
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let file = SegmentFile::open(log, firsts[middle])?;
        let mut head = [0; 128];
        let read = file.map_or(Ok(0), |file| file.read_at(&mut head, 0))?;
        match Peek::place(&head[..read]).is_some_and(|(ts, _)| ts < *wanted) {
            true => low = middle,
            false => high = middle,
        }
    }
    Ok(low)
}

/// How far back steps of the clock are looked for: this long, and so many segments.
const STEPS_MICROS: i64 = 25 * 3600 * 1_000_000;
const STEPS_SEGMENTS: usize = 64;

/// The same, or an older one: that which may hold records of this time or later from before the
/// clock went back.
pub(super) fn before_steps(log: &Path, firsts: &[u64], since: Stamp) -> io::Result<usize> {
    let newest = newest_before(log, firsts, &since.text())?;
    let mut begin = newest;
    for at in (1..=newest).rev().take(STEPS_SEGMENTS) {
        let Some((began, back)) = beginning(log, firsts[at])? else { break };
        let is_later = |stamp: i64| stamp >= since.0;
        if back > 0 && is_later(began.0.saturating_add(back)) || begin == at && is_later(began.0) {
            begin = at - 1;
        }
        if began.0 < since.0.saturating_sub(STEPS_MICROS) {
            break;
        }
    }
    Ok(begin)
}

/// When a segment begins, and by how many microseconds the clock had gone back then.
fn beginning(log: &Path, first: u64) -> io::Result<Option<(Stamp, i64)>> {
    let Some(file) = SegmentFile::open(log, first)? else { return Ok(None) };
    let mut head = [0; 1024];
    let read = file.read_at(&mut head, 0)?;
    let ts =
        Peek::place(&head[..read]).and_then(|(ts, _)| std::str::from_utf8(&ts).ok()?.parse().ok());
    let Some(ts) = ts else { return Ok(None) };
    // Behind what opens it, which may be long.
    let mut block = vec![0; BLOCK];
    let Some(second) = line_after(&file, 0, u64::MAX, &mut block)? else {
        return Ok(Some((ts, 0)));
    };
    let read = file.read_at(&mut head, second)?;
    let line = head[..read].split(|&byte| byte == b'\n').next().unwrap_or_default();
    let event = Record::parse(line).ok().filter(|record| record.event.is_some());
    let event = event.and_then(|_| serde_json::from_slice::<Event>(line).ok());
    Ok(Some(match event {
        Some(Event::ClockStepped { back_ms }) => {
            (ts, i64::try_from(back_ms).unwrap_or(i64::MAX).saturating_mul(1000))
        }
        _ => (ts, 0),
    }))
}

/// First seq of the newest segment that begins with a whole `segment.opened`; 0 if none does. One
/// that was begun and holds no whole record yet tells nothing.
pub(super) fn newest_opened(log: &Path) -> io::Result<u64> {
    for first in segments::firsts(log)?.into_iter().rev() {
        // Pruned since the listing.
        let Some(file) = SegmentFile::open(log, first)? else { continue };
        let mut block = vec![0; BLOCK];
        let Some(end) = line_after(&file, 0, u64::MAX, &mut block)? else { continue };
        let mut line = vec![0; usize::try_from(end).unwrap_or(BLOCK)];
        file.read_exact_at(&mut line, 0)?;
        let opens =
            |record: Record<'_>| record.event.is_some_and(|event| event == "segment.opened");
        if Record::parse(&line).is_ok_and(opens) {
            return Ok(first);
        }
    }
    Ok(0)
}
