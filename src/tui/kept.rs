//! What is kept of the screen from one use to the next.

use serde::{Deserialize, Serialize};

use super::pane::{Settings, Times};

/// How the logs share the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layout {
    /// The log of the selected plan.
    #[default]
    List,
    /// Several logs beside each other.
    Grid,
    /// Several logs as one, by time.
    Merged,
}

impl Layout {
    /// All of them, in the order in which a key goes through them.
    pub const ALL: [Layout; 3] = [Layout::List, Layout::Grid, Layout::Merged];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::List => "list",
            Layout::Grid => "grid",
            Layout::Merged => "merged",
        }
    }

    /// The one after it.
    pub fn next(self) -> Layout {
        let at = Layout::ALL.iter().position(|&layout| layout == self).unwrap_or(0);
        Layout::ALL[(at + 1) % Layout::ALL.len()]
    }
}

/// What is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// How the logs share the screen.
    pub layout: Layout,
    /// Long lines are wrapped.
    pub wrap: bool,
    /// Lines as they were written.
    pub raw: bool,
    /// Times in front of lines: `off`, `clock`, `iso`, `delta`.
    pub times: KeptTimes,
    /// Whether the ground is light; None: as the terminal says.
    pub light: Option<bool>,
    /// The bell does not ring.
    pub quiet: bool,
}

/// [`Times`] as they are written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "see Times")]
pub enum KeptTimes {
    Off,
    #[default]
    Clock,
    Iso,
    Delta,
}

impl Kept {
    /// What of it log panes are made with.
    pub fn settings(&self) -> Settings {
        let times = match self.times {
            KeptTimes::Off => Times::Off,
            KeptTimes::Clock => Times::Clock,
            KeptTimes::Iso => Times::Iso,
            KeptTimes::Delta => Times::Delta,
        };
        Settings { wrap: self.wrap, raw: self.raw, times }
    }

    /// The same with what a log pane has now.
    pub fn with(self, settings: Settings) -> Kept {
        let times = match settings.times {
            Times::Off => KeptTimes::Off,
            Times::Clock => KeptTimes::Clock,
            Times::Iso => KeptTimes::Iso,
            Times::Delta => KeptTimes::Delta,
        };
        Kept { wrap: settings.wrap, raw: settings.raw, times, ..self }
    }
}
