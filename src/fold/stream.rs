//! What is known of one stream that may still say something.

use serde::{Deserialize, Serialize};

use super::clock::Clock;
use super::tail::Tail;
use super::tasks::{TaskRef, What};
use crate::model::{Eol, FileMark, Stream};
use crate::parse::luigi::{self, Status, TaskLine, TaskWord, Told};
use crate::parse::{self, Ended, Form, Line, Recogniser, Seen};

/// Where a stream stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamFold {
    /// Its run; 0 for the lifecycle stream, which belongs to all of them.
    pub run: u64,
    /// Which stream.
    pub stream: Stream,
    /// Offset of the first byte that has no record.
    pub off: u64,
    /// The file that it is read from, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileMark>,
    /// Offset in the stream of that file's first byte.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub base: u64,
    /// The last bytes of that file that have records: where it was emptied and has grown past this
    /// place while nobody looked, others stand there.
    #[serde(default, skip_serializing_if = "Tail::is_empty")]
    pub tail: Tail,
    /// Offset of the first byte that is the run's own: what stands before it in the file is the word
    /// of somebody who wrote into it earlier.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub own: u64,
    /// The clock that its lines carry, where that may tell more than the time of recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<Clock>,
    /// What its lines so far mean for the next.
    #[serde(default)]
    pub recogniser: Recogniser,
    /// Luigi has said here that it looked at all tasks: what is done from here on was run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scheduled: bool,
}

/// What a line was heard to say.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    /// Its level and logger.
    pub(super) seen: Seen<'a>,
    /// What it says of a task, and the name of that in records.
    pub(super) task: Option<(TaskLine<'a>, &'static str)>,
    /// How it is written, where it speaks of a task.
    pub(super) form: Form,
}

impl<'a> Heard<'a> {
    /// A line that speaks of no task.
    const fn nothing(seen: Seen<'a>) -> Heard<'a> {
        Heard { seen, task: None, form: Form::Bare }
    }
}

impl StreamFold {
    /// A stream that has said nothing.
    pub(super) fn new(run: u64, stream: Stream) -> StreamFold {
        StreamFold {
            run,
            stream,
            off: 0,
            file: None,
            base: 0,
            own: 0,
            clock: None,
            tail: Tail::default(),
            recogniser: Recogniser::default(),
            scheduled: false,
        }
    }

    /// Whether it is this one.
    pub(super) fn is(&self, run: u64, stream: &Stream) -> bool {
        self.run == run && self.stream == *stream
    }

    /// Whether its next line is the run's own word.
    pub(super) fn is_own(&self) -> bool {
        self.off >= self.own
    }

    /// Takes the next line.
    #[inline]
    pub(super) fn hear<'a>(&mut self, line: &Line<'a>) -> Heard<'a> {
        if !self.is_own() {
            let seen = Seen { explains: false, ..self.recogniser.see(line.bytes, line.eol) };
            if self.off + line.consumed as u64 >= self.own {
                self.recogniser = Recogniser::default();
            }
            return Heard::nothing(seen);
        }
        let piece = self.recogniser.is_inside_line();
        let mut seen = self.recogniser.see(line.bytes, line.eol);
        // What stands in a traceback is nobody's word, and what was cut is not whole.
        let inside = seen.continues && (piece || !self.is_behind_traceback(line.bytes));
        if inside || line.eol == Eol::Part {
            return Heard::nothing(seen);
        }
        let Some(told) = luigi::told(line.bytes) else {
            // Luigi may be called again, and look at other tasks then.
            if self.scheduled && matches!(parse::ended(line.bytes), Some(Ended::Summary(_))) {
                self.scheduled = false;
            }
            return Heard::nothing(seen);
        };
        let Told::Task(task) = told else {
            self.scheduled = true;
            return Heard::nothing(seen);
        };
        let form = if seen.level.is_some() && !seen.continues {
            Form::of(line.bytes, seen.logger.is_some())
        } else {
            // Something is glued to the front of its prefix, or it has none.
            seen.continues = false;
            seen.level = Some(task.word.level());
            self.recogniser.correct(task.word.level());
            Form::found_in(line.bytes)
        };
        if task.word.may_explain() {
            self.recogniser.mark();
        }
        Heard { seen, task: Some((task, event_name(&task.word, self.scheduled))), form }
    }

    /// Whether this line is Luigi's own, though it looks like more of an exception's message: where
    /// its lines have no prefix, nothing else ends a traceback.
    fn is_behind_traceback(&self, line: &[u8]) -> bool {
        self.recogniser.may_be_over() && matches!(luigi::told(line), Some(Told::Task(_)))
    }

    /// Its next byte stands behind this line.
    #[inline]
    pub(super) fn pass(&mut self, off: u64, line: &Line<'_>) {
        self.off = off + line.consumed as u64;
        if matches!(self.stream, Stream::File(_)) {
            self.tail.push(line.bytes);
            self.tail.push(line.eol.bytes());
        }
    }

    /// Its next byte is the first of a file: of `file`, or of the same again.
    pub(super) fn begin_file(&mut self, file: Option<FileMark>) {
        self.file = file.or(self.file);
        self.base = self.off;
        self.own = self.off;
        self.clock = None;
        self.tail = Tail::default();
        self.recogniser = Recogniser::default();
    }

    /// Goes on at `off` behind bytes that were given up.
    pub(super) fn skip_to(&mut self, off: u64) {
        self.off = off;
        self.tail = Tail::default();
        self.recogniser = Recogniser::default();
    }
}

/// What a record has as `task_event`.
const fn event_name(word: &TaskWord<'_>, scheduled: bool) -> &'static str {
    match word {
        TaskWord::Checked => "checked",
        TaskWord::Loaded => "loaded",
        TaskWord::Informed(Status::Pending) => "pending",
        TaskWord::Informed(Status::Done) if !scheduled => COMPLETE,
        TaskWord::Informed(Status::Done) | TaskWord::Done => "done",
        TaskWord::Informed(Status::Failed) | TaskWord::Failed => "failed",
        TaskWord::Informed(Status::Unknown) | TaskWord::Broken(_) => "broken",
        TaskWord::Running => "started",
        TaskWord::Requirements => "requirements",
        TaskWord::Died(_) => "died",
        TaskWord::TimedOut(_) => "timeout",
        TaskWord::Missing => "missing",
    }
}

/// The one name that does not follow from the line alone.
pub(super) const COMPLETE: &str = "complete";

/// What a line means for the table; `event` is what its record has as `task_event`.
pub(super) fn meaning<'a>(word: &TaskWord<'a>, event: &str) -> What<'a> {
    match *word {
        TaskWord::Checked => What::Named,
        TaskWord::Loaded => What::Loaded,
        TaskWord::Informed(Status::Pending) => What::Pending,
        TaskWord::Informed(Status::Done) if event == COMPLETE => What::Complete,
        TaskWord::Informed(Status::Done) => What::IsDone,
        TaskWord::Informed(Status::Failed) => What::IsFailed,
        TaskWord::Informed(Status::Unknown) => What::Unknown,
        TaskWord::Running => What::Started,
        TaskWord::Done => What::Done,
        TaskWord::Failed => What::Failed(None),
        TaskWord::Requirements => What::Requirements,
        TaskWord::Died(how) => What::Died(how),
        TaskWord::TimedOut(how) => What::TimedOut(how),
        TaskWord::Missing => What::Missing,
        // An error has a traceback, which tells more.
        TaskWord::Broken(why) => What::Broken(why.starts_with("exceeded").then_some(why)),
    }
}

/// The task that a line speaks of: the scheduler and the parent process know ids, workers print.
pub(super) fn task_of<'a>(line: &TaskLine<'a>) -> TaskRef<'a> {
    match line.word {
        TaskWord::Informed(_) | TaskWord::Died(_) | TaskWord::TimedOut(_) | TaskWord::Loaded => {
            TaskRef { name: None, id: Some(line.task) }
        }
        _ => TaskRef { name: Some(line.task), id: None },
    }
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}
