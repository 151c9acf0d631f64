//! The log of a plan, or of several as one, on a part of the screen.
//!
//! | file | holds |
//! | --- | --- |
//! | `update` | what keys and words do |
//! | `taken` | what comes of the worker's answers |
//! | `rows` | records → rows: tracebacks, progress bars and copies folded |
//! | `shown` | what a row says |
//! | `ink` | text → cells: harmless, and every character in its column |
//! | `draw` | rows → cells |
//! | `speech` | title, status, and what is copied |
//!
//! Pure: time, disk and terminal are elsewhere. The pane holds a few thousand records around what
//! is seen and asks for others by [`PaneEffect::Ask`]. What surprises: a place on the screen is a
//! record, never a row number, so nothing that is folded, filtered or resized moves it.

pub mod ink;

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::look::Look;
use crate::feed::window::{self, At, Item, Request, Told, View, Want};
use crate::model::{Level, PlanName, Stream};
use crate::render::sanitize::harmless;
use crate::render::theme::Tone;

/// An action of the pane, whatever key it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaneKey {
    /// The row above, below.
    Up,
    /// The row below.
    Down,
    /// A page back.
    PageUp,
    /// A page on.
    PageDown,
    /// Half a page back.
    HalfUp,
    /// Half a page on.
    HalfDown,
    /// The first record.
    First,
    /// The last record, and those to come.
    Follow,
    /// Text to the left.
    Left,
    /// Text to the right.
    Right,
    /// The next place that was searched for.
    NextMatch,
    /// The one before.
    PreviousMatch,
    /// The next error.
    NextError,
    /// The one before.
    PreviousError,
    /// Long lines wrapped or cut.
    Wrap,
    /// Times: none, of day, whole, since the row before.
    Times,
    /// Lines as they were written, or as what they mean.
    Raw,
    /// The next level: all, info, warning, error.
    Level,
    /// The next stream.
    Stream,
    /// Marks the record, or takes its mark away.
    Mark,
    /// The next marked record.
    NextMark,
    /// The one before.
    PreviousMark,
    /// Opens or closes what is folded.
    Open,
    /// Opens or closes everything that is folded.
    OpenAll,
    /// Copies the record, or all from the first mark to the last.
    Copy,
    /// The same, to a file.
    Save,
    /// Shows the record as it is stored.
    Inspect,
    /// Ends a search; then the highlight; then the filter.
    Cancel,
}

/// Something that happens to the pane.
#[derive(Clone, Debug)]
pub enum PaneMsg {
    /// An action.
    Key(PaneKey),
    /// The part of the screen it has now. The first one opens the log.
    Resize {
        /// Columns.
        width: u16,
        /// Rows.
        height: u16,
    },
    /// What the worker says.
    Answer(window::Answer),
    /// The mouse wheel: rows up (negative) or down.
    Wheel(i32),
    /// A click on a place of its part of the screen.
    Click {
        /// Row from its top.
        row: u16,
        /// Column from its left.
        col: u16,
    },
    /// What is searched for, as it is typed (`done` false) and when it is entered. Empty: nothing.
    Search {
        /// The pattern.
        text: String,
        /// Towards the beginning.
        backward: bool,
        /// Whether typing has ended.
        done: bool,
    },
    /// What lines must fit, as it is typed. Begins with `!`: must not. Empty: everything.
    Filter(String),
    /// This level or worse.
    Level(Option<Level>),
    /// From these streams; empty: from all.
    Streams(Vec<Stream>),
    /// Of tasks like this. Empty: everything.
    Task(String),
    /// Of this run.
    Run(Option<u64>),
    /// Goes somewhere.
    Goto(window::At),
}

/// Something the pane wants done.
#[derive(Clone, Debug)]
pub enum PaneEffect {
    /// By the window's worker.
    Ask(window::Request),
    /// This text is to be put on the clipboard.
    Copy(String),
    /// This text is to be saved to a file.
    Save(String),
    /// This is to be said to the user, on one line.
    Say(String),
    /// A record as it is stored, indented, and where it stands.
    Inspect {
        /// `dublin-cafe 4242`
        title: String,
        /// Its JSON. Not yet harmless.
        text: String,
    },
}

/// How times stand in front of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Times {
    /// Not at all.
    Off,
    /// The time of day.
    #[default]
    Clock,
    /// Date, time and microseconds in UTC, as in the log.
    Iso,
    /// Time since the row above.
    Delta,
}

/// What of the pane is kept from one use to the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Long lines are wrapped.
    pub wrap: bool,
    /// Times.
    pub times: Times,
    /// Lines as they were written.
    pub raw: bool,
}

/// A log on the screen.
pub struct LogPane {
    window: window::WindowId,
    view: Arc<View>,
    merged: bool,
    settings: Settings,
    ticket: u64,
    items: Vec<Item>,
    height: u16,
}

impl LogPane {
    /// The pane of these plans' logs. It opens at the end with the first [`PaneMsg::Resize`].
    /// `window` tells its requests from those of other panes.
    pub fn new(
        window: window::WindowId,
        plans: Vec<PlanName>,
        merged: bool,
        settings: Settings,
    ) -> LogPane {
        let view = Arc::new(View { plans, filter: window::Filter::default() });
        LogPane { window, view, merged, settings, ticket: 0, items: Vec::new(), height: 0 }
    }

    /// Takes in what happened, and says what is to be done.
    pub fn update(&mut self, msg: PaneMsg) -> Vec<PaneEffect> {
        match msg {
            PaneMsg::Resize { height, .. } => {
                let first = self.height == 0;
                self.height = height;
                let want = Want::Open { at: At::End, before: usize::from(height), after: 0 };
                if first { vec![self.ask(want)] } else { Vec::new() }
            }
            PaneMsg::Answer(answer) => {
                if let Told::Opened(slice, _) = answer.told {
                    self.items = slice.items;
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// Draws it.
    pub fn view(&self, area: Rect, buf: &mut Buffer, look: &Look) {
        let first = self.items.len().saturating_sub(usize::from(area.height));
        for (row, item) in (area.y..area.bottom()).zip(&self.items[first..]) {
            let style = look.tone(Tone::of_level(item.level));
            buf.set_stringn(area.x, row, harmless(&item.msg), area.width.into(), style);
        }
    }

    /// Whose log it is, for its upper border.
    pub fn title(&self) -> String {
        let names: Vec<&str> = self.view.plans.iter().map(PlanName::as_str).collect();
        if self.merged { format!("{} plans", names.len()) } else { names.join(", ") }
    }

    /// What is shown of it: `following · warning+ · stderr`, for the same border.
    pub fn status(&self) -> String {
        "following".to_owned()
    }

    /// How many records have come that are below what is seen; none while following.
    pub fn news(&self) -> u64 {
        0
    }

    /// Whether [`PaneKey::Cancel`] has anything to end here, or goes to whoever is above.
    pub fn can_cancel(&self) -> bool {
        false
    }

    /// What is to be kept from one use to the next.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// The plans shown.
    pub fn plans(&self) -> &[PlanName] {
        &self.view.plans
    }

    fn ask(&mut self, want: Want) -> PaneEffect {
        self.ticket += 1;
        let (window, ticket, view) = (self.window, self.ticket, Arc::clone(&self.view));
        PaneEffect::Ask(Request { window, ticket, view, want })
    }
}
