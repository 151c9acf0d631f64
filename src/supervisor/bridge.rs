//! The bridge: what makes the plan's Python report Luigi's events.
//!
//! Two files of Python lie in a folder of the plan, and that folder is put in front of PYTHONPATH.
//! Python's start-up imports the first, `sitecustomize.py`, which does nothing but wait for the
//! import of `luigi`; only then it loads the second, so that a process without Luigi pays next to
//! nothing. Each event is one line of JSON, one write into the FIFO that PLANWATCH_EVENTS names.
//!
//! The folder belongs to the plan and stays from run to run: Python keeps its compiled form there,
//! and a process that outlives its run still finds it. What surprises: the bridge must never be in
//! the way, so whatever is wrong with it only means that a run goes without, and its tasks are known
//! from Luigi's lines alone.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::DirBuilderExt as _;

use crate::model::Stream;
use crate::os::host;
use crate::store::layout::PlanDir;
use crate::store::snapshot;

const FILES: [(&str, &str); 2] = [
    ("sitecustomize.py", include_str!("bridge/sitecustomize.py")),
    ("luigi_events.py", include_str!("bridge/luigi_events.py")),
];

/// Lays out the files, unless they lie there as this release has them. False if that is impossible.
pub(super) fn lies_ready(plan: &PlanDir) -> bool {
    match lay(plan) {
        Ok(()) => true,
        Err(error) => {
            host::complain(&format!("{} runs without the bridge: {error}", plan.name()));
            false
        }
    }
}

fn lay(plan: &PlanDir) -> io::Result<()> {
    let folder = plan.bridge();
    // The only character that a folder in PYTHONPATH cannot have.
    if folder.as_os_str().as_bytes().contains(&b':') {
        return Err(io::Error::other(format!("there is a colon in {}", folder.display())));
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    for (name, text) in FILES {
        let path = folder.join(name);
        // Written anew, it would be compiled anew.
        if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            snapshot::save(&path, text.as_bytes(), false)?;
        }
    }
    Ok(())
}

/// What the bridge adds to the environment of a run. `python_path` is what PYTHONPATH would be
/// without it.
pub(super) fn variables(
    plan: &PlanDir,
    run: u64,
    python_path: Option<&OsStr>,
) -> [(&'static str, OsString); 2] {
    let mut path = plan.bridge().into_os_string();
    // An empty entry would mean the folder that the plan runs in.
    if let Some(before) = python_path.filter(|before| !before.is_empty()) {
        path.push(":");
        path.push(before);
    }
    let events = plan.run_pipe(run, &Stream::Events);
    [("PYTHONPATH", path), ("PLANWATCH_EVENTS", events.into_os_string())]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::layout::Home;
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

    #[test]
    fn the_files_are_private_and_written_only_when_they_change() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        assert!(lies_ready(&plan));
        let file = plan.bridge().join("sitecustomize.py");
        let before = fs::metadata(&file).unwrap();
        assert_eq!(before.permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(plan.bridge()).unwrap().permissions().mode() & 0o777, 0o700);
        assert!(lies_ready(&plan));
        assert_eq!(fs::metadata(&file).unwrap().ino(), before.ino());
        fs::write(&file, "print('of another release')").unwrap();
        assert!(lies_ready(&plan));
        assert_eq!(fs::read_to_string(&file).unwrap(), FILES[0].1);
    }

    #[test]
    fn the_folder_stands_first_and_never_adds_an_empty_entry() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        let path = |before: Option<&str>| {
            let [(_, path), _] = variables(&plan, 3, before.map(OsStr::new));
            path.into_string().unwrap().replace(plan.bridge().to_str().unwrap(), "BRIDGE")
        };
        assert_eq!(path(None), "BRIDGE");
        assert_eq!(path(Some("")), "BRIDGE");
        assert_eq!(path(Some("a:b")), "BRIDGE:a:b");
    }

    #[test]
    fn a_home_that_python_could_not_name_goes_without() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home::open(&temp.path().join("a:b")).unwrap();
        assert!(!lies_ready(&home.plan(&"p".parse().unwrap())));
    }
}
