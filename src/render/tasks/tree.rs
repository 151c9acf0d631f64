//! The tree: what requires what. Each task is drawn once, under the first that requires it; where it
//! is required again only its name is told.

use unicode_width::UnicodeWidthStr as _;

use super::{Look, Scene, duration, rank, sign, tone};
use crate::render::sanitize::harmless;
use crate::render::table::cut;
use crate::render::theme::{Tone, paint};

/// Columns that a task's own text keeps, however deep it stands.
const LEAST: usize = 24;

/// Levels that are drawn at most: a chain may be as long as the table.
const DEEPEST: usize = 60;

/// A line to be drawn.
struct Line {
    rails: Rails,
    what: What,
}

/// What stands in front of a line.
#[derive(Clone, Default)]
struct Rails {
    /// Levels above, without those in `shown`.
    hidden: usize,
    /// The levels nearest to the line: whether more follows there.
    shown: Vec<bool>,
}

impl Rails {
    fn deeper(&self, more: bool) -> Rails {
        let mut deeper = self.clone();
        if deeper.shown.len() == DEEPEST {
            deeper.shown.remove(0);
            deeper.hidden += 1;
        }
        deeper.shown.push(more);
        deeper
    }
}

enum What {
    Task(usize),
    /// Required here too, and drawn above.
    Again(Vec<usize>),
}

/// Appends the tree: tasks that nobody requires first, then what they require.
pub fn tree(to: &mut Vec<u8>, scene: &Scene<'_>, look: Look) {
    if !scene.has_graph() && scene.table.tasks.len() > 1 {
        let text = "what requires what is not known: Luigi's lines do not tell it";
        paint(to, Tone::Dim, look.colour, |to| to.extend_from_slice(text.as_bytes()));
        to.extend_from_slice(b"\n\n");
    }
    let mut drawn = vec![false; scene.table.tasks.len()];
    for root in roots(scene) {
        if !drawn[root] {
            branch(to, scene, root, &mut drawn, look);
        }
    }
}

/// Tasks that nobody requires, then one of each ring, which only a damaged table has.
fn roots(scene: &Scene<'_>) -> Vec<usize> {
    let tasks = &scene.table.tasks;
    let mut required = vec![false; tasks.len()];
    for &at in tasks.iter().flat_map(|task| &task.requires) {
        if let Some(required) = required.get_mut(at as usize) {
            *required = true;
        }
    }
    let mut roots: Vec<usize> = (0..tasks.len()).filter(|&at| !required[at]).collect();
    roots.sort_by_key(|&at| (tasks[at].requires.is_empty(), rank(tasks[at].state), at));
    roots.extend((0..tasks.len()).filter(|&at| required[at]));
    roots
}

/// Draws a root and everything below it. Without recursion: a chain may be as long as the table.
fn branch(to: &mut Vec<u8>, scene: &Scene<'_>, root: usize, drawn: &mut [bool], look: Look) {
    let mut stack = vec![Line { rails: Rails::default(), what: What::Task(root) }];
    while let Some(line) = stack.pop() {
        match line.what {
            What::Again(places) => again(to, scene, &line.rails, &places, look),
            // Somebody drawn since requires it too and had it first.
            What::Task(at) if drawn[at] => again(to, scene, &line.rails, &[at], look),
            What::Task(at) => {
                drawn[at] = true;
                task(to, scene, &line.rails, at, look);
                below(scene, at, &line.rails, drawn, &mut stack);
            }
        }
    }
}

/// Puts what a task requires on the stack, so that it comes off in order.
fn below(scene: &Scene<'_>, at: usize, rails: &Rails, drawn: &[bool], stack: &mut Vec<Line>) {
    let tasks = &scene.table.tasks;
    let known = tasks[at].requires.iter().map(|&child| child as usize);
    let (again, mut fresh): (Vec<usize>, Vec<usize>) =
        known.filter(|&child| child < tasks.len()).partition(|&child| drawn[child]);
    fresh.sort_by_key(|&child| rank(tasks[child].state));
    let mut below: Vec<What> = fresh.into_iter().map(What::Task).collect();
    if !again.is_empty() {
        below.push(What::Again(again));
    }
    for (place, what) in below.into_iter().rev().enumerate() {
        stack.push(Line { rails: rails.deeper(place > 0), what });
    }
}

/// Draws the rails, and gives the columns left for what follows.
fn front(to: &mut Vec<u8>, rails: &Rails, look: Look) -> Option<usize> {
    let Some((&last, above)) = rails.shown.split_last() else { return look.width };
    // Too deep for the width: the outermost levels are told as a number.
    let room = look.width.map_or(DEEPEST, |width| width.saturating_sub(LEAST) / 3);
    let fewer = if rails.hidden > 0 || rails.shown.len() > room {
        rails.shown.len().saturating_sub(room.saturating_sub(2))
    } else {
        0
    };
    let mut text = String::new();
    if fewer + rails.hidden > 0 {
        text = format!("{:<6}", format!("…{}", fewer + rails.hidden));
    }
    for &more in above.iter().skip(fewer) {
        text.push_str(if more { "│  " } else { "   " });
    }
    text.push_str(if last { "├─ " } else { "└─ " });
    paint(to, Tone::Dim, look.colour, |to| to.extend_from_slice(text.as_bytes()));
    look.width.map(|width| width.saturating_sub(text.width()))
}

fn task(to: &mut Vec<u8>, scene: &Scene<'_>, rails: &Rails, at: usize, look: Look) {
    let width = front(to, rails, look);
    let task = &scene.table.tasks[at];
    let room = |used: usize| width.map_or(usize::MAX, |width| width.saturating_sub(used));
    let tone = if task.is_retried() { Tone::Wait } else { tone(task.state) };
    paint(to, tone, look.colour, |to| to.extend_from_slice(sign(task).as_bytes()));
    let name = cut(&harmless(scene.names.of(at)), room(2).max(1));
    to.push(b' ');
    to.extend_from_slice(name.as_bytes());
    let mut used = 2 + name.width();
    let failed = task.state.is_failure();
    let note = if failed { Tone::Bad } else { Tone::Dim };
    let state = if task.state.is_success() { "" } else { scene.word(task) };
    let told = if failed || task.is_retried() { scene.note(task) } else { None };
    for text in [state, &duration(scene.took(task)), &told.unwrap_or_default()] {
        // Less than a word would be noise.
        if text.is_empty() || room(used + 2) < text.width().min(8) {
            continue;
        }
        let text = cut(&harmless(text), room(used + 2));
        used += 2 + text.width();
        to.extend_from_slice(b"  ");
        paint(to, note, look.colour, |to| to.extend_from_slice(text.as_bytes()));
    }
    to.push(b'\n');
}

/// `↑ A, B and 3 more`: required here too, and drawn above.
fn again(to: &mut Vec<u8>, scene: &Scene<'_>, rails: &Rails, places: &[usize], look: Look) {
    let width = front(to, rails, look);
    let names: Vec<String> = places.iter().map(|&at| harmless(scene.names.of(at))).collect();
    let mut text = format!("↑ {}", names.join(", "));
    if let Some(width) = width
        && text.width() > width
    {
        // Each name takes three columns at least.
        let mut shown = (names.len() - 1).min(width / 3);
        while shown > 1 && told(&names, shown).width() > width {
            shown -= 1;
        }
        text = cut(&told(&names, shown), width.max(1));
    }
    paint(to, Tone::Dim, look.colour, |to| to.extend_from_slice(text.as_bytes()));
    to.push(b'\n');
}

fn told(names: &[String], shown: usize) -> String {
    if shown == names.len() {
        return format!("↑ {}", names.join(", "));
    }
    format!("↑ {}", super::listed(&names[..shown], names.len()))
}
