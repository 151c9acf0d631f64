//! Which machine this is and which boot of it, and what this process is to it.

use std::io::{self, Read as _, Write as _};

use rustix::process::{getpid, set_child_subreaper};

/// Identity of this boot: process ids and start times mean nothing beyond it.
pub fn boot_id() -> String {
    std::fs::read_to_string("/proc/sys/kernel/random/boot_id")
        .map(|text| text.trim().to_owned())
        .unwrap_or_default()
}

/// The host's name.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Orphans among our descendants become our children, not the system's
/// (PR_SET_CHILD_SUBREAPER(2const)).
pub fn become_subreaper() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// A new session without a terminal. False if we lead a group already, which is as good where it
/// has no terminal.
pub fn own_session() -> bool {
    rustix::process::setsid().is_ok()
}

/// The mode bits that new files do not get, from here on.
pub fn set_umask(mask: u32) {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
}

/// The name that `ps` and `top` show.
pub fn set_process_name(name: &std::ffi::CStr) {
    // A wrong name in a list is not worth an error.
    let _ = rustix::thread::set_name(name);
}

/// Sixteen bytes that nobody can guess, in hexadecimal.
pub fn random_token() -> io::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A byte that nobody can guess.
pub fn random_byte() -> io::Result<u8> {
    let mut byte = [0];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut byte)?;
    Ok(byte[0])
}

/// Says something on standard error, if that can be done: where it is a file on a full disk, or a
/// pipe that nobody reads, going on matters more (`eprintln!` would end the process).
pub fn complain(what: &str) {
    let _ = io::stderr().write_all(format!("planwatch: {what}\n").as_bytes());
}

/// Whether we are the first process: of a container, or of the whole machine. Nobody else reaps
/// orphans then, and no signal has an effect but those that are listened to (pid_namespaces(7)).
pub fn is_first_process() -> bool {
    std::process::id() == 1
}
