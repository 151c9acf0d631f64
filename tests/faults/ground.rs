//! The ground that a fault is made on, and its return to what it was.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether this may mount and limit; says it where not.
pub(crate) fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        println!("skipped: this needs root");
    }
    root
}

/// Whether a tool is installed; says it where not.
pub(crate) fn has(tool: &str) -> bool {
    let there = Command::new(tool).arg("--version").output().is_ok();
    if !there {
        println!("skipped: {tool} is not installed");
    }
    there
}

/// The turn of those that change what all share: loop devices, settings of the kernel.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A setting of the kernel that is another for a while.
pub(crate) struct Setting {
    path: &'static str,
    before: String,
}

impl Setting {
    /// Only in one's turn.
    pub(crate) fn set(path: &'static str, to: &str) -> Setting {
        let before = std::fs::read_to_string(path).unwrap();
        std::fs::write(path, to).unwrap();
        Setting { path, before }
    }
}

impl Drop for Setting {
    fn drop(&mut self) {
        let _ = std::fs::write(self.path, &self.before);
    }
}
