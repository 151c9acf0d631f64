//! What a screen asks of another machine and is told by it, over one WebSocket.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::http::header::{AUTHORIZATION, HOST};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::address::Address;
use super::client::{Client, Wire, wire};
use super::pause::Pause;
use super::trouble::Trouble;
use crate::feed::roster::Told;
use crate::feed::window::{Answer, Request, Told as Says, Want};
use crate::feed::wire::{Wish, Word};
use crate::model::PlanName;

/// How long opening may take.
const OPENING: Duration = Duration::from_secs(10);
/// The gateway asks whether we are there every 20 s. Where it does not, it has gone.
const SILENCE: Duration = Duration::from_secs(50);

/// What is heard.
#[derive(Debug)]
pub enum Heard {
    /// From the gateway.
    Word(Word),
    /// The connection is lost, and why. It is made again without being asked for.
    Lost(String),
    /// There is one again, and what was asked for was asked for again.
    Back,
}

/// A connection for a screen, as long as it is held.
#[derive(Debug)]
pub struct Link {
    wishes: UnboundedSender<Wish>,
    _client: Client,
}

impl Link {
    /// Connects, and goes on connecting. What is heard is told on another thread: hand it on.
    pub fn start(client: &Client, tell: impl FnMut(Heard) + Send + 'static) -> Link {
        let (wishes, wished) = unbounded_channel();
        let keeper = Keeper {
            client: client.clone(),
            wished,
            open: Open::default(),
            known: BTreeSet::new(),
            told: BTreeSet::new(),
            tell,
        };
        client.spawn(keeper.run());
        Link { wishes, _client: client.clone() }
    }

    /// Asks for something. Never waits.
    pub fn send(&self, wish: Wish) {
        // Whoever takes it lives as long as this.
        let _ = self.wishes.send(wish);
    }
}

type Socket = WebSocketStream<Box<dyn Wire>>;

struct Keeper<T> {
    client: Client,
    wished: UnboundedReceiver<Wish>,
    open: Open,
    /// Plans that the screen knows from before, and those told since the connection was made.
    known: BTreeSet<PlanName>,
    told: BTreeSet<PlanName>,
    tell: T,
}

/// Nobody wants to know any more.
struct Over;

impl<T: FnMut(Heard)> Keeper<T> {
    async fn run(mut self) {
        let (mut pause, mut lost) = (Pause::default(), false);
        loop {
            let why = match connect(&self.client.address).await {
                Ok(socket) => {
                    pause = Pause::default();
                    if std::mem::take(&mut lost) {
                        (self.tell)(Heard::Back);
                    }
                    match self.serve(socket).await {
                        Ok(why) => why,
                        Err(Over) => return,
                    }
                }
                Err(trouble) => trouble.what,
            };
            if !std::mem::replace(&mut lost, true) {
                let at = self.client.address();
                (self.tell)(Heard::Lost(format!("{at}: {why}; trying again until it answers")));
            }
            tokio::select! {
                () = sleep_until(Instant::now() + pause.next()) => {}
                over = self.wait() => {
                    if over.is_err() { return }
                }
            }
        }
    }

    /// Takes wishes while there is no connection; returns when nobody can wish any more.
    async fn wait(&mut self) -> Result<(), Over> {
        while let Some(wish) = self.wished.recv().await {
            if let Wish::Ask(request) = wish {
                self.open.ask(*request);
            }
        }
        Err(Over)
    }

    /// Carries what is wished and told until the connection breaks, and says why.
    async fn serve(&mut self, mut socket: Socket) -> Result<String, Over> {
        self.known.append(&mut self.told);
        for request in self.open.all() {
            if let Err(error) = say(&mut socket, &Wish::Ask(Box::new(request))).await {
                return Ok(error.to_string());
            }
        }
        loop {
            let done = tokio::select! {
                wish = self.wished.recv() => {
                    let wish = wish.ok_or(Over)?;
                    if let Wish::Ask(request) = &wish {
                        self.open.ask((**request).clone());
                    }
                    say(&mut socket, &wish).await
                }
                heard = timeout(SILENCE, socket.next()) => match heard {
                    Err(_) => return Ok("it says nothing any more".to_owned()),
                    Ok(None) => return Ok("it hung up".to_owned()),
                    Ok(Some(Err(error))) => Err(error),
                    Ok(Some(Ok(Message::Text(text)))) => {
                        match serde_json::from_str(&text) {
                            Ok(word) => self.hear(word),
                            Err(_) => return Ok(OTHERWISE.to_owned()),
                        }
                        Ok(())
                    }
                    Ok(Some(Ok(Message::Close(Some(frame))))) => {
                        return Ok(frame.reason.as_str().to_owned());
                    }
                    // Pings are answered by themselves.
                    Ok(Some(Ok(_))) => socket.flush().await,
                },
            };
            if let Err(error) = done {
                return Ok(error.to_string());
            }
        }
    }

    fn hear(&mut self, word: Word) {
        match &word {
            Word::Answer(answer) => self.open.answered(answer),
            Word::Told(told) => match &**told {
                Told::Plan { fold, .. } => drop(self.told.insert(fold.plan.clone())),
                Told::Gone(plan) => drop((self.told.remove(plan), self.known.remove(plan))),
                // What is not there any more was removed while nobody was connected.
                Told::Listed => {
                    for plan in std::mem::take(&mut self.known) {
                        if !self.told.contains(&plan) {
                            (self.tell)(Heard::Word(Word::Told(Box::new(Told::Gone(plan)))));
                        }
                    }
                }
                _ => {}
            },
            Word::Done(_) => {}
        }
        (self.tell)(Heard::Word(word));
    }
}

/// What is said of a gateway of another release.
const OTHERWISE: &str = "it speaks otherwise: use the same release on both machines";

async fn say(socket: &mut Socket, wish: &Wish) -> Result<(), Error> {
    let text = serde_json::to_string(wish).unwrap_or_default();
    socket.send(Message::text(text)).await
}

async fn connect(address: &Address) -> Result<Socket, Trouble> {
    let opening = async {
        let wire = wire(address).await?;
        let mut request =
            "ws://localhost/api/screen".into_client_request().map_err(Trouble::strange)?;
        let headers = request.headers_mut();
        let value = |text: &str| HeaderValue::from_str(text).map_err(Trouble::strange);
        headers.insert(HOST, value(address.host())?);
        if let Some(token) = &address.token {
            headers.insert(AUTHORIZATION, value(&format!("Bearer {token}"))?);
        }
        match client_async_with_config(request, wire, None).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(response)) => {
                let body = response.body().clone().unwrap_or_default();
                Err(Trouble::said(response.status().as_u16(), &body))
            }
            Err(error) => Err(Trouble::gone(error)),
        }
    };
    timeout(OPENING, opening).await.unwrap_or_else(|_| Err(Trouble::gone("nobody answers")))
}

/// What was asked for and has not been answered to its end: asked again over the next connection.
#[derive(Debug, Default)]
struct Open(Vec<(Request, bool)>);

impl Open {
    /// What is new replaces what is old, as it does where it is done.
    fn ask(&mut self, request: Request) {
        let window = request.window;
        let kind = std::mem::discriminant(&request.want);
        self.0.retain(|(old, _)| {
            old.window != window
                || match &request.want {
                    Want::Close => false,
                    Want::Cancel => {
                        !matches!(old.want, Want::Find { .. } | Want::Count(_) | Want::Text { .. })
                    }
                    Want::Open { .. } => {
                        matches!(old.want, Want::Count(_) | Want::Text { .. } | Want::Line(_))
                    }
                    _ => std::mem::discriminant(&old.want) != kind,
                }
        });
        if !matches!(request.want, Want::Close | Want::Cancel) {
            self.0.push((request, false));
        }
    }

    fn answered(&mut self, answer: &Answer) {
        self.0.retain_mut(|(request, owed)| {
            if (request.window, request.ticket) != (answer.window, answer.ticket) {
                return true;
            }
            match &answer.told {
                Says::Progress(_) | Says::Counted { done: false, .. } => true,
                Says::Opened { slice, .. } => {
                    // One side is still to come, or both.
                    *owed = slice.owed_before && slice.owed_after;
                    slice.owed_before || slice.owed_after
                }
                Says::Older(slice) if slice.owed_before => true,
                Says::Newer(slice) if slice.owed_after => true,
                _ => std::mem::take(owed),
            }
        });
    }

    fn all(&self) -> Vec<Request> {
        self.0.iter().map(|(request, _)| request.clone()).collect()
    }
}
