//! When the lines of a block were written, and where each ends.

use crate::model::{Peek, Stamp};

/// One line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Microseconds; 0 where it has no time: it is given at once.
    pub(super) time: i64,
    /// Offset of the next line.
    pub(super) end: usize,
}

/// Bytes of a printed time before its fraction, and those of the fraction.
const SECOND: usize = 20;
const FRACTION: usize = 6;
const FRONT: &[u8] = b"{\"ts\":\"";

/// Finds out about all lines; an empty line in front of one belongs to it.
pub(super) fn times(lines: &[u8], ends: &[usize], index: &mut Vec<Line>) {
    index.clear();
    // Most lines are of the same second: that of the last one, as it is printed and in microseconds.
    let (mut second, mut micros) = ([0; SECOND], 0);
    let mut start = 0;
    for &end in ends {
        let line = &lines[start..end - 1];
        if line.is_empty() && start == index.last().map_or(0, |last: &Line| last.end) {
            start = end;
            continue;
        }
        let text: Option<&[u8; Stamp::LEN]> =
            line.strip_prefix(FRONT).and_then(|rest| rest.first_chunk());
        let time = match text {
            Some(text) => {
                if text[..SECOND] != second {
                    second.copy_from_slice(&text[..SECOND]);
                    let mut whole = *text;
                    whole[SECOND..SECOND + FRACTION].fill(b'0');
                    micros = of(&whole);
                }
                let digits = text[SECOND..SECOND + FRACTION].iter();
                micros + digits.fold(0, |value, b| value * 10 + i64::from(b.wrapping_sub(b'0')))
            }
            None => Peek::place(line).map_or(0, |(ts, _)| of(&ts)),
        };
        start = end;
        index.push(Line { time, end });
    }
}

fn of(text: &[u8; Stamp::LEN]) -> i64 {
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.parse().map_or(0, |Stamp(micros)| micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_told_with_its_time_and_its_end() {
        let mut index = vec![Line { time: 7, end: 7 }];
        let line =
            |ts: &str| format!("{{\"ts\":\"{ts}\",\"seq\":1,\"run\":1,\"stream\":\"stdout\"}}\n");
        let texts = [
            line("2026-11-23T17:31:02.123456Z"),
            line("2026-11-23T17:31:02.999999Z"),
            "\n".to_owned() + &line("2026-11-23T17:31:03.000000Z"),
            "{\"seq\":5,\"run\":1,\"stream\":\"stdout\",\"ts\":\"2026-11-23T17:31:04Z\"}\n"
                .to_owned(),
            "no record\n".to_owned(),
        ];
        let text = texts.concat();
        let ends: Vec<usize> =
            memchr::memchr_iter(b'\n', text.as_bytes()).map(|end| end + 1).collect();
        times(text.as_bytes(), &ends, &mut index);
        let start: Stamp = "2026-11-23T17:31:02.000000Z".parse().unwrap();
        let told: Vec<i64> = index.iter().map(|line| line.time - start.0).collect();
        assert_eq!(told, [123_456, 999_999, 1_000_000, 2_000_000, -start.0]);
        let mut end = 0;
        for (text, line) in texts.iter().zip(index) {
            end += text.len();
            assert_eq!(line.end, end);
        }
    }
}
