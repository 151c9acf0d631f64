//! How some plans of the queue stand: in words, and as an exit code.

use crate::exit::Exit;
use crate::feed::{Depth, known};
use crate::model::{PlanName, Queue, Stand};
use crate::store::layout::Home;

/// The plans, in the order in which they were meant, and where each stood last.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    plans: Vec<(PlanName, Stand)>,
}

impl Standing {
    pub(super) fn of(plans: Vec<PlanName>) -> Standing {
        Standing { plans: plans.into_iter().map(|plan| (plan, Stand::Waiting)).collect() }
    }

    pub(super) fn plans(&self) -> impl Iterator<Item = &PlanName> {
        self.plans.iter().map(|(plan, _)| plan)
    }

    /// The plans that stand so.
    pub(super) fn those(&self, so: fn(&Stand) -> bool) -> impl Iterator<Item = &PlanName> {
        self.plans.iter().filter(move |(_, stand)| so(stand)).map(|(plan, _)| plan)
    }

    /// Takes over what the queue says. Those that were skipped since, and why.
    pub(super) fn see(&mut self, queue: &Queue) -> Vec<(PlanName, String)> {
        let mut skipped = Vec::new();
        for (plan, stand) in &mut self.plans {
            let now = match queue.entry(plan) {
                Some(entry) => entry.stand.clone(),
                // Forgotten: somebody has begun another queue since it ended.
                None if stand.is_open() => {
                    let (why, at) = ("it is not queued any more".to_owned(), Default::default());
                    Stand::Skipped { why, at }
                }
                None => continue,
            };
            if let (Stand::Skipped { why, .. }, false) =
                (&now, matches!(stand, Stand::Skipped { .. }))
            {
                skipped.push((plan.clone(), why.clone()));
            }
            *stand = now;
        }
        skipped
    }

    /// Whether something is still to come.
    pub(super) fn is_open(&self) -> bool {
        self.plans.iter().any(|(_, stand)| stand.is_open())
    }

    /// `2 running, 3 waiting, 4 ended, 1 of them not well`.
    pub(super) fn words(&self) -> String {
        let count = |so: fn(&Stand) -> bool| self.those(so).count();
        let ended = count(|stand| !stand.is_open());
        let unwell = count(|stand| match stand {
            Stand::Over { verdict, .. } => !verdict.is_success(),
            Stand::Skipped { .. } => true,
            Stand::Waiting | Stand::Given { .. } => false,
        });
        let running = count(|stand| matches!(stand, Stand::Given { .. }));
        let waiting = count(|stand| *stand == Stand::Waiting);
        let unwell = match unwell {
            0 => String::new(),
            unwell => format!(", {unwell} of them not well"),
        };
        match running + waiting {
            0 => format!("{ended} ended{unwell}"),
            _ => format!("{running} running, {waiting} waiting, {ended} ended{unwell}"),
        }
    }

    /// The first that is not 0, in the order in which the plans were meant: what `wait` would give.
    pub(super) fn code(&self, home: &Home) -> anyhow::Result<i32> {
        for (plan, stand) in &self.plans {
            let code = match stand {
                Stand::Over { run, .. } => {
                    let fold = known(&home.plan(plan), Depth::State)?;
                    fold.run(*run).and_then(|run| run.exit)
                }
                _ => None,
            };
            match code.unwrap_or(Exit::Failed.code()) {
                0 => {}
                code => return Ok(code),
            }
        }
        Ok(Exit::Done.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_queue_forgets_is_over_and_what_it_skips_is_told_once() {
        let plans = ["a", "b"].map(|plan| plan.parse().unwrap()).to_vec();
        let mut standing = Standing::of(plans);
        assert_eq!(standing.words(), "0 running, 2 waiting, 0 ended");
        let skipped = standing.see(&Queue::default());
        assert_eq!(skipped.len(), 2);
        assert!(standing.see(&Queue::default()).is_empty());
        assert!(!standing.is_open());
        assert_eq!(standing.words(), "2 ended, 2 of them not well");
    }
}
