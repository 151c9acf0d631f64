//! Tries in the home itself what planwatch relies on, and leaves nothing behind.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::layout::{Home, PlanDir};
use super::segments;
use crate::os::fifo::{Moved, pipe_to_file};

/// A folder in the home to try things in. Removed when dropped.
#[derive(Debug)]
pub struct Probe {
    dir: TempDir,
}

impl Probe {
    /// Makes the folder.
    pub fn begin(home: &Home) -> io::Result<Probe> {
        let dir = tempfile::Builder::new().prefix(".doctor.").tempdir_in(home.plans_dir())?;
        Ok(Probe { dir })
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Makes a file in the folder, for somebody who watches it.
    pub fn change(&self) -> io::Result<()> {
        fs::write(self.dir.path().join("changed"), "x")
    }

    /// Whether the file system takes bytes out of a pipe by itself, as the promise that a killed
    /// recorder loses nothing needs it.
    pub fn splices(&self) -> io::Result<bool> {
        let (reader, mut writer) = io::pipe()?;
        writer.write_all(b"planwatch")?;
        let file = File::create(self.dir.path().join("spliced"))?;
        let mut offset = 0;
        match pipe_to_file(&reader, &file, &mut offset, 9) {
            Ok(Moved::Bytes(9)) => Ok(fs::read(self.dir.path().join("spliced"))? == b"planwatch"),
            Ok(_) => Ok(false),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Files and folders of the home that others may enter, read or write, with their permission bits.
pub fn open_to_others(home: &Home) -> io::Result<Vec<(PathBuf, u32)>> {
    let mut open = Vec::new();
    let mut left = vec![home.path().to_owned()];
    while let Some(path) = left.pop() {
        // What is gone meanwhile is open to nobody.
        let Ok(meta) = fs::symlink_metadata(&path) else { continue };
        if path != home.path() && meta.is_symlink() {
            continue;
        }
        let meta = fs::metadata(&path)?;
        let mode = meta.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            open.push((path.clone(), mode));
        }
        if meta.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            left.extend(entries.map(|entry| entry.path()));
        }
    }
    Ok(open)
}

/// Takes them away from others.
pub fn close(open: &[(PathBuf, u32)]) -> io::Result<()> {
    open.iter().try_for_each(|(path, mode)| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode & 0o700))
    })
}

/// How a log ends that nobody is writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With a line end, or it is empty.
    Whole,
    /// With the beginning of a record.
    Torn,
    /// With NUL bytes, where a power cut took what was there.
    Blank,
}

/// Looks at the last bytes of a plan's log.
pub fn end_of_log(plan: &PlanDir) -> io::Result<End> {
    let Some(last) = segments::list(&plan.log())?.pop().filter(|last| !last.compressed) else {
        return Ok(End::Whole);
    };
    let file = File::open(&last.path)?;
    let mut end = [0; 1];
    let Some(at) = file.metadata()?.len().checked_sub(1) else { return Ok(End::Whole) };
    file.read_exact_at(&mut end, at)?;
    Ok(match end[0] {
        b'\n' => End::Whole,
        0 => End::Blank,
        _ => End::Torn,
    })
}
