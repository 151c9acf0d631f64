//! Where the last n wanted records of a log begin.

use std::io;

use memchr::memchr;

use crate::feed::sieve::Sieve;
use crate::model::{Peek, Record};
use crate::store::backward::Backward;
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};

/// The seq before the n-th last wanted record behind `floor`; `floor` if they are fewer. An error of
/// kind `Interrupted` if it is not to go on.
pub fn seek_last(
    plan: &PlanDir,
    n: u64,
    floor: u64,
    sieve: &Sieve,
    goes_on: &dyn Fn() -> bool,
) -> io::Result<u64> {
    let mut lines = Backward::new(&plan.log())?;
    let mut left = n;
    let mut last = None;
    while let Some(block) = lines.lines()? {
        if !goes_on() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        if last.is_none() {
            last = last_seq(block);
            if let (0, Some(last)) = (left, last) {
                return Ok(last.max(floor));
            }
        }
        let mut wanted: Vec<u64> = Vec::new();
        for line in sieve.candidates(block) {
            let is_wanted = sieve.is_open() || sieve.record(line).is_some();
            wanted.extend(Peek::seq(line).filter(|seq| is_wanted && *seq > floor));
        }
        if let Some(first) =
            usize::try_from(left).ok().and_then(|left| wanted.len().checked_sub(left))
        {
            return Ok(wanted.get(first).map_or(floor, |seq| seq - 1));
        }
        left -= wanted.len() as u64;
        let first = block.get(..memchr(b'\n', block).map_or(0, |end| end + 1)).and_then(Peek::seq);
        if first.is_some_and(|first| first <= floor) {
            break;
        }
    }
    Ok(floor)
}

/// The seq behind which `before` of those records stand that are looked at, and then the one of seq
/// `sought`; `floor` at the lowest.
pub fn lead_up(
    reader: &mut Reader,
    sought: u64,
    before: usize,
    floor: u64,
    sieve: &Sieve,
) -> io::Result<u64> {
    if before == 0 || sieve.is_open() {
        return Ok(sought);
    }
    let (mut batch, mut stretch) = (Batch::new(), before as u64);
    loop {
        let begins = sought.saturating_sub(stretch).max(floor);
        let mut reached = Vec::new();
        reader.seek_after(begins);
        while reader.cursor() < sought
            && let Step::Lines | Step::Gap { .. } = reader.read(&mut batch)?
        {
            let records = batch.lines().filter_map(|line| Record::parse(line).ok());
            let looked_at = records.filter(|record| sieve.wanted().reaches(record));
            reached.extend(looked_at.map(|record| record.seq).filter(|&seq| seq <= sought));
        }
        match reached.len().checked_sub(before) {
            Some(first) => return Ok(reached[first] - 1),
            None if begins == floor => return Ok(reached.first().map_or(sought, |seq| seq - 1)),
            None => stretch = stretch.saturating_mul(4),
        }
    }
}

fn last_seq(block: &[u8]) -> Option<u64> {
    let mut lines = block.rsplit(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.find_map(Peek::seq)
}
