//! Disks that are full, broken, read-only or gone.

use crate::ground::is_root;
use crate::harness::Home;

#[test]
fn a_home_that_others_own_is_refused_and_named() {
    if !is_root() {
        return;
    }
    let home = Home::of_ordinary_user();
    std::fs::create_dir(home.path()).unwrap();
    std::fs::write(home.path().join("format"), "planwatch-state 1\n").unwrap();
    let path = home.path().display().to_string();
    for command in [&["run", "-n", "plan", "--", "true"][..], &["ps"], &["logs", "x"], &["prune"]] {
        home.planwatch(command.iter().copied()).code(5).says(&path).says("belongs to").runs();
    }
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}
