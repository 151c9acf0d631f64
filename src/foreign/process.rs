//! The process of a run that somebody else started.

use std::io;
use std::path::PathBuf;

use super::RunFolder;
use crate::os::given::{self, Given};
use crate::os::pidfd::{Pidfd, Process};
use crate::os::proc::{self, Stat};

/// The variable in which PlanExe's processes carry their run folder.
const VARIABLE: &str = "RUN_ID_DIR";

/// What came of looking for the processes of a folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The process of the run: the root of the tree that writes the log.
    pub root: Option<Process>,
    /// Everybody who carries the folder.
    pub carriers: Vec<Process>,
}

/// Looks for the processes of a run folder.
pub fn search(folder: &RunFolder) -> io::Result<Found> {
    let mut carriers: Vec<Stat> = Vec::new();
    for pid in proc::all()? {
        if carries(pid, folder)
            && let Ok(Some(stat)) = proc::stat(pid)
            && !stat.is_dead()
        {
            carriers.push(stat);
        }
    }
    let root = root(&carriers, folder)?;
    Ok(Found { root, carriers: carriers.iter().map(process).collect() })
}

/// Whether a process was given this folder, and is not one of our own that inherited it.
pub(super) fn carries(pid: i32, folder: &RunFolder) -> bool {
    let Given::Is(value) = given::variable(pid, VARIABLE) else { return false };
    given::seen_by(pid, &value) == Some(folder.id()) && !given::is_ourselves(pid)
}

/// Of those who have the log open, or of all if nobody has, the one whose parent is not among them.
/// The shell in which the variable was set carries it, too, but has no log open. Where the main
/// process has died, the oldest of the orphans.
fn root(carriers: &[Stat], folder: &RunFolder) -> io::Result<Option<Process>> {
    if carriers.is_empty() {
        return Ok(None);
    }
    let writers: Vec<i32> = match proc::file_id(&folder.log()) {
        Ok(log) => proc::writers(&[log])?.into_iter().map(|(pid, _)| pid).collect(),
        Err(_) => Vec::new(),
    };
    let writing: Vec<&Stat> = carriers.iter().filter(|c| writers.contains(&c.pid)).collect();
    let all: Vec<&Stat> = carriers.iter().collect();
    let among = if writing.is_empty() { all } else { writing };
    let roots = among.iter().filter(|stat| !among.iter().any(|other| other.pid == stat.parent));
    Ok(roots.min_by_key(|stat| (stat.start, stat.pid)).map(|stat| process(stat)))
}

fn process(stat: &Stat) -> Process {
    Process { pid: stat.pid, start: stat.start }
}

/// The process that has this number now, held. None if there is none.
pub fn exact(pid: i32) -> io::Result<Option<(Process, Pidfd)>> {
    let Some(start) = proc::start_time(pid) else { return Ok(None) };
    let process = Process { pid, start };
    Ok(Pidfd::open_exact(process)?.map(|held| (process, held)))
}

/// The regular files that are a process's standard output and error, each once.
pub fn output_files(pid: i32) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for fd in [1, 2] {
        if let Some(path) = given::open_file(pid, fd)?
            && !files.contains(&path)
        {
            files.push(path);
        }
    }
    Ok(files)
}
