//! Named pipes: making, opening, sizing, and moving bytes through them without copying them
//! through this process (fifo(7), pipe(7), splice(2)).

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::time::Duration;

use rustix::fs::{CWD, FallocateFlags, FileType, Mode, OFlags, fallocate, mknodat, open};
use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, fcntl_setpipe_size, splice};

use super::poll::{self, PollFd, PollFlags};

/// Makes a FIFO, mode 0600. An existing file is an error.
pub fn make(path: &Path) -> io::Result<()> {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    Ok(())
}

/// Makes a FIFO unless there is one already; anything else at that path is an error.
pub fn ensure(path: &Path) -> io::Result<()> {
    match make(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            use std::os::unix::fs::FileTypeExt as _;
            if std::fs::symlink_metadata(path)?.file_type().is_fifo() {
                Ok(())
            } else {
                Err(io::Error::other(format!("{} is not a FIFO", path.display())))
            }
        }
        other => other,
    }
}

/// Opens for reading without waiting for a writer. Reads and splices never block.
pub fn open_read(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(
        path,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW,
        Mode::empty(),
    )?)
}

/// Opens for both, so that the FIFO never ends and its content never dies. Never blocks (Linux).
pub fn open_both(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(
        path,
        OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW,
        Mode::empty(),
    )?)
}

/// Opens for writing without waiting; fails with ENXIO when nobody reads.
pub fn open_write(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(
        path,
        OFlags::WRONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOFOLLOW,
        Mode::empty(),
    )?)
}

/// Bytes that wait in a pipe.
pub fn waiting(pipe: impl AsFd) -> io::Result<u64> {
    Ok(rustix::io::ioctl_fionread(pipe)?)
}

/// Whether a pipe takes nothing more. A few bytes may be enough for that: each splice takes a place
/// of its own (pipe(7) counts pages).
pub fn is_full(pipe: impl AsFd) -> io::Result<bool> {
    let mut fds = [PollFd::new(&pipe, PollFlags::OUT)];
    poll::wait(&mut fds, Some(Duration::ZERO))?;
    Ok(!fds[0].revents().contains(PollFlags::OUT))
}

/// Asks for another capacity; false if the system refuses (over the user's quota, or more bytes
/// waiting than would fit).
pub fn resize(pipe: impl AsFd, bytes: usize) -> bool {
    fcntl_setpipe_size(pipe, bytes).is_ok()
}

/// What one attempt to move bytes brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// This many bytes.
    Bytes(usize),
    /// Nothing to read, but somebody holds the pipe for writing.
    Empty,
    /// Nothing to read, and nobody holds the pipe for writing.
    NoWriter,
}

/// Moves up to `most` bytes from one pipe into another.
pub fn pipe_to_pipe(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<Moved> {
    let flags = SpliceFlags::NONBLOCK | SpliceFlags::MOVE;
    loop {
        match splice(&from, None, &to, None, most, flags) {
            Ok(0) => return Ok(Moved::NoWriter),
            Ok(bytes) => return Ok(Moved::Bytes(bytes)),
            Err(Errno::AGAIN) => return Ok(Moved::Empty),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Moves up to `most` bytes from a pipe into a file at `offset`, which they advance. The kernel
/// moves the bytes and the file's size together: whatever kills us, each byte is in one place.
pub fn pipe_to_file(
    from: impl AsFd,
    to: &File,
    offset: &mut u64,
    most: usize,
) -> io::Result<Moved> {
    loop {
        match splice(&from, None, to, Some(offset), most, SpliceFlags::NONBLOCK | SpliceFlags::MOVE)
        {
            Ok(0) => return Ok(Moved::NoWriter),
            Ok(bytes) => return Ok(Moved::Bytes(bytes)),
            Err(Errno::AGAIN) => return Ok(Moved::Empty),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether an error of [`pipe_to_file`] means that the file's system cannot splice at all.
pub fn cannot_splice(error: &io::Error) -> bool {
    matches!(Errno::from_io_error(error), Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP))
}

/// Reads what a pipe holds, `most` bytes at most, into `to`, which is empty.
pub fn read(from: impl AsFd, to: &mut Vec<u8>, most: usize) -> io::Result<Moved> {
    to.resize(most, 0);
    let result = loop {
        match rustix::io::read(&from, &mut *to) {
            Err(Errno::INTR) => {}
            result => break result,
        }
    };
    to.truncate(result.unwrap_or(0));
    match result {
        Ok(0) => Ok(Moved::NoWriter),
        Ok(bytes) => Ok(Moved::Bytes(bytes)),
        Err(Errno::AGAIN) => Ok(Moved::Empty),
        Err(error) => Err(error.into()),
    }
}

/// Reserves room for `bytes` in a file without changing its size. File systems that cannot do so
/// are left alone; no room is an error.
pub fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
        Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    #[test]
    fn bytes_go_from_pipe_to_pipe_to_file_in_order() {
        let temp = tempfile::tempdir().unwrap();
        let (source, stage) = (temp.path().join("source"), temp.path().join("stage"));
        make(&source).unwrap();
        make(&stage).unwrap();
        assert!(make(&source).is_err());
        ensure(&source).unwrap();

        assert_eq!(open_write(&source).unwrap_err().raw_os_error(), Some(libc::ENXIO));
        let reader = open_read(&source).unwrap();
        let stage = open_both(&stage).unwrap();
        assert_eq!(pipe_to_pipe(&reader, &stage, 100).unwrap(), Moved::NoWriter);

        let mut writer = File::from(open_write(&source).unwrap());
        assert_eq!(pipe_to_pipe(&reader, &stage, 100).unwrap(), Moved::Empty);
        writer.write_all(b"hello world").unwrap();
        drop(writer);
        assert_eq!(pipe_to_pipe(&reader, &stage, 1 << 20).unwrap(), Moved::Bytes(11));
        assert_eq!(pipe_to_pipe(&reader, &stage, 1 << 20).unwrap(), Moved::NoWriter);

        let path = temp.path().join("spool");
        let file = File::create(&path).unwrap();
        reserve(&file, 1 << 20).unwrap();
        let mut offset = 0;
        assert_eq!(pipe_to_file(&stage, &file, &mut offset, 5).unwrap(), Moved::Bytes(5));
        assert_eq!(pipe_to_file(&stage, &file, &mut offset, 100).unwrap(), Moved::Bytes(6));
        assert_eq!(pipe_to_file(&stage, &file, &mut offset, 100).unwrap(), Moved::Empty);
        assert_eq!(offset, 11);
        assert_eq!(std::fs::read(&path).unwrap(), b"hello world");

        // splice(2) refuses a file opened to append, like a file system that cannot do it.
        let file = File::options().append(true).open(&path).unwrap();
        File::from(stage.try_clone().unwrap()).write_all(b" again").unwrap();
        let refused = pipe_to_file(&stage, &file, &mut offset, 100).unwrap_err();
        assert!(cannot_splice(&refused), "{refused}");
        let mut bytes = Vec::new();
        assert_eq!(read(&stage, &mut bytes, 100).unwrap(), Moved::Bytes(6));
        assert_eq!(bytes, b" again");
        bytes.clear();
        assert_eq!(read(&stage, &mut bytes, 100).unwrap(), Moved::Empty);
    }
}
