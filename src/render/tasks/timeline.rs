//! The timeline: one row a task, bars over time, as wide as the terminal.

use std::collections::HashSet;
use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::{Look, Scene, critical_path, duration, rank, sign, tone};
use crate::model::{Attempt, AttemptEnd, Stamp, Task, TaskState, format_duration};
use crate::render::sanitize::harmless;
use crate::render::table::cut;
use crate::render::theme::{Tone, paint};

/// Columns that the timeline is drawn for where nothing else is known.
const WIDTH: usize = 100;

/// Distances between two marks of the axis, in seconds.
const STEPS: [u64; 18] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 28_800, 43_200,
    86_400,
];

/// Tasks that the legend names of a long path, at each end.
const ENDS: usize = 16;

/// Columns between two marks at least.
const APART: usize = 9;

/// Where things stand on a line.
struct Plan<'s> {
    scene: &'s Scene<'s>,
    colour: bool,
    /// Columns of the names, of the time taken, and of the bars.
    name: usize,
    took: usize,
    bars: usize,
    since: Stamp,
    /// Micros that the bars stand for; not 0.
    span: i64,
    critical: HashSet<usize>,
}

/// Appends the timeline. Those that ran come in the order in which they began, then those that have
/// not, with what they wait for.
pub fn timeline(to: &mut Vec<u8>, scene: &Scene<'_>, look: Look) {
    let path = critical_path(scene.table, scene.until());
    let plan = Plan::new(scene, look, path.as_deref().unwrap_or_default());
    let (begun, rest) = rows(scene);
    complete(to, &plan, look);
    if !begun.is_empty() {
        axis(to, &plan);
    }
    for at in begun.into_iter().chain(rest) {
        row(to, &plan, at);
    }
    legend(to, &plan, path.as_deref(), look);
}

impl Plan<'_> {
    fn new<'s>(scene: &'s Scene<'s>, look: Look, path: &[usize]) -> Plan<'s> {
        let width = look.width.unwrap_or(WIDTH);
        let shown = (0..scene.table.tasks.len())
            .filter(|&at| scene.table.tasks[at].state != TaskState::Complete)
            .map(|at| harmless(scene.names.of(at)).width());
        let name = shown.max().unwrap_or(0).min((width / 4).max(10));
        let took = if width >= 60 { 7 } else { 0 };
        let bars = width.saturating_sub(2 + name + took + 2).max(8);
        let since = scene.since();
        let span = (scene.until().0 - since.0).max(1);
        let critical = path.iter().copied().collect();
        Plan { scene, colour: look.colour, name, took, bars, since, span, critical }
    }

    fn column(&self, at: Stamp) -> usize {
        let after = i128::from((at.0 - self.since.0).clamp(0, self.span));
        let column = after * self.bars as i128 / i128::from(self.span);
        usize::try_from(column).unwrap_or(0).min(self.bars - 1)
    }
}

/// Those with bars, and those without.
fn rows(scene: &Scene<'_>) -> (Vec<usize>, Vec<usize>) {
    let tasks = &scene.table.tasks;
    let listed = (0..tasks.len())
        .filter(|&at| tasks[at].state != TaskState::Complete || !tasks[at].history.is_empty());
    let (mut begun, mut rest): (Vec<usize>, Vec<usize>) =
        listed.partition(|&at| !tasks[at].history.is_empty());
    begun.sort_by_key(|&at| (tasks[at].history.first().map(|first| first.started_at), at));
    rest.sort_by_key(|&at| (rank(tasks[at].state), at));
    (begun, rest)
}

/// Tasks that were complete before the run: a line for all of them.
fn complete(to: &mut Vec<u8>, plan: &Plan<'_>, look: Look) {
    let tasks = &plan.scene.table.tasks;
    let before: Vec<usize> = (0..tasks.len())
        .filter(|&at| tasks[at].state == TaskState::Complete && tasks[at].history.is_empty())
        .collect();
    if before.is_empty() {
        return;
    }
    let names: Vec<&str> = before.iter().take(40).map(|&at| plan.scene.names.of(at)).collect();
    let text = harmless(&format!("✓ {} complete before: {}", before.len(), names.join(", ")));
    let text = cut(&text, look.width.unwrap_or(WIDTH));
    paint(to, Tone::Dim, plan.colour, |to| to.extend_from_slice(text.as_bytes()));
    to.push(b'\n');
}

fn axis(to: &mut Vec<u8>, plan: &Plan<'_>) {
    let seconds = plan.span as f64 / 1e6;
    let wanted = seconds * APART as f64 / plan.bars as f64;
    let step = STEPS.into_iter().find(|&step| step as f64 >= wanted);
    let step = step.unwrap_or_else(|| (wanted / 86_400.0).ceil() as u64 * 86_400);
    let mut line = " ".repeat(2 + plan.name + plan.took + 2);
    let front = line.len();
    let mut at = 0;
    while at as f64 <= seconds {
        let label = tick(at);
        let column = front + plan.column(plan.since.plus(Duration::from_secs(at)));
        if column + label.len() > front + plan.bars {
            break;
        }
        line.push_str(&" ".repeat(column.saturating_sub(line.len())));
        line.push_str(&label);
        at += step;
    }
    paint(to, Tone::Dim, plan.colour, |to| to.extend_from_slice(line.as_bytes()));
    to.push(b'\n');
}

/// `0`, `30s`, `2m`, `1h30m`, `2d`
fn tick(seconds: u64) -> String {
    let (hours, minutes) = (seconds / 3600 % 24, seconds / 60 % 60);
    match seconds {
        0 => "0".to_owned(),
        1..=59 => format!("{seconds}s"),
        60..=3599 if !seconds.is_multiple_of(60) => format!("{minutes}m{:02}s", seconds % 60),
        60..=3599 => format!("{minutes}m"),
        3600..=86_399 if minutes != 0 => format!("{hours}h{minutes:02}m"),
        3600..=86_399 => format!("{hours}h"),
        _ if hours != 0 => format!("{}d{hours:02}h", seconds / 86_400),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// One task: its sign, its name, how long it took, its bars, and what there is to say.
fn row(to: &mut Vec<u8>, plan: &Plan<'_>, at: usize) {
    let task = &plan.scene.table.tasks[at];
    let shown = if task.is_retried() { Tone::Wait } else { tone(task.state) };
    paint(to, shown, plan.colour, |to| to.extend_from_slice(sign(task).as_bytes()));
    to.push(b' ');
    let name = cut(&harmless(plan.scene.names.of(at)), plan.name);
    let blank = plan.name - name.width().min(plan.name);
    let title = if plan.critical.contains(&at) { Tone::Bold } else { Tone::Plain };
    paint(to, title, plan.colour, |to| to.extend_from_slice(name.as_bytes()));
    to.resize(to.len() + blank, b' ');
    if plan.took > 0 {
        let took = format!("{:>width$}", duration(plan.scene.took(task)), width = plan.took);
        paint(to, Tone::Dim, plan.colour, |to| to.extend_from_slice(took.as_bytes()));
    }
    to.extend_from_slice(b"  ");
    let cells = bars(plan, task, plan.critical.contains(&at));
    let note = harmless(&note(plan, task).unwrap_or_default());
    let noted = if task.state.is_failure() { Tone::Bad } else { Tone::Dim };
    lay(to, plan, &cells, &note, noted);
    while to.last() == Some(&b' ') {
        to.pop();
    }
    to.push(b'\n');
}

fn note(plan: &Plan<'_>, task: &Task) -> Option<String> {
    match task.state {
        TaskState::Done if task.is_retried() => Some(format!("{} attempts", task.attempts)),
        state if state.is_failure() && task.error.is_none() => {
            Some(plan.scene.word(task).to_owned())
        }
        _ => plan.scene.note(task),
    }
}

/// A sign in a column, and what it means.
type Mark = Option<(char, Tone)>;

/// The bars of a task: heavy on the critical path, so that it shows without colour.
fn bars(plan: &Plan<'_>, task: &Task, heavy: bool) -> Vec<Mark> {
    let mut cells: Vec<Mark> = vec![None; plan.bars];
    let [begin, middle, end, single] =
        if heavy { ['┣', '━', '┫', '┃'] } else { ['├', '─', '┤', '│'] };
    for attempt in &task.history {
        let until = attempt.ended_at.unwrap_or(plan.scene.until());
        let (from, to) = (plan.column(attempt.started_at), plan.column(until));
        let (last, tone) = finish(plan, attempt, end);
        let to = to.max(from);
        for cell in &mut cells[from..to] {
            *cell = Some((middle, tone));
        }
        let crosses = |cell: &Mark| matches!(cell, Some(('✗', _)));
        if from < to {
            cells[from] = Some((begin, tone));
        }
        if from < to || last != end {
            cells[to] = Some((last, tone));
        } else if !crosses(&cells[to]) {
            cells[to] = Some((single, tone));
        }
    }
    cells
}

/// How a bar ends.
fn finish(plan: &Plan<'_>, attempt: &Attempt, end: char) -> (char, Tone) {
    match attempt.end {
        _ if attempt.went_wrong() => ('✗', Tone::Bad),
        Some(AttemptEnd::Cut) => ('╌', Tone::Wait),
        Some(AttemptEnd::Requirements) => (end, Tone::Dim),
        Some(_) => (end, Tone::Good),
        None if attempt.ended_at.is_some() => (end, Tone::Plain),
        None if plan.scene.is_over() => ('╌', Tone::Wait),
        None => ('▶', Tone::Busy),
    }
}

/// The bars, and the note behind them, or before them where there is more room.
fn lay(to: &mut Vec<u8>, plan: &Plan<'_>, cells: &[Mark], note: &str, noted: Tone) {
    let first = cells.iter().position(Option::is_some);
    let end = cells.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    let (before, behind) =
        (first.unwrap_or(0).saturating_sub(1), plan.bars.saturating_sub(end + 1));
    let wide = note.width();
    let text = |to: &mut Vec<u8>, text: &str| {
        paint(to, noted, plan.colour && !text.is_empty(), |to| {
            to.extend_from_slice(text.as_bytes())
        });
    };
    let Some(first) = first else {
        return text(to, &cut(note, plan.bars));
    };
    let is_before = behind < wide && before > behind;
    // Less than a word would be noise.
    let room = if is_before { before } else { behind };
    let note = if wide > 0 && room >= wide.min(8) { cut(note, room) } else { String::new() };
    if is_before {
        to.resize(to.len() + before - note.width().min(before), b' ');
        text(to, &note);
        to.resize(to.len() + first - before, b' ');
    } else {
        to.resize(to.len() + first, b' ');
    }
    run_of_marks(to, &cells[first..end], plan.colour);
    if !is_before {
        to.push(b' ');
        text(to, &note);
    }
}

/// The marks, painted in as few pieces as there are tones.
fn run_of_marks(to: &mut Vec<u8>, cells: &[Mark], colour: bool) {
    for piece in cells.chunk_by(|one, other| one.map(|one| one.1) == other.map(|other| other.1)) {
        let tone = piece[0].map_or(Tone::Plain, |(_, tone)| tone);
        let text: String = piece.iter().map(|cell| cell.map_or(' ', |(sign, _)| sign)).collect();
        paint(to, tone, colour, |to| to.extend_from_slice(text.as_bytes()));
    }
}

/// What the heavy bars are.
fn legend(to: &mut Vec<u8>, plan: &Plan<'_>, path: Option<&[usize]>, look: Look) {
    let scene = plan.scene;
    let several = scene.table.tasks.iter().filter(|task| !task.history.is_empty()).count() > 1;
    let words = match path {
        Some(path) => chain(scene, path),
        None if several && !scene.has_graph() => {
            "critical path: not known, because Luigi's lines do not tell what requires what"
                .split(' ')
                .map(str::to_owned)
                .collect()
        }
        None => return,
    };
    to.push(b'\n');
    let width = look.width.unwrap_or(usize::MAX);
    let mut line = String::new();
    for word in words {
        let word = cut(&word, width.saturating_sub(2));
        if !line.is_empty() && line.width() + 1 + word.width() > width {
            said(to, &line, plan.colour);
            line = String::from(" ");
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&word);
    }
    said(to, &line, plan.colour);
}

/// `━ critical path (4m59s): A → B → … 12 more … → Z`, in words that stay whole.
fn chain(scene: &Scene<'_>, path: &[usize]) -> Vec<String> {
    let tasks = &scene.table.tasks;
    let begun = path.first().and_then(|&at| Some(tasks[at].history.first()?.started_at));
    let ended = path.last().and_then(|&at| tasks[at].last());
    let span = begun.zip(ended).map(|(begun, last)| {
        let ended = last.ended_at.unwrap_or(scene.until());
        format!(" ({})", format_duration(ended.since(begun)))
    });
    let mut words = vec![format!("━ critical path{}:", span.unwrap_or_default())];
    let hidden = path.len().saturating_sub(2 * ENDS);
    for (place, &at) in path.iter().enumerate() {
        if hidden > 0 && place == ENDS {
            words.push(format!("… {hidden} more … →"));
        }
        if hidden > 0 && (ENDS..ENDS + hidden).contains(&place) {
            continue;
        }
        let arrow = if place + 1 < path.len() { " →" } else { "" };
        words.push(format!("{}{arrow}", harmless(scene.names.of(at))));
    }
    words
}

fn said(to: &mut Vec<u8>, line: &str, colour: bool) {
    paint(to, Tone::Dim, colour, |to| to.extend_from_slice(line.as_bytes()));
    to.push(b'\n');
}
