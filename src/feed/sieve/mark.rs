//! What every wanted line shows in its bytes, to be looked for before anything is parsed.

use regex::bytes::Regex;
use regex_automata::MatchKind;
use regex_automata::util::prefilter::Prefilter;
use regex_automata::util::syntax;
use regex_syntax::hir::literal::{Extractor, Seq};
use regex_syntax::hir::{Hir, HirKind};

use super::Wanted;
use crate::model::Level;

/// A pattern's words are worth looking for from this length on: shorter ones are everywhere.
const SHORTEST: usize = 3;

/// More words than this are not found faster than lines are parsed.
const MOST: usize = 64;

/// Some words, one of which stands in every wanted line.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    finder: Prefilter,
}

impl Mark {
    /// The rarest there is. None if a wanted line need not show anything.
    pub(super) fn of(wanted: &Wanted) -> Option<Mark> {
        let texts = wanted.texts.iter().filter_map(|group| words_of_any(group));
        let text = texts.max_by_key(|words| words.iter().map(Vec::len).min());
        [text, level(wanted), tasks(wanted), streams(wanted), run(wanted)]
            .into_iter()
            .flatten()
            .find_map(|words| Mark::new(&words))
    }

    fn new(words: &[Vec<u8>]) -> Option<Mark> {
        let finder = Prefilter::new(MatchKind::LeftmostFirst, words)?;
        finder.is_fast().then_some(Mark { finder })
    }

    /// Where one of the words stands first.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        let span = regex_automata::Span { start: 0, end: text.len() };
        self.finder.find(text, span).map(|found| found.start)
    }
}

type Words = Vec<Vec<u8>>;

/// One of these stands, as it is stored, in every line that one of the patterns fits.
fn words_of_any(patterns: &[Regex]) -> Option<Words> {
    let mut all = Words::new();
    for pattern in patterns {
        all.extend(words_of(pattern.as_str())?);
    }
    (!all.is_empty() && all.len() <= MOST).then_some(all)
}

/// One of these stands, as it is stored, in every line that the pattern fits.
fn words_of(pattern: &str) -> Option<Words> {
    let config = syntax::Config::new().utf8(false);
    let hir = syntax::parse_with(pattern, &config).ok()?;
    let literals = required(&hir)?;
    literals.iter().map(|word| stored(word)).collect()
}

/// The best set of literals one of which every match holds: what the pattern begins with, or what
/// one of its later parts begins with.
fn required(hir: &Hir) -> Option<Words> {
    let whole = std::slice::from_ref(hir);
    let parts = match hir.kind() {
        HirKind::Capture(capture) => return required(&capture.sub),
        HirKind::Concat(parts) => parts.as_slice(),
        _ => whole,
    };
    let beginnings = (0..parts.len()).filter_map(|at| beginning(Hir::concat(parts[at..].to_vec())));
    beginnings.max_by_key(|words| {
        let shortest = words.iter().map(Vec::len).min().unwrap_or(0);
        (shortest.min(16), std::cmp::Reverse(words.len()))
    })
}

fn beginning(hir: Hir) -> Option<Words> {
    let mut extractor = Extractor::new();
    extractor.limit_total(MOST).limit_literal_len(32);
    let seq: Seq = extractor.extract(&hir);
    let words: Words = seq.literals()?.iter().map(|word| word.as_bytes().to_vec()).collect();
    let long_enough = words.iter().all(|word| word.len() >= SHORTEST);
    (!words.is_empty() && long_enough).then_some(words)
}

/// A part of a line as it stands in the record: with quotes, backslashes and control characters
/// escaped. None where it cannot be said how a part of a character is stored.
fn stored(word: &[u8]) -> Option<Vec<u8>> {
    match std::str::from_utf8(word) {
        Ok(text) => {
            let quoted = json_escape_simd::escape(text);
            Some(quoted.as_bytes().get(1..quoted.len() - 1)?.to_vec())
        }
        Err(_) => None,
    }
}

/// The values of a level's field, quotes included: inside a line a quote is escaped.
fn level(wanted: &Wanted) -> Option<Words> {
    let least = wanted.level.filter(|level| *level >= Level::Warning)?;
    let worse = Level::ALL.iter().filter(|level| **level >= least);
    Some(worse.map(|level| format!("\"{}\"", level.name()).into_bytes()).collect())
}

fn tasks(wanted: &Wanted) -> Option<Words> {
    (!wanted.tasks.is_open()).then(|| vec![br#","task":""#.to_vec()])
}

fn streams(wanted: &Wanted) -> Option<Words> {
    let quoted = |name: &str| json_escape_simd::escape(name).into_bytes();
    let words: Words = wanted.streams.iter().map(|stream| quoted(&stream.name())).collect();
    (!words.is_empty()).then_some(words)
}

fn run(wanted: &Wanted) -> Option<Words> {
    let number = match (wanted.run, &wanted.runs[..]) {
        (Some(run), _) => run,
        _ => return None,
    };
    Some(vec![format!(",\"run\":{number},").into_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(pattern: &str) -> Option<Vec<String>> {
        let words = words_of(pattern)?;
        Some(words.into_iter().map(|word| String::from_utf8_lossy(&word).into_owned()).collect())
    }

    #[test]
    fn the_longest_part_that_every_match_has_is_looked_for() {
        assert_eq!(words("KeyError: x").unwrap(), ["KeyError: x"]);
        assert_eq!(words(r"^\S+ KeyError: .*").unwrap(), [" KeyError: "]);
        assert_eq!(words("(timeout|refused)$").unwrap(), ["timeout", "refused"]);
        assert_eq!(words(r"a\d+b"), None);
        assert_eq!(words(""), None);
        assert_eq!(words("x*"), None);
    }

    #[test]
    fn what_is_escaped_in_a_record_is_looked_for_as_it_is_stored() {
        assert_eq!(words("say \"hi\"").unwrap(), [r#"say \"hi\""#]);
        assert_eq!(words(r"C:\\temp\tx").unwrap(), [r"C:\\temp\tx"]);
        assert_eq!(words("é\u{1b}\\[31m").unwrap(), ["é\\u001b[31m"]);
    }

    #[test]
    fn a_pattern_for_both_cases_is_looked_for_in_both() {
        let words = words("(?i)fatal").unwrap();
        assert!(words.iter().any(|word| word.starts_with("FAT")), "{words:?}");
        assert!(words.iter().any(|word| word.starts_with("fat")), "{words:?}");
    }
}
