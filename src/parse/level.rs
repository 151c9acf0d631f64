//! Recognises the level and the logger that a line names in its prefix.

use crate::model::Level;

/// What a line's own prefix says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix<'a> {
    /// How serious the line is.
    pub level: Level,
    /// Who wrote it; ASCII.
    pub logger: Option<&'a [u8]>,
}

/// Longest logger name that is believed.
const LONGEST_NAME: usize = 128;

/// Reads the prefix of a line: Luigi's `LEVEL: message`, Python's `time - name - LEVEL - message`,
/// and their common relatives (basicConfig's `LEVEL:name:message`, `[LEVEL] message`,
/// `time LEVEL name: message`, `time [LEVEL] name: message`, `[time] LEVEL message`,
/// `time name[pid] LEVEL: message`, loguru's `time | LEVEL | name:function:line - message`).
///
/// A level is never guessed: the word must stand where a prefix has it and be set off as one.
/// Most lines without a prefix are turned away by their first byte.
#[inline]
pub fn recognise(line: &[u8]) -> Option<Prefix<'_>> {
    match line.first()? {
        b'0'..=b'9' => after_time(&line[time(line)?..]),
        b'I' | b'D' | b'W' | b'E' | b'C' | b'F' | b'N' | b'T' | b'S' => at_start(line),
        b'[' => bracketed(line),
        0x1b => recognise_coloured(line),
        _ => None,
    }
}

/// A line that begins with colour (`ESC [ … m`), as colorlog and coloredlogs write it.
fn recognise_coloured(line: &[u8]) -> Option<Prefix<'_>> {
    let mut rest = line;
    while let Some(after) = colour(rest) {
        rest = after;
    }
    if rest.first() == Some(&0x1b) { None } else { recognise(rest) }
}

pub(super) fn colour(bytes: &[u8]) -> Option<&[u8]> {
    let body = bytes.strip_prefix(b"\x1b[")?;
    let end = body.iter().take(24).position(|b| !matches!(b, b'0'..=b'9' | b';'))?;
    (body[end] == b'm').then(|| &body[end + 1..])
}

/// `LEVEL: message`, `LEVEL:name:message`, `LEVEL - message`, `LEVEL  [name] message`.
fn at_start(line: &[u8]) -> Option<Prefix<'_>> {
    let (level, rest) = level_word(line)?;
    let plain = Some(Prefix { level, logger: None });
    match rest {
        [b':', after @ ..] => Some(Prefix { level, logger: colon_name(after) }),
        [b' ', b'[', ..] => Some(Prefix { level, logger: in_brackets(&rest[1..]) }),
        [b' ', b'-' | b'|', b' ', ..] | [b'\t' | b'|', ..] => plain,
        [b' ', b' ', after @ ..] => {
            Some(Prefix { level, logger: in_brackets(after.trim_ascii_start()) })
        }
        [0x1b, ..] => {
            let after = colour(rest)?.trim_ascii_start();
            matches!(after, [b':' | b'-' | b'|' | b'[', ..])
                .then_some(Prefix { level, logger: after.strip_prefix(b":").and_then(colon_name) })
        }
        _ => None,
    }
}

/// `[LEVEL] message`, `[time] LEVEL message`, `[time: LEVEL/process] message`.
fn bracketed(line: &[u8]) -> Option<Prefix<'_>> {
    let inside = &line[1..];
    if let Some(length) = time(inside) {
        let rest = &inside[length..];
        return match rest {
            [b']', after @ ..] => after_time(after),
            [b':', b' ', after @ ..] => {
                let (level, after) = level_word(after)?;
                matches!(after, [b'/' | b']', ..]).then_some(Prefix { level, logger: None })
            }
            _ => after_time(rest),
        };
    }
    let end = inside.iter().take(16).position(|&b| b == b']')?;
    let level = any_case(&inside[..end])?;
    Some(Prefix { level, logger: None })
}

/// What may stand between a time and the message: the level, and the logger before or after it,
/// set off by spaces, dashes, bars or brackets.
fn after_time(rest: &[u8]) -> Option<Prefix<'_>> {
    usual(rest).or_else(|| any_order(rest))
}

/// ` - name - LEVEL `, which nearly all of them write.
fn usual(rest: &[u8]) -> Option<Prefix<'_>> {
    let words = rest.strip_prefix(b" - ")?;
    let mut found = 0;
    let name = words.iter().take(LONGEST_NAME - 1).take_while(|&&b| {
        let kind = NAME[usize::from(b)];
        found |= kind & LETTER;
        kind != NO_NAME
    });
    let (name, behind) = words.split_at(name.count());
    let (level, after) = level_word(behind.strip_prefix(b" - ")?)?;
    let is_name = found != 0 && after.first() == Some(&b' ') && level_word(words).is_none();
    is_name.then_some(Prefix { level, logger: Some(name) })
}

fn any_order(rest: &[u8]) -> Option<Prefix<'_>> {
    let mut rest = rest;
    let mut name = None;
    // A bare word before a bare level could be prose ("Found ERROR in …"): the pair must be set off.
    let mut set_off = true;
    for _ in 0..6 {
        rest = rest.trim_ascii_start();
        match rest {
            [b'-' | b'|', b' ', after @ ..] => {
                rest = after;
                set_off = true;
            }
            [b'|', after @ ..] => {
                rest = after;
                set_off = true;
            }
            [b'[', inside @ ..] => {
                let end = inside.iter().take(48).position(|&b| b == b']')?;
                let after = &inside[end + 1..];
                if let Some(level) = any_case(&inside[..end]) {
                    return Some(Prefix { level, logger: name.or_else(|| name_behind(after)) });
                }
                rest = after;
            }
            _ => {
                if let Some((level, after)) = level_word(rest) {
                    let ends = matches!(after, [] | [b' ' | b':' | b'|' | b'\t' | b']' | 0x1b, ..]);
                    let own = after.trim_ascii_start();
                    set_off |= matches!(own, [b':' | b'-' | b'|', ..]);
                    let logger = || name.or_else(|| name_behind(after));
                    return (ends && set_off).then(|| Prefix { level, logger: logger() });
                }
                if name.is_some() {
                    return None;
                }
                let end = rest.iter().take(LONGEST_NAME).position(|&b| b == b' ' || b == b'|')?;
                name = Some(as_name(&rest[..end])?);
                rest = &rest[end..];
                set_off = false;
            }
        }
    }
    None
}

/// The logger behind a level: `name: message`, `[name] message`, `| name:function:line - message`,
/// `:name:message`.
fn name_behind(rest: &[u8]) -> Option<&[u8]> {
    if let [b':', after @ ..] = rest {
        return colon_name(after);
    }
    let rest = rest.trim_ascii_start();
    match rest {
        [b'[', ..] => in_brackets(rest),
        [b'|', after @ ..] => {
            let after = after.trim_ascii_start();
            let end = after.iter().take(LONGEST_NAME).position(|&b| b == b' ')?;
            let place = &after[..end];
            let colon = place.iter().position(|&b| b == b':')?;
            after[end..].starts_with(b" - ").then(|| as_name(&place[..colon]))?
        }
        _ => {
            let end = rest.iter().take(LONGEST_NAME).position(|&b| b == b':' || b == b' ')?;
            rest[end..].starts_with(b": ").then(|| as_name(&rest[..end]))?
        }
    }
}

/// `name:` directly behind `LEVEL:`, as `logging.basicConfig` writes it.
fn colon_name(rest: &[u8]) -> Option<&[u8]> {
    let end = rest.iter().take(LONGEST_NAME).position(|&b| b == b':' || b == b' ')?;
    (rest[end] == b':' && rest.get(end + 1) != Some(&b'/')).then(|| as_name(&rest[..end]))?
}

fn in_brackets(rest: &[u8]) -> Option<&[u8]> {
    let inside = rest.strip_prefix(b"[")?;
    let end = inside.iter().take(LONGEST_NAME).position(|&b| b == b']')?;
    as_name(inside[..end].trim_ascii())
}

/// The word as a logger's name; a process id in brackets behind it (`name[4711]`) is left out.
fn as_name(word: &[u8]) -> Option<&[u8]> {
    let word = word.strip_suffix(b":").unwrap_or(word);
    let word = match word {
        [front @ .., b']'] => &front[..front.iter().position(|&b| b == b'[')?],
        _ => word,
    };
    let found = word.iter().fold(0, |found, &b| found | NAME[usize::from(b)]);
    (found & LETTER != 0 && found & NO_NAME == 0).then_some(word)
}

/// What a byte says of the name that it stands in.
const NAME: [u8; 256] = {
    let mut table = [NO_NAME; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte] = match byte as u8 {
            b'a'..=b'z' | b'A'..=b'Z' => LETTER,
            b'0'..=b'9' | b'_' | b'.' | b'-' | b'/' => 0,
            _ => NO_NAME,
        };
        byte += 1;
    }
    table
};
const LETTER: u8 = 1;
const NO_NAME: u8 = 2;

/// A level in brackets, in any case and padded: `[info     ]`.
fn any_case(word: &[u8]) -> Option<Level> {
    let word = word.trim_ascii();
    if word.len() < 4 || word.len() > 8 { None } else { Level::from_printed(word) }
}

/// A level in capitals at the front, and what follows it.
#[inline]
fn level_word(bytes: &[u8]) -> Option<(Level, &[u8])> {
    let (level, rest) = match bytes.first()? {
        b'I' => (Level::Info, behind(bytes, b"INFO")),
        b'D' => (Level::Debug, behind(bytes, b"DEBUG")),
        b'W' => (Level::Warning, behind(bytes, b"WARNING").or_else(|| behind(bytes, b"WARN"))),
        b'E' => (Level::Error, behind(bytes, b"ERROR")),
        b'C' => (Level::Critical, behind(bytes, b"CRITICAL")),
        b'F' => (Level::Critical, behind(bytes, b"FATAL")),
        b'N' => (Level::Info, behind(bytes, b"NOTICE")),
        b'T' => (Level::Trace, behind(bytes, b"TRACE")),
        b'S' => (Level::Info, behind(bytes, b"SUCCESS")),
        _ => return None,
    };
    let rest = rest?;
    let goes_on = rest.first().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    (!goes_on).then_some((level, rest))
}

/// What follows a word. Of a length that the compiler knows it is compared without a call.
#[inline]
fn behind<'a, const N: usize>(bytes: &'a [u8], word: &[u8; N]) -> Option<&'a [u8]> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    (front == word).then_some(rest)
}

/// Length of a time at the front: `2026-11-23 17:36:12`, with `T`, `/`, a fraction and a zone where
/// they are, or `17:36:12` alone.
pub(super) fn time(bytes: &[u8]) -> Option<usize> {
    let fits = |bytes: &[u8], shape: &[u8]| {
        bytes.len() >= shape.len()
            && bytes.iter().zip(shape).all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                b'-' => matches!(byte, b'-' | b'/'),
                b' ' => matches!(byte, b' ' | b'T'),
                other => byte == other,
            })
    };
    const DAY: &[u8] = b"0000-00-00 00:00:00";
    let mut end = match bytes.get(2)? {
        b':' if fits(bytes, &DAY[11..]) => DAY.len() - 11,
        b'0'..=b'9' if fits(bytes, DAY) => DAY.len(),
        _ => return None,
    };
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    if matches!(bytes.get(end), Some(b',' | b'.')) {
        let fraction = digits(end + 1);
        end += if fraction == 0 { 0 } else { fraction + 1 };
    }
    match bytes.get(end) {
        Some(b'Z') => end += 1,
        Some(b'+' | b'-') if fits(&bytes[end + 1..], b"00:00") => end += 6,
        Some(b'+' | b'-') if digits(end + 1) == 4 => end += 5,
        _ => {}
    }
    match bytes.get(end) {
        None | Some(b' ' | b']' | b':' | b'|' | b'\t' | b'-') => Some(end),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> Option<(Level, Option<&str>)> {
        let name = |logger| std::str::from_utf8(logger).unwrap();
        recognise(line.as_bytes()).map(|prefix| (prefix.level, prefix.logger.map(name)))
    }

    #[test]
    fn the_prefixes_of_luigi_python_and_their_relatives_are_recognised() {
        use Level::*;
        for (line, level, logger) in [
            ("INFO: [pid 4711] Worker Worker(salt=1) running   T()", Info, None),
            ("INFO: ", Info, None),
            ("CRITICAL: x", Critical, None),
            ("WARNING:root:careful", Warning, Some("root")),
            ("INFO:     127.0.0.1:80 - \"GET /\" 200 OK", Info, None),
            ("INFO:http://x", Info, None),
            ("2026-11-23 17:36:12 - luigi-interface - INFO - done", Info, Some("luigi-interface")),
            ("2026-11-23 17:36:12,345 - a.b_c - WARNING - x", Warning, Some("a.b_c")),
            ("2026-11-23T17:36:12.345678Z - __main__ - ERROR - x", Error, Some("__main__")),
            ("2026-11-23 17:36:12+01:00 - a - ERROR - x", Error, Some("a")),
            ("2026-11-23 17:36:12 - INFO - message - with dashes", Info, None),
            ("2026-11-23 17:36:12,1 luigi-interface[30] DEBUG: x", Debug, Some("luigi-interface")),
            ("2026-11-23 17:36:12 ERROR planexe.plan: no", Error, Some("planexe.plan")),
            ("2026-11-23 17:36:12 [WARN] planexe.plan: no", Warning, Some("planexe.plan")),
            ("2026-11-23 17:36:12 [info     ] event key=1", Info, None),
            ("2026-11-23 17:36:12 ERROR it is broken", Error, None),
            ("2026-11-23 17:36:12,123 [4711] ERROR x", Error, None),
            ("2026-11-23 17:36:12,123 - ERROR:root:x", Error, Some("root")),
            ("17:36:12 WARNING x", Warning, None),
            ("[2026-11-23 17:36:12] ERROR in app: x", Error, None),
            ("[2026-11-23 17:36:12,123: WARNING/ForkPoolWorker-1] x", Warning, None),
            ("[ERROR] x", Error, None),
            ("[warning] x", Warning, None),
            ("INFO  [alembic.runtime] x", Info, Some("alembic.runtime")),
            ("2026-11-23 17:36:12.123 | SUCCESS  | app.main:run:12 - x", Info, Some("app.main")),
            ("2026-11-23 17:36:12.123 | ERROR    | no place", Error, None),
            ("ERROR - x", Error, None),
            ("\u{1b}[32mINFO\u{1b}[0m:     x", Info, None),
            ("\u{1b}[1;31mERROR: x\u{1b}[0m", Error, None),
        ] {
            assert_eq!(said(line), Some((level, logger)), "{line:?}");
        }
    }

    #[test]
    fn prose_that_speaks_of_errors_has_no_level() {
        for line in [
            "",
            "ERROR",
            "ERRORS: 3",
            "ERROR in foo",
            "INFORMATION: x",
            "Error: x",
            "Traceback (most recent call last):",
            "  ERROR: indented",
            "leaf 3 says INFO: hello",
            "[pid 4711] x",
            "[",
            "[2026-11-23 17:36:12",
            "2026-11-23",
            "2026-11-23 17:36:12",
            "2026-11-23 17:36:12 Found ERROR in line 3",
            "2026-11-23 17:36:12 a long message without any level",
            "2026-11-23 17:36:123 ERROR x",
            "12:34 ERROR: x",
            "\u{1b}[",
            "\u{1b}]52;c;x\u{7}INFO: x",
        ] {
            assert_eq!(said(line), None, "{line:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_taken(line in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
            recognise(&line);
        }

        #[test]
        fn any_text_made_of_the_pieces_of_prefixes_is_taken(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "2026-11-23 17:36:12", "17:36:12", "[", "]", " ", "-", "|", ":", "INFO", "ERROR", "a.b",
                "\u{1b}[32m", "\u{1b}[", ",", "12", "ä", "+01",
            ]), 0..9),
        ) {
            recognise(pieces.concat().as_bytes());
        }

        #[test]
        fn what_is_usual_is_read_as_anything_else_would_be(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                " - ", " - ", "INFO", "ERROR", "a.b", "-", " ", ":", "|", "7", "[", "]", "ä", "a".repeat(126).leak(),
            ]), 0..7),
        ) {
            let rest = [" - ", &pieces.concat()].concat();
            if let Some(prefix) = usual(rest.as_bytes()) {
                proptest::prop_assert_eq!(Some(prefix), any_order(rest.as_bytes()));
            }
        }
    }
}
