//! The log in the hands of other programs: jq, lnav, zstdcat, and what `logs` writes for others.

use std::process::{Command, Stdio};

use serde_json::Value;

use crate::harness::{Home, records::content};

/// A plan with Luigi's own lines, from a run of it that failed.
fn home() -> Home {
    let home = Home::new();
    let text = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/luigi/fails.w4.DEBUG.stderr");
    let text = std::fs::read(text).unwrap();
    let record = home.planwatch(["record", "--segment-size", "64KiB", "plan"]);
    record.input(&text.repeat(60)).any_code().may_speak().runs();
    home.until_quiet();
    home
}

/// What a program says; None where it is not installed.
fn said(program: &str, args: &[&str], home: &Home) -> Option<String> {
    let command = Command::new(program)
        .args(args)
        .env("HOME", home.path())
        .env("TERM", "dumb")
        .env("XDG_CONFIG_HOME", home.file("none"))
        .stdin(Stdio::null())
        .output();
    let Ok(done) = command else {
        eprintln!("skipped: {program} is not installed (tests/run.sh installs it)");
        return None;
    };
    assert!(done.status.success(), "{program}: {}", String::from_utf8_lossy(&done.stderr));
    Some(String::from_utf8(done.stdout).unwrap())
}

fn errors(home: &Home) -> usize {
    let errors = home.records("plan").0;
    errors.iter().filter(|record| record["level"] == "error").count()
}

#[test]
fn jq_and_zstdcat_read_the_log_as_it_lies_there() {
    let home = home();
    let log = home.plan_dir("plan").join("log");
    let count = |files: &str, cat: &str| {
        let script = format!(
            "cd {} && {cat} {files} | jq -c 'select(.level==\"error\")' | wc -l",
            log.display()
        );
        said("sh", &["-c", &script], &home)?.trim().parse::<usize>().ok()
    };
    if said("jq", &["--version"], &home).is_some() {
        assert_eq!(count("*.jsonl", "cat"), Some(errors(&home)));
    }
    home.planwatch(["prune"]).prints_something().runs();
    assert!(home.segments("plan").iter().any(|path| path.extension().is_some_and(|e| e == "zst")));
    if said("zstdcat", &["--version"], &home).is_some()
        && said("jq", &["--version"], &home).is_some()
    {
        assert_eq!(count("*.jsonl*", "zstdcat -f"), Some(errors(&home)));
    }
}

#[test]
fn lnav_knows_the_format_once_doctor_has_told_it() {
    let home = home();
    home.planwatch(["prune"]).prints_something().runs();
    let doctor = |args: &[&str]| {
        let doctor =
            home.planwatch(["doctor"]).args(args).env("HOME", &home.path().display().to_string());
        doctor
            .env("XDG_CONFIG_HOME", &home.file("none").display().to_string())
            .any_code()
            .prints_something()
            .may_speak()
            .runs()
            .stdout
    };
    let Some(_) = said("lnav", &["-V"], &home) else { return };
    assert!(doctor(&[]).contains("does not know the log's format"));
    assert!(doctor(&["--fix"]).contains("mended"));
    assert!(doctor(&[]).contains("it knows the log's format"));
    let segments: Vec<String> =
        home.segments("plan").iter().map(|path| path.display().to_string()).collect();
    assert!(segments.len() > 2);
    let query = ";select count(*) as n from planwatch_log where log_level = 'error'";
    let mut args = vec!["-n", "-c", query, "-c", ":write-csv-to -"];
    args.extend(segments.iter().map(String::as_str));
    let csv = said("lnav", &args, &home).unwrap();
    assert_eq!(csv.split_whitespace().collect::<Vec<_>>(), ["n", &errors(&home).to_string()]);
}

#[test]
fn every_form_tells_every_record() {
    let home = home();
    let all = home.records("plan").0;
    let form =
        |form: &str| home.planwatch(["logs", "-o", form, "plan"]).prints_something().runs().stdout;
    let stored: Vec<u8> =
        home.segments("plan").iter().flat_map(|path| content(path).unwrap()).collect();
    assert!(form("json").into_bytes() == stored);
    assert_eq!(form("logfmt").lines().count(), all.len());
    let export = form("export");
    assert_eq!(export.matches("\n\n").count(), all.len());
    let otlp = form("otlp-json");
    let bodies: Vec<Value> = otlp
        .lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            line["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"]["stringValue"].clone()
        })
        .collect();
    assert!(bodies.iter().eq(all.iter().map(|record| &record["msg"])));
}

#[test]
fn the_journal_takes_what_is_exported_for_it() {
    let home = home();
    let remote = "/lib/systemd/systemd-journal-remote";
    if !std::path::Path::new(remote).exists() {
        return eprintln!(
            "skipped: {remote} is not installed (apt install systemd-journal-remote)"
        );
    }
    let export = home.planwatch(["logs", "-o", "export", "plan"]).prints_something().runs().stdout;
    let (input, journal) = (home.file("export"), home.file("plan.journal"));
    std::fs::write(&input, export).unwrap();
    let journal = journal.display().to_string();
    said(remote, &["-o", &journal, &input.display().to_string()], &home);
    let script = format!("journalctl --file {journal} -o json | wc -l");
    let count = said("sh", &["-c", &script], &home).unwrap();
    assert_eq!(count.trim().parse::<usize>().unwrap(), home.records("plan").0.len());
}
