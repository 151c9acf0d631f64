//! The loop that accepts connections, how many there may be, and how it ends.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};
use tower::ServiceExt as _;

use super::gate::{Gate, Settings};
use super::listen::{Connection, Listener};
use super::metrics::Counted;
use super::refusal::Refusal;
use super::roster::Roster;
use super::routes::routes;
use crate::feed::library::Library;
use crate::feed::tails::Tails;

/// A client that takes longer to say what it wants, or to say the next thing, is cut off.
const HEAD: Duration = Duration::from_secs(10);
/// What the server holds of a client's request, and of a response that is not taken.
const BUFFER: usize = 16 << 10;
/// How long who is turned away is given to read why, and how many of those there are at once.
const LINGER: Duration = Duration::from_secs(1);
const LINGERING: usize = 64;
/// How long connections are given to end when the gateway does.
const LEAVING: Duration = Duration::from_secs(2);
/// Time until the next try where the system gives no descriptors.
const NO_DESCRIPTORS: Duration = Duration::from_millis(100);

/// One of the connections there may be. Lives as long as the connection, as whatever.
#[derive(Clone)]
pub(super) struct Slot {
    _permit: Arc<OwnedSemaphorePermit>,
}

/// Serves until `until` is done, then asks everybody to leave.
pub async fn serve(
    listener: Listener,
    settings: Settings,
    library: Library,
    until: impl Future<Output = ()>,
) -> io::Result<()> {
    let roster = Roster::new();
    let tells = roster.clone();
    library.watch(move |told| tells.take(told))?;
    let tails = library.tails()?;
    let slots = Arc::new(Semaphore::new(settings.max_clients));
    let server = Server::new(settings, library, tails, roster, &slots);
    tokio::select! {
        () = server.accept(&listener, &slots) => {}
        () = until => {}
    }
    drop(listener);
    server.gate.close();
    let all = u32::try_from(server.gate.settings.max_clients).unwrap_or(u32::MAX);
    let _ = timeout(LEAVING, slots.acquire_many(all)).await;
    Ok(())
}

struct Server {
    gate: Arc<Gate>,
    router: Router,
    full: Arc<str>,
    lingering: Arc<Semaphore>,
}

impl Server {
    fn new(
        settings: Settings,
        library: Library,
        tails: Tails,
        roster: Roster,
        _slots: &Semaphore,
    ) -> Server {
        let body = Refusal::full(settings.max_clients).json();
        let full = format!(
            "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\nretry-after: 5\r\n\
             connection: close\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let gate = Arc::new(Gate::new(settings, library, tails, roster));
        let router = routes(&gate);
        Server { gate, router, full: full.into(), lingering: Arc::new(Semaphore::new(LINGERING)) }
    }

    async fn accept(&self, listener: &Listener, slots: &Arc<Semaphore>) {
        loop {
            let connection = match listener.accept().await {
                Ok(connection) => connection,
                Err(error) => {
                    if is_about_us(&error) {
                        sleep_until(Instant::now() + NO_DESCRIPTORS).await;
                    }
                    continue;
                }
            };
            self.gate.counts.connections.fetch_add(1, Relaxed);
            match Arc::clone(slots).try_acquire_owned() {
                Ok(permit) => self.begin(connection, Slot { _permit: Arc::new(permit) }),
                Err(_) => self.turn_away(connection),
            }
        }
    }

    fn begin(&self, connection: Connection, slot: Slot) {
        let (gate, router) = (Arc::clone(&self.gate), self.router.clone());
        tokio::spawn(async move {
            let _counted = Counted::new(&gate, |counts| &counts.open);
            let held = slot.clone();
            let service = hyper::service::service_fn(move |mut request: Request<Incoming>| {
                request.extensions_mut().insert(slot.clone());
                router.clone().oneshot(request)
            });
            let mut http = http1::Builder::new();
            http.timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .max_buf_size(BUFFER)
                .max_headers(64);
            let serving = http.serve_connection(TokioIo::new(connection), service).with_upgrades();
            tokio::pin!(serving);
            // What goes wrong with one connection is told to its client, as far as there is one.
            tokio::select! {
                _ = &mut serving => return,
                () = gate.closed() => serving.as_mut().graceful_shutdown(),
            }
            let _ = timeout(LEAVING, serving).await;
            drop(held);
        });
    }

    /// Says why, and gives the client a moment to read it.
    fn turn_away(&self, mut connection: Connection) {
        self.gate.counts.turned_away.fetch_add(1, Relaxed);
        let Ok(place) = Arc::clone(&self.lingering).try_acquire_owned() else {
            let _ = connection.try_write(self.full.as_bytes());
            connection.discard();
            return;
        };
        let full = Arc::clone(&self.full);
        tokio::spawn(async move {
            let _place = place;
            let _ = timeout(LINGER, async {
                connection.write_all(full.as_bytes()).await?;
                connection.shutdown().await?;
                tokio::io::copy(&mut connection, &mut tokio::io::sink()).await
            })
            .await;
        });
    }
}

/// Whether accepting failed for want of something here, not because a client was gone already
/// (accept(2)).
fn is_about_us(error: &io::Error) -> bool {
    let lacking = [libc::EMFILE, libc::ENFILE, libc::ENOBUFS, libc::ENOMEM];
    error.raw_os_error().is_some_and(|code| lacking.contains(&code))
}
