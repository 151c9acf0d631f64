//! Which segments of a log are to go: a plan, not the deed.

use super::{KeepRule, Stamp};

/// A segment as retention sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its size in bytes.
    pub bytes: u64,
    /// No record in it is younger; None for the segment that is still being written.
    pub ended: Option<Stamp>,
}

/// How many of the oldest segments must go so that every rule holds.
///
/// `segments` are all there are, oldest first. The one still being written never goes, and the
/// oldest go first: those of a running run are reached only when that run alone breaks a rule.
/// `free` are the bytes of the disk that are free.
pub fn expendable(segments: &[Stored], rules: &[KeepRule], now: Stamp, free: u64) -> usize {
    rules.iter().map(|rule| by_rule(segments, *rule, now, free)).max().unwrap_or(0)
}

fn by_rule(segments: &[Stored], rule: KeepRule, now: Stamp, free: u64) -> usize {
    let closed = segments.iter().take_while(|segment| segment.ended.is_some()).count();
    // Also a log of which every segment is sealed keeps its last: it holds the plan's state.
    let most = closed.min(segments.len().saturating_sub(1));
    match rule {
        KeepRule::Bytes(limit) => {
            let mut bytes: u64 = segments.iter().map(|segment| segment.bytes).sum();
            let too_much = segments.iter().take(most).take_while(|segment| {
                let over = bytes > limit;
                bytes -= segment.bytes;
                over
            });
            too_much.count()
        }
        KeepRule::Free(least) => {
            let mut free = free;
            let too_little = segments.iter().take(most).take_while(|segment| {
                let under = free < least;
                free += segment.bytes;
                under
            });
            too_little.count()
        }
        KeepRule::Age(age) => segments
            .iter()
            .take(most)
            .take_while(|segment| segment.ended.is_some_and(|ended| now.since(ended) > age))
            .count(),
        KeepRule::Segments(count) => {
            let over = (segments.len() as u64).saturating_sub(count);
            most.min(usize::try_from(over).unwrap_or(usize::MAX))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// Four segments of 100 bytes that ended at 10 s, 20 s and 30 s; the last is open.
    fn segments() -> Vec<Stored> {
        [Some(10), Some(20), Some(30), None]
            .map(|end| Stored { bytes: 100, ended: end.map(|s: i64| Stamp(s * 1_000_000)) })
            .to_vec()
    }

    fn gone(rules: &[KeepRule]) -> usize {
        expendable(&segments(), rules, Stamp(60_000_000), 150)
    }

    #[test]
    fn the_oldest_segments_go_until_the_rule_holds() {
        assert_eq!(gone(&[]), 0);
        assert_eq!(gone(&[KeepRule::Bytes(400)]), 0);
        assert_eq!(gone(&[KeepRule::Bytes(399)]), 1);
        assert_eq!(gone(&[KeepRule::Bytes(200)]), 2);
        assert_eq!(gone(&[KeepRule::Segments(3)]), 1);
        assert_eq!([150, 151, 250, 251].map(|free| gone(&[KeepRule::Free(free)])), [0, 1, 1, 2]);
        assert_eq!(gone(&[KeepRule::Age(Duration::from_secs(35))]), 2);
    }

    #[test]
    fn the_segment_being_written_stays_whatever_the_rule() {
        assert_eq!(gone(&[KeepRule::Bytes(1)]), 3);
        assert_eq!(gone(&[KeepRule::Age(Duration::ZERO)]), 3);
        assert_eq!(gone(&[KeepRule::Segments(1)]), 3);
        assert_eq!(expendable(&[], &[KeepRule::Bytes(1)], Stamp(0), 0), 0);
        let sealed = [Stored { bytes: 9, ended: Some(Stamp(0)) }];
        assert_eq!(expendable(&sealed, &[KeepRule::Bytes(1)], Stamp(1), 0), 0);
    }

    #[test]
    fn of_several_rules_the_strictest_wins() {
        assert_eq!(gone(&[KeepRule::Bytes(300), KeepRule::Segments(2)]), 2);
    }
}
