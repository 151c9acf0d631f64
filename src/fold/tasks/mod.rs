//! What is said about the tasks of a run → the table of its tasks.
//!
//! Streams are witnesses: stdout, stderr, a followed file and the bridge tell the same story, each
//! in its own order and none of them always whole. How often each said what of which task is kept,
//! and the k-th time that somebody says something is news only if nobody else has said it k times.
//! So copies count once, whichever comes first, and a witness that missed something spoils nothing.

mod apply;
mod batch;
mod join;
mod place;
mod rebuild;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::StreamFold;
use crate::model::{Failure, NowRunning, Stamp, Stream, Task, TaskCounts, TaskState, TaskTable};
use crate::parse::Form;
use batch::Batch;
use place::Places;
pub use rebuild::Rebuild;
pub use tables::Tables;

/// Something that a witness says about a task.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// Who says so.
    pub witness: &'a Stream,
    /// How the line is written. A program that sets up logging of its own beside Luigi's gets every
    /// line twice in one stream, in two forms: those are two witnesses.
    pub form: Form,
    /// Which task.
    pub task: TaskRef<'a>,
    /// What happened.
    pub what: What<'a>,
    /// The process that did it, where it is known.
    pub pid: Option<i32>,
    /// When it happened.
    pub ts: Stamp,
    /// Seq of the record that says so.
    pub seq: u64,
}

/// A task by one of its names or both; with none, nothing is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskRef<'a> {
    /// As it prints itself: `Family(name=value, …)`.
    pub name: Option<&'a str>,
    /// Luigi's id.
    pub id: Option<&'a str>,
}

/// What happened to a task.
///
/// Of the lines, `Pending`, `Complete`, `IsDone`, `IsFailed` and `Unknown` are what the scheduler
/// is informed of, and the others what workers say. A bridge says the same at the same places.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum What<'a> {
    /// Nothing, but now its name is known.
    Named,
    /// It is to be run.
    Pending,
    /// It was found complete while tasks were being scheduled.
    Complete,
    /// The scheduler was told that it is done: believed of tasks that were pending, and of
    /// requirements that somebody has just asked for.
    IsDone,
    /// The scheduler was told that it failed: believed of tasks that were pending.
    IsFailed,
    /// The scheduler was told that nobody knows whether it is complete.
    Unknown,
    /// An attempt began.
    Started,
    /// The attempt succeeded.
    Done,
    /// The attempt raised. Where no error is told here, it may follow ([`Tasks::explain`]).
    Failed(Option<&'a str>),
    /// The attempt asked for more requirements. A bridge says so where the scheduler is told of new
    /// dependencies (`_add_task(new_deps=…)`), before it says `Pending`.
    Requirements,
    /// The process of the attempt died, in words.
    Died(&'a str),
    /// The attempt took too long, in words.
    TimedOut(&'a str),
    /// Its data does not exist, and nobody here makes it.
    Missing,
    /// Its `complete()` or `requires()` raised, or there are too many tasks; why may follow.
    Broken(Option<&'a str>),
    /// It requires this one.
    Requires(TaskRef<'a>),
    /// It was loaded by a worker, without having been scheduled.
    Loaded,
    /// It runs in the place of this one, too.
    StandsFor(TaskRef<'a>),
    /// So many percent of it are done.
    Percent(u8),
    /// What it says about itself.
    Message(&'a str),
}

/// What is counted of a witness. The numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Verb {
    Pending = 0,
    Complete = 1,
    IsDone = 2,
    IsFailed = 3,
    Unknown = 4,
    Started = 5,
    Done = 6,
    Failed = 7,
    Requirements = 8,
    Died = 9,
    TimedOut = 10,
    Missing = 11,
    Broken = 12,
}

impl What<'_> {
    /// None of what can be said again without meaning that it happened again.
    fn verb(&self) -> Option<Verb> {
        Some(match self {
            What::Pending => Verb::Pending,
            What::Complete => Verb::Complete,
            What::IsDone => Verb::IsDone,
            What::IsFailed => Verb::IsFailed,
            What::Unknown => Verb::Unknown,
            What::Started => Verb::Started,
            What::Done => Verb::Done,
            What::Failed(_) => Verb::Failed,
            What::Requirements => Verb::Requirements,
            What::Died(_) => Verb::Died,
            What::TimedOut(_) => Verb::TimedOut,
            What::Missing => Verb::Missing,
            What::Broken(_) => Verb::Broken,
            What::Named | What::Requires(_) | What::Loaded | What::StandsFor(_) => return None,
            What::Percent(_) | What::Message(_) => return None,
        })
    }
}

/// One stream that tells of tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Witness {
    stream: Stream,
    /// How its lines are written.
    #[serde(default, skip_serializing_if = "is_bare")]
    form: Form,
    /// The task whose traceback may follow, if this witness was the first to say that it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    explains: Option<u32>,
    /// Tasks that asked for requirements and have not been put back since: what is complete among
    /// those requirements is said like what was found complete in the beginning.
    #[serde(default)]
    asking: u32,
    /// Tasks heard of that did not fit into the table.
    #[serde(default)]
    unlisted: u32,
}

/// How often a witness said a verb of a task, in one number: witness, verb, count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
struct Tally(u32);

impl Tally {
    const MOST: u32 = (1 << 20) - 1;

    fn new(witness: u8, verb: Verb) -> Tally {
        Tally(u32::from(witness) << 24 | (verb as u32) << 20 | 1)
    }

    fn witness(self) -> u8 {
        (self.0 >> 24) as u8
    }

    fn is(self, verb: Verb) -> bool {
        self.0 >> 20 & 15 == verb as u32
    }

    fn count(self) -> u32 {
        self.0 & Tally::MOST
    }

    fn add(&mut self) {
        if self.count() < Tally::MOST {
            self.0 += 1;
        }
    }
}

/// What is saved: everything that cannot be made of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    /// The table.
    pub table: TaskTable,
    witnesses: Vec<Witness>,
    /// What was said of each task of the table.
    said: Vec<Vec<Tally>>,
    /// Ids of tasks that were looked at and not yet given a status, and their names.
    looked_at: BTreeMap<String, String>,
    /// Streams in which the traceback of what was said last may go on: the lines of a traceback are
    /// not marked, so whoever goes on from here must know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    listening: Vec<StreamFold>,
    /// Somebody has said of a task that it is pending.
    scheduling: bool,
    /// Places of the tasks at work, longest first.
    running: Vec<u32>,
    /// Places of the tasks in a state of failure, first first.
    failures: Vec<u32>,
    /// Tasks that run in the place of others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    batches: Vec<Batch>,
}

/// The tasks of one run, as far as somebody has told of them.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    kept: Kept,
    places: Places,
    counts: TaskCounts,
}

impl PartialEq for Tasks {
    /// The rest is made of what is kept.
    fn eq(&self, other: &Tasks) -> bool {
        self.kept == other.kept && self.counts == other.counts
    }
}

impl Eq for Tasks {}

impl Tasks {
    /// Nothing is known yet. `partial` says that the run's beginning will not be told.
    pub fn new(run: u64, partial: bool) -> Tasks {
        Tasks::from(Kept {
            table: TaskTable { run, partial, ..TaskTable::default() },
            ..Kept::default()
        })
    }

    /// The run.
    pub fn run(&self) -> u64 {
        self.kept.table.run
    }

    /// The table.
    pub fn table(&self) -> &TaskTable {
        &self.kept.table
    }

    /// The table, for who only looks at it.
    pub fn into_table(self) -> TaskTable {
        self.kept.table
    }

    /// What is to be saved, and to go on from.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Whether anybody has told anything.
    pub fn heard_anything(&self) -> bool {
        !self.kept.witnesses.is_empty()
    }

    /// Where tracebacks may go on: for whoever goes on from what is kept.
    pub(super) fn listen(&mut self, listening: Vec<StreamFold>) {
        self.kept.listening = listening;
    }

    /// Every record up to this one has been told.
    pub fn reached(&mut self, seq: u64) {
        self.kept.table.seq = self.kept.table.seq.max(seq);
    }

    /// So many events were lost on their way before record `seq`.
    pub(super) fn lost_reports(&mut self, lost: u64, seq: u64) {
        self.kept.table.unreported += lost;
        self.reached(seq);
    }

    /// How many tasks stand where.
    pub fn counts(&self) -> TaskCounts {
        self.counts
    }

    /// Tasks at work, longest first; at most `most`.
    pub fn now(&self, most: usize) -> Vec<NowRunning> {
        let since = |task: &Task| task.last().map_or(Stamp::default(), |last| last.started_at);
        (self.kept.running.iter().take(most))
            .filter_map(|&place| self.kept.table.tasks.get(place as usize))
            .map(|task| NowRunning { task: brief(&task.name), since: since(task) })
            .collect()
    }

    /// The first task that failed; where none did, the first that could not be scheduled, else the
    /// first that lacks its data: both are found out before anything runs, and so often come first.
    pub fn first_failure(&self) -> Option<Failure> {
        let tasks = &self.kept.table.tasks;
        let failures = || self.kept.failures.iter().filter_map(|&place| tasks.get(place as usize));
        let task = [TaskState::Failed, TaskState::Broken, TaskState::Missing]
            .into_iter()
            .find_map(|state| failures().find(|task| task.state == state))?;
        Some(Failure {
            task: brief(&task.name),
            state: task.state,
            error: task.error.as_deref().map(brief),
        })
    }

    /// Takes what a witness says. True if the table is another than before.
    pub fn tell(&mut self, told: &Told<'_>) -> bool {
        self.reached(told.seq);
        let witness = self.witness(told.witness, told.form);
        let Some(place) = self.place_of(told, witness) else { return false };
        let renamed = self.take_names(place, told.task);
        let Some(verb) = told.what.verb() else {
            return self.note(place, &told.what) | renamed;
        };
        if verb == Verb::Pending {
            self.kept.scheduling = true;
            self.answered(place, witness);
        } else if verb == Verb::Requirements {
            self.kept.witnesses[usize::from(witness)].asking += 1;
        }
        let (own, others) = self.count(place, witness, verb);
        if matches!(verb, Verb::Failed | Verb::Broken) {
            self.expect_explanation(told.witness, witness, (own >= others).then_some(place));
        }
        let news = own > others || self.ends_what_it_began(place, witness, verb);
        (news && self.apply(place, told)) | renamed
    }

    /// Takes the line that names the exception of what this witness said last to have gone wrong.
    pub fn explain(&mut self, witness: &Stream, error: &str) -> bool {
        let mut same = self.kept.witnesses.iter().filter(|known| known.stream == *witness);
        let Some(place) = same.find_map(|known| known.explains) else { return false };
        let Some(task) = self.kept.table.tasks.get_mut(place as usize) else { return false };
        let error = shortened(error, ERROR);
        let new = task.error.as_deref() != Some(error);
        if new {
            task.error = Some(error.to_owned());
        }
        new
    }

    /// What follows in a stream belongs to what was said there last, in whatever form.
    fn expect_explanation(&mut self, stream: &Stream, witness: u8, of: Option<u32>) {
        for known in self.kept.witnesses.iter_mut().filter(|known| known.stream == *stream) {
            known.explains = None;
        }
        self.kept.witnesses[usize::from(witness)].explains = of;
    }

    /// The number of a witness. The last number is shared by all that come after it.
    fn witness(&mut self, stream: &Stream, form: Form) -> u8 {
        let is_it = |known: &Witness| known.stream == *stream && known.form == form;
        let known = self.kept.witnesses.iter().position(is_it);
        let number = known.unwrap_or_else(|| {
            if self.kept.witnesses.len() < WITNESSES {
                let stream = stream.clone();
                let new = Witness { stream, form, explains: None, asking: 0, unlisted: 0 };
                self.kept.witnesses.push(new);
            }
            self.kept.witnesses.len() - 1
        });
        u8::try_from(number).unwrap_or(u8::MAX)
    }

    /// Counts what a witness says; how often it has said so now, and how often any other has.
    fn count(&mut self, place: u32, witness: u8, verb: Verb) -> (u32, u32) {
        let tallies = &mut self.kept.said[place as usize];
        let (mut own, mut others) = (None, 0);
        for tally in tallies.iter_mut().filter(|tally| tally.is(verb)) {
            if tally.witness() == witness {
                tally.add();
                own = Some(tally.count());
            } else {
                others = others.max(tally.count());
            }
        }
        let own = own.unwrap_or_else(|| {
            tallies.push(Tally::new(witness, verb));
            1
        });
        (own, others)
    }

    /// Whether anybody has said this of the task.
    fn was(&self, place: u32, verb: Verb) -> bool {
        self.kept.said[place as usize].iter().any(|tally| tally.is(verb))
    }
}

impl From<Kept> for Tasks {
    fn from(kept: Kept) -> Tasks {
        let mut tasks = Tasks { kept, ..Tasks::default() };
        tasks.kept.said.resize(tasks.kept.table.tasks.len(), Vec::new());
        tasks.index();
        tasks
    }
}

/// Witnesses of one run that are told apart.
const WITNESSES: usize = 64;

/// Longest error that is kept.
const ERROR: usize = 2048;

fn is_bare(form: &Form) -> bool {
    *form == Form::Bare
}

/// Longest name or error where there must be room for many.
const BRIEF: usize = 300;

fn brief(text: &str) -> String {
    let short = shortened(text, BRIEF);
    if short.len() < text.len() { format!("{short}…") } else { short.to_owned() }
}

fn shortened(text: &str, most: usize) -> &str {
    if text.len() <= most { text } else { &text[..text.floor_char_boundary(most)] }
}
