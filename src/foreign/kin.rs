//! Every process that is provably a run's: found again and again, because they go on forking.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::RunFolder;
use super::process::carries;
use crate::os::given;
use crate::os::pidfd::{Pidfd, Process};
use crate::os::proc::{self, Stat};

/// How the processes of a run that somebody else started are known.
#[derive(Debug, Default)]
pub struct Kin {
    folder: Option<RunFolder>,
    /// Processes that were seen to be the run's. A child that lost its parent is no descendant any
    /// more, so whoever was seen once stays known.
    known: RefCell<BTreeMap<i32, u64>>,
    /// The run's process.
    leader: Option<Process>,
    /// Processes above it: whoever started the run is not part of it, though it may carry the same
    /// folder.
    above: Vec<i32>,
}

impl Kin {
    /// Of a run in this folder, or of a process and nothing else.
    pub fn new(folder: Option<RunFolder>) -> Kin {
        Kin { folder, ..Kin::default() }
    }

    /// The run's process is known.
    pub fn lead(&mut self, leader: Process) {
        self.above = given::ancestors(leader.pid);
        self.leader = Some(leader);
        let mut known = self.known.borrow_mut();
        known.retain(|pid, _| !self.above.contains(pid));
        known.insert(leader.pid, leader.start);
    }

    /// Everybody alive who is the run's, held, but for `ours`.
    pub fn members(&self, ours: &[i32]) -> io::Result<Vec<Pidfd>> {
        let mut members = Vec::new();
        for process in self.find(ours)? {
            if let Some(held) = Pidfd::open_exact(process)? {
                members.push(held);
            }
        }
        Ok(members)
    }

    fn find(&self, ours: &[i32]) -> io::Result<Vec<Process>> {
        let me = i32::try_from(std::process::id()).unwrap_or_default();
        let mut living = BTreeMap::new();
        for pid in proc::all()? {
            if let Ok(Some(stat)) = proc::stat(pid)
                && !stat.is_dead()
            {
                living.insert(pid, stat);
            }
        }
        let mut known = self.known.borrow_mut();
        let taken = |pid: &i32, start: &u64| living.get(pid).is_some_and(|s| s.start != *start);
        known.retain(|pid, start| !taken(pid, start));
        let mut family: BTreeSet<i32> = known.keys().copied().collect();
        family.extend(living.values().filter(|stat| self.is_ours(stat)).map(|stat| stat.pid));
        loop {
            let children: Vec<i32> = (living.values())
                .filter(|stat| family.contains(&stat.parent) && !family.contains(&stat.pid))
                .map(|stat| stat.pid)
                .collect();
            if children.is_empty() {
                break;
            }
            family.extend(children);
        }
        let apart =
            |pid: i32| pid <= 1 || pid == me || ours.contains(&pid) || given::is_ourselves(pid);
        let found: Vec<Process> = (living.values())
            .filter(|stat| family.contains(&stat.pid) && !apart(stat.pid))
            .map(|stat| Process { pid: stat.pid, start: stat.start })
            .collect();
        known.extend(found.iter().map(|process| (process.pid, process.start)));
        Ok(found)
    }

    /// Whether a process is the run's whoever its parent is.
    fn is_ours(&self, stat: &Stat) -> bool {
        if self.above.contains(&stat.pid) {
            return false;
        }
        let led = self.leader.is_some_and(|leader| {
            // Once its group and session are empty, the number may lead somebody else's.
            let same = proc::start_time(leader.pid).is_none_or(|start| start == leader.start);
            same && (stat.session == leader.pid || stat.group == leader.pid)
        });
        led || self.folder.as_ref().is_some_and(|folder| carries(stat.pid, folder))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead as _, BufReader};
    use std::path::Path;
    use std::process::{Child, Command, Stdio};

    /// A shell that has started a sleeper, both ended when this is dropped.
    struct Family {
        shell: Child,
        pid: i32,
        sleeper: i32,
    }

    fn family(run_id_dir: &Path) -> Family {
        let mut shell = Command::new("sh")
            .args(["-c", "sleep 1000 >/dev/null 2>&1 & echo $!; read x"])
            .env("RUN_ID_DIR", run_id_dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(shell.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let pid = i32::try_from(shell.id()).unwrap();
        Family { shell, pid, sleeper: line.trim().parse().unwrap() }
    }

    impl Family {
        fn orphan(&mut self) {
            self.shell.kill().unwrap();
            self.shell.wait().unwrap();
        }
    }

    impl Drop for Family {
        fn drop(&mut self) {
            if let Ok(Some(sleeper)) = Pidfd::open(self.sleeper, None) {
                let _ = sleeper.signal(libc::SIGKILL);
            }
            let _ = self.shell.kill();
            let _ = self.shell.wait();
        }
    }

    fn pids(kin: &Kin) -> BTreeSet<i32> {
        kin.members(&[]).unwrap().iter().map(Pidfd::pid).collect()
    }

    fn process_of(pid: i32) -> Process {
        Process { pid, start: proc::start_time(pid).unwrap() }
    }

    #[test]
    fn a_childs_child_is_kin_also_when_it_is_an_orphan_and_a_stranger_is_not() {
        let mut family = family(Path::new("/nowhere"));
        let _stranger = self::family(Path::new("/nowhere"));
        let mut kin = Kin::new(None);
        kin.lead(process_of(family.pid));
        assert_eq!(pids(&kin), BTreeSet::from([family.pid, family.sleeper]));
        family.orphan();
        assert_eq!(pids(&kin), BTreeSet::from([family.sleeper]));
    }

    #[test]
    fn who_carries_the_folder_is_kin_under_any_name_of_it_but_not_who_started_it() {
        let temp = tempfile::tempdir().unwrap();
        let (dir, link) = (temp.path().join("run"), temp.path().join("link"));
        std::fs::create_dir(&dir).unwrap();
        std::os::unix::fs::symlink(&dir, &link).unwrap();
        let folder = RunFolder::open(&dir).unwrap();
        let mut family = family(&link);
        let mut kin = Kin::new(Some(folder.clone()));
        assert_eq!(pids(&kin), BTreeSet::from([family.pid, family.sleeper]));
        let sleeper = process_of(family.sleeper);
        kin.lead(sleeper);
        assert_eq!(pids(&kin), BTreeSet::from([family.sleeper]));
        family.orphan();
        assert_eq!(super::super::search(&folder).unwrap().root, Some(sleeper));
    }
}
