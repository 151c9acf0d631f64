//! The demo, as a newcomer meets it: real Luigi, three plans, the right verdicts.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

/// The folder of a Python that can import luigi, made by the test command.
fn python_folder() -> PathBuf {
    let made = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/luigi/bin/python");
    let python = std::env::var_os("PLANWATCH_TEST_PYTHON").map_or(made, PathBuf::from);
    assert!(python.exists(), "no {}: run the test command of the README", python.display());
    python.parent().unwrap().to_owned()
}

struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Stage {
        Stage { folder: tempfile::tempdir().unwrap() }
    }

    fn planwatch(&self, args: &[&str]) -> Command {
        let mut path = python_folder().into_os_string();
        path.push(":/usr/bin:/bin");
        let mut command = Command::new(env!("CARGO_BIN_EXE_planwatch"));
        command.args(args).env_clear().env("PATH", path).env("HOME", self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn demo(&self) -> Child {
        self.planwatch(&["demo"]).spawn().unwrap()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.planwatch(&["stop", "--stop-timeout", "0", "demo-*"]).output();
    }
}

#[track_caller]
fn ended_well(demo: Child) -> (String, String) {
    let Output { status, stdout, stderr } = demo.wait_with_output().unwrap();
    let (stdout, stderr) = (String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap());
    assert_eq!(status.code(), Some(0), "stdout:\n{stdout}\nstderr:\n{stderr}");
    (stdout, stderr)
}

#[test]
fn the_demo_ends_with_the_right_verdicts_also_beside_another_and_again() {
    let stage = Stage::new();
    let (first, second) = (stage.demo(), stage.demo());
    let (stdout, stderr) = ended_well(first);
    for words in [
        "demo-dag      SUCCEEDED",
        "demo-failing  FAILED",
        "Luigi says :( because there were failed tasks",
        "Luigi says :) because there were failed tasks but they all succeeded in a retry",
        "rm -r ~/.cache/planwatch/demo",
    ] {
        assert!(stderr.contains(words), "no '{words}' in:\n{stderr}");
    }
    for words in ["KeyError: 'threats'", "Report: printing (3 of 3)", "the model answered"] {
        assert!(stdout.contains(words), "no '{words}' in:\n{stdout}");
    }
    ended_well(second);
    let verified = stage.planwatch(&["verify"]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
}
