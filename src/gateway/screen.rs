//! `/api/screen`: a screen on another machine, for which this one reads logs.
//!
//! `watch --connect` speaks it. Its words are those of the very release, not for others: programs
//! have `/api/ws`.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::HeaderMap;
use axum::response::Response;
use tokio::sync::mpsc::{Receiver, Sender, UnboundedReceiver, channel, unbounded_channel};

use super::gate::{Gate, SCREENS};
use super::metrics::{Counted, Counts};
use super::refusal::Refusal;
use super::server::Slot;
use super::socket::{Line, Over, close, limited};
use crate::feed::roster::Told;
use crate::feed::window::{Answer, Worker};
use crate::feed::wire::{Errand, Wish, Word};
use crate::model::PlanName;

/// Bytes of a message to a screen: what is copied from a log goes in one.
const LONGEST: usize = 64 << 20;
/// Errands of one screen at the same time.
const ERRANDS: usize = 16;
/// Errands that wait for a place among them.
const WAITING: usize = 256;
/// Windows that one screen may have open.
const WINDOWS: u32 = 1 << 16;

/// `GET /api/screen`.
pub(super) async fn begin(
    State(gate): State<Arc<Gate>>,
    Extension(slot): Extension<Slot>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = limited(upgrade, &headers)?.max_write_buffer_size(LONGEST);
    let place = Arc::clone(&gate.screens).try_acquire_owned();
    let place = place.map_err(|_| Refusal::full_of_screens(SCREENS))?;
    let (tell, answers) = unbounded_channel();
    let worker = gate.library.windows(move |answer| drop(tell.send(answer)));
    let worker = worker.map_err(|error| Refusal::unreadable("the log", &error))?;
    Ok(upgrade.on_upgrade(async move |socket| {
        let counted = Counted::new(&gate, (|counts| &counts.sockets) as fn(&Counts) -> &AtomicU64);
        let (done, dones) = channel(ERRANDS);
        let line = Line::new(socket);
        let session = Session {
            gate,
            line,
            worker,
            answers,
            version: 0,
            done,
            dones,
            busy: 0,
            waiting: VecDeque::new(),
            ended: VecDeque::new(),
        };
        session.run().await;
        drop((slot, place, counted));
    }))
}

struct Session {
    gate: Arc<Gate>,
    line: Line,
    worker: Worker,
    /// What it is told. While the screen does not read, nothing is asked either, so they are few.
    answers: UnboundedReceiver<Answer>,
    /// The last version of the plans that was told; 0: none.
    version: u64,
    done: Sender<serde_json::Value>,
    dones: Receiver<serde_json::Value>,
    /// Errands that were begun.
    busy: usize,
    /// Errands for which there was no place yet.
    waiting: VecDeque<Errand>,
    /// Plans of which it is to be found out whether something of them goes on.
    ended: VecDeque<PlanName>,
}

impl Session {
    async fn run(mut self) {
        let gate = Arc::clone(&self.gate);
        let mut changes = gate.roster.changes();
        changes.mark_changed();
        let closed = gate.closed();
        tokio::pin!(closed);
        loop {
            let beat = self.line.beat();
            let going = tokio::select! {
                () = &mut closed => {
                    return self.line.close(close::GOING_AWAY, "the gateway ends").await;
                }
                heard = self.line.hear() => match heard {
                    Ok(Some(text)) => self.answer(&text).await,
                    Ok(None) => Ok(()),
                    Err(over) => Err(over),
                },
                Some(answer) = self.answers.recv() => self.say(Word::Answer(Box::new(answer))).await,
                Some(done) = self.dones.recv() => {
                    self.busy -= 1;
                    self.look_for_more();
                    self.say(Word::Done(done)).await
                }
                Ok(()) = changes.changed() => self.tell_plans().await,
                () = beat => self.line.ping().await,
            };
            if going.is_err() {
                return;
            }
        }
    }

    async fn say(&mut self, word: Word) -> Result<(), Over> {
        let text = serde_json::to_string(&word).map_err(|_| Over)?;
        self.line.send(text, || ()).await
    }

    async fn answer(&mut self, text: &str) -> Result<(), Over> {
        match serde_json::from_str(text) {
            Ok(Wish::Ask(request)) if request.window < WINDOWS => {
                self.worker.ask(request.limited());
                Ok(())
            }
            Ok(Wish::Errand(errand)) if self.waiting.len() < WAITING => {
                // Of tasks only the last ones asked for are looked at.
                if matches!(errand, Errand::Tasks(_)) {
                    self.waiting.retain(|waits| !matches!(waits, Errand::Tasks(_)));
                }
                self.waiting.push_back(errand);
                self.look_for_more();
                Ok(())
            }
            Ok(_) => self.refuse("too much is asked for at once").await,
            Err(_) => {
                let why = "this screen speaks otherwise: use the same release on both machines";
                self.refuse(why).await
            }
        }
    }

    async fn refuse(&mut self, why: &'static str) -> Result<(), Over> {
        self.line.close(close::POLICY, why).await;
        Err(Over)
    }

    fn send_for(&mut self, errand: Errand) {
        self.busy += 1;
        let (errands, done) = (Arc::clone(&self.gate.settings.errands), self.done.clone());
        tokio::task::spawn_blocking(move || {
            // A screen that has gone does not want to know.
            let _ = done.blocking_send(errands(errand));
        });
    }

    /// Does what the user asked for first; then it is found out what goes on of plans that have ended,
    /// half as many at once as there may be, so that nobody has to wait for it.
    fn look_for_more(&mut self) {
        while self.busy < ERRANDS
            && let Some(errand) = self.waiting.pop_front()
        {
            self.send_for(errand);
        }
        while self.busy < ERRANDS / 2
            && let Some(plan) = self.ended.pop_front()
        {
            self.send_for(Errand::Left(plan));
        }
    }

    async fn tell_plans(&mut self) -> Result<(), Over> {
        let first = self.version == 0;
        // Asked before the plans are looked at: what changes meanwhile is told twice, never not.
        let version = *self.gate.roster.changes().borrow();
        for told in self.gate.roster.told_since(self.version) {
            if let Told::Plan { fold, .. } = &told
                && !fold.is_live()
            {
                self.ended.push_back(fold.plan.clone());
            }
            self.say(Word::Told(Box::new(told))).await?;
        }
        self.look_for_more();
        self.version = version.max(1);
        if first { self.say(Word::Told(Box::new(Told::Listed))).await } else { Ok(()) }
    }
}
