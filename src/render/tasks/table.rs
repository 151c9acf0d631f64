//! The table: one row a task, what needs somebody first.

use std::cmp::Reverse;

use super::{Look, Scene, duration, rank, tone};
use crate::model::{Task, TaskState};
use crate::render::table::{Cell, Column, table};
use crate::render::theme::Tone;

const COLUMNS: [Column; 6] = [
    Column::text("TASK").shrinks(12),
    Column::text("STATE"),
    Column::number("TOOK").leaves(2),
    Column::number("ATTEMPTS").leaves(3),
    Column::number("PID").leaves(4),
    Column::text("NOTE").leaves(1).shrinks(16),
];

/// The order of the table: failed, running, waiting, done. Among equals those that run come longest
/// first, the others in the order in which they began or were heard of.
pub fn order(scene: &Scene<'_>) -> Vec<usize> {
    let tasks = &scene.table.tasks;
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    order.sort_by_key(|&at| {
        let task: &Task = &tasks[at];
        let begun = task.history.first().map(|attempt| attempt.started_at);
        let last = task.last().map(|attempt| attempt.started_at);
        let by = if task.state == TaskState::Running { last } else { begun };
        (rank(task.state), Reverse(by.is_some()), by, at)
    });
    order
}

/// Appends the table of the tasks at these places.
pub fn task_table(to: &mut Vec<u8>, scene: &Scene<'_>, places: &[usize], look: Look) {
    let mut rows = Vec::with_capacity(places.len());
    for &at in places {
        let task = &scene.table.tasks[at];
        let shown = tone(task.state);
        let attempts = match task.attempts {
            0 => String::new(),
            attempts => attempts.to_string(),
        };
        let retried = if task.is_retried() { Tone::Wait } else { Tone::Plain };
        let pid =
            task.last().and_then(|last| last.pid).map_or(String::new(), |pid| pid.to_string());
        let note = if task.state.is_failure() { Tone::Bad } else { Tone::Dim };
        rows.push(vec![
            Cell::from(scene.names.of(at)),
            Cell::new(scene.word(task), shown),
            duration(scene.took(task)).into(),
            Cell::new(attempts, retried),
            Cell::new(pid, Tone::Dim),
            Cell::new(scene.note(task).unwrap_or_default(), note),
        ]);
    }
    table(to, &COLUMNS, &rows, look.width, look.colour);
}
