//! Watches folders, those that do not exist yet included, and never fails: what cannot be watched
//! is polled, and the reason is kept to be shown.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, CreateKind, ModifyKind, RemoveKind};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use super::bell::Bell;

/// Time between two looks where nothing notifies.
const POLL_EVERY: Duration = Duration::from_millis(200);

/// How changes are noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The kernel tells.
    Notify,
    /// By looking again and again, and why.
    Polling(String),
}

/// What may have changed since the last `clear`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changed {
    everything: bool,
    folders: BTreeSet<PathBuf>,
}

impl Changed {
    /// Whether this watched folder, or the way to it, may have changed.
    pub fn holds(&self, folder: &Path) -> bool {
        self.everything || self.folders.contains(folder)
    }
}

/// Watches folders, not what is inside folders in them. One a process is enough.
pub struct Watcher {
    bell: Arc<Bell>,
    heard: Arc<Mutex<Heard>>,
    armed: Mutex<Armed>,
}

/// What the notifying thread and the watcher share.
#[derive(Debug, Default)]
struct Heard {
    /// The folders asked for, and how often.
    wanted: BTreeMap<PathBuf, usize>,
    changed: Changed,
    /// A folder was made, moved or removed: the watches may be in the wrong places.
    moved: bool,
    /// Folders whose watch went away with them.
    dead: BTreeSet<PathBuf>,
}

struct Armed {
    notify: Option<RecommendedWatcher>,
    /// The folders that are really watched.
    places: BTreeSet<PathBuf>,
    polling: Option<(OwnedFd, String)>,
}

impl Watcher {
    /// A watcher of nothing yet. Fails only where the system gives no descriptors at all.
    pub fn new() -> io::Result<Watcher> {
        let bell = Arc::new(Bell::new()?);
        let heard = Arc::new(Mutex::new(Heard::default()));
        let (ring, tell) = (Arc::clone(&bell), Arc::clone(&heard));
        let made = quietly(|| {
            notify::recommended_watcher(move |event: notify::Result<Event>| {
                if lock(&tell).note(&event) {
                    ring.ring();
                }
            })
        });
        let armed = Armed { notify: None, places: BTreeSet::new(), polling: None };
        let watcher = Watcher { bell, heard, armed: Mutex::new(armed) };
        match made {
            Some(Ok(notify)) => lock(&watcher.armed).notify = Some(notify),
            Some(Err(error)) => watcher.poll_because(&reason(&error))?,
            None => watcher.poll_because("the notification thread cannot start")?,
        }
        Ok(watcher)
    }

    /// Watches a folder; if it does not exist, the way to it. Counted: it is watched until
    /// `unwatch` was called as often.
    pub fn watch(&self, folder: &Path) {
        self.watch_all(&[folder]);
    }

    /// The same for many folders, at the cost of one.
    pub fn watch_all(&self, folders: &[impl AsRef<Path>]) {
        for folder in folders.iter().map(AsRef::as_ref) {
            *lock(&self.heard).wanted.entry(folder.to_owned()).or_default() += 1;
            if let Some(kind) = silent(folder) {
                let _ = self.poll_because(&format!("{kind} gives no notifications"));
            }
        }
        if !folders.is_empty() {
            self.arm();
        }
    }

    /// Takes one `watch` back.
    pub fn unwatch(&self, folder: &Path) {
        let mut heard = lock(&self.heard);
        let Some(count) = heard.wanted.get_mut(folder) else { return };
        *count -= 1;
        if *count == 0 {
            heard.wanted.remove(folder);
            drop(heard);
            self.arm();
        }
    }

    /// How changes are noticed now.
    pub fn mode(&self) -> Mode {
        match &lock(&self.armed).polling {
            Some((_, reason)) => Mode::Polling(reason.clone()),
            None => Mode::Notify,
        }
    }

    /// Readable when something may have changed; until `clear`.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.bell.as_fd()
    }

    /// Silences the descriptor and says what may have changed. Call it before looking.
    pub fn clear(&self) -> Changed {
        self.bell.hush();
        let polling = match &lock(&self.armed).polling {
            Some((timer, _)) => {
                let _ = rustix::io::read(timer, &mut [0; 8]);
                true
            }
            None => false,
        };
        let mut heard = lock(&self.heard);
        let mut changed = std::mem::take(&mut heard.changed);
        changed.everything |= polling;
        if std::mem::take(&mut heard.moved) {
            changed.everything = true;
            drop(heard);
            self.arm();
        }
        changed
    }

    /// Puts the watches where they belong: on each wanted folder and the one above it, or on the
    /// nearest that exists. Repeated until nothing moves: what is made between looking and watching
    /// would be missed otherwise.
    fn arm(&self) {
        let mut armed = lock(&self.armed);
        for _ in 0..16 {
            let (wanted, dead) = {
                let mut heard = lock(&self.heard);
                let wanted: Vec<PathBuf> = heard.wanted.keys().cloned().collect();
                (wanted, std::mem::take(&mut heard.dead))
            };
            let places = wanted.iter().flat_map(|path| places(path)).collect();
            match armed.set(&places, &dead) {
                Ok(false) => return,
                Ok(true) => {}
                Err(reason) => return armed.poll_because(&self.bell, &reason).unwrap_or(()),
            }
        }
    }

    fn poll_because(&self, reason: &str) -> io::Result<()> {
        lock(&self.armed).poll_because(&self.bell, reason)
    }
}

impl Armed {
    /// Watches exactly these places, anew where the watch has died. True if anything changed; the
    /// reason where the system refuses.
    fn set(
        &mut self,
        places: &BTreeSet<PathBuf>,
        dead: &BTreeSet<PathBuf>,
    ) -> Result<bool, String> {
        let Some(notify) = &mut self.notify else { return Ok(false) };
        // What is in a folder that was moved is watched where it went.
        let gone = |place: &PathBuf| dead.iter().any(|dead| place.starts_with(dead));
        let old: Vec<PathBuf> = self
            .places
            .iter()
            .filter(|place| gone(place) || !places.contains(*place))
            .cloned()
            .collect();
        let mut changed = !old.is_empty();
        for place in old {
            // One that died with its folder is gone already.
            let _ = quietly(|| notify.unwatch(&place));
            self.places.remove(&place);
        }
        for place in places.difference(&self.places.clone()) {
            changed = true;
            match quietly(|| notify.watch(place, RecursiveMode::NonRecursive)) {
                Some(Ok(())) => {
                    self.places.insert(place.clone());
                }
                // Removed between looking and watching: the next round finds another place.
                Some(Err(error)) if is_missing(&error) => {}
                Some(Err(error)) => return Err(reason(&error)),
                None => {
                    // Dropping it would talk to the thread that is not there, and panic again.
                    std::mem::forget(self.notify.take());
                    return Err("the notification thread cannot start".to_owned());
                }
            }
        }
        Ok(changed)
    }

    fn poll_because(&mut self, bell: &Bell, reason: &str) -> io::Result<()> {
        if self.polling.is_none() {
            self.polling = Some((bell.tick(POLL_EVERY)?, reason.to_owned()));
        }
        Ok(())
    }
}

impl Heard {
    /// Takes in an event. True if somebody wants to know.
    fn note(&mut self, event: &notify::Result<Event>) -> bool {
        let event = match event {
            Ok(event) if !event.need_rescan() => event,
            _ => {
                (self.changed.everything, self.moved) = (true, true);
                return true;
            }
        };
        // Readers open and close files all the time: not news.
        let written = EventKind::Access(AccessKind::Close(AccessMode::Write));
        if matches!(event.kind, EventKind::Access(_)) && event.kind != written {
            return false;
        }
        let mut wanted = false;
        for path in &event.paths {
            for folder in [Some(path.as_path()), path.parent()].into_iter().flatten() {
                if self.wanted.contains_key(folder) {
                    wanted = true;
                    if !self.changed.folders.contains(folder) {
                        self.changed.folders.insert(folder.to_owned());
                    }
                }
            }
            wanted |= self.note_move(event.kind, path);
        }
        wanted
    }

    /// Whether the event moves a wanted folder or one on the way to it.
    fn note_move(&mut self, kind: EventKind, path: &Path) -> bool {
        let gone = match kind {
            EventKind::Create(CreateKind::Folder) => false,
            EventKind::Remove(RemoveKind::Folder | RemoveKind::Other)
            | EventKind::Modify(ModifyKind::Name(_)) => true,
            _ => return false,
        };
        if !self.wanted.keys().any(|wanted| wanted.starts_with(path)) {
            return false;
        }
        if gone {
            self.dead.insert(path.to_owned());
        }
        self.moved = true;
        true
    }
}

/// What is watched for a folder: the nearest that exists, from this one upwards, and the one above
/// it. From above it is seen that the folder, or the one it stands in, is renamed or removed: a
/// removed folder itself says so only when nobody has anything open in it any more.
fn places(folder: &Path) -> Vec<PathBuf> {
    let Some(nearest) = nearest(folder) else { return Vec::new() };
    let above = nearest.parent().filter(|_| nearest == folder).map(Path::to_owned);
    std::iter::once(nearest).chain(above).collect()
}

/// The nearest folder that exists, from this one upwards.
fn nearest(path: &Path) -> Option<PathBuf> {
    path.ancestors().find(|path| path.is_dir()).map(Path::to_owned)
}

fn is_missing(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound | notify::ErrorKind::WatchNotFound => true,
        notify::ErrorKind::Io(error) => {
            matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        }
        _ => false,
    }
}

fn reason(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => {
            "the limit fs.inotify.max_user_watches is reached".to_owned()
        }
        notify::ErrorKind::Io(error) if error.raw_os_error() == Some(libc::EMFILE) => {
            "the limit fs.inotify.max_user_instances or of open files is reached".to_owned()
        }
        _ => error.to_string(),
    }
}

/// The kind of file system this folder is on, if it is one whose changes are not all notified
/// (magic numbers: statfs(2)).
fn silent(folder: &Path) -> Option<&'static str> {
    let kind = rustix::fs::statfs(&nearest(folder)?).ok()?.f_type;
    #[allow(clippy::unnecessary_cast, reason = "the field's type differs between targets")]
    match kind as u64 & 0xffff_ffff {
        0x6969 => Some("NFS"),
        0x6573_5546 => Some("FUSE"),
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => Some("SMB"),
        0x0102_1997 => Some("9p"),
        0x00c3_6400 => Some("Ceph"),
        _ => None,
    }
}

/// Runs what may panic where the system gives no thread, without a word on the terminal.
fn quietly<T>(deed: impl FnOnce() -> T) -> Option<T> {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let done = catch_unwind(AssertUnwindSafe(deed)).ok();
    std::panic::set_hook(hook);
    done
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
