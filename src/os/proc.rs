//! What `/proc` tells about processes (proc(5)). Everything read here may be out of date when it is
//! returned: to act on a process, hold it by a pidfd first.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// The part of `/proc/PID/stat` that matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Process id.
    pub pid: i32,
    /// `R`, `S`, `D`, `T`, `Z` …
    pub state: u8,
    /// Parent.
    pub parent: i32,
    /// Process group.
    pub group: i32,
    /// Session.
    pub session: i32,
    /// The kernel's flags of its first thread (field 9: PF_ in include/linux/sched.h).
    pub flags: u64,
    /// Processor time of the process and its reaped children, in clock ticks.
    pub cpu_ticks: u64,
    /// Start time in clock ticks since boot.
    pub start: u64,
    /// Wait status, once it is a zombie (field 52; 0 where we may not see it).
    pub exit_code: i32,
}

impl Stat {
    /// Milliseconds of processor time. A tick is a hundredth of a second on every architecture that
    /// Linux reports to users.
    pub fn cpu_ms(&self) -> u64 {
        self.cpu_ticks * 10
    }

    /// Whether it has ended and only waits to be reaped.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, b'Z' | b'X')
    }
}

/// Reads one line of `/proc/PID/stat`. The second field is the program's name in parentheses, and
/// may itself hold anything, also parentheses and spaces: the last `)` ends it.
pub fn parse_stat(text: &[u8]) -> Option<Stat> {
    let name_end = memchr::memrchr(b')', text)?;
    let name_start = memchr::memchr(b'(', text)?;
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let pid = number(std::str::from_utf8(text.get(..name_start)?).ok()?)?;
    let rest = std::str::from_utf8(text.get(name_end + 1..)?).ok()?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    // The first of these is field 3 of the manual page.
    let field = |n: usize| fields.get(n - 3).copied();
    let small = |n: usize| i32::try_from(number(field(n)?)?).ok();
    let large = |n: usize| field(n)?.parse::<u64>().ok();
    Some(Stat {
        pid: i32::try_from(pid).ok()?,
        state: *field(3)?.as_bytes().first()?,
        parent: small(4)?,
        group: small(5)?,
        session: small(6)?,
        flags: large(9)?,
        cpu_ticks: large(14)? + large(15)? + large(16).unwrap_or(0) + large(17).unwrap_or(0),
        start: large(22)?,
        exit_code: small(52).unwrap_or(0),
    })
}

/// What there is to know of a process. None if there is no such process.
pub fn stat(pid: i32) -> io::Result<Option<Stat>> {
    match fs::read(format!("/proc/{pid}/stat")) {
        Ok(text) => Ok(parse_stat(&text)),
        Err(error) if gone(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a process is on its way out: killed, or ended but for some of its threads. Until the last
/// of them is gone it holds its locks, and its pidfd shows nothing (pidfd_open(2)).
pub fn is_ending(pid: i32) -> bool {
    // PF_EXITING and PF_SIGNALED.
    const GOING: u64 = 0x4 | 0x400;
    let Ok(Some(stat)) = stat(pid) else { return true };
    stat.is_dead() || stat.flags & GOING != 0 || has_kill_pending(pid)
}

/// Whether a SIGKILL waits to be acted upon: nothing can refuse it.
fn has_kill_pending(pid: i32) -> bool {
    let Ok(status) = fs::read_to_string(format!("/proc/{pid}/status")) else { return false };
    status
        .lines()
        .filter_map(|line| line.strip_prefix("SigPnd:").or_else(|| line.strip_prefix("ShdPnd:")))
        .filter_map(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .any(|mask| mask & (1 << (libc::SIGKILL - 1)) != 0)
}

/// Start time of whoever has this process id now.
pub fn start_time(pid: i32) -> Option<u64> {
    stat(pid).ok().flatten().map(|stat| stat.start)
}

/// Whether every process of this machine can be listed: we are in the first of its pid namespaces,
/// whose number is the same everywhere (`PROC_PID_INIT_INO`, Linux 3.8 on).
pub fn sees_all_namespaces() -> bool {
    fs::read_link("/proc/self/ns/pid").is_ok_and(|name| name == Path::new("pid:[4026531836]"))
}

/// The processes there are, without their threads.
pub fn all() -> io::Result<Vec<i32>> {
    let mut pids = Vec::new();
    for entry in fs::read_dir("/proc")? {
        if let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) {
            pids.push(pid);
        }
    }
    Ok(pids)
}

/// A process and all below it, by every number they have in a pid namespace that they are in: their
/// own words about themselves name the innermost.
pub fn family(pid: i32) -> io::Result<Vec<i32>> {
    let mut stats = Vec::new();
    for other in all()? {
        stats.extend(stat(other)?);
    }
    let mut below = vec![pid];
    let mut at = 0;
    while let Some(&parent) = below.get(at) {
        below.extend(stats.iter().filter(|stat| stat.parent == parent).map(|stat| stat.pid));
        at += 1;
    }
    let inside = below.iter().flat_map(|&pid| numbers(pid)).collect::<Vec<i32>>();
    below.extend(inside);
    Ok(below)
}

/// The numbers of a process in the pid namespaces it is in, the outermost first.
pub fn numbers(pid: i32) -> Vec<i32> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let numbers = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap_or_default();
    numbers.split_ascii_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// Whether a process was given exactly this `NAME=value` in its environment. False where we may
/// not look.
pub fn was_given(pid: i32, pair: &[u8]) -> bool {
    match fs::read(format!("/proc/{pid}/environ")) {
        Ok(text) => text.split(|&byte| byte == 0).any(|known| known == pair),
        Err(_) => false,
    }
}

/// The value of a variable in the environment a process was given.
pub fn given(pid: i32, name: &str) -> Option<String> {
    let text = fs::read(format!("/proc/{pid}/environ")).ok()?;
    text.split(|&byte| byte == 0).find_map(|pair| {
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        String::from_utf8(value.to_vec()).ok()
    })
}

/// Whether a process is one of planwatch's own background processes: this very program in such a
/// role, be it for another plan.
pub fn is_background(pid: i32) -> bool {
    let Ok(line) = fs::read(format!("/proc/{pid}/cmdline")) else { return false };
    let role = line.split(|&byte| byte == 0).nth(1).unwrap_or_default();
    let roles: [&[u8]; 4] = [b"__supervise", b"__record", b"__queue", b"__compress"];
    roles.contains(&role)
        && file_id(Path::new(&format!("/proc/{pid}/exe"))).ok()
            == file_id(Path::new("/proc/self/exe")).ok()
}

/// Device and inode of a file: what two descriptors of it have in common.
pub type FileId = (u64, u64);

/// The identity of the file at a path, links followed.
pub fn file_id(path: &Path) -> io::Result<FileId> {
    let meta = fs::metadata(path)?;
    Ok((meta.dev(), meta.ino()))
}

/// Who holds one of these files open for writing: pairs of a process id and an index into `files`,
/// each once. Processes of other users are not seen unless we are root.
pub fn writers(files: &[FileId]) -> io::Result<Vec<(i32, usize)>> {
    let mut found = Vec::new();
    for pid in all()? {
        let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { continue };
        for entry in entries.flatten() {
            let Ok(id) = file_id(&entry.path()) else { continue };
            let Some(index) = files.iter().position(|&file| file == id) else { continue };
            let name = entry.file_name();
            let Ok(info) = fs::read(format!("/proc/{pid}/fdinfo/{}", name.display())) else {
                continue;
            };
            if is_for_writing(&info) && !found.contains(&(pid, index)) {
                found.push((pid, index));
            }
        }
    }
    Ok(found)
}

/// Whether `/proc/PID/fdinfo/N` speaks of a descriptor that can be written to. Its flags are octal,
/// the last two bits the access mode (open(2)).
pub fn is_for_writing(info: &[u8]) -> bool {
    std::str::from_utf8(info)
        .ok()
        .and_then(|text| text.lines().find_map(|line| line.strip_prefix("flags:")))
        .and_then(|flags| u64::from_str_radix(flags.trim(), 8).ok())
        .is_some_and(|flags| flags & 0o3 != 0)
}

fn gone(error: &io::Error) -> bool {
    // ESRCH: the process went away between the opening and the reading.
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

/// How often the kernel has killed a process for want of memory since it was started, cgroups
/// included; None where it does not tell.
pub fn killed_for_memory() -> Option<u64> {
    let counters = fs::read_to_string("/proc/vmstat").ok()?;
    let line = counters.lines().find_map(|line| line.strip_prefix("oom_kill "))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LINE: &str = "4711 (a) R (b) Z 1 4700 4699 0 -1 4194304 100 200 0 0 7 5 30 20 20 0 1 0 \
        98765 0 0 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 256\n";

    #[test]
    fn a_program_name_with_parentheses_and_spaces_moves_no_field() {
        let stat = parse_stat(LINE.as_bytes()).unwrap();
        assert_eq!((stat.pid, stat.state, stat.parent), (4711, b'Z', 1));
        assert_eq!((stat.group, stat.session, stat.start), (4700, 4699, 98765));
        assert_eq!((stat.cpu_ticks, stat.exit_code), (62, 256));
        assert!(stat.is_dead());
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_fall(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_stat(&text);
            let _ = is_for_writing(&text);
        }
    }

    #[test]
    fn we_find_ourselves_in_proc() {
        let me = i32::try_from(std::process::id()).unwrap();
        let stat = stat(me).unwrap().unwrap();
        assert_eq!(stat.pid, me);
        assert!(stat.start > 0 && !stat.is_dead());
        assert!(all().unwrap().contains(&me));
        assert_eq!(super::stat(i32::MAX).unwrap(), None);
    }

    #[test]
    fn a_process_is_known_by_what_it_was_given() {
        let mut child = std::process::Command::new("cat")
            .env("PLANWATCH_RUN_TOKEN", "abc")
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        // A program that answers has its environment.
        io::Write::write_all(child.stdin.as_mut().unwrap(), b"x").unwrap();
        io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut [0]).unwrap();
        let seen = (
            given(pid, "PLANWATCH_RUN_TOKEN"),
            was_given(pid, b"PLANWATCH_RUN_TOKEN=abc"),
            was_given(pid, b"PLANWATCH_RUN_TOKEN=ab"),
        );
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(seen, (Some("abc".to_owned()), true, false));
    }

    #[test]
    fn a_fifo_is_held_by_who_can_write_to_it_not_by_who_reads() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("fifo");
        super::super::fifo::make(&path).unwrap();
        let files = [file_id(&path).unwrap()];
        let _reader = super::super::fifo::open_read(&path).unwrap();
        assert_eq!(writers(&files).unwrap(), []);
        let _writer = super::super::fifo::open_write(&path).unwrap();
        let me = i32::try_from(std::process::id()).unwrap();
        assert_eq!(writers(&files).unwrap(), [(me, 0)]);
    }
}
