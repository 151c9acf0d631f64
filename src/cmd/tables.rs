//! The runs of a plan and the tables of their tasks.

use std::io;
use std::time::Duration;

use super::World;
use super::alive::settled;
use super::select::select_one;
use crate::exit::{Exit, Failure};
use crate::feed::known;
use crate::fold::{Fold, Kept, RunFold};
use crate::model::{PlanName, RunChoice, Target, TaskTable};
use crate::render::tasks::Earlier;
use crate::store::layout::PlanDir;
use crate::store::snapshot;

/// Earlier runs that are asked about the time left.
const EARLIER: usize = 4;

/// One run that was asked for.
#[derive(Debug)]
pub(super) struct ChosenRun {
    pub(super) plan: PlanDir,
    /// What is known as of now; of a run of long ago, what was known when it was over.
    pub(super) fold: Fold,
    pub(super) run: u64,
}

impl ChosenRun {
    /// The run that was meant: the last one where none is named.
    pub(super) fn of(target: &Target, world: &World) -> anyhow::Result<ChosenRun> {
        let (home, chosen) = select_one(target, world)?;
        let plan = home.plan(&chosen.plan);
        let fold = settled(&plan)?;
        let choice = chosen.run.unwrap_or(RunChoice::Back(0));
        let wanted = choice.resolve(fold.last_run());
        let then = match wanted {
            Some(run) if run > 0 && run <= fold.last_run() && fold.run(run).is_none() => {
                known::when_over(&plan, run)?
            }
            _ => None,
        };
        let fold = then.unwrap_or(fold);
        let run = wanted.filter(|&run| fold.run(run).is_some());
        let run = run.ok_or_else(|| no_run(&chosen.plan, choice, &fold))?;
        Ok(ChosenRun { plan, fold, run })
    }

    /// What is known of it.
    pub(super) fn known(&self) -> RunFold {
        self.fold.run(self.run).cloned().unwrap_or_default()
    }

    /// Its tasks; an empty table where Luigi has said nothing.
    pub(super) fn table(&self) -> io::Result<TaskTable> {
        let table = known::tasks(&self.plan, self.run)?;
        Ok(table.unwrap_or_else(|| TaskTable { run: self.run, ..TaskTable::default() }))
    }

    /// The runs before it whose tables are at hand, newest first. Others are not read for it: a
    /// guess at the time left is not worth a log.
    pub(super) fn earlier(&self) -> Vec<Earlier> {
        let before = self.fold.runs.iter().rev().filter(|run| run.run < self.run);
        before
            .filter_map(|run| {
                let table = saved(&self.plan, run.run)?;
                let whole = run.verdict.is_success();
                let took = run.wall_ms.filter(|_| whole).map(Duration::from_millis);
                Some(Earlier { table, took })
            })
            .take(EARLIER)
            .collect()
    }
}

/// The table of a run that has ended, if it is saved and has a task.
pub(super) fn saved(plan: &PlanDir, run: u64) -> Option<TaskTable> {
    let kept: Option<Kept> = snapshot::load_json(&plan.tasks_file(run)).ok().flatten();
    kept.map(|kept| kept.table).filter(|table| !table.tasks.is_empty())
}

fn no_run(plan: &PlanName, choice: RunChoice, fold: &Fold) -> Failure {
    let last = fold.last_run();
    if last == 0 {
        return Failure::new(Exit::NoSuchPlan, format!("{plan} has never been run"));
    }
    let oldest = fold.runs.first().map_or(last, |run| run.run);
    let what = match choice {
        RunChoice::Number(number) if (1..oldest).contains(&number) => {
            format!("run {number} of {plan} is too long ago: its end is not in the log any more")
        }
        RunChoice::Number(number) => format!("{plan} has no run {number}"),
        RunChoice::Back(back) => format!("{plan} has no run {back} before its last"),
    };
    Failure::new(Exit::NoSuchPlan, what).hint(match last - oldest {
        0 => format!("the only one that is known is {plan}@{last}"),
        _ => format!(
            "known are {plan}@{oldest} to {plan}@{last}; the one before the last is {plan}~1"
        ),
    })
}
