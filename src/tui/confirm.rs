//! The question before something is done to plans. It names them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::frame::{Frame, clear, put, wrapped};
use super::layout::inside;
use super::look::Look;
use super::msg::Deed;
use crate::model::PlanName;
use crate::render::theme::Tone;

/// What is to be done to which plans.
#[derive(Clone, Debug)]
pub(super) struct Confirm {
    /// What.
    pub(super) deed: Deed,
    /// To which; never empty. The selected one is the first.
    pub(super) plans: Vec<PlanName>,
    /// How many of them run; of those to be started, have run before.
    pub(super) running: usize,
    /// How many of them wait in the queue.
    pub(super) waiting: usize,
    /// Processes that runs of theirs which have ended left behind.
    pub(super) left: usize,
}

/// `a, b, c and 4 more`
pub(super) fn named(plans: &[PlanName]) -> String {
    const SHOWN: usize = 5;
    let names: Vec<&str> = plans.iter().take(SHOWN).map(PlanName::as_str).collect();
    match plans.len() {
        count if count > SHOWN => format!("{} and {} more", names.join(", "), count - SHOWN),
        _ => names.join(", "),
    }
}

/// Columns of text at most.
const WIDEST: usize = 100;

impl Confirm {
    /// The lines, each with its look, in this room. However many plans there are, the first is
    /// named and the answer asked for.
    fn lines(&self, width: usize, height: usize) -> Vec<(String, Tone)> {
        let names: Vec<&str> = self.plans.iter().map(PlanName::as_str).collect();
        let count = match names.len() {
            1 => String::new(),
            count => format!(" these {count} plans"),
        };
        let asked = format!("{}{count}: {}?", self.deed.verb(), names.join(", "));
        let mut lines: Vec<(String, Tone)> =
            wrapped(&asked, width).into_iter().map(|line| (line, Tone::Bad)).collect();
        let mut rest: Vec<(String, Tone)> =
            self.consequences().into_iter().map(|line| (line, Tone::Dim)).collect();
        rest.push((String::new(), Tone::Plain));
        rest.push(("y  yes      any other key: no".to_owned(), Tone::Bold));
        let room = height.saturating_sub(rest.len()).max(1);
        if lines.len() > room {
            lines.truncate(room);
            let shown: usize = lines.iter().map(|(line, _)| line.matches(',').count()).sum();
            if let Some((last, _)) = lines.last_mut() {
                let named = last.matches(',').count();
                *last = format!("… and {} more", names.len() - (shown - named));
            }
        }
        lines.extend(rest);
        lines
    }

    /// What comes of it.
    fn consequences(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let one = self.plans.len() == 1;
        match self.waiting {
            0 => {}
            _ if one => return vec!["it waits in the queue and is taken out of it".to_owned()],
            waiting => lines.push(format!("{waiting} of them taken out of the queue")),
        }
        lines.push(match self.deed {
            Deed::Start => "queued, and started as there are places".to_owned(),
            Deed::Unqueue => "taken out of the queue".to_owned(),
            Deed::Stop => "TERM to the whole tree, KILL after the grace".to_owned(),
            Deed::Restart if self.running == 0 => "started as it was started".to_owned(),
            Deed::Restart => "stopped if it runs, then started as it was started".to_owned(),
            Deed::Kill => "KILL to the whole tree at once: no task can clean up".to_owned(),
        });
        match (self.deed, self.running) {
            (Deed::Start, 1) => lines.push("1 of them has run before and runs again".to_owned()),
            (Deed::Start, 2..) => {
                lines.push(format!("{} of them have run before and run again", self.running));
            }
            (Deed::Restart, 1) if one => lines.push("it runs and is interrupted".to_owned()),
            (Deed::Restart, 1) => lines.push("1 of them runs and is interrupted".to_owned()),
            (Deed::Restart, 2..) => {
                lines.push(format!("{} of them run and are interrupted", self.running));
            }
            _ => {}
        }
        match self.left {
            0 => {}
            1 => lines.push("1 process left behind by a run that has ended".to_owned()),
            left => lines.push(format!("{left} processes left behind by runs that have ended")),
        }
        lines
    }

    /// Draws it in the middle.
    pub(super) fn view(&self, screen: Rect, buf: &mut Buffer, look: &Look) {
        let room = usize::from(screen.width.saturating_sub(4)).clamp(8, WIDEST);
        let lines = self.lines(room, usize::from(screen.height.saturating_sub(2)));
        let widest = lines.iter().map(|(line, _)| line.width()).max().unwrap_or(0) + 4;
        let width = u16::try_from(widest).unwrap_or(u16::MAX).min(screen.width);
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(screen.height);
        let (x, y) = ((screen.width - width) / 2, (screen.height - height) / 2);
        let area = Rect { x: screen.x + x, y: screen.y + y, width, height };
        clear(buf, area);
        let title = self.deed.verb();
        Frame { title, focus: true, ..Frame::default() }.view(area, buf, look);
        let text = inside(area);
        for (y, (line, tone)) in (text.y..text.bottom()).zip(&lines) {
            put(buf, text.x + 1, y, line, text.width.saturating_sub(2), look.tone(*tone));
        }
    }
}
