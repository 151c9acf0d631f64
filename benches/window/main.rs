//! What a window on a large log costs: opening, jumping, searching, filtering, and memory.
//!
//! `cargo bench --bench window -- [MiB]` writes a log of that size (2048) beside `TMPDIR` and opens
//! panes on it as the screen does. Times are from the request to the picture.

#![allow(clippy::unwrap_used, missing_docs)]

use std::fs::File;
use std::io::Write as _;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use jiff::tz::TimeZone;
use planwatch::feed::window::{Answer, At, Told, Worker};
use planwatch::model::{Head, Level, Stamp, Text, encode_text};
use planwatch::store::layout::{Home, PlanDir};
use planwatch::tui::look::{Colours, Look};
use planwatch::tui::pane::{LogPane, PaneEffect, PaneKey, PaneMsg, Settings};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const AREA: Rect = Rect { x: 0, y: 0, width: 160, height: 48 };
const START: i64 = 1_795_455_372_000_000;

/// Writes a log of so many bytes; gives the number of its records.
fn write(plan: &PlanDir, bytes: u64) -> u64 {
    let head = Head::new(plan.name(), 1, "stdout");
    let (mut seq, mut written) = (0, 0);
    while written < bytes {
        let mut file = File::create(plan.segment(seq + 1)).unwrap();
        let mut segment = 0_u64;
        let mut block = Vec::new();
        while segment < 64 << 20 {
            block.clear();
            while block.len() < 1 << 20 {
                seq += 1;
                let level = if seq % 1_000_000 == 77 { Level::Error } else { Level::Info };
                let msg = format!(
                    "2026-11-23 17:36:12 - planexe.plan - {} - step {seq} of the work on what was asked, nothing to see",
                    level.name().to_uppercase()
                );
                let logger = Some(&b"planexe.plan"[..]);
                let text = Text {
                    off: seq * 100,
                    bytes: msg.as_bytes(),
                    level: Some(level),
                    logger,
                    ..Text::default()
                };
                let ts = Stamp(START + seq as i64 * 100).text();
                encode_text(&mut block, &head, &ts, seq, &text);
            }
            file.write_all(&block).unwrap();
            segment += block.len() as u64;
        }
        written += segment;
    }
    seq
}

struct Screen {
    pane: LogPane,
    worker: Worker,
    answers: Receiver<Answer>,
    look: Look,
    buffer: Buffer,
}

impl Screen {
    fn new(home: &Home, plan: &PlanDir) -> Screen {
        let (told, answers) = channel();
        let worker = Worker::start(home.clone(), move |answer| {
            let _ = told.send(answer);
        })
        .unwrap();
        let pane = LogPane::new(1, vec![plan.name().clone()], false, Settings::default());
        let look =
            Look { colours: Colours::Many, light: false, unicode: true, zone: TimeZone::UTC };
        Screen { pane, worker, answers, look, buffer: Buffer::empty(AREA) }
    }

    fn send(&mut self, msg: PaneMsg) {
        for effect in self.pane.update(msg) {
            if let PaneEffect::Ask(request) = effect {
                self.worker.ask(request);
            }
        }
    }

    /// Sends it and draws after every answer until the picture shows this. Gives milliseconds.
    fn until(&mut self, what: &str, msg: PaneMsg, shown: impl Fn(&str, &Told) -> bool) {
        let began = Instant::now();
        self.send(msg);
        let mut answers = 0;
        loop {
            let answer = self.answers.recv().unwrap();
            answers += 1;
            let told = answer.told.clone();
            self.send(PaneMsg::Answer(answer));
            self.buffer.reset();
            self.pane.view(AREA, &mut self.buffer, &self.look);
            let text: String = self.buffer.content().iter().map(|cell| cell.symbol()).collect();
            if shown(&text, &told) {
                break;
            }
        }
        let millis = began.elapsed().as_secs_f64() * 1000.0;
        println!("{what:<46} {millis:>9.1} ms  {answers:>4} answers  {:>6} KiB", peak());
    }
}

/// The most memory that was held, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn main() {
    let mut arguments =
        std::env::args().skip(1).filter(|arg| !arg.starts_with('-') && arg != "window");
    let size: u64 = match arguments.next().map(|arg| arg.parse()) {
        None => 2048,
        Some(Ok(size)) => size,
        // Another table is asked for.
        Some(Err(_)) => return,
    };
    let temp = tempfile::Builder::new().prefix("planwatch-window-").tempdir().unwrap();
    let home = Home::open(temp.path()).unwrap();
    let plan = home.plan(&"large".parse().unwrap());
    plan.create().unwrap();
    let records = write(&plan, size << 20);
    println!("{size} MiB, {records} records; memory so far {} KiB", peak());
    let mut screen = Screen::new(&home, &plan);
    let (width, height) = (AREA.width, AREA.height);
    let last = format!("step {records} ");
    screen.until("first picture, at the end", PaneMsg::Resize { width, height }, |text, _| {
        text.contains(&last)
    });
    screen.until("g", PaneMsg::Key(PaneKey::First), |text, _| text.contains("step 1 "));
    screen.until("G", PaneMsg::Key(PaneKey::Follow), |text, _| text.contains(&last));
    let (middle, step) = (records / 2, format!("step {} ", records / 2));
    let time = At::Time(Stamp(START + middle as i64 * 100));
    screen.until("a time in the middle", PaneMsg::Goto(time), |text, _| text.contains(&step));
    let key = |key| PaneMsg::Key(key);
    screen.until("e: the next error", key(PaneKey::NextError), |_, told| {
        matches!(told, Told::Opened { .. } | Told::Found(None))
    });
    screen.until("G", key(PaneKey::Follow), |text, _| text.contains(&last));
    let search = |text: &str| PaneMsg::Search { text: text.to_owned(), backward: true, done: true };
    screen.until(
        "?step 12345 of: from the end to the beginning",
        search("step 12345 of"),
        |text, _| text.contains("step 12345 "),
    );
    screen.until("  and how many there are", PaneMsg::Wheel(0), |_, told| {
        matches!(told, Told::Counted { done: true, .. })
    });
    screen.until("?st[e]p 12345 .f: not a literal", search("st[e]p 12345 .f"), |_, told| {
        matches!(told, Told::Counted { done: true, .. })
    });
    screen.until("G", key(PaneKey::Follow), |text, _| text.contains(&last));
    screen.until("level error: all there are", PaneMsg::Level(Some(Level::Error)), |_, told| {
        matches!(told, Told::Older(slice) if !slice.owed_before)
            || matches!(told, Told::Opened { slice, .. } if !slice.owed_before)
    });
}
