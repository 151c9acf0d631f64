//! `attach`: follows a running plan from here on, ends with its verdict; and takes up runs that
//! somebody else started.

mod all;
mod earlier;
pub mod foreign;
pub(super) mod power;

use std::path::PathBuf;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};

use super::World;
use super::follow::{Follower, block_on};
use super::print::Printer;
use super::select::select_one;
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, Follow, Until, known};
use crate::model::{PlanName, RunChoice, Target};
use crate::os::tty::Keys;

/// What a user may mean by `attach`.
#[derive(Clone, Debug)]
pub enum Options {
    /// Follow a run of a plan.
    Plan {
        /// The plan.
        target: Target,
        /// Lines shown of what was before.
        lines: u64,
    },
    /// Take up a run that somebody else started.
    Foreign(foreign::Options),
    /// Take up every run in a folder of run folders.
    All {
        /// That folder.
        parent: PathBuf,
        /// Only those that are there now, and return.
        detach: bool,
    },
}

/// Does it.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    match options {
        Options::Plan { target, lines } => plan(&target, lines, world),
        Options::Foreign(options) => foreign::run(options, world),
        Options::All { parent, detach } => all::run(&parent, detach, world),
    }
}

fn plan(target: &Target, lines: u64, world: &World) -> anyhow::Result<i32> {
    let (home, chosen) = select_one(target, world)?;
    let plan = home.plan(&chosen.plan);
    let fold = known(&plan, Depth::State)?;
    let last = fold.last_run();
    let run = chosen.run.unwrap_or(RunChoice::Back(0)).resolve(last);
    let live = run.and_then(|run| fold.run(run)).filter(|run| run.state.is_live());
    let Some(live) = live else { return Err(not_running(&chosen.plan).into()) };
    let (run, first) = (live.run, live.first_seq);
    block_on(async {
        let printer = Printer::of_plan(world, vec![(chosen.plan.to_string(), run)]);
        let mut follower = Follower::new(Follow::live()?, printer);
        follower.add(&plan, Until::Last(run), |reader, printer| {
            let mut counts = |line: &[u8]| printer.counts(line);
            Ok(reader.seek_last_after(lines, first.saturating_sub(1), &mut counts)?)
        })?;
        follow(&mut follower, &chosen.plan, run).await
    })
}

/// Follows until the verdict, or until the user has seen enough.
async fn follow(follower: &mut Follower, plan: &PlanName, run: u64) -> anyhow::Result<i32> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let keys = Keys::take().ok().flatten().and_then(|keys| listen(keys).ok());
    let left = tokio::select! {
        ending = follower.print_to_verdict(run) => return Ok(ending?.exit),
        _ = interrupt.recv() => Exit::Interrupted,
        _ = terminate.recv() => Exit::Interrupted,
        _ = hang_up.recv() => Exit::Interrupted,
        () = enough(keys.as_ref()) => Exit::Done,
    };
    drop(keys);
    let back = format!("planwatch attach {plan}");
    follower.printer().say(&format!("detached: {plan} run {run} goes on · back with: {back}"))?;
    Ok(left.code())
}

/// Ends when `q` is pressed. Never, where there is no keyboard.
async fn enough(keys: Option<&AsyncFd<Keys>>) {
    let Some(keys) = keys else { return std::future::pending().await };
    loop {
        let Ok(mut ready) = keys.readable().await else { return std::future::pending().await };
        match keys.get_ref().read() {
            Ok(Some(pressed)) if pressed.iter().any(|key| matches!(key, b'q' | b'Q')) => return,
            Ok(Some(_)) => ready.clear_ready(),
            // The terminal has gone; its hang-up says the rest.
            Ok(None) | Err(_) => return std::future::pending().await,
        }
    }
}

#[allow(deprecated, reason = "what replaces it is unsafe; the keys own their descriptor")]
fn listen(keys: Keys) -> std::io::Result<AsyncFd<Keys>> {
    AsyncFd::with_interest(keys, Interest::READABLE)
}

fn not_running(plan: &PlanName) -> Failure {
    Failure::new(Exit::NotRunning, format!("{plan} is not running"))
        .hint(format!("planwatch logs {plan} shows what it printed"))
}
