//! What stands in a log from before the process that is attached to: `nightly.py >> nightly.log` has
//! the words of every night in one file, and only the last are about this run.
//!
//! Nothing tells where a process began to write. But a file that was made after it began is all its
//! own; and in any other, Luigi names the process at whose workers it looks: `Worker(…, pid=4711)`.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use memchr::memmem;

use crate::model::Followed;
use crate::os::pidfd::Process;
use crate::os::{given, proc};
use crate::parse::ended;

/// When a file was made and when a process began is told by clocks that tick at different times.
const TICKS: Duration = Duration::from_millis(50);

/// First and last line of what Luigi says at its end.
const SUMMARY: &[u8] = b"===== Luigi Execution Summary =====";

/// A longer line is looked at in pieces.
const PIECE: u64 = 1 << 20;

/// The files that a process writes.
pub(super) fn followed(paths: Vec<PathBuf>, process: Process) -> Vec<Followed> {
    let mut files = Followed::named(paths);
    for file in &mut files {
        file.earlier = earlier(&file.path, process);
    }
    files
}

/// Bytes at the beginning of a file that were written before the process began, as far as the file
/// tells. What cannot be read says nothing.
fn earlier(path: &Path, process: Process) -> u64 {
    let began = SystemTime::now() - Duration::from_millis(given::age_ms(process.start));
    let Ok(file) = File::open(path) else { return 0 };
    let made = file.metadata().and_then(|meta| meta.created());
    if made.is_ok_and(|made| made + TICKS >= began) {
        return 0;
    }
    let Ok(own) = proc::family(process.pid) else { return 0 };
    let itself = proc::numbers(process.pid);
    let (mut is_luigi, mut starts_luigi) = (false, false);
    let found = others(BufReader::new(file), |pid| {
        is_luigi |= itself.contains(&pid);
        starts_luigi |= own.contains(&pid) && !itself.contains(&pid);
        own.contains(&pid)
    });
    // Which of the others it has started before nobody can tell: they may be its own words.
    if starts_luigi && !is_luigi { 0 } else { found.unwrap_or(0) }
}

/// Bytes up to the last word of a Luigi that is not one of ours: to the end of its summary, where it
/// came to one.
fn others(mut log: impl BufRead, mut is_own: impl FnMut(i32) -> bool) -> io::Result<u64> {
    let (mut at, mut until, mut line) = (0, 0, Vec::new());
    let mut others_turn = false;
    loop {
        line.clear();
        let read = log.by_ref().take(PIECE).read_until(b'\n', &mut line)?;
        if read == 0 {
            return Ok(until);
        }
        at += read as u64;
        let text = line.trim_ascii_end();
        match worker(text) {
            Some(pid) => others_turn = !is_own(pid),
            None if text.is_empty() || text == SUMMARY || ended(text).is_some() => {}
            None => continue,
        }
        if others_turn {
            until = at;
        }
    }
}

/// The process that a line of a worker names as the one that has it.
fn worker(line: &[u8]) -> Option<i32> {
    let from = memmem::find(line, b"Worker(salt=")?;
    let at = from + memmem::find(&line[from..], b" pid=")? + 5;
    let digits = line[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(&line[at..at + digits]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PENDING: &str = "INFO: Informed scheduler that task   A_1   has status   PENDING\n";
    const FAILED: &str = "This progress looks :( because there were failed tasks\n";
    const FINE: &str =
        "This progress looks :) because there were no failed tasks or missing dependencies\n";

    fn runs(pid: i32) -> String {
        let worker = format!("Worker(salt=1, workers=1, host=h, username=u, pid={pid})");
        format!("INFO: [pid 9] Worker {worker} running   A()\n")
    }

    fn found(log: &str) -> usize {
        let found = others(log.as_bytes(), |pid| pid == 7).unwrap();
        usize::try_from(found).unwrap()
    }

    #[test]
    fn what_others_wrote_ends_with_their_summary_or_their_last_word() {
        let before = [PENDING, &runs(5), FAILED].concat();
        assert_eq!(found(&before), before.len(), "this one has said nothing yet");
        let own = [PENDING, &runs(7), FINE].concat();
        assert_eq!(found(&(before.clone() + &own)), before.len());
        let killed = [PENDING, &runs(5)].concat();
        assert_eq!(found(&(killed.clone() + &own)), killed.len());
        assert_eq!(found(&own), 0);
        assert_eq!(found("no Luigi at all\n"), 0);
        // What it says in a second call, and before it names itself, is its own all the same.
        assert_eq!(found(&(before.clone() + &own + FAILED + PENDING)), before.len());
    }
}
