//! Logs of every released format are read for ever.

use crate::harness::{Home, Records};

/// A home as it was left by the release that wrote format 1.
fn home_of_format_1() -> Home {
    let home = Home::new();
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/format-1");
    copy(&from, &home.path());
    home
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    std::fs::DirBuilder::new().mode(0o700).create(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).unwrap();
            std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o600)).unwrap();
        }
    }
}

#[test]
fn a_log_of_format_1_is_read_as_it_was_written() {
    let home = home_of_format_1();
    let done = home.planwatch(["logs", "-o", "json", "old"]).prints_something().runs();
    let log: String =
        home.segments("old").iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(done.stdout, log);
    home.planwatch(["verify", "old"]).prints_something().may_speak().runs();
    home.audit("old").holds();
    let cat = home.planwatch(["logs", "-o", "cat", "--stream", "stdout", "--run", "1", "old"]);
    let wanted = home.records("old").bytes(1, "stdout");
    assert_eq!(cat.prints_something().runs().stdout, String::from_utf8_lossy(&wanted));
}

#[test]
fn the_state_of_a_plan_of_format_1_is_known_with_and_without_its_cache() {
    let home = home_of_format_1();
    for _ in 0..2 {
        let list =
            home.planwatch(["ps", "-a", "-o", "json"]).prints_something().may_speak().runs().json();
        assert_eq!(list[0]["plan"], "old");
        assert_eq!((&list[0]["run"], &list[0]["verdict"]), (&2.into(), &"failed".into()), "{list}");
        let _ = std::fs::remove_file(home.plan_dir("old").join("status.json"));
    }
    home.planwatch(["wait", "old"]).code(3).prints("old failed 3\n").may_speak().runs();
}

#[test]
fn a_log_of_format_1_is_gone_on_with() {
    let home = home_of_format_1();
    let last = home.records("old").last_seq();
    home.planwatch(["run", "-n", "old", "--", "echo", "new"]).prints_something().may_speak().runs();
    let report = home.audit("old").holds();
    assert_eq!(report.verdicts[&3], ("succeeded".to_owned(), 0));
    assert!(report.last_seq > last);
    home.until_quiet();
}

#[test]
fn keys_that_this_release_does_not_know_are_passed_on() {
    let home = home_of_format_1();
    let segment = home.segments("old").pop().unwrap();
    let text = std::fs::read_to_string(&segment).unwrap();
    let text = text.replacen("\"msg\":", "\"from_the_future\":{\"a\":[1]},\"msg\":", 3);
    std::fs::write(&segment, &text).unwrap();
    let done = home.planwatch(["logs", "-o", "json", "old"]).prints_something().may_speak().runs();
    assert_eq!(done.stdout.matches("from_the_future").count(), 3);
    assert!(Records::read(&home.plan_dir("old").join("log")).len() > 3);
}
