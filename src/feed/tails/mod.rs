//! The ends of logs, read once for however many follow them.
//!
//! One watcher and one thread serve the whole process. The thread reads what is new in each log
//! that somebody follows and keeps the last few hundred KiB as blocks that all share. A follower is
//! a cursor: where it falls behind what is kept, it reads the log itself until it is back. Since
//! blocks are found by seq, nothing is lost or doubled where the two meet.

mod block;
mod cursor;
mod tail;

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;

use tokio::sync::Notify;

pub(super) use self::block::whole;
pub use self::block::{Block, Kind};
pub use self::cursor::{Cursor, Next};
use self::tail::Tail;
use crate::model::PlanName;
use crate::os::poll::{self, PollFd, PollFlags};
use crate::store::layout::Home;
use crate::store::reader::Batch;
use crate::wake::{Mode, Watcher};

/// Buffers that are kept for those who read a log themselves.
const BUFFERS: usize = 4;

/// Every log that somebody follows.
#[derive(Clone)]
pub struct Tails {
    shared: Arc<Shared>,
}

struct Shared {
    home: Home,
    watcher: Watcher,
    tails: Mutex<HashMap<PlanName, Weak<Tail>>>,
    buffers: Mutex<Vec<Batch>>,
}

impl Tails {
    /// Begins to watch, on a thread that lives as long as the process.
    pub fn start(home: Home) -> io::Result<Tails> {
        let shared = Arc::new(Shared {
            home,
            watcher: Watcher::new()?,
            tails: Mutex::default(),
            buffers: Mutex::default(),
        });
        let reads = Arc::clone(&shared);
        thread::Builder::new().name("tails".to_owned()).spawn(move || reads.read())?;
        Ok(Tails { shared })
    }

    /// A cursor behind `after` in a log that may not exist yet. `bell` is rung when there is more.
    /// Reads the disk.
    pub fn cursor(&self, plan: &PlanName, after: u64, bell: &Arc<Notify>) -> io::Result<Cursor> {
        let tail = {
            let mut tails = lock(&self.shared.tails);
            match tails.get(plan).and_then(Weak::upgrade) {
                Some(tail) => tail,
                None => {
                    let tail = Arc::new(Tail::new(&self.shared, plan));
                    tails.insert(plan.clone(), Arc::downgrade(&tail));
                    tail
                }
            }
        };
        Cursor::new(tail, after, bell)
    }

    /// Why changes are looked for again and again instead of being told, if so.
    pub fn polling(&self) -> Option<String> {
        match self.shared.watcher.mode() {
            Mode::Notify => None,
            Mode::Polling(reason) => Some(reason),
        }
    }

    /// Logs that are followed now.
    pub fn followed(&self) -> usize {
        self.shared.living().iter().filter(|tail| tail.is_followed()).count()
    }
}

impl Shared {
    fn read(&self) {
        let mut batch = Batch::new();
        loop {
            let mut fds = [PollFd::from_borrowed_fd(self.watcher.fd(), PollFlags::IN)];
            if poll::wait(&mut fds, None).is_err() {
                return;
            }
            // In this order: what is written after this line rings again.
            let changed = self.watcher.clear();
            for tail in self.living() {
                if changed.holds(tail.folder()) {
                    tail.read(&mut batch);
                }
            }
        }
    }

    /// Those that are followed, or still being read for somebody who has just gone.
    fn living(&self) -> Vec<Arc<Tail>> {
        lock(&self.tails).values().filter_map(Weak::upgrade).collect()
    }

    fn buffer(&self) -> Batch {
        lock(&self.buffers).pop().unwrap_or_default()
    }

    fn give_back(&self, buffer: Batch) {
        let mut buffers = lock(&self.buffers);
        if buffers.len() < BUFFERS {
            buffers.push(buffer);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
