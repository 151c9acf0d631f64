//! Processes as `/proc` shows them, known as a test's own by the home in their environment.

use std::path::Path;

use rustix::process::{Pid, Signal};

/// A process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proc {
    pub(crate) pid: i32,
    pub(crate) argv: Vec<String>,
}

impl Proc {
    pub(crate) fn signal(&self, signal: Signal) {
        signal_pid(self.pid, signal);
    }

    /// The letter of its state, None once it is gone.
    pub(crate) fn state(&self) -> Option<char> {
        state(self.pid)
    }

    /// Its resident size, in KiB.
    pub(crate) fn resident_kib(&self) -> Option<u64> {
        status_kib(self.pid, "VmRSS:")
    }

    /// The largest resident size it ever had, in KiB.
    pub(crate) fn peak_kib(&self) -> Option<u64> {
        status_kib(self.pid, "VmHWM:")
    }
}

pub(crate) fn signal_pid(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = rustix::process::kill_process(pid, signal);
    }
}

/// The letter of a process's state; None if it is gone.
pub(crate) fn state(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit_once(')')?.1.trim().chars().next()
}

fn status_kib(pid: i32, key: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(key))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

/// Every living process (no zombies) whose environment carries this home.
pub(crate) fn of_home(home: &Path) -> Vec<Proc> {
    let mark = format!("PLANWATCH_HOME={}", home.display());
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(environ) = std::fs::read(entry.path().join("environ")) else { continue };
        if environ.split(|&byte| byte == 0).any(|variable| variable == mark.as_bytes()) {
            found.push(Proc { pid, argv: argv(pid) });
        }
    }
    found
}

pub(crate) fn argv(pid: i32) -> Vec<String> {
    let bytes = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    text.trim_end_matches('\0').split('\0').map(str::to_owned).collect()
}

/// Who holds a lock on this file, as the kernel says.
pub(crate) fn lock_holder(file: &Path) -> Option<i32> {
    use std::os::unix::fs::MetadataExt;
    let inode = format!(":{}", std::fs::metadata(file).ok()?.ino());
    let locks = std::fs::read_to_string("/proc/locks").ok()?;
    locks.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let held = fields.get(1)? == &"POSIX" && fields.get(5)?.ends_with(&inode);
        if held { fields.get(4)?.parse().ok() } else { None }
    })
}
