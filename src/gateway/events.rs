//! Server-sent events: one plan at `/api/plans/{plan}/events`, several at `/api/events?plans=a,b`.
//!
//! An event's `id` is how far its reader has come, so a browser that connects again goes on where
//! it stopped, by itself. Records are plain messages; what is said about them has a name.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream::unfold;
use tokio::sync::mpsc::{Permit, Receiver, Sender, channel};
use tokio::time::timeout;

use super::gate::Gate;
use super::metrics::{Counted, Counts};
use super::query::{Cursors, Named, Pairs};
use super::refusal::Refusal;
use super::stream::{Happening, Stream};
use crate::feed::tails::{Block, Kind};
use crate::model::PlanName;

/// Time after which something is said although there is nothing to say.
const BEAT: Duration = Duration::from_secs(15);
/// Time after which a client that takes nothing is not kept ready for.
const STALLED: Duration = Duration::from_secs(1);
/// Plans that one client may follow.
pub(super) const MOST: usize = 1000;
/// The form of a block that is shared here.
const FORM: usize = 1;

/// One plan.
pub(super) async fn of_one(
    State(gate): State<Arc<Gate>>,
    Named(plan): Named,
    pairs: Pairs,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let cursors = cursors(&headers, pairs.only("after", &["after"])?)?;
    begin(&gate, vec![Gate::name(&plan)?], &cursors, false).await
}

/// Several plans.
pub(super) async fn of_many(
    State(gate): State<Arc<Gate>>,
    pairs: Pairs,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    const KNOWN: [&str; 2] = ["plans", "after"];
    let cursors = cursors(&headers, pairs.only("after", &KNOWN)?)?;
    let names: Option<String> = pairs.only("plans", &KNOWN)?;
    let names = names.unwrap_or_default();
    let mut plans = Vec::new();
    for name in names.split(',').filter(|name| !name.is_empty()) {
        let plan = Gate::name(name)?;
        if !plans.contains(&plan) {
            plans.push(plan);
        }
    }
    if plans.is_empty() || plans.len() > MOST {
        let what = format!("name between 1 and {MOST} plans");
        return Err(Refusal::bad(what, "/api/events?plans=a,b"));
    }
    begin(&gate, plans, &cursors, true).await
}

/// Where a client wants to go on: a browser that connects again says so in a header, and knows
/// better than the address that it was first given.
pub(super) fn cursors(headers: &HeaderMap, asked: Option<Cursors>) -> Result<Cursors, Refusal> {
    let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) else {
        return Ok(asked.unwrap_or_default());
    };
    let id = id.to_str().unwrap_or("?").parse();
    id.map_err(|why| {
        Refusal::bad(
            format!("Last-Event-ID makes no sense: {why}"),
            "send the id of the last event that came",
        )
    })
}

async fn begin(
    gate: &Arc<Gate>,
    plans: Vec<PlanName>,
    cursors: &Cursors,
    many: bool,
) -> Result<Response, Refusal> {
    let mut stream = Stream::new(gate);
    let mut came = BTreeMap::new();
    let mut hello = String::from("retry: 1000\n\n");
    for plan in &plans {
        if !gate.library.has(plan) {
            let _ = write!(hello, ": there is no plan '{plan}' yet: waiting for it\n\n");
        }
        let after = cursors.of(plan.as_str()).unwrap_or(0);
        came.insert(plan.clone(), after);
        let subscribed = stream.subscribe(plan, after).await;
        subscribed.map_err(|error| Refusal::unreadable("the log", &error))?;
    }
    let teller = Teller { stream, came, many };
    Ok(respond(gate, hello, teller))
}

/// A response that goes on: `hello`, and then whatever `teller` tells.
pub(super) fn respond(
    gate: &Arc<Gate>,
    hello: String,
    mut teller: impl Tells + 'static,
) -> Response {
    let counted = Counted::new(gate, (|counts| &counts.streams) as fn(&Counts) -> &AtomicU64);
    let (say, said) = channel(1);
    let gate = Arc::clone(gate);
    tokio::spawn(async move {
        let _counted = counted;
        let mut hello = Some(Bytes::from(hello));
        // A place first: what was taken from the log is on its way to the client.
        while let Some(place) = place(&say, &mut teller).await {
            if let Some(hello) = hello.take() {
                place.send(hello);
                continue;
            }
            let told = tokio::select! {
                told = timeout(BEAT, teller.tell(&gate)) => told,
                () = gate.closed() => return,
                () = say.closed() => return,
            };
            match told {
                Ok(Told::More(text)) => place.send(text),
                // The client connects again, and goes on where it was.
                Ok(Told::Last(text)) => return place.send(text),
                Err(_) => place.send(Bytes::from_static(b": here\n\n")),
            }
        }
    });
    let body = unfold(said, async |mut said: Receiver<Bytes>| {
        said.recv().await.map(|text| (Ok::<_, Infallible>(text), said))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        // A proxy that collects before it passes on would make live a lie.
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    (headers, Body::from_stream(body)).into_response()
}

/// A place for what is told next; None once the client has left. One that does not read costs its
/// place in the log, and no more.
async fn place<'a>(say: &'a Sender<Bytes>, teller: &mut impl Tells) -> Option<Permit<'a, Bytes>> {
    match timeout(STALLED, say.reserve()).await {
        Ok(place) => place.ok(),
        Err(_) => {
            teller.rest();
            say.reserve().await.ok()
        }
    }
}

/// Gives the next events. Dropping the future loses nothing.
pub(super) trait Tells: Send {
    fn tell(&mut self, gate: &Gate) -> impl Future<Output = Told> + Send;

    /// Lets go of everything but the place.
    fn rest(&mut self);
}

/// Events.
pub(super) enum Told {
    /// More come.
    More(Bytes),
    /// None come after these.
    Last(Bytes),
}

struct Teller {
    stream: Stream,
    /// How far each plan was told.
    came: BTreeMap<PlanName, u64>,
    many: bool,
}

impl Tells for Teller {
    async fn tell(&mut self, gate: &Gate) -> Told {
        let (plan, happening) = self.stream.next().await;
        Told::More(match happening {
            Happening::Block(block, after) => self.block(gate, &plan, &block, after),
            Happening::CaughtUp(after) => {
                named("caught_up", None, &format!("{{\"plan\":\"{plan}\",\"after\":{after}}}"))
            }
            Happening::Renewed => {
                self.came.insert(plan.clone(), 0);
                named("gap", Some(&self.id()), &super::frame::renewed(&plan))
            }
            Happening::Failed(error) => {
                let refusal = Refusal::unreadable("the log", &error).of_plan(plan.as_str());
                return Told::Last(named("error", None, &refusal.json()));
            }
        })
    }

    fn rest(&mut self) {
        self.stream.rest();
    }
}

impl Teller {
    fn block(&mut self, gate: &Gate, plan: &PlanName, block: &Block, after: u64) -> Bytes {
        if !matches!(block.kind, Kind::Lines(_)) {
            self.came.insert(plan.clone(), block.last);
            return named("gap", Some(&self.id()), &super::frame::gap(plan, block, after));
        }
        gate.counts.records.fetch_add(block.last - after.max(block.first - 1), Relaxed);
        if self.many {
            return self.lines_of_many(plan, block, after);
        }
        let make = |after| {
            let mut text = String::new();
            for line in block.lines_after(after) {
                let seq = crate::model::Peek::seq(line.as_bytes()).unwrap_or(block.last);
                let _ = write!(text, "id: {seq}\ndata: {line}\n\n");
            }
            Bytes::from(text)
        };
        if after < block.first { block.form(FORM, || make(0)) } else { make(after) }
    }

    fn lines_of_many(&mut self, plan: &PlanName, block: &Block, after: u64) -> Bytes {
        let mut text = String::new();
        for line in block.lines_after(after) {
            let seq = crate::model::Peek::seq(line.as_bytes()).unwrap_or(block.last);
            self.came.insert(plan.clone(), seq);
            let _ = write!(text, "id: {}\ndata: {line}\n\n", self.id());
        }
        Bytes::from(text)
    }

    /// What a client sends to go on behind what it has been told.
    fn id(&self) -> String {
        let each: Vec<String> = self
            .came
            .iter()
            .map(|(plan, seq)| if self.many { format!("{plan}:{seq}") } else { seq.to_string() })
            .collect();
        each.join(",")
    }
}

/// An event with a name: a browser's `onmessage` does not see it.
fn named(name: &str, id: Option<&str>, data: &str) -> Bytes {
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    Bytes::from(format!("event: {name}\n{id}data: {data}\n\n"))
}
