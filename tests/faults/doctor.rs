//! `doctor` in homes in which something is wrong.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use rustix::process::Signal;

use crate::harness::{Cmd, Done, Home, Step};

fn doctor(home: &Home, args: &[&str], code: i32) -> Done {
    let done = home.planwatch(["doctor"]).args(args).any_code().prints_something().runs();
    assert_eq!(done.code, code, "{}", done.stdout);
    done
}

#[track_caller]
fn says(done: &Done, words: &[&str]) {
    for word in words {
        assert!(done.stdout.contains(word), "{word:?} is missing in\n{}", done.stdout);
    }
}

#[test]
fn doctor_names_what_is_wrong_and_mends_what_is_safe() {
    let home = Home::new();
    home.run_oracle(&["-n", "plan"], &[Step::Both(30)]).prints_something().may_speak().runs();
    home.until_quiet();
    says(&doctor(&home, &[], 0), &["yours alone", "file system", "every plan that runs"]);

    // Open to others: found anywhere, mended.
    let spec = home.plan_dir("plan").join("plan.json");
    std::fs::set_permissions(&spec, Permissions::from_mode(0o644)).unwrap();
    std::fs::set_permissions(home.path(), Permissions::from_mode(0o755)).unwrap();
    says(&doctor(&home, &[], 1), &["PROBLEM", "open to others", "--fix"]);
    says(&doctor(&home, &["--fix"], 0), &["mended"]);
    assert_eq!(spec.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    says(&doctor(&home, &[], 0), &["yours alone"]);

    // Half a record, then what a power cut leaves.
    let segment = home.segments("plan").pop().unwrap();
    let whole = std::fs::read(&segment).unwrap();
    let append = |bytes: &[u8]| {
        let mut file = std::fs::File::options().append(true).open(&segment).unwrap();
        file.write_all(bytes).unwrap();
    };
    append(b"{\"ts\":\"2026-");
    says(&doctor(&home, &[], 0), &["half a record", "plan"]);
    append(&[0; 100]);
    says(&doctor(&home, &[], 1), &["PROBLEM", "power cut", "verify"]);
    std::fs::write(&segment, whole).unwrap();

    // Nobody looks after a plan that runs.
    let steps = [Step::Both(3), Step::Gate(home.file("gate")), Step::Both(3)];
    home.run_oracle(&["-d", "-n", "alone"], &steps).prints("alone\n").may_speak().runs();
    home.until_record("alone", "it runs", |record| record["stream"] == "stderr");
    let keepers = [
        home.until("it is looked after", || home.supervisor("alone")),
        home.until("it is recorded", || home.recorder("alone")),
    ];
    for signal in [Signal::STOP, Signal::KILL] {
        keepers.iter().for_each(|keeper| keeper.signal(signal));
    }
    home.until("they are dead", || {
        keepers.iter().all(|keeper| matches!(keeper.state(), None | Some('Z'))).then_some(())
    });
    says(&doctor(&home, &[], 1), &["nobody looks after alone", "--fix"]);
    says(&doctor(&home, &["--fix"], 0), &["taken up again: alone"]);
    home.touch("gate");
    home.planwatch(["wait", "alone"]).prints("alone succeeded 0\n").may_speak().runs();
    home.audit("alone").run(1, &steps).holds();

    // Another program of this name looks after a plan; a newer one wrote another.
    let other = home.file("planwatch");
    std::fs::copy(home.program(), &other).unwrap();
    let mut run = Command::new(&other);
    run.env("PLANWATCH_HOME", home.path()).args(["run", "-d", "-n", "older", "--", "sleep", "99"]);
    Cmd::of(run).code(0).runs();
    says(&doctor(&home, &[], 0), &["another planwatch program looks after older"]);
    home.planwatch(["stop", "older"]).prints_something().may_speak().runs();
    let mut newer: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&spec).unwrap()).unwrap();
    newer["format"] = 2.into();
    std::fs::write(&spec, newer.to_string()).unwrap();
    says(&doctor(&home, &[], 1), &["a newer planwatch wrote plan"]);
    home.until_quiet();

    // No inotify: it works, more weakly. Nothing is asked of a person.
    let mut limited = Command::new("unshare");
    limited.args(["-Ur", "sh", "-c"]);
    limited.args(["echo 0 > /proc/sys/user/max_inotify_instances && exec \"$@\"", "sh"]);
    std::fs::remove_dir_all(home.plan_dir("plan")).unwrap();
    let done = home.planwatch(["doctor"]).under(limited).runs();
    says(&done, &["followers look again and again", "max_user_instances"]);
}
