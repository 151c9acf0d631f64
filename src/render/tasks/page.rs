//! One page that shows everything: it asks no server, so that it can be mailed, kept and read
//! without a network.
//!
//! What the plan said stands in it as data and, for readers without scripts, as escaped text: no
//! name and no line of a log is ever markup.

use serde::Serialize;

use super::{Look, Scene, critical_path, head, timeline};
use crate::model::{AttemptEnd, Stamp, TaskState};

const FRAME: &str = include_str!("page/frame.html");
const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// With more tasks than this the picture for readers without scripts is left out.
const MOST_PLAIN: usize = 500;

/// What stands in the log where a task failed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Excerpt {
    /// The task.
    pub task: String,
    /// What went wrong.
    pub error: Option<String>,
    /// Lines of the log.
    pub lines: Vec<String>,
    /// Where to read on.
    pub more: String,
}

/// What the page's script is given. Times are in milliseconds since 1970.
#[derive(Serialize)]
struct Data<'a> {
    since: i64,
    until: i64,
    path: Option<Vec<usize>>,
    tasks: Vec<Row<'a>>,
    excerpts: &'a [Excerpt],
}

/// From, to, how it ended, process.
type Bar = (i64, Option<i64>, Option<AttemptEnd>, Option<i32>);

/// A task, in letters: there are thousands of them.
#[derive(Serialize)]
struct Row<'a> {
    /// Short name.
    n: &'a str,
    /// Whole name.
    t: &'a str,
    /// Id.
    #[serde(skip_serializing_if = "Option::is_none")]
    i: Option<&'a str>,
    /// State.
    s: TaskState,
    /// State in words.
    w: &'static str,
    /// Attempts.
    a: u32,
    /// Its attempts.
    h: Vec<Bar>,
    /// Error.
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<&'a str>,
    /// Note.
    #[serde(skip_serializing_if = "Option::is_none")]
    m: Option<String>,
    /// What it requires.
    r: Vec<u32>,
}

/// The page.
pub fn page(scene: &Scene<'_>, excerpts: &[Excerpt]) -> String {
    let title = format!("{} run {}", scene.plan, scene.run.run);
    let look = Look { width: None, colour: false };
    let mut lines = Vec::new();
    head(&mut lines, scene, look);
    let mut plain = Vec::new();
    if scene.table.tasks.len() <= MOST_PLAIN {
        timeline(&mut plain, scene, look);
    }
    let footer = format!("{title} as of {}, drawn by planwatch", scene.now);
    let text = |bytes: &[u8]| escaped(String::from_utf8_lossy(bytes).trim());
    filled(&[
        ("title", &escaped(&title)),
        ("style", STYLE),
        ("head", &text(&lines)),
        ("plain", &text(&plain)),
        ("footer", &escaped(&footer)),
        ("data", &data(scene, excerpts)),
        ("script", SCRIPT),
    ])
}

/// The frame with its places filled, each once: what is put in is not looked at again.
fn filled(places: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(FRAME.len() + STYLE.len() + SCRIPT.len());
    let mut rest = FRAME;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, behind) = after.split_once("}}").unwrap_or((after, ""));
        page.push_str(before);
        if let Some((_, text)) = places.iter().find(|(place, _)| *place == name) {
            page.push_str(text);
        }
        rest = behind;
    }
    page.push_str(rest);
    page
}

fn data(scene: &Scene<'_>, excerpts: &[Excerpt]) -> String {
    let millis = |at: Stamp| at.0.div_euclid(1000);
    let tasks = &scene.table.tasks;
    let rows = tasks.iter().enumerate().map(|(at, task)| Row {
        n: scene.names.of(at),
        t: &task.name,
        i: task.id.as_deref(),
        s: task.state,
        w: scene.word(task),
        a: task.attempts,
        h: (task.history.iter())
            .map(|attempt| {
                let ended = attempt.ended_at.map(millis);
                (millis(attempt.started_at), ended, attempt.end, attempt.pid)
            })
            .collect(),
        e: task.error.as_deref(),
        m: scene.note(task),
        r: task.requires.iter().copied().filter(|&at| (at as usize) < tasks.len()).collect(),
    });
    let data = Data {
        since: millis(scene.since()),
        until: millis(scene.until()),
        path: critical_path(scene.table, scene.until()),
        tasks: rows.collect(),
        excerpts,
    };
    // Inside a script element only `</script` and `<!--` mean anything.
    serde_json::to_string(&data).unwrap_or_default().replace('<', "\\u003c")
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
