//! `why`: why a run ended as it did, on one screen.

use std::io;
use std::time::Duration;

use super::World;
use super::evidence;
use super::leftover::left_behind;
use super::out::Out;
use super::tables::{ChosenRun, saved};
use crate::fold::{RunFold, headline};
use crate::model::{
    AttemptEnd, Event, Record, State, Stream, Target, Task, TaskState, TaskTable, format_duration,
    format_size, signal_name,
};
use crate::render::tasks::{Look, Names};
use crate::render::why::{Clock, LastSuccess, Slower, Trouble, Why, screen};
use crate::store::reader::{Batch, Reader, Step};

/// What a user may mean by `why`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan, perhaps one of its runs.
    pub target: Target,
    /// As JSON.
    pub json: bool,
}

/// Failures that are told at length.
const AT_LENGTH: usize = 1;
/// A task is much slower if it took so many times as long, and so much longer.
const SLOWER: u64 = 3;
const SLOWER_MS: u64 = 10_000;
/// Slower tasks that are named.
const SLOWEST: usize = 3;

/// Does it.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let chosen = ChosenRun::of(&options.target, world)?;
    let mut out = Out::stdout();
    if options.json {
        out.json(&found_out(&chosen, world)?)?;
    } else {
        let look = Look {
            width: world.stdout.terminal.then_some(world.width),
            colour: world.stdout.color,
        };
        out.write(&told(&chosen, world, look)?)?;
    }
    out.finish()?;
    Ok(0)
}

/// The same for people, drawn.
pub(super) fn told(chosen: &ChosenRun, world: &World, look: Look) -> anyhow::Result<Vec<u8>> {
    let why = found_out(chosen, world)?;
    let mut text = Vec::new();
    screen(&mut text, &why, &Clock { now: world.now, zone: world.zone.clone() }, look);
    Ok(text)
}

/// Everything there is to say about the run.
fn found_out(chosen: &ChosenRun, world: &World) -> anyhow::Result<Why> {
    let (run, table) = (chosen.known(), chosen.table()?);
    let plan = chosen.plan.name();
    let names = Names::new(&table);
    let over = !run.state.is_live();
    let mut failures = troubles(&table, &names, &run, |task| task.state.is_failure());
    for (trouble, task) in failures.iter_mut().take(AT_LENGTH) {
        trouble.excerpt = Some(evidence::of_task(&chosen.plan, &run, &table, task)?);
    }
    let failed: Vec<usize> = places(&table, |task| task.state.is_failure());
    let retried = troubles(&table, &names, &run, Task::is_retried);
    let well = run.verdict.is_success();
    let graph = table.tasks.iter().any(|task| !task.requires.is_empty());
    let blames_nobody = over && !well && failures.is_empty() && run.exec_error.is_none();
    let last_words = match blames_nobody {
        true => Some(evidence::last_words(&chosen.plan, &run)?),
        false => None,
    };
    let seq = failures.first().and_then(|(trouble, _)| Some(trouble.excerpt.as_ref()?.seq));
    let seq = seq.filter(|&seq| seq > 0).or(last_words.as_ref().map(|words| words.seq));
    let after = seq.map_or(run.first_seq, |seq| seq).saturating_sub(20).max(run.first_seq);
    Ok(Why {
        plan: plan.to_string(),
        run: run.run,
        state: run.state,
        verdict: run.verdict,
        exit: run.exit,
        headline: sentence(&run, failures.len(), world),
        reasons: run.reasons.clone(),
        started_at: run.started_at,
        ended_at: run.ended_at,
        ended_by: ended_by(&run),
        left_behind: left_behind(&chosen.plan, &run)?,
        tasks: Some(table.counts()).filter(|counts| !counts.is_empty()),
        failures: failures.into_iter().map(|(trouble, _)| trouble).collect(),
        retried: retried.into_iter().map(|(trouble, _)| trouble).collect(),
        cut_off: match over {
            true => {
                let cut = (0..).zip(&table.tasks).filter(|(_, task)| task.is_cut());
                cut.map(|(at, _)| names.of(at).to_owned()).collect()
            }
            false => Vec::new(),
        },
        not_run: if over { not_run(&table, &names, &failed, graph) } else { Vec::new() },
        graph,
        last_words,
        last_success: match well || !over && failed.is_empty() {
            true => None,
            false => last_success(chosen, &run, &table)?,
        },
        resume: (over && !well && !run.argv.is_empty() && !run.foreign)
            .then(|| format!("planwatch restart {plan}")),
        read_on: format!("planwatch logs {plan} --run {} --after {after}", run.run),
    })
}

/// The run in a sentence.
fn sentence(run: &RunFold, failures: usize, world: &World) -> String {
    if !run.state.is_live() || run.state == State::Restarting {
        return headline(run, run.verdict, &run.reasons);
    }
    let since = world.now.since(run.spawned_at.unwrap_or(run.started_at));
    let so_far = match failures {
        0 => "nothing has failed so far".to_owned(),
        1 => "1 task has failed so far".to_owned(),
        more => format!("{more} tasks have failed so far"),
    };
    format!("{} for {}: {so_far}", run.state.name(), format_duration(since))
}

/// Who or what ended it, where it did not end by itself.
fn ended_by(run: &RunFold) -> Option<String> {
    if let Some(stopping) = &run.stopping {
        return Some(match stopping.timeout {
            true if stopping.by == Event::STALL => "its stall-timeout ended it".to_owned(),
            true => "its time limit ended it".to_owned(),
            false => format!("{} asked for it", stopping.by),
        });
    }
    let signal = run.signal?;
    let memory = run
        .peak_rss
        .map_or(String::new(), |bytes| format!(", largest process {}", format_size(bytes)));
    Some(match run.signalled.contains(&signal) {
        true => format!("{} was sent with planwatch", signal_name(signal)),
        // The kernel kills so when memory is short, and says so only in its own log.
        false if signal == 9 => {
            format!("SIGKILL came from outside: out of memory? (dmesg | grep -i oom){memory}")
        }
        false => format!("{} came from outside{memory}", signal_name(signal)),
    })
}

fn places(table: &TaskTable, wanted: impl Fn(&Task) -> bool) -> Vec<usize> {
    (0..table.tasks.len()).filter(|&at| wanted(&table.tasks[at])).collect()
}

/// The tasks for which `wanted` holds, the one that went wrong first in front.
fn troubles<'t>(
    table: &'t TaskTable,
    names: &Names,
    run: &RunFold,
    wanted: impl Fn(&Task) -> bool,
) -> Vec<(Trouble, &'t Task)> {
    let mut found = places(table, wanted);
    found.sort_by_key(|&at| {
        let wrong = table.tasks[at].history.iter().find(|attempt| attempt.went_wrong());
        // What never ran stands behind what did: it is seldom the cause.
        (wrong.is_none(), wrong.and_then(|attempt| attempt.ended_at), at)
    });
    found
        .into_iter()
        .map(|at| (trouble(&table.tasks[at], names.of(at), run), &table.tasks[at]))
        .collect()
}

fn trouble(task: &Task, name: &str, run: &RunFold) -> Trouble {
    let last = task.last();
    let until = run.ended_at;
    let took = last.and_then(|last| Some(last.ended_at.or(until)?.since(last.started_at)));
    let what = match (task.state, last.and_then(|last| last.end)) {
        (TaskState::Failed, Some(AttemptEnd::Died)) => "died",
        (TaskState::Failed, Some(AttemptEnd::TimedOut)) => "timed out",
        (TaskState::Missing, _) => "missing",
        (TaskState::Broken, _) => "broken",
        (TaskState::Failed, _) => "failed",
        _ => "retried",
    };
    Trouble {
        task: task.name.clone(),
        name: name.to_owned(),
        what: what.to_owned(),
        attempts: task.attempts,
        took_ms: took.map(millis),
        pid: last.and_then(|last| last.pid),
        error: task.error.clone(),
        excerpt: None,
    }
}

/// Tasks that were not run. Where it is known what requires what, those that require a failure, the
/// nearest first.
fn not_run(table: &TaskTable, names: &Names, failed: &[usize], graph: bool) -> Vec<String> {
    let is_pending = |at: &usize| {
        let task = &table.tasks[*at];
        task.state == TaskState::Pending && !task.is_cut()
    };
    let name = |at: usize| names.of(at).to_owned();
    if !graph || failed.is_empty() {
        return (0..table.tasks.len()).filter(is_pending).map(name).collect();
    }
    let mut needed: Vec<Vec<usize>> = vec![Vec::new(); table.tasks.len()];
    for (at, task) in table.tasks.iter().enumerate() {
        for &required in &task.requires {
            if let Some(needed) = needed.get_mut(required as usize) {
                needed.push(at);
            }
        }
    }
    let mut seen = vec![false; table.tasks.len()];
    let mut reached = failed.to_vec();
    let mut next = 0;
    while let Some(&at) = reached.get(next) {
        next += 1;
        for &other in &needed[at] {
            if !std::mem::replace(&mut seen[other], true) {
                reached.push(other);
            }
        }
    }
    reached.into_iter().filter(is_pending).map(name).collect()
}

/// The last run that succeeded before this one, and what is different.
fn last_success(
    chosen: &ChosenRun,
    run: &RunFold,
    table: &TaskTable,
) -> io::Result<Option<LastSuccess>> {
    let before = chosen.fold.runs.iter().rev().filter(|before| before.run < run.run);
    let Some(success) = before.clone().find(|before| before.verdict.is_success()) else {
        return Ok(None);
    };
    let mut changed = Vec::new();
    for later in
        chosen.fold.runs.iter().filter(|one| (success.run + 1..=run.run).contains(&one.run))
    {
        for what in said_to_be_changed(chosen, later)? {
            if !changed.contains(&what) {
                changed.push(what);
            }
        }
    }
    if success.argv == run.argv && success.cwd == run.cwd {
        // Changed, and changed back.
        changed.retain(|what| what != "the command changed" && what != "the folder changed");
    }
    let then = saved(&chosen.plan, success.run).unwrap_or_default();
    let (lost, slower) = compared(&then, table);
    let ended_at = success.ended_at;
    Ok(Some(LastSuccess { run: success.run, ended_at, changed, lost, slower }))
}

/// What the announcement of a run says is different from the run before it.
fn said_to_be_changed(chosen: &ChosenRun, run: &RunFold) -> io::Result<Vec<String>> {
    let mut reader = Reader::open(&chosen.plan)?;
    reader.seek_after(run.first_seq.saturating_sub(1));
    let mut batch = Batch::new();
    if reader.read(&mut batch)? != Step::Lines {
        return Ok(Vec::new());
    }
    let Some(line) = batch.lines().next() else { return Ok(Vec::new()) };
    let Ok(record) = Record::parse(line) else { return Ok(Vec::new()) };
    Ok(match record.event_of(line) {
        Some(Event::RunStarted { changed, .. }) if record.stream == Stream::Planwatch => changed,
        _ => Vec::new(),
    })
}

/// Tasks that succeeded then and not now, and tasks that took much longer.
fn compared(then: &TaskTable, now: &TaskTable) -> (Vec<String>, Vec<Slower>) {
    let (names_then, names_now) = (Names::new(then), Names::new(now));
    let known: std::collections::HashMap<&str, &Task> =
        names_then.iter().zip(&then.tasks).collect();
    let (mut lost, mut slower) = (Vec::new(), Vec::new());
    for (name, task) in names_now.iter().zip(&now.tasks) {
        let Some(before) = known.get(name) else { continue };
        if before.state.is_success() && task.state.is_failure() {
            lost.push(name.to_owned());
        }
        if let (Some(then_ms), Some(now_ms)) = (last_took(before), last_took(task))
            && now_ms > then_ms * SLOWER
            && now_ms > then_ms + SLOWER_MS
        {
            slower.push(Slower { name: name.to_owned(), then_ms, now_ms });
        }
    }
    slower.sort_by_key(|slower| std::cmp::Reverse(slower.now_ms - slower.then_ms));
    slower.truncate(SLOWEST);
    (lost, slower)
}

/// How long the last attempt took that came to its end.
fn last_took(task: &Task) -> Option<u64> {
    let last = task.last().filter(|last| last.end == Some(AttemptEnd::Done))?;
    Some(millis(last.ended_at?.since(last.started_at)))
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
