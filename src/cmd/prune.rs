//! `prune`: removes old segments and old plans by rule, and makes small what stays.

use std::collections::HashMap;
use std::time::Duration;

use anyhow::Context as _;

use super::World;
use super::out::Out;
use super::rm::{myself, removed};
use super::say::say;
use super::select::{Selector, select};
use crate::exit::Exit;
use crate::feed::{Depth, known};
use crate::model::{Compress, KeepRule, LogSpec, PlanName, Spec, Stamp, format_size};
use crate::store::layout::{Home, PlanDir};
use crate::store::pack::{compress, compressible};
use crate::store::prune::{
    Freed, log_bytes, oldest, prune_oldest, prune_segments, remove_leftovers,
};
use crate::store::snapshot::load_json;

/// What a user may mean by `prune`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The plans; empty for all.
    pub plans: Vec<Selector>,
    /// Rules for segments; each plan's own where none is given.
    pub keep: Vec<KeepRule>,
    /// Bytes that the logs of all plans may have together.
    pub total: Option<u64>,
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
    // Of each plan, so many of its oldest segments are gone, or would be.
    let mut gone: HashMap<&PlanName, u64> = HashMap::new();
    for name in &plans {
        let one = one(&mut out, &home, name, &options, world)?;
        freed += one.bytes;
        gone.insert(name, one.segments);
    }
    if let Some(limit) = options.total {
        let taken = if options.dry_run { freed } else { 0 };
        for (name, one) in total(&mut out, &home, &plans, limit, taken, options.dry_run)? {
            freed += one.bytes;
            gone.entry(name).and_modify(|segments| *segments = one.segments.max(*segments));
        }
    }
    for name in &plans {
        let would_go = if options.dry_run { gone[name] } else { 0 };
        freed += small(&mut out, &home.plan(name), options.dry_run, would_go)
            .with_context(|| format!("cannot compress the log of {name}"))?;
    }
    let would = if options.dry_run { "would free" } else { "freed" };
    out.line(format!("{would} {} in all", format_size(freed)))?;
    out.finish()?;
    Ok(Exit::Done.code())
}

/// Prunes one plan and says so, if anything goes; what that is.
fn one(
    out: &mut Out,
    home: &Home,
    name: &PlanName,
    options: &Options,
    world: &World,
) -> anyhow::Result<Freed> {
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
                    say(format_args!("{failure}"));
                    return Ok(Freed::default());
                }
            }
        };
        let verb = if options.dry_run { "would remove" } else { "removed" };
        out.line(format!("{name}: {verb} the plan, {}", format_size(bytes)))?;
        return Ok(Freed { segments: u64::MAX, bytes });
    }
    let rules = if options.keep.is_empty() { log_spec(&plan)?.keep } else { options.keep.clone() };
    let freed = prune_segments(&plan, &rules, world.now, options.dry_run)
        .with_context(|| format!("cannot prune {name}"))?;
    tell(out, name, freed, options.dry_run)?;
    Ok(freed)
}

fn tell(out: &mut Out, name: &PlanName, freed: Freed, dry_run: bool) -> anyhow::Result<()> {
    if freed.segments > 0 {
        let verb = if dry_run { "would remove" } else { "removed" };
        let size = format_size(freed.bytes);
        out.line(format!("{name}: {verb} {}, {size}", segments(freed.segments)))?;
    }
    Ok(())
}

fn segments(count: u64) -> String {
    format!("{count} segment{}", if count == 1 { "" } else { "s" })
}

/// Removes the oldest segments of all plans until their logs have at most `limit` bytes together.
/// What has been counted and not removed is `taken`. Gives what goes of each.
fn total<'p>(
    out: &mut Out,
    home: &Home,
    plans: &'p [PlanName],
    limit: u64,
    taken: u64,
    dry_run: bool,
) -> anyhow::Result<Vec<(&'p PlanName, Freed)>> {
    let (mut all, mut bytes) = (Vec::new(), 0);
    for name in plans {
        let plan = home.plan(name);
        bytes += log_bytes(&plan)?;
        // Of a run that has not ended nothing goes.
        let fold = known(&plan, Depth::State)?;
        let live = fold.runs.iter().filter(|run| run.state.is_live()).map(|run| run.first_seq);
        let spared = live.min().unwrap_or(u64::MAX);
        let ended = oldest(&plan)?.into_iter().take_while(|one| one.last < spared);
        all.extend(ended.map(|one| (name, one)));
    }
    all.sort_by_key(|(_, one)| one.ended);
    let mut left = bytes.saturating_sub(taken);
    let mut going: Vec<(&PlanName, u64)> = Vec::new();
    for (name, one) in all {
        if left <= limit {
            break;
        }
        left = left.saturating_sub(one.bytes);
        going.retain(|(known, _)| *known != name);
        going.push((name, one.last));
    }
    let mut freed = Vec::new();
    for (name, last) in going {
        let one = prune_oldest(&home.plan(name), last, dry_run)
            .with_context(|| format!("cannot prune {name}"))?;
        tell(out, name, one, dry_run)?;
        freed.push((name, one));
    }
    if left > limit {
        let left = format_size(left);
        out.line(format!("{left} are left: what runs, and the newest of each plan, stays"))?;
    }
    Ok(freed)
}

/// Compresses the sealed segments of a plan that wants it so; how many bytes that frees. The oldest
/// `would_go` of them would not be there any more.
fn small(out: &mut Out, plan: &PlanDir, dry_run: bool, would_go: u64) -> anyhow::Result<u64> {
    if !plan.exists() || log_spec(plan)?.compress == Compress::Never {
        return Ok(0);
    }
    let name = plan.name();
    if dry_run {
        let found = compressible(plan, would_go)?;
        if found.segments > 0 {
            let (count, size) = (segments(found.segments), format_size(found.bytes));
            out.line(format!("{name}: would compress {count}, {size}"))?;
        }
        return Ok(0);
    }
    let saved = compress(plan, &myself(), &mut |_| Ok(()))?;
    if saved.segments > 0 {
        let (count, size) = (segments(saved.segments), format_size(saved.bytes));
        out.line(format!("{name}: compressed {count}, {size} less"))?;
    }
    Ok(saved.bytes)
}

/// What the plan was started with.
fn log_spec(plan: &PlanDir) -> anyhow::Result<LogSpec> {
    let spec: Option<Spec> = load_json(&plan.spec_file())?;
    Ok(spec.map(|spec| spec.log).unwrap_or_default())
}

/// Whether the plan's last run ended longer ago than this.
fn is_older(plan: &PlanDir, age: Duration, now: Stamp) -> anyhow::Result<bool> {
    let fold = known(plan, Depth::State)?;
    let ended = fold.last().map_or(fold.ts, |run| run.ended_at.unwrap_or(fold.ts));
    // A plan without any record is one that is just being started.
    Ok(fold.seq > 0 && !fold.is_live() && now.since(ended) > age)
}
