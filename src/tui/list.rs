//! The list of plans: one row each, as much of it as the width allows.

use std::collections::VecDeque;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use super::frame::put;
use super::look::Look;
use super::msg::{PlanFacts, Queued, Stand};
use crate::fold::RunFold;
use crate::model::{Stamp, State, Verdict};
use crate::render::ps::{PsTasks, bar};
use crate::render::sanitize::harmless;
use crate::render::theme::Tone;

/// Rates that are remembered of each plan, one a second.
const RATES: usize = 6;

/// A plan in the list.
#[derive(Clone, Debug)]
pub(super) struct Row {
    /// What is known of it.
    pub(super) facts: PlanFacts,
    /// What the queue says of it.
    pub(super) queue: Option<Queued>,
    /// It has run, or its log is there for another reason.
    pub(super) on_disk: bool,
    /// Lines a second, the last at the end.
    rates: VecDeque<u64>,
    /// Lines at the last tick, and when that was.
    counted: Option<(u64, Stamp)>,
}

/// From so much silence on it is told, in seconds.
const SILENT: u64 = 60;

impl Row {
    /// A new plan.
    pub(super) fn new(facts: PlanFacts) -> Row {
        Row { facts, queue: None, on_disk: true, rates: VecDeque::new(), counted: None }
    }

    /// Takes what is known of it now.
    pub(super) fn renew(&mut self, facts: PlanFacts) {
        // What planwatch notes itself is no word of the plan's.
        let heard = match facts.lines == self.facts.lines {
            true => self.facts.heard,
            false => facts.heard,
        };
        self.facts = PlanFacts { heard, ..facts };
        self.on_disk = true;
    }

    /// Processes that go on though its run has ended.
    pub(super) fn left(&self) -> usize {
        if self.is_live() { 0 } else { self.facts.left }
    }

    /// Whether it runs and some of its tasks have failed.
    pub(super) fn has_failures(&self) -> bool {
        let failed = self.tasks().is_some_and(|tasks| tasks.failed > 0);
        self.is_live() && (failed || self.run().is_some_and(|run| run.first_failure.is_some()))
    }

    /// How long a plan that runs has said nothing, if that is worth telling.
    pub(super) fn silent(&self, now: Stamp) -> Option<Duration> {
        let run = self.run().filter(|run| run.state.is_live())?;
        let began = run.spawned_at.unwrap_or(run.started_at);
        let span = now.since(self.facts.heard.unwrap_or(began).max(began));
        (span.as_secs() >= SILENT).then_some(span)
    }

    /// Whether it runs.
    pub(super) fn is_live(&self) -> bool {
        self.run().is_some_and(|run| run.state.is_live())
    }

    /// Its last run, unless another one is to come.
    pub(super) fn run(&self) -> Option<&RunFold> {
        self.facts.run.as_deref().filter(|_| self.queued().is_none())
    }

    /// Whether it ended in a way that needs somebody.
    pub(super) fn is_bad(&self) -> bool {
        self.run().is_some_and(|run| {
            Tone::of_run(run.state, run.verdict) == Tone::Bad && !run.state.is_live()
        })
    }

    /// The word of one that neither runs nor failed nor ended well.
    pub(super) fn is_other(&self) -> Option<&'static str> {
        let well = self
            .run()
            .is_some_and(|run| matches!(run.verdict, Verdict::Succeeded | Verdict::Retried));
        (!self.is_live() && !self.is_bad() && !well).then(|| self.word())
    }

    /// What comes first: what runs, by name; what waits, in its order; then what ended last.
    pub(super) fn order(&self) -> (u8, i64, &str) {
        let plan = self.facts.plan.as_str();
        if let Some(queue) = self.queued() {
            return match queue.stand {
                Stand::Skipped(_) => (2, -queue.since.0, plan),
                _ => (1, i64::try_from(queue.place).unwrap_or(i64::MAX), plan),
            };
        }
        let live = self.is_live();
        let ended = self.run().map_or(0, |run| run.ended_at.unwrap_or(run.started_at).0);
        (if live { 0 } else { 2 }, if live { 0 } else { -ended }, plan)
    }

    /// A second has gone by.
    pub(super) fn tick(&mut self, now: Stamp) {
        let lines = self.facts.lines;
        if let Some((before, when)) = self.counted {
            let millis = now.since(when).as_millis().max(1);
            let new = u128::from(lines.saturating_sub(before));
            self.rates.push_back(u64::try_from(new * 1000 / millis).unwrap_or(u64::MAX));
            if self.rates.len() > RATES {
                self.rates.pop_front();
            }
        }
        self.counted = Some((lines, now));
    }

    pub(super) fn elapsed(&self, now: Stamp) -> Option<Duration> {
        self.run().map(|run| run.took(now))
    }

    fn tasks(&self) -> Option<PsTasks> {
        PsTasks::of(self.run()?.tasks)
    }

    /// The sign of its state, and how it is painted.
    fn sign(&self, look: &Look) -> (&'static str, Style) {
        if self.queued().is_some() {
            let waits = self.is_waiting();
            let sign = match (waits, look.unicode) {
                (true, true) => "↻",
                (true, false) => "~",
                (false, true) => "◼",
                (false, false) => "#",
            };
            return (sign, look.tone(Tone::Wait));
        }
        let Some(run) = self.run() else { return (" ", Style::new()) };
        let tone = Tone::of_run(run.state, run.verdict);
        let (sign, plain) = match (run.state, run.verdict) {
            _ if self.facts.orphaned => ("?", "?"),
            (State::Running, _) => ("▶", ">"),
            (State::Queued | State::Starting | State::Restarting, _) => ("↻", "~"),
            (State::Stopping | State::Draining, _) => ("◼", "#"),
            (State::Lost, _) | (_, Verdict::Lost | Verdict::Unknown) => ("?", "?"),
            (_, Verdict::Succeeded | Verdict::Retried) => ("✓", "+"),
            (_, Verdict::Stopped) => ("◼", "#"),
            (_, Verdict::Incomplete) => ("!", "!"),
            _ => ("✗", "x"),
        };
        (if look.unicode { sign } else { plain }, look.tone(tone))
    }

    pub(super) fn word(&self) -> &'static str {
        match self.queued().map(|queue| &queue.stand) {
            Some(Stand::Waits(_)) => return State::Queued.name(),
            Some(Stand::Begins(_)) => return State::Starting.name(),
            Some(Stand::Skipped(_)) => return Verdict::Skipped.name(),
            None => {}
        }
        match self.run() {
            None => "never run",
            Some(_) if self.facts.orphaned => "orphaned",
            Some(run) if run.state == State::Ended => run.verdict.name(),
            Some(run) => run.state.name(),
        }
    }

    fn count(&self) -> String {
        match self.tasks() {
            // What it waits for takes the place of all columns.
            None if self.queued().is_some() => String::new(),
            Some(tasks) => format!("{}/{}", tasks.done, tasks.total),
            None => self.word().to_owned(),
        }
    }

    /// The last rates, as bars: each step is about three times as many lines a second.
    fn spark(&self, look: &Look) -> String {
        let bars = match look.unicode {
            true => ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            false => [' ', '.', '.', ':', ':', '-', '=', '#', '#'],
        };
        let missing = RATES - self.rates.len();
        let rates = std::iter::repeat_n(0, missing).chain(self.rates.iter().copied());
        rates.map(|rate| bars[step(rate)]).collect()
    }
}

fn step(rate: u64) -> usize {
    [1, 3, 10, 30, 100, 300, 1_000, 10_000].iter().filter(|&&least| rate >= least).count()
}

/// How wide the columns of all rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    name: u16,
    bar: u16,
    count: u16,
    elapsed: u16,
    spark: u16,
}

/// Cells of the bar where there is room.
const BAR: u16 = 10;
const SPARK: u16 = RATES as u16;

impl Columns {
    /// Columns for these rows in this width: the sparkline goes first, then the bar, then the end
    /// of names, then the time; never the state.
    pub(super) fn of(rows: &[Row], width: u16, now: Stamp) -> Columns {
        let widest = |of: &dyn Fn(&Row) -> usize| {
            u16::try_from(rows.iter().map(of).max().unwrap_or(0)).unwrap_or(u16::MAX)
        };
        let mut columns = Columns {
            name: widest(&|row| row.facts.plan.as_str().len()).max(6),
            bar: if rows.iter().any(|row| row.tasks().is_some()) { BAR } else { 0 },
            count: widest(&|row| row.count().width()),
            elapsed: widest(&|row| short(row.elapsed(now)).len()),
            spark: if rows.iter().any(Row::is_live) { SPARK } else { 0 },
        };
        let over = |columns: &Columns| columns.sum().saturating_sub(width);
        columns.name -= over(&columns).min(columns.name.saturating_sub(16));
        if over(&columns) > columns.bar.saturating_sub(7) {
            columns.spark = 0;
        }
        columns.bar -= over(&columns).min(columns.bar.saturating_sub(5));
        if over(&columns) > 0 {
            columns.bar = 0;
        }
        columns.name -= over(&columns).min(columns.name - 6);
        if over(&columns) > 0 {
            columns.elapsed = 0;
        }
        columns
    }

    fn sum(&self) -> u16 {
        let column = |width: u16| if width > 0 { width.saturating_add(1) } else { 0 };
        [self.name, self.bar, self.count, self.elapsed, self.spark]
            .iter()
            .fold(1, |sum, &width| u16::saturating_add(sum, column(width)))
    }
}

/// A time in at most five columns: `42s`, `12m`, `3h07m`, `12d`.
pub(super) fn short(span: Option<Duration>) -> String {
    let Some(span) = span else { return String::new() };
    let seconds = span.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3600 => format!("{}m", seconds / 60),
        3600..86_400 => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// How a row is drawn beside what it holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks {
    /// It is the selected one.
    pub(super) selected: bool,
    /// It is tagged.
    pub(super) tagged: bool,
    /// The list has the focus.
    pub(super) focus: bool,
}

impl Row {
    /// Draws the row.
    pub(super) fn view(
        &self,
        area: Rect,
        buf: &mut Buffer,
        look: &Look,
        columns: &Columns,
        marks: Marks,
        now: Stamp,
    ) {
        let y = area.y;
        let (sign, tone) = self.sign(look);
        // What has ended fades, unless it needs somebody.
        let fade = match self.is_live() || self.is_bad() {
            true => Style::new(),
            false => look.tone(Tone::Dim),
        };
        let tag = if look.unicode { "•" } else { "*" };
        let mut x = put(buf, area.x, y, sign, 1, tone);
        x = put(buf, x, y, if marks.tagged { tag } else { " " }, 1, look.tone(Tone::Wait));
        let name = match marks.selected {
            true => fade.remove_modifier(Modifier::DIM).add_modifier(Modifier::BOLD),
            false => fade,
        };
        let left = |x: u16| area.right().saturating_sub(x);
        put(buf, x, y, self.facts.plan.as_str(), columns.name.min(left(x)), name);
        x += columns.name + 1;
        if let Some(waits) = self.queue_words() {
            put(buf, x, y, &harmless(&waits), left(x), tone);
        } else if columns.bar > 0 {
            if let Some(tasks) = self.tasks() {
                let bar = bar(tasks, columns.bar.into());
                put(buf, x, y, &bar, columns.bar.min(left(x)), tone);
                // A failure stands out, however well the others go.
                if let Some(at) = bar.chars().position(|c| c == '✗') {
                    let mark = x + u16::try_from(at).unwrap_or(0);
                    put(buf, mark, y, "✗", left(mark).min(1), look.tone(Tone::Worst));
                }
            }
            x += columns.bar + 1;
        }
        let count = self.count();
        let style = if self.tasks().is_some() { fade } else { tone };
        x = number(buf, x, y, &count, columns.count.min(left(x)), style);
        if columns.elapsed > 0 {
            x = number(buf, x, y, &short(self.elapsed(now)), columns.elapsed.min(left(x)), fade);
        }
        if columns.spark > 0 && self.is_live() {
            put(buf, x, y, &self.spark(look), columns.spark.min(left(x)), look.tone(Tone::Busy));
        }
        if marks.selected {
            let style = if marks.focus { look.cursor() } else { Style::new() };
            buf.set_style(Rect { height: 1, ..area }, style);
        }
    }
}

fn number(buf: &mut Buffer, x: u16, y: u16, text: &str, width: u16, style: Style) -> u16 {
    let pad = width.saturating_sub(u16::try_from(text.width()).unwrap_or(0));
    put(buf, x + pad, y, text, width - pad, style);
    x + width + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::TaskCounts;

    fn rows() -> Vec<Row> {
        let run = |state, verdict, done| RunFold {
            run: 3,
            state,
            verdict,
            tasks: TaskCounts { total: 63, done, ..TaskCounts::default() },
            started_at: Stamp(0),
            ..RunFold::default()
        };
        let plans = [
            ("dublin-cafe", run(State::Running, Verdict::Unknown, 41)),
            ("museum-night", run(State::Ended, Verdict::Failed, 48)),
        ];
        let facts = |(plan, run): (&str, RunFold)| PlanFacts {
            plan: plan.parse().unwrap(),
            run: Some(Box::new(run)),
            seq: 1,
            lines: 0,
            log_bytes: 0,
            orphaned: false,
            left: 0,
            heard: None,
        };
        plans.map(|plan| Row::new(facts(plan))).into()
    }

    #[test]
    fn what_does_not_fit_goes_and_the_state_stays() {
        let rows = rows();
        let look = Look {
            colours: crate::tui::look::Colours::None,
            light: false,
            unicode: true,
            zone: jiff::tz::TimeZone::UTC,
        };
        let mut pictures = Vec::new();
        for width in [44, 36, 28, 18] {
            let now = Stamp(720_000_000);
            let columns = Columns::of(&rows, width, now);
            let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
            let marks = Marks { selected: false, tagged: false, focus: false };
            rows[0].view(buf.area, &mut buf, &look, &columns, marks, now);
            let text: String = buf.content.iter().map(|cell| cell.symbol()).collect();
            pictures.push(text.trim_end().to_owned());
        }
        assert_eq!(
            pictures,
            [
                "▶ dublin-cafe  ██████▌··· 41/63 12m ······",
                "▶ dublin-cafe  ██████▌··· 41/63 12m",
                "▶ dublin-cafe  41/63 12m",
                "▶ dubli… 41/63 12m"
            ]
        );
    }

    #[test]
    fn a_rate_is_what_came_in_a_second() {
        let mut row = rows().remove(0);
        row.tick(Stamp(0));
        row.facts.lines = 50;
        row.tick(Stamp(1_000_000));
        row.facts.lines = 50_000;
        row.tick(Stamp(2_000_000));
        assert_eq!(row.rates, [50, 49_950]);
    }
}
