//! One line of the bridge: what Luigi itself reported, and of which task.
//!
//! Unlike the rest of this room it allocates where a text has escapes in it: there are a few lines
//! of this kind for each task, not for each line of a plan.

use std::borrow::Cow;

use serde::Deserialize;

use crate::model::{Face, Stamp};

/// Bytes of the longest event, its line end included: one write of at most this many bytes is never
/// torn by another (`PIPE_BUF`, pipe(7)).
pub const LONGEST: usize = 4096;

/// How every event begins. Inside a string of JSON it cannot stand like this.
const BEGINS: &[u8] = b"{\"ev\":\"";

/// Something that happened in a process of the plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported<'a> {
    /// When, as that process saw the clock.
    pub at: Stamp,
    /// That process.
    pub pid: i32,
    /// Luigi's id of the task.
    pub id: Option<Cow<'a, str>>,
    /// The task as it prints itself; None if it could not, or if its name is too long for an event.
    pub name: Option<Cow<'a, str>>,
    /// Events that were lost since the last of this process.
    pub lost: u64,
    /// What happened.
    pub what: Happening<'a>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening<'a> {
    /// Luigi was called.
    Run,
    /// Luigi's call returned, with what its summary says, or with nothing if it raised.
    End(Option<Face>),
    /// The scheduler was told of the task.
    Status {
        /// `PENDING`, `DONE`, `FAILED`, `UNKNOWN`, `DISABLED` …
        status: Cow<'a, str>,
        /// Ids of tasks that it requires.
        needs: Vec<Cow<'a, str>>,
        /// It asked for them while it ran.
        more: bool,
    },
    /// The task requires these, too.
    Needs(Vec<Cow<'a, str>>),
    /// It runs in the place of these.
    Batch(Vec<Cow<'a, str>>),
    /// It was found complete.
    Present,
    /// It is external, and its data is not there.
    Missing,
    /// An attempt began.
    Start,
    /// The attempt took so many microseconds.
    Time(u64),
    /// The attempt succeeded.
    Success,
    /// The attempt raised this.
    Failure(Cow<'a, str>),
    /// Its `complete()` or `requires()` raised this.
    Broken(Cow<'a, str>),
    /// Its process died, in words from `died` on.
    Died(Cow<'a, str>),
    /// It ran too long, in words from `timed` on.
    TimedOut(Cow<'a, str>),
    /// So many percent are done.
    Percent(u8),
    /// What it says about itself.
    Message(Cow<'a, str>),
    /// Something that only a later release, or nobody, reads.
    Other,
}

/// The line as it is written.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    ev: Cow<'a, str>,
    t: i64,
    pid: i32,
    #[serde(borrow, default)]
    id: Option<Text<'a>>,
    #[serde(borrow, default)]
    name: Option<Text<'a>>,
    #[serde(borrow, default)]
    status: Option<Text<'a>>,
    #[serde(borrow, default)]
    error: Option<Text<'a>>,
    #[serde(borrow, default)]
    message: Option<Text<'a>>,
    #[serde(borrow, default)]
    needs: Vec<Text<'a>>,
    #[serde(default)]
    more: bool,
    #[serde(default)]
    external: bool,
    #[serde(default)]
    percent: i64,
    #[serde(default)]
    us: i64,
    #[serde(default)]
    lost: u64,
}

/// Serde borrows a `Cow` only where it stands by itself.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads a line of the bridge. What was written before an event without a line end is passed over.
/// None if it is no event.
pub fn reported(line: &[u8]) -> Option<Reported<'_>> {
    let line = match line.starts_with(BEGINS) {
        true => line,
        false => &line[memchr::memmem::rfind(line, BEGINS)?..],
    };
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let message = line.message.unwrap_or_default().0;
    let error = line.error.unwrap_or_default().0;
    let needs: Vec<Cow<'_, str>> = line.needs.into_iter().map(|id| id.0).collect();
    let what = match &*line.ev {
        "run" => Happening::Run,
        "end" => Happening::End(line.status.and_then(|status| face(&status.0))),
        "status" => Happening::Status { status: line.status?.0, needs, more: line.more },
        "needs" => Happening::Needs(needs),
        "batch" => Happening::Batch(needs),
        "present" => Happening::Present,
        // Luigi says the same where complete() raised.
        "missing" if line.external => Happening::Missing,
        "start" => Happening::Start,
        "time" => Happening::Time(u64::try_from(line.us).unwrap_or(0)),
        "success" => Happening::Success,
        "failure" => Happening::Failure(error),
        "broken" => Happening::Broken(error),
        "died" => Happening::Died(from_word(message, "died ")),
        "timeout" => Happening::TimedOut(from_word(message, "timed ")),
        "percent" => Happening::Percent(u8::try_from(line.percent.clamp(0, 100)).unwrap_or(0)),
        "message" => Happening::Message(message),
        _ => Happening::Other,
    };
    // A name that was cut short is no name.
    let name = line.name.map(|name| name.0).filter(|name| !name.ends_with('…'));
    let (at, pid, id, lost) = (Stamp(line.t), line.pid, line.id.map(|id| id.0), line.lost);
    Some(Reported { at, pid, id, name, lost, what })
}

/// What `LuigiStatusCode` calls the faces of the summary.
fn face(status: &str) -> Option<Face> {
    Some(match status {
        "SUCCESS" => Face::Fine,
        "SUCCESS_WITH_RETRY" => Face::Retried,
        "FAILED" => Face::Failed,
        "FAILED_AND_SCHEDULING_FAILED" => Face::FailedAndScheduling,
        "SCHEDULING_FAILED" => Face::Scheduling,
        "NOT_RUN" => Face::NotRun,
        "MISSING_EXT" => Face::Missing,
        _ => return None,
    })
}

/// `Task ID died unexpectedly …` without the task.
fn from_word<'a>(message: Cow<'a, str>, word: &str) -> Cow<'a, str> {
    match message.find(word) {
        Some(at) => message[at..].to_owned().into(),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn what(line: &str) -> Happening<'_> {
        reported(line.as_bytes()).unwrap().what
    }

    #[test]
    fn an_event_names_its_task_twice_and_tells_when_and_where() {
        let line = r#"{"ev":"start","t":1795474353956200,"pid":32743,"id":"Leaf_2_fbe666d9fe","name":"Leaf(n=2)","family":"Leaf","attempt":1}"#;
        let read = reported(line.as_bytes()).unwrap();
        assert_eq!((read.at, read.pid), (Stamp(1_795_474_353_956_200), 32743));
        assert_eq!(read.id.as_deref(), Some("Leaf_2_fbe666d9fe"));
        assert_eq!(read.name.as_deref(), Some("Leaf(n=2)"));
        assert_eq!(read.what, Happening::Start);
        assert!(matches!(read.name, Some(Cow::Borrowed(_))), "a record can carry it");
    }

    #[test]
    fn what_luigi_reports_is_told_apart() {
        let task = r#""t":1,"pid":2,"id":"A_1""#;
        let needs = || vec!["B_1".into(), "C_2".into()];
        for (event, told) in [
            (
                r#""status",T,"needs":["B_1","C_2"],"more":true,"status":"PENDING""#,
                Happening::Status { status: "PENDING".into(), needs: needs(), more: true },
            ),
            (
                r#""status",T,"status":"DONE""#,
                Happening::Status { status: "DONE".into(), needs: vec![], more: false },
            ),
            (r#""needs",T,"needs":["B_1","C_2"]"#, Happening::Needs(needs())),
            (r#""batch",T,"needs":["B_1","C_2"]"#, Happening::Batch(needs())),
            (r#""missing",T,"external":true"#, Happening::Missing),
            (r#""missing",T,"external":false"#, Happening::Other),
            (r#""end",T,"status":"MISSING_EXT","ok":true"#, Happening::End(Some(Face::Missing))),
            (r#""end",T,"status":"OF_LATER_DAYS","ok":true"#, Happening::End(None)),
            (r#""end",T,"error":"SystemExit""#, Happening::End(None)),
            (r#""time",T,"us":987"#, Happening::Time(987)),
            (
                r#""failure",T,"error":"ValueError: a\nb","traceback":"…""#,
                Happening::Failure("ValueError: a\nb".into()),
            ),
            (
                r#""died",T,"message":"Task A_1 died unexpectedly with exit code -9""#,
                Happening::Died("died unexpectedly with exit code -9".into()),
            ),
            (
                r#""timeout",T,"message":"Task A_1 timed out after 2 seconds and was terminated.""#,
                Happening::TimedOut("timed out after 2 seconds and was terminated.".into()),
            ),
            (r#""percent",T,"percent":-7"#, Happening::Percent(0)),
            (r#""percent",T,"percent":12345"#, Happening::Percent(100)),
            (r#""message",T,"message":"é""#, Happening::Message("é".into())),
            (r#""something_later",T,"x":{}"#, Happening::Other),
        ] {
            let line = format!("{{\"ev\":{}}}", event.replace(",T,", &format!(",{task},")));
            assert_eq!(what(&line), told, "{line}");
        }
    }

    #[test]
    fn a_name_that_was_cut_is_no_name() {
        let line = r#"{"ev":"success","t":1,"pid":2,"id":"A_1","name":"A(x=lo…"}"#;
        assert_eq!(reported(line.as_bytes()).unwrap().name, None);
    }

    #[test]
    fn what_is_torn_spoils_nothing_but_itself() {
        let event = r#"{"ev":"success","t":1,"pid":2,"id":"A_1"}"#;
        let whole = format!(r#"garbage {{"ev":"start","t":1,"pid"{event}"#);
        assert_eq!(what(&whole), Happening::Success);
        let quoting = r#"{"ev":"message","t":1,"pid":2,"message":"{\"ev\":\"start\"}"}"#;
        assert!(matches!(what(quoting), Happening::Message(_)));
        for line in ["", "x", "{}", r#"{"ev":"start"}"#, r#"{"ev":"start","t":1,"pid":"#] {
            assert_eq!(reported(line.as_bytes()), None, "{line}");
        }
    }
}
