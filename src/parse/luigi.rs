//! One line of Luigi's log: which task it speaks of, and what it says happened to it.
//!
//! The words are those of `luigi/worker.py`, the same in 3.0–3.8 but for what is noted. They are
//! found behind any prefix and behind whatever was printed without a line end, so a line is looked
//! at from its end: four bytes turn nearly every other line away, and one search finds the rest.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use simdutf8::basic::from_utf8;

use crate::model::Level;

/// What a line of Luigi's says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told<'a> {
    /// Something about a task.
    Task(TaskLine<'a>),
    /// All tasks were looked at: from here on they run.
    Scheduled,
}

/// What a line says about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLine<'a> {
    /// The task as it stands there: `Family(name=value, …)` or its id.
    pub task: &'a str,
    /// What happened to it.
    pub word: TaskWord<'a>,
    /// The process that speaks, where it says so.
    pub pid: Option<i32>,
}

/// What happened to a task, in Luigi's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskWord<'a> {
    /// `Checking if … is complete`
    Checked,
    /// `Did not schedule …, will load it dynamically`; here the task is its id.
    Loaded,
    /// `Informed scheduler that task … has status …`; here the task is its id.
    Informed(Status),
    /// `… running …`
    Running,
    /// `… done …`
    Done,
    /// `… failed …`; a traceback follows.
    Failed,
    /// `… new requirements …`
    Requirements,
    /// `Task … died unexpectedly with …`, from `died` on; here the task is its id.
    Died(&'a str),
    /// `Task … timed out after …`, from `timed` on; here the task is its id.
    TimedOut(&'a str),
    /// `Data for … does not exist (yet?). …`
    Missing,
    /// `Will not run … due to …`, from `error` or `exceeded` on; a traceback may follow.
    Broken(&'a str),
}

/// What the scheduler is told about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is to be run, or it is disabled and will not be.
    Pending,
    /// It is complete.
    Done,
    /// It failed.
    Failed,
    /// Whether it is complete could not be found out.
    Unknown,
}

impl TaskWord<'_> {
    /// The level that Luigi gives such a line.
    pub const fn level(&self) -> Level {
        match self {
            TaskWord::Checked => Level::Debug,
            TaskWord::Failed => Level::Error,
            TaskWord::Missing | TaskWord::Broken(_) => Level::Warning,
            _ => Level::Info,
        }
    }

    /// Whether the line that follows may begin the traceback of what happened.
    pub const fn may_explain(&self) -> bool {
        matches!(self, TaskWord::Failed | TaskWord::Broken(_))
    }
}

const SCHEDULED: &[u8] = b"Done scheduling tasks";
const INFORMED: &[u8] = b"Informed scheduler that task   ";
const STATUS: &[u8] = b"   has status   ";
const WORKER: &[u8] = b"] Worker ";
const NO_DATA: &[u8] = b" does not exist (yet?). The task is an external data dependency, \
    so it cannot be run from this luigi process.";

static WORKERS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(WORKER));
static GAPS: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"   "));

/// Words that are searched for; made once, for that takes longer than a search.
type Words = LazyLock<Finder<'static>>;

static CHECKING: Words = LazyLock::new(|| Finder::new(b"Checking if "));
static DATA_FOR: Words = LazyLock::new(|| Finder::new(b"Data for "));
static DIED: Words = LazyLock::new(|| Finder::new(b" died unexpectedly with exit code "));
static NOT_SCHEDULED: Words = LazyLock::new(|| Finder::new(b"Did not schedule "));
static TASK: Words = LazyLock::new(|| Finder::new(b"Task "));
static TIMED_OUT: Words = LazyLock::new(|| Finder::new(b" timed out after "));
static WILL_NOT: Words = LazyLock::new(|| Finder::new(b" or any dependencies due to "));
static WILL_NOT_RUN: Words = LazyLock::new(|| Finder::new(b"Will not run "));

const LIMIT: &[u8] = b"exceeded task-limit of ";

/// What the line says, if it is Luigi's.
#[inline]
pub fn told(line: &[u8]) -> Option<Told<'_>> {
    let line = line.strip_suffix(b"\x1b[0m").unwrap_or(line);
    let task = match line.last_chunk::<4>()? {
        b"DING" => informed(line, b"PENDING", Status::Pending),
        b"BLED" => informed(line, b"DISABLED", Status::Pending),
        b"DONE" => informed(line, b"DONE", Status::Done),
        b"ILED" => informed(line, b"FAILED", Status::Failed),
        b"NOWN" => informed(line, b"UNKNOWN", Status::Unknown),
        b"asks" if line.ends_with(SCHEDULED) => return Some(Told::Scheduled),
        b"lete" => checked(line),
        b"ally" => loaded(line),
        b"ess." => missing(line),
        b"hod:" => broken(line),
        b"ted." => ended(line, &TIMED_OUT, TaskWord::TimedOut),
        [.., b'0'..=b'9'] => numbered(line),
        _ => None,
    };
    task.or_else(|| at_work(line)).map(Told::Task)
}

/// `Informed scheduler that task   ID   has status   STATUS`.
fn informed<'a>(line: &'a [u8], word: &[u8], status: Status) -> Option<TaskLine<'a>> {
    let front = line.strip_suffix(word)?.strip_suffix(STATUS)?;
    let at = memchr::memrchr(b' ', front)? + 1;
    let task = id(&front[at..]).filter(|_| front[..at].ends_with(INFORMED))?;
    Some(TaskLine { task, word: TaskWord::Informed(status), pid: None })
}

/// `[pid N] Worker ID running   NAME` and its three relatives.
#[inline]
fn at_work(line: &[u8]) -> Option<TaskLine<'_>> {
    let mut at = WORKERS.find(line)?;
    // Two records in one line: the name of the first cannot be told from what is glued to it.
    while let Some(next) = WORKERS.find(&line[at + 1..]) {
        at += 1 + next;
    }
    let digits = line[..at].iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let (before, number) = line[..at].split_at(at - digits);
    if !before.ends_with(b"[pid ") {
        return None;
    }
    let pid = process(number)?;
    let rest = &line[at + WORKER.len()..];
    let gap = GAPS.find(rest)?;
    let (front, rest) = rest.split_at(gap);
    let (word, spaces) = if front.ends_with(b" running") {
        (TaskWord::Running, 3)
    } else if front.ends_with(b" done") {
        (TaskWord::Done, 6)
    } else if front.ends_with(b" failed") {
        (TaskWord::Failed, 4)
    } else if front.ends_with(b" new requirements") {
        (TaskWord::Requirements, 6)
    } else {
        return None;
    };
    let (blank, task) = rest.split_at_checked(spaces)?;
    if !blank.iter().all(|&b| b == b' ') {
        return None;
    }
    Some(TaskLine { task: name(task)?, word, pid: Some(pid) })
}

/// A process id. Digits by themselves are no text yet that the library would parse.
fn process(digits: &[u8]) -> Option<i32> {
    let all = |id: i32, digit: &u8| id.checked_mul(10)?.checked_add(i32::from(digit - b'0'));
    (!digits.is_empty()).then_some(digits)?.iter().try_fold(0, all)
}

/// `Checking if NAME is complete`.
fn checked(line: &[u8]) -> Option<TaskLine<'_>> {
    let front = line.strip_suffix(b" is complete")?;
    let task = name(behind(front, &CHECKING)?)?;
    Some(TaskLine { task, word: TaskWord::Checked, pid: None })
}

/// `Did not schedule ID, will load it dynamically`.
fn loaded(line: &[u8]) -> Option<TaskLine<'_>> {
    let front = line.strip_suffix(b", will load it dynamically")?;
    let task = id(behind(front, &NOT_SCHEDULED)?)?;
    Some(TaskLine { task, word: TaskWord::Loaded, pid: None })
}

/// `Data for NAME does not exist (yet?). …`.
fn missing(line: &[u8]) -> Option<TaskLine<'_>> {
    let task = name(behind(line.strip_suffix(NO_DATA)?, &DATA_FOR)?)?;
    Some(TaskLine { task, word: TaskWord::Missing, pid: None })
}

/// `Will not run NAME or any dependencies due to error in complete() method:`, or `deps()`, or
/// `exceeded task-limit of N`.
fn broken(line: &[u8]) -> Option<TaskLine<'_>> {
    let at = last(line, &WILL_NOT)?;
    let why = &line[at + WILL_NOT.needle().len()..];
    let limit = why.strip_prefix(LIMIT);
    let known = why == b"error in complete() method:"
        || why == b"error in deps() method:"
        || limit.is_some_and(|limit| limit.iter().all(u8::is_ascii_digit));
    let why = std::str::from_utf8(why).ok()?;
    let task = name(behind(&line[..at], &WILL_NOT_RUN)?)?;
    known.then_some(TaskLine { task, word: TaskWord::Broken(why), pid: None })
}

/// `Task ID died unexpectedly with exit code N`, `Task ID timed out after N seconds and was
/// terminated.`
fn ended<'a>(
    line: &'a [u8],
    how: &Words,
    word: impl Fn(&'a str) -> TaskWord<'a>,
) -> Option<TaskLine<'a>> {
    let at = last(line, how)?;
    let task = id(behind(&line[..at], &TASK)?)?;
    let text = std::str::from_utf8(&line[at + 1..]).ok()?;
    Some(TaskLine { task, word: word(text), pid: None })
}

/// The two lines that end in a number. Many others do.
fn numbered(line: &[u8]) -> Option<TaskLine<'_>> {
    let digits = line.iter().rev().take_while(|b| b.is_ascii_digit()).count();
    let front = &line[..line.len() - digits];
    if front.strip_suffix(b"-").unwrap_or(front).ends_with(b" exit code ") {
        return ended(line, &DIED, TaskWord::Died);
    }
    if front.ends_with(LIMIT) { broken(line) } else { None }
}

/// What follows the last of these words.
fn behind<'a>(text: &'a [u8], words: &Words) -> Option<&'a [u8]> {
    last(text, words).map(|at| &text[at + words.needle().len()..])
}

/// Where these words stand last. Searched from the front, which is many times faster.
fn last(text: &[u8], words: &Words) -> Option<usize> {
    words.find_iter(text).last()
}

/// A task's id: one word.
fn id(text: &[u8]) -> Option<&str> {
    // Looked at to its end whatever comes, which is done many bytes at a time.
    let strange = text.iter().fold(false, |any, &b| any | (b <= b' ') | (b == 0x7f));
    if !text.is_empty() && !strange { from_utf8(text).ok() } else { None }
}

/// A task as it prints itself: anything, but something.
fn name(text: &[u8]) -> Option<&str> {
    from_utf8(text).ok().filter(|name| !name.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHO: &str = "[pid 28065] Worker Worker(salt=81, workers=4, host=vm, username=op, pid=28)";

    fn said(line: &str) -> Option<(&str, TaskWord<'_>, Option<i32>)> {
        match told(line.as_bytes())? {
            Told::Task(TaskLine { task, word, pid }) => Some((task, word, pid)),
            Told::Scheduled => None,
        }
    }

    fn kinds() -> Vec<(String, &'static str, TaskWord<'static>, Option<i32>)> {
        use TaskWord::*;
        let informed = |status| {
            format!("Informed scheduler that task   Leaf_3_ab99dd1074   has status   {status}")
        };
        let id = "Leaf_3_ab99dd1074";
        let name = "Leaf(n=3, text=a b)";
        let pid = Some(28065);
        let will_not = format!("Will not run {name} or any dependencies due to ");
        let (complete, deps, limit) =
            ("error in complete() method:", "error in deps() method:", "exceeded task-limit of 5");
        vec![
            (informed("PENDING"), id, Informed(Status::Pending), None),
            (informed("DISABLED"), id, Informed(Status::Pending), None),
            (informed("DONE"), id, Informed(Status::Done), None),
            (informed("FAILED"), id, Informed(Status::Failed), None),
            (informed("UNKNOWN"), id, Informed(Status::Unknown), None),
            (format!("{WHO} running   {name}"), name, Running, pid),
            (format!("{WHO} done      {name}"), name, Done, pid),
            (format!("{WHO} failed    {name}"), name, Failed, pid),
            (format!("{WHO} new requirements      {name}"), name, Requirements, pid),
            (
                format!("Task {id} died unexpectedly with exit code -9"),
                id,
                Died("died unexpectedly with exit code -9"),
                None,
            ),
            (
                format!("Task {id} timed out after 2 seconds and was terminated."),
                id,
                TimedOut("timed out after 2 seconds and was terminated."),
                None,
            ),
            (
                format!("Data for {name}{}", std::str::from_utf8(NO_DATA).unwrap()),
                name,
                Missing,
                None,
            ),
            (format!("{will_not}{complete}"), name, Broken(complete), None),
            (format!("{will_not}{deps}"), name, Broken(deps), None),
            (format!("{will_not}{limit}"), name, Broken(limit), None),
            (format!("Checking if {name} is complete"), name, Checked, None),
            (format!("Did not schedule {id}, will load it dynamically"), id, Loaded, None),
        ]
    }

    #[test]
    fn every_kind_of_line_is_recognised_behind_every_prefix_and_glued_to_anything() {
        for (text, task, word, pid) in kinds() {
            for prefix in [
                "",
                "INFO: ",
                "2026-11-23 17:36:12 - luigi-interface - ERROR - ",
                "2026-11-23 17:54:39,373 luigi-interface[30799] WARNING: ",
                " 50%|#####     | 1/2 [00:01<00:01,  1.00s/it]INFO: ",
                "leaf 1 says   hello from ] Worker 3INFO: ",
            ] {
                let line = format!("{prefix}{text}");
                assert_eq!(said(&line), Some((task, word, pid)), "{line}");
                let coloured = format!("\u{1b}[32m{line}\u{1b}[0m");
                assert_eq!(said(&coloured), Some((task, word, pid)), "{coloured}");
            }
        }
    }

    #[test]
    fn two_records_in_one_line_give_the_last_whole_one() {
        let line = format!("INFO: {WHO} running   Leaf(n=1)INFO: {WHO} done      Leaf(n=2)");
        assert_eq!(said(&line), Some(("Leaf(n=2)", TaskWord::Done, Some(28065))));
    }

    #[test]
    fn the_end_of_scheduling_is_recognised() {
        assert_eq!(told(b"INFO: Done scheduling tasks"), Some(Told::Scheduled));
        assert_eq!(told(b"all tasks"), None);
    }

    #[test]
    fn what_only_looks_like_luigis_is_not() {
        for line in [
            "",
            "DONE",
            "status: DONE",
            "Informed scheduler that task   A B   has status   DONE",
            "Informed scheduler that task      has status   DONE",
            "Informed scheduler that task A_1 has status DONE",
            "[pid x] Worker w running   Leaf(n=1)",
            "[pid 99999999999] Worker w running   Leaf(n=1)",
            "[pid 1] Worker w running   ",
            "[pid 1] Worker w running Leaf(n=1)",
            "[pid 1] Worker w done   Leaf(n=1)",
            "[pid 1] Worker w jumping   Leaf(n=1)",
            "Task A B died unexpectedly with exit code 1",
            "Did not schedule A B, will load it dynamically",
            "Will not run A() or any dependencies due to bad luck 7",
            "Checking if  is complete",
            "the report is complete",
            "INFO: Running Worker with 4 processes",
            "Worker Worker(salt=1) was stopped. Shutting down Keep-Alive thread",
        ] {
            assert_eq!(said(line), None, "{line:?}");
        }
        assert_eq!(told(b"[pid 1] Worker w running   \xff"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_text_made_of_luigis_words_is_taken(
            pieces in proptest::collection::vec(proptest::sample::select(vec![
                "Informed scheduler that task   ", "   has status   ", "DONE", "PENDING", "[pid ",
                "1", "] Worker ", "w", " running   ", " done      ", "Leaf(n=1)", "Task ",
                " died unexpectedly with exit code ", " timed out after ", "ted.", "ä", "\u{1b}[0m",
                "Will not run ", " or any dependencies due to ", "Checking if ", " is complete",
            ]), 0..9),
            stray in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..4),
        ) {
            let mut line = pieces.concat().into_bytes();
            line.extend(stray);
            told(&line);
        }
    }
}
