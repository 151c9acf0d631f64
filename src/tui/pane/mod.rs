//! The log of a plan, or of several as one, on a part of the screen.
//!
//! | file | holds |
//! | --- | --- |
//! | `update` | what keys and words do |
//! | `search` | what is searched for |
//! | `key` | the actions that keys stand for |
//! | `hunt` | the way to the next match or error |
//! | `travel` | where on the log the screen stands, and how it moves |
//! | `taken` | what comes of the worker's answers, and what is asked for |
//! | `sense` | what a record means to its neighbours |
//! | `rows` | records → rows: tracebacks, progress bars and copies folded |
//! | `shown` | what a row says |
//! | `ink` | text → cells: harmless, and every character in its column |
//! | `draw` | rows → cells |
//! | `speech` | title, status, and what is copied |
//!
//! Pure: time, disk and terminal are elsewhere. The pane holds a few thousand records around what
//! is seen and asks for others by [`PaneEffect::Ask`]. What surprises: a place on the screen is a
//! record, never a row number, so nothing that is folded, filtered or resized moves it.

pub(super) mod draw;
mod hunt;
pub mod ink;
mod key;
mod rows;
mod search;
mod sense;
mod shown;
mod speech;
mod taken;
mod travel;
mod update;

use std::collections::VecDeque;
use std::sync::Arc;

pub use key::PaneKey;
use rows::{Folding, Rows};
use sense::Held;

use crate::feed::window::{self, Cut, Filter, Pattern, Place, Request, View, Want};
use crate::model::{Level, PlanName, Stream};

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
    /// What was filtered by and searched for before a line was opened that nobody entered.
    Restore(Box<Former>),
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
    /// Whether it is on the screen. One that is not asks for nothing.
    Seen(bool),
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
    size: (u16, u16),
    held: Vec<Held>,
    /// Where what is held begins and ends, and whether nothing is beyond.
    low: Cut,
    high: Cut,
    begin: bool,
    end: bool,
    rows: Rows,
    folding: Folding,
    pending: Pending,
    follow: bool,
    /// The record at the top, and how many of its lines are above. Nothing while following.
    top: Option<(Key, usize)>,
    cursor: Option<Key>,
    /// What was under the cursor when there last was anything: a filter that nothing fits and that is
    /// taken away leads back to it.
    home: Option<Place>,
    /// On which line the cursor is to be once all is there that an opening owes.
    aim: Option<usize>,
    /// Columns moved to the left.
    left: usize,
    marks: Vec<Place>,
    search: Option<Search>,
    hunt: Option<Hunt>,
    /// Where a search has found something that has to be read first.
    goal: Option<(Hunt, Place)>,
    /// Steps that were asked for while one was on its way: to an error, and forward.
    ahead: VecDeque<(bool, bool)>,
    /// What was typed and cannot be.
    trouble: Option<String>,
    progress: Option<u16>,
    /// Records that have come since following was paused, and up to where they are counted.
    unseen: u64,
    seen: Cut,
    /// Where following was paused.
    since: Cut,
    /// Before anything was loaded, and while another place is.
    loading: bool,
    hidden: bool,
    /// Something could not be read.
    stuck: bool,
}

/// By what a record is known: its plan and its seq.
type Key = (usize, u64);

/// Tickets of what was asked for and has not come.
#[derive(Clone, Debug, Default)]
struct Pending {
    last: u64,
    open: Option<u64>,
    older: Option<u64>,
    newer: Option<u64>,
    follow: Option<u64>,
    find: Option<u64>,
    count: Option<u64>,
    line: Option<u64>,
    text: Option<(u64, bool)>,
}

impl Pending {
    /// What was asked for with this ticket will not come.
    fn forget(&mut self, ticket: u64) {
        let Pending { open, older, newer, follow, find, count, line, .. } = self;
        for slot in [open, older, newer, follow, find, count, line] {
            slot.take_if(|asked| *asked == ticket);
        }
        self.text.take_if(|(asked, _)| *asked == ticket);
    }
}

/// What is searched for.
#[derive(Clone, Debug)]
struct Search {
    pattern: Pattern,
    backward: bool,
    /// Whether it was entered; before, it only shows what it fits.
    entered: bool,
    /// The last step went on from the other end of the log.
    round: bool,
    total: u64,
    /// Where they are, if they are not too many.
    places: Vec<Place>,
    counted: bool,
}

/// What is filtered by and searched for.
#[derive(Clone, Debug)]
pub struct Former {
    filter: Filter,
    search: Option<Search>,
}

/// A search for a place that is not held.
#[derive(Clone, Debug)]
struct Hunt {
    error: bool,
    forward: bool,
    round: bool,
    /// From where.
    from: Place,
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
        let filter = Filter { everything: settings.raw, ..Filter::default() };
        let view = Arc::new(View { plans, filter });
        LogPane {
            window,
            view,
            merged,
            settings,
            size: (0, 0),
            held: Vec::new(),
            low: Cut::default(),
            high: Cut::default(),
            begin: false,
            end: false,
            rows: Rows::default(),
            folding: Folding { raw: settings.raw, ..Folding::default() },
            pending: Pending::default(),
            follow: true,
            top: None,
            cursor: None,
            home: None,
            aim: None,
            left: 0,
            marks: Vec::new(),
            search: None,
            hunt: None,
            goal: None,
            ahead: VecDeque::new(),
            trouble: None,
            progress: None,
            unseen: 0,
            seen: Cut::default(),
            since: Cut::default(),
            loading: true,
            hidden: false,
            stuck: false,
        }
    }

    /// Whether [`PaneKey::Cancel`] has anything to end here, or goes to whoever is above.
    pub fn can_cancel(&self) -> bool {
        self.search.is_some() || self.is_hunting() || !self.view.filter.is_open()
    }

    /// Whether a search is on its way.
    fn is_hunting(&self) -> bool {
        self.hunt.is_some() || self.goal.is_some()
    }

    /// What is to be kept from one use to the next.
    pub fn settings(&self) -> Settings {
        self.settings
    }

    /// The plans shown.
    pub fn plans(&self) -> &[PlanName] {
        &self.view.plans
    }

    /// What is filtered by and searched for, to be put back by [`PaneMsg::Restore`].
    pub fn former(&self) -> Former {
        Former { filter: self.view.filter.clone(), search: self.search.clone() }
    }

    /// What is filtered now.
    pub fn filter(&self) -> &Filter {
        &self.view.filter
    }

    fn ask(&mut self, want: Want) -> PaneEffect {
        self.pending.last += 1;
        let (window, ticket, view) = (self.window, self.pending.last, Arc::clone(&self.view));
        let pending = &mut self.pending;
        let slot = Some(ticket);
        match &want {
            Want::Open { .. } => {
                (pending.open, pending.older, pending.newer) = (slot, None, None);
                (pending.follow, pending.find) = (None, None);
            }
            Want::Older { .. } => pending.older = slot,
            Want::Newer { .. } => pending.newer = slot,
            Want::Follow { .. } => pending.follow = slot,
            Want::Find { .. } => pending.find = slot,
            Want::Count(_) => pending.count = slot,
            Want::Line(_) => pending.line = slot,
            Want::Cancel => {
                (pending.find, pending.count, pending.text) = (None, None, None);
            }
            Want::Text { .. } | Want::Close => {}
        }
        PaneEffect::Ask(Request { window, ticket, view, want })
    }
}

#[cfg(test)]
mod tests;
