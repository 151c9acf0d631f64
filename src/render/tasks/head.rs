//! The lines above every view: how many tasks stand where, what takes longest, how long it may take.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::{Look, Scene, run_word, tone};
use crate::model::{Stamp, TaskCounts, TaskState, format_duration};
use crate::render::sanitize::harmless;
use crate::render::theme::{Tone, painted};

/// Appends the lines, an empty one behind them where a view follows.
pub fn head(to: &mut Vec<u8>, scene: &Scene<'_>, look: Look) {
    let mut parts = vec![
        (format!("{} run {}", scene.plan, scene.run.run), Tone::Bold),
        (state(scene), Tone::of_run(scene.run.state, scene.run.verdict)),
    ];
    parts.extend(scene.counts());
    parts.extend(time_left(scene).map(|text| (text, Tone::Plain)));
    parts.extend(longest(scene).map(|text| (text, Tone::Plain)));
    joined(to, &parts, look);
    for text in warnings(scene) {
        to.extend_from_slice(painted(&text, Tone::Wait, look.colour).as_bytes());
        to.push(b'\n');
    }
    if !scene.table.tasks.is_empty() {
        to.push(b'\n');
    }
}

/// `running 12m04s`
fn state(scene: &Scene<'_>) -> String {
    let run = scene.run;
    let took = run.wall_ms.map_or(scene.until().since(scene.since()), Duration::from_millis);
    format!("{} {}", run_word(run), format_duration(took))
}

impl Scene<'_> {
    /// How many tasks are how, in words.
    pub fn counts(&self) -> Vec<(String, Tone)> {
        let cut = self.table.tasks.iter().filter(|task| self.is_cut(task)).count();
        let cut = u32::try_from(cut).unwrap_or(u32::MAX);
        match counts(self.table.counts(), cut, self.is_over()) {
            none if none.is_empty() => {
                let why = match self.is_over() {
                    true => "it is no Luigi run, or its lines name no task",
                    false => "Luigi has named none so far",
                };
                vec![(format!("no tasks seen: {why}"), Tone::Dim)]
            }
            counts => counts,
        }
    }
}

/// How many tasks are how, in words. `over`: the run has ended, and so many of them were cut off.
pub fn counts(mut counts: TaskCounts, cut: u32, over: bool) -> Vec<(String, Tone)> {
    if over {
        // One word for both ways in which a table may tell it.
        counts.pending = (counts.pending + counts.running).saturating_sub(cut);
        counts.running = cut;
    }
    let waiting = if over { "not run" } else { "waiting" };
    let at_work = if over { "cut off" } else { "running" };
    let words = [
        (TaskState::Done, "done"),
        (TaskState::Complete, "complete before"),
        (TaskState::Running, at_work),
        (TaskState::Failed, "failed"),
        (TaskState::Broken, "broken"),
        (TaskState::Missing, "missing"),
        (TaskState::Pending, waiting),
    ];
    words
        .into_iter()
        .filter_map(|(state, word)| {
            let count = *counts.of(state);
            (count > 0).then(|| (format!("{count} {word}"), tone(state)))
        })
        .collect()
}

/// `about 6m left (from 4 earlier runs)`
fn time_left(scene: &Scene<'_>) -> Option<String> {
    let left = scene.left.filter(|_| !scene.is_over())?;
    let about = rounded(left.about);
    Some(match (left.last, left.runs) {
        (Some((run, took)), _) => {
            format!("{about} left (run {run} took {})", format_duration(took))
        }
        (None, 1) => format!("{about} left (from 1 earlier run)"),
        (None, runs) => format!("{about} left (from {runs} earlier runs)"),
    })
}

/// No more digits than can be known.
fn rounded(span: Duration) -> String {
    let seconds = span.as_secs();
    match seconds {
        0..=9 => "a few seconds".to_owned(),
        10..=89 => format!("about {}s", seconds.div_ceil(10) * 10),
        90..=5_399 => format!("about {} min", (seconds + 30) / 60),
        _ => format!("about {}", format_duration(Duration::from_secs((seconds + 300) / 600 * 600))),
    }
}

/// Who is at work the longest, or was.
fn longest(scene: &Scene<'_>) -> Option<String> {
    let took = |at: usize| scene.table.tasks[at].last().map(|last| since(scene, last.started_at));
    let running = (0..scene.table.tasks.len())
        .filter(|&at| scene.table.tasks[at].state == TaskState::Running)
        .max_by_key(|&at| took(at));
    if let Some(at) = running.filter(|_| !scene.is_over()) {
        let span = format_duration(took(at)?);
        return Some(format!("longest running: {} {span}", scene.names.of(at)));
    }
    let worked = |at: usize| scene.took(&scene.table.tasks[at]);
    let at = (0..scene.table.tasks.len()).max_by_key(|&at| worked(at))?;
    Some(format!("longest: {} {}", scene.names.of(at), format_duration(worked(at)?)))
}

fn since(scene: &Scene<'_>, begun: Stamp) -> Duration {
    scene.until().since(begun)
}

fn warnings(scene: &Scene<'_>) -> Vec<String> {
    let mut said = Vec::new();
    if scene.table.partial {
        said.push(
            "the beginning of this run's log is gone: tasks that only it named are missing"
                .to_owned(),
        );
    }
    match scene.table.unlisted {
        0 => {}
        1 => said.push("1 more task is counted, but not listed".to_owned()),
        more => said.push(format!("{more} more tasks are counted, but not listed")),
    }
    if scene.table.unreported > 0 {
        said.push(format!(
            "{} of Luigi's events were lost (nobody took them in time): what only they told, such \
             as who requires whom, may be missing",
            scene.table.unreported
        ));
    }
    said
}

/// The parts with dots between them, on as many lines as it takes.
fn joined(to: &mut Vec<u8>, parts: &[(String, Tone)], look: Look) {
    let dot = painted(" · ", Tone::Dim, look.colour);
    let mut column = 0;
    for (text, tone) in parts {
        let mut text = harmless(text);
        if let Some(width) = look.width {
            text = crate::render::table::cut(&text, width);
        }
        let wide = text.width();
        if column > 0 {
            if look.width.is_some_and(|width| column + 3 + wide > width) {
                to.push(b'\n');
                column = 0;
            } else {
                to.extend_from_slice(dot.as_bytes());
                column += 3;
            }
        }
        to.extend_from_slice(painted(&text, *tone, look.colour).as_bytes());
        column += wide;
    }
    to.push(b'\n');
}
