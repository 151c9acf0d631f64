//! `demo`: three real Luigi plans, live, in one command.
//!
//! It starts its plans as a user would, by calling this very program with `run -d`; it follows them
//! with what `logs -f` is made of, and judges the demo itself by the verdicts in the logs.

mod plans;
mod python;
mod stage;

use std::io::Write as _;

use tokio::signal::unix::{SignalKind, signal};

use plans::{DemoPlan, PLANS};
use stage::Stage;

use super::follow::block_on;
use super::select::Selector;
use super::{World, logs, ps, watch};
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::fold::{RunFold, headline};
use crate::model::{PlanName, RunChoice, Target};
use crate::render::theme::{Tone, paint};
use crate::store::layout::Home;

/// What a user may mean by `demo`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {}

/// One of the three, as it was started or found running.
struct Started {
    plan: &'static DemoPlan,
    name: PlanName,
    run: u64,
}

/// Runs the demo to its end. 0 if all three plans ended as they were meant to.
pub fn run(_options: Options, world: &World) -> anyhow::Result<i32> {
    let stage = Stage::set(world)?;
    let home = world.open_home()?;
    heading(world, "planwatch demo: three real Luigi plans at once");
    say(&format!("its files are in {}; to remove them: {}", stage.shown(), stage.removal()));
    let python = python::find(world, stage.folder(), &mut |text| say(text))?;
    stage.write_files()?;
    say("");
    let mut started = Vec::new();
    for plan in &PLANS {
        started.push(start(plan, &python, &stage, &home, world)?);
    }
    let left = show(&started, &stage, world)?;
    let ended = ends(&started, &home)?;
    if ended.iter().any(|end| end.as_ref().is_none_or(|run| run.state.is_live())) {
        say(&format!(
            "\nthe plans go on without you: {0} watch · {0} ps · {0} stop 'demo-*'",
            stage.program()
        ));
        return Ok(left);
    }
    heading(world, &format!("\n{} ps", stage.program()));
    ps::run(ps::Options::default(), world)?;
    verdicts(&started, &ended, world)?;
    next_steps(&stage, &python, world);
    Ok(Exit::Done.code())
}

/// Starts a plan with `run -d`. One that still runs from a former demo is followed as it is.
fn start(
    plan: &'static DemoPlan,
    python: &std::path::Path,
    stage: &Stage,
    home: &Home,
    world: &World,
) -> anyhow::Result<Started> {
    let name: PlanName = plan.name.parse()?;
    let dir = home.plan(&name);
    let was_alive = known(&dir, Depth::State)?.is_live();
    let (code, said) = stage.run_detached(plan, python)?;
    if code != Some(0) {
        let said = String::from_utf8_lossy(&said);
        let said = said.trim().trim_start_matches("planwatch: ").to_owned();
        return Err(Failure::new(Exit::Failed, format!("cannot start {name}"))
            .because(said)
            .hint(format!("{} doctor looks for the usual causes", stage.program()))
            .into());
    }
    let shows = match was_alive {
        true => "still running from an earlier demo: following that run",
        false => plan.shows,
    };
    tell(world, Tone::of_plan(plan.name), plan.name, shows);
    let fold = known(&dir, Depth::State)?;
    Ok(Started { plan, name, run: fold.last_run() })
}

/// Shows them: on the screen where there is a terminal, else line by line. What the demo exits with
/// if its plans still run afterwards.
fn show(started: &[Started], stage: &Stage, world: &World) -> anyhow::Result<i32> {
    if watch::needs_terminal(world).is_ok() {
        let plans = started.iter().map(|one| one.plan.name.parse().map_err(anyhow::Error::msg));
        let plans = plans.collect::<anyhow::Result<Vec<Selector>>>()?;
        return watch::run(
            watch::Options {
                #[cfg(feature = "serve")]
                connect: None,
                plans,
            },
            world,
        );
    }
    let program = stage.program();
    heading(
        world,
        &format!("\nfollowing them with: {program} logs -f 'demo-*'   (^C leaves, they go on)"),
    );
    let followed = follow(started, world)?;
    Ok(if followed == 0 { Exit::Failed.code() } else { followed })
}

/// Follows until all have ended, or until the user has seen enough.
fn follow(started: &[Started], world: &World) -> anyhow::Result<i32> {
    let options = follow_options(started);
    block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::select! {
            followed = logs::follow(&options, world) => followed,
            _ = interrupt.recv() => Ok(Exit::Interrupted.code()),
        }
    })
}

fn follow_options(started: &[Started]) -> logs::Options {
    let target = |one: &Started| {
        Selector::One(Target { plan: one.name.clone(), run: Some(RunChoice::Number(one.run)) })
    };
    logs::Options {
        #[cfg(feature = "serve")]
        connect: None,
        plans: started.iter().map(target).collect(),
        follow: true,
        forever: false,
        lines: Some(u64::MAX),
        since: None,
        until: None,
        level: None,
        grep: Vec::new(),
        exclude: Vec::new(),
        streams: Vec::new(),
        tasks: Vec::new(),
        run: None,
        after: None,
        cursor_file: None,
        reverse: false,
        timestamps: false,
        around: (0, 0),
        first_of_run: false,
        numbers: None,
        output: logs::LogForm::Short,
    }
}

/// What is known of each run now.
fn ends(started: &[Started], home: &Home) -> anyhow::Result<Vec<Option<RunFold>>> {
    started
        .iter()
        .map(|one| Ok(known(&home.plan(&one.name), Depth::Whole)?.run(one.run).cloned()))
        .collect()
}

/// Says how each run ended, and whether that is how it was meant to.
fn verdicts(started: &[Started], ended: &[Option<RunFold>], world: &World) -> Result<(), Failure> {
    heading(world, "\nverdicts");
    let mut surprises = Vec::new();
    for (one, end) in started.iter().zip(ended) {
        let Some(end) = end else { continue };
        let as_meant = end.verdict == one.plan.verdict && end.exit == Some(one.plan.code);
        let tone = Tone::of_run(end.state, end.verdict);
        let mut text = headline(end, end.verdict, &end.reasons);
        if let Some(exit) = end.exit.filter(|&exit| exit != 0) {
            text += &format!("; `run` would have exited with {exit}");
        }
        tell(world, tone, one.plan.name, &text);
        if !as_meant {
            surprises.push(format!(
                "{} should have {} (exit {})",
                one.plan.name,
                one.plan.verdict.name(),
                one.plan.code
            ));
        }
    }
    if surprises.is_empty() {
        say("all three ended as they were meant to: two succeeded, one failed on purpose");
        return Ok(());
    }
    Err(Failure::new(Exit::Failed, "the demo did not end as it was meant to")
        .because(surprises.join("; "))
        .hint("planwatch logs NAME shows what happened"))
}

fn next_steps(stage: &Stage, python: &std::path::Path, world: &World) {
    let program = stage.program();
    heading(world, "\ntry next");
    say(&format!("{program} why demo-failing                    why it failed, on one screen"));
    say(&format!("{program} tasks demo-dag --timeline           what ran when"));
    // The user's python3 may be the very one that lacks luigi.
    let python = python.display();
    say(&format!("{program} run -n mine -- {python} your_plan.py   a plan of your own"));
}

/// A line on stderr. Where even that fails there is nobody left to tell.
fn say(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn heading(world: &World, text: &str) {
    let mut line = Vec::new();
    paint(&mut line, Tone::Bold, world.stderr.color, |to| to.extend_from_slice(text.as_bytes()));
    say(&String::from_utf8_lossy(&line));
}

fn tell(world: &World, tone: Tone, name: &str, text: &str) {
    let mut line = Vec::new();
    paint(&mut line, tone, world.stderr.color, |to| {
        to.extend_from_slice(format!("{name:<12}").as_bytes());
    });
    say(&format!("  {}  {text}", String::from_utf8_lossy(&line)));
}
