//! `planwatch ps`, `inspect`, `rm`, `prune`, `doctor`: what there is, and tidying up.

use crate::harness::{Home, Step};

#[test]
fn ps_lists_what_runs_and_what_ended_today() {
    let home = Home::new();
    home.planwatch(["ps", "-o", "json"]).prints("[]\n").may_speak().runs();
    home.run_oracle(&["-n", "ended"], &[Step::Both(3), Step::Exit(3)])
        .code(3)
        .prints_something()
        .may_speak()
        .runs();
    home.run_oracle(&["-d", "-n", "alive"], &[Step::Both(4), Step::Idle])
        .prints("alive\n")
        .may_speak()
        .runs();
    home.until_record("alive", "it writes", |record| record["stream"] == "stderr");
    let find = |plan: &str| {
        let list =
            home.planwatch(["ps", "-o", "json"]).prints_something().may_speak().runs().json();
        list.as_array().unwrap().iter().find(|entry| entry["plan"] == plan).cloned().unwrap()
    };
    let ended = find("ended");
    assert_eq!(
        (&ended["state"], &ended["verdict"]),
        (&"ended".into(), &"failed".into()),
        "{ended}"
    );
    assert_eq!(ended["exit"]["code"], 3);
    assert_eq!(ended["last_seq"], home.records("ended").last_seq());
    let alive = home.until("its state is known", || {
        let alive = find("alive");
        (alive["state"] == "running" && alive["pid"].is_i64()).then_some(alive)
    });
    assert_eq!(alive["run"], 1);
    assert_eq!(home.planwatch(["ps", "-q"]).prints_something().runs().lines().len(), 2);
    let table = home.planwatch(["ps"]).prints_something().may_speak().runs().stdout;
    assert!(
        table.contains("alive") && table.contains("ended") && table.contains("failed"),
        "{table}"
    );
    let lines = home.planwatch(["ps", "-o", "jsonl"]).prints_something().may_speak().runs();
    assert_eq!(lines.lines().len(), 2);
}

#[test]
fn inspect_tells_everything_but_the_values_of_the_environment() {
    let home = Home::new();
    home.run_oracle(&["-n", "plan", "-e", "KEY=hidden-value"], &[Step::Exit(0)])
        .prints_something()
        .may_speak()
        .runs();
    let done = home.planwatch(["inspect", "plan"]).prints_something().runs();
    let all = done.json().to_string();
    assert!(all.contains("KEY") && all.contains("exit:0") && all.contains("succeeded"), "{all}");
    assert!(!all.contains("hidden-value"));
}

#[test]
fn rm_removes_ended_plans_and_refuses_running_ones() {
    let home = Home::new();
    home.run_oracle(&["-n", "old"], &[]).prints_something().may_speak().runs();
    home.run_oracle(&["-d", "-n", "new"], &[Step::Idle]).prints("new\n").may_speak().runs();
    home.until_quiet_but("new");
    home.planwatch(["rm", "old"]).prints_something().may_speak().runs();
    assert!(!home.plan_dir("old").exists());
    home.planwatch(["rm", "new"]).code(5).says("new").prints_something().runs();
    assert!(home.plan_dir("new").exists());
    home.planwatch(["rm", "old"]).code(4).says("old").prints_something().runs();
}

#[test]
fn prune_says_what_it_would_free_before_it_frees_it() {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB"], &[Step::Both(2_000)])
        .prints("plan\n")
        .may_speak()
        .runs();
    home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    home.run_oracle(&["-n", "plan"], &[Step::Both(1)]).prints_something().may_speak().runs();
    home.until_quiet();
    let before = home.segments("plan").len();
    let would =
        home.planwatch(["prune", "--keep", "2", "--dry-run"]).prints_something().may_speak().runs();
    assert_eq!(home.segments("plan").len(), before);
    let did = home.planwatch(["prune", "--keep", "2"]).prints_something().may_speak().runs();
    assert_eq!(home.segments("plan").len(), 2);
    // The same segments and bytes, before and after; what would have gone is not compressed first.
    let removed = |said: &str, verb: &str| {
        let line = said.lines().find_map(|line| line.strip_prefix(&format!("plan: {verb} ")));
        line.unwrap_or_else(|| panic!("{verb}: {said}")).to_owned()
    };
    let gone = removed(&would.stdout, "would remove");
    assert!(gone.starts_with(&format!("{} segments, ", before - 2)), "{gone}");
    assert_eq!(removed(&did.stdout, "removed"), gone);
    assert!(removed(&would.stdout, "would compress").starts_with("1 segment, "), "{would:?}");
    assert!(removed(&did.stdout, "compressed").starts_with("1 segment, "), "{did:?}");
    home.audit("plan").pruned().holds();
    home.planwatch(["verify", "plan"]).prints_something().may_speak().runs();
}

#[test]
fn nothing_is_deleted_in_a_folder_that_is_not_a_home() {
    let home = Home::new();
    std::fs::create_dir_all(home.path().join("plans/x/log")).unwrap();
    std::fs::write(home.path().join("plans/x/log/000000000000000001.jsonl"), "precious").unwrap();
    home.planwatch(["prune", "--keep", "1"]).any_code().prints_something().may_speak().runs();
    home.planwatch(["rm", "x"]).any_code().prints_something().may_speak().runs();
    assert!(home.path().join("plans/x/log/000000000000000001.jsonl").exists());
}

#[test]
fn a_home_of_a_newer_release_is_left_alone() {
    let home = Home::new();
    std::fs::create_dir_all(home.path()).unwrap();
    std::fs::write(home.path().join("format"), "planwatch-state 99\n").unwrap();
    home.run_oracle(&["-n", "x"], &[]).any_code().says("99").prints_something().runs();
    assert!(!home.path().join("plans").exists());
}

#[test]
fn doctor_finds_nothing_wrong_with_a_healthy_home() {
    let home = Home::new();
    home.run_oracle(&["-n", "x"], &[]).prints_something().may_speak().runs();
    home.planwatch(["doctor"]).any_code().prints_something().may_speak().runs();
}

#[test]
fn everything_under_the_home_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "x"], &[Step::Both(3), Step::Idle])
        .prints("x\n")
        .may_speak()
        .runs();
    let mut folders = vec![home.path()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let data = path.symlink_metadata().unwrap();
            if data.is_symlink() {
                continue;
            }
            assert_eq!(data.permissions().mode() & 0o077, 0, "{}", path.display());
            if data.is_dir() {
                folders.push(path);
            }
        }
    }
}
