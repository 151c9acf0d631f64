//! `up`: queues plans of a file, starts those whose turn it is, and returns.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use super::World;
use super::environment::{environment, hashes, keep_harmless, names, own};
use super::foreground::{Post, for_plans};
use super::plansfile::{Opened, Wanted, open};
use super::queue::{Turn, is_held, refusal, take_turn};
use super::say::say;
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::fold::RunFold;
use crate::model::{Entry, PlanName, Queue, Spec, Stamp, Stand, Verdict};
use crate::os::host::{boot_id, is_first_process};
use crate::plans::Planned;
use crate::store::layout::Home;
use crate::store::queue;

/// What a user may mean by `up`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Which plans.
    pub wanted: Wanted,
    /// Plans at once, over all that is queued.
    pub jobs: Option<u32>,
    /// Only go on with what was queued before the machine was restarted.
    pub resume: bool,
    /// Stay until the plans have ended.
    pub stay: Option<Stay>,
}

/// How to stay.
#[derive(Clone, Copy, Debug)]
pub struct Stay {
    /// Only say what begins and how it ends.
    pub quiet: bool,
}

/// Plans that are named when they are started; more are counted.
const NAMED: usize = 12;

/// What is said behind everything else.
pub(super) const SEEN: &str = "planwatch ps shows them, planwatch down ends them";

/// Queues, starts what is due, and says so.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let home = world.open_home()?;
    if let Some(stay) = options.stay {
        return run_and_stay(&home, &options, stay, world);
    }
    if !options.resume {
        queue_file(&home, &options, world)?;
    } else if options.wanted.file.is_some() {
        return Err(Failure::new(Exit::Usage, "--resume goes on with what was queued")
            .hint("without -f; only --foreground queues a file where nothing is left to resume")
            .into());
    } else if !resume(&home, options.jobs)? {
        return Ok(0);
    }
    let turn = take_turn(&home, world)?;
    tell(&turn);
    Ok(0)
}

/// The same, and stays until what is queued then has ended.
fn run_and_stay(home: &Home, options: &Options, stay: Stay, world: &World) -> anyhow::Result<i32> {
    let post = Post::take(world)?;
    let world = &for_plans(world);
    let left =
        options.resume && queue::load(home).map_err(refusal)?.is_some_and(|queue| queue.is_open());
    let plans = if left {
        resume(home, options.jobs)?;
        let queue = queue::load(home)?.unwrap_or_default();
        queue.entries.into_iter().map(|entry| entry.plan).collect()
    } else {
        queue_file(home, options, world)?
    };
    take_turn(home, world)?;
    post.keep(home, plans, stay.quiet, world)
}

/// Queues the plans of the file that are meant, and gives their names.
fn queue_file(home: &Home, options: &Options, world: &World) -> anyhow::Result<Vec<PlanName>> {
    let opened = open(options.wanted.file.as_deref(), world)?;
    let plans = opened.wanted(&options.wanted)?;
    enqueue(home, &opened, &plans, options.jobs, world)?;
    Ok(plans.into_iter().map(|plan| plan.name().clone()).collect())
}

/// Puts plans into the queue. Those that wait already are queued anew in their place, those that run
/// are left alone.
pub(super) fn enqueue(
    home: &Home,
    opened: &Opened,
    plans: &[&Planned],
    jobs: Option<u32>,
    world: &World,
) -> anyhow::Result<()> {
    let specs = specs(home, opened, plans, world)?;
    let held = queue::hold(home)?;
    let mut queue = held.load().map_err(refusal)?.unwrap_or_default();
    super::queue::look(home, &mut queue).iter().for_each(say);
    if is_held(&queue) && queue.is_open() {
        return Err(restarted(&queue).into());
    }
    if !queue.is_open() {
        queue = Queue { made: queue.made, ..Queue::default() };
    }
    (queue.format, queue.boot) = (Queue::FORMAT, boot_id());
    set_limits(&mut queue, opened, jobs);
    let places = held.keep_specs(queue.made, &specs)?;
    let mut left_alone = Vec::new();
    for (planned, place) in plans.iter().zip(places) {
        let run = live_run(home, planned.name())?;
        let stand = match (run, queue.entry(planned.name())) {
            (_, Some(Entry { stand: stand @ Stand::Given { .. }, .. })) => stand.clone(),
            (Some(run), _) => Stand::Given { run, by: (0, 0) },
            _ => Stand::Waiting,
        };
        if stand != Stand::Waiting {
            left_alone.push(planned.name().as_str());
            if let Some(known) = queue.entry_mut(planned.name()) {
                // Also one that has ended since it was queued: this run is the one that counts.
                (known.stand, known.trouble) = (stand, None);
                continue;
            }
        }
        put(&mut queue, entry(planned, &opened.path, place, stand, world.now));
    }
    held.forget_specs(&queue)?;
    held.save(&queue, true)?;
    if !left_alone.is_empty() {
        say(format_args!("running already, left alone: {}", some(&left_alone)));
    }
    Ok(())
}

fn set_limits(queue: &mut Queue, opened: &Opened, jobs: Option<u32>) {
    let asked = jobs.or(opened.file.jobs);
    let usual =
        || thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1));
    let before = queue.jobs;
    queue.jobs = match (asked, before) {
        (Some(jobs), _) => jobs,
        (None, 0) => usual(),
        (None, jobs) => jobs,
    };
    if before != 0 && before != queue.jobs {
        say(format_args!("{} at once from now on, {before} before", queue.jobs));
    }
    queue.groups.extend(opened.file.groups.iter().cloned());
}

/// The run of a plan that is alive already, whoever started it.
fn live_run(home: &Home, plan: &PlanName) -> anyhow::Result<Option<u64>> {
    let dir = home.plan(plan);
    if !dir.exists() {
        return Ok(None);
    }
    let fold = known(&dir, Depth::State)?;
    Ok(fold.last().filter(|last| last.state.is_live()).map(|last| last.run))
}

fn put(queue: &mut Queue, entry: Entry) {
    match queue.entries.iter().position(|known| known.plan == entry.plan) {
        Some(at) => {
            let place = queue.entries[at].place;
            queue.entries[at] = Entry { place, ..entry };
        }
        None => {
            let place = queue.made;
            queue.made += 1;
            queue.entries.push(Entry { place, ..entry });
        }
    }
}

fn entry(
    planned: &Planned,
    file: &Path,
    spec: (String, u64, u64),
    stand: Stand,
    now: Stamp,
) -> Entry {
    let Planned { after, when, priority, group, .. } = planned;
    Entry {
        plan: planned.name().clone(),
        place: 0,
        after: after.clone(),
        when: *when,
        priority: *priority,
        group: group.clone(),
        file: file.to_owned(),
        queued_at: now,
        spec,
        trouble: None,
        stand,
    }
}

/// The specs as they are kept: with the names of their variables, never with values.
fn specs(
    home: &Home,
    opened: &Opened,
    plans: &[&Planned],
    world: &World,
) -> anyhow::Result<Vec<Spec>> {
    let base = environment(world, &[], &[])?;
    let key = home.key()?;
    let (base_names, base_hashes) = (names(&base), hashes(&base, &key));
    let spec = |planned: &&Planned| {
        let own = own(&planned.spec.env_files, &planned.env)?;
        let mut spec = planned.spec.clone();
        spec.plans_file = Some(opened.path.clone());
        spec.env_names = base_names.iter().chain(own.keys()).cloned().collect();
        spec.env_names.sort();
        spec.env_names.dedup();
        let own: BTreeMap<_, _> =
            own.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        spec.env_hashes = base_hashes.clone();
        spec.env_hashes.extend(hashes(&own, &key));
        if !spec.secrets.is_empty() {
            let all: BTreeMap<_, _> = base.clone().into_iter().chain(own).collect();
            keep_harmless(&mut spec, &all, &key)?;
        }
        Ok(spec)
    };
    plans.iter().map(spec).collect()
}

/// Goes on after the machine, or the container that we are the first process of, was restarted. What
/// ran then was cut off, not asked to stop: it has its turn again. False if nothing is left.
fn resume(home: &Home, jobs: Option<u32>) -> anyhow::Result<bool> {
    let held = queue::hold(home)?;
    let Some(mut queue) = held.load().map_err(refusal)?.filter(Queue::is_open) else {
        say("nothing is left of the queue");
        return Ok(false);
    };
    if !is_held(&queue) && !is_first_process() {
        say("the queue goes on by itself: the machine was not restarted");
        return Ok(true);
    }
    for entry in &mut queue.entries {
        let Stand::Given { run, .. } = entry.stand else { continue };
        let fold = super::alive::settled(&home.plan(&entry.plan))?;
        match fold.last().filter(|last| last.run >= run) {
            // Nothing of it lives, whether or not somebody has found that out yet.
            Some(last)
                if last.state.is_live() || last.verdict == Verdict::Lost || cut_off(last) =>
            {
                say(format_args!("{} run {} was cut off: queued again", entry.plan, last.run));
                entry.stand = Stand::Waiting;
            }
            Some(last) => {
                entry.stand = Stand::Over { run: last.run, verdict: last.verdict };
            }
            None => entry.stand = Stand::Waiting,
        }
    }
    queue.boot = boot_id();
    queue.jobs = jobs.unwrap_or(queue.jobs);
    held.save(&queue, true)?;
    Ok(true)
}

/// Whether a run was between two tries when the machine was restarted.
fn cut_off(last: &RunFold) -> bool {
    (last.boot != boot_id() || is_first_process()) && last.next(last.verdict).is_due()
}

fn restarted(queue: &Queue) -> Failure {
    let open = queue.entries.iter().filter(|entry| entry.stand.is_open()).count();
    Failure::new(Exit::Refused, "there is a queue from before the machine was restarted")
        .because(format!("{open} of its plans have not run to their end"))
        .hint("planwatch up --resume goes on with it · planwatch down --all gives it up")
}

/// What was started, and what waits.
pub(super) fn tell(turn: &Turn) {
    turn.unread.iter().for_each(say);
    for (plan, run) in turn.started.iter().take(NAMED) {
        say(format_args!("{plan} run {run} started"));
    }
    turn.fell.iter().take(NAMED).for_each(say);
    let Some(queue) = &turn.queue else { return };
    let count = |wanted: fn(&Stand) -> bool| {
        queue.entries.iter().filter(|entry| wanted(&entry.stand)).count()
    };
    let waiting = count(|stand| *stand == Stand::Waiting);
    let running = count(|stand| matches!(stand, Stand::Given { .. }));
    let skipped: Vec<&Entry> =
        (queue.entries.iter()).filter(|e| matches!(e.stand, Stand::Skipped { .. })).collect();
    for entry in skipped.iter().take(NAMED) {
        if let Stand::Skipped { why, .. } = &entry.stand {
            say(format_args!("{} was skipped: {why}", entry.plan));
        }
    }
    for (plan, trouble) in troubles(queue).into_iter().take(NAMED) {
        say(format_args!("{plan} waits {trouble}"));
    }
    let skipped = match skipped.len() {
        0 => String::new(),
        n => format!(", {n} skipped"),
    };
    let jobs = queue.jobs;
    say(format_args!("{running} running, {waiting} waiting{skipped} · {jobs} at once · {SEEN}"));
}

/// Plans whose turn has come but that were not started, and what they wait for.
pub(super) fn troubles(queue: &Queue) -> Vec<(&PlanName, &str)> {
    let waiting = queue.entries.iter().filter(|entry| entry.stand == Stand::Waiting);
    waiting.filter_map(|entry| Some((&entry.plan, entry.trouble.as_deref()?))).collect()
}

/// A few names, the others counted.
pub(super) fn some(names: &[&str]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let shown = names[..names.len() - more].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
