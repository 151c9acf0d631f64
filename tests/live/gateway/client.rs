//! Clients of the gateway: plain sockets, and a WebSocket library.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};
use tungstenite::client::IntoClientRequest;
use tungstenite::{Message, WebSocket, client};

use crate::harness::{Home, LIMIT, Live, within};

/// A running gateway; dropping it kills it.
pub(crate) struct Gateway {
    pub(crate) live: Live,
    /// `127.0.0.1:PORT`
    pub(crate) host: String,
    pub(crate) token: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        match serde_json::from_str(&self.body) {
            Ok(value) => value,
            Err(error) => panic!("not JSON: {error}\n{}\n{}", self.head, self.body),
        }
    }

    /// The code of the error that it is, which says what to do as every error does.
    #[track_caller]
    pub(crate) fn refusal(&self) -> (u16, String) {
        let error = self.json();
        for key in ["message", "hint"] {
            let said = error[key].as_str().is_some_and(|text| text.len() > 10);
            assert!(said, "no {key} in {error}");
        }
        (self.status, error["code"].as_str().unwrap_or_default().to_owned())
    }
}

impl Gateway {
    #[track_caller]
    pub(crate) fn start(home: &Home, args: &[&str]) -> Gateway {
        Gateway::at(home, "127.0.0.1:0", args)
    }

    #[track_caller]
    pub(crate) fn at(home: &Home, listen: &str, args: &[&str]) -> Gateway {
        let cmd = home.planwatch(["serve", "--listen", listen]).args(args);
        let live = cmd.prints_something().may_speak().any_code().spawn();
        let url = within(LIMIT, || {
            let said = live.stdout();
            said.ends_with('\n').then(|| said.trim().to_owned())
        });
        let Some(url) = url else { panic!("it does not start: {}", live.stderr()) };
        let (address, token) = url.split_once("#token=").unwrap_or((&url, ""));
        let host = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
        Gateway { host, token: token.to_owned(), live }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect(&self.host).expect("the gateway listens");
        socket.set_read_timeout(Some(LIMIT)).expect("a timeout");
        socket
    }

    /// The head of a request as a well-behaved client sends it.
    pub(crate) fn head(&self, method: &str, path: &str, more: &[(&str, &str)]) -> String {
        let mut head = format!("{method} {path} HTTP/1.1\r\n");
        let bearer = format!("Bearer {}", self.token);
        let usual = [("host", self.host.as_str()), ("authorization", bearer.as_str())];
        let own = |name: &str| more.iter().any(|(other, _)| *other == name);
        for (name, value) in usual.iter().filter(|(name, _)| !own(name)).chain(more) {
            if !value.is_empty() {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
        }
        head + "\r\n"
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    /// Asks once. A header with an empty value is left out.
    #[track_caller]
    pub(crate) fn ask(&self, method: &str, path: &str, more: &[(&str, &str)]) -> Answer {
        let more = [more, &[("connection", "close")]].concat();
        self.raw(self.head(method, path, &more).as_bytes())
    }

    #[track_caller]
    pub(crate) fn raw(&self, request: &[u8]) -> Answer {
        let mut socket = self.connect();
        socket.write_all(request).expect("the gateway takes it");
        let mut text = Vec::new();
        let _ = socket.read_to_end(&mut text);
        answer(&String::from_utf8_lossy(&text))
    }

    /// Opens an event stream.
    pub(crate) fn events(&self, path: &str, more: &[(&str, &str)]) -> Events {
        let mut socket = self.connect();
        socket.write_all(self.head("GET", path, more).as_bytes()).expect("it listens");
        Events::over(socket)
    }

    pub(crate) fn socket(&self) -> Socket {
        self.socket_at("/api/ws", &[]).expect("a WebSocket")
    }

    pub(crate) fn socket_at(
        &self,
        path: &str,
        more: &[(&str, &str)],
    ) -> Result<Socket, Box<tungstenite::Error>> {
        let mut request =
            format!("ws://{}{path}", self.host).into_client_request().expect("a request");
        let headers = request.headers_mut();
        let bearer = format!("Bearer {}", self.token);
        headers.insert("authorization", bearer.parse().expect("a header"));
        for (name, value) in more {
            let name: tungstenite::http::HeaderName = name.parse().expect("a name");
            headers.insert(name, value.parse().expect("a header"));
        }
        match client(request, self.connect()) {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(tungstenite::HandshakeError::Failure(error)) => Err(Box::new(error)),
            Err(error) => panic!("{error}"),
        }
    }

    /// A number of `/metrics`.
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = self.get("/metrics").body;
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("planwatch_{name} ")));
        line.and_then(|value| value.parse().ok()).unwrap_or_else(|| panic!("no {name} in {text}"))
    }
}

pub(crate) fn answer(text: &str) -> Answer {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

/// An event stream, chunked as HTTP/1.1 sends it.
pub(crate) struct Events {
    reader: BufReader<TcpStream>,
    rest: String,
}

/// One event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) data: String,
}

impl Events {
    /// Reads the head of an answer that goes on.
    pub(crate) fn over(socket: TcpStream) -> Events {
        let mut reader = BufReader::new(socket);
        let mut status = String::new();
        reader.read_line(&mut status).expect("an answer");
        assert!(status.contains(" 200 "), "{status}");
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).expect("a head");
        }
        Events { reader, rest: String::new() }
    }

    /// The next event; None where the stream is cut.
    pub(crate) fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((event, rest)) = self.rest.split_once("\n\n") {
                let mut told = Told::default();
                for line in event.lines() {
                    match line.split_once(": ") {
                        Some(("id", id)) => told.id = id.to_owned(),
                        Some(("event", name)) => told.name = name.to_owned(),
                        Some(("data", data)) => told.data = data.to_owned(),
                        _ => {}
                    }
                }
                self.rest = rest.to_owned();
                if !told.data.is_empty() {
                    return Some(told);
                }
                continue;
            }
            let mut size = String::new();
            self.reader.read_line(&mut size).ok()?;
            let size = usize::from_str_radix(size.trim(), 16).ok()?;
            let mut chunk = vec![0; size + 2];
            self.reader.read_exact(&mut chunk).ok()?;
            self.rest.push_str(std::str::from_utf8(&chunk[..size]).expect("events are text"));
            if size == 0 {
                return None;
            }
        }
    }
}

/// A WebSocket.
pub(crate) struct Socket(pub(crate) WebSocket<TcpStream>);

impl Socket {
    pub(crate) fn say(&mut self, message: Value) {
        self.0.send(Message::text(message.to_string())).expect("the gateway takes it");
    }

    pub(crate) fn subscribe(&mut self, plan: &str, after: u64) {
        self.say(json!({ "type": "subscribe", "plan": plan, "after": after }));
    }

    /// The next message; None where the connection is cut.
    pub(crate) fn next(&mut self) -> Option<Value> {
        loop {
            match self.0.read() {
                Ok(Message::Text(text)) => {
                    return Some(serde_json::from_str(&text).expect("messages are JSON"));
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// Reads on until a message of this type.
    #[track_caller]
    pub(crate) fn until(&mut self, kind: &str) -> Value {
        loop {
            let Some(message) = self.next() else { panic!("no {kind} before the end") };
            if message["type"] == kind {
                return message;
            }
        }
    }

    /// The code with which the gateway ends the session.
    pub(crate) fn close_code(&mut self) -> Option<u16> {
        loop {
            match self.0.read() {
                Ok(Message::Close(frame)) => return frame.map(|frame| frame.code.into()),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }
}

/// Seqs that must follow each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Follower {
    pub(crate) after: u64,
    pub(crate) over: bool,
}

impl Follower {
    /// Takes the next record. Panics where it is not the next.
    #[track_caller]
    pub(crate) fn take(&mut self, record: &Value) {
        let seq = record["seq"].as_u64().expect("a seq");
        assert_eq!(seq, self.after + 1, "lost or doubled: {record}");
        self.after = seq;
        self.over |= record["event"] == "run.verdict";
    }
}

pub(crate) const SHORT: Duration = Duration::from_millis(200);
