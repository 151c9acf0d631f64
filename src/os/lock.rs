//! fcntl record locks (fcntl_locking(2)): held until the process dies, never inherited by a fork.

use std::fs::File;
use std::io;

use rustix::fs::{FlockOperation, fcntl_lock};
use rustix::io::Errno;
use rustix::process::{Flock, FlockType, fcntl_getlk};

/// Takes an exclusive lock of the whole file. False if somebody else holds it.
pub fn try_lock(file: &File) -> io::Result<bool> {
    match fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// Takes the lock, as soon as nobody else has it.
pub fn wait_for_lock(file: &File) -> io::Result<()> {
    loop {
        match fcntl_lock(file, FlockOperation::LockExclusive) {
            Err(Errno::INTR) => {}
            taken => return Ok(taken?),
        }
    }
}

/// Pid of the process that holds a lock on the file, asked without taking one. `Some(0)` is a
/// holder in another pid namespace or on another host.
pub fn lock_holder(file: &File) -> io::Result<Option<i32>> {
    let found = fcntl_getlk(file, &Flock::from(FlockType::WriteLock))?;
    Ok(found.map(|lock| lock.pid.map_or(0, |pid| pid.as_raw_nonzero().get())))
}

/// The user id that decides what this process may do.
pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}
