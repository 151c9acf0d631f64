//! What comes in and what goes out: messages to the screen, and the effects it asks for.

use crossterm::event::KeyCode;
use serde::{Deserialize, Serialize};

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

/// What the queue says of a plan that does not run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queued {
    /// The plan.
    pub plan: PlanName,
    /// Its place: the lower, the earlier.
    pub place: u64,
    /// Its group.
    pub group: Option<String>,
    /// Since when.
    pub since: Stamp,
    /// Where it stands.
    pub stand: Stand,
}

/// Where a queued plan stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It waits: `for dublin-cafe`.
    Waits(String),
    /// Its turn has come: it soon will be this run.
    Begins(u64),
    /// It will not run, and why.
    Skipped(String),
}

/// The file of plans in the folder that the screen was started in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileOfPlans {
    /// Its plans.
    pub plans: Vec<PlanName>,
    /// Their groups, each once.
    pub groups: Vec<String>,
}

/// Plans of the file, as a user names them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// Names, or keys of a `foreach`. None of both: all plans.
    pub names: Vec<String>,
    /// All of this group.
    pub group: Option<String>,
}

/// The tasks of a run, and what is known around them.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// What is queued now, all of it.
    Queue(Vec<Queued>),
    /// The file of plans as it is now, or what is wrong with it.
    File(Result<FileOfPlans, String>),
    /// Plans of the file that were named are these, what they come after included.
    Meant(Vec<PlanName>),
    /// All plans that there are have been told.
    Listed,
    /// Changes are looked for again and again, and why; None: they are notified.
    Polling(Option<String>),
    /// Whether there is a connection to the machine whose plans these are.
    Connected(bool),
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
    /// Queue them as the file of plans says, and start those whose turn it is.
    Start,
    /// Take them out of the queue.
    Unqueue,
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
            Deed::Start => "start",
            Deed::Unqueue => "take out of the queue",
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
    /// The bell is to ring.
    Ring,
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
    /// The file of plans is wanted.
    File,
    /// Which plans of the file are meant is wanted.
    Mean(Named),
    /// This is to be done to these plans.
    Act(Deed, Vec<PlanName>),
    /// This is to be remembered until the next time.
    Keep(Kept),
}
