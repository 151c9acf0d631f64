//! What a row says: time, plan, level and logger in front, then the message; of a task what happened
//! to it, instead of Luigi's words.

use ratatui::style::{Modifier, Style};

use super::ink::{Glyph, ink, width};
use super::rows::Row;
use super::sense::{Held, Kind};
use super::{Settings, Times};
use crate::feed::window::{Item, TaskWords};
use crate::model::{Eol, Level, PlanName, Stamp, format_duration};
use crate::render::sanitize::has_escapes;
use crate::render::theme::Tone;
use crate::tui::look::Look;

/// Columns of a plan's name.
const NAME: usize = 14;
/// Columns of a logger's name.
const LOGGER: usize = 9;
/// Narrower than this there is no logger; than this, no level.
const FOR_LOGGER: usize = 76;
const FOR_LEVEL: usize = 50;

/// A row as it stands on the screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Shown {
    /// Stays where it is when the message is moved.
    pub(super) front: Vec<Glyph>,
    pub(super) message: Vec<Glyph>,
    /// At the right border, if there is room.
    pub(super) right: Vec<Glyph>,
}

/// What rows are shown by.
pub(super) struct Manner<'a> {
    pub(super) held: &'a [Held],
    pub(super) settings: Settings,
    /// Names in front, if several plans are one.
    pub(super) plans: Option<&'a [PlanName]>,
    pub(super) look: &'a Look,
    pub(super) width: usize,
}

impl Manner<'_> {
    /// The row; `above` is the record of the row above, `columns` how much of the message is
    /// wanted.
    pub(super) fn row(&self, row: &Row, above: Option<&Held>, columns: usize) -> Shown {
        let line = &self.held[row.at];
        let mut shown = self.without_run(row, above, columns);
        if let Some(run) = self.other_run(line, above) {
            let style = self.look.tone(Tone::Dim).add_modifier(Modifier::REVERSED);
            let mut message = ink(&format!(" {run} "), style, false, columns);
            message.extend(ink(" ", Style::new(), false, 1));
            message.append(&mut shown.message);
            shown.message = message;
        }
        shown
    }

    /// `run 2 · 2026-11-23`, where another run begins and nothing else tells it.
    fn other_run(&self, line: &Held, above: Option<&Held>) -> Option<String> {
        let (run, before) = (line.item.run, above?.item.run);
        let told = line.item.event.as_deref() == Some("run.started");
        if told || run == before || run == 0 || before == 0 || self.settings.raw {
            return None;
        }
        // Several plans are runs side by side.
        if self.plans.is_some() {
            return None;
        }
        let day = |held: &Held| {
            held.item.place.ts.timestamp().to_zoned_datetime(self.look.zone.clone()).date()
        };
        let (today, then) = (day(line), day(above?));
        Some(if today == then { format!("run {run}") } else { format!("run {run} · {today}") })
    }

    fn without_run(&self, row: &Row, above: Option<&Held>, columns: usize) -> Shown {
        let line = &self.held[row.at];
        let before = above.map(|above| above.item.place.ts);
        let mut shown = Shown { front: self.front(line, before), ..Shown::default() };
        let tone = self.tone(line);
        if !row.folded.is_empty() {
            self.traceback(row, &mut shown, columns);
            return shown;
        }
        match &line.kind {
            Kind::Task { pid, .. } if !self.settings.raw => {
                self.task(row, *pid, &mut shown, columns);
            }
            Kind::Own => {
                let started = line.item.event.as_deref() == Some("run.started");
                let mut style = self.look.tone(tone);
                if started {
                    style = style.remove_modifier(Modifier::DIM).add_modifier(Modifier::BOLD);
                }
                let mark = if self.look.unicode { "── " } else { "-- " };
                shown.message = ink(mark, style, false, 3);
                shown.message.extend(ink(&line.item.msg, style, false, columns));
            }
            _ => {
                let text = if self.settings.raw { &*line.item.msg } else { line.message() };
                // A line that brings its own colours keeps them.
                let own = has_escapes(text);
                let style = if own { Style::new() } else { self.look.tone(tone) };
                if row.opened {
                    shown.message.extend(self.mark("▾ ", "v "));
                }
                shown.message.extend(ink(text, style, true, columns));
                if line.item.eol == Eol::Part {
                    shown.message.extend(self.mark("…", "~"));
                }
            }
        }
        shown
    }

    fn mark(&self, unicode: &str, ascii: &str) -> Vec<Glyph> {
        let text = if self.look.unicode { unicode } else { ascii };
        ink(text, self.look.tone(Tone::Dim), false, 4)
    }

    fn tone(&self, line: &Held) -> Tone {
        match (Tone::of_level(line.item.level), &line.kind) {
            (Tone::Plain, Kind::Own) => Tone::Dim,
            (tone, _) => tone,
        }
    }

    fn front(&self, line: &Held, before: Option<Stamp>) -> Vec<Glyph> {
        let dim = self.look.tone(Tone::Dim);
        let ts = line.item.place.ts;
        let when = || ts.timestamp().to_zoned_datetime(self.look.zone.clone());
        let time = match self.settings.times {
            Times::Off => String::new(),
            Times::Clock => when().strftime("%H:%M:%S ").to_string(),
            Times::Iso => format!("{ts} "),
            Times::Delta => {
                format!("{:>8} ", before.map(|before| delta(before, ts)).unwrap_or_default())
            }
        };
        let mut front = ink(&time, dim, false, 30);
        if let Some(plans) = self.plans {
            let longest = plans.iter().map(|plan| plan.as_str().len()).max().unwrap_or(0).min(NAME);
            let name = plans.get(line.item.place.plan).map_or("", PlanName::as_str);
            let style = self.look.tone(Tone::of_plan(name));
            front.extend(ink(
                &format!("{:<longest$} ", cut(name, longest)),
                style,
                false,
                NAME + 1,
            ));
        }
        if self.settings.raw {
            return front;
        }
        let room = self.width.saturating_sub(width(&front));
        if room >= FOR_LEVEL {
            let style = self.look.tone(Tone::of_level(line.item.level));
            front.extend(ink(&format!("{:<5} ", level_word(line.item.level)), style, false, 6));
        } else if line.item.level >= Some(Level::Warning) {
            // One letter says it too, where there may be no colour to do so.
            let style = self.look.tone(Tone::of_level(line.item.level));
            let letter = level_word(line.item.level).get(..1).unwrap_or_default();
            front.extend(ink(&format!("{letter} "), style, false, 2));
        }
        if room >= FOR_LOGGER {
            let name = if line.kind == Kind::Own { "planwatch" } else { logger(line) };
            let shown = format!("{:<LOGGER$} ", cut(name, LOGGER));
            front.extend(ink(&shown, dim, false, LOGGER + 1));
        }
        front
    }

    fn traceback(&self, row: &Row, shown: &mut Shown, columns: usize) {
        let lines = row.folded.iter().map(|&at| &self.held[at]);
        // The exception is named by the last line that is neither a frame nor empty, unless more
        // of its message follows: then by the first behind the frames.
        let mut named = "";
        let mut frames = true;
        for line in lines {
            match line.kind {
                Kind::Line { .. } if frames => (named, frames) = (&line.item.msg, false),
                Kind::Trace | Kind::Indented => frames = true,
                _ => {}
            }
        }
        let tone = match self.tone(&self.held[row.at]) {
            Tone::Plain => Tone::Bad,
            tone => tone,
        };
        let mark = if self.look.unicode { "▸" } else { ">" };
        let count = row.folded.len();
        let text = format!("{mark} traceback, {count} lines: {named}");
        shown.message = ink(&text, self.look.tone(tone), false, columns);
    }

    fn task(&self, row: &Row, pid: Option<i32>, shown: &mut Shown, columns: usize) {
        let line = &self.held[row.at];
        let task = line.item.task.as_deref().unwrap_or_default();
        let event = line.item.task_event.as_deref().unwrap_or_default();
        let Some(TaskWords { name, words, parameters }) = line.item.task_words() else { return };
        let tone = tone_of(event);
        let dim = self.look.tone(Tone::Dim);
        let calm = if tone == Tone::Dim { dim } else { Style::new() };
        shown.message = ink(name, calm, false, columns);
        shown.message.extend(ink(&format!(" {words}"), self.look.tone(tone), false, columns));
        if !parameters.is_empty() {
            shown.message.extend(ink(&format!("  {parameters}"), dim, false, columns));
        }
        let others = row.copies.iter().map(|&at| &self.held[at]);
        let pid = pid.or_else(|| {
            others.clone().find_map(|other| match other.kind {
                Kind::Task { pid, .. } => pid,
                _ => None,
            })
        });
        let mut right = String::new();
        if let Some(span) = self.took(row, task, event) {
            right.push_str(&span);
        }
        if let Some(pid) = pid {
            right.push_str(&format!("{}pid {pid}", if right.is_empty() { "" } else { "  " }));
        }
        shown.right = ink(&right, dim, false, 40);
    }

    /// How long the attempt took that ends here, if its beginning is held.
    fn took(&self, row: &Row, task: &str, event: &str) -> Option<String> {
        if !matches!(event, "done" | "failed") {
            return None;
        }
        let end = &self.held[row.at].item;
        let begun = self.held[..row.at].iter().rev().find(|line| {
            line.item.task_event.as_deref() == Some("started")
                && line.item.task.as_deref() == Some(task)
                && (line.item.place.plan, line.item.run) == (end.place.plan, end.run)
        })?;
        let happened = |item: &Item| item.task_ts.unwrap_or(item.place.ts);
        Some(format_duration(happened(end).since(happened(&begun.item))))
    }
}

fn cut(text: &str, columns: usize) -> &str {
    text.char_indices().nth(columns).map_or(text, |(at, _)| &text[..at])
}

fn level_word(level: Option<Level>) -> &'static str {
    match level {
        None => "",
        Some(Level::Trace) => "TRACE",
        Some(Level::Debug) => "DEBUG",
        Some(Level::Info) => "INFO",
        Some(Level::Warning) => "WARN",
        Some(Level::Error) => "ERROR",
        Some(Level::Critical) => "CRIT",
    }
}

/// The shortest name that tells: `luigi`, or the last part of a dotted one.
fn logger(line: &Held) -> &str {
    match line.item.logger.as_deref() {
        Some("luigi-interface") => "luigi",
        Some(name) => name.rsplit('.').next().unwrap_or(name),
        None if matches!(line.kind, Kind::Task { .. }) => "luigi",
        None => "",
    }
}

fn tone_of(event: &str) -> Tone {
    match event {
        "pending" | "complete" => Tone::Dim,
        "started" => Tone::Busy,
        "done" => Tone::Good,
        "failed" | "died" | "timeout" => Tone::Bad,
        "retry" | "requirements" | "missing" | "broken" => Tone::Wait,
        _ => Tone::Plain,
    }
}

/// `+0.123s`, `+12.3s`, `+3m05s`.
fn delta(before: Stamp, ts: Stamp) -> String {
    let micros = ts.0 - before.0;
    let (sign, micros) = if micros < 0 { ('-', -micros) } else { ('+', micros) };
    let seconds = micros / 1_000_000;
    match seconds {
        0..10 => format!("{sign}{}.{:03}s", seconds, micros / 1000 % 1000),
        10..60 => format!("{sign}{}.{}s", seconds, micros / 100_000 % 10),
        60..3600 => format!("{sign}{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{sign}{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}
