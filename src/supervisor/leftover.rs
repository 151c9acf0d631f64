//! What a run left behind: processes of it that go on although its main process, its verdict and
//! its supervisor have come to an end.
//!
//! Known by the same marks as in life. Those marks are kept as long as somebody holds a pipe of the
//! run; whoever has let go of both is nobody's any more.

use std::io;
use std::time::{Duration, Instant};

use super::exec::PlanPid;
use super::lifecycle::{Lifecycle, said};
use super::tree::{self, Marks};
use super::words::signalled;
use crate::model::{Event, Level};
use crate::os::host::boot_id;
use crate::os::pidfd::{Pidfd, Process};
use crate::os::poll::{self, PollFd, PollFlags};
use crate::store::layout::PlanDir;
use crate::store::snapshot;

/// The processes of a run that has ended.
pub struct Leftovers {
    plan: PlanDir,
    run: u64,
    marks: Marks,
}

/// What became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// Those that were there.
    pub all: Vec<i32>,
    /// Those that are there still.
    pub left: Vec<i32>,
}

impl Leftovers {
    /// None where nothing is left by which they could be known.
    pub fn of(plan: &PlanDir, run: u64) -> io::Result<Option<Leftovers>> {
        let written: Option<PlanPid> = snapshot::load_json(&plan.plan_pid(run))?;
        Ok(written.filter(|written| written.boot == boot_id() && !written.token.is_empty()).map(
            |written| {
                let leader = Some(Process { pid: written.pid, start: written.start });
                let token = Some(format!("PLANWATCH_RUN_TOKEN={}", written.token).into_bytes());
                let marks = Marks { leader, token, ..Marks::default() };
                Leftovers { plan: plan.clone(), run, marks }
            },
        ))
    }

    /// Who is there.
    pub fn pids(&self) -> io::Result<Vec<i32>> {
        Ok(tree::members(&self.marks)?.iter().map(Pidfd::pid).collect())
    }

    /// Ends them all as a stop ends a run: a signal, some time, SIGKILL until nobody is left. Who
    /// asked for it goes into the log.
    pub fn end(&self, signal: i32, grace: Duration, by: &str) -> io::Result<Ended> {
        let mut lifecycle = Lifecycle::open(&self.plan)?;
        let members = tree::members(&self.marks)?;
        let all: Vec<i32> = members.iter().map(Pidfd::pid).collect();
        if all.is_empty() {
            return Ok(Ended::default());
        }
        // Said first: with the last of them their recorder leaves, and would not hear it any more.
        self.say(&mut lifecycle, signal, all.len(), by)?;
        tree::signal(&self.marks, signal)?;
        wait_for(&members, grace)?;
        let stubborn = tree::members(&self.marks)?.len();
        if stubborn > 0 {
            self.say(&mut lifecycle, libc::SIGKILL, stubborn, by)?;
        }
        let (_, left) = tree::kill(&self.marks)?;
        Ok(Ended { all, left: left.iter().map(Pidfd::pid).collect() })
    }

    fn say(&self, to: &mut Lifecycle, signal: i32, processes: usize, by: &str) -> io::Result<()> {
        let processes = processes as u64;
        let msg = format!("{}: left behind by the run", signalled(signal, processes));
        let event = Event::RunSignalled { signal, processes, by: by.to_owned(), request: None };
        to.say(said(self.run, Level::Info, msg, event))
    }
}

/// Waits until all have ended, but no longer than `limit`.
fn wait_for(members: &[Pidfd], limit: Duration) -> io::Result<()> {
    let end = Instant::now() + limit;
    loop {
        let alive = members.iter().filter(|member| !member.has_ended());
        let mut fds: Vec<PollFd> = alive.map(|member| PollFd::new(member, PollFlags::IN)).collect();
        let rest = end.saturating_duration_since(Instant::now());
        if fds.is_empty() || rest.is_zero() {
            return Ok(());
        }
        poll::wait(&mut fds, Some(rest))?;
    }
}
