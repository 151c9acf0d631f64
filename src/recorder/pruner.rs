//! Who removes the oldest segments while the recorder records: a thread, for a disk may take its
//! time, and the plan shall not wait for what is gone.

use std::io;
use std::thread::{Builder, JoinHandle};

use crate::model::{KeepRule, Stamp};
use crate::store::layout::PlanDir;
use crate::store::prune::prune_segments;

/// The thread, if it is at work.
#[derive(Debug, Default)]
pub(super) struct Pruner(Option<JoinHandle<io::Result<()>>>);

impl Pruner {
    /// Whether what was asked for is still being done.
    pub(super) fn is_busy(&self) -> bool {
        self.0.as_ref().is_some_and(|work| !work.is_finished())
    }

    /// Removes what the rules do not keep; `at_once` where somebody waits for the room. An error may
    /// be that of the time before.
    pub(super) fn prune(
        &mut self,
        plan: &PlanDir,
        keep: &[KeepRule],
        now: Stamp,
        at_once: bool,
    ) -> io::Result<()> {
        self.finish()?;
        let (plan, keep) = (plan.clone(), keep.to_vec());
        let work = move || prune_segments(&plan, &keep, now, false).map(drop);
        if at_once {
            return work();
        }
        let thread = Builder::new().name("prune".to_owned()).stack_size(256 << 10);
        match thread.spawn(work.clone()) {
            Ok(thread) => self.0 = Some(thread),
            Err(_) => work()?,
        }
        Ok(())
    }

    /// Waits until it is done.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.0.take().map_or(Ok(()), |work| {
            let panicked = |_| Err(io::Error::other("the thread that prunes has panicked"));
            work.join().unwrap_or_else(panicked)
        })
    }
}
