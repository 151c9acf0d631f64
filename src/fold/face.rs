//! What Luigi says of a run in all: it may be called more than once, and each call says how it went.

use super::RunFold;
use crate::model::{Face, TaskCounts, Verdict};

impl RunFold {
    /// Takes what a summary says.
    pub(super) fn luigi_says(&mut self, face: Face) {
        if let Some(before) = self.luigi.filter(|before| !before.is_success()) {
            self.luigi_before = Some(self.luigi_before.map_or(before, |worst| worst.worse(before)));
        }
        self.luigi = Some(face);
    }

    /// Who passes over the plan's own lines learns at the end what Luigi said in them. Logs of before
    /// that was told say it by the exit code, where data was missing.
    pub(super) fn hear_luigi(&mut self, told: Option<Face>, verdict: Verdict, exit: i32) {
        let missing = verdict == Verdict::Incomplete && exit == Face::MISSING_CODE;
        let told = told.or((missing && self.luigi.is_none()).then_some(Face::Missing));
        if told.is_some() && self.face() != told {
            (self.luigi, self.luigi_before) = (told, None);
        }
    }

    /// What Luigi says, the summary before the returned value: after retries that helped, build()
    /// returns False and the summary is right. Where Luigi was called more than once, the last call
    /// counts, unless it has left standing what went worse in an earlier one.
    pub fn face(&self) -> Option<Face> {
        let last = self.luigi.or((self.built == Some(false)).then_some(Face::Failed))?;
        let Some(before) = self.luigi_before else { return Some(last) };
        let again = match before {
            Face::Failed | Face::FailedAndScheduling if last.is_success() => Face::Retried,
            _ => last,
        };
        Some(stands(before, self.tasks).map_or(again, |left| left.worse(last)))
    }

    /// A task stands failed, and Luigi has not said how its call went: it was not asked to, or
    /// nobody heard it.
    pub(super) fn failed_unsaid(&self) -> bool {
        self.luigi.is_none() && self.built.is_none() && self.tasks.failed > 0
    }
}

/// What is left of what an earlier call of Luigi said to have gone wrong.
fn stands(before: Face, tasks: TaskCounts) -> Option<Face> {
    let TaskCounts { failed, broken, missing, pending, running, .. } = tasks;
    let failing = matches!(before, Face::Failed | Face::FailedAndScheduling | Face::Scheduling);
    match before {
        Face::Fine | Face::Retried | Face::Locked => None,
        _ if failing && failed + broken > 0 => Some(before),
        _ if before != Face::NotRun && missing > 0 => Some(Face::Missing),
        _ => (pending + running > 0).then_some(Face::NotRun),
    }
}
