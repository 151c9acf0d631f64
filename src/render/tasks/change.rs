//! One line for what has become of a task, where changes are told one after the other.

use jiff::tz::TimeZone;

use super::{Scene, duration, last_heard, sign, tone};
use crate::model::TaskState;
use crate::render::sanitize::harmless;
use crate::render::theme::{Tone, paint};

/// `17:31:02 ✗ Swot failed 2.0s  KeyError: 'threats'`, with the time the last attempt took.
pub fn change(scene: &Scene<'_>, at: usize, zone: &TimeZone, colour: bool) -> Vec<u8> {
    let task = &scene.table.tasks[at];
    let when = last_heard(task).filter(|_| task.state != TaskState::Pending).unwrap_or(scene.now);
    let clock = when.timestamp().to_zoned_datetime(zone.clone()).strftime("%H:%M:%S ").to_string();
    let mut to = Vec::new();
    paint(&mut to, Tone::Dim, colour, |to| to.extend_from_slice(clock.as_bytes()));
    paint(&mut to, tone(task.state), colour, |to| {
        to.extend_from_slice(sign(task).as_bytes());
    });
    let took = task.last().and_then(|last| Some(last.ended_at?.since(last.started_at)));
    let took = duration(took.filter(|_| task.state != TaskState::Pending));
    let text = format!(" {} {} {took}", harmless(scene.names.of(at)), scene.word(task));
    to.extend_from_slice(text.trim_end().as_bytes());
    if let Some(note) = scene.note(task) {
        paint(&mut to, Tone::Dim, colour, |to| {
            to.extend_from_slice(b"  ");
            to.extend_from_slice(harmless(&note).as_bytes());
        });
    }
    to.push(b'\n');
    to
}
