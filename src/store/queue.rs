//! The queue on the disk: what it is, the specs of its plans, and the lock under which it changes.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _};

use serde::Deserialize;

use super::layout::Home;
use super::snapshot;
use crate::model::{Queue, Spec};
use crate::os::lock::wait_for_lock;

/// The queue, while nobody else may change it. The end of the process ends that too.
#[derive(Debug)]
pub struct Held {
    home: Home,
    _lock: File,
}

/// Whether anything was ever queued here.
pub fn exists(home: &Home) -> bool {
    home.queue_file().exists()
}

/// The queue as it is now, for who only looks. None if nothing was ever queued. One that makes no
/// sense, or that a newer release wrote, is `InvalidData`: it is no cache, and nobody may write
/// another over it.
pub fn load(home: &Home) -> io::Result<Option<Queue>> {
    let path = home.queue_file();
    let text = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        read => read?,
    };
    let invalid = |why: String| {
        let path = path.display();
        io::Error::new(io::ErrorKind::InvalidData, format!("{path} {why}"))
    };
    match serde_json::from_slice::<Written>(&text) {
        Ok(Written { format }) if format > Queue::FORMAT => {
            Err(invalid(format!("was written by a newer planwatch (format {format})")))
        }
        Err(error) => Err(invalid(format!("makes no sense: {error}"))),
        Ok(_) => match serde_json::from_slice(&text) {
            Ok(queue) => Ok(Some(queue)),
            Err(error) => Err(invalid(format!("makes no sense: {error}"))),
        },
    }
}

/// What is known of a queue of any release.
#[derive(Deserialize)]
struct Written {
    format: u32,
}

/// Waits until nobody else changes the queue, and holds it.
pub fn hold(home: &Home) -> io::Result<Held> {
    DirBuilder::new().recursive(true).mode(0o700).create(home.queue())?;
    let path = home.queue().join("lock");
    let mut options = OpenOptions::new();
    let lock =
        options.read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    wait_for_lock(&lock)?;
    Ok(Held { home: home.clone(), _lock: lock })
}

impl Held {
    /// The queue as it is now.
    pub fn load(&self) -> io::Result<Option<Queue>> {
        load(&self.home)
    }

    /// Makes this the queue. `sync` makes it survive a power cut.
    pub fn save(&self, queue: &Queue, sync: bool) -> io::Result<()> {
        snapshot::save_json(&self.home.queue_file(), queue, sync)
    }

    /// Keeps specs, and gives for each the place that [`spec`] reads it from.
    pub fn keep_specs(&self, batch: u64, specs: &[Spec]) -> io::Result<Vec<(String, u64, u64)>> {
        let name = format!("specs.{batch}");
        let (mut text, mut places) = (Vec::new(), Vec::new());
        for spec in specs {
            let start = text.len() as u64;
            serde_json::to_writer(&mut text, spec)?;
            places.push((name.clone(), start, text.len() as u64 - start));
            text.write_all(b"\n")?;
        }
        snapshot::save(&self.home.queue().join(name), &text, true)?;
        Ok(places)
    }

    /// Removes specs that no plan of the queue needs any more.
    pub fn forget_specs(&self, queue: &Queue) -> io::Result<()> {
        for entry in fs::read_dir(self.home.queue())? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str().filter(|name| name.starts_with("specs.")) else {
                continue;
            };
            let needed =
                |entry: &crate::model::Entry| entry.stand.is_open() && entry.spec.0 == name;
            if !queue.entries.iter().any(needed) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

/// Reads a spec that was kept.
pub fn spec(home: &Home, place: &(String, u64, u64)) -> io::Result<Spec> {
    let (name, start, length) = place;
    let file = File::open(home.queue().join(name))?;
    let mut text = vec![0; usize::try_from(*length).map_err(io::Error::other)?];
    file.read_exact_at(&mut text, *start)?;
    Ok(serde_json::from_slice(&text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_that_cannot_be_read_is_not_the_same_as_none() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home::open(temp.path()).unwrap();
        assert_eq!(load(&home).unwrap(), None);
        let held = hold(&home).unwrap();
        let queue = Queue { format: Queue::FORMAT, ..Queue::default() };
        held.save(&queue, false).unwrap();
        assert_eq!(load(&home).unwrap(), Some(queue.clone()));
        let newer = Queue { format: Queue::FORMAT + 1, ..queue };
        held.save(&newer, false).unwrap();
        let said = load(&home).unwrap_err().to_string();
        assert!(said.contains("newer planwatch"), "{said}");
        for text in ["", "{\"format\":1", "{\"format\":1,\"jobs\":\"x\"}"] {
            fs::write(home.queue_file(), text).unwrap();
            assert_eq!(load(&home).unwrap_err().kind(), io::ErrorKind::InvalidData, "{text}");
        }
    }
}
