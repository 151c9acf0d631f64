//! All plans as they change, for those who want to be told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::feed::roster::Told;
use crate::fold::Fold;
use crate::model::{PlanName, Stamp};
use crate::render::ps::PsRow;

/// What is known of the plans, and how often it has changed.
#[derive(Clone)]
pub(super) struct Roster {
    known: Arc<Mutex<BTreeMap<PlanName, Known>>>,
    version: watch::Sender<u64>,
}

#[derive(Clone)]
struct Known {
    /// The version in which it changed last.
    version: u64,
    /// None: it is gone.
    facts: Option<(Arc<Fold>, u64)>,
}

/// A plan that has changed.
pub(super) enum Change {
    Row(Box<PsRow>),
    Gone(PlanName),
}

impl Roster {
    pub(super) fn new() -> Roster {
        Roster { known: Arc::default(), version: watch::Sender::new(0) }
    }

    /// Takes in what was told. False when nobody can ask any more: never.
    pub(super) fn take(&self, told: Told) -> bool {
        let (plan, facts) = match told {
            Told::Plan { fold, log_bytes, .. } => {
                (fold.plan.clone(), Some((Arc::new(*fold), log_bytes)))
            }
            Told::Gone(plan) => (plan, None),
            Told::Queue(_) | Told::Listed | Told::Polling(_) | Told::Failed(_) => return true,
        };
        self.version.send_modify(|version| {
            *version += 1;
            self.known().insert(plan, Known { version: *version, facts });
        });
        true
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<PlanName, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What tells when something has changed.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// What has changed since this version.
    pub(super) fn since(&self, version: u64) -> Vec<Change> {
        let now = Stamp::now();
        let known = self.known();
        let changed = known.iter().filter(|(_, known)| known.version > version);
        changed
            .filter_map(|(plan, known)| match &known.facts {
                Some((fold, bytes)) => {
                    PsRow::of(fold, *bytes, now).map(|row| Change::Row(Box::new(row)))
                }
                None => (version > 0).then(|| Change::Gone(plan.clone())),
            })
            .collect()
    }

    /// Plans by their state in one word.
    pub(super) fn by_state(&self) -> BTreeMap<&'static str, u64> {
        let mut states = BTreeMap::new();
        for known in self.known().values() {
            let Some(run) = known.facts.as_ref().and_then(|(fold, _)| fold.last()) else {
                continue;
            };
            *states.entry(run.state.name()).or_default() += 1;
        }
        states
    }
}
