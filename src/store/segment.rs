//! One segment's bytes, plain or compressed: whoever reads a log does not ask which.

use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

use super::packed::Packed;

/// An open segment.
#[derive(Debug)]
pub struct SegmentFile {
    path: PathBuf,
    /// Device and inode.
    id: (u64, u64),
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    Plain(File),
    Packed(Box<Packed>),
}

impl SegmentFile {
    /// Opens the segment that begins with this seq. None if it is not there.
    pub fn open(log: &Path, first: u64) -> io::Result<Option<SegmentFile>> {
        let plain = log.join(format!("{first:018}.jsonl"));
        // In this order: the compressed twin is there before the plain one goes.
        if let Some(file) = existing(&plain)? {
            let id = id(&file.metadata()?);
            return Ok(Some(SegmentFile { path: plain, id, bytes: Bytes::Plain(file) }));
        }
        let twin = log.join(format!("{first:018}.jsonl.zst"));
        let Some(file) = existing(&twin)? else { return Ok(None) };
        let id = id(&file.metadata()?);
        let bytes = Bytes::Packed(Box::new(Packed::new(file)?));
        Ok(Some(SegmentFile { path: twin, id, bytes }))
    }

    /// Where it was found.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether this is the file that is described.
    pub(super) fn is(&self, meta: &Metadata) -> bool {
        self.id == id(meta)
    }

    /// Whether its bytes may still become fewer or more.
    pub(super) fn is_plain(&self) -> bool {
        matches!(self.bytes, Bytes::Plain(_))
    }

    /// Bytes of the segment: not those of the file where it is compressed.
    pub(super) fn len(&self) -> io::Result<u64> {
        match &self.bytes {
            Bytes::Plain(file) => Ok(file.metadata()?.len()),
            Bytes::Packed(packed) => Ok(packed.len()),
        }
    }

    /// One read that a signal does not spoil; shorter than asked for only at the end.
    pub fn read_at(&self, buffer: &mut [u8], at: u64) -> io::Result<usize> {
        match &self.bytes {
            Bytes::Packed(packed) => packed.read_at(buffer, at),
            Bytes::Plain(file) => loop {
                match file.read_at(buffer, at) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    read => return read,
                }
            },
        }
    }

    /// Fills the whole of `buffer`.
    pub(super) fn read_exact_at(&self, buffer: &mut [u8], at: u64) -> io::Result<()> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.read_at(&mut buffer[filled..], at + filled as u64)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => filled += read,
            }
        }
        Ok(())
    }

    /// Where at or before `at` a look at a few bytes costs least.
    pub(super) fn cheapest(&self, at: u64) -> u64 {
        match &self.bytes {
            Bytes::Plain(_) => at,
            Bytes::Packed(packed) => packed.frame_of(at),
        }
    }

    /// Where stretches begin and end that cannot be unpacked.
    pub(super) fn damage(&self) -> io::Result<Vec<(u64, u64)>> {
        match &self.bytes {
            Bytes::Plain(_) => Ok(Vec::new()),
            Bytes::Packed(packed) => packed.damage(),
        }
    }
}

fn id(meta: &Metadata) -> (u64, u64) {
    (meta.dev(), meta.ino())
}

fn existing(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
