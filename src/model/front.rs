//! What every record begins with: its time and its number. From one record to the next little of it
//! changes.

use super::Stamp;
use super::digits::{DIGITS, digits};

/// A record up to its seq.
const FRAME: &[u8; 42] = b"{\"ts\":\"0000-00-00T00:00:00.000000Z\",\"seq\":";

/// Bytes before the time.
const TIME: usize = 7;

/// `{"ts":"…","seq":…` of the record that is written next.
#[derive(Clone, Debug)]
pub struct Front {
    bytes: [u8; Front::MOST],
    length: usize,
    seq: u64,
}

impl Front {
    /// Bytes of the longest.
    pub(super) const MOST: usize = FRAME.len() + DIGITS;

    /// That of record `seq`.
    pub fn new(ts: &[u8; Stamp::LEN], seq: u64) -> Front {
        let mut bytes = [0; Front::MOST];
        bytes[..FRAME.len()].copy_from_slice(FRAME);
        let mut front = Front { bytes, length: 0, seq };
        front.set_time(ts);
        front.write_seq();
        front
    }

    /// The time of the records from here on.
    pub fn set_time(&mut self, ts: &[u8; Stamp::LEN]) {
        self.bytes[TIME..TIME + Stamp::LEN].copy_from_slice(ts);
    }

    /// The next is record `seq`.
    #[inline]
    pub fn go_to(&mut self, seq: u64) {
        if seq != self.seq + 1 || !self.count_up() {
            self.seq = seq;
            self.write_seq();
        }
    }

    /// One more: mostly that is one digit. False where the number becomes longer.
    #[inline]
    fn count_up(&mut self) -> bool {
        self.seq += 1;
        for digit in self.bytes[FRAME.len()..self.length].iter_mut().rev() {
            if *digit != b'9' {
                *digit += 1;
                return true;
            }
            *digit = b'0';
        }
        false
    }

    fn write_seq(&mut self) {
        self.length = FRAME.len() + digits(&mut self.bytes[FRAME.len()..], self.seq);
    }

    /// The bytes, in an array that may be copied whole, and how many of them count.
    #[inline]
    pub(super) fn whole(&self) -> (&[u8; Front::MOST], usize) {
        (&self.bytes, self.length)
    }

    /// The bytes that count.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counted_up_it_is_what_it_would_be_if_it_were_written_anew() {
        let mut front = Front::new(&Stamp(0).text(), 0);
        for seq in (1..1_200).chain(99_990..100_020).chain([7, 8, 10, 4_711, 4_711]) {
            front.go_to(seq);
            assert_eq!(front.bytes(), Front::new(&Stamp(0).text(), seq).bytes());
        }
        front.set_time(&Stamp(1_795_455_062_123_456).text());
        let told = std::str::from_utf8(front.bytes()).unwrap();
        assert_eq!(told, r#"{"ts":"2026-11-23T17:31:02.123456Z","seq":4711"#);
    }
}
