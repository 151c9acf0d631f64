//! Small files that appear whole or not at all.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Writes `value` beside `path`, mode 0600, and renames it into place. `sync` makes it survive a
/// power cut too. Only one process may save the same file at a time: who dies in between leaves
/// something behind, and the next writes over it.
pub fn save_json<T: Serialize>(path: &Path, value: &T, sync: bool) -> io::Result<()> {
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    save(path, &text, sync)
}

/// The same for any content.
pub fn save(path: &Path, text: &[u8], sync: bool) -> io::Result<()> {
    let (dir, name) = path.parent().zip(path.file_name()).ok_or(io::ErrorKind::InvalidInput)?;
    let mut beside = OsString::from(".");
    beside.push(name);
    beside.push(".saving");
    let beside = dir.join(beside);
    let mut file = fs::File::options()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW)
        .open(&beside)?;
    let saved = file.write_all(text).and_then(|()| if sync { file.sync_all() } else { Ok(()) });
    if let Err(error) = saved.and_then(|()| fs::rename(&beside, path)) {
        let _ = fs::remove_file(&beside);
        return Err(error);
    }
    if sync {
        fs::File::open(dir)?.sync_all()?;
    }
    Ok(())
}

/// The same for a file that several processes may save at once.
pub fn save_json_among_many<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let mut text = serde_json::to_vec(value)?;
    text.push(b'\n');
    let mut file = tempfile::Builder::new().prefix(".saving.").tempfile_in(dir)?;
    file.write_all(&text)?;
    file.persist(path).map_err(|error| error.error)?;
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
