//! When a line was written, as its own prefix tells.

use jiff::civil::DateTime;
use jiff::tz::Offset;

use super::level::{colour, time};
use crate::model::Stamp;

/// The date and time at the front of a line, read as that of a place so many seconds east of UTC
/// where the line names no zone itself. A time without a date tells nothing.
pub fn written_at(line: &[u8], zone: i32) -> Option<Stamp> {
    let mut text = line;
    while let Some(after) = colour(text) {
        text = after;
    }
    text = text.strip_prefix(b"[").unwrap_or(text);
    let (text, behind) = text.split_at(time(text)?);
    let (said, rest) = text.split_at_checked(WHOLE).filter(|(said, _)| said[2] != b':')?;
    let (micros, named) = fraction(rest);
    let two = |at: usize| number(&said[at..at + 2]) as i8;
    let (year, nanos) = (number(&said[..4]) as i16, micros * 1000);
    let said = DateTime::new(year, two(5), two(8), two(11), two(14), two(17), nanos).ok()?;
    let zone = zone_of(named).or_else(|| zone_of(behind.strip_prefix(b" ")?)).unwrap_or(zone);
    let at = Offset::from_seconds(zone).ok()?.to_timestamp(said).ok()?;
    Some(Stamp(at.as_microsecond())).filter(|at| at.0 >= 0)
}

/// Bytes of a date and a time without its fraction: `2026-11-23 17:36:12`.
const WHOLE: usize = 19;

fn number(digits: &[u8]) -> i32 {
    digits.iter().fold(0, |value, digit| value * 10 + i32::from(digit - b'0'))
}

/// The microseconds behind a point or comma, and what follows them.
fn fraction(text: &[u8]) -> (i32, &[u8]) {
    let [b'.' | b',', text @ ..] = text else { return (0, text) };
    let length = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let known = length.min(6);
    let micros = (known..6).fold(number(&text[..known]), |micros, _| micros * 10);
    (micros, &text[length..])
}

/// Seconds east of UTC of the zone at the front: `+0200`, `+02:00`, `Z` or `UTC`.
fn zone_of(text: &[u8]) -> Option<i32> {
    let word = text.split(|byte| matches!(byte, b' ' | b']')).next()?;
    let (sign, digits) = match *word {
        [b'Z'] | [b'U', b'T', b'C'] => return Some(0),
        [sign @ (b'+' | b'-'), a, b, b':', c, d] | [sign @ (b'+' | b'-'), a, b, c, d] => {
            (sign, [a, b, c, d])
        }
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let east = number(&digits[..2]) * 3600 + number(&digits[2..]) * 60;
    Some(if sign == b'-' { -east } else { east })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_zone_that_is_given_or_named() {
        for (line, at) in [
            ("2026-11-23 17:36:12 - luigi-interface - INFO - x", "2026-11-23T16:36:12.000000Z"),
            ("2026-11-23 17:36:12,345 INFO x", "2026-11-23T16:36:12.345000Z"),
            ("[2026/11/23 17:36:12] INFO: x", "2026-11-23T16:36:12.000000Z"),
            ("\x1b[32m2026-11-23T17:36:12.5 | INFO | x", "2026-11-23T16:36:12.500000Z"),
            ("2026-11-23T17:36:12Z INFO x", "2026-11-23T17:36:12.000000Z"),
            ("2026-11-23T17:36:12.123456789Z INFO x", "2026-11-23T17:36:12.123456Z"),
            ("2026-11-23 17:36:12-05:30 INFO x", "2026-11-23T23:06:12.000000Z"),
            ("2026-11-23 17:36:12+0200 INFO x", "2026-11-23T15:36:12.000000Z"),
            ("[2026-11-23 17:36:12 +0000] [17] [INFO] x", "2026-11-23T17:36:12.000000Z"),
            ("2026-11-23 17:36:12,5 UTC INFO x", "2026-11-23T17:36:12.500000Z"),
            ("2026-11-23 17:36:12 +1 is no zone", "2026-11-23T16:36:12.000000Z"),
        ] {
            assert_eq!(written_at(line.as_bytes(), 3600).unwrap().to_string(), at, "{line}");
        }
        for line in [
            "17:36:12 INFO x",
            "17:36:12,123456789012 INFO x",
            "INFO: x",
            "",
            "2026-13-45 17:36:12 INFO x",
            "2026-11-23",
            "0000-01-01 00:30:00 x",
        ] {
            assert_eq!(written_at(line.as_bytes(), 3600), None, "{line}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_taken(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "2026-11-23 17:36:12", "[", "]", " ", ",", ".", "5", "Z", "+", "-", "01:00", "é", "99",
            ]), 0..7),
        ) {
            written_at(pieces.concat().as_bytes(), 0);
        }
    }
}
