//! The supervisor's voice: lines in the lifecycle FIFO, which the recorder puts into the log.

use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::io::Errno;

use crate::model::{Event, Level, Marker, Said, Spec, VerdictRule};
use crate::os::fifo;
use crate::store::layout::PlanDir;

/// Lines that may wait for room. A run says about ten; the rest is signals and requests.
const MOST_WAITING: usize = 256;

/// The lifecycle FIFO, its stage, and what did not fit yet.
pub(super) struct Lifecycle {
    fifo: OwnedFd,
    /// Never read or written here: held, so that what is in it outlives the recorder.
    _stage: OwnedFd,
    waiting: VecDeque<Vec<u8>>,
}

impl Lifecycle {
    /// Opens both pipes, made if they are missing.
    pub(super) fn open(plan: &PlanDir) -> io::Result<Lifecycle> {
        fifo::ensure(&plan.lifecycle())?;
        fifo::ensure(&plan.lifecycle_stage())?;
        let stage = fifo::open_both(&plan.lifecycle_stage())?;
        let fifo = fifo::open_both(&plan.lifecycle())?;
        Ok(Lifecycle { fifo, _stage: stage, waiting: VecDeque::new() })
    }

    /// Says something, now or as soon as there is room.
    pub(super) fn say(&mut self, said: Said) -> io::Result<()> {
        if self.waiting.len() < MOST_WAITING || matters(&said.event) {
            self.waiting.push_back(line(&said));
        }
        self.flush()
    }

    /// Writes what there is room for. Each line is written whole: it is no longer than PIPE_BUF.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        while let Some(line) = self.waiting.front() {
            match rustix::io::write(&self.fifo, line) {
                Ok(_) => drop(self.waiting.pop_front()),
                Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Whether something waits for room.
    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    pub(super) fn fd(&self) -> BorrowedFd<'_> {
        self.fifo.as_fd()
    }
}

/// What must be said although the queue is full: the ends and beginnings that come once a run.
fn matters(event: &Event) -> bool {
    !matches!(event, Event::RunSignalled { .. } | Event::RunStopping { .. })
}

/// The line of something said, cut down until it fits into one write.
fn line(said: &Said) -> Vec<u8> {
    for room in [usize::MAX, 1024, 256, 64, 16] {
        let mut short = said.clone();
        shorten(&mut short, room);
        let line = short.line();
        if line.len() <= Said::MAX {
            return line;
        }
    }
    let mut short = said.clone();
    shorten(&mut short, 16);
    short.msg = "…".to_owned();
    if let Event::RunStarted { argv, changed, verdict, success_exit_codes, .. } = &mut short.event {
        argv.truncate(8);
        argv.push("…".to_owned());
        changed.clear();
        // More than a run is begun with today. A file that is not there is told at the end anyway.
        if short_of_room(verdict, success_exit_codes) {
            verdict.retain(|rule| !matches!(rule, VerdictRule::File(_)));
            verdict.truncate(8);
            success_exit_codes.truncate(64);
        }
    }
    short.line()
}

fn short_of_room(rules: &[VerdictRule], codes: &[i32]) -> bool {
    serde_json::to_vec(&(rules, codes)).map_or(true, |text| text.len() > Spec::MOST_RULES)
}

/// Cuts every text of free length to `room` bytes, and a long list of arguments to as many entries.
fn shorten(said: &mut Said, room: usize) {
    cut(&mut said.msg, room);
    match &mut said.event {
        Event::RunStarted { argv, cwd, changed, .. } => {
            if argv.len() > room {
                argv.truncate(room);
                argv.push("…".to_owned());
            }
            argv.iter_mut().chain(changed).for_each(|text| cut(text, room));
            cut(cwd, room.saturating_mul(4));
        }
        Event::RunExited { exec_error, markers, .. } => {
            if let Some(error) = exec_error {
                cut(error, room);
            }
            if room < usize::MAX {
                name_some(markers, room);
            }
        }
        Event::RunStopping { by, .. }
        | Event::RunSignalled { by, .. }
        | Event::RunRestarting { by, .. } => cut(by, room),
        Event::StreamHeld { pids, .. } => pids.truncate(room),
        Event::HookRan { error, said, .. } => {
            error.iter_mut().chain([said]).for_each(|text| cut(text, room));
        }
        _ => {}
    }
}

/// Forgets the files that are there, and names as many of the others as have room.
fn name_some(markers: &mut Vec<Marker>, room: usize) {
    markers.retain(|marker| !marker.found);
    let mut size = 0;
    markers.iter_mut().for_each(|marker| cut(&mut marker.file, room));
    let fit = markers.iter().take_while(|marker| {
        size += marker.file.len() + r#"{"file":"","found":false},"#.len();
        size <= room.saturating_mul(2)
    });
    let (fit, all) = (fit.count(), markers.len());
    if fit < all {
        markers.truncate(fit);
        markers.push(Marker { file: format!("… and {} others", all - fit), found: false });
    }
}

fn cut(text: &mut String, room: usize) {
    if text.len() > room {
        text.truncate(text.floor_char_boundary(room));
        text.push('…');
    }
}

/// A line about a run.
pub(super) fn said(run: u64, level: Level, msg: impl Into<String>, event: Event) -> Said {
    Said { run, level, msg: msg.into(), event }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn whatever_is_said_is_one_line_of_json_that_fits_into_one_write(
            argv in proptest::collection::vec("[a-z\n\"äé]{0,700}", 0..40),
            cwd in ".{0,3000}",
            // A rule without a file's name cannot be typed and is not read.
            files in proptest::collection::vec("[a-z/äé\"]{1,200}", 0..200),
            codes in proptest::collection::vec(any::<i32>(), 0..300),
        ) {
            let event = Event::RunStarted {
                argv: argv.clone(),
                cwd,
                changed: vec![],
                verdict: files.into_iter().map(VerdictRule::File).collect(),
                success_exit_codes: codes,
                foreign: false,
                streams: vec![],
                restart: None,
                restarts: 0,
                boot: "b".to_owned(),
            };
            let line = line(&said(1, Level::Info, argv.join(" "), event));
            prop_assert!(line.len() <= Said::MAX, "{}", line.len());
            prop_assert_eq!(line.iter().filter(|&&b| b == b'\n').count(), 1);
            prop_assert!(serde_json::from_slice::<Said>(&line).is_ok());
        }
    }

    #[test]
    fn of_too_many_missing_files_some_are_named_and_the_others_counted() {
        let of = |found| move |at| Marker { file: format!("run/outputs/{at}.md"), found };
        let event = |markers| Event::RunExited {
            code: Some(0),
            signal: None,
            exec_error: None,
            wall_ms: None,
            cpu_ms: None,
            peak_rss: None,
            oom: false,
            sweeping: false,
            markers,
        };
        let told = |markers| {
            let line = line(&said(1, Level::Info, "exited", event(markers)));
            assert!(line.len() <= Said::MAX);
            let said: Said = serde_json::from_slice(&line).unwrap();
            let Event::RunExited { markers, .. } = said.event else { panic!("{said:?}") };
            markers
        };
        assert_eq!(told((0..500).map(of(true)).collect()), []);
        assert_eq!(told((0..500).map(of(true)).chain([of(false)(500)]).collect()).len(), 1);
        let some = told((0..500).map(of(false)).collect());
        let others = format!("… and {} others", 501 - some.len());
        assert!(some.len() > 20 && some.iter().all(|marker| !marker.found));
        assert_eq!(some.last().map(|marker| &*marker.file), Some(&*others));
    }
}
