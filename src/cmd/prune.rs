//! `prune`: removes old segments and old plans by rule.

use std::time::Duration;

use anyhow::Context as _;

use super::World;
use super::out::Out;
use super::rm::removed;
use super::select::{Selector, select};
use crate::exit::Exit;
use crate::feed::{Depth, known};
use crate::model::{KeepRule, PlanName, Spec, Stamp, format_size};
use crate::store::layout::{Home, PlanDir};
use crate::store::prune::{log_bytes, prune_segments, remove_leftovers};
use crate::store::snapshot::load_json;

/// What a user may mean by `prune`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The plans; empty for all.
    pub plans: Vec<Selector>,
    /// Rules for segments; each plan's own where none is given.
    pub keep: Vec<KeepRule>,
    /// Remove plans that ended longer ago than this.
    pub older_than: Option<Duration>,
    /// Only say what would be removed.
    pub dry_run: bool,
}

/// Does it: first the plans that ended long ago, then the oldest segments of those that stay.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let (home, plans) = if options.plans.is_empty() {
        let Some(home) = world.existing_home()? else { return Ok(Exit::Done.code()) };
        let plans = home.plans()?;
        (home, plans)
    } else {
        let (home, selected) = select(&options.plans, world)?;
        (home, selected.into_iter().map(|one| one.plan).collect())
    };
    remove_leftovers(&home)?;
    let mut out = Out::stdout();
    let mut freed = 0;
    for name in &plans {
        freed += one(&mut out, &home, name, &options, world)?;
    }
    let would = if options.dry_run { "would free" } else { "freed" };
    out.line(format!("{would} {} in all", format_size(freed)))?;
    out.finish()?;
    Ok(Exit::Done.code())
}

/// Prunes one plan and says so, if anything goes; how many bytes that is.
fn one(
    out: &mut Out,
    home: &Home,
    name: &PlanName,
    options: &Options,
    world: &World,
) -> anyhow::Result<u64> {
    let plan = home.plan(name);
    if let Some(age) = options.older_than
        && is_older(&plan, age, world.now)?
    {
        let bytes = if options.dry_run {
            log_bytes(&plan)?
        } else {
            match removed(home, name)? {
                Ok(bytes) => bytes,
                Err(failure) => {
                    eprintln!("planwatch: {failure}");
                    return Ok(0);
                }
            }
        };
        let verb = if options.dry_run { "would remove" } else { "removed" };
        out.line(format!("{name}: {verb} the plan, {}", format_size(bytes)))?;
        return Ok(bytes);
    }
    let rules = if options.keep.is_empty() { own_rules(&plan)? } else { options.keep.clone() };
    let freed = prune_segments(&plan, &rules, world.now, options.dry_run)
        .with_context(|| format!("cannot prune {name}"))?;
    if freed.segments > 0 {
        let verb = if options.dry_run { "would remove" } else { "removed" };
        let segments = if freed.segments == 1 { "segment" } else { "segments" };
        let size = format_size(freed.bytes);
        out.line(format!("{name}: {verb} {} {segments}, {size}", freed.segments))?;
    }
    Ok(freed.bytes)
}

/// The rules that the plan was started with.
fn own_rules(plan: &PlanDir) -> anyhow::Result<Vec<KeepRule>> {
    let spec: Option<Spec> = load_json(&plan.spec_file())?;
    Ok(spec.map(|spec| spec.log).unwrap_or_default().keep)
}

/// Whether the plan's last run ended longer ago than this.
fn is_older(plan: &PlanDir, age: Duration, now: Stamp) -> anyhow::Result<bool> {
    let fold = known(plan, Depth::State)?;
    let ended = fold.last().map_or(fold.ts, |run| run.ended_at.unwrap_or(fold.ts));
    // A plan without any record is one that is just being started.
    Ok(fold.seq > 0 && !fold.is_live() && now.since(ended) > age)
}
