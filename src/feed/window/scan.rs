//! Several logs as one, in the order of time, in one direction.

use std::io;
use std::sync::Arc;

use super::lane::Lane;
use super::{Cut, Item, Target, View};
use crate::feed::sieve::Sieve;
use crate::store::layout::Home;
use crate::store::reader::Batch;

/// Records from a cut on, or back from it.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) lanes: Vec<Lane>,
    sieve: Sieve,
    forward: bool,
}

/// What one step gave.
#[derive(Debug)]
pub(super) enum Next {
    Item(Box<Item>),
    /// Something was read; nothing can be given yet.
    Read,
    /// There is nothing more now.
    End,
}

impl Scan {
    /// Begins at a cut.
    pub(super) fn new(
        home: &Home,
        view: &Arc<View>,
        target: Option<Target>,
        cut: &Cut,
        forward: bool,
    ) -> io::Result<Scan> {
        let sieve = view.filter.sieve(target.as_ref());
        let mut lanes = Vec::new();
        for (plan, name) in view.plans.iter().enumerate() {
            let (dir, at) = (home.plan(name), cut.0.get(plan).copied().unwrap_or(0));
            lanes.push(if forward {
                Lane::ahead(plan, dir, at)?
            } else {
                Lane::behind(plan, dir, at)
            });
        }
        Ok(Scan { lanes, sieve, forward })
    }

    /// The next record, or a step on the way to it. A step reads one stretch of one log.
    pub(super) fn next(&mut self, batch: &mut Batch) -> io::Result<Next> {
        let mut first: Option<(usize, crate::model::Stamp)> = None;
        for (index, lane) in self.lanes.iter_mut().enumerate() {
            let Some(head) = lane.head() else {
                if lane.ended {
                    continue;
                }
                lane.fill(batch, &self.sieve)?;
                return Ok(Next::Read);
            };
            // Of equal times the first plan comes first; from the end, the last.
            let sooner =
                first.is_none_or(|(_, ts)| if self.forward { head < ts } else { head >= ts });
            if sooner {
                first = Some((index, head));
            }
        }
        let item = first.and_then(|(index, _)| self.lanes[index].pop());
        Ok(item.map_or(Next::End, |item| Next::Item(Box::new(item))))
    }

    /// How far it has come.
    pub(super) fn cut(&self) -> Cut {
        Cut(self.lanes.iter().map(Lane::cut).collect())
    }

    /// Whether nothing more comes now.
    pub(super) fn is_over(&self) -> bool {
        self.lanes.iter().all(|lane| lane.ended && lane.head().is_none())
    }
}
