//! The page in a real browser, driven over the DevTools protocol.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use tungstenite::{Message, WebSocket, client};

use crate::harness::{LIMIT, within};

/// A headless Chromium with one page. Dropping it ends it.
pub(crate) struct Browser {
    process: Child,
    socket: WebSocket<TcpStream>,
    session: Option<String>,
    next: u64,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// None where there is none.
    pub(crate) fn start(url: &str) -> Option<Browser> {
        let profile = tempfile::tempdir().expect("a folder");
        let mut process = Command::new("chromium")
            .args(["--headless=new", "--disable-gpu", "--no-first-run", "--disable-dev-shm-usage"])
            // Without its own sandbox, which it refuses to make for root.
            .args(["--no-sandbox", "--remote-debugging-port=0", "--window-size=1280,760"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        let mut said = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let address = said
            .find_map(|line| line.ok()?.strip_prefix("DevTools listening on ").map(str::to_owned));
        let address = address.expect("it says where it listens");
        // What it says from here on must not fill the pipe.
        std::thread::spawn(move || said.for_each(drop));
        let host = address.trim_start_matches("ws://").split('/').next().expect("a host");
        let stream = TcpStream::connect(host).expect("it listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a timeout");
        let (socket, _) = client(address.as_str(), stream).expect("a WebSocket");
        let mut browser = Browser { process, socket, session: None, next: 0, _profile: profile };
        let target = browser.ask("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let session = browser.ask("Target.attachToTarget", attach);
        browser.session = session["sessionId"].as_str().map(str::to_owned);
        browser.ask("Page.enable", json!({}));
        let watch = "window.violations = []; document.addEventListener('securitypolicyviolation', \
                     (event) => window.violations.push(event.violatedDirective)); \
                     window.errors = []; window.addEventListener('error', \
                     (event) => window.errors.push(String(event.message)));";
        browser.ask("Page.addScriptToEvaluateOnNewDocument", json!({ "source": watch }));
        browser.ask("Page.navigate", json!({ "url": url }));
        Some(browser)
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let mut message = json!({ "id": self.next, "method": method, "params": params });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        self.socket.send(Message::text(message.to_string())).expect("it listens");
        loop {
            let Ok(Message::Text(text)) = self.socket.read() else { panic!("it has gone") };
            let answer: Value = serde_json::from_str(&text).expect("JSON");
            if answer["id"] == self.next {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].clone();
            }
        }
    }

    /// The value of an expression in the page.
    pub(crate) fn eval(&mut self, expression: &str) -> Value {
        let params =
            json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let result = self.ask("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub(crate) fn until(&mut self, expression: &str) {
        // What is looked for may not be there yet.
        let tried =
            format!("(() => {{ try {{ return {expression} }} catch {{ return false }} }})()");
        if within(LIMIT, || (self.eval(&tried) == true).then_some(())).is_none() {
            let seen = self.eval("document.body.innerText");
            panic!("waited in vain for {expression}; the page shows {seen}");
        }
    }

    pub(crate) fn press(&mut self, key: &str) {
        for kind in ["keyDown", "keyUp"] {
            let event = json!({ "type": kind, "key": key, "text": if kind == "keyDown" { key } else { "" } });
            self.ask("Input.dispatchKeyEvent", event);
        }
    }

    /// Presses the mouse on an element, looks at the page for a while, and lets it go.
    pub(crate) fn click_slowly(&mut self, element: &str, meanwhile: &str) {
        let at = self.eval(&format!(
            "(() => {{ const box = document.querySelector('{element}').getBoundingClientRect();
            return [box.x + box.width / 2, box.y + box.height / 2]; }})()"
        ));
        let mouse = |kind| json!({ "type": kind, "x": at[0], "y": at[1], "button": "left", "clickCount": 1 });
        self.ask("Input.dispatchMouseEvent", mouse("mousePressed"));
        self.eval(meanwhile);
        self.ask("Input.dispatchMouseEvent", mouse("mouseReleased"));
    }

    /// A picture of the page, in base64.
    pub(crate) fn picture(&mut self) -> String {
        let picture = self.ask("Page.captureScreenshot", json!({ "format": "png" }));
        picture["data"].as_str().expect("a picture").to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
