//! Cuts a stream of bytes into lines, without copying, whatever pieces the bytes arrive in.

use memchr::memchr2;

use crate::model::Eol;

/// One line cut off the front of the pending bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes without the line end.
    pub bytes: &'a [u8],
    /// How it ended.
    pub eol: Eol,
    /// Bytes it takes off the front of the pending ones, line end included.
    pub consumed: usize,
}

/// Cuts lines off the front of the bytes that have no record yet.
///
/// A line ends at `\n`, at `\r\n`, at a lone `\r`, and at the end of the stream. A line longer than
/// the longest piece is cut into pieces ([`Eol::Part`]) of exactly that many bytes, or up to three
/// fewer where the cut would fall into a UTF-8 sequence. Where a piece ends depends only on the
/// bytes that follow its own first byte, so a recorder that starts again at any line's offset cuts
/// the very same lines.
#[derive(Clone, Debug)]
pub struct Splitter {
    max_line: usize,
    /// Pending bytes already known to hold no line end: an incomplete line that grows is not
    /// searched from its beginning each time.
    scanned: usize,
}

impl Splitter {
    /// A splitter whose lines and pieces have at most `max_line` bytes (at least 4).
    pub fn new(max_line: usize) -> Splitter {
        Splitter { max_line: max_line.max(4), scanned: 0 }
    }

    /// Pending bytes that are enough to cut off a line whatever they are: the longest line, its
    /// two-byte end, and the byte that tells that the line is longer.
    pub fn enough(&self) -> usize {
        self.max_line + 2
    }

    /// Forgets what it has searched: the next pending bytes are not a continuation of the last.
    pub fn restart(&mut self) {
        self.scanned = 0;
    }

    /// The first line of `pending`, or None while it is incomplete.
    ///
    /// After a line, the next call gets the bytes behind its `consumed`; after None, the same
    /// bytes and more. `at_end` says that no byte will follow: what is left is a line then.
    #[inline]
    pub fn next<'a>(&mut self, pending: &'a [u8], at_end: bool) -> Option<Line<'a>> {
        let window = pending.len().min(self.max_line + 1);
        let start = self.scanned.min(window);
        let Some(found) = memchr2(b'\n', b'\r', &pending[start..window]) else {
            return self.unended(pending, at_end);
        };
        let end = start + found;
        let (eol, consumed) = if pending[end] == b'\n' {
            (Eol::Lf, end + 1)
        } else {
            match pending.get(end + 1) {
                Some(b'\n') => (Eol::Crlf, end + 2),
                None if !at_end => {
                    self.scanned = end;
                    return None;
                }
                _ => (Eol::Cr, end + 1),
            }
        };
        self.scanned = 0;
        Some(Line { bytes: &pending[..end], eol, consumed })
    }

    /// What to do with pending bytes that hold no line end within the longest line.
    fn unended<'a>(&mut self, pending: &'a [u8], at_end: bool) -> Option<Line<'a>> {
        if pending.len() > self.max_line {
            self.scanned = 0;
            let cut = whole_characters(pending, self.max_line);
            return Some(Line { bytes: &pending[..cut], eol: Eol::Part, consumed: cut });
        }
        if at_end && !pending.is_empty() {
            self.scanned = 0;
            return Some(Line { bytes: pending, eol: Eol::None, consumed: pending.len() });
        }
        self.scanned = pending.len();
        None
    }
}

/// The place to cut: `at`, or the beginning of the UTF-8 sequence that goes on at `at`. Looks at no
/// byte behind `at`, so it never depends on how much has arrived.
fn whole_characters(bytes: &[u8], at: usize) -> usize {
    let is_continuation = |byte: u8| byte & 0xc0 == 0x80;
    if !is_continuation(bytes[at]) {
        return at;
    }
    for back in 1..=3.min(at - 1) {
        let byte = bytes[at - back];
        if is_continuation(byte) {
            continue;
        }
        let length = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        return if length > back { at - back } else { at };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    type Owned = (Vec<u8>, Eol);

    /// All lines of `bytes` when they arrive in chunks of these sizes (the rest in one).
    fn split(bytes: &[u8], chunks: &[usize], max_line: usize) -> Vec<Owned> {
        let mut splitter = Splitter::new(max_line);
        let (mut lines, mut from, mut to) = (Vec::new(), 0, 0);
        let mut sizes = chunks.iter();
        loop {
            to = sizes.next().map_or(bytes.len(), |size| (to + size).min(bytes.len()));
            while let Some(line) = splitter.next(&bytes[from..to], false) {
                lines.push((line.bytes.to_vec(), line.eol));
                from += line.consumed;
            }
            if to == bytes.len() {
                break;
            }
        }
        while let Some(line) = splitter.next(&bytes[from..], true) {
            lines.push((line.bytes.to_vec(), line.eol));
            from += line.consumed;
        }
        lines
    }

    fn told(bytes: &[u8], max_line: usize) -> Vec<(String, Eol)> {
        split(bytes, &[], max_line)
            .into_iter()
            .map(|(line, eol)| (String::from_utf8(line).unwrap(), eol))
            .collect()
    }

    #[test]
    fn each_kind_of_line_end_is_told() {
        let lines = told(b"a\nb\r\nc\rd\r\r\n\n\re", 80);
        let expected = [
            ("a", Eol::Lf),
            ("b", Eol::Crlf),
            ("c", Eol::Cr),
            ("d", Eol::Cr),
            ("", Eol::Crlf),
            ("", Eol::Lf),
            ("", Eol::Cr),
            ("e", Eol::None),
        ];
        assert_eq!(lines, expected.map(|(line, eol)| (line.to_owned(), eol)));
    }

    #[test]
    fn a_carriage_return_at_the_end_of_what_arrived_waits_for_the_next_byte() {
        let mut splitter = Splitter::new(80);
        assert_eq!(splitter.next(b"50%\r", false), None);
        let line = splitter.next(b"50%\r\n", false).unwrap();
        assert_eq!((line.bytes, line.eol, line.consumed), (&b"50%"[..], Eol::Crlf, 5));
        let line = splitter.next(b"50%\r", true).unwrap();
        assert_eq!((line.bytes, line.eol, line.consumed), (&b"50%"[..], Eol::Cr, 4));
    }

    #[test]
    fn a_line_of_exactly_the_greatest_length_is_one_record_with_its_own_end() {
        assert_eq!(told(b"abcdefgh\n", 8), [("abcdefgh".to_owned(), Eol::Lf)]);
        assert_eq!(told(b"abcdefgh\r\n", 8), [("abcdefgh".to_owned(), Eol::Crlf)]);
        assert_eq!(told(b"abcdefgh", 8), [("abcdefgh".to_owned(), Eol::None)]);
        let two = [("abcdefgh".to_owned(), Eol::Part), ("i".to_owned(), Eol::Lf)];
        assert_eq!(told(b"abcdefghi\n", 8), two);
    }

    #[test]
    fn a_long_line_is_not_cut_inside_a_character() {
        let lines = told("aaaaaaa€b\n".as_bytes(), 8);
        assert_eq!(lines, [("aaaaaaa".to_owned(), Eol::Part), ("€b".to_owned(), Eol::Lf)]);
        let stray = split(b"aaaa\x80\x80\x80\x80\x80\x80\x80\x80\x80\n", &[], 8);
        assert_eq!(stray[0].0.len(), 8, "continuation bytes without a beginning are cut anywhere");
    }

    #[test]
    fn the_bytes_that_are_enough_always_give_a_line() {
        for last in [b'a', b'\r', b'\n', 0x80] {
            let mut splitter = Splitter::new(16);
            let mut pending = vec![b'a'; splitter.enough()];
            *pending.last_mut().unwrap() = last;
            assert!(splitter.next(&pending, false).is_some());
            *pending.iter_mut().nth_back(1).unwrap() = b'\r';
            assert!(splitter.next(&pending, false).is_some());
        }
    }

    proptest! {
        #[test]
        fn any_chunking_of_a_stream_gives_the_same_lines(
            bytes in proptest::collection::vec(
                prop_oneof![
                    3 => Just(b'\n'), 3 => Just(b'\r'), 6 => Just(b'a'),
                    4 => proptest::sample::select("äß€😀".as_bytes().to_vec()), 1 => any::<u8>(),
                ],
                0..200,
            ),
            chunks in proptest::collection::vec(0_usize..12, 0..60),
            max_line in 4_usize..20,
        ) {
            let whole = split(&bytes, &[], max_line);
            prop_assert_eq!(&split(&bytes, &chunks, max_line), &whole);
            prop_assert_eq!(&split(&bytes, &vec![1; bytes.len()], max_line), &whole);
            let back: Vec<u8> =
                whole.iter().flat_map(|(line, eol)| [line, eol.bytes()].concat()).collect();
            prop_assert_eq!(back, bytes);
            prop_assert!(whole.iter().all(|(line, _)| line.len() <= max_line));
        }

        #[test]
        fn a_recorder_that_starts_again_at_any_line_cuts_the_same_lines(
            bytes in proptest::collection::vec(
                prop_oneof![Just(b'\n'), Just(b'\r'), Just(b'a'), Just(0xc3), Just(0xa4)], 0..120,
            ),
            max_line in 4_usize..12,
        ) {
            let whole = split(&bytes, &[], max_line);
            let mut off = 0;
            for (n, (line, eol)) in whole.iter().enumerate() {
                prop_assert_eq!(&split(&bytes[off..], &[], max_line), &whole[n..]);
                off += line.len() + eol.bytes().len();
            }
        }
    }
}
