//! A point in time as records carry it: microseconds since 1970 in UTC.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Microseconds since the Unix epoch. Printed as RFC 3339 with exactly six decimals and `Z`, so
/// that every stamp of the years 0001–9999 is 27 bytes and sorts as text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub i64);

/// The text is not a stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time in UTC such as 2026-11-23T17:31:02.123456Z")]
pub struct StampError;

impl Stamp {
    /// Bytes of a printed stamp.
    pub const LEN: usize = 27;

    /// The present moment. Only loops at the edge may call this; pure code takes a stamp.
    pub fn now() -> Stamp {
        Stamp(Timestamp::now().as_microsecond())
    }

    /// The stamp as a `jiff` time stamp (clamped to the range that `jiff` knows).
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_microsecond(self.0).unwrap_or(if self.0 < 0 {
            Timestamp::MIN
        } else {
            Timestamp::MAX
        })
    }

    /// Microseconds from `earlier` to this stamp, 0 if it lies later.
    pub fn since(self, earlier: Stamp) -> std::time::Duration {
        std::time::Duration::from_micros(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }

    /// This stamp moved forward.
    pub fn plus(self, span: std::time::Duration) -> Stamp {
        Stamp(self.0.saturating_add(i64::try_from(span.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The 27 bytes of the printed stamp.
    pub fn text(self) -> [u8; Stamp::LEN] {
        let seconds = self.0.div_euclid(1_000_000);
        let micros = self.0.rem_euclid(1_000_000);
        let days = seconds.div_euclid(86_400);
        let clock = seconds.rem_euclid(86_400);
        let (year, month, day) = civil(days);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        put(&mut text[0..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..10], day);
        put(&mut text[11..13], clock / 3600);
        put(&mut text[14..16], clock / 60 % 60);
        put(&mut text[17..19], clock % 60);
        put(&mut text[20..26], micros);
        text
    }
}

fn put(field: &mut [u8], mut value: i64) {
    for byte in field.iter_mut().rev() {
        *byte = b'0' + (value % 10).unsigned_abs() as u8;
        value /= 10;
    }
}

/// Days since 1970-01-01 to a proleptic Gregorian date, in eras of 400 years that begin on
/// 1 March, so that the leap day is the last day of a year.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl FromStr for Stamp {
    type Err = StampError;

    fn from_str(text: &str) -> Result<Stamp, StampError> {
        let time: Timestamp = text.parse().map_err(|_| StampError)?;
        Ok(Stamp(time.as_microsecond()))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Stamp, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_stamp_prints_27_bytes_with_six_decimals() {
        assert_eq!(Stamp(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Stamp(1_795_455_062_123_456).to_string(), "2026-11-23T17:31:02.123456Z");
        assert_eq!(Stamp(951_782_400_000_001).to_string(), "2000-02-29T00:00:00.000001Z");
    }

    proptest! {
        #[test]
        fn printing_and_reading_agree_with_the_time_library(
            micros in -62_135_596_800_000_000_i64..253_402_207_200_000_000
        ) {
            let stamp = Stamp(micros);
            let theirs = stamp.timestamp().strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string();
            prop_assert_eq!(stamp.to_string(), theirs);
            prop_assert_eq!(stamp.to_string().parse::<Stamp>(), Ok(stamp));
        }
    }
}
