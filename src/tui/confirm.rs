//! The question before something is done to plans. It names them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr as _;

use super::frame::{Frame, clear, put};
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
    /// To which; never empty.
    pub(super) plans: Vec<PlanName>,
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

impl Confirm {
    fn lines(&self) -> Vec<String> {
        let count = match self.plans.len() {
            1 => String::new(),
            count => format!(" these {count} plans"),
        };
        let consequence = match self.deed {
            Deed::Stop => "TERM to the whole tree, KILL after the grace",
            Deed::Restart => "stopped if it runs, then started as it was started",
            Deed::Kill => "KILL to the whole tree at once: no task can clean up",
        };
        vec![
            format!("{}{count}: {}?", self.deed.verb(), named(&self.plans)),
            consequence.to_owned(),
            String::new(),
            "y  yes      any other key: no".to_owned(),
        ]
    }

    /// Draws it in the middle.
    pub(super) fn view(&self, screen: Rect, buf: &mut Buffer, look: &Look) {
        let lines = self.lines();
        let widest = lines.iter().map(|line| line.width()).max().unwrap_or(0) + 4;
        let width = u16::try_from(widest).unwrap_or(u16::MAX).min(screen.width);
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(screen.height);
        let (x, y) = ((screen.width - width) / 2, (screen.height - height) / 2);
        let area = Rect { x: screen.x + x, y: screen.y + y, width, height };
        clear(buf, area);
        let title = self.deed.verb();
        Frame { title, focus: true, ..Frame::default() }.view(area, buf, look);
        let text = inside(area);
        let tones = [Tone::Bad, Tone::Dim, Tone::Plain, Tone::Bold];
        for ((y, line), tone) in (text.y..text.bottom()).zip(&lines).zip(tones) {
            put(buf, text.x + 1, y, line, text.width.saturating_sub(2), look.tone(tone));
        }
    }
}
