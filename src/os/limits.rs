//! What the system allows this user and this process.

use std::io;
use std::path::Path;

use rustix::process::{Resource, getrlimit};

/// Descriptors that a process may have open; None for no limit.
pub fn open_files() -> Option<u64> {
    getrlimit(Resource::Nofile).current
}

/// A number below `/proc/sys`, such as `fs/pipe-user-pages-soft`; None where there is none.
pub fn setting(name: &str) -> Option<u64> {
    std::fs::read_to_string(Path::new("/proc/sys").join(name)).ok()?.trim().parse().ok()
}

/// Bytes and files that this user may still put on the file system of `path`.
pub fn free(path: &Path) -> io::Result<(u64, u64)> {
    let stat = rustix::fs::statvfs(path)?;
    Ok((stat.f_bavail * stat.f_frsize, stat.f_favail))
}

/// The kernel's release, such as `6.18.2`.
pub fn kernel() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}

/// The kernel's version as two numbers, to be compared.
pub fn kernel_version() -> (u32, u32) {
    let release = kernel();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit()).map(|part| part.parse().ok());
    let mut next = || numbers.next().flatten().unwrap_or(0);
    (next(), next())
}
