//! A network that breaks without a word.

use std::process::Command;

use super::client::Gateway;
use crate::harness::{Home, LIMIT, Step, within};

/// A host of its own: a network namespace at the other end of a cable. Dropping it removes both.
struct Host {
    name: String,
    cable: String,
}

impl Host {
    /// None where that is not allowed.
    fn new() -> Option<Host> {
        let number = std::process::id() % 60_000;
        let host = Host { name: format!("planwatch-{number}"), cable: format!("pw{number}") };
        let (name, cable) = (&host.name, &host.cable);
        let (high, low) = (number / 250, number % 250);
        for args in [
            format!("netns add {name}"),
            format!("link add {cable} type veth peer name far netns {name}"),
            format!("addr add 10.{high}.{low}.1/30 dev {cable}"),
            format!("link set {cable} up"),
            format!("-n {name} addr add 10.{high}.{low}.2/30 dev far"),
            format!("-n {name} link set far up"),
        ] {
            if !ip(&args) {
                return None;
            }
        }
        Some(host)
    }

    fn address(&self) -> String {
        let number: u32 = self.cable.trim_start_matches("pw").parse().unwrap();
        format!("10.{}.{}.1", number / 250, number % 250)
    }

    /// What this shell script does on it.
    fn runs(&self, script: &str) -> std::process::Child {
        let args = ["netns", "exec", &self.name, "bash", "-c", script];
        Command::new("ip").args(args).spawn().unwrap()
    }

    fn pull_the_plug(&self) {
        assert!(ip(&format!("link set {} down", self.cable)));
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        ip(&format!("netns del {}", self.name));
        ip(&format!("link del {}", self.cable));
    }
}

fn ip(args: &str) -> bool {
    let quiet = std::process::Stdio::null;
    let done = Command::new("ip").args(args.split(' ')).stderr(quiet()).stdout(quiet()).status();
    done.is_ok_and(|status| status.success())
}

#[test]
fn a_host_that_vanishes_without_a_word_is_noticed_and_nobody_else_waits_for_it() {
    let Some(host) = Host::new() else {
        eprintln!("no network can be made here: a host that vanishes is not looked at");
        return;
    };
    let home = Home::new();
    let address = host.address();
    let gateway = Gateway::at(&home, &format!("{address}:0"), &["--allow-remote"]);
    let (stop, wrote) = (home.file("stop"), home.file("wrote"));
    let steps = [Step::Rate(200), Step::Until(stop, wrote)];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints_something().may_speak().runs();
    let port = gateway.host.rsplit(':').next().unwrap();
    let ask = |path: &str, more: &[(&str, &str)]| {
        let head = gateway.head("GET", path, more).replace("\r\n", "\\r\\n");
        let cat = format!("exec 3<>/dev/tcp/{address}/{port}; printf '{head}' >&3; exec cat <&3");
        host.runs(&format!("{cat} >/dev/null"))
    };
    let upgrade = [
        ("connection", "upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-key", "AAAAAAAAAAAAAAAAAAAAAA=="),
    ];
    // One is sent something all the time, one only heartbeats.
    let mut clients = [ask("/api/plans/plan/events", &[]), ask("/api/ws", &upgrade)];
    let open = |streams, sockets| {
        let now = || (gateway.metric("event_streams"), gateway.metric("websockets"));
        within(LIMIT, || (now() == (streams, sockets)).then_some(())).is_some()
    };
    assert!(open(1, 1), "they are there");
    host.pull_the_plug();
    let mut socket = gateway.socket();
    socket.subscribe("plan", 0);
    socket.until("records");
    drop(socket);
    assert!(open(0, 0), "their connections are still open");
    home.touch("stop");
    home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    for client in &mut clients {
        let _ = client.kill();
        let _ = client.wait();
    }
}
