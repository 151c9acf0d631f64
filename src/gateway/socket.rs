//! A WebSocket session: many plans, each from its cursor, for one client.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use futures_util::SinkExt as _;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::events::MOST;
use super::frame::{self, Ask};
use super::gate::{Deed, Gate};
use super::guard;
use super::metrics::{Counted, Counts};
use super::plans::done;
use super::refusal::Refusal;
use super::roster::Change;
use super::server::Slot;
use super::stream::{Happening, Stream};
use crate::model::PlanName;

/// Silence of a client after which it is asked whether it is there.
pub(super) const BEAT: Duration = Duration::from_secs(20);
/// A client whose host answers, but which itself has answered nothing for so long, is sent away. It
/// costs a cursor: it may be a slow reader, and those are welcome.
pub(super) const PATIENCE: Duration = Duration::from_secs(20 * 60);
/// A client that takes so long to read what it is sent will not ask for more soon.
const SLOW: Duration = Duration::from_secs(1);
/// Bytes of a message that a client may send.
const LONGEST: usize = 64 << 10;
/// Messages that make no sense before the client is sent away.
const NONSENSE: u32 = 100;
/// Deeds that one client may have asked for and that are not done.
const DEEDS: usize = 16;

/// Why a session is ended, for those who read the code (RFC 6455, 7.4).
pub(super) mod close {
    /// The gateway is coming to its end: connect again.
    pub(crate) const GOING_AWAY: u16 = 1001;
    /// What came is no WebSocket.
    pub(crate) const PROTOCOL: u16 = 1002;
    /// Messages are text.
    pub(crate) const UNSUPPORTED: u16 = 1003;
    /// Too many messages that make no sense.
    pub(crate) const POLICY: u16 = 1008;
    /// A message was too long.
    pub(crate) const TOO_BIG: u16 = 1009;
    /// The log cannot be read for now: connect again later.
    pub(crate) const TRY_AGAIN: u16 = 1013;
    /// No answer to any ping for a long time: connect again.
    pub(crate) const NO_PONG: u16 = 4008;
}

/// `GET /api/ws`.
pub(super) async fn begin(
    State(gate): State<Arc<Gate>>,
    Extension(slot): Extension<Slot>,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Refusal> {
    let upgrade = limited(upgrade, &headers)?;
    Ok(upgrade.on_upgrade(async move |socket| {
        let mut session = Session::new(&gate, socket);
        session.run().await;
        drop(slot);
    }))
}

/// The upgrade with everything limited that a client could make large, and with the subprotocol
/// that a browser insists to hear back.
pub(super) fn limited(
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
    headers: &HeaderMap,
) -> Result<WebSocketUpgrade, Refusal> {
    let mut upgrade = upgrade.map_err(|error| Refusal::no_upgrade(&error.body_text()))?;
    let offered = guard::protocols(headers).find(|name| name.starts_with(guard::PROTOCOL));
    if let Some(offered) = offered.and_then(|name| HeaderValue::from_str(name).ok()) {
        upgrade.set_selected_protocol(offered);
    }
    // What is written goes out at once; a message may be as long as the longest record.
    Ok(upgrade
        .read_buffer_size(2 << 10)
        .write_buffer_size(0)
        .max_write_buffer_size(4 << 20)
        .max_message_size(LONGEST)
        .max_frame_size(LONGEST))
}

/// The client's end of a session.
pub(super) struct Line {
    socket: WebSocket,
    /// When the client was last heard.
    heard: Instant,
    /// When it is asked next whether it is there.
    beat: Instant,
}

/// The session is over.
pub(super) struct Over;

impl Line {
    pub(super) fn new(socket: WebSocket) -> Line {
        let now = Instant::now();
        Line { socket, heard: now, beat: now + BEAT }
    }

    /// Sends a message. Waits as long as the client takes to read, and calls `slow` if that is long.
    pub(super) async fn send(
        &mut self,
        message: impl Into<bytes::Bytes>,
        slow: impl FnOnce(),
    ) -> Result<(), Over> {
        // What is sent was made of checked text, once for all who get it.
        let text = Utf8Bytes::try_from(message.into()).map_err(|_| Over)?;
        self.put(Message::Text(text), slow).await
    }

    async fn put(&mut self, message: Message, slow: impl FnOnce()) -> Result<(), Over> {
        self.socket.feed(message).await.map_err(|_| Over)?;
        match timeout(SLOW, self.socket.flush()).await {
            Ok(sent) => return sent.map_err(|_| Over),
            Err(_) => slow(),
        }
        loop {
            // Tried again now and then: writing finds out whether the host is still there.
            match timeout(BEAT, self.socket.flush()).await {
                Ok(sent) => return sent.map_err(|_| Over),
                Err(_) => self.heard = Instant::now(),
            }
        }
    }

    /// What the client said: text, or nothing that matters here. Dropping the future loses nothing.
    pub(super) async fn hear(&mut self) -> Result<Option<Utf8Bytes>, Over> {
        let heard = self.socket.recv().await;
        self.heard = Instant::now();
        self.beat = self.heard + BEAT;
        match heard {
            Some(Ok(Message::Text(text))) => Ok(Some(text)),
            Some(Ok(Message::Binary(_))) => {
                self.close(close::UNSUPPORTED, "messages are text").await;
                Err(Over)
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(None),
            Some(Ok(Message::Close(_))) | None => Err(Over),
            Some(Err(error)) => {
                let text = error.to_string();
                let big = text.contains("too long") || text.contains("too big");
                let code = if big { close::TOO_BIG } else { close::PROTOCOL };
                self.close(code, "that is no message for this gateway").await;
                Err(Over)
            }
        }
    }

    /// Returns when the client shall be asked whether it is there.
    pub(super) fn beat(&self) -> impl Future<Output = ()> + use<> {
        sleep_until(self.beat)
    }

    /// Asks it.
    pub(super) async fn ping(&mut self) -> Result<(), Over> {
        if self.heard.elapsed() > PATIENCE {
            self.close(close::NO_PONG, "no answer to any ping for twenty minutes").await;
            return Err(Over);
        }
        self.beat = Instant::now() + BEAT;
        self.put(Message::Ping(bytes::Bytes::new()), || ()).await
    }

    /// Says why the session ends. One that does not read is not waited for.
    pub(super) async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: Utf8Bytes::from_static(reason) };
        let _ = timeout(SLOW, self.socket.send(Message::Close(Some(frame)))).await;
    }
}

struct Session {
    gate: Arc<Gate>,
    line: Line,
    stream: Stream,
    /// The last version of the plans that was told; None: they are not wanted.
    plans: Option<u64>,
    nonsense: u32,
    deeds: (mpsc::Sender<String>, mpsc::Receiver<String>),
    /// Deeds that were begun.
    busy: usize,
    _counted: Counted<fn(&Counts) -> &AtomicU64>,
}

impl Session {
    fn new(gate: &Arc<Gate>, socket: WebSocket) -> Session {
        Session {
            gate: Arc::clone(gate),
            line: Line::new(socket),
            stream: Stream::new(gate),
            plans: None,
            nonsense: 0,
            deeds: mpsc::channel(1),
            busy: 0,
            _counted: Counted::new(gate, |counts| &counts.sockets),
        }
    }

    async fn run(&mut self) {
        let gate = Arc::clone(&self.gate);
        let mut changes = gate.roster.changes();
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
                (plan, happening) = self.stream.next() => self.tell(&plan, happening).await,
                Some(said) = self.deeds.1.recv() => {
                    self.busy -= 1;
                    self.send(said).await
                }
                Ok(()) = changes.changed(), if self.plans.is_some() => self.tell_plans().await,
                () = beat => self.line.ping().await,
            };
            if going.is_err() {
                return;
            }
        }
    }

    async fn send(&mut self, message: impl Into<bytes::Bytes>) -> Result<(), Over> {
        let Session { line, stream, .. } = self;
        line.send(message, || stream.rest()).await
    }

    async fn tell(&mut self, plan: &PlanName, happening: Happening) -> Result<(), Over> {
        match happening {
            Happening::Block(block, after) => {
                let (message, count) = frame::records(plan, &block, after);
                drop(block);
                self.send(message).await?;
                self.gate.counts.records.fetch_add(count, Relaxed);
                Ok(())
            }
            Happening::CaughtUp(after) => self.send(frame::caught_up(plan, after)).await,
            Happening::Renewed => self.send(frame::renewed(plan)).await,
            Happening::Failed(error) => {
                let refusal = Refusal::unreadable("the log", &error).of_plan(plan.as_str());
                self.send(refusal.json()).await
            }
        }
    }

    async fn answer(&mut self, text: &str) -> Result<(), Over> {
        let done = match frame::parse(text) {
            Ok(Ask::Subscribe { plans, after, last }) => match plans.names() {
                Ok(names) => {
                    for name in names {
                        let after = after.as_ref().map_or(0, |after| after.of(&name));
                        let done = self.subscribe(&name, after, last).await;
                        self.complain(done.map_err(|refusal| refusal.of_plan(&name))).await?;
                    }
                    return Ok(());
                }
                Err(refusal) => Err(refusal),
            },
            Ok(Ask::Unsubscribe { plans }) => self.unsubscribe(plans),
            Ok(Ask::Stop { plan }) => self.act(Deed::Stop, &plan),
            Ok(Ask::Restart { plan }) => self.act(Deed::Restart, &plan),
            Ok(Ask::Watch) => {
                self.plans = Some(0);
                return self.tell_plans().await;
            }
            Ok(Ask::Ping) => return self.send("{\"type\":\"pong\"}").await,
            Err(refusal) => Err(refusal),
        };
        self.complain(done).await
    }

    async fn complain(&mut self, done: Result<(), Refusal>) -> Result<(), Over> {
        let Err(refusal) = done else { return Ok(()) };
        if refusal.code == "bad_message" {
            self.nonsense += 1;
            if self.nonsense > NONSENSE {
                self.line.close(close::POLICY, "too much that makes no sense").await;
                return Err(Over);
            }
        }
        self.send(refusal.json()).await
    }

    async fn subscribe(
        &mut self,
        name: &str,
        after: u64,
        last: Option<u64>,
    ) -> Result<(), Refusal> {
        let plan = Gate::name(name)?;
        if self.stream.len() >= MOST {
            let what = format!("one connection follows at most {MOST} plans");
            return Err(Refusal::bad(what, "open another, or unsubscribe from some"));
        }
        let mut after = after;
        if let Some(last) = last {
            let plan = plan.clone();
            let end = self.gate.read("the log", move |gate| gate.library.last_seq(&plan)).await?;
            after = after.max(end.saturating_sub(last));
        }
        let subscribed = self.stream.subscribe(&plan, after).await;
        subscribed.map_err(|error| Refusal::unreadable("the log", &error))?;
        // It is followed all the same: who comes before a plan gets its first line.
        self.gate.plan(name).await.map(drop)
    }

    fn unsubscribe(&mut self, plans: frame::Plans) -> Result<(), Refusal> {
        for name in plans.names()? {
            let plan = Gate::name(&name)?;
            if !self.stream.unsubscribe(&plan) {
                let what = format!("'{plan}' is not followed");
                return Err(Refusal::bad(what, "subscribe to it first").of_plan(&name));
            }
        }
        Ok(())
    }

    /// Begins a deed. It takes as long as the plan takes to end; what becomes of it is told then.
    fn act(&mut self, deed: Deed, name: &str) -> Result<(), Refusal> {
        if self.gate.settings.control.is_none() {
            return Err(Refusal::control_not_allowed().of_plan(name));
        }
        let plan = Gate::name(name)?;
        if self.busy >= DEEDS {
            let what = format!("{DEEDS} things are being done for this connection already");
            return Err(Refusal::bad(what, "wait until one is done"));
        }
        self.busy += 1;
        let (gate, tell) = (Arc::clone(&self.gate), self.deeds.0.clone());
        tokio::spawn(async move {
            let asked = gate.plan(plan.as_str()).await;
            let acted = match asked {
                Ok(plan) => gate.act(deed, &plan).await,
                Err(refusal) => Err(refusal),
            };
            let said = match acted {
                Ok(message) => done(deed, &plan, &message).to_string(),
                Err(refusal) => refusal.of_plan(plan.as_str()).json(),
            };
            // A client that has left does not want to know.
            let _ = tell.send(said).await;
        });
        Ok(())
    }

    async fn tell_plans(&mut self) -> Result<(), Over> {
        let Some(told) = self.plans else { return Ok(()) };
        // Asked before the plans are looked at: what changes meanwhile is told twice, never not.
        let version = *self.gate.roster.changes().borrow();
        let (mut rows, mut gone) = (Vec::new(), Vec::new());
        for change in self.gate.roster.since(told) {
            match change {
                Change::Row(row) => rows.push(row),
                Change::Gone(plan) => gone.push(plan),
            }
        }
        let first = told == 0;
        self.plans = Some(version);
        if !first && rows.is_empty() && gone.is_empty() {
            return Ok(());
        }
        rows.sort_by(|one, other| one.order().cmp(&other.order()));
        let mut message = serde_json::json!({ "type": "plans", "plans": rows, "gone": gone });
        if first {
            message["all"] = true.into();
        }
        self.send(message.to_string()).await
    }
}
