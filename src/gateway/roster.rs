//! All plans as they change, for those who want to be told.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use crate::feed::roster::Told;
use crate::fold::Fold;
use crate::model::{PlanName, Stamp};
use crate::render::ps::PsRow;

/// What was told last, and the version in which that changed.
type Remembered = Option<(u64, Told)>;

/// What is known of the plans, and how often it has changed.
#[derive(Clone)]
pub(super) struct Roster {
    known: Arc<Mutex<BTreeMap<PlanName, Known>>>,
    /// The queue and how changes are noticed, each with the version in which it changed last.
    other: Arc<Mutex<[Remembered; 2]>>,
    version: watch::Sender<u64>,
}

#[derive(Clone)]
struct Known {
    /// The version in which it changed last.
    version: u64,
    /// None: it is gone.
    facts: Option<Facts>,
}

/// What was told of a plan.
#[derive(Clone)]
struct Facts {
    fold: Arc<Fold>,
    bytes: u64,
    orphaned: bool,
}

/// A plan that has changed.
pub(super) enum Change {
    Row(Box<PsRow>),
    Gone(PlanName),
}

impl Roster {
    pub(super) fn new() -> Roster {
        Roster { known: Arc::default(), other: Arc::default(), version: watch::Sender::new(0) }
    }

    /// Takes in what was told. False when nobody can ask any more: never.
    pub(super) fn take(&self, told: Told) -> bool {
        let (plan, facts) = match told {
            Told::Plan { fold, log_bytes, orphaned } => {
                let facts = Facts { fold: Arc::new(*fold), bytes: log_bytes, orphaned };
                (facts.fold.plan.clone(), Some(facts))
            }
            Told::Gone(plan) => (plan, None),
            Told::Queue(_) => return self.take_other(0, told),
            Told::Polling(_) => return self.take_other(1, told),
            Told::Listed | Told::Failed(_) => return true,
        };
        self.version.send_modify(|version| {
            *version += 1;
            self.known().insert(plan, Known { version: *version, facts });
        });
        true
    }

    fn take_other(&self, place: usize, told: Told) -> bool {
        self.version.send_modify(|version| {
            *version += 1;
            self.other()[place] = Some((*version, told));
        });
        true
    }

    fn other(&self) -> MutexGuard<'_, [Option<(u64, Told)>; 2]> {
        self.other.lock().unwrap_or_else(PoisonError::into_inner)
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
                Some(Facts { fold, bytes, .. }) => {
                    PsRow::of(fold, *bytes, now).map(|row| Change::Row(Box::new(row)))
                }
                None => (version > 0).then(|| Change::Gone(plan.clone())),
            })
            .collect()
    }

    /// The same as it was told: what is known of a plan reduced to its last run.
    pub(super) fn told_since(&self, version: u64) -> Vec<Told> {
        let other = self.other().clone();
        let mut told: Vec<Told> = other
            .into_iter()
            .flatten()
            .filter_map(|(changed, told)| (changed > version).then_some(told))
            .collect();
        let known = self.known();
        for (plan, known) in known.iter().filter(|(_, known)| known.version > version) {
            match &known.facts {
                Some(Facts { fold, bytes, orphaned }) => {
                    let mut short = Fold::new(plan.clone());
                    short.runs.extend(fold.last().cloned());
                    (short.seq, short.ts, short.lines) = (fold.seq, fold.ts, fold.lines);
                    let (fold, log_bytes) = (Box::new(short), *bytes);
                    told.push(Told::Plan { fold, log_bytes, orphaned: *orphaned });
                }
                None if version > 0 => told.push(Told::Gone(plan.clone())),
                None => {}
            }
        }
        told
    }

    /// Plans by their state in one word.
    pub(super) fn by_state(&self) -> BTreeMap<&'static str, u64> {
        let mut states = BTreeMap::new();
        for known in self.known().values() {
            let Some(run) = known.facts.as_ref().and_then(|facts| facts.fold.last()) else {
                continue;
            };
            *states.entry(run.state.name()).or_default() += 1;
        }
        states
    }
}
