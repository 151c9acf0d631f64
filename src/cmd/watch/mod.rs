//! `watch`: the screen.
//!
//! What the screen wants done outside itself is done here: logs are read by the windows' worker,
//! plans are watched by the roster, what takes long is found out on a thread, and what is done to
//! plans is done by this very program, as the user would type it.

mod desk;
#[cfg(feature = "serve")]
mod far;
mod file;
mod news;
#[cfg(feature = "serve")]
pub(super) use far::errands;

use std::io::IsTerminal as _;

use tokio::sync::mpsc::unbounded_channel;

use self::desk::Desk;
use super::World;
#[cfg(feature = "serve")]
use super::connect::Connect;
use super::follow::block_on;
use super::leftover::left_behind;
use super::plansfile::find;
use super::select::{Selector, unknown};
use crate::exit::{Exit, Failure};
use crate::feed::roster;
use crate::feed::window::Worker;
use crate::fold::Fold;
use crate::model::PlanName;
use crate::store::snapshot::load_json;
use crate::tui::app::App;
use crate::tui::kept::Kept;
use crate::tui::look::{Colours, Look};
use crate::tui::msg::Msg;
use crate::tui::run::{Ended, run as show};

/// What a user may mean by `watch`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The plans; empty: all.
    pub plans: Vec<Selector>,
    /// The gateway whose plans are meant; None: those of this machine.
    #[cfg(feature = "serve")]
    pub connect: Option<Connect>,
}

/// Does it. Returns when the user leaves.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    needs_terminal(world)?;
    #[cfg(feature = "serve")]
    if let Some(connect) = &options.connect {
        return far::run(&options, connect, world);
    }
    let home = world.open_home()?;
    let wanted = wanted(&options.plans, &home.plans()?)?;
    let kept: Kept = load_json(&desk::kept_file(&home)).ok().flatten().unwrap_or_default();
    let (tell, msgs) = unbounded_channel();
    let told = tell.clone();
    let place = home.clone();
    let shown = wanted.clone();
    roster::watch(home.clone(), wanted, move |news| {
        let left = |fold: &Fold| {
            let run = fold.last();
            run.map_or(0, |run| {
                left_behind(&place.plan(&fold.plan), run).map_or(0, |left| left.len())
            })
        };
        told.send(news::message(news, left, &shown)).is_ok()
    })?;
    let told = tell.clone();
    let worker = Worker::start(home.clone(), move |answer| drop(told.send(Msg::Answer(answer))))?;
    let mut desk = Desk::new(home, worker, tell, world.clone())?;
    let app = app(&options, kept, world).with_file(find(None, world).is_ok());
    let ended = block_on(async { Ok(show(app, msgs, |effect| desk.perform(effect)).await?) })?;
    Ok(exit_of(ended))
}

fn app(options: &Options, kept: Kept, world: &World) -> App {
    let watched: Vec<String> = options.plans.iter().map(ToString::to_string).collect();
    App::new(look(world, kept), kept, world.now).watching(watched.join(" "))
}

fn exit_of(ended: Ended) -> i32 {
    match ended {
        Ended::Quit => Exit::Done.code(),
        Ended::Told => Exit::Interrupted.code(),
    }
}

/// Nothing where the screen can be shown, else why not.
pub(super) fn needs_terminal(world: &World) -> Result<(), Failure> {
    let term = world.var("TERM").and_then(|term| term.to_str()).unwrap_or_default();
    if world.stdout.terminal && std::io::stdin().is_terminal() && !matches!(term, "" | "dumb") {
        return Ok(());
    }
    let because = match world.stdout.terminal {
        true if matches!(term, "" | "dumb") => {
            format!("TERM={term} is no terminal that can be drawn on")
        }
        true => "standard input is not a terminal".to_owned(),
        false => "standard output is not a terminal".to_owned(),
    };
    Err(Failure::new(Exit::Usage, "watch needs a terminal")
        .because(because)
        .hint("planwatch logs -f NAME follows a plan anywhere; planwatch ps lists them"))
}

/// Which plans are shown. A name that nothing answers to is an error, a pattern may fit later.
fn wanted(
    selectors: &[Selector],
    plans: &[PlanName],
) -> anyhow::Result<impl Fn(&PlanName) -> bool + Clone + Send + use<>> {
    for selector in selectors {
        if let Selector::One(target) = selector
            && !plans.contains(&target.plan)
        {
            return Err(unknown(selector, plans).into());
        }
    }
    let selectors = selectors.to_vec();
    Ok(move |plan: &PlanName| {
        selectors.is_empty()
            || selectors.iter().any(|selector| match selector {
                Selector::One(target) => target.plan == *plan,
                Selector::Many(glob) => glob.is_match(plan),
            })
    })
}

/// What can be known of the terminal without asking it: an answer that comes late would be taken
/// for keys.
fn look(world: &World, kept: Kept) -> Look {
    let var = |name: &str| world.var(name).and_then(|value| value.to_str()).unwrap_or_default();
    let colours = match (world.stdout.color, var("COLORTERM"), var("TERM")) {
        (false, ..) => Colours::None,
        (_, "truecolor" | "24bit", _) => Colours::Many,
        (_, _, term) if term.contains("256color") => Colours::Many,
        _ => Colours::Sixteen,
    };
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].map(var).into_iter().find(|value| !value.is_empty());
    let locale = locale.unwrap_or_default().to_lowercase();
    let unicode = !matches!(locale.as_str(), "c" | "posix") && var("TERM") != "linux";
    // `15;0`: the last is the ground.
    let ground = var("COLORFGBG").rsplit(';').next().unwrap_or_default().to_owned();
    let light = kept.light.unwrap_or(matches!(ground.as_str(), "7" | "15"));
    Look { colours, light, unicode, zone: world.zone.clone() }
}
