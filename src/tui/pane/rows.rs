//! Records → rows: tracebacks, progress bars and copies folded.

use std::collections::HashSet;

use super::sense::{Held, Kind};
use crate::feed::window::{NEAR, NEAR_OF_TASKS, SOON};
use crate::model::{Level, Stream};

/// One row, or several if it is wrapped.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Row {
    /// The record it shows, and by which it is known: its place among those held.
    pub(super) at: usize,
    /// Of a folded traceback: all its records, the first included.
    pub(super) folded: Vec<usize>,
    /// It is the first of a traceback that is open.
    pub(super) opened: bool,
    /// Records that say the same.
    pub(super) copies: Vec<usize>,
}

/// What is to be folded.
#[derive(Clone, Debug, Default)]
pub(super) struct Folding {
    /// Nothing: lines as they were written.
    pub(super) raw: bool,
    /// No traceback.
    pub(super) open_all: bool,
    /// Tracebacks that are otherwise than all, by plan and seq of their first record.
    pub(super) flipped: HashSet<(usize, u64)>,
}

/// Rows, and for each record held the row that shows it.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) list: Vec<Row>,
    row_of: Vec<usize>,
}

/// The end of a stream as far as it was seen.
struct Stretch {
    /// The last record of the stream.
    last: usize,
    /// The traceback it is in.
    trace: Option<Trace>,
}

/// A traceback that has not ended.
#[derive(Clone, Copy)]
struct Trace {
    head: usize,
    /// The line of the exception has come.
    told: bool,
}

const NONE: usize = usize::MAX;

impl Rows {
    pub(super) fn new(held: &[Held], folding: &Folding) -> Rows {
        // For each record, the one that shows it.
        let mut shown: Vec<usize> = (0..held.len()).collect();
        let mut traced: Vec<bool> = vec![false; held.len()];
        if !folding.raw {
            fold_streams(held, &mut shown, &mut traced);
            fold_copies(held, &mut shown);
        }
        let mut rows = Rows { list: Vec::new(), row_of: vec![NONE; held.len()] };
        for at in 0..held.len() {
            let head = shown[at];
            let place = &held[head].item.place;
            let open = traced[head]
                && (folding.open_all != folding.flipped.contains(&(place.plan, place.seq)));
            if head == at || open && traced[at] {
                rows.row_of[at] = rows.list.len();
                let opened = open && head == at;
                rows.list.push(Row { at, opened, ..Row::default() });
            }
        }
        for at in 0..held.len() {
            if rows.row_of[at] != NONE && !traced[at] {
                continue;
            }
            // A bar is shown by its last state, which comes later.
            let head = if rows.row_of[at] == NONE { last_of(&shown, at) } else { shown[at] };
            let row = rows.row_of[head];
            if rows.row_of[at] == NONE {
                rows.row_of[at] = row;
            }
            let Some(row) = rows.list.get_mut(row) else { continue };
            if traced[at] && traced[head] && !row.opened {
                row.folded.push(at);
            } else if !traced[at] && at != head && !held[at].is_bar() {
                row.copies.push(at);
            }
        }
        rows
    }

    /// Whether this record is seen only by another one that says the same, or follows it.
    pub(super) fn hides(&self, at: usize) -> bool {
        self.list.get(self.of(at)).is_none_or(|row| row.at != at && !row.folded.contains(&at))
    }

    /// The row that shows this record.
    pub(super) fn of(&self, at: usize) -> usize {
        self.row_of.get(at).copied().unwrap_or(0)
    }
}

/// The record that shows this one in the end.
fn last_of(shown: &[usize], at: usize) -> usize {
    let mut head = shown[at];
    while shown[head] != head {
        head = shown[head];
    }
    head
}

/// Tracebacks are shown by their first line, bars by their last state.
fn fold_streams(held: &[Held], shown: &mut [usize], traced: &mut [bool]) {
    let mut stretches: Vec<Stretch> = Vec::new();
    for at in 0..held.len() {
        let line = &held[at];
        let found = stretches.iter_mut().find(|stretch| held[stretch.last].is_beside(line));
        let Some(stretch) = found else {
            let mut stretch = Stretch { last: at, trace: None };
            begin(line, at, &mut stretch, traced);
            stretches.push(stretch);
            continue;
        };
        if held[stretch.last].is_bar() && shown[stretch.last] == stretch.last {
            shown[stretch.last] = at;
        }
        stretch.last = at;
        match stretch.trace.and_then(|trace| goes_on(trace, line)) {
            Some(trace) => {
                stretch.trace = Some(trace);
                (shown[at], traced[at]) = (trace.head, true);
            }
            None => begin(line, at, stretch, traced),
        }
    }
}

fn begin(line: &Held, at: usize, stretch: &mut Stretch, traced: &mut [bool]) {
    let begins = line.kind == Kind::Trace;
    stretch.trace = begins.then_some(Trace { head: at, told: false });
    traced[at] = begins;
}

/// The traceback with this line, if the line belongs to it.
fn goes_on(trace: Trace, line: &Held) -> Option<Trace> {
    let carried = line.item.level >= Some(Level::Warning);
    match &line.kind {
        Kind::Indented => Some(trace),
        Kind::Trace | Kind::Chain => Some(Trace { told: false, ..trace }),
        Kind::Line { prefixed: false } if !trace.told => Some(Trace { told: true, ..trace }),
        // More of the exception's message: the recorder has given it the level of its error.
        Kind::Line { prefixed: false } | Kind::Blank if carried => Some(trace),
        Kind::Blank if trace.told => Some(trace),
        _ => None,
    }
}

/// What was said already, by another stream or in another form, is shown by its original.
fn fold_copies(held: &[Held], shown: &mut [usize]) {
    for at in 0..held.len() {
        if shown[at] != at || !may_be_copied(&held[at]) {
            continue;
        }
        let soonest = held[at].item.place.ts.0 - SOON;
        let reach = match held[at].kind {
            Kind::Task { .. } => NEAR_OF_TASKS,
            _ => NEAR,
        };
        let near = (at.saturating_sub(reach)..at).rev();
        let soon = near.take_while(|&before| held[before].item.place.ts.0 >= soonest);
        let original = soon.into_iter().find(|&before| {
            shown[before] == before
                && is_copy(&held[before], &held[at])
                // Each voice tells it once: if it has been told by this one, it is told anew.
                && !(before + 1..at).any(|other| {
                    shown[other] == before && same_voice(&held[other], &held[at])
                })
        });
        if let Some(original) = original {
            shown[at] = original;
        } else if let Some(before) = said_before(held, at) {
            shown[at] = shown[before];
        }
    }
}

/// The same words just before, where they are of those that nobody needs twice: a worker of Luigi's
/// that waits says each second that it waits, in four lines of level debug.
fn said_before(held: &[Held], at: usize) -> Option<usize> {
    let line = &held[at];
    if line.item.level != Some(Level::Debug) || line.kind != (Kind::Line { prefixed: true }) {
        return None;
    }
    let soonest = line.item.place.ts.0 - SOON;
    let near = (at.saturating_sub(NEAR)..at).rev();
    let mut soon = near.take_while(|&before| held[before].item.place.ts.0 >= soonest);
    soon.find(|&before| {
        let other = &held[before];
        other.is_beside(line)
            && other.kind == line.kind
            && other.item.level == line.item.level
            && other.message() == line.message()
    })
}

fn may_be_copied(line: &Held) -> bool {
    matches!(line.kind, Kind::Task { .. } | Kind::Line { prefixed: true })
}

fn is_copy(original: &Held, copy: &Held) -> bool {
    let (a, b) = (&original.item, &copy.item);
    if a.place.plan != b.place.plan || a.run != b.run || same_voice(original, copy) {
        return false;
    }
    match (&original.kind, &copy.kind) {
        (
            Kind::Task { family: one, printed: p, .. },
            Kind::Task { family: other, printed: q, .. },
        ) => {
            let same = one == other && a.task_event == b.task_event;
            same && (p != q || a.task == b.task)
        }
        (Kind::Line { .. }, Kind::Line { .. }) => {
            a.level == b.level && original.message() == copy.message()
        }
        _ => false,
    }
}

/// Whether both are from one stream in one form: then they are two, even if they are alike.
fn same_voice(one: &Held, other: &Held) -> bool {
    let form = |held: &Held| match held.kind {
        Kind::Task { printed, .. } => (usize::from(printed), held.item.stream != Stream::Events),
        _ => (held.body, true),
    };
    one.item.stream == other.item.stream && form(one) == form(other)
}

#[cfg(test)]
mod tests {
    use super::super::tests::item;
    use super::*;
    use crate::feed::window::Item;
    use crate::model::Eol;

    fn held(items: Vec<Item>) -> Vec<Held> {
        items.into_iter().map(Held::new).collect()
    }

    fn shown(held: &[Held], folding: &Folding) -> Vec<(u64, usize, usize)> {
        let rows = Rows::new(held, folding);
        for (at, _) in held.iter().enumerate() {
            assert!(rows.of(at) < rows.list.len(), "every record has a row");
        }
        let of = |row: &Row| (held[row.at].item.place.seq, row.folded.len(), row.copies.len());
        rows.list.iter().map(of).collect()
    }

    fn error(mut item: Item) -> Item {
        item.level = Some(Level::Error);
        item
    }

    #[test]
    fn a_traceback_is_one_row_until_it_is_opened() {
        let lines = held(vec![
            item(1, "stderr", "ERROR: [pid 1] Worker failed"),
            error(item(2, "stderr", "Traceback (most recent call last):")),
            error(item(3, "stderr", "  File \"x.py\", line 1")),
            item(4, "stdout", "meanwhile"),
            error(item(5, "stderr", "KeyError: 'threats'")),
            error(item(6, "stderr", "")),
            error(item(
                7,
                "stderr",
                "During handling of the above exception, another exception occurred:",
            )),
            error(item(8, "stderr", "")),
            error(item(9, "stderr", "Traceback (most recent call last):")),
            error(item(10, "stderr", "  File \"x.py\", line 2")),
            error(item(11, "stderr", "ValueError: no")),
            item(12, "stderr", "INFO: on we go"),
        ]);
        let rows = shown(&lines, &Folding::default());
        assert_eq!(rows, [(1, 0, 0), (2, 9, 0), (4, 0, 0), (12, 0, 0)]);
        let open = Folding { flipped: [(0, 2)].into(), ..Folding::default() };
        assert_eq!(shown(&lines, &open).len(), 12);
        let all = Folding { open_all: true, ..Folding::default() };
        assert_eq!(shown(&lines, &all).len(), 12);
        let raw = Folding { raw: true, ..Folding::default() };
        assert_eq!(shown(&lines, &raw).len(), 12);
    }

    #[test]
    fn an_uncaught_exception_ends_behind_its_message() {
        let lines = held(vec![
            item(1, "stderr", "Traceback (most recent call last):"),
            item(2, "stderr", "  File \"x.py\", line 1"),
            item(3, "stderr", "KeyError: 'threats'"),
            item(4, "stderr", "something else"),
        ]);
        assert_eq!(shown(&lines, &Folding::default()), [(1, 3, 0), (4, 0, 0)]);
    }

    #[test]
    fn a_bar_is_shown_by_its_last_state() {
        let bar = |seq, msg| Item { eol: Eol::Cr, ..item(seq, "stderr", msg) };
        let lines = held(vec![
            bar(1, "10%"),
            item(2, "stdout", "meanwhile"),
            bar(3, "50%"),
            item(4, "stderr", "100%"),
            item(5, "stderr", "done"),
            bar(6, "5%"),
        ]);
        let rows = shown(&lines, &Folding::default());
        assert_eq!(rows, [(2, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0)]);
    }

    #[test]
    fn an_end_that_lines_and_events_tell_twice_each_is_one_row() {
        let of = |seq, stream: &str, task: &str, msg: &str| Item {
            task: Some(task.into()),
            task_event: Some("done".into()),
            ..item(seq, stream, msg)
        };
        // As recorded from a plan of four workers.
        let lines = held(vec![
            of(
                94,
                "stderr",
                "Staff()",
                "INFO: [pid 31032] Worker Worker(salt=1) done      Staff()",
            ),
            of(
                95,
                "events",
                "Staff()",
                r#"{"ev":"success","id":"Staff__99914b932b","name":"Staff()"}"#,
            ),
            of(
                96,
                "stderr",
                "Staff__99914b932b",
                "INFO: Informed scheduler that task   Staff__99914b932b   has status   DONE",
            ),
            of(
                97,
                "events",
                "Staff()",
                r#"{"ev":"status","id":"Staff__99914b932b","name":"Staff()","status":"DONE"}"#,
            ),
        ]);
        assert_eq!(shown(&lines, &Folding::default()), [(94, 0, 3)]);
    }

    #[test]
    fn copies_of_a_line_are_one_row_and_repeated_lines_are_not() {
        let lines = held(vec![
            item(1, "stdout", "2026-11-23 17:36:12 - planexe - INFO - thinking"),
            item(2, "stderr", "INFO: thinking"),
            item(3, "stderr", "INFO: thinking"),
            item(4, "stdout", "print"),
            item(5, "stdout", "print"),
            item(6, "stderr", "print"),
        ]);
        let rows = shown(&lines, &Folding::default());
        assert_eq!(rows, [(1, 0, 1), (3, 0, 0), (4, 0, 0), (5, 0, 0), (6, 0, 0)]);
    }

    #[test]
    fn what_is_said_again_each_second_is_one_row_until_it_stops() {
        let waits = |second: u64| {
            let say = move |at, words: &str| item(second * 1_000 + at, "stderr", words);
            [say(1, "DEBUG: Asking scheduler for work..."), say(2, "DEBUG: Done")]
        };
        let mut items: Vec<Item> = (0..60).flat_map(waits).collect();
        items.push(item(60_000, "stderr", "INFO: Done"));
        items.extend(waits(60));
        items.extend(waits(63));
        let rows = shown(&held(items), &Folding::default());
        let seqs: Vec<u64> = rows.iter().map(|(seq, ..)| *seq).collect();
        assert_eq!(seqs, [1, 2, 60_000, 63_001, 63_002]);
        // As it was printed, it is every line.
        let raw = Folding { raw: true, ..Folding::default() };
        assert_eq!(shown(&held(waits(1).into_iter().chain(waits(2)).collect()), &raw).len(), 4);
    }

    #[test]
    fn what_two_witnesses_say_of_a_task_is_one_row() {
        let task = |seq, stream: &str, task: &str, event: &str| Item {
            task: Some(task.into()),
            task_event: Some(event.into()),
            ..item(seq, stream, "x")
        };
        let lines = held(vec![
            task(1, "stderr", "A(n=1)", "started"),
            task(2, "events", "A(n=1)", "started"),
            task(3, "stderr", "A(n=2)", "started"),
            task(4, "stderr", "A(n=1)", "done"),
            task(5, "events", "A(n=1)", "done"),
            task(6, "stderr", "A_1_0123456789", "done"),
            task(7, "stderr", "B(n=1)", "done"),
        ]);
        let rows = shown(&lines, &Folding::default());
        assert_eq!(rows, [(1, 0, 1), (3, 0, 0), (4, 0, 2), (7, 0, 0)]);
    }
}
