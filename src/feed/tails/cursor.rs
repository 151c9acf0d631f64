//! One follower's place in a log.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use tokio::sync::Notify;

use super::block::{Block, Kind, cut};
use super::tail::Tail;
use crate::model::PlanName;
use crate::store::reader::{Reader, Step};

/// What comes next for a follower.
#[derive(Debug)]
pub enum Next {
    /// This block; what is in it up to the seq beside it has been given already.
    Block(Arc<Block>, u64),
    /// Everything up to this seq has been given. Said once each time the end is reached after
    /// older records.
    CaughtUp(u64),
    /// The log was removed and begun anew: what follows starts at its first record.
    Renewed,
    /// What comes next has to be read: call [`Cursor::read`], where waiting for a disk is allowed.
    Behind,
    /// Nothing until the bell rings.
    Nothing,
}

/// A place in a log. Costs a few hundred bytes once its end is reached.
pub struct Cursor {
    tail: Arc<Tail>,
    bell: u64,
    after: u64,
    epoch: u64,
    /// Only while behind what is kept.
    past: Option<Reader>,
    ready: VecDeque<Arc<Block>>,
    told_end: bool,
    renewed: bool,
}

impl Cursor {
    pub(super) fn new(tail: Arc<Tail>, after: u64, bell: &Arc<Notify>) -> io::Result<Cursor> {
        tail.begin()?;
        let (epoch, end) = {
            let state = tail.state();
            (state.epoch, state.end)
        };
        // The one who asks may have read further than the tail has, but not further than the disk.
        let ahead = after > end && after > Reader::open(&tail.plan)?.last_seq()?;
        let bell = tail.add_bell(bell);
        Ok(Cursor {
            tail,
            bell,
            after: if ahead { 0 } else { after },
            epoch,
            past: None,
            ready: VecDeque::new(),
            told_end: false,
            renewed: ahead,
        })
    }

    /// The plan.
    pub fn plan(&self) -> &PlanName {
        self.tail.plan.name()
    }

    /// The last seq that was given.
    pub fn after(&self) -> u64 {
        self.after
    }

    /// What comes next. Looks at memory only.
    pub fn take(&mut self) -> Next {
        if std::mem::take(&mut self.renewed) {
            return Next::Renewed;
        }
        if let Some(block) = self.ready.pop_front() {
            return self.give(block);
        }
        let state = self.tail.state();
        if state.epoch != self.epoch {
            self.epoch = state.epoch;
            drop(state);
            self.begin_anew();
            return Next::Renewed;
        }
        if self.after >= state.end {
            self.past = None;
            if !std::mem::replace(&mut self.told_end, true) {
                return Next::CaughtUp(self.after);
            }
            return Next::Nothing;
        }
        if self.after >= state.start
            && let Some(block) = state.block_after(self.after)
        {
            drop(state);
            self.past = None;
            return self.give(block);
        }
        self.told_end = false;
        Next::Behind
    }

    fn give(&mut self, block: Arc<Block>) -> Next {
        let after = std::mem::replace(&mut self.after, block.last);
        Next::Block(block, after)
    }

    fn begin_anew(&mut self) {
        self.after = 0;
        self.past = None;
        self.ready.clear();
        self.told_end = false;
    }

    /// Reads some of what comes next from the disk.
    pub fn read(&mut self) -> io::Result<()> {
        let reader = match &mut self.past {
            Some(reader) => reader,
            None => {
                let mut reader = Reader::open(&self.tail.plan)?;
                reader.seek_after(self.after);
                self.past.insert(reader)
            }
        };
        let mut batch = self.tail.shared.buffer();
        let step = reader.read(&mut batch);
        match step? {
            Step::Lines => {
                cut(batch.lines(), self.after, &mut |block| self.ready.push_back(block));
            }
            Step::Gap { from, to } => self.ready.push_back(Block::new(from, to, Kind::Missing)),
            Step::Renewed => {
                self.past = None;
                self.tail.renew(self.epoch)?;
            }
            // The tail has read what is not there any more.
            Step::End => {
                self.past = None;
                let end = self.tail.state().start;
                if end > self.after {
                    self.ready.push_back(Block::new(self.after + 1, end, Kind::Missing));
                }
            }
        }
        self.tail.shared.give_back(batch);
        Ok(())
    }

    /// Lets go of everything but the place, for one who will not ask for a while.
    pub fn rest(&mut self) {
        self.past = None;
        self.ready = VecDeque::new();
    }
}

impl Drop for Cursor {
    fn drop(&mut self) {
        self.tail.remove_bell(self.bell);
    }
}
