//! Many cursors as one stream of what comes next, each plan in its turn.

use std::io;
use std::sync::Arc;

use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::gate::Gate;
use crate::feed::tails::{Block, Cursor, Next};
use crate::model::PlanName;

/// What comes next of one plan.
#[derive(Debug)]
pub(super) enum Happening {
    /// A block, given up to the seq beside it already.
    Block(Arc<Block>, u64),
    /// Everything up to this seq was given.
    CaughtUp(u64),
    /// The log was removed and begun anew.
    Renewed,
    /// The log cannot be read, and nothing more comes of this plan.
    Failed(io::Error),
}

/// What somebody follows. Dropping the future of [`Stream::next`] loses nothing.
pub(super) struct Stream {
    gate: Arc<Gate>,
    bell: Arc<Notify>,
    cursors: Vec<Cursor>,
    /// The cursor that comes first the next time.
    turn: usize,
    reading: Option<Reading>,
}

/// A cursor that is away, reading the disk.
struct Reading {
    plan: PlanName,
    /// Nobody follows it any more.
    dropped: bool,
    task: JoinHandle<Option<(Cursor, io::Result<()>)>>,
}

impl Stream {
    pub(super) fn new(gate: &Arc<Gate>) -> Stream {
        Stream {
            gate: Arc::clone(gate),
            bell: Arc::default(),
            cursors: Vec::new(),
            turn: 0,
            reading: None,
        }
    }

    /// Follows a plan, which may not exist yet, from behind `after` on; anew, if it does already.
    pub(super) async fn subscribe(&mut self, plan: &PlanName, after: u64) -> io::Result<()> {
        self.unsubscribe(plan);
        let (gate, bell, plan) = (Arc::clone(&self.gate), Arc::clone(&self.bell), plan.clone());
        let made =
            tokio::task::spawn_blocking(move || gate.tails.cursor(&plan, after, &bell)).await;
        self.cursors.push(made.map_err(io::Error::other)??);
        Ok(())
    }

    /// False if it was not followed.
    pub(super) fn unsubscribe(&mut self, plan: &PlanName) -> bool {
        if let Some(reading) = self.reading.as_mut().filter(|reading| reading.plan == *plan)
            && !std::mem::replace(&mut reading.dropped, true)
        {
            return true;
        }
        let before = self.cursors.len();
        self.cursors.retain(|cursor| cursor.plan() != plan);
        self.cursors.len() < before
    }

    /// Plans that are followed.
    pub(super) fn len(&self) -> usize {
        self.cursors.len()
            + usize::from(self.reading.as_ref().is_some_and(|reading| !reading.dropped))
    }

    /// What comes next, and of which plan. Waits for it.
    pub(super) async fn next(&mut self) -> (PlanName, Happening) {
        loop {
            if let Some(next) = self.ready() {
                return next;
            }
            let Some(reading) = &mut self.reading else {
                self.bell.notified().await;
                continue;
            };
            tokio::select! {
                done = &mut reading.task => {
                    if let Some(failed) = self.back(done.ok().flatten()) {
                        return failed;
                    }
                }
                () = self.bell.notified() => {}
            }
        }
    }

    /// A cursor has come back from the disk.
    fn back(&mut self, done: Option<(Cursor, io::Result<()>)>) -> Option<(PlanName, Happening)> {
        let Reading { plan, dropped, .. } = self.reading.take()?;
        if dropped {
            return None;
        }
        match done {
            Some((cursor, Ok(()))) => {
                self.cursors.push(cursor);
                None
            }
            Some((_, Err(error))) => Some((plan, Happening::Failed(error))),
            None => Some((plan, Happening::Failed(io::Error::other("the gateway is closing")))),
        }
    }

    /// What there is without waiting. Sends one cursor that is behind to the disk.
    fn ready(&mut self) -> Option<(PlanName, Happening)> {
        let count = self.cursors.len();
        let mut behind = None;
        for step in 0..count {
            let at = (self.turn + step) % count;
            let happening = match self.cursors[at].take() {
                Next::Nothing => continue,
                Next::Behind => {
                    behind.get_or_insert(at);
                    continue;
                }
                Next::Block(block, after) => Happening::Block(block, after),
                Next::CaughtUp(after) => Happening::CaughtUp(after),
                Next::Renewed => Happening::Renewed,
            };
            self.turn = at + 1;
            return Some((self.cursors[at].plan().clone(), happening));
        }
        if let Some(at) = behind.filter(|_| self.reading.is_none()) {
            self.read(at);
        }
        None
    }

    fn read(&mut self, at: usize) {
        let mut cursor = self.cursors.swap_remove(at);
        let plan = cursor.plan().clone();
        let turns = Arc::clone(&self.gate.reads);
        let task = tokio::spawn(async move {
            let _turn = turns.acquire_owned().await.ok()?;
            let read = move || {
                let done = cursor.read();
                (cursor, done)
            };
            tokio::task::spawn_blocking(read).await.ok()
        });
        self.reading = Some(Reading { plan, dropped: false, task });
    }

    /// Lets go of everything but the places, for a client that does not read.
    pub(super) fn rest(&mut self) {
        self.cursors.iter_mut().for_each(Cursor::rest);
    }
}
