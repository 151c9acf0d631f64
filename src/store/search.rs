//! Binary search in one segment: where do the records begin for which something holds?

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crate::model::{Peek, Stamp};

/// Bytes read at once; also the stretch that is searched line by line in the end.
const BLOCK: usize = 16 << 10;

/// What the search sees of a record.
pub(super) type Place = ([u8; Stamp::LEN], u64);

/// Offset of the first line of `file` for which `holds` is true, where it is false for every line
/// before that and true for every line after. The end of the last whole line if there is none.
/// Lines that are no records are stepped over.
pub(super) fn partition(file: &File, holds: impl Fn(&Place) -> bool) -> io::Result<u64> {
    let mut block = vec![0; BLOCK];
    // Every line that begins before `low` is known to be on the near side, every one that begins
    // at or after `high` on the far side.
    let (mut low, mut high) = (0, file.metadata()?.len());
    while high - low > BLOCK as u64 {
        let middle = low + (high - low) / 2;
        match record_after(file, middle, high, &mut block)? {
            Some((start, place)) if !holds(&place) => low = start + 1,
            // No record begins between `middle` and `high`, or the far side begins before it.
            _ => high = middle,
        }
    }
    let mut at =
        if low == 0 { 0 } else { line_after(file, low, u64::MAX, &mut block)?.unwrap_or(low) };
    let mut text = Vec::new();
    loop {
        let Some(end) = line_after(file, at, u64::MAX, &mut block)? else { return Ok(at) };
        text.resize(usize::try_from(end - at).unwrap_or(BLOCK).min(BLOCK), 0);
        let read = file.read_at(&mut text, at)?;
        if Peek::place(&text[..read]).is_some_and(|place| holds(&place)) {
            return Ok(at);
        }
        at = end;
    }
}

/// The first record that begins after `from` and before `to`.
fn record_after(
    file: &File,
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
fn line_after(file: &File, from: u64, to: u64, block: &mut [u8]) -> io::Result<Option<u64>> {
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
