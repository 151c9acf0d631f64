//! All plans at once: what is known of each, told again whenever it changes.

use std::collections::BTreeMap;
use std::io;
use std::thread;

use serde::{Deserialize, Serialize};

use super::known::{Depth, known};
use super::vigil::{Found, Vigil};
use crate::fold::{Fold, RunFold};
use crate::model::{PlanName, Queue};
use crate::os::deaths::Deaths;
use crate::os::poll::{self, PollFd, PollFlags};
use crate::store::layout::Home;
use crate::store::prune::log_bytes;
use crate::store::queue;
use crate::wake::{Changed, Mode, Watcher};

/// What is told of the plans.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Told {
    /// A plan is there, or has changed.
    Plan {
        /// What is known of it. Its counts may be a quarter of a second old.
        fold: Box<Fold>,
        /// Bytes of its log.
        log_bytes: u64,
        /// Nobody records it any more and nobody could be brought to, though its run has not ended.
        orphaned: bool,
    },
    /// A plan was removed.
    Gone(PlanName),
    /// What was queued, where anything ever was: told first, and again whenever it changes.
    Queue(Box<Queue>),
    /// Every plan that is there has been told.
    Listed,
    /// Changes are looked for again and again instead of being told, and why; None: they are told.
    Polling(Option<String>),
    /// Something cannot be read.
    Failed(String),
}

/// Looks at the plans of a home that `wanted` names, for ever, on a thread of its own. It sleeps
/// until a plan's saved state, one of its processes or the queue changes. `tell` gives false when nobody
/// listens any more.
pub fn watch(
    home: Home,
    wanted: impl Fn(&PlanName) -> bool + Send + 'static,
    tell: impl FnMut(Told) -> bool + Send + 'static,
) -> io::Result<()> {
    let roster = Roster {
        watcher: Watcher::new()?,
        deaths: Deaths::new()?,
        plans: BTreeMap::new(),
        queue: None,
        polling: None,
        home,
        wanted,
        tell,
    };
    thread::Builder::new().name("roster".to_owned()).spawn(move || roster.run())?;
    Ok(())
}

struct Roster<W, T> {
    home: Home,
    watcher: Watcher,
    deaths: Deaths,
    plans: BTreeMap<PlanName, Entry>,
    /// What was told of the queue last.
    queue: Option<Queue>,
    polling: Option<String>,
    wanted: W,
    tell: T,
}

struct Entry {
    vigil: Vigil,
    /// What was told last: how far the log had come, its length, and its last run. The run too,
    /// for its counts come later than the record that ends it.
    told: Option<(u64, u64, Option<RunFold>)>,
    live: bool,
    /// What went wrong with it was said.
    complained: bool,
}

impl<W: Fn(&PlanName) -> bool, T: FnMut(Told) -> bool> Roster<W, T> {
    fn run(mut self) {
        let queue = self.home.queue();
        self.watcher.watch(&self.home.plans_dir());
        self.watcher.watch(&queue);
        if !(self.queue() && self.list() && self.look(None, false) && (self.tell)(Told::Listed)) {
            return;
        }
        loop {
            let mut fds = [
                PollFd::from_borrowed_fd(self.watcher.fd(), PollFlags::IN),
                PollFd::new(&self.deaths, PollFlags::IN),
            ];
            if poll::wait(&mut fds, None).is_err() {
                return;
            }
            let death = !fds[1].revents().is_empty();
            let changed = self.watcher.clear();
            if changed.holds(&self.home.plans_dir()) && !self.list() {
                return;
            }
            if !self.look(Some(&changed), death) {
                return;
            }
            // Last, so that a plan whose turn has come is there before it is queued no more.
            if changed.holds(&queue) && !self.queue() {
                return;
            }
        }
    }

    /// Tells what is queued, if that is not what was told last.
    fn queue(&mut self) -> bool {
        match queue::load(&self.home) {
            Ok(now) if now != self.queue => {
                self.queue.clone_from(&now);
                (self.tell)(Told::Queue(Box::new(now.unwrap_or_default())))
            }
            Ok(_) => true,
            Err(error) => (self.tell)(Told::Failed(format!("the queue: {error}"))),
        }
    }

    /// Finds out which plans there are.
    fn list(&mut self) -> bool {
        let names = match self.home.plans() {
            Ok(names) => names,
            Err(error) => return (self.tell)(Told::Failed(format!("the list of plans: {error}"))),
        };
        let gone: Vec<PlanName> =
            self.plans.keys().filter(|known| !names.contains(known)).cloned().collect();
        for name in gone {
            self.watcher.unwatch(self.home.plan(&name).dir());
            self.plans.remove(&name);
            if !(self.tell)(Told::Gone(name)) {
                return false;
            }
        }
        let new: Vec<PlanName> = names
            .into_iter()
            .filter(|name| (self.wanted)(name) && !self.plans.contains_key(name))
            .collect();
        let dirs: Vec<_> = new.iter().map(|name| self.home.plan(name).dir().to_owned()).collect();
        self.watcher.watch_all(&dirs);
        for name in new {
            let vigil = Vigil::new();
            let entry = Entry { vigil, told: None, live: false, complained: false };
            self.plans.insert(name, entry);
        }
        let polling = match self.watcher.mode() {
            Mode::Notify => None,
            Mode::Polling(reason) => Some(reason),
        };
        if polling != self.polling {
            self.polling.clone_from(&polling);
            return (self.tell)(Told::Polling(polling));
        }
        true
    }

    /// Reads what may have changed and tells what has.
    fn look(&mut self, changed: Option<&Changed>, death: bool) -> bool {
        let Roster { home, deaths, plans, tell, .. } = self;
        for (name, entry) in plans {
            let plan = home.plan(name);
            if death && entry.live {
                entry.vigil.expect_news();
            }
            let touched = changed.is_none_or(|changed| changed.holds(plan.dir()));
            if !touched && entry.told.is_some() && !(death && entry.live) {
                continue;
            }
            let told = match entry.read(&plan, deaths) {
                Ok(told) => told,
                Err(_) if !plan.exists() => None,
                Err(_) if std::mem::replace(&mut entry.complained, true) => None,
                Err(error) => Some(Told::Failed(format!("{name}: {error}"))),
            };
            if told.is_some_and(|told| !tell(told)) {
                return false;
            }
        }
        true
    }
}

impl Entry {
    /// What is to be told of the plan; None if it is what was told last.
    fn read(
        &mut self,
        plan: &crate::store::layout::PlanDir,
        deaths: &Deaths,
    ) -> io::Result<Option<Told>> {
        let mut fold = known(plan, Depth::State)?;
        let mut orphaned = false;
        while fold.is_live() {
            match self.vigil.look(plan, deaths, fold.seq)? {
                Found::Somebody => break,
                Found::ReadAgain => fold = known(plan, Depth::State)?,
                Found::Nobody => {
                    orphaned = true;
                    break;
                }
            }
        }
        self.live = fold.is_live();
        if !self.live {
            // The death of those who ended with it is no news, and would be told for ever.
            self.vigil = Vigil::new();
        }
        let log_bytes = log_bytes(plan)?;
        let now = Some((fold.seq, log_bytes, fold.last().cloned()));
        if self.told == now && !orphaned {
            return Ok(None);
        }
        self.told = now;
        Ok(Some(Told::Plan { fold: Box::new(fold), log_bytes, orphaned }))
    }
}
