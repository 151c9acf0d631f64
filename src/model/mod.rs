//! The nouns: plan names, records, time stamps, levels, verdicts, and the rules a plan lives by.
//!
//! Pure: nothing here opens, waits, prints or asks the clock. Every other room may use this one;
//! it uses none of ours.
//!
//! What surprises: a *plan* is a name with one log for ever; a *run* is one execution of it.
//! Sequence numbers belong to the plan, byte offsets to a stream of a run.

mod digits;
mod duration;
mod encode;
mod event;
mod foreign;
mod front;
mod level;
mod name;
mod naming;
mod passing;
mod peek;
mod queue;
mod record;
mod restart;
mod retain;
mod rules;
pub mod secret;
mod sheet;
mod signal;
mod size;
mod spec;
mod stamp;
mod stream;
mod task;
mod verdict;
mod when;

pub use duration::{DurationError, format_duration, parse_duration};
pub use encode::{Head, Text, encode_event, encode_text, put_text};
pub use event::{Event, Marker, Said, SealHash, StreamPos};
pub use foreign::{FileMark, Followed, Foreign, ForeignProcess};
pub use front::Front;
pub use level::Level;
pub use name::{NameError, PlanName, RunChoice, Target};
pub use passing::is_passing;
pub use peek::Peek;
pub use queue::{After, Entry, Queue, Stand};
pub use record::{Record, RecordError};
pub use restart::{Hooks, Restart, RestartChoice, RestartPolicy, Stall, StallDeed};
pub use retain::{Stored, expendable};
pub use rules::{Compress, KeepRule, OnFull, VerdictRule};
pub use secret::MOST_SECRETS;
pub use sheet::Sheet;
pub use signal::{SignalError, parse_signal, signal_name, signal_names};
pub use size::{SizeError, format_size, parse_size};
pub use spec::{LogSpec, Spec, StopSpec};
pub use stamp::{Stamp, StampError};
pub use stream::{Eol, Stream};
pub use task::{
    Attempt, AttemptEnd, Failure, NowRunning, Task, TaskCounts, TaskState, TaskTable, brief,
};
pub use verdict::{Ending, Face, OUT_OF_MEMORY, State, Verdict, judge};
pub use when::{When, WhenError};

/// Version of the record and segment format this program writes.
pub const FORMAT: u32 = 1;
