//! Where the last n wanted records of a log begin.

use std::io;

use memchr::memchr;

use crate::feed::sieve::Sieve;
use crate::model::Peek;
use crate::store::backward::Backward;
use crate::store::layout::PlanDir;

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

fn last_seq(block: &[u8]) -> Option<u64> {
    let mut lines = block.rsplit(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    lines.find_map(Peek::seq)
}
