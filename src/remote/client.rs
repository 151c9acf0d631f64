//! Questions to a gateway and their answers.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, header};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use super::address::{Address, Place};
use super::trouble::Trouble;
use crate::fold::{Fold, RunFold};
use crate::model::{FORMAT, PlanName, Task, TaskTable};

/// How long it may take until somebody answers.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer may take beyond the time it was asked to wait.
const ANSWER: Duration = Duration::from_secs(30);
/// Bytes that an answer may have.
const LONGEST: usize = 256 << 20;

/// A gateway that is asked. Costs a thread.
#[derive(Clone, Debug)]
pub struct Client {
    pub(super) address: Arc<Address>,
    runtime: Arc<Threads>,
}

/// Where connections are looked after, whoever waits for what comes of them.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        // The last one who holds it may be inside another runtime, where nothing may be waited for.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A plan, as a gateway lists it.
#[derive(Clone, Debug, Deserialize)]
pub struct Plan {
    /// Its name.
    pub plan: PlanName,
}

/// All that a gateway knows of a plan, as far as it matters here.
#[derive(Deserialize)]
struct Whole {
    plan: PlanName,
    last_seq: u64,
    runs: Vec<RunFold>,
}

/// A task, as far as its names go.
#[derive(Deserialize)]
struct Named {
    task: String,
    id: Option<String>,
    family: String,
}

impl Client {
    /// Ready to ask the gateway at this address. Asks nothing yet.
    pub fn new(address: Address) -> std::io::Result<Client> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("remote")
            .enable_all()
            .build()?;
        Ok(Client { address: Arc::new(address), runtime: Arc::new(Threads(Some(runtime))) })
    }

    /// Whom it asks.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Does something beside, as long as this is held.
    pub(super) fn spawn(&self, deed: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime.0 {
            runtime.spawn(deed);
        }
    }

    /// Asks, and waits for the answer.
    pub(super) fn ask<T: DeserializeOwned + Send + 'static>(
        &self,
        path: String,
    ) -> Result<T, Trouble> {
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        let mut line = Line::new(&self.address);
        self.spawn(async move {
            let answer = line.get(&path, Duration::ZERO).await;
            // Whoever asked is waiting.
            let _ = tell.send(answer);
        });
        let answer = told.recv().map_err(|_| Trouble::gone("the question was dropped"))??;
        serde_json::from_slice(&answer).map_err(Trouble::strange)
    }

    /// The plans there are.
    pub fn plans(&self) -> Result<Vec<PlanName>, Trouble> {
        let plans: Vec<Plan> = self.ask("/api/plans".to_owned())?;
        let mut names: Vec<PlanName> = plans.into_iter().map(|plan| plan.plan).collect();
        names.sort();
        Ok(names)
    }

    /// What is known of a plan: its runs, and how far its log goes.
    pub fn known(&self, plan: &PlanName) -> Result<Fold, Trouble> {
        let Whole { plan, last_seq, runs } = self.ask(format!("/api/plans/{plan}"))?;
        Ok(Fold { format: FORMAT, seq: last_seq, runs, ..Fold::new(plan) })
    }

    /// The tasks of a run, as far as their names go.
    pub fn tasks(&self, plan: &PlanName, run: u64) -> Result<TaskTable, Trouble> {
        let named: Vec<Named> = self.ask(format!("/api/plans/{plan}/tasks?run={run}"))?;
        let tasks = named.into_iter().map(|Named { task, id, family }| Task {
            name: task,
            id,
            family,
            ..Task::default()
        });
        Ok(TaskTable { run, tasks: tasks.collect(), ..TaskTable::default() })
    }
}

/// A connection, made anew where it has broken.
pub(super) struct Line {
    address: Arc<Address>,
    sender: Option<SendRequest<Empty<Bytes>>>,
}

impl Line {
    pub(super) fn new(address: &Arc<Address>) -> Line {
        Line { address: Arc::clone(address), sender: None }
    }

    /// Asks for what is at a path; the gateway may take `wait` to answer.
    pub(super) async fn get(&mut self, path: &str, wait: Duration) -> Result<Bytes, Trouble> {
        let answer = timeout(wait + ANSWER, self.exchange(path)).await;
        let answer = answer.unwrap_or_else(|_| Err(Trouble::gone("no answer")));
        if answer.is_err() {
            self.sender = None;
        }
        answer
    }

    async fn exchange(&mut self, path: &str) -> Result<Bytes, Trouble> {
        let mut sender = match self.sender.take().filter(|sender| !sender.is_closed()) {
            Some(sender) => sender,
            None => connect(&self.address).await?,
        };
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(path)
            .header(header::HOST, self.address.host())
            .header(header::USER_AGENT, concat!("planwatch/", env!("CARGO_PKG_VERSION")));
        if let Some(token) = &self.address.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request.body(Empty::new()).map_err(Trouble::strange)?;
        sender.ready().await.map_err(Trouble::gone)?;
        let response = sender.send_request(request).await.map_err(gone_or_strange)?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        let body = body.map_err(Trouble::gone)?.to_bytes();
        if !status.is_success() {
            return Err(Trouble::said(status.as_u16(), &body));
        }
        self.sender = Some(sender);
        Ok(body)
    }
}

/// A server that speaks something else is there, and stays what it is.
fn gone_or_strange(error: hyper::Error) -> Trouble {
    if error.is_parse() { Trouble::strange(error) } else { Trouble::gone(error) }
}

/// Something that bytes go over.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Opens a connection to the gateway.
pub(super) async fn wire(address: &Address) -> Result<Box<dyn Wire>, Trouble> {
    let connecting = async {
        Ok(match &address.place {
            Place::Tcp(host) => {
                let stream = TcpStream::connect(host.as_str()).await?;
                stream.set_nodelay(true)?;
                Box::new(stream) as Box<dyn Wire>
            }
            Place::Unix(path) => Box::new(UnixStream::connect(path).await?),
        })
    };
    match timeout(CONNECT, connecting).await {
        Ok(connected) => connected.map_err(|error: std::io::Error| Trouble::gone(error)),
        Err(_) => Err(Trouble::gone("nobody answers")),
    }
}

async fn connect(address: &Address) -> Result<SendRequest<Empty<Bytes>>, Trouble> {
    let (sender, connection) =
        handshake(TokioIo::new(wire(address).await?)).await.map_err(Trouble::gone)?;
    // Its end is told to whoever asks next.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}
