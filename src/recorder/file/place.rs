//! Where a followed file is, under which name, and what makes it the same one.

use std::fs::{DirEntry, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::SystemTime;

use super::BEHIND;
use crate::model::FileMark;

/// The last bytes before this place in a file, if they are there.
pub(super) fn before(file: &File, place: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(place).unwrap_or(usize::MAX).min(BEHIND);
    let mut bytes = vec![0; length];
    match file.read_exact_at(&mut bytes, place - length as u64) {
        Ok(()) => Ok(bytes),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// Opens the file at `path`. None if there is none, or something that is no file.
pub(super) fn open(path: &Path) -> io::Result<Option<(File, FileMark)>> {
    // Whatever lies there, opening it must neither wait nor change anything.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let meta = file.metadata()?;
    Ok(meta.is_file().then(|| (file, mark(&meta))))
}

/// The file that took the place of the one that is being read, as soon as it holds something: until
/// then the old one may still be written.
pub(super) fn successor(path: &Path, mine: FileMark) -> io::Result<Option<(File, FileMark)>> {
    match std::fs::metadata(path) {
        Ok(meta) if mark(&meta) != mine && meta.is_file() && meta.len() > 0 => open(path),
        _ => Ok(None),
    }
}

/// Names of files that were at `path` after one file and before another, as far as their names and
/// the times at which they were made tell.
pub(super) fn between(path: &Path, one: FileMark, other: FileMark) -> Vec<String> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return Vec::new() };
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let is = |entry: &DirEntry| {
        let named = entry.file_name().as_encoded_bytes().starts_with(name.as_encoded_bytes());
        let held = |meta: Metadata| {
            let made = mark(&meta);
            // Those times are those of the clock's ticks: the last two may be the same.
            let then = one.made < made.made && made.made <= other.made && made != other;
            then && made.device == one.device && meta.is_file() && meta.len() > 0
        };
        named && entry.metadata().is_ok_and(held)
    };
    let names = entries.flatten().filter(is);
    names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The file of this mark: at `path`, or beside it under the name that it was given when another
/// took its place. One that cannot be opened is not found.
pub(super) fn find(path: &Path, wanted: FileMark) -> Option<File> {
    let is = |(file, mark): (File, FileMark)| (mark == wanted).then_some(file);
    let at = |path: &Path| open(path).ok().flatten().and_then(is);
    at(path).or_else(|| {
        let entries = std::fs::read_dir(path.parent()?).ok()?;
        let same = |entry: &DirEntry| entry.metadata().is_ok_and(|meta| mark(&meta) == wanted);
        entries.flatten().filter(same).find_map(|entry| at(&entry.path()))
    })
}

/// What tells this file from every other.
pub(super) fn mark(meta: &Metadata) -> FileMark {
    let made =
        meta.created().ok().and_then(|made| made.duration_since(SystemTime::UNIX_EPOCH).ok());
    let made = made.map_or(0, |made| u64::try_from(made.as_nanos()).unwrap_or(0));
    FileMark { device: meta.dev(), inode: meta.ino(), made }
}
