//! Plans of another machine, over its gateway: the same commands and the same screen.

use std::io::{Read, Write};
use std::net::TcpListener;

use rustix::process::Signal;

use super::client::Gateway;
use crate::harness::{Home, LIMIT, Step, Terminal, within};

/// A home whose plans have ended, and another where nothing ever ran.
fn ended() -> (Home, Home, Gateway) {
    let home = Home::new();
    for (plan, steps) in [
        ("cafe", vec![Step::Both(900), Step::Exit(0)]),
        ("cafe", vec![Step::Stdout(40), Step::Exit(3)]),
        ("mars", vec![Step::MixedEnds(true), Step::Both(100), Step::Binary(500)]),
    ] {
        let args = ["-d", "-n", plan, "--segment-size", "64KiB"];
        home.run_oracle(&args, &steps).prints_something().may_speak().runs();
        home.planwatch(["wait", plan]).any_code().prints_something().may_speak().runs();
    }
    let loud =
        "echo INFO: begun; echo ERROR: too loud; echo 'CRITICAL: far & \"wide\" #%?+'; exit 1";
    let args = ["run", "-d", "-n", "loud", "--", "sh", "-c", loud];
    home.planwatch(args).prints_something().may_speak().runs();
    home.planwatch(["wait", "loud"]).any_code().prints_something().may_speak().runs();
    let gateway = Gateway::start(&home, &[]);
    (home, Home::new(), gateway)
}

fn url(gateway: &Gateway) -> String {
    format!("http://{}/#token={}", gateway.host, gateway.token)
}

#[test]
fn logs_of_another_machine_are_what_logs_prints_there() {
    let (home, elsewhere, gateway) = ended();
    let url = url(&gateway);
    for args in [
        "cafe",
        "cafe -o json",
        "mars -o cat --stream stdout",
        "mars -o json",
        "cafe -n 7",
        "cafe -n 7 -o json",
        "cafe@1 -n 3",
        "cafe~0 --timestamps",
        "cafe --run 2 -o logfmt",
        "cafe --after 500 -o json",
        "loud --level error",
        "loud --grep LOUD|far -C 1",
        "loud --grep &|# --exclude begun",
        "loud --first-error",
        "cafe mars loud -o json",
        "cafe mars --since 1h -n 5",
        "cafe mars --since 2020-01-01 --until 2020-01-02",
        "'*' --count",
        "cafe loud --stats -o json",
        "cafe -f -o json",
        "cafe mars -f -n 20",
        "loud --task Nothing",
    ] {
        let args: Vec<&str> = args.split(' ').map(|arg| arg.trim_matches('\'')).collect();
        let here = home.planwatch(["logs"]).args(&args);
        let here = here.any_code().prints_something().may_speak().runs();
        let far = elsewhere.planwatch(["logs", "--connect", &url]).args(&args);
        let far = far.any_code().prints_something().may_speak().runs();
        assert_eq!(far.stdout, here.stdout, "{args:?}\n{}", far.stderr);
        assert_eq!((far.code, &far.stderr), (here.code, &here.stderr), "{args:?}");
    }
    let seen = elsewhere.file("seen").display().to_string();
    let args = ["logs", "--connect", &url, "--cursor-file", &seen, "cafe", "-o", "json"];
    let first = elsewhere.planwatch(args).prints_something().runs();
    assert_eq!(first.stdout.lines().count(), home.records("cafe").len());
    elsewhere.planwatch(args).prints("").runs();
    assert!(!elsewhere.path().join("plans").exists(), "nothing is kept of another machine");
}

#[test]
fn what_is_wrong_with_another_machine_is_said_with_what_to_do() {
    let (_home, elsewhere, gateway) = ended();
    let logs = |url: &str, plan: &str, code: i32| {
        elsewhere.planwatch(["logs", "--connect", url, plan]).code(code)
    };
    let plain = format!("http://{}", gateway.host);
    logs(&plain, "cafe", 5).says("token is missing").says("--token-file").runs();
    logs(&format!("{plain}/#token=guess"), "cafe", 5).says("not the gateway's token").runs();
    logs(&url(&gateway), "caffe", 4).says("did you mean 'cafe'").runs();
    logs(&url(&gateway), "cafe@9", 4).says("has no run 9").runs();
    logs("https://x", "cafe", 2).says("ssh -L").runs();
    let token = elsewhere.file("token");
    std::fs::write(&token, format!("{}\n", gateway.token)).unwrap();
    let token = token.display().to_string();
    let with = ["logs", "--connect", &plain, "--token-file", &token, "cafe", "--count"];
    elsewhere.planwatch(with).prints_something().runs();
    let by_name = elsewhere.planwatch(["logs", "--connect", &plain, "cafe", "--count"]);
    by_name.env("PLANWATCH_TOKEN", &gateway.token).prints_something().runs();
    elsewhere
        .planwatch(["logs", "--connect", &url(&gateway), "-r", "cafe"])
        .code(2)
        .says("oldest first")
        .runs();

    let strange = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = strange.local_addr().unwrap().to_string();
    let answers = std::thread::spawn(move || {
        for answer in ["SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"]
        {
            let (mut socket, _) = strange.accept().unwrap();
            let _ = socket.read(&mut [0; 1024]);
            socket.write_all(answer.as_bytes()).unwrap();
        }
    });
    for _ in 0..2 {
        logs(&at, "cafe", 1).says("no gateway of planwatch").runs();
    }
    answers.join().unwrap();
    logs(&at, "cafe", 1).says("Connection refused").says("is planwatch serve running there").runs();
}

#[test]
fn a_followed_log_of_another_machine_goes_on_however_often_its_gateway_is_killed() {
    let home = Home::new();
    let elsewhere = Home::new();
    let mut gateway = Gateway::start(&home, &["--no-token"]);
    let (stop, wrote) = (home.file("stop"), home.file("wrote"));
    let url = gateway.host.clone();
    let follow = ["logs", "--connect", &url, "-f", "-n", "1000000", "-o", "json", "late"];
    let follow = elsewhere.planwatch(follow).prints_something().may_speak().spawn();
    follow.until_said("waiting for a plan 'late'");
    let steps = [Step::Rate(500), Step::Until(stop, wrote)];
    home.run_oracle(&["-d", "-n", "late"], &steps).prints_something().may_speak().runs();
    let lines = || follow.stdout().lines().count();
    for _ in 0..3 {
        let before = lines();
        assert!(within(LIMIT, || (lines() > before + 50).then_some(())).is_some(), "it stalls");
        let host = gateway.host.clone();
        gateway.live.signal(Signal::KILL);
        gateway.live.ends();
        gateway = Gateway::at(&home, &host, &["--no-token"]);
    }
    home.touch("stop");
    home.planwatch(["wait", "late"]).prints_something().may_speak().runs();
    // It ends by itself, as there.
    let done = follow.ends();
    assert_eq!(done.code, 0);
    let there = home.planwatch(["logs", "late", "-o", "json"]).prints_something().runs();
    assert_eq!(done.stdout, there.stdout, "lost, doubled or out of order");
}

fn connected(screen: &vt100::Screen) -> bool {
    let said = screen.contents();
    said.contains("connected · ") && !said.contains("not connected")
}

#[test]
fn the_screen_shows_another_machine_and_says_when_it_does_not() {
    let home = Home::new();
    let steps = [Step::Both(2000), Step::Mark(home.file("said")), Step::Idle];
    home.run_oracle(&["-d", "-n", "runs"], &steps).prints("runs\n").may_speak().runs();
    let fails = ["run", "-n", "fails", "--", "sh", "-c", "echo a needle in hay; exit 3"];
    home.planwatch(fails).any_code().prints_something().may_speak().runs();
    home.until_file("said");
    let mut gateway = Gateway::start(&home, &["--no-token"]);
    let url = gateway.host.clone();
    let elsewhere = Home::new();
    let path = elsewhere.path().display().to_string();
    let args = ["watch", "--connect", &url];
    let mut screen =
        Terminal::start((30, 110), true, home.program(), &args, &[("PLANWATCH_HOME", &path)]);
    screen.until_text("1 running · 1 failed");
    screen.until("there is a connection", connected);
    screen.keys("j");
    screen.until_text("a needle in hay");
    screen.keys("W");
    screen.until_text("┌ why · fails");
    // An escape that more keys follow at once is the beginning of another key.
    screen.keys("\x1b");
    screen.until("the page is left", |screen| !screen.contents().contains("┌ why"));
    screen.keys("k");
    screen.until_text("┌ runs · run 1");
    screen.keys("\r/no such thing\r");
    screen.until_text("no match");
    screen.keys("\x1b");
    screen.until("it is let go", |screen| !screen.contents().contains("no match"));
    screen.keys("\x1b");
    screen.until_text("Enter open");
    // What is done to plans is done there, and only where it is allowed.
    screen.keys("s");
    screen.until_text("runs?");
    screen.keys("y");
    screen.until_text("this gateway only shows");

    gateway.live.signal(Signal::KILL);
    gateway.live.ends();
    screen.until_text("not connected");
    gateway = Gateway::at(&home, &url, &["--no-token", "--allow-control"]);
    screen.until("there is a connection", connected);
    let late = ["run", "-n", "later", "--", "echo", "it came later"];
    home.planwatch(late).any_code().prints_something().may_speak().runs();
    screen.until_text("later");
    screen.keys("gs");
    screen.until_text("runs?");
    screen.keys("y");
    screen.until_text("1 stopped");
    home.planwatch(["rm", "later"]).prints_something().may_speak().runs();
    screen.until("it has gone", |screen| !screen.contents().contains("later"));
    screen.keys("q");
    assert_eq!(screen.code(), 0);
    let closed = || (gateway.metric("websockets") == 0).then_some(());
    assert!(within(LIMIT, closed).is_some(), "it has left");
}
