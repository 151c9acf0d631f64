//! `tasks`: what Luigi's tasks of a run are doing, as a table, a tree, a timeline or a page.

mod canvas;
mod live;
mod save;
mod told;

use std::path::PathBuf;

use self::save::save;
use super::World;
use super::evidence;
use super::out::Out;
use super::ps::ListForm;
use super::tables::ChosenRun;
use crate::fold::RunFold;
use crate::model::{Target, TaskState, TaskTable};
use crate::render::json;
use crate::render::tasks::{
    Earlier, Excerpt, Look, Names, Scene, TaskRow, head, order, page, task_table, time_left,
    timeline, tree,
};

/// What a user may mean by `tasks`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan, perhaps one of its runs.
    pub target: Target,
    /// What is drawn.
    pub view: View,
    /// Only tasks in these states, if any is named.
    pub states: Vec<TaskState>,
    /// Go on with what changes.
    pub follow: bool,
    /// A page is written instead.
    pub html: Option<Page>,
    /// The form.
    pub output: ListForm,
}

/// The views.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// One row a task, what needs somebody first.
    #[default]
    Table,
    /// What requires what.
    Tree,
    /// Bars over time.
    Timeline,
}

/// Where the page goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// To standard output.
    Stdout,
    /// To this file.
    File(PathBuf),
}

/// Failures whose lines of the log stand on the page.
const EXCERPTS: usize = 20;

/// Does it.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let chosen = ChosenRun::of(&options.target, world)?;
    if let Some(to) = &options.html {
        return write_page(&chosen, to, world);
    }
    if options.follow {
        return live::follow(&chosen, &options, world);
    }
    let (run, table) = (chosen.known(), chosen.table()?);
    let mut out = Out::stdout();
    let view = Drawn::new(&chosen, &options, world);
    out.write(&view.draw(&run, &table, world.now, world.width)?)?;
    out.finish()?;
    Ok(0)
}

/// What is drawn of a run, again and again where it is followed.
struct Drawn<'a> {
    plan: &'a str,
    options: &'a Options,
    earlier: Vec<Earlier>,
    /// Whether it goes to a terminal, and whether that gets colours.
    terminal: bool,
    colour: bool,
    zone: jiff::tz::TimeZone,
}

impl<'a> Drawn<'a> {
    fn new(chosen: &'a ChosenRun, options: &'a Options, world: &World) -> Drawn<'a> {
        let live = chosen.known().state.is_live() && options.output == ListForm::Table;
        Drawn {
            plan: chosen.plan.name().as_str(),
            options,
            earlier: if live { chosen.earlier() } else { Vec::new() },
            terminal: world.stdout.terminal,
            colour: world.stdout.color,
            zone: world.zone.clone(),
        }
    }

    /// The view as of now, in the form that was asked for.
    fn draw(
        &self,
        run: &RunFold,
        table: &TaskTable,
        now: crate::model::Stamp,
        width: usize,
    ) -> anyhow::Result<Vec<u8>> {
        let names = Names::new(table);
        let left = time_left(table, &names, &self.earlier, now);
        let scene = Scene { plan: self.plan, run, table, names: &names, left: left.as_ref(), now };
        let mut text = Vec::new();
        let look = Look { width: self.terminal.then_some(width), colour: self.colour };
        match (self.options.output, self.options.view) {
            (ListForm::Json, _) => {
                let rows: Vec<TaskRow> =
                    self.wanted(&scene).map(|at| TaskRow::of(&scene, at)).collect();
                text.extend_from_slice(json::line(&rows)?.as_bytes());
                text.push(b'\n');
            }
            (ListForm::Jsonl, _) => {
                for at in self.wanted(&scene) {
                    let row = json::line(&TaskRow::of(&scene, at))?;
                    text.extend_from_slice(row.as_bytes());
                    text.push(b'\n');
                }
            }
            (ListForm::Table, view) => {
                head(&mut text, &scene, look);
                match view {
                    View::Table => {
                        let places: Vec<usize> = self.wanted(&scene).collect();
                        if !places.is_empty() {
                            task_table(&mut text, &scene, &places, look);
                        }
                    }
                    View::Tree => tree(&mut text, &scene, look),
                    // A picture needs a width also where it is not shown at once.
                    View::Timeline => {
                        timeline(&mut text, &scene, Look { width: Some(width), ..look });
                    }
                }
            }
        }
        Ok(text)
    }

    /// Whether tasks in this state are wanted.
    fn wants(&self, state: TaskState) -> bool {
        self.options.states.is_empty() || self.options.states.contains(&state)
    }

    /// Places of the tasks that are wanted: in the order of the table, for scripts in that in which
    /// they were heard of.
    fn wanted<'s>(&'s self, scene: &'s Scene<'_>) -> impl Iterator<Item = usize> + 's {
        let places = match self.options.output {
            ListForm::Table => order(scene),
            _ => (0..scene.table.tasks.len()).collect(),
        };
        let states = &self.options.states;
        places
            .into_iter()
            .filter(move |&at| states.is_empty() || states.contains(&scene.table.tasks[at].state))
    }
}

fn write_page(chosen: &ChosenRun, to: &Page, world: &World) -> anyhow::Result<i32> {
    let (run, table) = (chosen.known(), chosen.table()?);
    let names = Names::new(&table);
    let mut excerpts = Vec::new();
    let failed = (0..table.tasks.len()).filter(|&at| table.tasks[at].state.is_failure());
    for at in failed.take(EXCERPTS) {
        let task = &table.tasks[at];
        let found = evidence::of_task(&chosen.plan, &run, &table, task)?;
        let before = found.before.iter().map(|line| line.msg.clone());
        excerpts.push(Excerpt {
            task: names.of(at).to_owned(),
            error: task.error.clone(),
            lines: before.chain(found.traceback).collect(),
            more: format!(
                "planwatch logs {} --run {} --after {}",
                chosen.plan.name(),
                run.run,
                found.seq.saturating_sub(20).max(run.first_seq)
            ),
        });
    }
    let earlier = chosen.earlier();
    let left = time_left(&table, &names, &earlier, world.now);
    let plan = chosen.plan.name().as_str();
    let scene = Scene {
        plan,
        run: &run,
        table: &table,
        names: &names,
        left: left.as_ref(),
        now: world.now,
    };
    let page = page(&scene, &excerpts);
    match to {
        Page::Stdout => {
            let mut out = Out::stdout();
            out.write(page.as_bytes())?;
            out.finish()?;
        }
        Page::File(path) => save(path, page.as_bytes(), world)?,
    }
    Ok(0)
}
