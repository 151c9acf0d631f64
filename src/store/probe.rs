//! Tries in the home itself what planwatch relies on, and leaves nothing behind.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use tempfile::TempDir;

use super::layout::Home;
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

/// Lets nobody else into the home.
pub fn close(home: &Home) -> io::Result<()> {
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700))
}

/// Permission bits of the home.
pub fn mode(home: &Home) -> io::Result<u32> {
    Ok(fs::metadata(home.path())?.permissions().mode() & 0o7777)
}
