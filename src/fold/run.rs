//! What is known of one run.

use serde::{Deserialize, Serialize};

use super::{Judgement, Tasks, ToldSpan};
use crate::model::{
    Ending, Event, Face, Failure, Level, Marker, NowRunning, Restart, Stamp, State, Stream,
    TaskCounts, Verdict, VerdictRule, judge,
};
use crate::parse::{Ended, Seen};

/// Most bytes of a command line that are kept; the whole of it is in its `run.started`.
const ARGV_BYTES: usize = 1024;

/// Who asked for the end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stopping {
    /// Who.
    pub by: String,
    /// Id of the request, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<String>,
    /// Whether the run's own time limit asked.
    #[serde(default)]
    pub timeout: bool,
    /// Whether the plan is to be started again afterwards.
    #[serde(default)]
    pub restart: bool,
    /// The signal, where it is another than the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Milliseconds until SIGKILL, where they are others than the plan's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<u64>,
}

/// Everything the log has said about one run so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunFold {
    /// Its number.
    pub run: u64,
    /// Where it stands in its life.
    pub state: State,
    /// How it ended; unknown until then.
    pub verdict: Verdict,
    /// What `run` and `wait` return for it.
    pub exit: Option<i32>,
    /// Why it got its verdict, in words.
    pub reasons: Vec<String>,
    /// Exit code of its process.
    pub code: Option<i32>,
    /// Signal that ended its process.
    pub signal: Option<i32>,
    /// The kernel has killed for want of memory while it ran.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub oom: bool,
    /// Why its process could not be executed.
    pub exec_error: Option<String>,
    /// Its process, once there is one.
    pub pid: Option<i32>,
    /// Start time of that process in clock ticks since boot.
    pub start: Option<u64>,
    /// When it was announced.
    pub started_at: Stamp,
    /// From when to when its files tell that it was at work, where they were read afterwards and
    /// nobody has seen it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<ToldSpan>,
    /// When its process was there.
    pub spawned_at: Option<Stamp>,
    /// When its process had ended.
    pub ended_at: Option<Stamp>,
    /// Program and arguments, shortened.
    pub argv: Vec<String>,
    /// The folder it runs in.
    pub cwd: String,
    /// Somebody else started it.
    pub foreign: bool,
    /// Boot it belongs to.
    pub boot: String,
    /// What success means.
    pub rules: Vec<VerdictRule>,
    /// Exit codes that count as success besides 0.
    pub success_codes: Vec<i32>,
    /// Files that must be there at the end, and whether they were.
    pub markers: Vec<Marker>,
    /// Lines that name a level of error or worse; a traceback counts once.
    pub errors: u64,
    /// Lines that name the level warning.
    pub warnings: u64,
    /// Lines of the plan.
    pub lines: u64,
    /// Bytes of the plan.
    pub bytes: u64,
    /// Seq of its first record.
    pub first_seq: u64,
    /// Seq of its last record so far.
    pub last_seq: u64,
    /// What Luigi's last summary said.
    pub luigi: Option<Face>,
    /// The worst that an earlier summary of the same run said, if it was bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub luigi_before: Option<Face>,
    /// What PlanExe said that `luigi.build()` returned.
    pub built: Option<bool>,
    /// Who asked for its end, before the end came.
    pub stopping: Option<Stopping>,
    /// Its process has ended, and the rest of its tree is being ended.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sweeping: bool,
    /// Whether the plan is to be started again, asked when this run was ending by itself.
    pub restart: bool,
    /// Somebody has asked for its end when that was coming already: nothing follows by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stays_ended: bool,
    /// When the plan is started again by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<Restart>,
    /// How many restarts in a row have led to this run.
    pub restarts: u32,
    /// How its tasks stand, as far as Luigi told.
    pub tasks: TaskCounts,
    /// Tasks at work, longest first; at most [`RunFold::NOW`].
    pub now: Vec<NowRunning>,
    /// The first task that stands in the way of others.
    pub first_failure: Option<Failure>,
    /// Milliseconds of silence that it was said to have stalled for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stalled_ms: Option<u64>,
    /// Signals that somebody had sent to it.
    pub signalled: Vec<i32>,
    /// Streams that other processes still hold.
    pub held: Vec<Stream>,
    /// Those processes.
    pub held_by: Vec<i32>,
    /// Milliseconds from start to end.
    pub wall_ms: Option<u64>,
    /// Milliseconds of processor time.
    pub cpu_ms: Option<u64>,
    /// Largest resident size of one of its processes, in bytes.
    pub peak_rss: Option<u64>,
}

impl RunFold {
    /// Tasks at work that are named.
    pub const NOW: usize = 8;

    /// Takes over what the table of its tasks says.
    pub fn sum_up(&mut self, tasks: &Tasks) {
        self.tasks = tasks.counts();
        self.now = tasks.now(RunFold::NOW);
        self.first_failure = tasks.first_failure();
    }

    /// Counts a line.
    #[inline]
    pub(super) fn line(&mut self, seen: &Seen<'_>, ended: Option<Ended>, bytes: u64, seq: u64) {
        self.lines += 1;
        self.bytes += bytes;
        self.last_seq = seq;
        if !seen.continues {
            match seen.level {
                Some(Level::Error | Level::Critical) => self.errors += 1,
                Some(Level::Warning) => self.warnings += 1,
                _ => {}
            }
        }
        // A face inside a traceback is somebody's words, not Luigi's.
        match ended {
            None => {}
            Some(_) if seen.continues => {}
            Some(Ended::Summary(face)) => self.luigi_says(face),
            Some(Ended::Built(value)) => self.built = Some(value),
        }
    }

    /// Takes what planwatch said about the run.
    pub(super) fn event(&mut self, event: &Event, ts: Stamp) {
        match event {
            Event::RunSpawned { pid, start, age_ms } => {
                self.pid = Some(*pid);
                self.start = Some(*start);
                let age = i64::try_from(age_ms.saturating_mul(1000)).unwrap_or(0);
                self.spawned_at = Some(Stamp(ts.0.saturating_sub(age)));
                self.told = None;
                if self.state == State::Starting {
                    self.state = State::Running;
                }
            }
            // A file that is written, by whomever.
            Event::SourceOpened { .. } if self.state == State::Starting => {
                self.state = State::Running;
            }
            Event::RunStopping { by, request, timeout, restart, signal, grace_ms } => {
                self.asked_to_stop(Stopping {
                    by: by.clone(),
                    request: request.clone(),
                    timeout: *timeout,
                    restart: *restart,
                    signal: *signal,
                    grace_ms: *grace_ms,
                });
            }
            // What the run left behind may be signalled long after it has ended: that ended nothing.
            Event::RunSignalled { signal, .. }
                if self.state.is_live() && !self.signalled.contains(signal) =>
            {
                self.signalled.push(*signal);
            }
            Event::RunExited {
                code,
                signal,
                exec_error,
                wall_ms,
                cpu_ms,
                peak_rss,
                markers,
                oom,
                sweeping,
            } => {
                self.sweeping = *sweeping;
                (self.code, self.signal, self.oom) = (*code, *signal, *oom);
                self.exec_error.clone_from(exec_error);
                (self.wall_ms, self.cpu_ms, self.peak_rss) = (*wall_ms, *cpu_ms, *peak_rss);
                self.markers.clone_from(markers);
                self.ended_at = Some(ts);
                self.state = State::Draining;
                // Files are read to their end before anything is judged, whoever held them before.
                self.held.retain(|held| !matches!(held, Stream::File(_)));
                if self.held.is_empty() {
                    self.held_by.clear();
                }
            }
            Event::RunSwept => self.sweeping = false,
            Event::StreamClosed { of, .. } => {
                self.held.retain(|held| held != of);
                if self.held.is_empty() {
                    self.held_by.clear();
                }
            }
            Event::StreamHeld { of, pids } => {
                self.held.clone_from(of);
                self.held_by.clone_from(pids);
            }
            Event::RunVerdict { verdict, exit, reasons, luigi, heard } => {
                let told = |to| ToldSpan::and(self.told, to);
                self.told = heard.map(told);
                self.hear_luigi(*luigi, *verdict, *exit);
                self.verdict = *verdict;
                self.exit = Some(*exit);
                self.reasons.clone_from(reasons);
                self.ended_at.get_or_insert(ts);
                self.now.clear();
                self.tasks.pending += std::mem::take(&mut self.tasks.running);
                self.state = match verdict {
                    _ if self.restart_due() => State::Restarting,
                    _ if self.next(*verdict).is_due() => State::Restarting,
                    Verdict::Lost => State::Lost,
                    _ => State::Ended,
                };
            }
            Event::RunStalled { silent_ms } => self.stalled_ms = Some(*silent_ms),
            Event::RunRestarting { by, request, .. } => self.will_restart(by, request.as_deref()),
            _ => {}
        }
    }

    pub(super) fn started(run: u64, event: &Event, ts: Stamp, seq: u64) -> RunFold {
        let mut fold = RunFold { run, started_at: ts, first_seq: seq, ..RunFold::default() };
        if let Event::RunStarted {
            argv,
            cwd,
            verdict,
            success_exit_codes,
            boot,
            foreign,
            restart,
            restarts,
            ..
        } = event
        {
            (fold.policy, fold.restarts) = (restart.clone(), *restarts);
            fold.argv = shortened(argv);
            fold.cwd.clone_from(cwd);
            fold.boot.clone_from(boot);
            fold.foreign = *foreign;
            // Nothing is started where standard input is recorded: its writer runs already.
            if argv.is_empty() && !foreign {
                fold.state = State::Running;
            }
            fold.rules.clone_from(verdict);
            fold.success_codes.clone_from(success_exit_codes);
        }
        fold.last_seq = seq;
        fold
    }

    fn asked_to_stop(&mut self, asked: Stopping) {
        let restart = asked.restart;
        let late =
            self.stopping.is_some() || !matches!(self.state, State::Starting | State::Running);
        if late && !asked.timeout {
            self.stays_ended = !restart;
        }
        match &mut self.stopping {
            // The first who asked is the cause; the last who asked decides how, and what comes after.
            Some(stopping) => {
                stopping.restart = restart;
                stopping.signal = asked.signal.or(stopping.signal);
                stopping.grace_ms = asked.grace_ms.or(stopping.grace_ms);
            }
            None if matches!(self.state, State::Starting | State::Running) => {
                self.stopping = Some(asked);
                self.state = State::Stopping;
            }
            None => self.restart = restart,
        }
        if self.state == State::Restarting && !restart {
            // Promised, and now taken back.
            self.restart = false;
            self.state = if self.verdict == Verdict::Lost { State::Lost } else { State::Ended };
        }
    }

    fn will_restart(&mut self, by: &str, request: Option<&str>) {
        match self.state {
            State::Ended | State::Lost | State::Restarting => self.state = State::Restarting,
            _ => self.asked_to_stop(Stopping {
                by: by.to_owned(),
                request: request.map(str::to_owned),
                restart: true,
                ..Stopping::default()
            }),
        }
    }

    /// Whether the plan is to be started again when this run has ended.
    pub fn restart_due(&self) -> bool {
        self.state == State::Restarting
            || self.restart
            || self.stopping.as_ref().is_some_and(|stopping| stopping.restart)
    }

    /// Judges the run by everything known so far. Meant for the end of the run; asked earlier, the
    /// verdict is that of a run whose end nobody saw.
    pub fn judgement(&self) -> Judgement {
        let asked_signal = self.signal.is_some_and(|signal| self.signalled.contains(&signal));
        let (verdict, exit, reasons) = judge(&Ending {
            code: self.code,
            signal: self.signal,
            oom: self.oom,
            stopped: self.stopping.is_some() || asked_signal,
            timed_out: self.stopping.as_ref().is_some_and(|stopping| stopping.timeout),
            stalled_ms: self.stalled_ms.filter(|_| stopped_by(self) == Some(Event::STALL)),
            exec_failed: self.exec_error.is_some(),
            luigi: self.face(),
            failed_unsaid: self.failed_unsaid(),
            rules: &self.rules,
            markers: &self.markers,
            success_codes: &self.success_codes,
            foreign: self.foreign,
        });
        let reasons = reasons.into_iter().chain(self.next(verdict).given_up()).collect::<Vec<_>>();
        let level = if verdict.is_success() { Level::Info } else { Level::Error };
        let luigi_says = matches!(verdict, Verdict::Failed | Verdict::Incomplete);
        let tasks = luigi_says.then(|| super::headline::of_tasks(self)).flatten();
        let reasons: Vec<String> = tasks.into_iter().chain(reasons).collect();
        let msg = super::headline(self, verdict, &reasons);
        Judgement { verdict, exit, reasons, luigi: self.face(), level, msg }
    }
}

/// Who asked for its end first.
fn stopped_by(run: &RunFold) -> Option<&str> {
    run.stopping.as_ref().map(|stopping| &*stopping.by)
}

/// As much of the command line as is worth keeping in every fold.
fn shortened(argv: &[String]) -> Vec<String> {
    let mut room = ARGV_BYTES;
    let mut kept = Vec::new();
    for argument in argv {
        if argument.len() > room {
            let cut = argument.floor_char_boundary(room);
            kept.push(format!("{}…", &argument[..cut]));
            break;
        }
        room -= argument.len();
        kept.push(argument.clone());
    }
    kept
}
