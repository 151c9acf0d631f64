//! `watch --connect`: the screen here, the plans on another machine.
//!
//! Logs are read there, so that opening one of ten gigabytes and searching through it costs the
//! network what is shown of it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use super::desk::{self, kept_file};
use super::file::in_one_line;
use super::{Options, app, exit_of, news, wanted};
use crate::cmd::connect::{Connect, failure};
use crate::cmd::follow::block_on;
use crate::cmd::{World, now};
use crate::exit;
use crate::feed::roster::Told;
use crate::feed::wire::{Errand, Wish, Word};
use crate::gateway::Errands;
use crate::model::PlanName;
use crate::remote::{Heard, Link};
use crate::store::layout::Home;
use crate::store::snapshot::{load_json, save_json};
use crate::tui::kept::Kept;
use crate::tui::msg::{Deed, Effect, Msg, RunTasks};
use crate::tui::run::run as show;

/// What came of an errand.
#[derive(Serialize, Deserialize)]
enum Done {
    Tasks(Box<RunTasks>),
    NoTasks(PlanName, String),
    Why(PlanName, Vec<u8>),
    Left(PlanName, usize),
    /// What was asked for, and what came of it.
    Acted(String, String),
    Said(String),
}

/// Does it. Returns when the user leaves.
pub(super) fn run(options: &Options, connect: &Connect, world: &World) -> anyhow::Result<i32> {
    let client = connect.client(world)?;
    let plans = client.plans().map_err(|trouble| failure(&client, trouble))?;
    let wanted = wanted(&options.plans, &plans)?;
    // What is kept of the screen is kept here, if there is a place for it.
    let home = world.existing_home().ok().flatten();
    let kept = home.as_ref().and_then(|home| load_json(&kept_file(home)).ok().flatten());
    let kept: Kept = kept.unwrap_or_default();
    let (tell, msgs) = unbounded_channel();
    let bond = Arc::new(Mutex::new(Bond { lost: false, asked: Vec::new() }));
    let (told, shared) = (tell.clone(), Arc::clone(&bond));
    let link = Link::start(&client, move |heard| {
        let mut bond = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = messages(heard, &wanted, &mut bond);
        heard.into_iter().for_each(|msg| drop(told.send(msg)));
    });
    let _ = tell.send(Msg::Connected(true));
    let (files, due) = channel();
    let scribe = Scribe { home, world: world.clone(), tell: tell.clone() };
    thread::Builder::new().name("files".to_owned()).spawn(move || scribe.run(&due))?;
    let mut desk = Desk { link, tell, files, bond };
    let app = app(options, kept, world);
    let ended = block_on(async { Ok(show(app, msgs, |effect| desk.perform(effect)).await?) })?;
    Ok(exit_of(ended))
}

/// What is known of the connection where plans are acted upon: of what was asked for when it broke
/// nobody knows whether it arrived.
struct Bond {
    lost: bool,
    asked: Vec<String>,
}

impl Bond {
    fn broke(&mut self) -> Option<String> {
        self.lost = true;
        let asked = std::mem::take(&mut self.asked).join(", ");
        (!asked.is_empty()).then(|| format!("whether this arrived is not known: {asked}"))
    }
}

/// Hands out what is to be done, and never waits for it.
struct Desk {
    link: Link,
    tell: UnboundedSender<Msg>,
    files: Sender<Effect>,
    bond: Arc<Mutex<Bond>>,
}

impl Desk {
    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Ask(request) => self.link.send(Wish::Ask(Box::new(request))),
            Effect::Tasks(plan) => self.errand(Errand::Tasks(plan)),
            Effect::Why(plan, width) => self.errand(Errand::Why(plan, width)),
            Effect::Act(deed, plans) => self.act(deed, plans),
            // The scribe lives as long as this.
            Effect::Save(_) | Effect::Keep(_) => drop(self.files.send(effect)),
            Effect::File | Effect::Mean(_) => {
                self.say(
                    "plans of a file are started on their own machine: planwatch up".to_owned(),
                );
            }
            Effect::Quit | Effect::Suspend | Effect::Redraw | Effect::Ring | Effect::Copy(_) => {}
        }
    }

    /// Never later than it was asked for: a plan must not be stopped by what somebody wanted before
    /// the connection came back.
    fn act(&self, deed: Deed, plans: Vec<PlanName>) {
        let mut bond = self.bond.lock().unwrap_or_else(PoisonError::into_inner);
        let what = named(deed.verb(), &plans);
        if bond.lost {
            return self.say(format!("not connected: {what} was not done"));
        }
        bond.asked.push(what);
        self.errand(Errand::Act(deed.verb().to_owned(), plans));
    }

    fn errand(&self, errand: Errand) {
        self.link.send(Wish::Errand(errand));
    }

    fn say(&self, said: String) {
        let _ = self.tell.send(Msg::Say(said));
    }
}

/// Writes files here, whose disk may be slow.
struct Scribe {
    home: Option<Home>,
    world: World,
    tell: UnboundedSender<Msg>,
}

impl Scribe {
    fn run(mut self, due: &Receiver<Effect>) {
        for effect in due {
            match effect {
                Effect::Save(text) => {
                    self.world.now = now();
                    let said = desk::save(&text, &self.world);
                    let said = said.unwrap_or_else(|error| in_one_line(&exit::message(&error)));
                    let _ = self.tell.send(Msg::Say(said));
                }
                // Remembered as well as it goes.
                Effect::Keep(kept) => {
                    let file = self.home.as_ref().map(kept_file);
                    let _ = file.map(|file| save_json(&file, &kept, false));
                }
                _ => {}
            }
        }
    }
}

/// What was heard → what the screen takes in.
fn messages(heard: Heard, wanted: &impl Fn(&PlanName) -> bool, bond: &mut Bond) -> Vec<Msg> {
    match heard {
        Heard::Lost(why) => {
            let doubt = bond.broke().map(|doubt| format!("{doubt} · {why}"));
            vec![Msg::Connected(false), Msg::Say(doubt.unwrap_or(why))]
        }
        Heard::Back => {
            bond.lost = false;
            vec![Msg::Connected(true), Msg::Say("connected again".to_owned())]
        }
        Heard::Word(Word::Answer(answer)) => vec![Msg::Answer(*answer)],
        Heard::Word(Word::Told(told)) => {
            let about = match &*told {
                Told::Plan { fold, .. } => Some(&fold.plan),
                Told::Gone(plan) => Some(plan),
                _ => None,
            };
            match about.is_none_or(wanted) {
                true => vec![news::message(*told, |_| 0, wanted)],
                false => Vec::new(),
            }
        }
        Heard::Word(Word::Done(done)) => serde_json::from_value(done).map_or_else(
            |_| Vec::new(),
            |done| {
                vec![match done {
                    Done::Tasks(tasks) => Msg::Tasks(tasks),
                    Done::NoTasks(plan, why) => Msg::NoTasks(plan, why),
                    Done::Why(plan, text) => Msg::Why { plan, text },
                    Done::Left(plan, left) => Msg::Left(plan, left),
                    Done::Acted(what, said) => {
                        if let Some(at) = bond.asked.iter().position(|asked| *asked == what) {
                            bond.asked.remove(at);
                        }
                        Msg::Say(said)
                    }
                    Done::Said(said) => Msg::Say(said),
                }]
            },
        ),
    }
}

/// Does errands of screens on other machines. With `control`, also to plans.
pub(in crate::cmd) fn errands(home: &Home, world: &World, control: bool) -> Errands {
    let (home, world) = (home.clone(), world.clone());
    Arc::new(move |errand| {
        let world = World { now: now(), ..world.clone() };
        let why_not = |error: anyhow::Error| in_one_line(&exit::message(&error));
        let done = match errand {
            Errand::Tasks(plan) => match desk::tasks(&plan, &world) {
                Ok(tasks) => Done::Tasks(Box::new(tasks)),
                Err(error) => Done::NoTasks(plan, why_not(error)),
            },
            Errand::Why(plan, width) => match desk::why(&plan, width.clamp(20, 1000), &world) {
                Ok(text) => Done::Why(plan, text),
                Err(error) => Done::Said(why_not(error)),
            },
            Errand::Left(plan) => {
                let left = desk::left_of(&home, &plan);
                Done::Left(plan, left)
            }
            Errand::Act(verb, plans) => {
                Done::Acted(named(&verb, &plans), act(&home, &verb, &plans, control))
            }
        };
        // Made of maps with names for keys, which JSON can always hold.
        serde_json::to_value(done).unwrap_or_default()
    })
}

/// `stop dublin-cafe mars-base`
fn named(verb: &str, plans: &[PlanName]) -> String {
    let names: Vec<&str> = plans.iter().map(PlanName::as_str).collect();
    format!("{verb} {}", names.join(" "))
}

fn act(home: &Home, verb: &str, plans: &[PlanName], control: bool) -> String {
    let deeds = [Deed::Stop, Deed::Restart, Deed::Kill];
    match deeds.into_iter().find(|deed| deed.verb() == verb) {
        _ if !control => {
            "this gateway only shows: planwatch serve --allow-control lets plans be stopped"
                .to_owned()
        }
        Some(deed) => desk::carry_out(home, deed, plans),
        None => format!("cannot {verb} from afar: planwatch up and down, on the plans' machine"),
    }
}
