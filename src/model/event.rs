//! What planwatch itself says about a plan: the kinds of `stream:"planwatch"` records.

use serde::{Deserialize, Serialize};

use super::{Face, FileMark, Level, Restart, Stamp, Stream, Verdict, VerdictRule};

/// One event and its own fields. Adding a kind makes the compiler list its readers; readers of
/// older releases skip kinds they do not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event")]
pub enum Event {
    /// First record of every segment.
    #[serde(rename = "segment.opened")]
    SegmentOpened {
        /// Log format.
        format: u32,
        /// Release that wrote the segment.
        version: String,
        /// Host name.
        host: String,
        /// Boot id of the host.
        boot: String,
        /// The fold of everything before this record, so that state can be rebuilt after pruning.
        fold: Box<serde_json::Value>,
    },
    /// Last record of a segment.
    #[serde(rename = "segment.sealed")]
    SegmentSealed {
        /// Records before this one in the segment.
        records: u64,
        /// Bytes before this record in the segment.
        bytes: u64,
        /// CRC-32 (as in zlib) of each MiB before this record; the last may be shorter.
        crc32: Vec<SealHash>,
    },
    /// A run is about to begin.
    #[serde(rename = "run.started")]
    RunStarted {
        /// Program and arguments.
        argv: Vec<String>,
        /// Folder it runs in.
        cwd: String,
        /// What differs from the run before, in words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changed: Vec<String>,
        /// What success means.
        verdict: Vec<VerdictRule>,
        /// Exit codes that count as success besides 0.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        success_exit_codes: Vec<i32>,
        /// Whether somebody else started it.
        #[serde(default, skip_serializing_if = "is_false")]
        foreign: bool,
        /// When the plan is started again by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        restart: Option<Restart>,
        /// How many restarts in a row have led here.
        #[serde(default, skip_serializing_if = "is_none")]
        restarts: u32,
        /// Streams that the recorder shall read: the FIFOs in `pipes/<run>/`, and files.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        streams: Vec<Stream>,
        /// Identity of the boot the run belongs to.
        boot: String,
    },
    /// The plan's process is what was asked for.
    #[serde(rename = "run.spawned")]
    RunSpawned {
        /// Its process id.
        pid: i32,
        /// Its start time in clock ticks since boot (`/proc/PID/stat` field 22).
        start: u64,
        /// Milliseconds that it had lived already, where somebody else had started it.
        #[serde(default, skip_serializing_if = "is_zero")]
        age_ms: u64,
    },
    /// Somebody asked for the end of the run.
    #[serde(rename = "run.stopping")]
    RunStopping {
        /// Who asked.
        by: String,
        /// Id of the request, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
        /// Whether the run's own time limit asked.
        #[serde(default, skip_serializing_if = "is_false")]
        timeout: bool,
        /// Whether the plan is to be started again afterwards.
        #[serde(default, skip_serializing_if = "is_false")]
        restart: bool,
        /// The signal, where it is another than the plan's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// Milliseconds until SIGKILL, where they are others than the plan's own.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grace_ms: Option<u64>,
    },
    /// Processes of the run were sent a signal.
    #[serde(rename = "run.signalled")]
    RunSignalled {
        /// Signal number.
        signal: i32,
        /// How many processes got it.
        processes: u64,
        /// Who asked.
        by: String,
        /// Id of the request, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
    /// The plan's process has ended.
    #[serde(rename = "run.exited")]
    RunExited {
        /// Its exit code, unless a signal ended it or nobody knows.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// Why it could not be executed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        exec_error: Option<String>,
        /// Milliseconds from start to end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        wall_ms: Option<u64>,
        /// Milliseconds of processor time, user and system, of the process and its reaped children.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cpu_ms: Option<u64>,
        /// Largest resident size of one of those processes, in bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peak_rss: Option<u64>,
        /// The files of `file:NAME` rules, and whether they were there.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        markers: Vec<Marker>,
        /// The kernel has killed for want of memory while it ran, and it was killed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        oom: bool,
        /// It was being stopped, and the rest of its tree is still to be ended: `run.swept` says when.
        #[serde(default, skip_serializing_if = "is_false")]
        sweeping: bool,
    },
    /// Nothing is left of the tree of a run that was stopped, or it will not go.
    #[serde(rename = "run.swept")]
    RunSwept,
    /// Nobody holds this stream of the run any more; its last byte is in the log.
    #[serde(rename = "stream.closed")]
    StreamClosed {
        /// Which stream.
        of: Stream,
        /// Bytes it carried in all.
        bytes: u64,
    },
    /// The plan's process has ended, but these processes still hold its streams.
    #[serde(rename = "stream.held")]
    StreamHeld {
        /// Which streams.
        of: Vec<Stream>,
        /// Who holds them.
        pids: Vec<i32>,
    },
    /// Last record of a run.
    #[serde(rename = "run.verdict")]
    RunVerdict {
        /// The verdict.
        verdict: Verdict,
        /// What `run` and `wait` return for it.
        exit: i32,
        /// Why, in words.
        reasons: Vec<String>,
        /// What Luigi says, where it says anything: whether a restart is due depends on it, and
        /// followers do not read the plan's own lines.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        luigi: Option<Face>,
        /// When the last was written that is known of the run, where its files were read afterwards
        /// and nobody has seen it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        heard: Option<Stamp>,
    },
    /// The plan will be started again.
    #[serde(rename = "run.restarting")]
    RunRestarting {
        /// Who asked.
        by: String,
        /// Id of the request, where there was one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
        /// Milliseconds until then, where nobody asked but the plan's own policy.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after_ms: Option<u64>,
    },
    /// Nothing was heard of the run for longer than its plan allows.
    #[serde(rename = "run.stalled")]
    RunStalled {
        /// For how many milliseconds.
        silent_ms: u64,
    },
    /// A command that is told how the plan fares has ended, or was ended.
    #[serde(rename = "hook.ran")]
    HookRan {
        /// Which: `on-success`, `on-failure`, `on-stall`.
        hook: String,
        /// Its exit code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<i32>,
        /// The signal that ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        signal: Option<i32>,
        /// Why it could not be executed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<String>,
        /// Whether its time was up.
        #[serde(default, skip_serializing_if = "is_false")]
        timeout: bool,
        /// Milliseconds it took.
        took_ms: u64,
        /// The end of what it printed.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        said: String,
    },
    /// A recorder took over from one that died.
    #[serde(rename = "recorder.restarted")]
    RecorderRestarted {
        /// Its process id.
        pid: i32,
        /// Bytes of a torn record that had to be cut off, because nothing could complete it.
        #[serde(default, skip_serializing_if = "is_zero")]
        cut: u64,
    },
    /// A supervisor took over from one that died.
    #[serde(rename = "supervisor.adopted")]
    SupervisorAdopted {
        /// Its process id.
        pid: i32,
        /// Marks this adoption, so that the adopter knows its own record.
        id: String,
    },
    /// Something is missing here, counted.
    #[serde(rename = "log.gap")]
    LogGap {
        /// Why.
        reason: String,
        /// First missing seq, where seqs are missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<u64>,
        /// Last missing seq.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<u64>,
        /// Stream whose bytes are missing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<Stream>,
        /// Offset of the first missing byte.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
        /// Missing bytes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
    },
    /// The clock went back by more than a second.
    #[serde(rename = "clock.stepped")]
    ClockStepped {
        /// By how many milliseconds.
        back_ms: u64,
    },
    /// A followed file is there: its first byte is the first of its stream.
    #[serde(rename = "source.opened")]
    SourceOpened {
        /// Which stream.
        of: Stream,
        /// Where the file is.
        path: String,
        /// Which file that is.
        file: FileMark,
        /// Bytes at its beginning that stood there before the run's process began: they are in the
        /// log, and say nothing about the run.
        #[serde(default, skip_serializing_if = "is_zero")]
        earlier: u64,
        /// Bytes that it held then: what they tell happened when they say so.
        #[serde(default, skip_serializing_if = "is_zero")]
        bytes: u64,
        /// Seconds east of UTC at which times in those bytes are read; None: not to be believed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        zone: Option<i32>,
    },
    /// A followed file became shorter, or begins anew: it is read again from its beginning.
    #[serde(rename = "source.truncated")]
    SourceTruncated {
        /// Which one.
        of: Stream,
        /// Bytes of it that had been read.
        was: u64,
        /// Offset in the stream of what is its first byte now.
        #[serde(default)]
        at: u64,
    },
    /// A followed file was replaced by another, which is read from its beginning.
    #[serde(rename = "source.replaced")]
    SourceReplaced {
        /// Which one.
        of: Stream,
        /// Which file it is now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<FileMark>,
        /// Offset in the stream of the new file's first byte.
        #[serde(default)]
        at: u64,
    },
    /// No process of a run that somebody else started can be seen, and it has not ended.
    #[serde(rename = "run.unseen")]
    RunUnseen {
        /// Why, as far as it is known.
        reason: String,
    },
}

impl Event {
    /// Who stops a run that has stalled.
    pub const STALL: &'static str = "its stall-timeout";

    /// That it ends, by its own rules; with `timeout`, because its time is up.
    pub fn stopping(by: String, timeout: bool) -> Event {
        let (request, signal, grace_ms) = (None, None, None);
        Event::RunStopping { by, request, timeout, restart: false, signal, grace_ms }
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_none(count: &u32) -> bool {
    *count == 0
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// CRC-32 of a stretch of a segment, printed as eight hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealHash(pub u32);

impl Serialize for SealHash {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{:08x}", self.0))
    }
}

impl<'de> Deserialize<'de> for SealHash {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<SealHash, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        u32::from_str_radix(&text, 16).map(SealHash).map_err(serde::de::Error::custom)
    }
}

/// A completion marker, looked for when the plan had ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// File name as the rule gave it.
    pub file: String,
    /// Whether it was there.
    pub found: bool,
}

/// Where the next byte of a stream of a run begins.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPos {
    /// The run.
    pub run: u64,
    /// The stream.
    pub stream: Stream,
    /// Offset of the next byte.
    pub off: u64,
}

/// One line of the lifecycle FIFO: what a supervisor asks the recorder to put into the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The run it is about.
    pub run: u64,
    /// How serious it is.
    pub level: Level,
    /// In words, for people.
    pub msg: String,
    /// The event and its fields.
    #[serde(flatten)]
    pub event: Event,
}

impl Said {
    /// Longest line of the lifecycle and requests FIFOs, so that each is written whole (PIPE_BUF,
    /// pipe(7)).
    pub const MAX: usize = 4096;

    /// The line as it is written into the FIFO, its `\n` included.
    pub fn line(&self) -> Vec<u8> {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}
