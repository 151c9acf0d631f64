//! Decimal numbers, written where they belong.

/// Decimal digits of the largest number.
pub(super) const DIGITS: usize = 20;

/// Writes a number to the front of `to`, which has room for every one; how many digits. The digits
/// go where they belong at once: copying them behind their own writing makes the processor wait.
#[inline]
pub(super) fn digits(to: &mut [u8], mut value: u64) -> usize {
    let length = value.checked_ilog10().map_or(1, |log| log as usize + 1);
    let mut at = length;
    // Four at a time: each division has to wait for the one before.
    while value >= 10_000 {
        let four = (value % 10_000) as usize;
        value /= 10_000;
        at -= 4;
        to[at..at + 2].copy_from_slice(pair(four / 100));
        to[at + 2..at + 4].copy_from_slice(pair(four % 100));
    }
    let mut rest = value as usize;
    if rest >= 100 {
        at -= 2;
        to[at..at + 2].copy_from_slice(pair(rest % 100));
        rest /= 100;
    }
    if rest >= 10 {
        to[..2].copy_from_slice(pair(rest));
    } else {
        to[0] = b'0' + rest as u8;
    }
    length
}

fn pair(number: usize) -> &'static [u8] {
    &PAIRS[number * 2..number * 2 + 2]
}

/// `00` to `99`, one behind the other.
const PAIRS: [u8; 200] = {
    let mut pairs = [b'0'; 200];
    let mut at = 0;
    while at < 100 {
        pairs[at * 2] += (at / 10) as u8;
        pairs[at * 2 + 1] += (at % 10) as u8;
        at += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_are_written_as_they_are() {
        let edges = (0..=19).flat_map(|power| {
            let edge = 10_u64.pow(power);
            [edge - 1, edge, edge + 1, edge / 7 + 42]
        });
        for value in edges.chain([u64::MAX, 12_345_678_901_234_567_890]) {
            let mut room = [b'x'; DIGITS];
            let length = digits(&mut room, value);
            assert_eq!(std::str::from_utf8(&room[..length]).unwrap(), value.to_string());
            assert!(room[length..].iter().all(|&byte| byte == b'x'), "{value}");
        }
    }
}
