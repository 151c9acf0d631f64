//! All processes of a run: found again and again, because they go on forking meanwhile.

use std::io;

use crate::os::pidfd::{Pidfd, Process};
use crate::os::proc::{self, Stat};

/// How the processes of a run are known as its own.
#[derive(Clone, Debug, Default)]
pub(super) struct Marks {
    /// The plan's own process, which led a session and a group.
    pub(super) leader: Option<Process>,
    /// `PLANWATCH_RUN_TOKEN=…` as it stands in their environment.
    pub(super) token: Option<Vec<u8>>,
    /// Processes that are never part of it: the supervisor and the recorder.
    pub(super) ours: Vec<i32>,
}

/// The living processes of the run, each held: session and group of the plan, orphans that became
/// our children, and everybody who carries the run's token.
pub(super) fn members(marks: &Marks) -> io::Result<Vec<Pidfd>> {
    let me = i32::try_from(std::process::id()).unwrap_or_default();
    let leader = marks.leader.filter(|leader| {
        // Once its group and session are empty, the number may lead somebody else's.
        proc::start_time(leader.pid).is_none_or(|start| start == leader.start)
    });
    let mut members = Vec::new();
    for pid in proc::all()? {
        if pid == 1 || pid == me || marks.ours.contains(&pid) {
            continue;
        }
        let Ok(Some(stat)) = proc::stat(pid) else { continue };
        if stat.is_dead() || !belongs(&stat, leader, marks, me) {
            continue;
        }
        if let Some(held) = Pidfd::open_exact(Process { pid, start: stat.start })? {
            members.push(held);
        }
    }
    Ok(members)
}

fn belongs(stat: &Stat, leader: Option<Process>, marks: &Marks, me: i32) -> bool {
    leader.is_some_and(|leader| stat.session == leader.pid || stat.group == leader.pid)
        || marks.token.as_ref().is_some_and(|token| proc::was_given(stat.pid, token))
        || (stat.parent == me && !proc::is_background(stat.pid))
}

/// Sends a signal to every process of the run; how many got it.
pub(super) fn signal(marks: &Marks, signal: i32) -> io::Result<u64> {
    let mut reached = 0;
    for member in members(marks)? {
        // Somebody else's process by setuid: not ours to stop.
        reached += u64::from(member.signal(signal).unwrap_or(false));
    }
    Ok(reached)
}

/// Kills every process of the run, over and over while they fork faster than they die. How many got
/// the signal, and who is still there.
pub(super) fn kill(marks: &Marks) -> io::Result<(u64, Vec<Pidfd>)> {
    let mut reached = 0;
    for _ in 0..64 {
        let members = members(marks)?;
        if members.is_empty() {
            return Ok((reached, members));
        }
        let before = reached;
        for member in &members {
            reached += u64::from(member.signal(libc::SIGKILL).unwrap_or(false));
        }
        if reached == before {
            return Ok((reached, members));
        }
        for member in &members {
            member.wait_for_end(Some(std::time::Duration::from_millis(20)))?;
        }
    }
    Ok((reached, members(marks)?))
}
