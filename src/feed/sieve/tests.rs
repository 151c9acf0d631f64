//! Whatever is wanted, no mark hides it.

use proptest::prelude::*;
use regex::bytes::Regex;

use super::*;
use crate::model::{Head, Level, Stamp, Stream, Text, encode_text};

const PATTERNS: [&str; 16] = [
    "abc",
    "(?i)ABC",
    "a\"b",
    r"\\n",
    "\\t",
    "a|b\"",
    "^abc",
    "abc$",
    "x*",
    "(abc|\"\\\\)c?",
    r"\x1b\[31m",
    "é",
    "[a-c]{3}",
    "abc.*\"",
    "",
    "error",
];

fn lines(texts: &[String]) -> Vec<u8> {
    let mut lines = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        let stream = if at % 3 == 0 { "stderr" } else { "stdout" };
        let head = Head::new(&"p".parse().unwrap(), 1 + at as u64 % 2, stream);
        let level = Level::ALL.get(at % 8).copied();
        let task = (at % 4 == 1).then_some(("Leaf(n=1)", "started"));
        let text = Text { bytes: text.as_bytes(), level, task, ..Text::default() };
        encode_text(&mut lines, &head, &Stamp(at as i64).text(), at as u64 + 1, &text);
    }
    lines
}

proptest! {
    #[test]
    fn what_is_found_by_its_marks_is_what_is_found_by_parsing_everything(
        texts in proptest::collection::vec("[abcx\"\\\\é\t\u{1b}\\[31m ]{0,8}", 1..40),
        groups in proptest::collection::vec(
            proptest::collection::vec(proptest::sample::select(PATTERNS.to_vec()), 1..3), 0..3),
        level in proptest::option::of(proptest::sample::select(Level::ALL.to_vec())),
        stream in any::<bool>(),
        task in any::<bool>(),
        run in proptest::option::of(1..3_u64),
    ) {
        let texts_of = |group: Vec<&str>| group.into_iter().map(|p| Regex::new(p).unwrap()).collect();
        let wanted = Wanted {
            level,
            texts: groups.into_iter().map(texts_of).collect(),
            streams: if stream { vec![Stream::Stderr] } else { Vec::new() },
            tasks: TaskFilter::new(task.then(|| "Leaf".parse().unwrap()).into_iter().collect()),
            run,
            ..Wanted::default()
        };
        let lines = lines(&texts);
        let whole = lines.split_inclusive(|&byte| byte == b'\n');
        let parsed: Vec<&[u8]> =
            whole.filter(|line| wanted.wants(&Record::parse(line).unwrap())).collect();
        let sieve = Sieve::new(wanted);
        let found: Vec<&[u8]> =
            sieve.candidates(&lines).filter(|line| sieve.record(line).is_some()).collect();
        prop_assert_eq!(found, parsed);
    }
}
