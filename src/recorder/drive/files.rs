//! The files that are followed: opened when their run is announced, looked at when their folder
//! says that something has changed, closed when their run has ended.

use std::io;
use std::os::fd::BorrowedFd;

use super::super::capture::Capture;
use super::super::file::FileSource;
use super::Recorder;
use crate::fold::Fold;
use crate::model::{Event, Followed, Level, State, Stream};
use crate::store::snapshot;
use crate::wake::Watcher;

/// Every file that may still say something.
#[derive(Default)]
pub(super) struct Files {
    pub(super) sources: Vec<FileSource>,
    /// Made for the first file: most plans have none.
    watcher: Option<Watcher>,
}

impl Files {
    /// Opens the files of announced runs that are not open yet. Whether there were any.
    pub(super) fn open_new(&mut self, cap: &mut Capture) -> io::Result<bool> {
        let streams: Vec<(u64, String)> = (cap.fold.streams.iter())
            .filter_map(|known| match &known.stream {
                Stream::File(name) => Some((known.run, name.clone())),
                _ => None,
            })
            .filter(|(run, name)| {
                let is = |source: &FileSource| {
                    source.run == *run && source.stream == Stream::File(name.clone())
                };
                !self.sources.iter().any(is)
            })
            .collect();
        for (run, name) in &streams {
            let path = cap.plan().followed(*run);
            let files: Option<Vec<Followed>> = snapshot::load_json(&path)?;
            let files = files.unwrap_or_default();
            match files.iter().find(|file| file.name == *name) {
                Some(file) => self.open(cap, *run, file)?,
                None => give_up(cap, *run, Stream::File(name.clone()))?,
            }
        }
        Ok(!streams.is_empty())
    }

    fn open(&mut self, cap: &mut Capture, run: u64, file: &Followed) -> io::Result<()> {
        if self.watcher.is_none() {
            self.watcher = Some(Watcher::new()?);
        }
        let mut source = FileSource::open(cap, run, file)?;
        source.ended = has_ended(&cap.fold, run);
        // Watched before it is read: what is added in between is heard.
        if let Some(watcher) = &self.watcher {
            watcher.watch(source.folder());
        }
        self.sources.push(source);
        Ok(())
    }

    /// Readable when a file may have changed.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.watcher.as_ref().map(Watcher::fd)
    }

    /// Something may have changed: finds out for whom.
    pub(super) fn look(&mut self) {
        let Some(watcher) = &self.watcher else { return };
        let changed = watcher.clear();
        for source in &mut self.sources {
            source.due |= changed.holds(source.folder());
        }
    }

    /// Makes records of what is there. True if there may be more.
    pub(super) fn record(&mut self, cap: &mut Capture, room: &mut [u8]) -> io::Result<bool> {
        let mut more = false;
        for source in &mut self.sources {
            if source.due {
                let left = source.record(cap, room);
                source.due = !matches!(left, Ok(false));
                more |= left?;
            }
        }
        Ok(more)
    }

    fn close(&mut self, cap: &mut Capture, index: usize) -> io::Result<()> {
        let source = self.sources.remove(index);
        if let Some(watcher) = &self.watcher {
            watcher.unwatch(source.folder());
        }
        if self.sources.is_empty() {
            self.watcher = None;
        }
        source.close(cap)
    }
}

impl Recorder {
    /// Files of runs that have ended are read to their end, once more, and closed.
    pub(super) fn close_files(&mut self) -> io::Result<()> {
        let mut index = 0;
        while let Some(source) = self.files.sources.get_mut(index) {
            let ended = has_ended(&self.cap.fold, source.run);
            if ended && !std::mem::replace(&mut source.ended, true) {
                // Its process was alive when it was read last.
                source.due = true;
            }
            if ended && source.due {
                self.again = true;
            }
            if !ended || source.due {
                index += 1;
                continue;
            }
            self.files.close(&mut self.cap, index)?;
            self.find_slots();
            self.cap.flush()?;
        }
        Ok(())
    }
}

/// Whether nobody writes to the files of a run any more.
fn has_ended(fold: &Fold, run: u64) -> bool {
    let Some(run) = fold.run(run) else { return true };
    !matches!(run.state, State::Starting | State::Running | State::Stopping)
}

/// Nobody knows where the file is.
fn give_up(cap: &mut Capture, run: u64, of: Stream) -> io::Result<()> {
    let slot = cap.fold.slot(run, &of);
    let bytes = cap.fold.streams[slot].off;
    let msg = format!("nobody knows any more where {of} is; it ends after {bytes} bytes");
    cap.event(run, None, Level::Warning, &msg, &Event::StreamClosed { of, bytes })
}
