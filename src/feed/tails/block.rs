//! Some records that follow each other, checked and cut to a size that can be handed on as it is.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::model::Peek;

/// Bytes of lines after which a block ends. Whoever sends blocks on holds one at a time, so this is
/// about what a client in mid-send costs.
pub(super) const FULL: usize = 8 << 10;

/// Forms of a block that are made once and shared.
const FORMS: usize = 2;

/// What is in a block.
#[derive(Debug)]
pub enum Kind {
    /// Records as stored, each with its `\n`: every line is JSON in UTF-8.
    Lines(String),
    /// Records that are not there any more, or never were.
    Missing,
    /// A line that is no JSON any more.
    Damaged,
}

/// The part of a log that covers these seqs.
#[derive(Debug)]
pub struct Block {
    /// First seq that is covered.
    pub first: u64,
    /// Last seq that is covered.
    pub last: u64,
    /// What is there.
    pub kind: Kind,
    forms: [OnceLock<Bytes>; FORMS],
}

impl Block {
    pub(super) fn new(first: u64, last: u64, kind: Kind) -> Arc<Block> {
        Arc::new(Block { first, last, kind, forms: Default::default() })
    }

    /// The lines behind `after`.
    pub fn lines_after(&self, after: u64) -> impl Iterator<Item = &str> {
        let text = match &self.kind {
            Kind::Lines(text) => text.as_str(),
            Kind::Missing | Kind::Damaged => "",
        };
        let whole = after < self.first;
        text.lines().skip_while(move |line| {
            !whole && Peek::seq(line.as_bytes()).is_none_or(|seq| seq <= after)
        })
    }

    /// Something made of the whole block, once for all who ask.
    pub fn form(&self, form: usize, make: impl FnOnce() -> Bytes) -> Bytes {
        match self.forms.get(form) {
            Some(made) => made.get_or_init(make).clone(),
            None => make(),
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match &self.kind {
            Kind::Lines(text) => text.len(),
            Kind::Missing | Kind::Damaged => 0,
        }
    }
}

/// Cuts lines that follow `after` into blocks. Gives the last seq.
pub(super) fn cut<'a>(
    lines: impl Iterator<Item = &'a [u8]>,
    mut after: u64,
    give: &mut dyn FnMut(Arc<Block>),
) -> u64 {
    let (mut text, mut last) = (String::new(), after);
    for line in lines {
        let seq = Peek::seq(line).unwrap_or(last + 1);
        let whole = whole(line);
        let full = text.len() + line.len() > FULL && !text.is_empty();
        if (full || whole.is_none()) && last > after {
            let kind = Kind::Lines(std::mem::take(&mut text));
            give(Block::new(after + 1, last, kind));
            after = last;
        }
        last = seq;
        match whole {
            Some(line) => text.push_str(line),
            None => {
                give(Block::new(after + 1, last, Kind::Damaged));
                after = last;
            }
        }
    }
    if last > after {
        give(Block::new(after + 1, last, Kind::Lines(text)));
    }
    last
}

/// A line that is JSON in UTF-8. One flipped byte must not spoil what else is sent with it.
pub(in crate::feed) fn whole(line: &[u8]) -> Option<&str> {
    let line = std::str::from_utf8(line).ok()?;
    serde_json::from_str::<IgnoredAny>(line).ok().map(|_| line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(seq: u64, msg: &str) -> Vec<u8> {
        format!(
            "{{\"ts\":\"2026-11-23T17:31:02.123456Z\",\"seq\":{seq},\"plan\":\"a\",\"run\":1,\"stream\":\"stdout\",\"msg\":\"{msg}\"}}\n"
        )
        .into_bytes()
    }

    #[test]
    fn blocks_cover_every_record_once_in_pieces_of_a_size() {
        let long = "x".repeat(FULL);
        let lines: Vec<Vec<u8>> =
            (1..=200).map(|seq| line(seq, if seq % 50 == 0 { &long } else { "short" })).collect();
        let mut blocks = Vec::new();
        let last = cut(lines.iter().map(Vec::as_slice), 0, &mut |block| blocks.push(block));
        assert_eq!(last, 200);
        let mut next = 1;
        for block in &blocks {
            assert_eq!(block.first, next);
            assert_eq!(block.lines_after(0).count() as u64, block.last + 1 - block.first);
            assert!(block.bytes() <= FULL || block.first == block.last);
            next = block.last + 1;
        }
        assert_eq!(next, 201);
        let middle = blocks[0].last / 2;
        let seqs: Vec<u64> =
            blocks[0].lines_after(middle).filter_map(|line| Peek::seq(line.as_bytes())).collect();
        assert_eq!(seqs, (middle + 1..=blocks[0].last).collect::<Vec<_>>());
    }

    #[test]
    fn a_damaged_line_is_named_and_spoils_nothing_beside_it() {
        let mut bad = line(2, "flipped");
        let at = bad.len() - 3;
        bad[at] = b'\xff';
        let lines = [line(1, "a"), bad, line(3, "b")];
        let mut blocks = Vec::new();
        cut(lines.iter().map(Vec::as_slice), 0, &mut |block| blocks.push(block));
        let kinds: Vec<(u64, u64, bool)> = blocks
            .iter()
            .map(|block| (block.first, block.last, matches!(block.kind, Kind::Damaged)))
            .collect();
        assert_eq!(kinds, [(1, 1, false), (2, 2, true), (3, 3, false)]);
    }
}
