//! Everything drawn: a function of what is known.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use unicode_width::UnicodeWidthStr as _;

use super::app::{App, Focus};
use super::frame::{Frame, put, wrapped};
use super::help;
use super::kept::Layout;
use super::layout::inside;
use super::list::{Columns, Marks, Row};
use crate::feed::window::WindowId;
use crate::render::sanitize::harmless;
use crate::render::theme::Tone;

/// From here on the footer has room for more than keys.
const WITH_STATE: u16 = 70;

impl App {
    /// Draws the whole screen.
    pub(super) fn view(&self, buf: &mut Buffer) {
        let screen = buf.area;
        if screen.width < 10 || screen.height < 3 {
            put(buf, 0, 0, "too small", screen.width, Style::new());
            return;
        }
        let places = self.places();
        if let Some(area) = places.list {
            self.view_list(area, buf);
        }
        if let Some(area) = places.facts {
            self.view_facts(area, buf);
        }
        let seen: Vec<(usize, WindowId)> = match (self.zoom, self.current()) {
            (true, Some(id)) => vec![(self.at, id)],
            _ => self.shown.iter().copied().enumerate().collect(),
        };
        for ((at, id), area) in seen.iter().zip(&places.logs) {
            self.view_log(*at, *id, *area, buf);
        }
        if seen.is_empty()
            && let Some(area) = places.logs.first()
        {
            self.view_nothing(*area, buf);
        }
        if let (Some(area), Some(tasks)) = (places.tasks, &self.tasks) {
            tasks.view(area, buf, &self.look, self.focus == Focus::Tasks);
        }
        let over = Rect { height: screen.height - 1, ..screen };
        if let Some(page) = &self.page {
            page.view(over, buf, &self.look, "q back", true);
        }
        if let Some(confirm) = &self.confirm {
            confirm.view(over, buf, &self.look);
        }
        self.view_footer(places.footer, buf);
    }

    fn view_list(&self, area: Rect, buf: &mut Buffer) {
        let focus = self.focus == Focus::List;
        let text = inside(area);
        let below = match self.rows.len().saturating_sub(self.top + usize::from(text.height)) {
            0 => String::new(),
            more => format!("{more} more"),
        };
        let title = self.list_title();
        let status = self.in_short(usize::from(text.width).saturating_sub(title.width() + 5));
        Frame { title: &title, status: &status, below: &below, focus }.view(area, buf, &self.look);
        let columns = Columns::of(&self.rows, text.width, self.now);
        for (y, row) in (text.y..text.bottom()).zip(&self.rows[self.top.min(self.rows.len())..]) {
            let selected = self.selected.as_ref() == Some(&row.facts.plan);
            let marks = Marks { selected, tagged: self.is_tagged(row), focus };
            row.view(Rect { y, height: 1, ..text }, buf, &self.look, &columns, marks, self.now);
        }
    }

    /// `plans · nope-* · 2 tagged`
    fn list_title(&self) -> String {
        let mut title = "plans".to_owned();
        if !self.watched.is_empty() {
            title.push_str(&format!(" · {}", harmless(&self.watched)));
        }
        if !self.tagged.is_empty() {
            title.push_str(&format!(" · {} tagged", self.tagged.len()));
        }
        let running = self.rows.iter().filter(|row| row.is_live()).count();
        let logs = match (self.kept.layout, &self.shown[..]) {
            (Layout::Grid, shown) => shown.len(),
            (Layout::Merged, [only]) => self.pane(*only).map_or(0, |shown| shown.plans.len()),
            _ => running,
        };
        if self.tagged.is_empty() && logs < running {
            title.push_str(&format!(" · {logs} of {running} logs"));
        }
        title
    }

    /// `2 running, 1 with failures · 1 failed · 1 stopped`, as much of it as there is room for,
    /// what needs somebody first. What has ended well needs no one.
    fn in_short(&self, room: usize) -> String {
        let count = |of: fn(&Row) -> bool| self.rows.iter().filter(|row| of(row)).count();
        let mut words: Vec<(usize, &str)> = vec![
            (count(Row::is_live), "running"),
            (count(Row::has_failures), "with failures"),
            (count(Row::is_bad), "failed"),
        ];
        for word in self.rows.iter().filter_map(Row::is_other) {
            match words.iter_mut().skip(3).find(|(_, known)| *known == word) {
                Some((count, _)) => *count += 1,
                None => words.push((1, word)),
            }
        }
        let mut said = String::new();
        for (count, word) in words.into_iter().filter(|(count, _)| *count > 0) {
            let between = match word {
                _ if said.is_empty() => "",
                "with failures" => ", ",
                _ => " · ",
            };
            let more = format!("{between}{count} {word}");
            if said.width() + more.width() <= room {
                said.push_str(&more);
            }
        }
        said
    }

    fn view_facts(&self, area: Rect, buf: &mut Buffer) {
        let Some(row) = self.row() else {
            Frame::default().view(area, buf, &self.look);
            return;
        };
        let title = row.facts.plan.as_str();
        let run = row.run().map(|run| format!("run {}", run.run)).unwrap_or_default();
        Frame { title, status: &run, ..Frame::default() }.view(area, buf, &self.look);
        let text = inside(area);
        let number = row.run().map_or(0, |run| run.run);
        let tasks = self.tasks.as_ref();
        let tasks = tasks.and_then(|tasks| tasks.summary(&row.facts.plan, number));
        let facts = row.facts(tasks, &self.look, self.now);
        // What is too long goes on below as long as every fact has a row.
        let mut spare = usize::from(text.height).saturating_sub(facts.len());
        let mut y = text.y;
        for (fact, style) in facts {
            let mut rows = wrapped(&harmless(&fact), text.width.into());
            if rows.len() > 1 + spare {
                let rest = rows.split_off(spare).join(" ");
                rows.push(rest);
            }
            spare -= rows.len() - 1;
            for row in rows {
                put(buf, text.x, y, &row, if y < text.bottom() { text.width } else { 0 }, style);
                y += 1;
            }
        }
    }

    fn view_log(&self, at: usize, id: WindowId, area: Rect, buf: &mut Buffer) {
        let Some(shown) = self.pane(id) else { return };
        let rows = || self.rows.iter().filter(|row| shown.plans.contains(&row.facts.plan));
        let last = rows().next().and_then(Row::run).map(|run| run.run);
        // Of the lines that are seen, whatever runs now.
        let run = shown.pane.run().or(last);
        let title = match (self.kept.layout, run) {
            (Layout::Grid, Some(run)) if Some(run) != last => {
                format!("{} {} · run {run}", at + 1, shown.pane.title())
            }
            (Layout::Grid, _) => format!("{} {}", at + 1, shown.pane.title()),
            (_, Some(run)) if shown.plans.len() == 1 => {
                format!("{} · run {run}", shown.pane.title())
            }
            _ => shown.pane.title(),
        };
        let below = match (shown.pane.news(), self.look.unicode) {
            (0, _) => String::new(),
            (news, true) => format!("▼ {news} new · f"),
            (news, false) => format!("{news} new, f"),
        };
        let focus = self.focus == Focus::Log && at == self.at.min(self.shown.len() - 1);
        let room = usize::from(area.width).saturating_sub(title.width() + 7);
        let status = shown.pane.status(rows().any(Row::is_live), room);
        Frame { title: &title, status: &status, below: &below, focus }.view(area, buf, &self.look);
        shown.pane.view(inside(area), buf, &self.look);
    }

    fn view_nothing(&self, area: Rect, buf: &mut Buffer) {
        Frame::default().view(area, buf, &self.look);
        let text = inside(area);
        let none = format!("no plan fits {} yet", harmless(&self.watched));
        let waiting = self.row().map(Row::without_log).unwrap_or_default();
        let waiting: Vec<&str> = waiting.iter().map(String::as_str).collect();
        let lines: &[&str] = match self.listed {
            _ if !waiting.is_empty() => &waiting,
            false => &["reading…"],
            true if !self.watched.is_empty() => &[
                &none,
                "",
                "planwatch watch   shows all plans",
                "",
                "those that fit appear here by themselves",
            ],
            true if self.has_file => &[
                "there are no plans yet",
                "",
                "U   starts plans of the file of plans in this folder",
                "",
                "they appear here by themselves",
            ],
            true => &[
                "there are no plans yet",
                "",
                "planwatch run -n NAME -- COMMAND   starts one",
                "planwatch demo                     shows three",
                "",
                "they appear here by themselves",
            ],
        };
        for (y, line) in (text.y + 1..text.bottom()).zip(lines) {
            put(buf, text.x + 1, y, line, text.width.saturating_sub(2), self.look.tone(Tone::Dim));
        }
    }

    fn view_footer(&self, area: Rect, buf: &mut Buffer) {
        if let Some(prompt) = &self.prompt {
            prompt.view(area, buf, &self.look);
            return;
        }
        let right = self.state();
        let dim = self.look.tone(Tone::Dim);
        let wide = u16::try_from(right.width()).unwrap_or(0);
        let mut room = area.width;
        if area.width >= WITH_STATE {
            let worse = self.polling.is_some() || self.connected == Some(false);
            let style = if worse { self.look.tone(Tone::Wait) } else { dim };
            put(buf, area.right() - wide, area.y, &right, wide, style);
            room = area.width - wide - 1;
        }
        if let Some(said) = &self.said {
            put(buf, area.x, area.y, &harmless(said), room, self.look.tone(Tone::Bold));
            return;
        }
        let key = Style::new().add_modifier(Modifier::BOLD);
        let mut x = area.x;
        for (name, word) in help::footer(self.keys_go(), |binding| self.short(binding)) {
            let needs = u16::try_from(name.width() + 1 + word.width()).unwrap_or(u16::MAX);
            if x + needs > area.x + room {
                break;
            }
            x = put(buf, x, area.y, name, room, key);
            x = put(buf, x + 1, area.y, word, room, dim) + 2;
        }
    }

    /// `inotify · 17:41:03`
    fn state(&self) -> String {
        let how = match (self.connected, &self.polling) {
            (Some(false), _) => "not connected",
            (_, Some(_)) => "polling",
            (Some(true), _) => "connected",
            (None, _) => "inotify",
        };
        if !self.has_clock() {
            return how.to_owned();
        }
        let now = self.look.zone.to_datetime(self.now.timestamp());
        format!("{how} · {}", now.strftime("%H:%M:%S"))
    }
}
