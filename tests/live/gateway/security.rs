//! Whom the gateway refuses, and what it survives.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::client::{Gateway, SHORT, answer};
use crate::harness::{Home, LIMIT, Step, scale, within};

fn with_plan(args: &[&str]) -> (Home, Gateway) {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "plan"], &[Step::Stdout(20)])
        .prints_something()
        .may_speak()
        .runs();
    home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    let gateway = Gateway::start(&home, args);
    (home, gateway)
}

const PATHS: [&str; 7] = [
    "/metrics",
    "/api/plans",
    "/api/plans/plan",
    "/api/plans/plan/tasks",
    "/api/plans/plan/records",
    "/api/plans/plan/events",
    "/api/events?plans=plan",
];

#[test]
fn without_the_token_nothing_of_a_plan_is_told() {
    let (_home, gateway) = with_plan(&["--allow-control"]);
    let wrong = format!("Bearer {}", "0".repeat(gateway.token.len()));
    let query = format!("?token={}", gateway.token);
    for bearer in ["", "Bearer", "Bearer ", wrong.as_str()] {
        for path in PATHS {
            let refused = gateway.ask("GET", path, &[("authorization", bearer)]).refusal();
            assert_eq!(refused, (401, "unauthorized".to_owned()), "{path} {bearer}");
        }
        for deed in ["stop", "restart"] {
            let path = format!("/api/plans/plan/{deed}{query}");
            let refused = gateway.ask("POST", &path, &[("authorization", bearer)]).refusal();
            assert_eq!(refused.0, 401);
        }
        assert!(gateway.socket_at("/api/ws", &[("authorization", bearer)]).is_err(), "{bearer}");
    }
    // A browser's WebSocket brings it as a subprotocol, and insists to hear that back.
    let protocol = format!("planwatch.token.{}", gateway.token);
    let headers = [("authorization", "no"), ("sec-websocket-protocol", protocol.as_str())];
    let mut socket = gateway.socket_at("/api/ws", &headers).unwrap();
    socket.say(json!({ "type": "ping" }));
    assert_eq!(socket.next().unwrap()["type"], "pong");
    let wrong = [("authorization", "no"), ("sec-websocket-protocol", "planwatch.token.guess")];
    assert!(gateway.socket_at("/api/ws", &wrong).is_err());
}

#[test]
fn pages_of_others_get_nothing_even_with_the_token() {
    let (_home, gateway) =
        with_plan(&["--allow-control", "--allow-origin", "http://front.example"]);
    for origin in ["http://evil.example", "null", "https://127.0.0.1", "http://front.example.evil"]
    {
        for path in PATHS {
            let refused = gateway.ask("GET", path, &[("origin", origin)]).refusal();
            assert_eq!(refused, (403, "origin_not_allowed".to_owned()), "{path} {origin}");
        }
        let refused = gateway.ask("POST", "/api/plans/plan/stop", &[("origin", origin)]).refusal();
        assert_eq!(refused.0, 403);
        assert!(gateway.socket_at("/api/ws", &[("origin", origin)]).is_err());
    }
    let front = [("origin", "http://front.example")];
    let allowed = gateway.ask("GET", "/api/plans", &front);
    assert!(allowed.head.contains("access-control-allow-origin: http://front.example"));
    let asks = [front[0], ("access-control-request-method", "GET"), ("authorization", "")];
    assert_eq!(gateway.ask("OPTIONS", "/api/plans", &asks).status, 204);
    let same = format!("http://{}", gateway.host);
    gateway.socket_at("/api/ws", &[("origin", &same)]).unwrap();
}

#[test]
fn a_name_that_is_made_to_point_here_is_refused_everywhere() {
    let (_home, gateway) = with_plan(&["--no-token", "--allow-host", "plans.example"]);
    for path in PATHS.iter().chain(&["/", "/healthz"]) {
        for host in ["evil.example", "evil.example:7717", "127.0.0.1.evil.example", "10.1.2.3"] {
            let refused = gateway.ask("GET", path, &[("host", host)]).refusal();
            assert_eq!(refused, (403, "host_not_allowed".to_owned()), "{path} {host}");
        }
    }
    assert_eq!(gateway.ask("GET", "/api/plans", &[("host", "plans.example")]).status, 200);
    // A page of another site can make a browser ask without an origin, but not without this.
    let cross = [("sec-fetch-site", "cross-site")];
    assert_eq!(gateway.ask("GET", "/api/plans", &cross).refusal().0, 403);
}

#[test]
fn paths_and_names_lead_nowhere_but_to_plans() {
    let (home, gateway) = with_plan(&[]);
    std::fs::write(home.file("secret.jsonl"), "secret").unwrap();
    for name in ["..%2f..%2fetc", "%2e%2e", "..", "-rf", "a%00b", "a%0ab", "%ff", ".hidden"] {
        for rest in ["", "/records", "/tasks", "/events"] {
            let answer = gateway.get(&format!("/api/plans/{name}{rest}"));
            assert!(matches!(answer.status, 400 | 404), "{name}{rest}: {answer:?}");
            answer.refusal();
        }
    }
    for path in ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/page.js"] {
        assert_eq!(gateway.get(path).refusal().0, 404, "{path}");
    }
    assert_eq!(gateway.ask("DELETE", "/api/plans", &[]).refusal().0, 405);
    for query in ["after=x", "aftr=1", "grep=(", "limit=-1", "after=1&after=%ff"] {
        let refused = gateway.get(&format!("/api/plans/plan/records?{query}")).refusal();
        assert_eq!(refused.0, 400, "{query}");
    }
}

#[test]
fn malformed_huge_and_slow_requests_end_and_harm_nobody() {
    let (_home, gateway) = with_plan(&[]);
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(1 << 20));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "x: y\r\n".repeat(10_000));
    for request in ["\0\0\0\0\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9\r\n\r\n", &long, &many] {
        let mut socket = gateway.connect();
        // It may have hung up before all of it was sent.
        let _ = socket.write_all(request.as_bytes());
        let mut said = Vec::new();
        let _ = socket.read_to_end(&mut said);
        let status = answer(&String::from_utf8_lossy(&said)).status;
        assert!(matches!(status, 0 | 400..=499), "{status}");
    }
    let body = "x".repeat(1 << 20);
    let mut post = gateway.connect();
    let length = body.len().to_string();
    let head = gateway.head("POST", "/api/plans/plan/stop", &[("content-length", &length)]);
    let _ = post.write_all(head.as_bytes());
    let _ = post.write_all(body.as_bytes());

    // Frames: too large, not masked, not text, nonsense.
    let mut socket = gateway.socket();
    let _ = socket.0.send(tungstenite::Message::text("x".repeat(1 << 20)));
    assert!(matches!(socket.close_code(), Some(1009) | None));
    let mut socket = gateway.socket();
    socket.0.get_mut().write_all(&[0x81, 0x05, b'h', b'e', b'l', b'l', b'o']).unwrap();
    assert!(matches!(socket.close_code(), Some(1002) | None));
    let mut socket = gateway.socket();
    socket.0.send(tungstenite::Message::binary(vec![1, 2, 3])).unwrap();
    assert_eq!(socket.close_code(), Some(1003));
    let mut socket = gateway.socket();
    for _ in 0..102 {
        let _ = socket.0.send(tungstenite::Message::text("nonsense"));
    }
    assert_eq!(socket.close_code(), Some(1008));
    assert_eq!(gateway.get("/api/ws").refusal(), (426, "not_a_websocket".to_owned()));

    // Those that never finish their heads are cut off, however diligent they are.
    let began = std::time::Instant::now();
    let mut slow: Vec<_> = (0..4).map(|_| gateway.connect()).collect();
    for (number, socket) in slow.iter_mut().enumerate() {
        socket
            .write_all(&b"GET / HTTP/1.1\r\nhost: x\r\n"[..if number == 0 { 9 } else { 20 }])
            .unwrap();
    }
    let mut diligent = slow.split_off(2);
    std::thread::scope(|scope| {
        for socket in &mut diligent {
            scope.spawn(move || within(LIMIT, || socket.write_all(b"x").is_err().then_some(())));
        }
    });
    for socket in &mut slow {
        let _ = socket.read_to_end(&mut Vec::new());
    }
    assert!(began.elapsed() < LIMIT, "slow heads are waited for");
    assert_eq!(gateway.get("/api/plans/plan").status, 200);
}

#[test]
fn connections_beyond_the_limit_are_refused_cleanly_and_the_others_live() {
    let (home, gateway) = with_plan(&["--max-clients", "20"]);
    let mut sockets: Vec<_> = (0..20).map(|_| gateway.socket()).collect();
    // They come in crowds.
    let late = (0..scale(300, 10_000)).collect::<Vec<_>>();
    let crowds = late.chunks(100).flat_map(|crowd| {
        let mut crowd: Vec<_> = crowd.iter().map(|_| gateway.connect()).collect();
        for late in &mut crowd {
            let _ = late.write_all(gateway.head("GET", "/api/plans", &[]).as_bytes());
        }
        crowd
    });
    for mut late in crowds {
        let mut said = Vec::new();
        let read = late.read_to_end(&mut said);
        let answer = answer(&String::from_utf8_lossy(&said));
        assert_eq!(answer.refusal(), (503, "too_many_clients".to_owned()), "{read:?}");
        assert!(answer.head.contains("retry-after: 5"));
    }
    for socket in &mut sockets {
        socket.subscribe("plan", 0);
        socket.until("caught_up");
    }
    drop(sockets);
    assert!(
        within(LIMIT, || (gateway.ask("GET", "/api/plans", &[]).status == 200).then_some(()))
            .is_some()
    );
    assert!(gateway.metric("connections_turned_away_total") > 0);
    drop(home);
}

#[test]
fn what_a_log_says_stays_text_and_every_answer_says_so() {
    let home = Home::new();
    let evil = "<img src=x onerror=alert(1)></script><script>alert(2)</script>\u{202e}";
    home.planwatch(["run", "-d", "-n", "plan", "--", "printf", "%s\n", evil])
        .prints_something()
        .may_speak()
        .runs();
    home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    let gateway = Gateway::start(&home, &[]);
    let answer = gateway.get("/api/plans/plan/records?stream=stdout");
    assert_eq!(answer.json()["records"][0]["msg"], evil);
    assert!(answer.head.contains("content-type: application/json"));
    let page = gateway.ask("GET", "/", &[("authorization", "")]);
    assert!(!page.body.contains(&gateway.token) && page.head.contains("text/html"));
    let policy =
        page.head.lines().find(|line| line.starts_with("content-security-policy")).unwrap();
    for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "sha256-"] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"));
    for path in ["/", "/api/plans", "/healthz", "/nothing", "/api/plans/plan/records"] {
        let head = gateway.get(path).head;
        for part in
            ["x-content-type-options: nosniff", "content-security-policy: default-src 'none'"]
        {
            assert!(head.contains(part), "{path}: {head}");
        }
        assert!(!head.contains("access-control-allow-origin"));
    }
}

#[test]
fn strangers_are_let_in_only_by_name() {
    let home = Home::new();
    let serve = |args: &[&str]| home.planwatch(["serve"]).args(args).code(2);
    serve(&["--listen", "0.0.0.0:0"]).says("--allow-remote").says("ssh -L").runs();
    serve(&["--listen", "0.0.0.0:0", "--allow-remote", "--no-token"]).says("every log").runs();
    serve(&["--listen", "example.com:80"]).says("unix:PATH").runs();
    serve(&["--allow-origin", "front.example"]).says("http://HOST:PORT").runs();
    let remote = Gateway::at(&home, "0.0.0.0:0", &["--allow-remote"]);
    assert_eq!(remote.get("/api/plans").status, 200);

    let file = home.file("token");
    let path = file.display().to_string();
    std::fs::write(&file, "short\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let with = |code| {
        home.planwatch(["serve", "--listen", "127.0.0.1:0", "--token-file", &path]).code(code)
    };
    with(5).says("others may read it").runs();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    with(5).says("16 or more").runs();
    std::fs::remove_file(&file).unwrap();
    let mut gateway = Gateway::start(&home, &["--token-file", &path]);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(gateway.get("/api/plans").status, 401, "it is not printed");
    gateway.token = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert_eq!(gateway.get("/api/plans").status, 200);
    let again = gateway.host.clone();
    home.planwatch(["serve", "--listen", &again]).code(1).says("in use").says("hint").runs();
}

#[test]
fn a_file_can_be_listened_on_by_its_owner() {
    use std::os::unix::net::UnixStream;
    let home = Home::of_ordinary_user();
    let path = home.file("gateway.sock");
    let listen = format!("unix:{}", path.display());
    let first = Gateway::at(&home, &listen, &[]);
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0);
    let taken = home.planwatch(["serve", "--listen", &listen]).code(1);
    taken.says("somebody listens there already").runs();
    first.live.signal(rustix::process::Signal::KILL);
    let token = first.token.clone();
    first.live.ends();
    assert!(path.exists(), "it could not tidy up");
    let second = Gateway::at(&home, &listen, &[]);
    let mut socket = UnixStream::connect(&path).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    let ask = |token: &str| {
        format!(
            "GET /api/plans HTTP/1.1\r\nhost: any\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
        )
    };
    socket.write_all(ask(&second.token).as_bytes()).unwrap();
    let mut said = String::new();
    socket.read_to_string(&mut said).unwrap();
    assert_eq!(answer(&said).json(), json!([]));
    assert_ne!(token, second.token);
    second.live.signal(rustix::process::Signal::TERM);
    second.live.ends();
    assert!(!path.exists());
    std::fs::write(&path, "mine").unwrap();
    home.planwatch(["serve", "--listen", &listen]).code(1).says("no socket").runs();
    let _ = SHORT;
}
