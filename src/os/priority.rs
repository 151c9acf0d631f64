//! Work that may wait until everybody else has what they need.

use std::io;

use super::kernel;

/// Puts this process behind all others: the lowest share of the processors, and the disk only while
/// nobody else wants it.
pub fn lowest() -> io::Result<()> {
    rustix::process::setpriority_process(None, 19)?;
    kernel::idle_disk()
}
