//! The pane on real logs, through a real worker: messages in, pictures out.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::*;
use crate::feed::window::{Answer, Item, Worker};
use crate::model::{Eol, Event, Head, Record, Stamp, Text, encode_event, encode_text};
use crate::parse::{Recogniser, luigi, recognise};
use crate::store::layout::Home;
use crate::tui::look::{Colours, Look};

mod hunts;
mod storm;
mod story;
mod walk;

/// 2026-11-23T17:36:12Z
const START: i64 = 1_795_455_372_000_000;

struct Bench {
    _temp: tempfile::TempDir,
    home: Home,
    worker: Worker,
    answers: Receiver<Answer>,
    pane: LogPane,
    others: Vec<PaneEffect>,
    written: Vec<(u64, Recogniser)>,
    width: u16,
    height: u16,
}

fn bench(plans: &[&str], settings: Settings) -> Bench {
    let temp = tempfile::tempdir().unwrap();
    let home = Home::open(temp.path()).unwrap();
    let plans: Vec<PlanName> = plans.iter().map(|name| name.parse().unwrap()).collect();
    for plan in &plans {
        home.plan(plan).create().unwrap();
    }
    let (told, answers) = channel();
    let worker = Worker::start(home.clone(), move |answer| {
        let _ = told.send(answer);
    })
    .unwrap();
    let written = plans.iter().map(|_| (0, Recogniser::default())).collect();
    let merged = plans.len() > 1;
    let pane = LogPane::new(3, plans, merged, settings);
    let (width, height, others) = (0, 0, Vec::new());
    Bench { _temp: temp, home, worker, answers, pane, others, written, width, height }
}

impl Bench {
    fn append(&mut self, plan: usize, bytes: &[u8]) {
        let path = self.home.plan(&self.pane.plans()[plan]).segment(1);
        OpenOptions::new().create(true).append(true).open(path).unwrap().write_all(bytes).unwrap();
    }

    /// A line of the plan's, recognised as the recorder does it; a tenth of a second a record.
    fn line(&mut self, plan: usize, stream: &str, msg: &str) {
        self.ended_line(plan, stream, msg, Eol::Lf);
    }

    fn ended_line(&mut self, plan: usize, stream: &str, msg: &str, eol: Eol) {
        let head = Head::new(&self.pane.plans()[plan], 1, stream);
        let (seq, recogniser) = &mut self.written[plan];
        *seq += 1;
        let seen = recogniser.see(msg.as_bytes(), eol);
        let told = luigi::told(msg.as_bytes());
        let task = match told {
            Some(luigi::Told::Task(line)) => Some((
                line.task,
                match line.word {
                    luigi::TaskWord::Running => "started",
                    luigi::TaskWord::Done => "done",
                    luigi::TaskWord::Failed => "failed",
                    luigi::TaskWord::Informed(luigi::Status::Done) => "done",
                    _ => "pending",
                },
            )),
            _ => None,
        };
        let (level, logger) = (seen.level, seen.logger);
        let bytes = msg.as_bytes();
        let text = Text { off: *seq, bytes, eol, level, logger, task, ..Text::default() };
        let ts = Stamp(START + *seq as i64 * 100_000).text();
        let mut line = Vec::new();
        encode_text(&mut line, &head, &ts, *seq, &text);
        self.append(plan, &line);
    }

    fn started(&mut self, plan: usize) {
        let head = Head::new(&self.pane.plans()[plan], 1, "planwatch");
        self.written[plan].0 += 1;
        let seq = self.written[plan].0;
        let event: Event = serde_json::from_str(
            r#"{"event":"run.started","argv":[],"cwd":"/","verdict":[],"boot":""}"#,
        )
        .unwrap();
        let ts = Stamp(START + seq as i64 * 100_000).text();
        let mut line = Vec::new();
        encode_event(&mut line, &head, &ts, seq, None, Level::Info, "run 1: python x", &event);
        self.append(plan, &line);
    }

    fn send(&mut self, msg: PaneMsg) {
        for effect in self.pane.update(msg) {
            match effect {
                PaneEffect::Ask(request) => self.worker.ask(request),
                other => self.others.push(other),
            }
        }
    }

    fn key(&mut self, key: PaneKey) {
        self.send(PaneMsg::Key(key));
        self.settle();
    }

    #[track_caller]
    fn hear(&mut self) {
        let answer = self.answers.recv_timeout(Duration::from_secs(20)).expect("an answer");
        self.send(PaneMsg::Answer(answer));
    }

    /// Until everything asked for has come.
    #[track_caller]
    fn settle(&mut self) {
        loop {
            let pending = &self.pane.pending;
            let owed = [pending.older, pending.newer, pending.find, pending.line, pending.open];
            let counting = pending.count.is_some();
            if owed == [None; 5] && pending.text.is_none() && !self.pane.loading && !counting {
                return;
            }
            self.hear();
        }
    }

    #[track_caller]
    fn open(&mut self, width: u16, height: u16) {
        (self.width, self.height) = (width, height);
        self.send(PaneMsg::Resize { width, height });
        self.settle();
    }

    fn search(&mut self, text: &str) {
        self.send(PaneMsg::Search { text: text.to_owned(), backward: false, done: true });
        self.settle();
    }

    fn buffer(&self) -> Buffer {
        let area = Rect::new(0, 0, self.width, self.height);
        let mut buf = Buffer::empty(area);
        let zone = TimeZone::UTC;
        let look = Look { colours: Colours::Many, light: false, unicode: true, zone };
        self.pane.view(area, &mut buf, &look);
        buf
    }

    /// What is on the screen, without spaces at the ends.
    fn picture(&self) -> String {
        let buf = self.buffer();
        let mut text = String::new();
        for y in 0..self.height {
            let mut row = String::new();
            let mut covered = 0;
            for x in 0..self.width {
                let symbol = buf[(x, y)].symbol();
                if covered > 0 {
                    covered -= 1;
                    continue;
                }
                row.push_str(symbol);
                covered = unicode_width::UnicodeWidthStr::width(symbol).saturating_sub(1);
            }
            text.push_str(row.trim_end());
            text.push('\n');
        }
        text
    }

    fn rows(&self) -> Vec<String> {
        self.picture().lines().map(str::to_owned).collect()
    }

    fn said(&self) -> Vec<&str> {
        fn said(effect: &PaneEffect) -> Option<&str> {
            match effect {
                PaneEffect::Say(text) => Some(text),
                _ => None,
            }
        }
        self.others.iter().filter_map(said).collect()
    }
}

/// The item of a line of the plan's, recognised as the recorder does it.
pub(super) fn item(seq: u64, stream: &str, msg: &str) -> Item {
    let line = serde_json::json!({
        "ts": Stamp(1_795_455_062_000_000 + seq as i64 * 1_000).to_string(),
        "seq": seq, "plan": "p", "run": 1, "stream": stream, "msg": msg,
    })
    .to_string();
    let mut item = Item::new(0, Record::parse(line.as_bytes()).unwrap());
    if let Some(prefix) = recognise(msg.as_bytes()) {
        item.level = Some(prefix.level);
        item.logger = prefix.logger.map(|name| String::from_utf8_lossy(name).into());
    }
    item
}
