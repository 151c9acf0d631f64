//! `up --foreground`: stays until the plans have ended, and prints what they print: on a terminal,
//! under a service manager, or as the first process of a container.
//!
//! | file | holds |
//! | --- | --- |
//! | `signals` | what is asked of us by signals, and the orphans that are reaped |
//! | `standing` | how the plans stand: in words, and as an exit code |
//!
//! What surprises: it is only one more viewer. The queue goes on when this process dies, and started
//! again with `--resume` it goes on watching.

mod signals;
mod standing;

use std::collections::BTreeMap;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use self::signals::{Deed, Signals};
use self::standing::Standing;
use super::alive::wait_for_leavers;
use super::follow::{Follower, block_on};
use super::logs::LogForm;
use super::out::OutError;
use super::print::{Own, Printer};
use super::queue::{is_something_due, take_turn};
use super::say::say;
use super::up::troubles;
use super::{World, now};
use crate::exit::Exit;
use crate::feed::sieve::Wanted;
use crate::feed::{Changes, Depth, Follow, Until, known, listen};
use crate::model::{Entry, PlanName, Queue, Stand, Stream, signal_name};
use crate::os::child::spawn_for;
use crate::os::service::Manager;
use crate::render::line::Style;
use crate::store::layout::Home;
use crate::store::queue;
use crate::wake::Watcher;

/// Plans whose logs are kept open although they have ended, before those are let go of.
const KEPT: usize = 64;

/// How long what was written last may take to be printed.
const LAST_LINES: Duration = Duration::from_secs(2);

/// How soon a turn is taken again that could not do all it was to do.
const AGAIN: Duration = Duration::from_secs(5);

/// Over the longest grace of a plan: a service manager waits as long before it kills.
const TO_LEAVE: Duration = Duration::from_secs(15);

/// What a service manager tells this process alone.
const OURS: [&str; 4] = ["NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID"];

/// Who listens to signals from before the first plan is started, and who is told.
pub(super) struct Post {
    signals: Signals,
    manager: Option<Manager>,
}

impl Post {
    /// Takes the post: from here on nothing that is asked of us is lost.
    pub(super) fn take(world: &World) -> anyhow::Result<Post> {
        let signals = Signals::listen(world.stdout.terminal || world.stderr.terminal)?;
        let address = world.var("NOTIFY_SOCKET").filter(|address| !address.is_empty());
        let manager = address.and_then(|address| match Manager::at(address) {
            Ok(manager) => Some(manager),
            Err(error) => {
                let address = address.display();
                say(format_args!("nobody hears NOTIFY_SOCKET={address}: {error}"));
                None
            }
        });
        Ok(Post { signals, manager })
    }

    /// Stays until nothing of these plans is to come any more, and gives the exit code. `quiet`, only
    /// what begins and ends is printed.
    pub(super) fn keep(
        self,
        home: &Home,
        plans: Vec<PlanName>,
        quiet: bool,
        world: &World,
    ) -> anyhow::Result<i32> {
        let code = block_on(async {
            let follower = Follower::new(Follow::live()?, printer(&plans, quiet, world));
            let mut watch = Watch {
                post: self,
                home,
                world,
                follower: Some(follower),
                followed: BTreeMap::new(),
                standing: Standing::of(plans),
                ready: false,
                ending: None,
                troubles: BTreeMap::new(),
                again: None,
            };
            watch.watch().await
        })?;
        Ok(code)
    }
}

/// The world as plans may see it.
pub(super) fn for_plans(world: &World) -> World {
    let mut world = world.clone();
    world.env.retain(|(name, _)| !OURS.iter().any(|ours| name == ours));
    world
}

fn printer(plans: &[PlanName], quiet: bool, world: &World) -> Printer {
    let longest = plans.iter().map(|plan| plan.as_str().len()).max();
    let style = Style {
        colour: world.stdout.color,
        timestamps: false,
        zone: world.zone.clone(),
        prefix: longest.filter(|_| plans.len() > 1),
    };
    let streams = if quiet { vec![Stream::Planwatch] } else { Vec::new() };
    let wanted = Wanted { streams, ..Wanted::default() };
    Printer::new(LogForm::Short, style, world.stdout.terminal, wanted, Own::Among)
}

/// The post at work.
struct Watch<'a> {
    post: Post,
    home: &'a Home,
    world: &'a World,
    /// Who prints; None when nobody reads that any more.
    follower: Option<Follower>,
    /// The last run of each plan that is, or was, followed.
    followed: BTreeMap<PlanName, u64>,
    standing: Standing,
    /// The first look has been taken.
    ready: bool,
    /// The signal that has asked for the end.
    ending: Option<i32>,
    /// What was told of plans that were not started when their turn had come.
    troubles: BTreeMap<PlanName, String>,
    /// When such a turn is taken again, not earlier; and whether somebody is to wake us for that.
    again: Option<(Instant, bool)>,
}

impl Watch<'_> {
    async fn watch(&mut self) -> anyhow::Result<i32> {
        let changes = Watcher::new()?;
        changes.watch(&self.home.queue());
        let changes = listen(Changes(changes))?;
        self.look_at_queue()?;
        self.ready = true;
        self.tell("READY=1\n");
        say(format_args!("{} · ^C or SIGTERM ends them", self.standing.words()));
        while self.standing.is_open() {
            let all = self.print()?;
            tokio::select! {
                ready = self.post.signals.heard() => {
                    ready?;
                    if self.hear()? {
                        return Ok(Exit::Done.code());
                    }
                    self.look_at_queue()?;
                }
                ready = changes.readable() => {
                    ready?.clear_ready();
                    changes.get_ref().0.clear();
                    self.look_at_queue()?;
                }
                () = until(self.again) => {
                    self.again = None;
                    self.look_at_queue()?;
                }
                woken = more(&mut self.follower, all) => self.unless_unread(woken)?,
            }
        }
        self.tell("STOPPING=1\n");
        if let Some(follower) = &mut self.follower {
            // One that was never begun has no end.
            if let Ok(printed) = tokio::time::timeout(LAST_LINES, follower.print_to_end()).await {
                self.unless_unread(printed)?;
            }
        }
        self.leave()
    }

    /// Does what is due, and sees how the plans stand then.
    fn look_at_queue(&mut self) -> anyhow::Result<()> {
        self.post.signals.reap()?;
        let Some(mut queue) = queue::load(self.home)? else { return Ok(()) };
        if is_something_due(self.home, &queue)? && self.may_take_turn() {
            let world = World { now: now(), ..self.world.clone() };
            let turn = take_turn(self.home, &world)?;
            queue = turn.queue.unwrap_or(queue);
            if turn.failed || !troubles(&queue).is_empty() {
                self.again = Some((Instant::now() + AGAIN, turn.failed));
            }
        }
        self.tell_troubles(&queue);
        let before = self.standing.words();
        for (plan, why) in self.standing.see(&queue) {
            say(format_args!("{plan} will not run: {why}"));
        }
        if self.ready && self.standing.words() != before {
            self.tell("");
        }
        self.follow(&queue)
    }

    /// Not at once after a turn that could not do all it was to do: that it was taken stands in the
    /// queue, which wakes us.
    fn may_take_turn(&mut self) -> bool {
        match &mut self.again {
            Some((at, wakes)) if Instant::now() < *at => {
                *wakes = true;
                false
            }
            _ => {
                self.again = None;
                true
            }
        }
    }

    fn tell_troubles(&mut self, queue: &Queue) {
        let now = troubles(queue).into_iter();
        let now: BTreeMap<_, _> = now.map(|(plan, what)| (plan.clone(), what.to_owned())).collect();
        for (plan, what) in now.iter().filter(|(plan, what)| self.troubles.get(plan) != Some(what))
        {
            say(format_args!("{plan} waits {what}"));
        }
        self.troubles = now;
    }

    /// Prints what the runs print that have begun since we have: those from their beginning on, older
    /// ones from here on.
    fn follow(&mut self, queue: &Queue) -> anyhow::Result<()> {
        let Some(follower) = &mut self.follower else { return Ok(()) };
        if follower.plans() > KEPT {
            follower.let_go();
        }
        for plan in self.standing.plans() {
            let (run, over) = match queue.entry(plan).map(|entry| &entry.stand) {
                Some(Stand::Given { run, .. }) => (*run, false),
                // So short that nobody saw it live.
                Some(Stand::Over { run, .. }) => (*run, true),
                _ => continue,
            };
            if self.followed.get(plan) == Some(&run) {
                continue;
            }
            let before = self.followed.insert(plan.clone(), run);
            let dir = self.home.plan(plan);
            let fold = known(&dir, Depth::State)?;
            let ours = fold.run(run).filter(|run| run.started_at >= self.world.now);
            let first = ours.map(|run| run.first_seq);
            // The runs of a row of restarts are followed as one.
            let followed = before.is_some_and(|before| fold.last_of_row(before) >= run);
            if over && (followed || first.is_none()) {
                continue;
            }
            follower.add(&dir, Until::Last(run), |reader, _| {
                let last = reader.last_seq()?;
                reader.seek_after(first.map_or(last, |first| first.saturating_sub(1)));
                Ok(())
            })?;
        }
        Ok(())
    }

    /// False if there is more.
    fn print(&mut self) -> anyhow::Result<bool> {
        let Some(follower) = &mut self.follower else { return Ok(true) };
        match follower.print() {
            Ok(all) => Ok(all),
            Err(error) => self.unless_unread(Err(error)).map(|()| true),
        }
    }

    /// Plans do not end because nobody reads any more what they print.
    fn unless_unread(&mut self, done: anyhow::Result<()>) -> anyhow::Result<()> {
        match done {
            Err(error) if matches!(error.downcast_ref(), Some(OutError::Closed)) => {
                self.follower = None;
                Ok(())
            }
            done => done,
        }
    }

    /// Does what signals ask for. True if it is to leave at once.
    fn hear(&mut self) -> anyhow::Result<bool> {
        for deed in self.post.signals.take()? {
            match deed {
                Deed::End(signal) => self.end(signal)?,
                Deed::PassOn(signal) => {
                    let number = signal.to_string();
                    self.ask(&["signal", "-s", &number], |stand| {
                        matches!(stand, Stand::Given { .. })
                    })?;
                }
                Deed::Leave => {
                    say("this window has closed; the plans go on: planwatch ps");
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Takes out what waits and stops what runs; asked again, kills it.
    fn end(&mut self, signal: i32) -> anyhow::Result<()> {
        let name = signal_name(signal);
        if self.ending.is_some() {
            say(format_args!("{name} again: what still runs is killed"));
            return self
                .ask(&["stop", "--signal", "KILL"], |stand| matches!(stand, Stand::Given { .. }));
        }
        self.ending = Some(signal);
        say(format_args!("{name}: stopping the plans; once more kills them"));
        let extra = (self.longest_grace() + TO_LEAVE).as_micros();
        self.tell(&format!("STOPPING=1\nEXTEND_TIMEOUT_USEC={extra}\n"));
        self.ask(&["down"], Stand::is_open)
    }

    /// Has another process do this to the plans that stand so: this one goes on listening.
    fn ask(&self, words: &[&str], so: fn(&Stand) -> bool) -> anyhow::Result<()> {
        let plans: Vec<String> = self.standing.those(so).map(|plan| plan.to_string()).collect();
        if plans.is_empty() {
            return Ok(());
        }
        let words = words.iter().map(|&word| word.to_owned()).chain(plans).collect::<Vec<_>>();
        let stderr = std::io::stderr().as_fd().try_clone_to_owned()?;
        spawn_for(self.home.path(), &words, Some(stderr.into()))?;
        Ok(())
    }

    fn longest_grace(&self) -> Duration {
        let queue = queue::load(self.home).ok().flatten().unwrap_or_default();
        let grace =
            |entry: &Entry| queue::spec(self.home, &entry.spec).ok().map(|spec| spec.stop.grace_ms);
        let given = queue.entries.iter().filter(|entry| matches!(entry.stand, Stand::Given { .. }));
        Duration::from_millis(given.filter_map(grace).max().unwrap_or(0))
    }

    /// Tells the service manager this, and how the plans stand.
    fn tell(&self, state: &str) {
        if let Some(manager) = &self.post.manager {
            // A manager that does not listen does not matter to the plans.
            let _ = manager.tell(&format!("{state}STATUS={}", self.standing.words()));
        }
    }

    /// Waits for those who looked after the plans: when the first process of a container ends, all
    /// others are killed.
    fn leave(&mut self) -> anyhow::Result<i32> {
        for plan in self.standing.plans() {
            let dir = self.home.plan(plan);
            if dir.exists() {
                wait_for_leavers(&dir)?;
            }
        }
        self.post.signals.reap()?;
        say(format_args!("{}", self.standing.words()));
        match self.ending {
            Some(signal) => Ok(Exit::SIGNAL_BASE + signal),
            None => self.standing.code(self.home),
        }
    }
}

/// Sleeps until a turn is to be taken again; for ever if none is.
async fn until(again: Option<(Instant, bool)>) {
    match again {
        Some((at, true)) => tokio::time::sleep_until(at.into()).await,
        _ => std::future::pending().await,
    }
}

/// Sleeps until there may be more to print; not at all if there is.
async fn more(follower: &mut Option<Follower>, all: bool) -> anyhow::Result<()> {
    match follower {
        _ if !all => {
            tokio::task::yield_now().await;
            Ok(())
        }
        Some(follower) => follower.wait().await,
        None => std::future::pending().await,
    }
}
