//! Sealed segments are compressed behind the back of everybody who reads them.

use crate::harness::{Home, Step, scale};

/// The names in a plan's log folder.
fn names(home: &Home) -> Vec<String> {
    let entries = std::fs::read_dir(home.plan_dir("plan").join("log")).unwrap().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn compressed(home: &Home) -> usize {
    names(home).iter().filter(|name| name.ends_with(".zst")).count()
}

#[test]
fn a_long_run_is_compressed_while_it_is_recorded_and_followed() {
    let home = Home::of_ordinary_user();
    let steps =
        [Step::Both(scale(90_000, 1_000_000)), Step::Gate(home.file("gate")), Step::Both(10)];
    let follower = home
        .planwatch(["logs", "-f", "-o", "json", "--after", "0", "plan"])
        .prints_something()
        .may_speak()
        .spawn();
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "1MiB"], &steps)
        .prints("plan\n")
        .may_speak()
        .runs();
    home.until("segments are compressed", || (compressed(&home) > 4).then_some(()));
    home.touch("gate");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    let followed = follower.ends().stdout;
    home.until_quiet();
    assert!(names(&home).iter().all(|name| !name.starts_with('.')), "{:?}", names(&home));
    let read = home.planwatch(["logs", "-o", "json", "plan"]).prints_something().runs().stdout;
    assert!(followed == read, "a follower from the beginning sees what is read at the end");
    home.audit("plan").run(1, &steps).holds();
    home.planwatch(["verify", "plan"]).prints_something().runs();
}

#[test]
fn prune_compresses_what_is_sealed_and_never_means_never() {
    let home = Home::new();
    let steps = [Step::Both(4_000)];
    for compress in ["never", "sealed"] {
        home.run_oracle(&["-n", "plan", "--segment-size", "64KiB", "--compress", compress], &steps)
            .prints_something()
            .may_speak()
            .runs();
        home.until_quiet();
        let before = names(&home);
        let would = home.planwatch(["prune", "--dry-run"]).prints_something().runs().stdout;
        assert_eq!(names(&home), before);
        let did = home.planwatch(["prune"]).prints_something().runs().stdout;
        if compress == "never" {
            assert_eq!(names(&home), before);
        } else {
            assert!(would.contains("would compress") && did.contains("compressed"), "{would}{did}");
            assert_eq!(compressed(&home), before.len() - 1);
        }
        home.audit("plan").holds();
    }
    home.audit("plan").run(1, &steps).run(2, &steps).holds();
    home.planwatch(["verify"]).prints_something().runs();
    // Another run goes on where it stopped, and everything is found again.
    home.run_oracle(&["-n", "plan"], &[Step::Both(1)]).prints_something().may_speak().runs();
    let count =
        home.planwatch(["logs", "--count", "-o", "cat", "-s", "stdout", "--run", "1", "plan"]);
    count.prints("4000\n").runs();
    let last = home.planwatch(["logs", "-o", "cat", "-s", "stdout", "-n", "1", "plan@2"]);
    assert!(last.prints_something().runs().stdout.starts_with("o00003999"));
    home.planwatch(["tasks", "plan"]).any_code().prints_something().may_speak().runs();
    home.planwatch(["prune", "--total", "100KiB"]).prints_something().runs();
    let pruned = home.planwatch(["logs", "--count", "-o", "json", "--after", "0", "plan"]);
    pruned.prints_something().says("pruned").runs();
    home.audit("plan").pruned().holds();
}
