//! Running other programs to their end.

use std::ffi::OsStr;
use std::io;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a program with nothing to read and nothing shown; true if it exits with 0, false if it does
/// not, or cannot be run at all.
pub fn succeeds(program: &Path, args: &[&str]) -> bool {
    Command::new(program)
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a program to its end; whatever it prints goes to our standard error. The exit code, None
/// for a signal.
pub fn shown(program: &Path, args: &[&OsStr]) -> io::Result<Option<i32>> {
    let stderr = io::stderr().as_fd().try_clone_to_owned()?;
    let status = Command::new(program).args(args).stdin(Stdio::null()).stdout(stderr).status()?;
    Ok(status.code())
}

/// Runs this very program to its end, with further variables in its environment. Its exit code,
/// None for a signal, and what it printed on standard error; what it printed on standard output
/// goes nowhere.
pub fn itself(args: &[&OsStr], env: &[(&str, &OsStr)]) -> io::Result<(Option<i32>, Vec<u8>)> {
    let done = super::child::itself()
        .args(args)
        .envs(env.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    Ok((done.status.code(), done.stderr))
}

/// The first executable file of this name in the folders of `path`, as a shell would find it.
pub fn find(name: &str, path: &OsStr) -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    path.as_bytes()
        .split(|&byte| byte == b':')
        .filter(|folder| !folder.is_empty())
        .map(|folder| Path::new(OsStr::from_bytes(folder)).join(name))
        .find(|file| {
            rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok() && file.is_file()
        })
}

/// The file that this program was started from; None if it is gone.
pub fn path_of_itself() -> Option<std::path::PathBuf> {
    std::fs::read_link("/proc/self/exe").ok().filter(|path| path.exists())
}
