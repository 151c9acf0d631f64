//! `logs --count` and `logs --stats`.

use serde::Serialize;

use super::LogForm;
use crate::cmd::out::{Out, OutError};
use crate::cmd::{World, terminal_width};
use crate::feed::search::{Apart, Detail, Numbers, OfTask};
use crate::model::{Level, PlanName, Stamp, format_size};
use crate::render::table::{Cell, Column, table};
use crate::render::theme::Tone;

/// Tasks that people are shown; programs get all.
const MOST_TASKS: usize = 20;

/// Prints what was counted of each plan.
pub(super) fn print(
    out: &mut Out,
    counted: Vec<(PlanName, Numbers)>,
    detail: Detail,
    form: LogForm,
    world: &World,
) -> Result<(), OutError> {
    match (detail, form) {
        (Detail::Count, LogForm::Json) => out.json(&counted.iter().map(counts).collect::<Vec<_>>()),
        (Detail::Count, _) => match &counted[..] {
            [(_, one)] => out.line(one.records.to_string()),
            many => many
                .iter()
                .try_for_each(|(plan, numbers)| out.line(format!("{plan}:{}", numbers.records))),
        },
        (Detail::Stats, LogForm::Json) => out.json(&counted.iter().map(stats).collect::<Vec<_>>()),
        (Detail::Stats, _) => tables(out, &counted, world),
    }
}

#[derive(Serialize)]
struct Counts<'a> {
    plan: &'a PlanName,
    records: u64,
}

fn counts((plan, numbers): &(PlanName, Numbers)) -> Counts<'_> {
    Counts { plan, records: numbers.records }
}

#[derive(Serialize)]
struct Stats<'a> {
    plan: &'a PlanName,
    records: u64,
    bytes: u64,
    first: Option<Stamp>,
    last: Option<Stamp>,
    levels: serde_json::Map<String, serde_json::Value>,
    /// By what the tasks are told apart.
    tasks_by: &'static str,
    tasks: Vec<TaskStats<'a>>,
}

#[derive(Serialize)]
struct TaskStats<'a> {
    task: &'a str,
    records: u64,
    warnings: u64,
    errors: u64,
}

fn stats((plan, numbers): &(PlanName, Numbers)) -> Stats<'_> {
    let names = Level::ALL.iter().map(|level| level.name()).chain(["none"]);
    let tasks = ranked(numbers).into_iter().map(|(task, of)| {
        let OfTask { records, warnings, errors } = *of;
        TaskStats { task, records, warnings, errors }
    });
    Stats {
        plan,
        records: numbers.records,
        bytes: numbers.bytes,
        first: numbers.span.map(|(first, _)| first),
        last: numbers.span.map(|(_, last)| last),
        levels: names.map(str::to_owned).zip(numbers.levels.map(Into::into)).collect(),
        tasks_by: match numbers.tasks.apart() {
            Apart::Name => "name",
            Apart::Family => "family",
            Apart::Not => "nothing",
        },
        tasks: tasks.collect(),
    }
}

/// Those with most errors first, then those that are spoken of most.
fn ranked(numbers: &Numbers) -> Vec<(&str, &OfTask)> {
    let mut tasks: Vec<_> = numbers.tasks.iter().collect();
    tasks.sort_by_key(|(_, of)| std::cmp::Reverse((of.errors, of.warnings, of.records)));
    tasks
}

fn tables(out: &mut Out, counted: &[(PlanName, Numbers)], world: &World) -> Result<(), OutError> {
    const PLANS: [Column; 9] = [
        Column::text("PLAN").shrinks(12),
        Column::number("RECORDS"),
        Column::number("TEXT").leaves(3),
        Column::number("ERRORS"),
        Column::number("WARNINGS"),
        Column::number("INFO").leaves(2),
        Column::number("OTHER").leaves(1),
        Column::text("FIRST").leaves(5),
        Column::text("LAST").leaves(4),
    ];
    let width = if world.stdout.terminal { terminal_width() } else { None };
    let time = |ts: Stamp| {
        let when = ts.timestamp().to_zoned_datetime(world.zone.clone());
        when.strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    let rows: Vec<Vec<Cell>> = counted
        .iter()
        .map(|(plan, numbers)| {
            let [trace, debug, info, warnings, errors, critical, none] = numbers.levels;
            let (first, last) = numbers.span.map(|(a, b)| (time(a), time(b))).unwrap_or_default();
            vec![
                Cell::new(plan.as_str(), Tone::of_plan(plan.as_str())),
                plain(numbers.records),
                Cell::new(format_size(numbers.bytes), Tone::Plain),
                toned(errors + critical, Tone::Bad),
                toned(warnings, Tone::Wait),
                plain(info),
                plain(trace + debug + none),
                Cell::new(first, Tone::Dim),
                Cell::new(last, Tone::Dim),
            ]
        })
        .collect();
    let mut text = Vec::new();
    table(&mut text, &PLANS, &rows, width, world.stdout.color);
    out.write(&text)?;
    for (plan, numbers) in counted {
        if numbers.tasks.apart() == Apart::Not {
            out.line(format!("\n{plan}: its tasks have too many classes to be told apart"))?;
        }
        if numbers.tasks.iter().next().is_none() {
            continue;
        }
        out.line("")?;
        tasks(out, plan, numbers, (width, world.stdout.color), counted.len() > 1)?;
    }
    Ok(())
}

fn tasks(
    out: &mut Out,
    plan: &PlanName,
    numbers: &Numbers,
    (width, colour): (Option<usize>, bool),
    several: bool,
) -> Result<(), OutError> {
    let family = numbers.tasks.apart() == Apart::Family;
    let columns: [Column; 4] = [
        Column::text(if family { "CLASS OF TASKS" } else { "TASK" }).shrinks(20),
        Column::number("RECORDS"),
        Column::number("ERRORS"),
        Column::number("WARNINGS"),
    ];
    if several {
        out.line(format!("{plan}:"))?;
    }
    let ranked = ranked(numbers);
    let rows: Vec<Vec<Cell>> = ranked
        .iter()
        .take(MOST_TASKS)
        .map(|(name, of)| {
            let name = Cell::new(name, Tone::Plain);
            vec![
                name,
                plain(of.records),
                toned(of.errors, Tone::Bad),
                toned(of.warnings, Tone::Wait),
            ]
        })
        .collect();
    let mut text = Vec::new();
    table(&mut text, &columns, &rows, width, colour);
    out.write(&text)?;
    match ranked.len().saturating_sub(MOST_TASKS) {
        0 => Ok(()),
        more => out.line(format!("and {more} more: -o json tells all")),
    }
}

fn plain(count: u64) -> Cell {
    Cell::new(count.to_string(), Tone::Plain)
}

/// A count that means something unless it is 0.
fn toned(count: u64, tone: Tone) -> Cell {
    Cell::new(count.to_string(), if count == 0 { Tone::Plain } else { tone })
}
