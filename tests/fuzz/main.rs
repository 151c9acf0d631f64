//! Bytes that nobody would write, given to everything that reads what others wrote.
//!
//! Each target has a corpus under `tests/data/fuzz`, which is read first; then texts made of it:
//! bits flipped, pieces cut, doubled, moved, mixed with words that mean something. What makes a target
//! fail is put into its corpus, so that it is tried for ever after.
//!
//!   cargo test --test fuzz                                  a few thousand texts a target
//!   PLANWATCH_TEST_SCALE=full cargo test --release --test fuzz     some millions
//!   PLANWATCH_TEST_SEED=n                                   the same texts again

#![allow(clippy::unwrap_used, reason = "a test that fails shall panic")]

mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// Random numbers (splitmix64).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let x = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) % limit.max(1) as u64) as usize
    }

    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

/// Longest text that is made.
const LONGEST: usize = 6_000;

/// One change of the text.
fn change(text: &mut Vec<u8>, dice: &mut Dice, corpus: &[Vec<u8>], words: &[&[u8]]) {
    let at = dice.below(text.len() + 1);
    let end = (at + dice.below(40)).min(text.len());
    match dice.below(9) {
        0 if !text.is_empty() => {
            let at = at.min(text.len() - 1);
            text[at] ^= 1 << dice.below(8);
        }
        1 if !text.is_empty() => {
            let at = at.min(text.len() - 1);
            text[at] = *dice.pick(b"\0\t\n\r\x1b \"'\\/{}[],:=-+.0919aZ\x7f\x80\xc3\xe2\xff");
        }
        2 => drop(text.drain(at..end)),
        3 => {
            let piece = text[at..end].to_vec();
            let to = dice.below(text.len() + 1);
            text.splice(to..to, piece);
        }
        4 => {
            let other = dice.pick(corpus);
            let from = dice.below(other.len() + 1);
            let to = (from + dice.below(200)).min(other.len());
            text.splice(at..end, other[from..to].iter().copied());
        }
        5 => text.truncate(at),
        6 => drop(
            text.splice(at..at, std::iter::repeat_n(*dice.pick(b"a\n9[("), 1 << dice.below(10))),
        ),
        _ => drop(text.splice(at..at, dice.pick(words).iter().copied())),
    }
    text.truncate(LONGEST);
}

fn folder(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/fuzz").join(target)
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(folder(target)).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no corpus");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// The seed that was given, or another one each time.
fn seed() -> u64 {
    let given = std::env::var("PLANWATCH_TEST_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    given.unwrap_or_else(|| now.map_or(1, |since| since.as_nanos() as u64))
}

/// Texts a target gets.
fn count(small: u64) -> u64 {
    match std::env::var("PLANWATCH_TEST_SCALE").as_deref() {
        Ok("full") => small * 500,
        _ => small,
    }
}

/// Gives the target its corpus, and then so many texts made of it.
fn fuzz(target: &str, small: u64, words: &[&str], check: fn(&[u8])) {
    let (corpus, seed) = (corpus(target), seed());
    println!("{target}: seed {seed}");
    let mut dice = Dice(seed);
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    let tried = |text: &[u8]| {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| check(text))) {
            let found = folder(target).join(format!("found-{:08x}", crc32fast::hash(text)));
            std::fs::write(&found, text).unwrap();
            eprintln!("{target} fails with {}, which is kept in its corpus", found.display());
            std::panic::resume_unwind(panic);
        }
    };
    corpus.iter().for_each(|text| tried(text));
    for _ in 0..count(small) {
        let mut text = dice.pick(&corpus).clone();
        for _ in 0..=dice.below(6) {
            change(&mut text, &mut dice, &corpus, &words);
        }
        tried(&text);
    }
}

/// Words of log lines.
const LINES: &[&str] = &[
    "INFO: ",
    "ERROR:",
    "[pid 4711]",
    "Worker Worker(salt=1, workers=1)",
    "running   ",
    "done ",
    "Traceback (most recent call last):\n",
    "  File \"x\", line 1\n",
    "ValueError: ",
    "\r\n",
    "===== ",
    "Luigi Execution Summary",
    "This progress looks :) ",
    "Informed scheduler that task",
    "has status",
    "died unexpectedly with exit code",
    "\u{fffd}",
    "ä",
    "2026-11-23 17:31:02,123 - luigi-interface - ",
];

#[test]
fn any_stream_is_cut_into_the_same_lines_in_whatever_pieces_it_comes() {
    fuzz("splitter", 4_000, LINES, targets::splitter);
}

#[test]
fn any_line_may_be_recognised_or_not() {
    fuzz("recognisers", 4_000, LINES, targets::recognisers);
}

#[test]
fn any_line_of_a_log_is_a_record_or_is_not_and_all_readers_agree() {
    let words = [
        "\"ts\":\"2026-11-23T17:31:02.000000Z\"",
        "\"seq\":",
        "\"raw\":\"",
        "\"eol\":\"part\"",
        "\"event\":",
        "\"stream\":\"planwatch\"",
        "\\u0000",
        "\\ud800",
        "null",
        "1e999",
        "-1",
        "18446744073709551616",
    ];
    fuzz("records", 4_000, &words, targets::record);
}

#[test]
fn any_log_is_read_to_its_end_in_order() {
    let words =
        ["\n", "{\"ts\":\"2026-11-23T17:31:02.000000Z\",\"seq\":3,", "\0\0\0\0", "\"seq\":7"];
    fuzz("logs", 300, &words, targets::log);
}

#[test]
fn any_text_is_harmless_on_a_terminal() {
    let words = [
        "\x1b[31m",
        "\x1b]52;c;",
        "\x07",
        "\x1b[?1049h",
        "\u{9b}",
        "\u{202e}",
        "\u{301}",
        "\u{200d}",
        "\x1b[38;2;1;2;3m",
        "\x1bP",
        "\x1b\\",
        "\r",
        "\x08",
        "\t",
        "😀",
        "\x1b[8m",
    ];
    fuzz("sanitizer", 4_000, &words, targets::sanitizer);
}

#[test]
fn any_word_of_a_command_line_is_understood_or_refused() {
    let words = [
        "ago",
        "today",
        "yesterday",
        "@",
        "Z",
        "T",
        "h",
        "ms",
        "d",
        "GiB",
        "KB",
        "free:",
        "~1",
        "@3",
        "99999999999999999999",
        "-",
        ":",
        ".",
        "on-failure:",
        "file:",
        "+14:00",
        "2026-11-23",
    ];
    fuzz("words", 4_000, &words, targets::word);
}

#[test]
fn any_file_of_plans_is_understood_or_refused_with_a_place_in_it() {
    let words = [
        "[plan.x]\n",
        "cmd = ",
        "foreach = ",
        "${",
        "}",
        "after = [",
        "\"\"\"",
        "'''",
        "[[plan]]",
        "= 1\n",
        "env = {",
        "secret",
        "restart = { policy = ",
        "\u{feff}",
        "jobs = 99999999999",
        ": ",
    ];
    fuzz("plans", 2_000, &words, targets::plans);
}

#[test]
fn any_bytes_in_the_requests_pipe_leave_the_next_request_whole() {
    let words = ["{\"id\":\"", "\"verb\":\"stop\"", "\"run\":", "\n", "\"by\":", "\"signal\":-1"];
    fuzz("requests", 4_000, &words, targets::requests);
}
