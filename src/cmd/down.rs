//! `down`: takes plans out of the queue, and stops those that run.

use std::path::PathBuf;
use std::time::Duration;

use super::World;
use super::ask::request;
use super::queue::{look, take_turn};
use super::say::say;
use super::select::Selected;
use super::stop::{live_run, stop_all};
use super::up::some;
use crate::control::Verb;
use crate::exit::{Exit, Failure};
use crate::model::{Entry, Queue, Stand};
use crate::os::pidfd::Pidfd;
use crate::store::layout::Home;
use crate::store::queue;

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
    let Some(mut queue) = held.load()? else { return Ok(None) };
    look(home, &mut queue)?;
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

fn stop_given(
    home: &Home,
    given: &[Entry],
    options: &Options,
    world: &World,
) -> anyhow::Result<()> {
    let mut requests = Vec::new();
    for entry in given {
        // It may be on its way: then it can be stopped when it is there.
        if let Stand::Given { by: (pid, start), .. } = entry.stand
            && pid > 0
            && let Some(starter) = Pidfd::open(pid, Some(start))?
        {
            starter.wait_for_end(Some(STARTING))?;
        }
        let plan = home.plan(&entry.plan);
        let selected = Selected { plan: entry.plan.clone(), run: None };
        if let Ok(run) = live_run(&plan, &selected)? {
            let mut request = request(Verb::Stop, run, world);
            request.id = format!("{}-{}", request.id, entry.place);
            request.grace_ms = options.grace.and_then(|span| span.as_millis().try_into().ok());
            requests.push((plan, request));
        }
    }
    if !requests.is_empty() {
        for (plan, run, msg) in stop_all(requests)? {
            say(format_args!("{plan} run {run} {msg}"));
        }
    }
    Ok(())
}
