//! `ps`: the running plans and those that ended lately.

use std::collections::BTreeSet;
use std::time::Duration;

use super::World;
use super::alive::settled;
use super::leftover::left_behind;
use super::out::Out;
use super::queue::{group_of, pass, rows as queued};
use super::say::say;
use crate::exit::{Exit, Failure};
use crate::model::Stamp;
use crate::render::ps::{PsRow, ps_table};
use crate::store::layout::PlanDir;
use crate::store::prune::log_bytes;

/// What a user may mean by `ps`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Also what ended long ago.
    pub all: bool,
    /// Names only.
    pub quiet: bool,
    /// Only plans of this group of the queue.
    pub group: Option<String>,
    /// The form.
    pub output: ListForm,
}

/// The form in which lists are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListForm {
    /// For people.
    #[default]
    Table,
    /// One array.
    Json,
    /// One object a line.
    Jsonl,
}

/// How long an ended plan is listed without `-a`.
const RECENT: Duration = Duration::from_secs(24 * 3600);

/// Said where a list of plans is empty.
pub(super) const NO_PLANS: &str =
    "no plans yet: planwatch run -n NAME -- COMMAND starts one, planwatch demo shows three";

/// Does it.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let Some(home) = world.existing_home()? else {
        return list(&[], 0, &options, world);
    };
    // Nor does a queue that cannot be read hide the plans.
    let queue = pass(&home, world).map(|turn| turn.queue).unwrap_or_else(|error| {
        say(format_args!("{error:#}"));
        None
    });
    let mut rows = queue.as_ref().map_or_else(Vec::new, queued);
    let idle: BTreeSet<String> = rows.iter().map(|row| row.plan.clone()).collect();
    for name in home.plans()? {
        if idle.contains(name.as_str()) {
            continue;
        }
        // A plan that cannot be read is said and does not hide the others.
        match row(&home.plan(&name), world) {
            Ok(row) => rows.extend(row),
            Err(error) => say(format_args!("{name}: {error:#}")),
        }
    }
    if let Some(queue) = &queue {
        for row in &mut rows {
            row.group = group_of(queue, &row.plan).map(str::to_owned);
        }
    }
    if let Some(group) = &options.group {
        let groups: BTreeSet<String> = rows.iter().filter_map(|row| row.group.clone()).collect();
        rows.retain(|row| row.group.as_ref() == Some(group));
        if rows.is_empty() {
            return Err(no_group(group, &groups).into());
        }
    }
    rows.sort_by(|one, other| one.order().cmp(&other.order()));
    let known = rows.len();
    if !options.all {
        rows.retain(|row| is_recent(row, world.now));
    }
    list(&rows, known - rows.len(), &options, world)
}

fn no_group(group: &str, groups: &BTreeSet<String>) -> Failure {
    let failure = Failure::new(Exit::NoSuchPlan, format!("no plan is of the group '{group}'"));
    let names: Vec<&str> = groups.iter().map(String::as_str).collect();
    let near = crate::plans::closest(group, names.iter().copied());
    let near = near.map_or_else(String::new, |near| format!("did you mean '{near}'?\n"));
    failure.hint(match names.is_empty() {
        true => {
            "a plan of plans.toml has one by group = \"NAME\"; none is queued that does".to_owned()
        }
        false => format!("{near}there is: {}", names.join(", ")),
    })
}

fn row(plan: &PlanDir, world: &World) -> anyhow::Result<Option<PsRow>> {
    let fold = settled(plan)?;
    let mut row = PsRow::of(&fold, log_bytes(plan)?, world.now);
    if let (Some(row), Some(run)) = (&mut row, fold.last()) {
        row.left_behind = left_behind(plan, run)?;
    }
    Ok(row)
}

fn is_recent(row: &PsRow, now: Stamp) -> bool {
    row.state.is_live() || now.since(row.ended_at.unwrap_or(row.started_at)) < RECENT
}

fn list(rows: &[PsRow], older: usize, options: &Options, world: &World) -> anyhow::Result<i32> {
    let mut out = Out::stdout();
    match options.output {
        _ if options.quiet => {
            for row in rows {
                out.line(&row.plan)?;
            }
        }
        ListForm::Json => out.json(&rows)?,
        ListForm::Jsonl => {
            for row in rows {
                out.json(row)?;
            }
        }
        ListForm::Table if rows.is_empty() => {}
        ListForm::Table => {
            let width = world.stdout.terminal.then_some(world.width);
            out.write(&ps_table(rows, width, world.stdout.color))?;
        }
    }
    out.finish()?;
    if options.output == ListForm::Table && !options.quiet {
        tell(rows.is_empty(), older);
    }
    Ok(0)
}

/// What the table does not show.
fn tell(empty: bool, older: usize) {
    match (empty, older) {
        (true, 0) => say(NO_PLANS),
        (_, 0) => {}
        (true, 1) => say("nothing runs; 1 plan ended over a day ago: planwatch ps -a"),
        (true, n) => {
            say(format_args!("nothing runs; {n} plans ended over a day ago: planwatch ps -a"))
        }
        (false, 1) => say("1 older plan: planwatch ps -a"),
        (false, n) => say(format_args!("{n} older plans: planwatch ps -a")),
    }
}
