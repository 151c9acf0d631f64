//! What real Luigi and PlanExe printed, read by the line parser.

use planwatch::model::{Eol, Face, Level};
use planwatch::parse::{Ended, Recogniser, Splitter, ended};

#[derive(Debug, Default, PartialEq)]
struct Told {
    levelled: usize,
    warnings: usize,
    errors: usize,
    face: Option<Face>,
    built: Option<bool>,
}

fn told(name: &str) -> Told {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut told = Told::default();
    let mut splitter = Splitter::new(64 << 10);
    let mut recogniser = Recogniser::default();
    let mut rest = &bytes[..];
    while let Some(line) = splitter.next(rest, true) {
        let seen = recogniser.see(line.bytes, line.eol);
        if seen.level.is_some() && !seen.continues {
            told.levelled += 1;
            told.warnings += usize::from(seen.level == Some(Level::Warning));
            told.errors += usize::from(seen.level >= Some(Level::Error));
        }
        match ended(line.bytes) {
            Some(Ended::Summary(face)) => told.face = Some(face),
            Some(Ended::Built(value)) => told.built = Some(value),
            None => {}
        }
        rest = &rest[line.consumed..];
    }
    assert_eq!(rest, b"", "{name}: every byte is in a line");
    told
}

#[test]
fn luigis_own_lines_and_last_words_are_understood_in_every_recording() {
    use Face::{Failed, Fine, Missing, Retried, Scheduling};
    for (name, levelled, warnings, errors, face) in [
        ("bad.w4.INFO.stderr", 13, 2, 0, Some(Scheduling)),
        ("build.RootFails.default.stderr", 26, 0, 1, Some(Failed)),
        ("build.RootFlaky.retry.stderr", 22, 0, 2, Some(Retried)),
        ("build.RootFlaky.retry.stdout", 0, 0, 0, Some(Retried)),
        ("dag12.w1.DEBUG.stderr", 103, 0, 0, Some(Fine)),
        ("dag12.w4.INFO.stderr", 52, 0, 0, Some(Fine)),
        ("dag12.w4.INFO.unbuffered.stderr", 52, 0, 0, Some(Fine)),
        ("dag12.w4.WARNING.stdout", 0, 0, 0, None),
        ("disabled.stderr", 30, 0, 1, Some(Failed)),
        ("dynamic.w4.INFO.stderr", 26, 0, 0, Some(Fine)),
        ("external.w4.INFO.stderr", 11, 1, 0, Some(Missing)),
        ("fails.w1.INFO.stderr", 14, 0, 1, Some(Failed)),
        ("fails.w4.DEBUG.stderr", 33, 0, 1, Some(Failed)),
        ("flaky-keepalive.w4.DEBUG.stderr", 97, 0, 2, Some(Retried)),
        ("flaky-noretry.w4.INFO.stderr", 13, 0, 1, Some(Failed)),
        ("killself.w4.INFO.stderr", 13, 0, 0, Some(Failed)),
        ("logging-conf.stdout", 15, 0, 0, Some(Fine)),
        ("progress.w4.DEBUG.stderr", 26, 0, 0, Some(Fine)),
        ("rc-external.stderr", 11, 1, 0, Some(Missing)),
        ("rc-fails.stderr", 14, 0, 1, Some(Failed)),
        ("sig.INT.group.w4.stderr", 109, 0, 0, None),
        ("sig.TERM.parent.w4.stderr", 43, 0, 0, None),
        ("timeout.w4.INFO.stderr", 8, 0, 0, Some(Failed)),
        ("unfulfilled.w4.INFO.stderr", 17, 0, 2, Some(Failed)),
        ("version-3.0.3.stderr", 14, 0, 0, Some(Failed)),
        ("version-3.6.0.stderr", 14, 0, 1, Some(Failed)),
    ] {
        let expected = Told { levelled, warnings, errors, face, built: None };
        assert_eq!(told(&format!("luigi/{name}")), expected, "{name}");
    }
}

#[test]
fn planexes_two_copies_of_the_log_are_understood_alike() {
    use Face::{Failed, Fine};
    for (name, levelled, warnings, errors, face, built) in [
        ("complete.stdout", 81, 3, 0, Some(Fine), Some(true)),
        ("complete.stderr", 74, 0, 0, Some(Fine), None),
        ("failed.stdout", 149, 3, 6, Some(Failed), Some(false)),
        ("failed.stderr", 219, 0, 1, Some(Failed), None),
    ] {
        let expected = Told { levelled, warnings, errors, face, built };
        assert_eq!(told(&format!("planexe/{name}")), expected, "{name}");
    }
}

#[test]
fn every_line_of_a_traceback_has_the_level_of_the_error_it_explains() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/luigi/fails.w1.INFO.stderr");
    let text = std::fs::read_to_string(path).unwrap();
    let mut recogniser = Recogniser::default();
    let errors: Vec<&str> = text
        .lines()
        .filter(|line| recogniser.see(line.as_bytes(), Eol::Lf).level == Some(Level::Error))
        .collect();
    assert!(errors[0].contains("failed    Fails()"), "{errors:#?}");
    assert_eq!(errors[1], "Traceback (most recent call last):");
    assert_eq!(errors[errors.len() - 2..], ["lab.Inner: a message", "of three lines"]);
}
