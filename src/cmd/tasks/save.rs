//! A file for the user that appears whole or not at all.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cmd::World;
use crate::exit::{Exit, Failure};

/// Writes it beside its place and moves it there.
pub(super) fn save(path: &Path, content: &[u8], world: &World) -> Result<(), Failure> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // A page is for others to read, as far as the user lets them.
    let mode = Permissions::from_mode(0o666 & !world.umask);
    let written = (tempfile::Builder::new().prefix(".planwatch.").permissions(mode))
        .tempfile_in(folder)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.persist(path).map_err(|error| error.error)?;
            Ok(())
        });
    written.map_err(|error| {
        Failure::new(Exit::Failed, format!("cannot write {}", path.display()))
            .because(error)
            .hint("--html - writes the page to standard output")
    })
}
