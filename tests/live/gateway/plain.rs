//! What the gateway answers.

use rustix::process::Signal;
use serde_json::{Value, json};

use super::client::{Follower, Gateway};
use crate::harness::{Home, LIMIT, Step, scale, within};

/// A plan that has ended.
fn ended(home: &Home, plan: &str, steps: &[Step]) {
    home.run_oracle(&["-d", "-n", plan], steps).prints_something().may_speak().runs();
    home.planwatch(["wait", plan]).prints_something().may_speak().any_code().runs();
}

fn stored(home: &Home, plan: &str) -> Vec<Value> {
    home.records(plan).0
}

#[test]
fn what_it_answers_is_what_the_commands_print() {
    let home = Home::new();
    ended(&home, "one", &[Step::Both(40)]);
    ended(&home, "two", &[Step::Stdout(5), Step::Exit(3)]);
    let gateway = Gateway::start(&home, &[]);
    assert_eq!(gateway.ask("GET", "/healthz", &[("authorization", "")]).body, "ok\n");

    let printed = home.planwatch(["ps", "-a", "-o", "json"]).prints_something().runs().json();
    assert_eq!(gateway.get("/api/plans").json(), printed);
    let one = gateway.get("/api/plans/one").json();
    assert_eq!((&one["verdict"], &one["runs"][0]["run"]), (&json!("succeeded"), &json!(1)));
    assert_eq!(gateway.get("/api/plans/one/tasks").json(), json!([]));

    let records = stored(&home, "one");
    let last = records.len() as u64;
    let all = gateway.get("/api/plans/one/records").json();
    assert_eq!(all["records"], json!(records));
    assert_eq!((&all["plan"], &all["after"]), (&json!("one"), &json!(last)));
    let some = gateway.get("/api/plans/one/records?after=7&limit=3").json();
    assert_eq!(some["records"], json!(records[7..10]));
    assert_eq!(some["after"], 10);
    let none = gateway.get(&format!("/api/plans/one/records?after={last}&wait=1s")).json();
    assert_eq!((&none["records"], &none["after"]), (&json!([]), &json!(last)));
    for (query, args) in [
        ("level=info", &["--level", "info"][..]),
        ("stream=stderr", &["--stream", "stderr"]),
        ("grep=e0000000[1-3]", &["--grep", "e0000000[1-3]"]),
        ("last=4", &["-n", "4"]),
        ("run=1&exclude=o0", &["--run", "1", "--exclude", "o0"]),
    ] {
        let printed = home
            .planwatch(["logs", "-o", "json", "one"])
            .args(args)
            .prints_something()
            .may_speak()
            .runs();
        let printed: Vec<Value> =
            printed.lines().iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let answered = gateway.get(&format!("/api/plans/one/records?{query}")).json();
        assert_eq!(answered["records"], json!(printed), "{query}");
        assert!(!printed.is_empty(), "{query}");
    }
    assert!(gateway.metric("records_sent_total") > 40);
}

#[test]
fn one_who_comes_before_the_plan_gets_its_first_line_over_every_way() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &[]);
    let mut socket = gateway.socket();
    socket.subscribe("late", 0);
    let told = socket.until("error");
    assert_eq!((&told["code"], &told["temporary"]), (&json!("no_such_plan"), &json!(true)));
    let mut events = gateway.events("/api/plans/late/events", &[]);
    assert_eq!(events.next().unwrap().name, "caught_up");
    std::thread::scope(|scope| {
        let polled = scope.spawn(|| gateway.get("/api/plans/late/records?wait=90s").json());
        ended(&home, "late", &[Step::Both(100)]);
        let polled = polled.join().unwrap();
        assert_eq!(polled["records"][0]["seq"], 1);
    });
    let records = stored(&home, "late");
    let mut heard = Vec::new();
    while heard.len() < records.len() {
        let message = socket.until("records");
        assert_eq!(message["plan"], "late");
        heard.extend(message["records"].as_array().unwrap().iter().cloned());
    }
    assert_eq!(heard, records);
    for record in &records {
        let told = within(LIMIT, || events.next().filter(|told| told.name.is_empty())).unwrap();
        assert_eq!(told.id, record["seq"].to_string());
        assert_eq!(&serde_json::from_str::<Value>(&told.data).unwrap(), record);
    }
}

#[test]
fn many_plans_come_over_one_connection_each_from_its_cursor() {
    let home = Home::new();
    for plan in ["a", "b", "c"] {
        ended(&home, plan, &[Step::Both(30)]);
    }
    let gateway = Gateway::start(&home, &[]);
    let mut socket = gateway.socket();
    socket.say(json!({ "type": "subscribe", "plans": ["a", "b"], "after": { "a": 17 } }));
    let mut cursors = [Follower { after: 17, over: false }, Follower::default()];
    let mut caught_up = 0;
    while caught_up < 2 {
        let message = socket.next().unwrap();
        let cursor = &mut cursors[usize::from(message["plan"] == "b")];
        match message["type"].as_str().unwrap() {
            "records" => message["records"].as_array().unwrap().iter().for_each(|r| cursor.take(r)),
            "caught_up" => {
                assert_eq!(message["after"], cursor.after);
                caught_up += 1;
            }
            other => panic!("{other}"),
        }
    }
    assert!(cursors.iter().all(|cursor| cursor.over));
    let end = cursors[1].after;
    socket.say(json!({ "type": "unsubscribe", "plan": "a" }));
    socket.say(json!({ "type": "unsubscribe", "plan": "a" }));
    assert_eq!(socket.until("error")["code"], "bad_request");

    // An id tells how far each of them was read.
    let mut events = gateway.events("/api/events?plans=b,c&after=b:60", &[]);
    let mut last = String::new();
    while last.split(':').count() < 3 || !last.ends_with("20") {
        last = events.next().unwrap().id;
    }
    drop(events);
    let seq = |plan: &str| -> u64 {
        let part = last.split(',').find_map(|part| part.strip_prefix(&format!("{plan}:")));
        part.unwrap().parse().unwrap()
    };
    let (mut b, mut c) =
        (Follower { after: seq("b"), over: false }, Follower { after: seq("c"), over: false });
    let mut events =
        gateway.events("/api/events?plans=b,c&after=b:60", &[("last-event-id", &last)]);
    while (b.after, c.after) != (end, end) {
        let told = events.next().unwrap();
        if !told.name.is_empty() {
            continue;
        }
        let record: Value = serde_json::from_str(&told.data).unwrap();
        if record["plan"] == "b" { b.take(&record) } else { c.take(&record) }
    }
}

#[test]
fn missing_records_are_named_and_a_log_that_is_begun_anew_is_read_from_its_beginning() {
    let home = Home::new();
    let steps = [Step::Both(scale(1_500, 20_000))];
    home.run_oracle(&["-d", "-n", "plan", "--segment-size", "64KiB", "--keep", "2"], &steps)
        .prints_something()
        .may_speak()
        .runs();
    home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    let first = stored(&home, "plan")[0]["seq"].as_u64().unwrap();
    assert!(first > 100, "segments are pruned");
    let gateway = Gateway::start(&home, &[]);
    let mut socket = gateway.socket();
    socket.subscribe("plan", 5);
    let gap = socket.until("gap");
    assert_eq!((&gap["from"], &gap["to"]), (&json!(6), &json!(first - 1)));
    assert_eq!(socket.until("records")["records"][0]["seq"], first);
    let answered = gateway.get("/api/plans/plan/records?after=5&limit=1").json();
    assert_eq!(answered["gaps"], json!([{ "from": 6, "to": first - 1 }]));

    let end = socket.until("caught_up")["after"].as_u64().unwrap();
    home.planwatch(["rm", "plan"]).prints_something().may_speak().runs();
    ended(&home, "plan", &[Step::Stdout(3)]);
    let renewed = socket.until("gap");
    assert_eq!((&renewed["reason"], &renewed["after"]), (&json!("renewed"), &json!(0)));
    assert_eq!(socket.until("records")["records"][0]["seq"], 1);
    let mut late = gateway.socket();
    late.subscribe("plan", end);
    assert_eq!(late.until("gap")["reason"], "renewed");
    assert_eq!(late.until("records")["records"][0]["seq"], 1);
}

#[test]
fn plans_are_stopped_and_restarted_only_where_that_was_allowed() {
    let home = Home::new();
    home.run_oracle(&["-d", "-n", "plan"], &[Step::Stdout(1), Step::Idle])
        .prints_something()
        .may_speak()
        .runs();
    let gateway = Gateway::start(&home, &[]);
    let refused = gateway.ask("POST", "/api/plans/plan/stop", &[]).refusal();
    assert_eq!(refused, (403, "control_not_allowed".to_owned()));
    let mut socket = gateway.socket();
    socket.say(json!({ "type": "stop", "plan": "plan" }));
    assert_eq!(socket.until("error")["code"], "control_not_allowed");

    let gateway = Gateway::start(&home, &["--allow-control"]);
    let done = gateway.ask("POST", "/api/plans/plan/restart", &[]);
    assert_eq!(done.status, 200, "{done:?}");
    let mut socket = gateway.socket();
    socket.say(json!({ "type": "watch" }));
    let mut plans = socket.until("plans");
    assert_eq!(plans["all"], true);
    while plans["plans"][0]["run"] != 2 {
        plans = socket.until("plans");
    }
    socket.say(json!({ "type": "stop", "plan": "plan" }));
    let mut seen = (false, false);
    while seen != (true, true) {
        let message = socket.next().unwrap();
        seen.0 |= message["type"] == "done" && message["deed"] == "stop";
        seen.1 |= message["plans"][0]["verdict"] == "stopped";
    }
    let none = gateway.ask("POST", "/api/plans/none/stop", &[]).refusal();
    assert_eq!(none, (404, "no_such_plan".to_owned()));
}

#[test]
fn the_paths_of_planexes_front_end_are_spoken_where_they_are_asked_for() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &["--planexe"]);
    let token = gateway.token.clone();
    let bare = [("authorization", "")];
    let path = format!("/api/plans/plan/stream-status?token={token}");
    let status = gateway.ask("GET", &path, &bare).json();
    assert_eq!(status, json!({ "status": "ready", "ready": true }));
    assert_eq!(gateway.ask("GET", "/api/plans/plan/stream-status", &bare).status, 401);

    let path = format!("/ws/plans/plan/progress?token={token}");
    let mut socket = gateway.socket_at(&path, &[("authorization", "no")]).unwrap();
    let hello = socket.next().unwrap();
    assert_eq!((&hello["type"], &hello["status"]), (&json!("connection"), &json!("connected")));
    assert_eq!(hello["plan_id"], "plan");
    assert!(hello["client_id"].is_string());
    let cookie = format!("planwatch_token={token}");
    let headers = [("authorization", ""), ("cookie", cookie.as_str())];
    let mut events = gateway.events("/api/plans/plan/stream", &headers);
    ended(&home, "plan", &[Step::Stdout(3), Step::Exit(7)]);
    let said = |mut next: Box<dyn FnMut() -> Value + '_>| {
        let mut said = Vec::new();
        while said.last().is_none_or(|last: &Value| last["status"] != "failed") {
            said.push(next());
        }
        said
    };
    let over_socket = said(Box::new(|| socket.next().unwrap()));
    let over_events =
        said(Box::new(|| serde_json::from_str(&events.next().unwrap().data).unwrap()));
    assert_eq!(over_socket, over_events);
    let kinds: Vec<&str> = over_socket.iter().filter_map(|said| said["type"].as_str()).collect();
    assert_eq!(kinds, ["status", "log", "log", "log", "status"]);
    assert_eq!(over_socket[0]["status"], "running");
    assert!(
        over_socket.iter().all(|said| said["message"].is_string() && said["timestamp"].is_string())
    );
    socket.say(json!({ "type": "heartbeat" }));
    assert_eq!(socket.next().unwrap()["type"], "heartbeat_response");
    assert_eq!(Gateway::start(&home, &[]).get("/api/plans/plan/stream").status, 404);
}

#[test]
fn whoever_ends_the_gateway_ends_no_plan_and_clients_are_told() {
    let home = Home::new();
    let gate = home.file("gate");
    let steps = [Step::Both(50), Step::Gate(gate.clone()), Step::Both(50)];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints_something().may_speak().runs();
    let gateway = Gateway::start(&home, &[]);
    let mut socket = gateway.socket();
    socket.subscribe("plan", 0);
    socket.until("caught_up");
    gateway.live.signal(Signal::TERM);
    assert_eq!(socket.close_code(), Some(1001));
    assert_eq!(gateway.live.ends().code, 0);

    let gateway = Gateway::start(&home, &[]);
    let mut socket = gateway.socket();
    socket.subscribe("plan", 0);
    socket.until("caught_up");
    gateway.live.signal(Signal::KILL);
    assert_eq!(gateway.live.ends().code, 137);
    home.touch("gate");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    home.until_quiet();
    home.audit("plan").run(1, &steps).holds();
}

#[test]
fn the_document_tells_every_path_and_what_it_says_is_so() {
    let home = Home::new();
    ended(&home, "plan", &[Step::Both(20)]);
    let gateway = Gateway::start(&home, &["--allow-control"]);
    let document = gateway.ask("GET", "/api/openapi.json", &[("authorization", "")]).json();
    let paths = document["paths"].as_object().unwrap();
    let routes = include_str!("../../../src/gateway/routes.rs");
    let front = ["/stream", "/stream-status", "/progress", "/favicon.ico"];
    for route in routes.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let told = paths.contains_key(route) || front.iter().any(|end| route.ends_with(end));
        assert!(told, "{route} is not in the document");
    }
    for (path, methods) in paths {
        for (method, told) in methods.as_object().unwrap() {
            let real = path.replace("{plan}", "plan");
            let real = if path == "/api/events" { "/api/events?plans=plan".into() } else { real };
            let responses = told["responses"].as_object().unwrap();
            let ok = responses.get("200").unwrap_or(&Value::Null);
            let streams = ok["content"].get("text/event-stream").is_some();
            if streams {
                gateway.events(&real, &[]);
            } else {
                let answer = gateway.ask(&method.to_uppercase(), &real, &[]);
                let status = answer.status.to_string();
                assert!(responses.contains_key(&status), "{method} {path}: {answer:?}");
                check(&document, &responses[&status], &answer.body);
            }
            let open = told["security"] == json!([]);
            let bare = gateway.ask(&method.to_uppercase(), &real, &[("authorization", "")]);
            assert_eq!(open, bare.status == 200, "{method} {path}");
        }
    }
    let gone = gateway.get("/api/plans/none/records");
    check(&document, &document["components"]["responses"]["Error"], &gone.body);
}

/// Holds a body to what the document says of it.
fn check(document: &Value, told: &Value, body: &str) {
    let told = match told["$ref"].as_str() {
        Some(name) => document.pointer(name.trim_start_matches('#')).unwrap(),
        None => told,
    };
    let Some(schema) = told["content"]["application/json"].get("schema") else { return };
    let mut schema = schema.clone();
    schema["components"] = document["components"].clone();
    let body: Value = serde_json::from_str(body).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let wrong: Vec<String> = validator.iter_errors(&body).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?} in {body}");
}
