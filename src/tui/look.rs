//! How the screen looks: colours by meaning, for dark and light grounds, few colours and none.

use jiff::tz::TimeZone;
use ratatui::style::{Color, Modifier, Style};

use crate::render::theme::Tone;

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colours {
    /// None, or none are wanted.
    None,
    /// The sixteen of every terminal.
    Sixteen,
    /// 256 or more.
    Many,
}

/// How the screen looks.
#[derive(Clone, Debug)]
pub struct Look {
    /// Colours there are.
    pub colours: Colours,
    /// Whether the ground is light.
    pub light: bool,
    /// Whether more than ASCII can be shown.
    pub unicode: bool,
    /// The zone times are told in.
    pub zone: TimeZone,
}

/// Of plans, in the order of [`Tone::Plan`].
const PLANS: [Color; 6] =
    [Color::Cyan, Color::Magenta, Color::Blue, Color::Green, Color::LightCyan, Color::LightMagenta];

impl Look {
    /// The style of a meaning.
    pub fn tone(&self, tone: Tone) -> Style {
        let style = Style::new();
        let coloured =
            |colour| if self.colours == Colours::None { style } else { style.fg(colour) };
        match tone {
            Tone::Plain => style,
            Tone::Dim => style.add_modifier(Modifier::DIM),
            Tone::Bold => style.add_modifier(Modifier::BOLD),
            Tone::Bad => coloured(Color::Red),
            Tone::Worst => coloured(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Wait => coloured(Color::Yellow),
            Tone::Good => coloured(Color::Green),
            Tone::Busy => coloured(Color::Cyan),
            Tone::Plan(which) => coloured(PLANS[usize::from(which) % PLANS.len()]),
        }
    }

    /// What is laid over the row of the cursor.
    pub fn cursor(&self) -> Style {
        match (self.colours, self.light) {
            (Colours::Many, false) => Style::new().bg(Color::Indexed(237)),
            (Colours::Many, true) => Style::new().bg(Color::Indexed(254)),
            _ => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// What is laid over text that was searched for.
    pub fn found(&self) -> Style {
        match self.colours {
            Colours::None => Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD),
            _ => Style::new().fg(Color::Black).bg(Color::Yellow).remove_modifier(Modifier::DIM),
        }
    }
}
