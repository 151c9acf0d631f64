//! Who lives: a lock file per process, held by an fcntl record lock until that process dies.
//!
//! F_GETLK asks without taking and names the holder; a forked child does not inherit the lock
//! (fcntl_locking(2)). The lock counts, and the content of the file is for people; but on FUSE each
//! mount has locks of its own, and there a process that lives and is named holds the lock.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::os::limits::{FileSystem, file_system};
use crate::os::lock::{lock_holder, try_lock};
use crate::os::pidfd::{Pidfd, boot_id};
use crate::os::proc;

/// A held lock. All locks of a file end when *any* of the process's descriptors of it is closed,
/// so a process must not open its own lock file again: ask [`Lock::holder`] about others only.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Who holds it no more is not named any more, though he may live on.
        let _ = self.file.set_len(0);
    }
}

/// What a holder writes about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id; 0 if it lives in another pid namespace or on another host.
    pub pid: i32,
    /// Start time in clock ticks since boot.
    #[serde(default)]
    pub start: u64,
    /// Boot id of its host.
    #[serde(default)]
    pub boot: String,
    /// Its host's name.
    #[serde(default)]
    pub host: String,
}

impl Lock {
    /// Takes the lock, or tells who holds it. `me` becomes the file's content.
    pub fn take(path: &Path, me: &Holder) -> io::Result<Result<Lock, Holder>> {
        loop {
            let mut file = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .custom_flags(libc::O_NOFOLLOW)
                .open(path)
                .map_err(|error| not_a_link(path, error))?;
            if !try_lock(&file)? {
                match lock_holder(&file)? {
                    Some(pid) if outlived(pid)? => continue,
                    Some(pid) => return Ok(Err(Lock::describe(path, pid))),
                    None => continue,
                }
            }
            // Somebody may have removed the file between our open and our lock.
            let held = file.metadata()?;
            match std::fs::metadata(path) {
                Ok(there) if there.ino() == held.ino() && there.dev() == held.dev() => {}
                _ => continue,
            }
            if let Some(other) = unseen_holder(path).filter(|other| other.pid != me.pid) {
                return Ok(Err(other));
            }
            file.set_len(0)?;
            // A full disk must not stop a supervisor: the content is a comment.
            let _ = file.write_all(&serde_json::to_vec(me)?);
            return Ok(Ok(Lock { file }));
        }
    }

    /// Who holds the lock, if anybody does. Never call this for a lock the process itself holds.
    pub fn holder(path: &Path) -> io::Result<Option<Holder>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        Ok(match lock_holder(&file)? {
            Some(pid) => Some(Lock::describe(path, pid)),
            None => unseen_holder(path),
        })
    }

    /// The same, once whoever was killed is gone: see [`outlived`].
    pub fn lasting_holder(path: &Path) -> io::Result<Option<Holder>> {
        loop {
            let holder = Lock::holder(path)?;
            match &holder {
                Some(holder) if outlived(holder.pid)? => {}
                _ => return Ok(holder),
            }
        }
    }

    fn describe(path: &Path, pid: i32) -> Holder {
        let written: Option<Holder> =
            std::fs::read(path).ok().and_then(|text| serde_json::from_slice(&text).ok());
        match written {
            Some(holder) if holder.pid == pid => holder,
            _ => Holder { pid, ..Holder::default() },
        }
    }
}

/// Who holds the lock through another mount of a file system whose locks are not seen there: whom the
/// file names, if that is a living process of this machine.
fn unseen_holder(path: &Path) -> Option<Holder> {
    if file_system(path) != Some(FileSystem::Remote("FUSE")) {
        return None;
    }
    let holder: Holder = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
    let process = Pidfd::open(holder.pid, Some(holder.start)).ok()??;
    (holder.boot == boot_id() && !process.has_ended()).then_some(holder)
}

/// How long one that was killed may take to be gone: it may be in the middle of a write to a disk.
const DYING: Duration = Duration::from_secs(2);

/// Waits for a holder that was killed: he holds his locks until his last thread is gone, but does
/// nothing any more. False if he lives, or will not go.
fn outlived(pid: i32) -> io::Result<bool> {
    // Of one in another pid namespace nothing can be seen.
    if pid <= 0 || !proc::is_ending(pid) {
        return Ok(false);
    }
    match Pidfd::open(pid, None)? {
        Some(process) => process.wait_for_end(Some(DYING)),
        None => Ok(true),
    }
}

/// What is planted in the place of a lock is not written through.
fn not_a_link(path: &Path, error: io::Error) -> io::Error {
    match error.raw_os_error() {
        Some(libc::ELOOP) => io::Error::other(format!("{} is a link: refused", path.display())),
        _ => error,
    }
}
