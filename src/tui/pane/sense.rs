//! What an item means on the screen: found out once, when it comes.

use crate::feed::window::Item;
use crate::model::{Eol, Stream};
use crate::parse::luigi::{Told, told};
use crate::parse::recognise;

/// An item and what it means.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) item: Item,
    /// Where the message begins behind the line's own time, level and logger.
    pub(super) body: usize,
    pub(super) kind: Kind,
}

/// What a line is to its neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing special; `prefixed`: it names a level itself, and so ends a traceback.
    Line { prefixed: bool },
    /// The first line of a traceback.
    Trace,
    /// Indented: a frame, where there is a traceback.
    Indented,
    /// Empty.
    Blank,
    /// Says that another traceback follows.
    Chain,
    /// Says what happened to a task.
    Task { family: Box<str>, pid: Option<i32>, printed: bool },
    /// A note of planwatch's.
    Own,
}

impl Held {
    pub(super) fn new(item: Item) -> Held {
        let (body, kind) = sense(&item);
        Held { item, body, kind }
    }

    /// The message proper.
    pub(super) fn message(&self) -> &str {
        self.item.msg.get(self.body..).unwrap_or(&self.item.msg)
    }

    /// Whether it belongs to the same stream of the same run.
    pub(super) fn is_beside(&self, other: &Held) -> bool {
        self.item.place.plan == other.item.place.plan
            && self.item.run == other.item.run
            && self.item.stream == other.item.stream
    }

    /// Whether the next line of the stream is written over it.
    pub(super) fn is_bar(&self) -> bool {
        self.item.eol == Eol::Cr
    }
}

fn sense(item: &Item) -> (usize, Kind) {
    if item.stream == Stream::Planwatch {
        return (0, Kind::Own);
    }
    if item.task_words().is_some() {
        let pid = match told(item.msg.as_bytes()) {
            Some(Told::Task(line)) => line.pid,
            _ => None,
        };
        let (family, printed) = (item.family().into(), item.is_printed());
        return (item.body(), Kind::Task { family, pid, printed });
    }
    let msg = &*item.msg;
    let kind = match msg.as_bytes() {
        [] => Kind::Blank,
        [b' ' | b'\t', ..] if msg.trim().is_empty() => Kind::Blank,
        _ if msg.trim_start_matches([' ', '+', '|']).starts_with("Traceback (most recent call")
            || msg
                .trim_start_matches([' ', '+', '|'])
                .starts_with("Exception Group Traceback (") =>
        {
            Kind::Trace
        }
        [b' ' | b'\t', ..] => Kind::Indented,
        _ if msg.starts_with("During handling of the above exception")
            || msg.starts_with("The above exception was the direct cause") =>
        {
            Kind::Chain
        }
        _ => Kind::Line { prefixed: recognise(msg.as_bytes()).is_some() },
    };
    let at = if kind == (Kind::Line { prefixed: true }) { item.body() } else { 0 };
    (at, kind)
}

#[cfg(test)]
mod tests {
    use super::super::tests::item;
    use super::*;

    #[test]
    fn the_message_begins_behind_time_level_and_logger() {
        for (line, message) in [
            ("INFO: [pid 3] x", "[pid 3] x"),
            ("2026-11-23 17:36:12 - luigi-interface - INFO - a - b", "a - b"),
            ("2026-11-23 17:36:12,123 - planexe.plan - WARNING - -5 left", "-5 left"),
            ("[ERROR] failed: x", "failed: x"),
            ("ERROR:root:x: y", "x: y"),
            ("no prefix: x", "no prefix: x"),
        ] {
            let held = Held::new(item(1, "stderr", line));
            assert_eq!(held.message(), message, "{line}");
        }
    }
}
