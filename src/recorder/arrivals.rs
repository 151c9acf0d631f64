//! Sealed segments on their way to the disk, beside the one that is written.

use std::collections::VecDeque;
use std::io;

use crate::store::journal::Syncing;

/// Bytes behind the open segment that a power cut may take, unless its neighbour alone is larger: a
/// plan that writes more than its disk does not wait for each small segment by itself.
const MOST: u64 = 64 << 20;

/// All of them, oldest first.
#[derive(Debug, Default)]
pub(super) struct Arrivals(VecDeque<Arrival>);

#[derive(Debug)]
struct Arrival {
    syncing: Syncing,
    from: u64,
    to: u64,
    bytes: u64,
}

/// Records that the disk may not keep.
#[derive(Debug)]
pub(super) struct Doubt {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) error: io::Error,
}

impl Arrivals {
    /// Another one is on its way, with these records and bytes. Waits for the oldest while too much
    /// is; gives those that were heard of and will not arrive.
    pub(super) fn expect(
        &mut self,
        syncing: Syncing,
        from: u64,
        to: u64,
        bytes: u64,
    ) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        let mut under_way: u64 = self.0.iter().map(|arrival| arrival.bytes).sum();
        while let Some(oldest) = self.0.front()
            && (under_way + bytes > MOST || oldest.syncing.is_over())
        {
            under_way -= oldest.bytes;
            doubts.extend(self.first());
        }
        self.0.push_back(Arrival { syncing, from, to, bytes });
        doubts
    }

    /// Waits for all of them; gives those that did not arrive.
    pub(super) fn finish(&mut self) -> Vec<Doubt> {
        let mut doubts = Vec::new();
        while !self.0.is_empty() {
            doubts.extend(self.first());
        }
        doubts
    }

    fn first(&mut self) -> Option<Doubt> {
        let Arrival { mut syncing, from, to, .. } = self.0.pop_front()?;
        syncing.finish().err().map(|error| Doubt { from, to, error })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived() -> Syncing {
        Syncing::default()
    }

    fn failed() -> Syncing {
        Syncing::Done(Err(io::Error::from(io::ErrorKind::StorageFull)))
    }

    #[test]
    fn each_that_does_not_arrive_is_told_once_and_in_order() {
        let mut arrivals = Arrivals::default();
        assert!(arrivals.expect(failed(), 1, 10, 100).is_empty(), "not heard of yet");
        let doubts = arrivals.expect(arrived(), 11, 20, 100);
        assert_eq!(
            doubts.iter().map(|doubt| (doubt.from, doubt.to)).collect::<Vec<_>>(),
            [(1, 10)]
        );
        assert!(arrivals.expect(failed(), 21, 30, 100).is_empty());
        let doubts = arrivals.finish();
        assert_eq!(
            doubts.iter().map(|doubt| (doubt.from, doubt.to)).collect::<Vec<_>>(),
            [(21, 30)]
        );
        assert!(arrivals.finish().is_empty());
    }

    #[test]
    fn no_more_than_so_many_bytes_are_under_way_but_always_one_segment() {
        let slow = || {
            Syncing::There(std::thread::spawn(|| {
                std::thread::park_timeout(std::time::Duration::from_millis(50));
                Ok(())
            }))
        };
        let mut arrivals = Arrivals::default();
        for _ in 0..8 {
            arrivals.expect(slow(), 1, 2, MOST / 4);
            assert!(arrivals.0.len() <= 4);
        }
        arrivals.expect(slow(), 1, 2, MOST * 4);
        assert_eq!(arrivals.0.len(), 1);
    }
}
