//! Connections that break at any moment, and clients that do not read: every record once, in order.

use std::net::Shutdown;
use std::time::Duration;

use serde_json::Value;

use super::client::{Follower, Gateway};
use crate::harness::{Home, LIMIT, Random, Step, scale, within};

/// One life of a connection, which `cut` ends at a random moment. Panics at a record that is not
/// the next.
type Life = fn(&Gateway, &str, &mut Follower, Option<Duration>);

fn over_websocket(gateway: &Gateway, plan: &str, follower: &mut Follower, cut: Option<Duration>) {
    let mut socket = gateway.socket();
    let raw = socket.0.get_ref().try_clone().unwrap();
    socket.subscribe(plan, follower.after);
    cutting(raw, cut, || {
        while !follower.over
            && let Some(message) = socket.next()
        {
            let none = Vec::new();
            let records = message["records"].as_array().unwrap_or(&none);
            records.iter().for_each(|record| follower.take(record));
        }
    });
}

fn over_events(gateway: &Gateway, plan: &str, follower: &mut Follower, cut: Option<Duration>) {
    use std::io::Write;
    let after = follower.after.to_string();
    let mut raw = gateway.connect();
    let path = format!("/api/plans/{plan}/events");
    raw.write_all(gateway.head("GET", &path, &[("last-event-id", &after)]).as_bytes()).unwrap();
    let mut events = super::client::Events::over(raw.try_clone().unwrap());
    cutting(raw, cut, || {
        while !follower.over
            && let Some(told) = events.next()
        {
            if told.name.is_empty() {
                follower.take(&serde_json::from_str(&told.data).unwrap());
            }
        }
    });
}

fn over_polls(gateway: &Gateway, plan: &str, follower: &mut Follower, cut: Option<Duration>) {
    use std::io::{Read, Write};
    while !follower.over {
        let after = follower.after;
        let path = format!("/api/plans/{plan}/records?after={after}&wait=20s&limit=200");
        let mut raw = gateway.connect();
        let head = gateway.head("GET", &path, &[("connection", "close")]);
        raw.write_all(head.as_bytes()).unwrap();
        let mut said = Vec::new();
        cutting(raw.try_clone().unwrap(), cut, || {
            let _ = raw.read_to_end(&mut said);
        });
        let said = String::from_utf8_lossy(&said).into_owned();
        // An answer that was cut is none.
        if let Ok(answer) = serde_json::from_str::<Value>(&super::client::answer(&said).body) {
            answer["records"].as_array().unwrap().iter().for_each(|record| follower.take(record));
        }
        if cut.is_some() {
            return;
        }
    }
}

/// Does something while another thread cuts the connection after a while.
fn cutting(raw: std::net::TcpStream, cut: Option<Duration>, deed: impl FnOnce()) {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(cut) = cut
                && is_done
                    .recv_timeout(cut)
                    .is_err_and(|why| why == std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                let _ = raw.shutdown(Shutdown::Both);
            }
        });
        deed();
        drop(done);
    });
}

#[test]
fn connections_that_break_at_any_moment_lose_and_double_nothing() {
    let home = Home::new();
    let plans: Vec<String> = (0..10).map(|number| format!("plan-{number}")).collect();
    let cuts = scale(60, 1_000);
    let lines = scale(6_000, 60_000);
    let args = ["--segment-size", "256KiB"];
    for plan in &plans {
        let steps = [Step::Rate(2_000), Step::Both(lines / 2)];
        let options = [&["-d", "-n", plan.as_str()][..], &args].concat();
        home.run_oracle(&options, &steps).prints_something().may_speak().runs();
    }
    let gateway = Gateway::start(&home, &["--max-clients", "200"]);
    let lives: [Life; 3] = [over_websocket, over_events, over_polls];
    let broken = std::sync::atomic::AtomicU64::new(0);
    let seed = Random::new().0;
    std::thread::scope(|scope| {
        for (number, plan) in plans.iter().enumerate() {
            for (way, life) in lives.iter().enumerate() {
                let (gateway, broken) = (&gateway, &broken);
                scope.spawn(move || {
                    let mut random = Random(seed ^ ((number * 3 + way) as u64 + 1));
                    let mut follower = Follower::default();
                    for _ in 0..cuts.div_ceil(30) {
                        let cut = Duration::from_micros(random.below(150_000));
                        life(gateway, plan, &mut follower, Some(cut));
                        broken.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    }
                    life(gateway, plan, &mut follower, None);
                    assert!(follower.over, "{plan} by {way} ends at {}", follower.after);
                });
            }
        }
    });
    assert!(broken.into_inner() >= cuts);
    for plan in &plans {
        home.planwatch(["wait", plan]).prints_something().may_speak().runs();
    }
}

#[test]
fn one_that_does_not_read_costs_nothing_and_then_gets_everything() {
    let home = Home::new();
    let lines = scale(60_000, 2_000_000);
    let gateway = Gateway::start(&home, &[]);
    let mut sleepers: Vec<_> = (0..8).map(|_| gateway.socket()).collect();
    for socket in &mut sleepers {
        socket.subscribe("plan", 0);
    }
    let mut events = gateway.events("/api/plans/plan/events", &[]);
    let peak = || gateway.live.process().peak_kib().unwrap();
    let before = peak();
    let steps = [Step::Both(lines / 2)];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints_something().may_speak().runs();
    home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    // One that reads is served beside them.
    let mut reader = Follower::default();
    over_websocket(&gateway, "plan", &mut reader, None);
    let after = peak();
    assert!(after < before + 24 * 1024, "{before} KiB, then {after} KiB");
    for mut socket in sleepers {
        let mut follower = Follower::default();
        while !follower.over {
            let message = socket.next().unwrap();
            let none = Vec::new();
            let records = message["records"].as_array().unwrap_or(&none);
            records.iter().for_each(|record| follower.take(record));
        }
        assert_eq!(follower.after, reader.after);
    }
    let mut follower = Follower::default();
    while !follower.over {
        let told = events.next().unwrap();
        if told.name.is_empty() {
            follower.take(&serde_json::from_str(&told.data).unwrap());
        }
    }
    assert!(within(LIMIT, || (gateway.metric("websockets") == 0).then_some(())).is_some());
}
