//! Whether lnav, where it is installed, knows the log's format.

use std::path::{Path, PathBuf};

use super::{Finding, Health, finding};
use crate::cmd::World;

/// The format as lnav reads it.
const FORMAT: &str = include_str!("../../../contrib/lnav-planwatch.json");

/// Where lnav looks, below its own folder, for formats that were installed.
const INSTALLED: &str = "formats/installed/planwatch_log.json";

/// None where there is no lnav.
pub(super) fn look(world: &World, fix: bool) -> Option<Finding> {
    let installed = world.var("PATH").is_some_and(|path| {
        std::env::split_paths(path).any(|folder| folder.join("lnav").is_file())
    });
    let home = world.var("HOME").map(PathBuf::from).filter(|_| installed)?;
    let file = folder(world, &home).join(INSTALLED);
    let found = std::fs::read_to_string(&file).ok();
    if found.as_deref() == Some(FORMAT) {
        return Some(finding("lnav", Health::Ok, "it knows the log's format"));
    }
    if fix {
        return Some(match install(&file) {
            Ok(()) => {
                finding("lnav", Health::Ok, format!("mended: {} is there now", file.display()))
            }
            Err(error) => {
                finding("lnav", Health::Weak, format!("cannot write {}: {error}", file.display()))
            }
        });
    }
    let text = match found {
        None => "it does not know the log's format",
        Some(_) => "it knows the log's format from another release",
    };
    Some(finding("lnav", Health::Weak, text).hint("planwatch doctor --fix tells it"))
}

/// Lnav's own folder: the old place where it is in use, else the one for configurations.
fn folder(world: &World, home: &Path) -> PathBuf {
    let old = home.join(".lnav");
    let config = world.var("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    match config.unwrap_or_else(|| home.join(".config")) {
        config if config.is_dir() && !old.is_dir() => config.join("lnav"),
        _ => old,
    }
}

fn install(file: &Path) -> std::io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(file, FORMAT)
}
