//! Removes segments and whole plans: the deed to the plan of `model::retain`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::layout::{Home, PlanDir};
use super::lock::{Holder, Lock};
use super::segment::SegmentFile;
use super::segments::{self, Segment};
use crate::model::{KeepRule, Stamp, Stored, expendable};
use crate::os::limits;

/// What was removed, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Segments.
    pub segments: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// Removes the oldest segments of a log until the rules hold; with `dry_run` only counts them.
/// Oldest first, so that whatever interrupts it the log begins later but has no hole.
pub fn prune_segments(
    plan: &PlanDir,
    rules: &[KeepRule],
    now: Stamp,
    dry_run: bool,
) -> io::Result<Freed> {
    let listed = segments::list(&plan.log())?;
    let stored = match rules.iter().any(|rule| matches!(rule, KeepRule::Age(_))) {
        true => stored(&plan.log(), &listed),
        false => undated(&listed, now),
    };
    let going = expendable(&stored, rules, now, free(plan, rules)?);
    remove(plan, &listed, going, dry_run)
}

fn remove(plan: &PlanDir, listed: &[Segment], going: usize, dry_run: bool) -> io::Result<Freed> {
    let mut freed = Freed::default();
    for segment in &listed[..going] {
        if !dry_run {
            remove_segment(plan, segment)?;
        }
        freed.segments += 1;
        freed.bytes += segment.bytes;
    }
    if let Some(oldest) = listed.get(going).filter(|_| going > 0 && !dry_run) {
        remove_tables(plan, oldest.first)?;
    }
    Ok(freed)
}

/// Bytes of the disk that are free, if a rule asks.
fn free(plan: &PlanDir, rules: &[KeepRule]) -> io::Result<u64> {
    match rules.iter().any(|rule| matches!(rule, KeepRule::Free(_))) {
        true => Ok(limits::free(plan.dir())?.0),
        false => Ok(u64::MAX),
    }
}

/// A segment that may go for the sake of others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oldest {
    /// The seq of the last record in it.
    pub last: u64,
    /// When it ended.
    pub ended: Stamp,
    /// Its bytes.
    pub bytes: u64,
}

/// The segments of a log that are no longer written, oldest first.
pub fn oldest(plan: &PlanDir) -> io::Result<Vec<Oldest>> {
    let listed = segments::list(&plan.log())?;
    let ends = stored(&plan.log(), &listed);
    let closed = listed.iter().skip(1).zip(ends);
    let closed = closed.map_while(|(next, Stored { bytes, ended })| {
        Some(Oldest { last: next.first - 1, ended: ended?, bytes })
    });
    Ok(closed.collect())
}

/// Removes the segments of a log that hold no record behind `last`; with `dry_run` only counts them.
/// Not so many of the oldest: somebody else may remove some meanwhile.
pub fn prune_oldest(plan: &PlanDir, last: u64, dry_run: bool) -> io::Result<Freed> {
    let listed = segments::list(&plan.log())?;
    let going = listed.iter().skip(1).take_while(|next| next.first <= last + 1).count();
    remove(plan, &listed, going, dry_run)
}

/// Removes the saved tables of tasks of runs that have no record behind `oldest`.
fn remove_tables(plan: &PlanDir, oldest: u64) -> io::Result<()> {
    let entries = match fs::read_dir(plan.tasks()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let path = entry?.path();
        if last_seq_of(&path).is_some_and(|last| last < oldest) {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}

/// The seq up to which a saved table knows its run. It stands at the front, for a table is large.
fn last_seq_of(path: &Path) -> Option<u64> {
    let mut front = [0; 128];
    let read = File::open(path).ok()?.read_at(&mut front, 0).ok()?;
    let text = std::str::from_utf8(&front[..read]).ok()?;
    let (_, rest) = text.split_once(r#""seq":"#)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// A segment ended when the next began: its own records are not younger, and the time of a file
/// can be anything after a copy.
fn stored(log: &Path, listed: &[Segment]) -> Vec<Stored> {
    let ends = listed.iter().skip(1).map(|next| first_stamp(log, next.first)).chain([None]);
    listed.iter().zip(ends).map(|(segment, ended)| Stored { bytes: segment.bytes, ended }).collect()
}

/// The same where nobody asks when: none of them is opened.
fn undated(listed: &[Segment], now: Stamp) -> Vec<Stored> {
    let ends = listed.iter().skip(1).map(|_| Some(now)).chain([None]);
    listed.iter().zip(ends).map(|(segment, ended)| Stored { bytes: segment.bytes, ended }).collect()
}

/// The time of a segment's first record, which every record begins with.
fn first_stamp(log: &Path, first: u64) -> Option<Stamp> {
    const BEFORE: &[u8] = b"{\"ts\":\"";
    let mut front = [0; BEFORE.len() + Stamp::LEN];
    SegmentFile::open(log, first).ok()??.read_exact_at(&mut front, 0).ok()?;
    std::str::from_utf8(front.strip_prefix(BEFORE)?).ok()?.parse().ok()
}

fn remove_segment(plan: &PlanDir, segment: &Segment) -> io::Result<()> {
    let plain = plan.segment(segment.first);
    let twin = plain.with_extension("jsonl.zst");
    for path in [plain, twin] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Bytes of a plan's segments.
pub fn log_bytes(plan: &PlanDir) -> io::Result<u64> {
    Ok(segments::list(&plan.log())?.iter().map(|segment| segment.bytes).sum())
}

/// Why a plan was not removed.
#[derive(Debug, thiserror::Error)]
pub enum RemoveError {
    /// Somebody runs or records it.
    #[error("it is running (pid {})", .0.pid)]
    Alive(Holder),
    /// The folder is not one that planwatch made.
    #[error("{0}")]
    Suspicious(String),
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Removes a plan that nobody runs, with its log. `me` is written into the locks that keep others
/// from starting it meanwhile. Gives the bytes its segments had.
pub fn remove_plan(home: &Home, plan: &PlanDir, me: &Holder) -> Result<u64, RemoveError> {
    if !plan.exists() || plan.home() != home.path() {
        let path = plan.dir().display();
        return Err(RemoveError::Suspicious(format!("{path} is not a folder of this home")));
    }
    let supervisor = Lock::take(&plan.supervisor_lock(), me)?.map_err(RemoveError::Alive)?;
    let recorder = Lock::take(&plan.recorder_lock(), me)?.map_err(RemoveError::Alive)?;
    let bytes = log_bytes(plan)?;
    // Out of sight in one step: nobody ever finds half a plan. A name with a dot in front is no
    // plan's name, and what an interrupted removal leaves behind is found by it.
    let away = home.plans_dir().join(format!("{GOING}{}.{}", plan.name(), me.pid));
    fs::rename(plan.dir(), &away)?;
    drop((supervisor, recorder));
    // Does not follow links inside (std::fs::remove_dir_all, CVE-2022-21658).
    fs::remove_dir_all(&away)?;
    Ok(bytes)
}

const GOING: &str = ".removing.";

/// Ends removals that were interrupted.
pub fn remove_leftovers(home: &Home) -> io::Result<()> {
    for entry in fs::read_dir(home.plans_dir())? {
        let entry = entry?;
        let is_leftover = entry.file_name().to_string_lossy().starts_with(GOING);
        if is_leftover && entry.file_type()?.is_dir() {
            match fs::remove_dir_all(entry.path()) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home_with_log(bytes: &[u8]) -> (tempfile::TempDir, Home, PlanDir) {
        let temp = tempfile::tempdir().unwrap();
        let home = Home::open(temp.path()).unwrap();
        let plan = home.plan(&"p".parse().unwrap());
        plan.create().unwrap();
        for (n, first) in [1, 11, 21].into_iter().enumerate() {
            let ts = Stamp(n as i64 * 60_000_000).to_string();
            let mut line = format!("{{\"ts\":\"{ts}\",\"seq\":{first}}}\n").into_bytes();
            line.extend_from_slice(bytes);
            fs::write(plan.segment(first), line).unwrap();
        }
        (temp, home, plan)
    }

    #[test]
    fn pruning_removes_the_oldest_and_says_what_it_freed() {
        let (_temp, _home, plan) = home_with_log(&[b'x'; 1000]);
        let rules = [KeepRule::Bytes(2200)];
        let would = prune_segments(&plan, &rules, Stamp(0), true).unwrap();
        assert_eq!(segments::list(&plan.log()).unwrap().len(), 3);
        let freed = prune_segments(&plan, &rules, Stamp(0), false).unwrap();
        assert_eq!(freed, would);
        assert_eq!(freed.segments, 1);
        let left: Vec<u64> =
            segments::list(&plan.log()).unwrap().iter().map(|segment| segment.first).collect();
        assert_eq!(left, [11, 21]);
    }

    #[test]
    fn what_somebody_else_has_removed_meanwhile_costs_no_other_segment() {
        let (_temp, _home, plan) = home_with_log(&[b'x'; 1000]);
        let victim = oldest(&plan).unwrap().remove(0);
        assert_eq!(victim.last, 10);
        fs::remove_file(plan.segment(1)).unwrap();
        assert_eq!(prune_oldest(&plan, victim.last, false).unwrap(), Freed::default());
        assert!(plan.segment(11).exists());
        assert_eq!(prune_oldest(&plan, 20, false).unwrap().segments, 1);
        assert_eq!(prune_oldest(&plan, 99, false).unwrap().segments, 0, "the newest stays");
    }

    #[test]
    fn a_table_of_tasks_goes_with_the_last_segment_of_its_run() {
        let (_temp, _home, plan) = home_with_log(&[b'x'; 1000]);
        plan.create_tasks().unwrap();
        for (run, seq) in [(1, 9), (2, 11), (3, 29)] {
            let text = format!(r#"{{"table":{{"run":{run},"seq":{seq},"tasks":[]}}}}"#);
            fs::write(plan.tasks_file(run), text).unwrap();
        }
        prune_segments(&plan, &[KeepRule::Bytes(2200)], Stamp(0), false).unwrap();
        let left = |run| plan.tasks_file(run).exists();
        assert_eq!([left(1), left(2), left(3)], [false, true, true]);
    }

    #[test]
    fn a_segments_age_is_that_of_the_next_segments_first_record() {
        let (_temp, _home, plan) = home_with_log(b"");
        let rules = [KeepRule::Age(std::time::Duration::from_secs(30))];
        let freed = prune_segments(&plan, &rules, Stamp(100_000_000), true).unwrap();
        assert_eq!(freed.segments, 1, "the first ended at 60 s, the second at 120 s");
    }

    #[test]
    fn a_plan_is_removed_whole_and_a_link_in_its_place_is_refused() {
        let (temp, home, plan) = home_with_log(b"x");
        let elsewhere = temp.path().join("precious");
        fs::create_dir(&elsewhere).unwrap();
        fs::write(elsewhere.join("file"), "x").unwrap();
        std::os::unix::fs::symlink(&elsewhere, plan.dir().join("link")).unwrap();
        let me = Holder { pid: 1, ..Holder::default() };
        assert!(remove_plan(&home, &plan, &me).unwrap() > 0);
        assert!(!plan.dir().exists());
        assert!(elsewhere.join("file").exists(), "links inside are not followed");
        std::os::unix::fs::symlink(&elsewhere, plan.dir()).unwrap();
        assert!(matches!(remove_plan(&home, &plan, &me), Err(RemoveError::Suspicious(_))));
        assert!(elsewhere.join("file").exists());
        assert!(fs::read_dir(home.plans_dir()).unwrap().all(|e| e.unwrap().file_name() == "p"));
    }
}
