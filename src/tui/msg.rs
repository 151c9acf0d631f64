//! What comes in and what goes out: messages to the screen, and the effects it asks for.

use crossterm::event::KeyCode;

use super::kept::Kept;
use crate::feed::window;
use crate::fold::RunFold;
use crate::model::{PlanName, Stamp, TaskTable};
use crate::render::tasks::Earlier;

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Press {
    /// Which.
    pub code: KeyCode,
    /// With the control key.
    pub ctrl: bool,
    /// With the alt key.
    pub alt: bool,
}

impl Press {
    /// A key by itself.
    pub const fn of(code: KeyCode) -> Press {
        Press { code, ctrl: false, alt: false }
    }

    /// A character by itself.
    pub const fn char(c: char) -> Press {
        Press::of(KeyCode::Char(c))
    }

    /// A character with the control key.
    pub const fn ctrl(c: char) -> Press {
        Press { code: KeyCode::Char(c), ctrl: true, alt: false }
    }
}

/// What the mouse did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button went down.
    Click,
    /// The wheel was turned: rows down, up if negative.
    Wheel(i32),
}

/// What is known of a plan, as far as lists show it.
#[derive(Clone, Debug)]
pub struct PlanFacts {
    /// The plan.
    pub plan: PlanName,
    /// Its last run, if it ever ran.
    pub run: Option<Box<RunFold>>,
    /// Seq of its last record.
    pub seq: u64,
    /// Lines of the plan in all.
    pub lines: u64,
    /// Bytes of its log.
    pub log_bytes: u64,
    /// Nobody records it any more, though its run has not ended.
    pub orphaned: bool,
    /// Processes that go on though its run has ended.
    pub left: usize,
    /// When it was last heard of, if it ever was.
    pub heard: Option<Stamp>,
}

/// The tasks of a run, and what is known around them.
#[derive(Clone, Debug)]
pub struct RunTasks {
    /// The plan.
    pub plan: PlanName,
    /// The run.
    pub run: RunFold,
    /// Its tasks; empty where Luigi has said nothing.
    pub table: TaskTable,
    /// Runs before it, for a guess at the time left.
    pub earlier: Vec<Earlier>,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Press(Press),
    /// Text was pasted.
    Paste(String),
    /// The mouse did something at this column and row.
    Mouse(Mouse, u16, u16),
    /// The terminal has this size.
    Resize(u16, u16),
    /// The present moment.
    Now(Stamp),
    /// The same, and about a second has gone by since the last one.
    Tick(Stamp),
    /// What is known of a plan now.
    Plan(PlanFacts),
    /// So many processes of a plan go on though its run has ended.
    Left(PlanName, usize),
    /// A plan was removed.
    Gone(PlanName),
    /// All plans that there are have been told.
    Listed,
    /// Changes are looked for again and again, and why; None: they are notified.
    Polling(Option<String>),
    /// What a log pane asked for.
    Answer(window::Answer),
    /// The tasks of a run.
    Tasks(Box<RunTasks>),
    /// The tasks of this plan could not be found out, and why.
    NoTasks(PlanName, String),
    /// Why a run ended as it did: the screen of `why`, in our own colours.
    Why {
        /// The plan.
        plan: PlanName,
        /// The screen.
        text: Vec<u8>,
    },
    /// Something that was asked for has happened, or failed: one line.
    Say(String),
}

/// What is done to plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// First signal, grace, KILL.
    Stop,
    /// Stop, and start again.
    Restart,
    /// KILL at once.
    Kill,
}

impl Deed {
    /// The verb, as the palette knows it.
    pub const fn verb(self) -> &'static str {
        match self {
            Deed::Stop => "stop",
            Deed::Restart => "restart",
            Deed::Kill => "kill",
        }
    }
}

/// Something the screen wants done.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The end.
    Quit,
    /// Back to the shell, until it brings us back.
    Suspend,
    /// Everything is to be drawn anew.
    Redraw,
    /// This is to be put on the clipboard.
    Copy(String),
    /// This is to be saved to a file.
    Save(String),
    /// By the reader of logs.
    Ask(window::Request),
    /// The tasks of a plan's last run are wanted.
    Tasks(PlanName),
    /// Why a plan's last run ended as it did is wanted, at this width.
    Why(PlanName, u16),
    /// This is to be done to these plans.
    Act(Deed, Vec<PlanName>),
    /// This is to be remembered until the next time.
    Keep(Kept),
}
