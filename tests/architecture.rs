//! The rules of the house, checked: which room may use which, words that may not stand in the
//! source, sizes, first lines.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;

/// Which rooms a room may use. A room that stands here with an `*` may use all that stand above it.
const TABLE: [(&str, &[&str]); 20] = [
    ("model", &[]),
    ("os", &[]),
    ("wake", &[]),
    ("exit", &["model"]),
    ("parse", &["model"]),
    ("plans", &["model"]),
    ("store", &["model", "os"]),
    ("fold", &["model", "parse"]),
    ("render", &["model", "parse", "fold"]),
    ("control", &["model", "store", "os"]),
    ("feed", &["model", "parse", "store", "wake", "os", "fold"]),
    ("recorder", &["model", "parse", "fold", "store", "os", "wake"]),
    ("foreign", &["model", "store", "os", "control", "wake"]),
    ("supervisor", &["model", "fold", "store", "os", "control", "wake", "foreign"]),
    ("tui", &["model", "parse", "render", "fold", "feed", "control", "os"]),
    ("gateway", &["model", "parse", "render", "fold", "feed", "control", "os"]),
    ("remote", &["model", "fold", "store", "feed"]),
    ("cmd", &["*"]),
    ("cli", &["cmd", "exit", "model", "render"]),
    ("main", &["cli"]),
];

/// Files grow; a file holds one idea. One that has its tests in it, or is nothing but tests, may be
/// longer.
const LONGEST: usize = 400;
const LONGEST_WITH_TESTS: usize = 500;

struct Source {
    path: PathBuf,
    room: String,
    text: String,
    /// Without comments, string contents and tests.
    code: String,
}

fn sources() -> Vec<Source> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&src, &mut files);
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let path = file.strip_prefix(&src).unwrap().to_owned();
            let first = path.components().next().unwrap().as_os_str().to_str().unwrap();
            let room = first.trim_end_matches(".rs").to_owned();
            let text = fs::read_to_string(&file).unwrap();
            let tests = path.ends_with("tests.rs") || path.iter().any(|part| part == "tests");
            let code = if tests { String::new() } else { code_of(&text) };
            Source { path, room, text, code }
        })
        .collect()
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// What runs: comments and what stands in quotes become blank, tests go. Line numbers stay.
fn code_of(text: &str) -> String {
    let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(text);
    let quoted =
        Regex::new(r##"(?s)b?r#".*?"#|b?"(?:\\.|[^"\\])*"|b?'(?:\\.[^']*|[^'\\\n])'|//[^\n]*"##)
            .unwrap();
    quoted
        .replace_all(text, |found: &regex::Captures<'_>| {
            let lines = found[0].matches('\n').count();
            format!("\"\"{}", "\n".repeat(lines))
        })
        .into_owned()
}

/// Every place where `pattern` fits the code of a file for which `here` holds.
#[track_caller]
fn nowhere(pattern: &str, why: &str, here: impl Fn(&Source) -> bool) {
    let pattern = Regex::new(pattern).unwrap();
    let mut found = String::new();
    for source in sources().iter().filter(|source| here(source)) {
        for (at, line) in source.code.lines().enumerate() {
            if pattern.is_match(line) {
                found += &format!("\n  src/{}:{}: {}", source.path.display(), at + 1, line.trim());
            }
        }
    }
    assert!(found.is_empty(), "{why}:{found}");
}

fn is(source: &Source, paths: &[&str]) -> bool {
    paths.iter().any(|path| source.path.starts_with(path))
}

/// Rooms named after `crate::`, in paths and in grouped imports.
fn rooms_used(code: &str) -> BTreeSet<String> {
    let mut rooms = BTreeSet::new();
    let path = Regex::new(r"\bcrate::(?:\{([^;]*)\}|([a-z_]+))").unwrap();
    let head = Regex::new(r"^\s*([a-z_]+)").unwrap();
    for found in path.captures_iter(code) {
        if let Some(room) = found.get(2) {
            rooms.insert(room.as_str().to_owned());
        }
        let mut depth = 0;
        let mut items = vec![String::new()];
        for c in found.get(1).map_or("", |group| group.as_str()).chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 0 => items.push(String::new()),
                _ if depth == 0 => items.last_mut().unwrap().push(c),
                _ => {}
            }
        }
        rooms.extend(items.iter().filter_map(|item| Some(head.captures(item)?[1].to_owned())));
    }
    rooms
}

#[test]
fn every_room_uses_only_the_rooms_below_it() {
    let mut wrong = String::new();
    for source in sources() {
        let Some((_, allowed)) = TABLE.iter().find(|(room, _)| *room == source.room) else {
            assert_eq!(source.room, "lib", "a room that the table does not know");
            continue;
        };
        for used in rooms_used(&source.code) {
            let known = TABLE.iter().any(|(room, _)| *room == used);
            let all = allowed.contains(&"*") && used != "cli" && used != "main";
            if known && used != source.room && !all && !allowed.contains(&used.as_str()) {
                wrong += &format!("\n  src/{} uses {used}", source.path.display());
            }
        }
    }
    assert!(wrong.is_empty(), "rooms used that may not be:{wrong}");
}

#[test]
fn grouped_imports_are_seen_by_the_check() {
    let used = rooms_used("use crate::{model::{A, B}, store};\nlet x = crate::os::y();");
    assert_eq!(used.into_iter().collect::<Vec<_>>(), ["model", "os", "store"]);
}

#[test]
fn nothing_is_left_undone_and_nothing_panics_by_choice() {
    nowhere(
        r#"\b(todo|unimplemented|dbg|unreachable|panic)!|\.unwrap\(\)|\.expect\((""|&)"#,
        "errors are values here",
        |_| true,
    );
}

#[test]
fn nothing_sleeps_but_a_backoff() {
    nowhere(
        r"\b(thread|time)::(\{[^}]*)?\b(sleep|interval)\b|nanosleep",
        "wait for something with a limit instead",
        |_| true,
    );
}

#[test]
fn standard_output_is_written_in_one_file() {
    nowhere(r"\bprintln!|\bprint!|\bstdout\(\)\.(lock|write)", "use cmd::out", |source| {
        !is(source, &["cmd/out.rs"])
    });
}

#[test]
fn the_environment_is_read_in_one_file() {
    nowhere(
        r"\benv::(var|vars|var_os|vars_os|current_dir|set_var|home_dir|temp_dir)\b",
        "it belongs to cli/env.rs",
        |source| !is(source, &["cli/env.rs"]),
    );
}

#[test]
fn the_clock_is_an_argument_in_pure_rooms() {
    nowhere(
        r"\b(Instant|SystemTime|Stamp|Timestamp|Zoned)::now\b",
        "take `now` as an argument",
        |source| {
            is(
                source,
                &[
                    "model", "parse", "plans", "fold", "render", "store", "control", "exit.rs",
                    "cli",
                ],
            ) && !is(source, &["model/stamp.rs"])
                || is(source, &["supervisor/machine.rs", "supervisor/machine"])
        },
    );
}

#[test]
fn pure_rooms_touch_no_files_and_no_processes() {
    nowhere(r"\bstd::(fs|process|net|thread|os)\b|\brustix::", "this room is pure", |source| {
        is(source, &["model", "parse", "plans", "fold", "render", "exit.rs"])
    });
}

#[test]
fn the_screen_decides_without_clock_files_and_processes() {
    let edge = ["tui/run.rs", "tui/run", "tui/screen.rs", "tui/screen"];
    nowhere(
        r"\bstd::(fs|process|net|thread|os|io)\b|\b(Instant|SystemTime|Stamp)::now\b|\bcrate::os\b|\btokio::",
        "what the screen shows is a function of what it was told",
        |source| is(source, &["tui"]) && !is(source, &edge),
    );
}

#[test]
fn unsafe_code_stands_only_in_the_room_of_the_system() {
    nowhere(r"\bunsafe\b|allow\(unsafe_code\)", "it belongs to os", |source| !is(source, &["os"]));
}

#[test]
fn no_file_is_longer_than_one_idea() {
    let long: Vec<String> = sources()
        .iter()
        .filter(|source| {
            let lines = source.text.lines().count();
            source.code.lines().count() > LONGEST || lines > LONGEST_WITH_TESTS
        })
        .map(|source| format!("{} ({})", source.path.display(), source.text.lines().count()))
        .collect();
    assert!(long.is_empty(), "more than {LONGEST} lines: {}", long.join(", "));
}

#[test]
fn every_file_says_first_what_it_is() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "no `//!` in the first line: {}", silent.join(", "));
}

#[test]
fn no_file_is_named_for_what_it_is_not() {
    let vague = Regex::new(r"^(utils?|helpers?|common|managers?|handlers?|misc)(\.rs)?$").unwrap();
    for source in sources() {
        for part in source.path.components() {
            let name = part.as_os_str().to_str().unwrap();
            assert!(!vague.is_match(name), "src/{}: {name} says nothing", source.path.display());
        }
    }
}
