//! All processes of a run: found again and again, because they go on forking meanwhile.

use std::io;
use std::rc::Rc;

use crate::foreign::Kin;
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
    /// Of a run that somebody else started: everybody who is known to be part of it.
    pub(super) kin: Option<Rc<Kin>>,
}

/// The living processes of the run, each held: session and group of the plan, orphans that became
/// our children, and everybody who carries the run's token.
pub(super) fn members(marks: &Marks) -> io::Result<Vec<Pidfd>> {
    if let Some(kin) = &marks.kin {
        return kin.members(&marks.ours);
    }
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
        || (stat.parent == me
            && !proc::is_background(stat.pid)
            && !is_of_another_run(stat.pid, marks))
}

/// A plan that was started from within this one becomes our child when its own supervisor dies.
fn is_of_another_run(pid: i32, marks: &Marks) -> bool {
    proc::given(pid, "PLANWATCH_RUN_TOKEN")
        .map(|token| format!("PLANWATCH_RUN_TOKEN={token}").into_bytes())
        .is_some_and(|token| marks.token.as_ref() != Some(&token))
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_child_that_belongs_to_another_run_is_none_of_ours() {
        let marks = Marks { token: Some(b"PLANWATCH_RUN_TOKEN=ours".to_vec()), ..Marks::default() };
        for (token, ours) in [(None, true), (Some("ours"), true), (Some("theirs"), false)] {
            let mut command = Command::new("cat");
            command
                .env_remove("PLANWATCH_RUN_TOKEN")
                .envs(token.map(|t| ("PLANWATCH_RUN_TOKEN", t)));
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            let pid = i32::try_from(child.id()).unwrap();
            let found = members(&marks).unwrap().iter().any(|member| member.pid() == pid);
            drop(child.stdin.take());
            child.wait().unwrap();
            assert_eq!(found, ours, "{token:?}");
        }
    }
}
