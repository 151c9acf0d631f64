//! Names that lead astray, links that others planted, homes of others, many who want the same.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use crate::ground::is_root;
use crate::harness::{Home, Step};

#[test]
fn names_that_lead_out_of_the_home_or_break_a_line_are_refused_with_the_rule() {
    let home = Home::new();
    let long = "x".repeat(65);
    for name in ["../x", "/etc", "a/b", "..", ".", "-x", "a\nb", "a b", "é", "аdmin", &long, ""] {
        for args in [
            &["run", "-n", name, "--", "true"][..],
            &["record", "--", name],
            &["stop", "--", name],
            &["rm", "--", name],
        ] {
            let done = home.planwatch(args.iter().copied()).any_code().may_speak().runs();
            assert!([2, 4, 125].contains(&done.code), "{args:?}: {} {}", done.code, done.stderr);
            assert!(done.stdout.is_empty() && !done.stderr.is_empty(), "{args:?}");
            assert!(done.stderr.lines().count() < 8, "{args:?}: {}", done.stderr);
        }
    }
    let made = std::fs::read_dir(home.path().join("plans"));
    assert_eq!(made.map_or(0, Iterator::count), 0);
    assert!(!home.file("x").exists());
}

#[test]
fn links_planted_in_the_home_are_not_followed_but_the_home_itself_may_be_one() {
    let home = Home::new();
    let (real, outside) = (home.file("real"), home.file("outside"));
    for folder in [&real, &outside] {
        std::fs::create_dir(folder).unwrap();
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).unwrap();
    }
    symlink(&real, home.path()).unwrap();
    home.run_oracle(&["-n", "plan"], &[Step::Both(3)]).prints_something().may_speak().runs();
    home.until_quiet();
    home.audit("plan").run(1, &[Step::Both(3)]).holds();
    // A whole plan, its log, its state: each in turn a link to somewhere else.
    let plans = home.path().join("plans");
    symlink(&outside, plans.join("whole")).unwrap();
    std::fs::create_dir(plans.join("part")).unwrap();
    symlink(&outside, plans.join("part/log")).unwrap();
    for plan in ["whole", "part"] {
        home.run_oracle(&["-n", plan], &[Step::Both(3)])
            .code(125)
            .says("link")
            .may_speak()
            .any_code()
            .runs();
    }
    std::fs::create_dir(plans.join("file")).unwrap();
    let target = home.file("target");
    std::fs::write(&target, "mine").unwrap();
    for name in ["plan.json", ".plan.json.saving", "diagnostics.log", "recorder.lock"] {
        symlink(&target, plans.join("file").join(name)).unwrap();
    }
    home.run_oracle(&["-n", "file"], &[Step::Both(3)])
        .any_code()
        .prints_something()
        .may_speak()
        .runs();
    home.until_quiet();
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "mine");
    home.planwatch(["rm", "whole"]).any_code().prints_something().may_speak().runs();
    home.planwatch(["prune", "--older-than", "0s"])
        .any_code()
        .prints_something()
        .may_speak()
        .runs();
    assert_eq!(std::fs::read_dir(&outside).unwrap().count(), 0, "something was written outside");
}

#[test]
fn what_is_written_is_for_its_owner_alone_whatever_the_umask_and_another_user_reads_nothing() {
    if !is_root() {
        return;
    }
    let home = Home::of_ordinary_user();
    let mut loose = Command::new("sh");
    loose.args(["-c", "umask 0; exec \"$@\"", "sh"]);
    home.run_oracle(&["-n", "plan"], &[Step::Both(300)]).under(loose).code(0).runs();
    home.until_quiet();
    let mut left = vec![home.path()];
    while let Some(folder) = left.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().flatten() {
            let meta = std::fs::symlink_metadata(entry.path()).unwrap();
            let mode = meta.permissions().mode() & 0o077;
            assert!(mode == 0 || meta.is_symlink(), "{} {mode:o}", entry.path().display());
            left.extend(meta.is_dir().then(|| entry.path()));
        }
    }
    let mut other = Command::new("setpriv");
    other.args(["--reuid=65533", "--regid=65533", "--clear-groups"]);
    other.args(["cat"]).arg(home.plan_dir("plan").join("plan.json"));
    let done = crate::harness::Cmd::of(other).runs();
    assert!(done.code != 0 && done.stdout.is_empty());
}

#[test]
fn a_request_that_comes_in_pieces_or_never_ends_harms_nobody() {
    use std::io::Write as _;
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "plan"], &[Step::Both(2), Step::Idle])
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until_record("plan", "it runs", |record| record["stream"] == "stderr");
    let path = home.plan_dir("plan").join("pipes/requests");
    let mut pipe = std::fs::File::options().write(true).open(&path).unwrap();
    pipe.write_all(b"{\"id\":\"half").unwrap();
    for _ in 0..40 {
        pipe.write_all(&[b'x'; 4096]).unwrap();
    }
    pipe.write_all(b"\n\0\xff\n{}\n[1]\nnull\n{\"verb\":\"stop\"}\n").unwrap();
    home.planwatch(["ps"]).prints_something().runs();
    home.planwatch(["stop", "plan"]).prints_something().may_speak().runs();
    home.planwatch(["wait", "plan"]).code(143).prints("plan stopped 143\n").may_speak().runs();
    home.until_quiet();
    assert_eq!(home.audit("plan").holds().events["run.stopping"], 1);
}

#[test]
fn locks_and_pipes_that_dead_processes_left_behind_are_in_nobodys_way() {
    let home = Home::new();
    home.run_oracle(&["-n", "plan"], &[Step::Both(3)]).prints_something().may_speak().runs();
    home.until_quiet();
    let dir = home.plan_dir("plan");
    let holder = r#"{"pid":1,"start":1,"boot":"x","host":"another"}"#;
    for lock in ["supervisor.lock", "recorder.lock"] {
        std::fs::write(dir.join(lock), holder).unwrap();
    }
    std::fs::remove_file(dir.join("pipes/requests")).unwrap();
    std::fs::create_dir(dir.join("pipes/2")).unwrap();
    std::fs::write(dir.join("spool/7.stdout.0"), "of a run that never was").unwrap();
    home.run_oracle(&["-n", "plan"], &[Step::Seed(2), Step::Both(3)])
        .prints_something()
        .may_speak()
        .runs();
    home.until_quiet();
    home.audit("plan").run(1, &[Step::Both(3)]).run(2, &[Step::Seed(2), Step::Both(3)]).holds();
}
