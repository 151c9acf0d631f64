//! What the screen wants done outside itself.

use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::sync::mpsc::UnboundedSender;

use super::file::{self, in_one_line};
use crate::cmd::alive::settled;
use crate::cmd::leftover::left_behind;
use crate::cmd::queue::pass;
use crate::cmd::tables::ChosenRun;
use crate::cmd::up::SEEN;
use crate::cmd::{World, now, why};
use crate::exit;
use crate::feed::window::Worker;
use crate::model::{PlanName, Target};
use crate::os::tool;
use crate::render::tasks::Look;
use crate::store::layout::Home;
use crate::store::snapshot::save_json_among_many;
use crate::tui::msg::{Deed, Effect, Msg, RunTasks};

/// Where what is kept of the screen stands.
pub(super) fn kept_file(home: &Home) -> PathBuf {
    home.path().join("screen.json")
}

/// Hands out what is to be done, and never waits for it.
pub(super) struct Desk {
    worker: Worker,
    errands: Sender<Effect>,
    tell: UnboundedSender<Msg>,
    home: Home,
}

impl Desk {
    pub(super) fn new(
        home: Home,
        worker: Worker,
        tell: UnboundedSender<Msg>,
        world: World,
    ) -> io::Result<Desk> {
        let (errands, due) = channel();
        let runner = Runner { home: home.clone(), tell: tell.clone(), world };
        thread::Builder::new().name("errands".to_owned()).spawn(move || runner.run(&due))?;
        Ok(Desk { worker, errands, tell, home })
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Ask(request) => self.worker.ask(request),
            Effect::Act(deed, plans) => self.act(deed, plans),
            // The runner lives as long as this.
            other => drop(self.errands.send(other)),
        }
    }

    /// By this very program, each on a thread: a stop takes as long as its plan takes to end.
    fn act(&self, deed: Deed, plans: Vec<PlanName>) {
        let (tell, home) = (self.tell.clone(), self.home.clone());
        let done = thread::Builder::new().name(deed.verb().to_owned()).spawn(move || {
            let said = carry_out(&home, deed, &plans);
            let _ = tell.send(Msg::Say(said));
            // Of processes that go on nobody writes when they end.
            let ends = !matches!(deed, Deed::Start | Deed::Unqueue);
            for plan in plans.into_iter().filter(|_| ends) {
                let left = left_of(&home, &plan);
                let _ = tell.send(Msg::Left(plan, left));
            }
        });
        if let Err(error) = done {
            let _ = self.tell.send(Msg::Say(format!("cannot {}: {error}", deed.verb())));
        }
    }
}

/// Does something to plans, by this very program. What it said, on one line.
pub(super) fn carry_out(home: &Home, deed: Deed, plans: &[PlanName]) -> String {
    let mut args: Vec<OsString> = match deed {
        Deed::Start => vec!["up".into()],
        Deed::Unqueue => vec!["down".into()],
        Deed::Stop => vec!["stop".into()],
        Deed::Restart => vec!["restart".into()],
        Deed::Kill => vec!["stop".into(), "--signal".into(), "KILL".into()],
    };
    args.extend(plans.iter().map(|plan| plan.as_str().into()));
    let args: Vec<&OsStr> = args.iter().map(OsString::as_os_str).collect();
    let place = home.path().as_os_str();
    match tool::itself(&args, &[("PLANWATCH_HOME", place)]) {
        Ok((_, said)) => {
            let said = in_one_line(&String::from_utf8_lossy(&said));
            // On the screen they are seen already.
            said.replace(&format!(" · {SEEN}"), "")
        }
        Err(error) => format!("cannot {}: {error}", deed.verb()),
    }
}

/// Processes that the last run of a plan has left behind, as far as that can be found out.
pub(super) fn left_of(home: &Home, plan: &PlanName) -> usize {
    let plan = home.plan(plan);
    let run = settled(&plan).ok().and_then(|fold| fold.last().cloned());
    let left = run.and_then(|run| left_behind(&plan, &run).ok());
    left.map_or(0, |left| left.len())
}

/// Finds out what takes long, one after the other.
struct Runner {
    home: Home,
    tell: UnboundedSender<Msg>,
    world: World,
}

impl Runner {
    fn run(mut self, due: &Receiver<Effect>) {
        // Whoever looks at the queue does what is due in it.
        if let Err(error) = pass(&self.home, &self.world) {
            let _ = self.tell.send(Msg::Say(in_one_line(&exit::message(&error))));
        }
        for effect in due {
            self.world.now = now();
            let told = match effect {
                Effect::Tasks(plan) => Ok(Some(match tasks(&plan, &self.world) {
                    Ok(tasks) => Msg::Tasks(Box::new(tasks)),
                    Err(error) => Msg::NoTasks(plan, in_one_line(&exit::message(&error))),
                })),
                Effect::File => Ok(Some(Msg::File(file::read(&self.world)))),
                Effect::Mean(named) => Ok(Some(match file::mean(named, &self.world) {
                    Ok(plans) => Msg::Meant(plans),
                    Err(trouble) => Msg::Say(trouble),
                })),
                Effect::Why(plan, width) => {
                    let told = why(&plan, width, &self.world);
                    told.map(|text| Some(Msg::Why { plan, text }))
                }
                Effect::Save(text) => save(&text, &self.world).map(|said| Some(Msg::Say(said))),
                // Remembered as well as it goes.
                Effect::Keep(kept) => {
                    let _ = save_json_among_many(&kept_file(&self.home), &kept);
                    Ok(None)
                }
                _ => Ok(None),
            };
            let told =
                told.unwrap_or_else(|error| Some(Msg::Say(in_one_line(&exit::message(&error)))));
            if told.is_some_and(|msg| self.tell.send(msg).is_err()) {
                return;
            }
        }
    }
}

fn chosen(plan: &PlanName, world: &World) -> anyhow::Result<ChosenRun> {
    ChosenRun::of(&Target { plan: plan.clone(), run: None }, world)
}

/// The tasks of a plan's last run.
pub(super) fn tasks(plan: &PlanName, world: &World) -> anyhow::Result<RunTasks> {
    let chosen = chosen(plan, world)?;
    let run = chosen.known();
    let earlier = if run.state.is_live() { chosen.earlier() } else { Vec::new() };
    Ok(RunTasks { plan: plan.clone(), run, table: chosen.table()?, earlier })
}

/// Why a plan's last run ended as it did.
pub(super) fn why(plan: &PlanName, width: u16, world: &World) -> anyhow::Result<Vec<u8>> {
    let look = Look { width: Some(width.into()), colour: true };
    why::told(&chosen(plan, world)?, world, look)
}

/// Saves a text beside the user's other files, never over one of them. What is said of it.
pub(super) fn save(text: &str, world: &World) -> anyhow::Result<String> {
    let folder = world.cwd()?;
    let time = world.zone.to_datetime(world.now.timestamp());
    let path = folder.join(format!("planwatch-{}.log", time.strftime("%Y%m%d-%H%M%S")));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    file.write_all(text.as_bytes())?;
    Ok(format!("saved to {}", path.display()))
}
