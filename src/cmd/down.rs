//! `down`: takes plans out of the queue, and stops those that run.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use super::World;
use super::ask::request;
use super::queue::{look, refusal, take_turn};
use super::say::say;
use super::select::Selected;
use super::stop::{live_run, stop_all};
use super::up::some;
use crate::control::{Request, Verb};
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::model::{Entry, Queue, Stand};
use crate::os::pidfd::Pidfd;
use crate::os::poll::{self, PollFd, PollFlags};
use crate::store::layout::{Home, PlanDir};
use crate::store::queue;
use crate::wake::Watcher;

/// What a user may mean by `down`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The file whose plans are meant.
    pub file: Option<PathBuf>,
    /// Names.
    pub names: Vec<String>,
    /// All of this group.
    pub group: Option<String>,
    /// Everything that is queued, from whatever file.
    pub all: bool,
    /// Time between the stop signal and SIGKILL, if not the plan's own choice.
    pub grace: Option<Duration>,
}

/// How long somebody who is just starting a plan may take to be done with that.
const STARTING: Duration = Duration::from_secs(10);

/// Takes them out, stops them, and returns when they have ended.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let home = world.open_home()?;
    let Some((taken, given)) = take_out(&home, &options, world)? else {
        say("nothing is queued");
        return Ok(0);
    };
    if !taken.is_empty() {
        let names: Vec<&str> = taken.iter().map(|entry| entry.plan.as_str()).collect();
        say(format_args!("taken out of the queue: {}", some(&names)));
    }
    stop_given(&home, &given, &options, world)?;
    if taken.is_empty() && given.is_empty() {
        say("none of these waits or runs");
    }
    take_turn(&home, world)?;
    Ok(0)
}

/// Those that waited, and those that run. None if nothing was ever queued.
fn take_out(
    home: &Home,
    options: &Options,
    world: &World,
) -> anyhow::Result<Option<(Vec<Entry>, Vec<Entry>)>> {
    if !queue::exists(home) {
        return Ok(None);
    }
    let held = queue::hold(home)?;
    let Some(mut queue) = held.load().map_err(refusal)? else { return Ok(None) };
    look(home, &mut queue).iter().for_each(say);
    let meant = meant(&queue, options, world)?;
    let (mut taken, mut given) = (Vec::new(), Vec::new());
    for at in meant {
        let entry = &mut queue.entries[at];
        match entry.stand {
            Stand::Waiting => {
                let why = format!("taken out of the queue by {}", world.by);
                entry.stand = Stand::Skipped { why, at: world.now };
                taken.push(entry.clone());
            }
            Stand::Given { .. } => given.push(entry.clone()),
            Stand::Over { .. } | Stand::Skipped { .. } => {}
        }
    }
    held.save(&queue, true)?;
    Ok(Some((taken, given)))
}

/// Places of the entries that are meant.
fn meant(queue: &Queue, options: &Options, world: &World) -> anyhow::Result<Vec<usize>> {
    let places = |fits: &dyn Fn(&Entry) -> bool| -> Vec<usize> {
        (0..queue.entries.len()).filter(|&at| fits(&queue.entries[at])).collect()
    };
    if options.all {
        return Ok(places(&|_| true));
    }
    if !options.names.is_empty() || options.group.is_some() {
        let mut meant = places(&|entry| options.group.is_some() && entry.group == options.group);
        for name in &options.names {
            let found = places(&|entry| entry.plan.as_str() == name);
            if found.is_empty() {
                let known = queue.entries.iter().map(|entry| entry.plan.as_str());
                let near = crate::plans::closest(name, known);
                let near =
                    near.map_or_else(String::new, |near| format!("did you mean '{near}'?\n"));
                return Err(Failure::new(Exit::NoSuchPlan, format!("'{name}' was not queued"))
                    .hint(format!("{near}planwatch ps shows what is; planwatch stop ends any plan"))
                    .into());
            }
            meant.extend(found);
        }
        return Ok(meant);
    }
    let file = super::plansfile::find(options.file.as_deref(), world)?;
    Ok(places(&|entry| entry.file == file))
}

/// Stops those that run, and those that are on their way as soon as they are there: none of them has
/// to wait for another.
fn stop_given(
    home: &Home,
    given: &[Entry],
    options: &Options,
    world: &World,
) -> anyhow::Result<()> {
    let (mut requests, mut coming) = (Vec::new(), Vec::new());
    for entry in given {
        match to_stop(home, entry, options, world)? {
            Some(request) => requests.push(request),
            None => coming.push(entry),
        }
    }
    thread::scope(|scope| {
        let stopping = scope.spawn(|| stop_and_say(requests));
        let late = stop_late(home, &coming, options, world);
        stopping.join().map_err(|_| anyhow::anyhow!("planwatch broke while stopping plans"))??;
        late
    })
}

/// What asks a plan to stop; None if it does not run.
fn to_stop(
    home: &Home,
    entry: &Entry,
    options: &Options,
    world: &World,
) -> anyhow::Result<Option<(PlanDir, Request)>> {
    let plan = home.plan(&entry.plan);
    let selected = Selected { plan: entry.plan.clone(), run: None };
    let Ok(run) = live_run(&plan, &selected)? else { return Ok(None) };
    let mut request = request(Verb::Stop, run, world);
    request.id = format!("{}-{}", request.id, entry.place);
    request.grace_ms = options.grace.and_then(|span| span.as_millis().try_into().ok());
    Ok(Some((plan, request)))
}

fn stop_and_say(requests: Vec<(PlanDir, Request)>) -> anyhow::Result<()> {
    if requests.is_empty() {
        return Ok(());
    }
    for (plan, run, msg) in stop_all(requests)? {
        say(format_args!("{plan} run {run} {msg}"));
    }
    Ok(())
}

fn stop_late(
    home: &Home,
    coming: &[&Entry],
    options: &Options,
    world: &World,
) -> anyhow::Result<()> {
    let until = Instant::now() + STARTING;
    let mut requests = Vec::new();
    for entry in coming {
        await_beginning(home, entry, until)?;
        requests.extend(to_stop(home, entry, options, world)?);
    }
    stop_and_say(requests)
}

/// Waits until the run that was meant stands in the log. Not for its starter alone: that may be
/// somebody who stays.
fn await_beginning(home: &Home, entry: &Entry, until: Instant) -> anyhow::Result<()> {
    let Stand::Given { run, by: (pid, start) } = entry.stand else { return Ok(()) };
    let plan = home.plan(&entry.plan);
    let watcher = Watcher::new()?;
    loop {
        watcher.watch(&plan.log());
        watcher.clear();
        let starter = if pid > 0 { Pidfd::open(pid, Some(start))? } else { None };
        let starter = starter.filter(|starter| !starter.has_ended());
        let left = until.saturating_duration_since(Instant::now());
        let begun = known(&plan, Depth::State)?.last_run() >= run;
        let Some(starter) = starter.filter(|_| !begun && !left.is_zero()) else { return Ok(()) };
        let mut fds = [
            PollFd::from_borrowed_fd(watcher.fd(), PollFlags::IN),
            PollFd::new(&starter, PollFlags::IN),
        ];
        poll::wait(&mut fds, Some(left))?;
    }
}
