//! Starting ourselves in another role.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use rustix::process::Rlimit;

use super::kernel;

/// Starts this very program with other arguments, in the background: nothing on its standard
/// input and output, `diagnostics` as its standard error.
pub fn spawn_self(args: &[String], diagnostics: Option<File>) -> io::Result<Child> {
    in_background(args, diagnostics).spawn()
}

/// The same for this home, which our own environment may name by a path from here.
pub fn spawn_for(home: &Path, args: &[String], diagnostics: Option<File>) -> io::Result<Child> {
    in_background(args, diagnostics).env("PLANWATCH_HOME", home).spawn()
}

/// The same, where `told` is its standard input.
pub fn spawn_told(
    home: &Path,
    args: &[String],
    diagnostics: Option<File>,
    told: impl Into<Stdio>,
) -> io::Result<Child> {
    in_background(args, diagnostics).env("PLANWATCH_HOME", home).stdin(told).spawn()
}

fn in_background(args: &[String], diagnostics: Option<File>) -> Command {
    let mut command = itself();
    command
        .args(args)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(diagnostics.map_or_else(Stdio::null, Stdio::from));
    command
}

/// A command that runs this very program, also when its file has been replaced meanwhile.
pub fn itself() -> Command {
    let through_proc = PathBuf::from("/proc/self/exe");
    let program = match through_proc.exists() {
        true => through_proc,
        false => std::env::current_exe().unwrap_or(through_proc),
    };
    let mut command = Command::new(program);
    command.arg0("planwatch");
    // What we start is never part of the run that we may be a part of.
    for name in ["PLANWATCH_PLAN", "PLANWATCH_RUN", "PLANWATCH_RUN_TOKEN", "PLANWATCH_EVENTS"] {
        command.env_remove(name);
    }
    if let Some(limit) = OPEN_FILES.get() {
        kernel::with_open_files(&mut command, *limit);
    }
    command
}

/// The limit of descriptors for what we start, where ours was changed since.
static OPEN_FILES: OnceLock<Rlimit> = OnceLock::new();

/// What we start from now on has this limit of descriptors, whatever ours becomes.
pub(super) fn give_open_files(limit: Rlimit) {
    // The first one is that of the user.
    let _ = OPEN_FILES.set(limit);
}

/// Whether a child could not be waited for because somebody else in this process has reaped it.
pub fn is_reaped(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ECHILD)
}

/// SIGKILL to the whole process group that this process leads.
pub fn kill_group(leader: i32) -> io::Result<()> {
    let leader = rustix::process::Pid::from_raw(leader).ok_or(io::ErrorKind::InvalidInput)?;
    Ok(rustix::process::kill_process_group(leader, rustix::process::Signal::KILL)?)
}

/// Lets the next program inherit this descriptor.
pub fn keep_over_exec(fd: impl AsFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::empty())?)
}

/// The opposite.
pub fn close_over_exec(fd: impl AsFd) -> io::Result<()> {
    Ok(rustix::io::fcntl_setfd(fd, rustix::io::FdFlags::CLOEXEC)?)
}

/// Writes to a pipe may block from here on: what a program expects of its standard streams.
pub fn make_blocking(fd: impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(&fd)?;
    Ok(rustix::fs::fcntl_setfl(fd, flags - rustix::fs::OFlags::NONBLOCK)?)
}

/// A second descriptor of the same file with a number of at least `least`, inherited by the next
/// program.
pub fn duplicate_from(fd: impl AsFd, least: i32) -> io::Result<std::os::fd::OwnedFd> {
    let copy = rustix::io::fcntl_dupfd_cloexec(fd, least)?;
    keep_over_exec(&copy)?;
    Ok(copy)
}

/// Makes the file at `path` standard input.
pub fn replace_stdin(path: &std::path::Path) -> io::Result<()> {
    let file = File::open(path)?;
    Ok(rustix::stdio::dup2_stdin(&file)?)
}

/// Puts `/dev/null` where standard input and output were: whoever waits for their end goes on.
pub fn let_go_of_starter() -> io::Result<()> {
    let null = File::options().read(true).write(true).open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(rustix::stdio::dup2_stdout(&null)?)
}
