//! The true verdict of a run: exit status × Luigi's summary × markers × who asked it to stop.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Marker, VerdictRule, format_duration, signal_name};

/// Where a run stands in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Waits for its turn.
    Queued,
    /// Announced, its process not yet started.
    #[default]
    Starting,
    /// Its process lives.
    Running,
    /// Asked to stop.
    Stopping,
    /// Its process has ended, its output has not.
    Draining,
    /// Will be started again.
    Restarting,
    /// Over.
    Ended,
    /// Nobody knows how it ended.
    Lost,
}

impl State {
    /// The name in JSON and tables.
    pub const fn name(self) -> &'static str {
        match self {
            State::Queued => "queued",
            State::Starting => "starting",
            State::Running => "running",
            State::Stopping => "stopping",
            State::Draining => "draining",
            State::Restarting => "restarting",
            State::Ended => "ended",
            State::Lost => "lost",
        }
    }

    /// Whether the run is still to come to its end.
    pub const fn is_live(self) -> bool {
        !matches!(self, State::Ended | State::Lost)
    }
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything that was asked for holds.
    Succeeded,
    /// Succeeded, but only after some tasks were retried.
    Retried,
    /// A task, a marker or the exit code says no.
    Failed,
    /// Missing data, or tasks that were not run.
    Incomplete,
    /// Ended because somebody asked.
    Stopped,
    /// Ended by a signal nobody asked planwatch for.
    Killed,
    /// Ended because its time was up.
    Timeout,
    /// Its end was not seen.
    Lost,
    /// It was queued and never started: what it waited for failed, or it could not be.
    Skipped,
    /// Not judged yet.
    #[default]
    Unknown,
}

impl Verdict {
    /// The name in JSON and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Succeeded => "succeeded",
            Verdict::Retried => "retried",
            Verdict::Failed => "failed",
            Verdict::Incomplete => "incomplete",
            Verdict::Stopped => "stopped",
            Verdict::Killed => "killed",
            Verdict::Timeout => "timeout",
            Verdict::Lost => "lost",
            Verdict::Skipped => "skipped",
            Verdict::Unknown => "unknown",
        }
    }

    /// Whether nothing needs a person.
    pub const fn is_success(self) -> bool {
        matches!(self, Verdict::Succeeded | Verdict::Retried)
    }
}

/// What the last line of Luigi's execution summary says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// `:)` there were no failed tasks or missing dependencies
    Fine,
    /// `:)` there were failed tasks but they all succeeded in a retry
    Retried,
    /// `:(` there were failed tasks
    Failed,
    /// `:(` there were failed tasks and tasks whose scheduling failed
    FailedAndScheduling,
    /// `:(` there were tasks whose scheduling failed
    Scheduling,
    /// `:|` there were missing external dependencies
    Missing,
    /// `:|` tasks were not granted run permission by the scheduler
    NotRun,
    /// No summary at all: `Pid(s) {…} already running`, and Luigi leaves again.
    Locked,
}

impl Face {
    /// What `run` and `wait` return where data is missing and the plan exits with 0.
    pub const MISSING_CODE: i32 = 20;

    /// Luigi's own words after `because`.
    pub const fn because(self) -> &'static str {
        match self {
            Face::Fine => "there were no failed tasks or missing dependencies",
            Face::Retried => "there were failed tasks but they all succeeded in a retry",
            Face::Failed => "there were failed tasks",
            Face::FailedAndScheduling => {
                "there were failed tasks and tasks whose scheduling failed"
            }
            Face::Scheduling => "there were tasks whose scheduling failed",
            Face::Missing => "there were missing external dependencies",
            Face::NotRun => {
                "there were tasks that were not granted run permission by the scheduler"
            }
            Face::Locked => "the same command is already running",
        }
    }

    /// Whether everything that was asked for is there.
    pub const fn is_success(self) -> bool {
        matches!(self, Face::Fine | Face::Retried)
    }

    /// The one of both that counts where Luigi was called more than once.
    pub const fn worse(self, other: Face) -> Face {
        if self.rank() >= other.rank() { self } else { other }
    }

    const fn rank(self) -> u8 {
        match self {
            Face::Fine => 0,
            Face::Retried => 1,
            Face::Locked => 2,
            Face::NotRun => 3,
            Face::Missing => 4,
            Face::Scheduling => 5,
            Face::Failed => 6,
            Face::FailedAndScheduling => 7,
        }
    }

    /// The face itself.
    pub const fn sign(self) -> &'static str {
        match self {
            Face::Fine | Face::Retried => ":)",
            Face::Failed | Face::FailedAndScheduling | Face::Scheduling => ":(",
            Face::Missing | Face::NotRun | Face::Locked => ":|",
        }
    }
}

/// All that bears on a verdict.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending<'a> {
    /// Exit code, if the process exited.
    pub code: Option<i32>,
    /// Signal number, if a signal ended it.
    pub signal: Option<i32>,
    /// The kernel has killed for want of memory meanwhile.
    pub oom: bool,
    /// A stop was asked for before the end.
    pub stopped: bool,
    /// The stop was planwatch's own, because time was up.
    pub timed_out: bool,
    /// Milliseconds of silence before that, if silence was the reason.
    pub stalled_ms: Option<u64>,
    /// The process could not be executed (126, 127) or its folder not entered (125).
    pub exec_failed: bool,
    /// What Luigi's summary said, if one was seen.
    pub luigi: Option<Face>,
    /// No summary was seen, and a task stands failed.
    pub failed_unsaid: bool,
    /// The conditions of success.
    pub rules: &'a [VerdictRule],
    /// The files of `file:NAME` rules, and whether they were there at the end.
    pub markers: &'a [Marker],
    /// Exit codes that count as success besides 0.
    pub success_codes: &'a [i32],
    /// Somebody else started it: where nobody can tell its exit code, what it left behind counts.
    pub foreign: bool,
}

/// What is said of a plan that was killed when the kernel killed for want of memory. The kernel tells
/// when it does so, not whom.
pub const OUT_OF_MEMORY: &str = ", by the kernel for want of memory as it seems";

/// The verdict, the exit code that `run` and `wait` return for it, and the reasons in words.
pub fn judge(ending: &Ending<'_>) -> (Verdict, i32, Vec<String>) {
    let mut reasons = Vec::new();
    if ending.timed_out {
        reasons.push(match ending.stalled_ms.map(Duration::from_millis) {
            Some(silent) => format!("it stalled: silent for {}", format_duration(silent)),
            None => "its time was up".to_owned(),
        });
        return (Verdict::Timeout, 124, reasons);
    }
    if let Some(signal) = ending.signal {
        let memory = if ending.oom && !ending.stopped { OUT_OF_MEMORY } else { "" };
        reasons.push(format!("ended by {}{memory}", signal_name(signal)));
        let verdict = if ending.stopped { Verdict::Stopped } else { Verdict::Killed };
        return (verdict, 128 + signal, reasons);
    }
    let spoke = ending.luigi.is_some() || !ending.markers.is_empty();
    if ending.foreign && ending.stopped && ending.code.is_none() && !spoke {
        reasons.push("it was asked to stop".to_owned());
        return (Verdict::Stopped, 1, reasons);
    }
    let Some(code) = ending.code.or((ending.foreign && spoke).then_some(0)) else {
        reasons.push("nobody saw how it ended".to_owned());
        return (Verdict::Lost, 1, reasons);
    };
    if ending.exec_failed {
        reasons.push("it could not be started".to_owned());
        return (Verdict::Failed, code, reasons);
    }
    let exit_fine = code == 0
        || ending.success_codes.contains(&code)
        || !ending.rules.contains(&VerdictRule::Exit);
    if !exit_fine {
        reasons.push(format!("exit code {code}"));
    }
    let luigi_counts = ending.rules.contains(&VerdictRule::Luigi);
    let luigi = ending.luigi.filter(|_| luigi_counts);
    let failed_unsaid = luigi_counts && luigi.is_none() && ending.failed_unsaid;
    let luigi_code = match luigi {
        None if failed_unsaid => 30,
        None | Some(Face::Fine | Face::Retried) => 0,
        Some(Face::Failed | Face::FailedAndScheduling) => 30,
        Some(Face::Scheduling) => 35,
        Some(Face::Missing) => Face::MISSING_CODE,
        Some(Face::NotRun) => 25,
        Some(Face::Locked) => 10,
    };
    match luigi {
        None if failed_unsaid && exit_fine => {
            reasons.push("Luigi's summary was not seen".to_owned())
        }
        None | Some(Face::Fine) => {}
        Some(face @ Face::Locked) => {
            reasons.push(format!("Luigi did nothing because {}", face.because()));
        }
        Some(face) => {
            reasons.push(format!("Luigi says {} because {}", face.sign(), face.because()));
        }
    }
    let mut marker_missing = false;
    for marker in ending.markers.iter().filter(|marker| !marker.found) {
        marker_missing = true;
        reasons.push(format!("the file {} is missing", marker.file));
    }
    if ending.stopped && (!exit_fine || luigi_code != 0 || marker_missing) {
        reasons.insert(0, "it was asked to stop".to_owned());
        return (Verdict::Stopped, if code != 0 { code } else { luigi_code.max(1) }, reasons);
    }
    if !exit_fine {
        // `[retcode]` gives what Luigi says a number of the plan's own choice. 1 is what Python exits
        // with when something else went wrong as well.
        let said_by_luigi = matches!(luigi_code, 10..30) && code != 1 && !marker_missing;
        let verdict = if said_by_luigi { Verdict::Incomplete } else { Verdict::Failed };
        return (verdict, code, reasons);
    }
    if luigi_code >= 30 {
        return (Verdict::Failed, luigi_code, reasons);
    }
    if marker_missing {
        return (Verdict::Failed, if luigi_code == 0 { 1 } else { luigi_code }, reasons);
    }
    if luigi_code != 0 {
        return (Verdict::Incomplete, luigi_code, reasons);
    }
    let verdict = if luigi == Some(Face::Retried) { Verdict::Retried } else { Verdict::Succeeded };
    (verdict, 0, reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: [VerdictRule; 2] = [VerdictRule::Exit, VerdictRule::Luigi];

    fn judged(ending: Ending<'_>) -> (Verdict, i32) {
        let (verdict, code, _) = judge(&ending);
        (verdict, code)
    }

    fn exited(code: i32, luigi: Option<Face>) -> Ending<'static> {
        Ending { code: Some(code), luigi, rules: &RULES, ..Ending::default() }
    }

    #[test]
    fn a_plan_that_exits_0_is_judged_by_luigis_last_word() {
        for (face, expected) in [
            (None, (Verdict::Succeeded, 0)),
            (Some(Face::Fine), (Verdict::Succeeded, 0)),
            (Some(Face::Retried), (Verdict::Retried, 0)),
            (Some(Face::Failed), (Verdict::Failed, 30)),
            (Some(Face::FailedAndScheduling), (Verdict::Failed, 30)),
            (Some(Face::Scheduling), (Verdict::Failed, 35)),
            (Some(Face::Missing), (Verdict::Incomplete, 20)),
            (Some(Face::NotRun), (Verdict::Incomplete, 25)),
            (Some(Face::Locked), (Verdict::Incomplete, 10)),
        ] {
            assert_eq!(judged(exited(0, face)), expected, "{face:?}");
        }
    }

    #[test]
    fn a_task_that_stands_failed_fails_a_plan_whose_summary_nobody_saw() {
        let ending = |luigi| Ending { failed_unsaid: true, ..exited(0, luigi) };
        assert_eq!(judged(ending(None)), (Verdict::Failed, 30));
        assert_eq!(judged(Ending { rules: &RULES[..1], ..ending(None) }), (Verdict::Succeeded, 0));
        assert_eq!(judged(Ending { code: None, ..ending(None) }), (Verdict::Lost, 1));
    }

    #[test]
    fn a_plans_own_exit_code_is_passed_on_as_it_is() {
        assert_eq!(judged(exited(3, None)), (Verdict::Failed, 3));
        assert_eq!(judged(exited(40, Some(Face::Failed))), (Verdict::Failed, 40));
        assert_eq!(judged(exited(30, Some(Face::Missing))), (Verdict::Incomplete, 30));
        assert_eq!(judged(exited(1, Some(Face::Missing))), (Verdict::Failed, 1));
        let mut chosen = exited(3, None);
        chosen.success_codes = &[3];
        assert_eq!(judged(chosen), (Verdict::Succeeded, 0));
    }

    #[test]
    fn a_signal_is_a_kill_unless_somebody_asked_for_a_stop() {
        let mut ending = Ending { signal: Some(9), rules: &RULES, ..Ending::default() };
        assert_eq!(judged(ending.clone()), (Verdict::Killed, 137));
        ending.stopped = true;
        ending.signal = Some(15);
        assert_eq!(judged(ending.clone()), (Verdict::Stopped, 143));
        ending.timed_out = true;
        assert_eq!(judged(ending), (Verdict::Timeout, 124));
    }

    #[test]
    fn a_kill_for_want_of_memory_is_said_unless_somebody_asked_for_it() {
        let mut ending = Ending { signal: Some(9), oom: true, rules: &RULES, ..Ending::default() };
        assert!(judge(&ending).2[0].contains("memory"));
        ending.stopped = true;
        assert_eq!(judge(&ending).2, ["ended by SIGKILL"]);
    }

    #[test]
    fn a_stop_that_came_too_late_does_not_spoil_a_success() {
        let mut ending = exited(0, Some(Face::Fine));
        ending.stopped = true;
        assert_eq!(judged(ending), (Verdict::Succeeded, 0));
    }

    #[test]
    fn a_missing_marker_fails_a_run_that_looks_fine() {
        let markers = [Marker { file: "done.txt".to_owned(), found: false }];
        let mut ending = exited(0, Some(Face::Fine));
        ending.markers = &markers;
        assert_eq!(judged(ending), (Verdict::Failed, 1));
    }

    #[test]
    fn an_end_that_nobody_saw_is_lost() {
        assert_eq!(judged(Ending::default()), (Verdict::Lost, 1));
    }

    #[test]
    fn a_run_that_others_started_is_judged_by_what_it_left_where_its_code_is_unknown() {
        fn ended(luigi: Option<Face>, markers: &[Marker]) -> (Verdict, i32) {
            judged(Ending { luigi, markers, rules: &RULES, foreign: true, ..Ending::default() })
        }
        let marker = |found| [Marker { file: "999-pipeline_complete.txt".to_owned(), found }];
        assert_eq!(ended(None, &[]), (Verdict::Lost, 1));
        assert_eq!(ended(None, &marker(true)), (Verdict::Succeeded, 0));
        assert_eq!(ended(None, &marker(false)), (Verdict::Failed, 1));
        assert_eq!(ended(Some(Face::Failed), &marker(false)), (Verdict::Failed, 30));
        assert_eq!(ended(Some(Face::Retried), &[]), (Verdict::Retried, 0));
    }
}
