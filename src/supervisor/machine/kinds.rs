//! What happens to a run, and what to do about it.

use crate::control::Request;
use crate::model::{Event, Level, Marker, Stream};

/// Where the run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Phase {
    /// Announced; its process is not there yet.
    Starting,
    /// Its process lives.
    Running,
    /// Asked to stop; ends when its whole tree has.
    Stopping,
    /// Its process has ended; its streams may not have.
    Draining,
    /// Its verdict stands in the log, and the next run of the plan is due after a pause.
    Pausing,
    /// Its verdict stands in the log.
    Ended,
}

/// What a timer is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Timer {
    /// The run's own time limit.
    Limit,
    /// Between the first signal of a stop and SIGKILL.
    Grace,
    /// Between the exit and the question who holds the pipes.
    Drain,
    /// Between the end of a run and the restart that follows it.
    Pause,
    /// Since a sign of life of the run.
    Stall,
}

/// How the process ended, as far as anybody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Ended {
    pub(in super::super) code: Option<i32>,
    pub(in super::super) signal: Option<i32>,
    pub(in super::super) exec_error: Option<String>,
    pub(in super::super) wall_ms: Option<u64>,
    pub(in super::super) cpu_ms: Option<u64>,
    pub(in super::super) peak_rss: Option<u64>,
    pub(in super::super) markers: Vec<Marker>,
    /// The kernel has killed for want of memory meanwhile.
    pub(in super::super) oom: bool,
}

/// What happened.
#[derive(Clone, Debug)]
pub(in super::super) enum Input {
    /// `run.started` stands in the log.
    Announced,
    /// The plan's program has taken over its process.
    Spawned { pid: i32, start: u64 },
    /// The process has ended, or could not begin.
    Exited(Ended),
    /// Somebody asks for something.
    Asked(Request),
    /// No process of the run is left.
    TreeGone,
    /// Nobody can write to the run's streams any more.
    StreamsEnded,
    /// These processes can.
    Held { of: Vec<Stream>, pids: Vec<i32> },
    /// `run.verdict` stands in the log. With the pause before the restart that the plan's policy asks
    /// for, if it does.
    VerdictLogged { pause: Option<Pause> },
    /// Nothing was heard of the run for so long.
    Stalled { silent_ms: u64, stop: bool },
    /// Time passed.
    Timer { timer: Timer, epoch: u64 },
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) enum Effect {
    /// Put this into the log.
    Say(Level, String, Event),
    /// Start the plan's process.
    Spawn,
    /// Send a signal to the whole tree, or to the plan's process alone, and say so.
    Signal { signal: i32, tree: bool, by: String, request: Option<String> },
    /// Look who of the tree is left; `kill` those who are.
    Sweep { kill: bool },
    /// Wake the machine later.
    Arm { timer: Timer, after_ms: u64, epoch: u64 },
    /// Give the process id of the ended process back.
    Reap,
    /// Tell when nobody can write to the streams.
    WatchStreams,
    /// Find out who still can.
    FindHolders,
    /// Tell when the verdict is in the log.
    AwaitVerdict,
    /// Find out whether the run has stalled.
    Listen,
    /// The run is over.
    Finish,
}

/// A restart that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Pause {
    /// Restarts in a row before it.
    pub(in super::super) so_far: u32,
    /// Restarts in a row at most.
    pub(in super::super) max: Option<u32>,
    /// Milliseconds until then.
    pub(in super::super) after_ms: u64,
}
