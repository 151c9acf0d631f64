//! What the gateway costs: from a plan's line to its clients, and a thousand clients of one plan.
//!
//! `cargo bench --bench gateway -- [SECONDS]` starts the program itself. Beside it, in the same run,
//! the design that it replaces: lines wait in a queue that a client empties every 100 ms.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::VecDeque;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use memchr::memmem;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PROGRAM: &str = env!("CARGO_BIN_EXE_planwatch");

fn now() -> u64 {
    u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()).unwrap()
}

/// The plan: so many lines a second, each with the time at which it was written.
fn write(rate: u64, seconds: u64) {
    let began = Instant::now();
    let mut out = std::io::stdout();
    for line in 0..rate * seconds {
        let due = Duration::from_nanos(line * 1_000_000_000 / rate);
        std::thread::sleep(due.saturating_sub(began.elapsed()));
        let text = format!(
            "at={} and the rest of a line as long as they usually are: {line:060}\n",
            now()
        );
        out.write_all(text.as_bytes()).unwrap();
    }
}

struct Gateway {
    process: Child,
    host: String,
    home: tempfile::TempDir,
}

impl Gateway {
    fn start() -> Gateway {
        let home = tempfile::tempdir().unwrap();
        let mut process = Command::new(PROGRAM)
            .args(["serve", "--listen", "127.0.0.1:0", "--no-token", "--max-clients", "1200"])
            .env("PLANWATCH_HOME", home.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = std::io::BufReader::new(process.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut out, &mut line).unwrap();
        let host = line.trim().trim_start_matches("http://").trim_end_matches('/').to_owned();
        Gateway { process, host, home }
    }

    fn kib(&self, field: &str) -> u64 {
        let status = format!("/proc/{}/status", self.process.id());
        let text = std::fs::read_to_string(status).unwrap();
        let line = text.lines().find(|line| line.starts_with(field)).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// Starts a plan. Elsewhere, for the clients are on this thread, and a line is as old as it is
    /// when they read it.
    async fn run(&self, plan: &str, rate: u64, seconds: u64) {
        let (home, plan) = (self.home.path().to_owned(), plan.to_owned());
        let started = tokio::task::spawn_blocking(move || run(&home, &plan, rate, seconds));
        started.await.unwrap();
    }

    /// A WebSocket that follows a plan.
    async fn subscribe(&self, plan: &str) -> TcpStream {
        let mut socket = TcpStream::connect(&self.host).await.unwrap();
        let ask = format!(
            "GET /api/ws HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
            self.host
        );
        socket.write_all(ask.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(socket.read_u8().await.unwrap());
        }
        let say = format!("{{\"type\":\"subscribe\",\"plan\":\"{plan}\",\"after\":0}}");
        let mut frame = vec![0x81, 0x80 | u8::try_from(say.len()).unwrap(), 0, 0, 0, 0];
        frame.extend_from_slice(say.as_bytes());
        socket.write_all(&frame).await.unwrap();
        socket
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn run(home: &Path, plan: &str, rate: u64, seconds: u64) {
    let itself = std::env::current_exe().unwrap();
    let done = Command::new(PROGRAM)
        .args(["run", "-d", "-n", plan, "--no-bridge", "--"])
        .arg(itself)
        .args(["write", &rate.to_string(), &seconds.to_string()])
        .env("PLANWATCH_HOME", home)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert!(done.success());
}

/// Seconds that the last run of a plan took.
fn took(home: &Path, plan: &str) -> f64 {
    let wait = ["wait", plan];
    Command::new(PROGRAM).args(wait).env("PLANWATCH_HOME", home).output().unwrap();
    let ps =
        Command::new(PROGRAM).args(["inspect", plan]).env("PLANWATCH_HOME", home).output().unwrap();
    let told: serde_json::Value = serde_json::from_slice(&ps.stdout).unwrap();
    told["state"]["runs"][0]["wall_ms"].as_f64().unwrap() / 1000.0
}

/// Reads until the plan has ended: the records that came, and how old each line was, in ns.
async fn follow(mut socket: TcpStream, ages: bool) -> (u64, Vec<u64>) {
    let (seq, at, over) =
        (memmem::Finder::new("\"seq\":"), memmem::Finder::new("\"msg\":\"at="), "run.verdict");
    let (mut records, mut found) = (0, Vec::new());
    let mut text: Vec<u8> = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        let read = socket.read(&mut chunk).await.unwrap();
        assert!(read > 0, "the gateway hung up");
        let came = now();
        text.extend_from_slice(&chunk[..read]);
        // A record that is cut is looked at when the rest of it has come.
        let whole = memchr::memrchr(b'}', &text).map_or(0, |end| end + 1);
        let part = &text[..whole];
        records += seq.find_iter(part).count() as u64;
        if ages {
            found.extend(at.find_iter(part).filter_map(|place| {
                let digits = part.get(place + 10..place + 29)?;
                let written: u64 = std::str::from_utf8(digits).ok()?.parse().ok()?;
                Some(came.saturating_sub(written))
            }));
        }
        let ended = memmem::find(part, over.as_bytes()).is_some();
        text.drain(..whole);
        if ended {
            return (records, found);
        }
    }
}

/// The old design: one queue a client, filled by a thread that reads, emptied every 100 ms.
fn queue(plans: u64, clients: u64, rate: u64, seconds: u64) -> Vec<u64> {
    let ages = Arc::new(Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..plans {
            let queues: Vec<_> =
                (0..clients).map(|_| Arc::new(Mutex::new(VecDeque::new()))).collect();
            for (client, queue) in queues.iter().cloned().enumerate() {
                let ages = Arc::clone(&ages);
                scope.spawn(move || {
                    std::thread::sleep(Duration::from_millis(10 * client as u64));
                    let (mut own, mut left) = (Vec::new(), rate * seconds);
                    while left > 0 {
                        std::thread::sleep(Duration::from_millis(100));
                        let lines: Vec<u64> = queue.lock().unwrap().drain(..).collect();
                        left -= lines.len() as u64;
                        own.extend(lines.into_iter().map(|written| now().saturating_sub(written)));
                    }
                    ages.lock().unwrap().extend(own);
                });
            }
            scope.spawn(move || {
                let began = Instant::now();
                for line in 0..rate * seconds {
                    let due = Duration::from_nanos(line * 1_000_000_000 / rate);
                    std::thread::sleep(due.saturating_sub(began.elapsed()));
                    queues.iter().for_each(|queue| queue.lock().unwrap().push_back(now()));
                }
            });
        }
    });
    Arc::try_unwrap(ages).unwrap().into_inner().unwrap()
}

fn quantile(ages: &mut [u64], of: usize) -> f64 {
    ages.sort_unstable();
    ages[ages.len() * of / 1000] as f64 / 1e6
}

async fn latency(seconds: u64) {
    let gateway = Arc::new(Gateway::start());
    let mut tasks = Vec::new();
    for plan in 0..10 {
        for _ in 0..10 {
            let socket = gateway.subscribe(&format!("plan-{plan}")).await;
            tasks.push(tokio::spawn(follow(socket, true)));
        }
    }
    for plan in 0..10 {
        gateway.run(&format!("plan-{plan}"), 200, seconds).await;
    }
    let mut ages = Vec::new();
    for task in tasks {
        ages.extend(task.await.unwrap().1);
    }
    let mut old = tokio::task::spawn_blocking(move || queue(10, 10, 200, seconds)).await.unwrap();
    println!("line to client, 10 plans × 10 clients, 200 lines/s each, ms");
    println!("                     p50      p99   lines");
    for (name, ages) in [("gateway", &mut ages), ("100 ms queue", &mut old)] {
        let (p50, p99) = (quantile(ages, 500), quantile(ages, 990));
        println!("{name:<16} {p50:>7.3}  {p99:>7.3}  {}", ages.len());
    }
    println!("ratio at p50     {:.0}", quantile(&mut old, 500) / quantile(&mut ages, 500));
}

async fn thousand(seconds: u64) {
    const CLIENTS: u64 = 1000;
    let gateway = Gateway::start();
    let alone = tempfile::tempdir().unwrap();
    run(alone.path(), "alone", 1000, seconds);
    let alone = took(alone.path(), "alone");
    let before = gateway.kib("VmRSS");
    let mut sockets = Vec::new();
    for _ in 0..CLIENTS {
        sockets.push(gateway.subscribe("plan").await);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    let idle = gateway.kib("VmRSS");
    let tasks: Vec<_> =
        sockets.into_iter().map(|socket| tokio::spawn(follow(socket, false))).collect();
    gateway.run("plan", 1000, seconds).await;
    let mut counts = Vec::new();
    for task in tasks {
        counts.push(task.await.unwrap().0);
    }
    let watched = took(gateway.home.path(), "plan");
    let complete = counts.iter().filter(|&&count| count >= 1000 * seconds).count();
    println!("\n{CLIENTS} clients of one plan, 1,000 lines/s, {seconds} s");
    println!("complete                    {complete} of {CLIENTS}");
    println!(
        "memory an idle client       {:.1} KiB",
        (idle.saturating_sub(before)) as f64 / CLIENTS as f64
    );
    println!("server, idle and peak       {} and {} KiB", idle, gateway.kib("VmHWM"));
    println!("recorder, alone / watched   {:.3}", alone / watched);
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let number = |at: usize| args.get(at).and_then(|arg| arg.parse().ok());
    if args.first().is_some_and(|arg| arg == "write") {
        return write(number(1).unwrap(), number(2).unwrap());
    }
    let seconds = number(0).unwrap_or(20);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        latency(seconds).await;
        thousand(seconds).await;
    });
}
