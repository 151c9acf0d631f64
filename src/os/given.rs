//! What `/proc` tells of a process that somebody else started: what it was given, where it stands,
//! what it has open. Some of it is hidden from who may not look (ptrace(2), "access mode checking").

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use super::proc::{self, FileId};

/// What came of asking a process for a variable of its environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// It was given this.
    Is(OsString),
    /// It was not given it, or is gone.
    Not,
    /// We may not look.
    Hidden,
}

/// The value of a variable in the environment a process was given.
pub fn variable(pid: i32, name: &str) -> Given {
    let text = match fs::read(format!("/proc/{pid}/environ")) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Given::Hidden,
        Err(_) => return Given::Not,
    };
    let mut pairs = text.split(|&byte| byte == 0);
    let value = pairs.find_map(|pair| pair.strip_prefix(name.as_bytes())?.strip_prefix(b"="));
    value.map_or(Given::Not, |value| Given::Is(OsString::from_vec(value.to_vec())))
}

/// The file or folder that `path` is for the process, links followed there: it may live below
/// another root, and a relative path begins at its own folder.
pub fn seen_by(pid: i32, path: &OsStr) -> Option<FileId> {
    let path = Path::new(path);
    let here = match path.strip_prefix("/") {
        Ok(below) => PathBuf::from(format!("/proc/{pid}/root")).join(below),
        Err(_) => PathBuf::from(format!("/proc/{pid}/cwd")).join(path),
    };
    proc::file_id(&here).ok()
}

/// Its program and arguments; empty where nobody can tell.
pub fn command_line(pid: i32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let line = line.strip_suffix(b"\0").unwrap_or(&line);
    if line.is_empty() {
        return Vec::new();
    }
    line.split(|&byte| byte == 0).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
}

/// The folder it works in.
pub fn folder(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// The user it runs as.
pub fn owner(pid: i32) -> Option<u32> {
    Some(fs::metadata(format!("/proc/{pid}")).ok()?.uid())
}

/// Whether a process may be sent signals by us.
pub fn may_signal(pid: i32) -> bool {
    let Some(number) = rustix::process::Pid::from_raw(pid) else { return false };
    rustix::process::test_kill_process(number) != Err(rustix::io::Errno::PERM)
}

/// The regular file that is its descriptor `fd`, by its path. None if it is anything else.
pub fn open_file(pid: i32, fd: i32) -> io::Result<Option<PathBuf>> {
    let link = PathBuf::from(format!("/proc/{pid}/fd/{fd}"));
    let path = match fs::read_link(&link) {
        Ok(path) => path,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let Ok(meta) = fs::metadata(&link) else { return Ok(None) };
    // A file that was removed has a path that says so, and that is not the path of any file.
    let same = fs::metadata(&path)
        .is_ok_and(|there| (there.dev(), there.ino()) == (meta.dev(), meta.ino()));
    Ok((meta.is_file() && same).then_some(path))
}

/// Whether it runs this very program.
pub fn is_ourselves(pid: i32) -> bool {
    let program = |whose: &str| proc::file_id(Path::new(&format!("/proc/{whose}/exe"))).ok();
    let its = program(&pid.to_string());
    its.is_some() && its == program("self")
}

/// The processes above this one, the nearest first.
pub fn ancestors(pid: i32) -> Vec<i32> {
    let mut above = Vec::new();
    let mut at = pid;
    while let Ok(Some(stat)) = proc::stat(at)
        && stat.parent > 0
        && !above.contains(&stat.parent)
    {
        above.push(stat.parent);
        at = stat.parent;
    }
    above
}

/// Milliseconds since a process of this boot began, by its start time in clock ticks.
pub fn age_ms(start: u64) -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let now_ms = now.tv_sec.unsigned_abs() * 1000 + now.tv_nsec.unsigned_abs() / 1_000_000;
    now_ms.saturating_sub(start * 10)
}

/// The name of a user, or its number.
pub fn user_name(uid: u32) -> String {
    let known = fs::read("/etc/passwd").unwrap_or_default();
    let wanted = uid.to_string();
    for line in known.split(|&byte| byte == b'\n') {
        let mut fields = line.split(|&byte| byte == b':');
        if let (Some(name), Some(number)) = (fields.next(), fields.nth(1))
            && number == wanted.as_bytes()
        {
            return OsStr::from_bytes(name).to_string_lossy().into_owned();
        }
    }
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_shows_what_it_was_given_and_has_open() {
        let temp = tempfile::tempdir().unwrap();
        let (log, dir) = (temp.path().join("log"), temp.path().join("dir"));
        fs::create_dir(&dir).unwrap();
        let link = temp.path().join("link");
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        let mut child = std::process::Command::new("cat")
            .env("RUN_ID_DIR", "link")
            .current_dir(temp.path())
            .stdin(std::process::Stdio::piped())
            .stdout(fs::File::create(&log).unwrap())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        // A program that has written has its environment.
        io::Write::write_all(child.stdin.as_mut().unwrap(), b"x").unwrap();
        while fs::metadata(&log).unwrap().len() == 0 {
            std::thread::yield_now();
        }
        assert_eq!(variable(pid, "RUN_ID_DIR"), Given::Is("link".into()));
        assert_eq!(variable(pid, "RUN_ID"), Given::Not);
        assert_eq!(seen_by(pid, OsStr::new("link")), proc::file_id(&dir).ok());
        assert_eq!(seen_by(pid, link.as_os_str()), proc::file_id(&dir).ok());
        assert_eq!(open_file(pid, 1).unwrap(), Some(log.canonicalize().unwrap()));
        assert_eq!(open_file(pid, 2).unwrap(), None);
        assert_eq!(command_line(pid), ["cat"]);
        assert!(may_signal(pid) && !is_ourselves(pid));
        assert!(ancestors(pid).contains(&i32::try_from(std::process::id()).unwrap()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(variable(pid, "RUN_ID_DIR"), Given::Not);
        assert_eq!(user_name(0), "root");
    }
}
