//! What every request may need.

use std::sync::Arc;

use tokio::sync::{Semaphore, watch};

use super::guard::Access;
use super::metrics::Counts;
use super::refusal::Refusal;
use super::roster::Roster;
use crate::feed::library::Library;
use crate::feed::tails::Tails;
use crate::feed::wire::Errand;
use crate::model::PlanName;

/// Reads of the disk at the same time. More would not be faster, and each holds a buffer.
const READS: usize = 4;
/// Searches through logs at the same time.
const SEARCHES: usize = 2;

/// Screens of other machines at the same time. Each has a thread that reads for it, and one of the
/// 128 watchers that the system gives a user.
pub(super) const SCREENS: usize = 32;

/// What can be done to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Stop it.
    Stop,
    /// Stop it if it runs, and start it again.
    Restart,
}

impl Deed {
    /// Its name in paths and messages.
    pub fn name(self) -> &'static str {
        match self {
            Deed::Stop => "stop",
            Deed::Restart => "restart",
        }
    }
}

/// Does something to a plan and returns when it is done: what was said, or why it was not done.
pub type Control = Arc<dyn Fn(Deed, &PlanName) -> Result<String, String> + Send + Sync>;

/// Does what a screen on another machine wants done, and returns when it is done.
pub type Errands = Arc<dyn Fn(Errand) -> serde_json::Value + Send + Sync>;

/// What the user chose.
pub struct Settings {
    /// Who may ask.
    pub access: Access,
    /// How things are done to plans; None: not at all.
    pub control: Option<Control>,
    /// How errands of screens are done.
    pub errands: Errands,
    /// Also speak as PlanExe's front end expects it.
    pub planexe: bool,
    /// Connections at the same time.
    pub max_clients: usize,
}

/// Shared by all connections.
pub(super) struct Gate {
    pub(super) settings: Settings,
    pub(super) library: Library,
    pub(super) tails: Tails,
    pub(super) roster: Roster,
    pub(super) counts: Counts,
    pub(super) reads: Arc<Semaphore>,
    pub(super) searches: Arc<Semaphore>,
    pub(super) screens: Arc<Semaphore>,
    closing: watch::Sender<bool>,
}

impl Gate {
    pub(super) fn new(settings: Settings, library: Library, tails: Tails, roster: Roster) -> Gate {
        Gate {
            settings,
            library,
            tails,
            roster,
            counts: Counts::default(),
            reads: Arc::new(Semaphore::new(READS)),
            searches: Arc::new(Semaphore::new(SEARCHES)),
            screens: Arc::new(Semaphore::new(SCREENS)),
            closing: watch::Sender::new(false),
        }
    }

    /// Asks every connection to come to its end.
    pub(super) fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Returns when connections shall come to their end.
    pub(super) async fn closed(&self) {
        let mut closing = self.closing.subscribe();
        // An error would mean that the gate is gone, and everything with it.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    pub(super) fn is_closing(&self) -> bool {
        *self.closing.borrow()
    }

    /// Reads the disk where that holds up nobody else.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Gate>,
        what: &'static str,
        read: impl FnOnce(&Gate) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.read_among(&self.reads, what, read).await
    }

    /// The same for what may look through a whole log: whoever reads a few records has not to wait
    /// for it.
    pub(super) async fn search<T: Send + 'static>(
        self: &Arc<Gate>,
        what: &'static str,
        read: impl FnOnce(&Gate) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        self.read_among(&self.searches, what, read).await
    }

    async fn read_among<T: Send + 'static>(
        self: &Arc<Gate>,
        turns: &Arc<Semaphore>,
        what: &'static str,
        read: impl FnOnce(&Gate) -> std::io::Result<T> + Send + 'static,
    ) -> Result<T, Refusal> {
        let turn = Arc::clone(turns).acquire_owned().await.map_err(|_| Refusal::closing())?;
        let gate = Arc::clone(self);
        // The turn goes with the work: that goes on when whoever asked has gone.
        let work = move || {
            let done = read(&gate);
            drop(turn);
            done
        };
        match tokio::task::spawn_blocking(work).await {
            Ok(Ok(read)) => Ok(read),
            Ok(Err(error)) => Err(Refusal::unreadable(what, &error)),
            Err(_) => Err(Refusal::closing()),
        }
    }

    /// The plan of this name, whether it is there or not.
    pub(super) fn name(text: &str) -> Result<PlanName, Refusal> {
        text.parse().map_err(|error: crate::model::NameError| Refusal::bad_name(text, &error))
    }

    /// The plan of this name, which must be there.
    pub(super) async fn plan(self: &Arc<Gate>, text: &str) -> Result<PlanName, Refusal> {
        let name = Gate::name(text)?;
        let asked = name.clone();
        let plans = self
            .read("the list of plans", move |gate| {
                if gate.library.has(&asked) { Ok(None) } else { gate.library.plans().map(Some) }
            })
            .await?;
        match plans {
            None => Ok(name),
            Some(plans) => Err(Refusal::no_such_plan(&name, &plans)),
        }
    }

    /// Does something to a plan.
    pub(super) async fn act(
        self: &Arc<Gate>,
        deed: Deed,
        plan: &PlanName,
    ) -> Result<String, Refusal> {
        let Some(control) = self.settings.control.clone() else {
            return Err(Refusal::control_not_allowed());
        };
        let plan = plan.clone();
        let done = tokio::task::spawn_blocking(move || control(deed, &plan)).await;
        match done {
            Ok(Ok(said)) => Ok(said),
            Ok(Err(why)) => Err(Refusal::not_done(deed, &why)),
            Err(_) => Err(Refusal::closing()),
        }
    }
}
