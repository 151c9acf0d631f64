//! The page, live: in a browser, with real Luigi plans, over a server that is killed.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;

use rustix::process::Signal;
use serde_json::Value;

use super::browser::Browser;
use super::client::Gateway;
use crate::harness::{Home, Step, luigi_python, scale};

const TASKS: &str = r#"
import os, time, luigi

class Step(luigi.Task):
    n = luigi.IntParameter()
    def requires(self): return [Step(self.n - 1)] if self.n else []
    def output(self): return luigi.LocalTarget(f"out-{os.environ['PLANWATCH_PLAN']}/{self.n}")
    def run(self):
        for line in range(40):
            print(f"step {self.n} line {line} <img src=x onerror=window.hacked=1>", flush=True)
            time.sleep(0.002)
        if self.n == 3:
            print("ERROR: the third step is loud\x1b[31m \u202e", flush=True)
            while not os.path.exists("gate"): time.sleep(0.01)
        with self.output().open("w") as file: file.write("x")
"#;

/// Everything that stands in the log pane, top to bottom, read as a reader would: by scrolling.
const EVERYTHING: &str = "(async () => {
    const log = document.querySelector('#log'), seen = new Map();
    const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
    for (let at = 0; at <= log.scrollHeight; at += 400) {
        log.scrollTop = at;
        await frame();
        for (const row of log.querySelectorAll('li')) seen.set(row.offsetTop + row.parentElement.getBoundingClientRect().top
            - log.getBoundingClientRect().top + log.scrollTop, row.dataset.seq);
    }
    return [...seen.entries()].sort((a, b) => a[0] - b[0]).map((entry) => Number(entry[1]));
})()";

fn shows(home: &Home, browser: &mut Browser, plan: &str) {
    // What the bridge reports is told by the tasks, not by the log.
    let mut records = home.records(plan).0;
    records.retain(|record| record["stream"] != "events");
    let expected: Vec<u64> = records.iter().filter_map(|record| record["seq"].as_u64()).collect();
    let last = expected.len();
    browser.eval(&format!("document.querySelector('[data-plan=\"{plan}\"]').click()"));
    browser.until(&format!(
        "document.querySelector('#count').value === '{last} lines' && \
         document.querySelector('#name').textContent === '{plan}'"
    ));
    let seqs: Vec<u64> =
        browser.eval(EVERYTHING).as_array().unwrap().iter().filter_map(Value::as_u64).collect();
    assert_eq!(seqs, expected, "{plan}: lost or doubled");
}

#[test]
fn the_page_shows_every_line_once_however_often_the_server_dies() {
    let Some(python) = luigi_python() else { panic!("no Python that can import luigi") };
    let home = Home::new();
    std::fs::write(home.file("steps.py"), TASKS).unwrap();
    let token = home.file("token").display().to_string();
    let gateway = Gateway::start(&home, &["--token-file", &token]);
    let secret = std::fs::read_to_string(home.file("token")).unwrap();
    let url = format!("http://{}/#token={}", gateway.host, secret.trim());
    let Some(mut browser) = Browser::start(&url) else {
        eprintln!("there is no chromium: the page is not looked at");
        return;
    };
    browser.until("document.querySelector('#link').dataset.state === 'live'");
    assert_eq!(browser.eval("location.hash"), "", "the token leaves the address bar");
    let plans = ["dublin-cafe", "mars-base", "museum-night"];
    for plan in plans {
        home.planwatch(["run", "-d", "-n", plan, "--"])
            .arg(&python)
            .args(&[
                "-m",
                "luigi",
                "--module",
                "steps",
                "Step",
                "--n",
                "6",
                "--local-scheduler",
                "--no-lock",
            ])
            .env("PYTHONPATH", &home.file("").display().to_string())
            .prints_something()
            .may_speak()
            .runs();
    }
    browser.until("document.querySelectorAll('#plans button').length === 3");
    browser.eval("document.querySelector('[data-plan=mars-base]').click()");
    browser.until("document.querySelector('#log').textContent.includes(' line 1')");
    browser.until("document.querySelectorAll('#tasks li').length > 0");
    // What a line says stays text.
    browser.until("document.querySelector('#log').textContent.includes('<img src=x onerror')");
    assert_eq!(browser.eval("document.images.length"), 0);

    let mut gateway = gateway;
    for _ in 0..scale(2, 10) {
        let host = gateway.host.clone();
        gateway.live.signal(Signal::KILL);
        gateway.live.ends();
        browser.until("document.querySelector('#link').dataset.state === 'broken'");
        gateway = Gateway::at(&home, &host, &["--token-file", &token]);
        browser.until("document.querySelector('#link').dataset.state === 'live'");
    }
    browser.until("document.querySelectorAll('#plans .bar').length === 3");
    if let Some(path) = std::env::var_os("PLANWATCH_PICTURE") {
        use base64::Engine;
        browser.until("document.querySelector('#log').textContent.includes('loud')");
        let picture = base64::engine::general_purpose::STANDARD.decode(browser.picture()).unwrap();
        std::fs::write(path, picture).unwrap();
    }
    home.touch("gate");
    for plan in plans {
        home.planwatch(["wait", plan]).prints(&format!("{plan} succeeded 0\n")).may_speak().runs();
    }
    for plan in plans {
        shows(&home, &mut browser, plan);
    }
    let said = browser.eval("document.querySelector('#log').textContent");
    assert!(said.as_str().is_some_and(|text| !text.contains(['\u{1b}', '\u{202e}'])));

    // Only what is visible is drawn; a search finds the rest.
    assert!(browser.eval("document.querySelectorAll('#rows li').length").as_u64() < Some(100));
    browser.press("/");
    for key in ["l", "o", "u", "d"] {
        browser.press(key);
    }
    browser.until("document.querySelector('#count').value.startsWith('1 of ')");
    assert_eq!(browser.eval("document.querySelector('#rows mark').textContent"), "loud");
    for what in ["violations", "errors"] {
        assert_eq!(browser.eval(&format!("window.{what}")), serde_json::json!([]), "{what}");
    }
    assert!(browser.eval("window.hacked").is_null());
}

/// A proxy between a browser and the gateway that hangs up on requests whose head it is asked about.
fn proxy(gateway: &Gateway, hangs_up: impl Fn(&str) -> bool + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (here, there) = (listener.local_addr().unwrap().to_string(), gateway.host.clone());
    let hangs_up = Arc::new(hangs_up);
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (there, hangs_up) = (there.clone(), Arc::clone(&hangs_up));
            std::thread::spawn(move || {
                let Ok(server) = TcpStream::connect(there) else { return };
                let (mut back, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut back, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                let (mut client, mut server) = (client, server);
                let mut chunk = [0; 16 << 10];
                while let Ok(read @ 1..) = client.read(&mut chunk) {
                    let said = String::from_utf8_lossy(&chunk[..read]).to_lowercase();
                    if hangs_up(&said) || server.write_all(&chunk[..read]).is_err() {
                        break;
                    }
                }
                let _ = client.shutdown(Shutdown::Both);
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    here
}

#[test]
fn the_page_falls_back_to_events_and_to_polling_and_loses_nothing() {
    let home = Home::new();
    let gateway = Gateway::start(&home, &["--no-token"]);
    let no_sockets = proxy(&gateway, |head| head.contains("upgrade: websocket"));
    let polls_only =
        proxy(&gateway, |head| head.contains("upgrade: websocket") || head.contains("/events"));
    let (stop, wrote) = (home.file("stop"), home.file("wrote"));
    let steps = [Step::Rate(300), Step::Until(stop, wrote)];
    for plan in ["plan", "other"] {
        home.run_oracle(&["-d", "-n", plan], &steps).prints_something().may_speak().runs();
    }
    let mut pages = Vec::new();
    for (host, way) in [(&no_sockets, "events"), (&polls_only, "polling")] {
        let Some(mut browser) = Browser::start(&format!("http://{host}/")) else {
            eprintln!("there is no chromium: the page is not looked at");
            return;
        };
        browser.until(&format!("document.querySelector('#link').textContent === 'live · {way}'"));
        browser.eval("document.querySelector('[data-plan=plan]').click()");
        browser.until("parseInt(document.querySelector('#count').value) > 100");
        pages.push(browser);
    }
    home.touch("stop");
    for plan in ["plan", "other"] {
        home.planwatch(["wait", plan]).prints_something().may_speak().runs();
    }
    for browser in &mut pages {
        shows(&home, browser, "plan");
        // Another plan over the same way, and back.
        shows(&home, browser, "other");
        let said = "document.querySelector('#link').dataset.state";
        assert_eq!(browser.eval(said), "live");
        assert_eq!(browser.eval("window.errors"), serde_json::json!([]));
    }
}

#[test]
fn a_hundred_thousand_lines_are_on_the_page_and_a_screenful_of_them_in_its_document() {
    let home = Home::new();
    let steps = [Step::Size(60, 140), Step::Stdout(100_000)];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints_something().may_speak().runs();
    home.planwatch(["wait", "plan"]).prints_something().may_speak().runs();
    let gateway = Gateway::start(&home, &["--no-token"]);
    let Some(mut browser) = Browser::start(&format!("http://{}/", gateway.host)) else {
        eprintln!("there is no chromium: the page is not looked at");
        return;
    };
    browser.until("parseInt(document.querySelector('#count').value) >= 100000");
    let rows = "document.querySelectorAll('#rows li').length";
    let first = "Number(document.querySelector('#rows li').dataset.seq)";
    browser.until(&format!("{first} > 99000"));
    for part in [0.0, 0.5, 0.25, 1.0] {
        let to = format!("(log => log.scrollTop = {part} * log.scrollHeight)");
        browser.eval(&format!("{to}(document.querySelector('#log'))"));
        let near = format!("Math.abs({first} - {part} * 100000) < 200");
        browser.until(&near);
        assert!(browser.eval(rows).as_u64() < Some(100));
    }
    // A search through all of them, and out of it.
    browser.eval(
        "(input => { input.value = 'e'; input.dispatchEvent(new Event('input')); })\
         (document.querySelector('#search'))",
    );
    browser.until("document.querySelector('#count').value.includes(' of 1000')");
    assert!(browser.eval(rows).as_u64() < Some(100));
    assert_eq!(browser.eval("window.errors"), serde_json::json!([]));
}

#[test]
fn what_is_pressed_read_and_selected_stays_while_everything_changes() {
    let home = Home::new();
    let lines =
        [Step::Both(400), Step::Until(home.file("over"), home.file("tally")), Step::Exit(0)];
    for plan in ["dublin-cafe", "mars-base"] {
        let all = [&[Step::Rate(300)], &lines[..]].concat();
        home.run_oracle(&["-d", "-n", plan], &all).prints_something().may_speak().runs();
    }
    let gateway = Gateway::start(&home, &["--no-token"]);
    let Some(mut browser) = Browser::start(&format!("http://{}/", gateway.host)) else {
        eprintln!("there is no chromium: the page is not looked at");
        return;
    };
    browser.until("document.querySelector('#link').dataset.state === 'live'");
    browser.until("document.querySelectorAll('#plans button').length === 2");
    browser.until("document.querySelector('#name').textContent === 'dublin-cafe'");
    // The list is drawn anew, at least once, between the press and the release.
    let redrawn = "new Promise((done) => { const wait = new MutationObserver(() => { wait.disconnect(); done(); });
        wait.observe(document.querySelector('#plans'), { childList: true, subtree: true, characterData: true }); })";
    browser.click_slowly("[data-plan=mars-base] b", redrawn);
    browser.until("document.querySelector('#name').textContent === 'mars-base'");
    // Away and back while lines come: every line of it is there.
    for plan in ["dublin-cafe", "mars-base", "dublin-cafe", "mars-base", "dublin-cafe"] {
        browser.eval(&format!("document.querySelector('[data-plan={plan}]').click()"));
    }
    // A key turns following off, also where the log itself has the focus.
    browser.until("document.querySelectorAll('#rows li').length > 20");
    browser.eval("document.querySelector('#log').focus()");
    browser.press("f");
    browser.until("document.querySelector('#follow').checked === false");
    // What is selected stays so while lines come.
    browser.eval("document.querySelector('#log').scrollTop = 0");
    browser.until("document.querySelector('#rows li').dataset.seq === '1'");
    browser.eval("getSelection().selectAllChildren(document.querySelector('#rows li'))");
    let more = "(() => { const had = document.querySelector('#count').value;
        return new Promise((done) => { const look = () => document.querySelector('#count').value === had
            ? requestAnimationFrame(look) : requestAnimationFrame(() => requestAnimationFrame(done)); look(); }); })()";
    browser.eval(more);
    assert_ne!(browser.eval("String(getSelection())"), "");
    // The place that is read stays while the filter changes.
    browser.eval("document.querySelector('#log').scrollTop = 400");
    let frames = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))";
    browser.eval(frames);
    let top = "(() => { const log = document.querySelector('#log').getBoundingClientRect().top;
        return [...document.querySelectorAll('#rows li')].find((row) => row.getBoundingClientRect().bottom > log + 1).dataset.seq; })()";
    let before = browser.eval(top);
    for level in ["debug", "all"] {
        browser.eval(&format!(
            "(() => {{ const level = document.querySelector('#level');
            level.value = [...level.options].find((option) => option.text === '{level}').value;
            level.dispatchEvent(new Event('change')); }})()"
        ));
    }
    browser.eval(frames);
    assert_eq!(browser.eval(top), before);
    home.touch("over");
    for plan in ["dublin-cafe", "mars-base"] {
        home.planwatch(["wait", plan]).prints_something().may_speak().runs();
    }
    shows(&home, &mut browser, "dublin-cafe");
    assert_eq!(browser.eval("window.errors"), serde_json::json!([]));
}
