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
    let text = std::str::from_utf8(text).ok()?;
    // What jiff reads has dashes, and a point before the fraction.
    let (day, rest) = text.split_at_checked(10)?;
    let rest = rest.replace(',', ".");
    let (clock, named) = match rest.find(['Z', '+', '-']) {
        Some(at) => rest.split_at(at),
        None => (rest.as_str(), zone_behind(behind)),
    };
    let said: DateTime = format!("{}{clock}", day.replace('/', "-")).parse().ok()?;
    let zone = match named.as_bytes() {
        [] => zone,
        [b'Z'] => 0,
        [sign, digits @ ..] => {
            let mut digits =
                digits.iter().filter(|b| b.is_ascii_digit()).map(|b| i32::from(b - b'0'));
            let mut two = || Some(digits.next()? * 10 + digits.next()?);
            let east = two()? * 3600 + two()? * 60;
            if *sign == b'-' { -east } else { east }
        }
    };
    let at = Offset::from_seconds(zone).ok()?.to_timestamp(said).ok()?;
    Some(Stamp(at.as_microsecond())).filter(|at| at.0 >= 0)
}

/// A zone that a space sets off from the time: `+0200`, `+02:00`, `Z` or `UTC`.
fn zone_behind(text: &[u8]) -> &str {
    let mut words = text.strip_prefix(b" ").unwrap_or_default().split(|b| matches!(b, b' ' | b']'));
    let word = words.next().and_then(|word| std::str::from_utf8(word).ok()).unwrap_or_default();
    let digits = |text: &str| text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    match word.strip_prefix(['+', '-']) {
        Some(offset) if digits(&offset.replacen(':', "", 1)) => word,
        None if matches!(word, "Z" | "UTC") => "Z",
        _ => "",
    }
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
