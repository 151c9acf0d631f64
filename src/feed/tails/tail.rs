//! One log that somebody follows: what is new in it, kept for a while.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::sync::Notify;

use super::block::{Block, Kind, cut};
use super::{Shared, lock};
use crate::model::PlanName;
use crate::store::layout::PlanDir;
use crate::store::reader::{Batch, Reader, Step};

/// Bytes of blocks that are kept.
const KEPT: usize = 256 << 10;

pub(super) struct Tail {
    pub(super) shared: Arc<Shared>,
    pub(super) plan: PlanDir,
    folder: PathBuf,
    state: Mutex<State>,
    bells: Mutex<Bells>,
}

#[derive(Default)]
struct Bells {
    next: u64,
    all: BTreeMap<u64, Arc<Notify>>,
}

#[derive(Default)]
pub(super) struct State {
    /// None until somebody has begun to follow.
    reader: Option<Reader>,
    blocks: VecDeque<Arc<Block>>,
    bytes: usize,
    /// A cursor from here on finds its next block among those kept.
    pub(super) start: u64,
    /// The last seq that was read.
    pub(super) end: u64,
    /// Counts the logs that stood here: one that is removed and begun anew is another.
    pub(super) epoch: u64,
}

impl Tail {
    pub(super) fn new(shared: &Arc<Shared>, plan: &PlanName) -> Tail {
        let plan = shared.home.plan(plan);
        Tail {
            shared: Arc::clone(shared),
            folder: plan.log(),
            plan,
            state: Mutex::default(),
            bells: Mutex::default(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Begins at the end of the log, unless that has been done. What is written from here on is
    /// read: the folder is watched before its end is looked for.
    pub(super) fn begin(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.reader.is_some() {
            return Ok(());
        }
        self.shared.watcher.watch(&self.folder);
        let mut reader = Reader::open(&self.plan)?;
        let begun = reader.last_seq().map(|last| {
            reader.seek_after(last);
            (state.start, state.end) = (last, last);
        });
        if begun.is_err() {
            self.shared.watcher.unwatch(&self.folder);
            return begun;
        }
        state.reader = Some(reader);
        // A reader that has opened nothing would not notice that the log is taken away.
        let mut batch = self.shared.buffer();
        while state.read(&mut batch)?.is_some() {}
        self.shared.give_back(batch);
        Ok(())
    }

    /// Reads what is new and rings.
    pub(super) fn read(&self, batch: &mut Batch) {
        loop {
            let more = {
                let mut state = self.state();
                state.read(batch)
            };
            match more {
                // A disk that cannot be read now may be read at the next change.
                Err(_) | Ok(None) => return,
                Ok(Some(())) => self.ring(),
            }
        }
    }

    fn ring(&self) {
        lock(&self.bells).all.values().for_each(|bell| bell.notify_one());
    }

    pub(super) fn add_bell(&self, bell: &Arc<Notify>) -> u64 {
        let mut bells = lock(&self.bells);
        bells.next += 1;
        let id = bells.next;
        bells.all.insert(id, Arc::clone(bell));
        id
    }

    pub(super) fn is_followed(&self) -> bool {
        !lock(&self.bells).all.is_empty()
    }

    pub(super) fn remove_bell(&self, id: u64) {
        lock(&self.bells).all.remove(&id);
    }

    /// The log is another than the one of `epoch`: found out by somebody who read it himself.
    pub(super) fn renew(&self, epoch: u64) -> io::Result<()> {
        {
            let mut state = self.state();
            if state.epoch != epoch {
                return Ok(());
            }
            let mut reader = Reader::open(&self.plan)?;
            let last = reader.last_seq()?;
            reader.seek_after(last);
            state.reader = Some(reader);
            state.begin_anew(last);
            let mut batch = self.shared.buffer();
            while state.read(&mut batch)?.is_some() {}
            self.shared.give_back(batch);
        }
        self.ring();
        Ok(())
    }
}

impl State {
    /// Takes in one batch. None at the end.
    fn read(&mut self, batch: &mut Batch) -> io::Result<Option<()>> {
        let Some(reader) = &mut self.reader else { return Ok(None) };
        match reader.read(batch)? {
            Step::Lines => {
                let mut new = Vec::new();
                self.end = cut(batch.lines(), self.end, &mut |block| new.push(block));
                new.into_iter().for_each(|block| self.keep(block));
            }
            Step::Gap { from, to } => {
                self.end = to;
                self.keep(Block::new(from, to, Kind::Missing));
            }
            Step::Renewed => self.begin_anew(0),
            Step::End => return Ok(None),
        }
        Ok(Some(()))
    }

    fn keep(&mut self, block: Arc<Block>) {
        self.bytes += block.bytes();
        self.blocks.push_back(block);
        while self.bytes > KEPT
            && self.blocks.len() > 1
            && let Some(old) = self.blocks.pop_front()
        {
            self.bytes -= old.bytes();
            self.start = old.last;
        }
    }

    fn begin_anew(&mut self, at: u64) {
        self.epoch += 1;
        self.blocks.clear();
        (self.bytes, self.start, self.end) = (0, at, at);
    }

    /// The block that holds the record behind `after`, which is between `start` and `end`.
    pub(super) fn block_after(&self, after: u64) -> Option<Arc<Block>> {
        let at = self.blocks.partition_point(|block| block.last <= after);
        self.blocks.get(at).cloned()
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        if self.state().reader.is_some() {
            self.shared.watcher.unwatch(&self.folder);
        }
        let mut tails = lock(&self.shared.tails);
        // Somebody may have begun anew meanwhile.
        if tails.get(self.plan.name()).is_some_and(|known| known.strong_count() == 0) {
            tails.remove(self.plan.name());
        }
    }
}
