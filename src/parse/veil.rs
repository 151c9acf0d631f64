//! Secret values in what a plan prints, covered by as many stars as they have bytes.
//!
//! A line is covered as a whole, so it does not matter in which pieces it arrived. A value of several
//! lines is covered line by line. Where a line is too long for one record, the cut is moved in front
//! of a value that stands across it: like the cut itself this depends only on the bytes behind the
//! piece's own first one, so a recorder that starts again covers the very same.

use memchr::{memchr2, memmem};

use super::Line;
use crate::model::Eol;

/// What is covered, and the line that was covered last.
#[derive(Debug)]
pub struct Veil {
    words: Vec<memmem::Finder<'static>>,
    longest: usize,
    /// The values are not known (any more): everything is covered.
    blind: bool,
    covered: Vec<u8>,
}

impl Veil {
    /// Covers these values, as they are and as JSON writes them.
    pub fn new<'v>(values: impl IntoIterator<Item = &'v [u8]>) -> Veil {
        let mut words: Vec<Vec<u8>> = Vec::new();
        for value in values {
            for line in value.split(|byte| matches!(byte, b'\n' | b'\r')) {
                words.push(line.to_vec());
                words.extend(as_json(line));
            }
        }
        words.retain(|word| !word.is_empty());
        words.sort();
        words.dedup();
        let longest = words.iter().map(Vec::len).max().unwrap_or(0);
        let words = words.iter().map(|word| memmem::Finder::new(word).into_owned()).collect();
        Veil { words, longest, blind: false, covered: Vec::new() }
    }

    /// Covers everything.
    pub fn blind() -> Veil {
        Veil { blind: true, ..Veil::new([]) }
    }

    /// Whether the values are not known.
    pub fn is_blind(&self) -> bool {
        self.blind
    }

    /// Bytes of the longest value.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// The line at the front of `pending`, covered. None while it cannot be said whether a value
    /// stands across its end.
    pub fn cover<'a>(
        &'a mut self,
        pending: &'a [u8],
        line: Line<'a>,
        at_end: bool,
    ) -> Option<Line<'a>> {
        let mut line = line;
        if line.eol == Eol::Part {
            let cut = self.cut(pending, line.consumed, at_end)?;
            line = Line { bytes: &pending[..cut], consumed: cut, ..line };
        }
        if self.blind {
            self.covered.clear();
            self.covered.resize(line.bytes.len(), b'*');
            return Some(Line { bytes: &self.covered, ..line });
        }
        let mut any = false;
        for word in &self.words {
            let (mut at, length) = (0, word.needle().len());
            while let Some(found) = word.find(&line.bytes[at..]) {
                if !any {
                    self.covered.clear();
                    self.covered.extend_from_slice(line.bytes);
                    any = true;
                }
                at += found;
                self.covered[at..at + length].fill(b'*');
                at += 1;
            }
        }
        Some(if any { Line { bytes: &self.covered, ..line } } else { line })
    }

    /// Where to cut a line that is too long, so that no value is cut.
    fn cut(&self, pending: &[u8], cut: usize, at_end: bool) -> Option<usize> {
        let seen = &pending[..pending.len().min(cut + self.longest)];
        let all_seen = seen.len() == cut + self.longest || at_end;
        if !all_seen && memchr2(b'\n', b'\r', &seen[cut..]).is_none() {
            return None;
        }
        let mut at = cut;
        while let Some(earlier) = self.words.iter().filter_map(|word| across(word, seen, at)).min()
        {
            if earlier == 0 {
                // Nothing but values up to here, one into the other.
                return Some(cut);
            }
            at = earlier;
        }
        Some(at)
    }
}

/// Where the word begins that stands across `at`.
fn across(word: &memmem::Finder<'_>, seen: &[u8], at: usize) -> Option<usize> {
    let length = word.needle().len();
    let from = (at + 1).saturating_sub(length);
    let to = (at + length - 1).min(seen.len());
    let begin = from + word.find(&seen[from..to])?;
    (begin < at).then_some(begin)
}

/// The text as it stands within a JSON string, where that is another one.
fn as_json(text: &[u8]) -> Option<Vec<u8>> {
    let quoted = serde_json::to_string(std::str::from_utf8(text).ok()?).ok()?;
    let inside = quoted.as_bytes()[1..quoted.len() - 1].to_vec();
    (inside != text).then_some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::Splitter;
    use proptest::prelude::*;

    /// All pieces of `bytes`, covered, when they arrive in chunks of these sizes (the rest in one).
    fn split(bytes: &[u8], chunks: &[usize], max_line: usize, veil: &mut Veil) -> Vec<Vec<u8>> {
        let mut splitter = Splitter::new(max_line);
        let (mut pieces, mut from, mut to) = (Vec::new(), 0, 0);
        for size in chunks.iter().map(Some).chain([None]) {
            to = size.map_or(bytes.len(), |size| (to + size).min(bytes.len()));
            let at_end = size.is_none();
            while let Some(line) = splitter.next(&bytes[from..to], at_end) {
                let Some(line) = veil.cover(&bytes[from..to], line, at_end) else { break };
                pieces.push([line.bytes, line.eol.bytes()].concat());
                from += line.consumed;
            }
        }
        pieces
    }

    #[test]
    fn values_are_covered_wherever_they_stand_and_their_length_stays() {
        let mut veil = Veil::new([&b"sk-\"1\""[..], b"line one\nline two", b""]);
        let text = b"a sk-\"1\" {\"k\": \"sk-\\\"1\\\"\"}\n> line one\n> line two sk-1\n";
        let all = split(text, &[], 100, &mut veil).concat();
        let shown = String::from_utf8(all).unwrap();
        assert_eq!(shown, "a ****** {\"k\": \"********\"}\n> ********\n> ******** sk-1\n");
    }

    #[test]
    fn values_that_overlap_are_covered_both() {
        let mut veil = Veil::new([&b"abcd"[..], b"cdef"]);
        assert_eq!(split(b"xabcdefx abcabcd\n", &[], 99, &mut veil), [b"x******x abc****\n"]);
    }

    #[test]
    fn who_does_not_know_the_values_covers_everything() {
        let pieces = split(b"a\nbc\r\n", &[], 99, &mut Veil::blind());
        assert_eq!(pieces.concat(), b"*\n**\r\n");
    }

    #[test]
    fn a_line_that_is_too_long_is_cut_in_front_of_a_value() {
        let mut veil = Veil::new([&b"12345"[..]]);
        let pieces = split(b"aaaaaaaa12345b\n", &[], 10, &mut veil);
        assert_eq!(pieces, [b"aaaaaaaa".to_vec(), b"*****b\n".to_vec()]);
    }

    proptest! {
        #[test]
        fn no_value_passes_in_whatever_pieces_it_arrives_and_any_restart_covers_the_same(
            parts in proptest::collection::vec(
                proptest::sample::select(vec![
                    "k3y", "k3y", "k3", "y", "tok-en", "tok-en", "\n", "\r", "abc", "abc", "ä",
                ]),
                0..60,
            ),
            chunks in proptest::collection::vec(0_usize..9, 0..60),
            max_line in 12_usize..24,
        ) {
            let bytes = parts.concat().into_bytes();
            let mut veil = Veil::new([&b"k3y"[..], b"tok-en"]);
            let whole = split(&bytes, &[], max_line, &mut veil);
            prop_assert_eq!(&split(&bytes, &chunks, max_line, &mut veil), &whole);
            let shown = whole.concat();
            prop_assert_eq!(shown.len(), bytes.len());
            let mut wanted = bytes.clone();
            for word in [&b"k3y"[..], b"tok-en"] {
                for at in memmem::find_iter(&bytes, word) {
                    wanted[at..at + word.len()].fill(b'*');
                }
            }
            prop_assert_eq!(String::from_utf8_lossy(&shown), String::from_utf8_lossy(&wanted));
            let mut off = 0;
            for (n, piece) in whole.iter().enumerate() {
                prop_assert_eq!(&split(&bytes[off..], &[], max_line, &mut veil), &whole[n..]);
                off += piece.len();
            }
        }
    }
}
