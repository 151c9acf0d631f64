//! Where a measurement lies: a folder, a home, processes and what the kernel counts for them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// A folder with a PLANWATCH_HOME; dropping it stops what lives there.
pub(crate) struct Bed {
    dir: tempfile::TempDir,
}

impl Bed {
    pub(crate) fn new() -> Bed {
        Bed { dir: tempfile::Builder::new().prefix("planwatch-bench-").tempdir().unwrap() }
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn planwatch(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_planwatch"));
        command.args(args).env("PLANWATCH_HOME", self.file("home")).current_dir(self.dir.path());
        command
    }

    /// The command line of the writer.
    pub(crate) fn writer(&self, mode: &str, count: usize) -> Vec<String> {
        let me = std::env::current_exe().unwrap();
        let told = [me, "writer".into(), mode.into(), count.to_string().into()];
        let files = [self.file("go"), self.file("written"), self.file("gate")];
        told.into_iter().chain(files).map(|path| path.display().to_string()).collect()
    }

    /// Starts the writer as a plan.
    pub(crate) fn run(&self, plan: &str, options: &[&str], mode: &str, count: usize) {
        let mut command = self.planwatch(&["run", "-d", "-n", plan]);
        command.args(options).arg("--").args(self.writer(mode, count));
        assert!(command.output().unwrap().status.success(), "{command:?}");
    }

    /// Waits until the writer has written everything; how long that took it.
    pub(crate) fn until_written(&self) -> Duration {
        until(|| self.file("written").exists());
        let took = std::fs::read_to_string(self.file("written")).unwrap();
        Duration::from_nanos(took.parse().unwrap())
    }

    /// Lets the writer begin.
    pub(crate) fn go(&self) {
        std::fs::write(self.file("go"), "").unwrap();
    }

    /// Lets the writer end.
    pub(crate) fn open_gate(&self) {
        std::fs::write(self.file("gate"), "").unwrap();
    }

    /// The pid in a lock file of a plan.
    pub(crate) fn holder(&self, plan: &str, lock: &str) -> u32 {
        let path = self.file("home/plans").join(plan).join(lock);
        let mut pid = 0;
        until(|| {
            let text = std::fs::read_to_string(&path).unwrap_or_default();
            let value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            pid = value["pid"].as_u64().unwrap_or(0) as u32;
            pid != 0
        });
        pid
    }
}

impl Drop for Bed {
    fn drop(&mut self) {
        let _ = self.planwatch(&["stop", "--stop-timeout", "0", "*"]).output();
    }
}

pub(crate) fn until(mut condition: impl FnMut() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(300), "waited in vain");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Nanoseconds on a processor of all threads of a process, ended ones included
/// (clock_getcpuclockid(3)). 0 once it is gone.
#[allow(unsafe_code, reason = "two system calls that no safe library offers")]
pub(crate) fn cpu_ns(pid: u32) -> u64 {
    let mut clock = 0;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: both calls write through pointers to values of ours that outlive them.
    let told = unsafe {
        libc::clock_getcpuclockid(pid as libc::pid_t, &raw mut clock) == 0
            && libc::clock_gettime(clock, &raw mut time) == 0
    };
    if told { time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64 } else { 0 }
}

/// So much work, done now and then, is not what a process was given to do: a timer that saves
/// something, say.
const BLIP_NS: u64 = 1_000_000;

/// Waits until a process has had nothing to do for 60 ms; gives the moment when it came to rest.
pub(crate) fn until_at_rest(pid: u32) -> Instant {
    let (mut last, mut since) = (cpu_ns(pid), Instant::now());
    until(|| {
        let now = cpu_ns(pid);
        if now > last + BLIP_NS {
            (last, since) = (now, Instant::now());
        }
        since.elapsed() > Duration::from_millis(60)
    });
    since
}

/// A line of `/proc/PID/status` or `smaps_rollup` in KiB.
pub(crate) fn kib(pid: u32, file: &str, key: &str) -> u64 {
    let text = std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join(file));
    let text = text.unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|word| word.parse().ok()).unwrap_or(0)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Whether a program of this name can be started.
pub(crate) fn is_installed(program: &str) -> bool {
    std::env::var_os("PATH").is_some_and(|path| {
        std::env::split_paths(&path).any(|folder| folder.join(program).exists())
    })
}
