//! Small files that appear whole or not at all.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes `value` beside `path`, mode 0600, and renames it into place. `sync` makes it survive a
/// power cut too.
pub fn save_json<T: Serialize>(path: &Path, value: &T, sync: bool) -> io::Result<()> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    save(path, &text, sync)
}

/// The same for any content.
pub fn save(path: &Path, text: &[u8], sync: bool) -> io::Result<()> {
    let dir = path.parent().ok_or_else(|| io::Error::other("a path without a folder"))?;
    let mut file = tempfile::Builder::new().prefix(".saving.").tempfile_in(dir)?;
    file.write_all(text)?;
    if sync {
        file.as_file().sync_all()?;
    }
    file.persist(path).map_err(|error| error.error)?;
    if sync {
        fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// Reads what [`save_json`] wrote. None if it is not there or does not make sense: such files are
/// caches or can be asked for again.
pub fn load_json<T: DeserializeOwned>(path: &Path) -> io::Result<Option<T>> {
    match fs::read(path) {
        Ok(text) => Ok(serde_json::from_slice(&text).ok()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
