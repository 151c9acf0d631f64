//! `tasks -f` on a pipe: a line, or a row, for each change of a task.

use std::collections::HashMap;

use super::Drawn;
use crate::cmd::out::Out;
use crate::cmd::ps::ListForm;
use crate::feed::LiveTable;
use crate::fold::RunFold;
use crate::model::{Stamp, TaskState, TaskTable};
use crate::render::tasks::{Names, Scene, TaskRow, change};

/// What was told of each task.
#[derive(Default)]
pub(super) struct Told {
    tasks: Vec<(TaskState, u32)>,
    /// By which name each was told of.
    named: HashMap<usize, String>,
    /// Failures whose error is still being read.
    held: Vec<usize>,
    /// Their names, and of how many they were not made.
    names: Names,
    late: usize,
}

/// With so many tasks, their names are not made anew for each new one, but for each so many-th part.
const MANY: usize = 1000;
const PART: usize = 16;

/// What may be new.
#[derive(Clone, Copy)]
pub(super) enum News<'a> {
    /// This task, at this time.
    Of(&'a str, Stamp),
    /// Any.
    Any(Stamp),
    /// Only those whose error was still being read.
    Held(Stamp),
    /// Any, and nothing more will come.
    Last(Stamp),
}

impl Told {
    /// Prints what nobody was told of yet.
    pub(super) fn tell(
        &mut self,
        out: &mut Out,
        view: &Drawn<'_>,
        run: &RunFold,
        live: &LiveTable,
        news: News<'_>,
    ) -> anyhow::Result<()> {
        let table = live.table();
        let (known, now) = match news {
            News::Of(name, ts) => (live.place(name), ts),
            News::Any(ts) | News::Held(ts) | News::Last(ts) => (None, ts),
        };
        let mut places = std::mem::take(&mut self.held);
        match known {
            Some(at) if !places.contains(&at) => places.push(at),
            Some(_) => {}
            None if matches!(news, News::Held(_)) => {}
            None => {
                places = (0..table.tasks.len()).collect();
                // Many at once, as at the beginning: in the order in which it happened; what has
                // not begun last, for its line bears the present time.
                places.sort_by_key(|&at| {
                    let task = &table.tasks[at];
                    let begun = task.last().filter(|_| task.state != TaskState::Pending);
                    let heard = begun.map(|last| last.ended_at.unwrap_or(last.started_at));
                    (heard.is_none(), heard)
                });
            }
        }
        places.retain(|&at| self.tasks.get(at) != Some(&standing(table, at)));
        if !matches!(news, News::Last(_)) && live.is_listening() {
            let failed = |&at: &usize| table.tasks[at].state.is_failure();
            (self.held, places) = places.into_iter().partition(failed);
        }
        if places.is_empty() {
            return Ok(());
        }
        self.tasks.resize(table.tasks.len(), (TaskState::Pending, u32::MAX));
        for &at in &places {
            self.remember(table, at);
        }
        // Rows for scripts have the whole names.
        if view.options.output == ListForm::Table {
            self.name(table, &places);
        }
        let scene = Scene { plan: view.plan, run, table, names: &self.names, left: None, now };
        for at in places {
            if !view.wants(table.tasks[at].state) {
                continue;
            }
            match view.options.output {
                ListForm::Table => out.write(&change(&scene, at, &view.zone, view.colour))?,
                _ => out.json(&TaskRow::of(&scene, at))?,
            }
        }
        Ok(())
    }

    fn remember(&mut self, table: &TaskTable, at: usize) {
        let name = &table.tasks[at].name;
        self.tasks[at] = standing(table, at);
        if self.named.get(&at) != Some(name) {
            self.named.insert(at, name.clone());
            self.late += 1;
        }
    }

    fn name(&mut self, table: &TaskTable, places: &[usize]) {
        let all = table.tasks.len();
        if self.late == 0 && self.names.len() == all {
            return;
        }
        if all < MANY || self.late >= all / PART || self.names.is_empty() {
            (self.names, self.late) = (Names::new(table), 0);
            return;
        }
        places.iter().for_each(|&at| self.names.add(table, at));
    }
}

fn standing(table: &TaskTable, at: usize) -> (TaskState, u32) {
    (table.tasks[at].state, table.tasks[at].attempts)
}
