//! Every path under the home.

mod tidy;

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};

use crate::model::{PlanName, Stream};
use crate::os::host::random_token;
use crate::os::lock::effective_user;

/// First line of the `format` file. Nothing is deleted in a folder without it.
const FORMAT_LINE: &str = "planwatch-state 1\n";

/// The folder that holds everything planwatch keeps.
#[derive(Clone, Debug)]
pub struct Home {
    path: PathBuf,
}

/// Why a home cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// The system refused.
    #[error("cannot use {path} as planwatch's home: {source}")]
    Io {
        /// What was tried.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another user owns the folder.
    #[error("{path} belongs to user {owner}, not to you (user {me})")]
    Foreign {
        /// The folder.
        path: PathBuf,
        /// Its owner's user id.
        owner: u32,
        /// The caller's user id.
        me: u32,
    },
    /// A newer release wrote it.
    #[error("{path} was written by a newer planwatch ({found}): this one knows format 1")]
    Newer {
        /// The folder.
        path: PathBuf,
        /// Content of its `format` file.
        found: String,
    },
    /// The folder has content, but not planwatch's.
    #[error("{path} is not empty and has no planwatch `format` file: it is somebody else's folder")]
    NotOurs {
        /// The folder.
        path: PathBuf,
    },
}

impl Home {
    /// Opens the home, made if it is missing.
    pub fn open(path: &Path) -> Result<Home, HomeError> {
        let wrong = |source| HomeError::Io { path: path.to_owned(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(wrong)?;
        Home::check_owner(path)?;
        if fs::symlink_metadata(path.join("format")).is_err() {
            Home::found(path)?;
        }
        Home::existing(path)?.ok_or_else(|| HomeError::NotOurs { path: path.to_owned() })
    }

    /// Opens the home if there is one.
    pub fn existing(path: &Path) -> Result<Option<Home>, HomeError> {
        match fs::read_to_string(path.join("format")) {
            Ok(text) if text == FORMAT_LINE => {
                Home::check_owner(path)?;
                Ok(Some(Home { path: path.to_owned() }))
            }
            Ok(text) if text.starts_with("planwatch-state ") => {
                Err(HomeError::Newer { path: path.to_owned(), found: text.trim().to_owned() })
            }
            Ok(_) => Err(HomeError::NotOurs { path: path.to_owned() }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(HomeError::Io { path: path.to_owned(), source }),
        }
    }

    fn check_owner(path: &Path) -> Result<(), HomeError> {
        let wrong = |source| HomeError::Io { path: path.to_owned(), source };
        let owner = fs::metadata(path).map_err(wrong)?.uid();
        let me = effective_user();
        if owner == me {
            Ok(())
        } else {
            Err(HomeError::Foreign { path: path.to_owned(), owner, me })
        }
    }

    /// Makes a new home of an empty folder. Several commands may do so at once: the `format` file
    /// appears whole or not at all.
    fn found(path: &Path) -> Result<(), HomeError> {
        let wrong = |source| HomeError::Io { path: path.to_owned(), source };
        for entry in fs::read_dir(path).map_err(wrong)? {
            let name = entry.map_err(wrong)?.file_name();
            let name = name.to_string_lossy();
            let ours = name == "plans" || name == "format" || name.starts_with(".format.");
            // Somebody may have been faster, and has put more into it already.
            if !ours && fs::symlink_metadata(path.join("format")).is_err() {
                return Err(HomeError::NotOurs { path: path.to_owned() });
            }
        }
        DirBuilder::new().recursive(true).mode(0o700).create(path.join("plans")).map_err(wrong)?;
        let mut file =
            tempfile::Builder::new().prefix(".format.").tempfile_in(path).map_err(wrong)?;
        file.write_all(FORMAT_LINE.as_bytes()).map_err(wrong)?;
        file.persist(path.join("format")).map_err(|error| wrong(error.error))?;
        Ok(())
    }

    /// The key under which values that are not kept are compared. Made when it is first needed.
    pub fn key(&self) -> io::Result<Vec<u8>> {
        let path = self.path.join("key");
        match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => return read,
        }
        // Readable by its owner only, and never seen half written.
        let mut file = tempfile::Builder::new().prefix(".key.").tempfile_in(&self.path)?;
        file.write_all(random_token()?.as_bytes())?;
        match file.persist_noclobber(&path) {
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            _ => fs::read(&path),
        }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder of the queue.
    pub fn queue(&self) -> PathBuf {
        self.path.join("queue")
    }

    /// What the queue is.
    pub fn queue_file(&self) -> PathBuf {
        self.queue().join("state.json")
    }

    /// The folder that holds one folder a plan.
    pub fn plans_dir(&self) -> PathBuf {
        self.path.join("plans")
    }

    /// Names of all plans, sorted.
    pub fn plans(&self) -> io::Result<Vec<PlanName>> {
        let entries = match fs::read_dir(self.plans_dir()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if !entry.file_type()?.is_dir() {
                continue;
            }
            if let Some(name) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    /// The folder of one plan, which may not exist yet.
    pub fn plan(&self, name: &PlanName) -> PlanDir {
        PlanDir { dir: self.plans_dir().join(name), home: self.path.clone(), name: name.clone() }
    }
}

/// The folder of one plan.
#[derive(Clone, Debug)]
pub struct PlanDir {
    home: PathBuf,
    dir: PathBuf,
    name: PlanName,
}

impl PlanDir {
    /// The plan's name.
    pub fn name(&self) -> &PlanName {
        &self.name
    }

    /// The home it stands in.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// The folder itself.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Whether the folder is there, and is a folder and not a link to one.
    pub fn exists(&self) -> bool {
        fs::symlink_metadata(&self.dir).is_ok_and(|meta| meta.is_dir())
    }

    /// Makes the folder and those in it that every plan has.
    pub fn create(&self) -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        for dir in [self.dir.clone(), self.pipes(), self.spool(), self.log()] {
            builder.create(&dir)?;
            let meta = fs::symlink_metadata(&dir)?;
            if !meta.is_dir() {
                return Err(io::Error::other(format!("{} is a link: refused", dir.display())));
            }
            if meta.permissions().mode() & 0o077 != 0 {
                fs::set_permissions(&dir, fs::Permissions::from_mode(0o700))?;
            }
        }
        Ok(())
    }

    /// What to run.
    pub fn spec_file(&self) -> PathBuf {
        self.dir.join("plan.json")
    }

    /// The saved fold.
    pub fn status_file(&self) -> PathBuf {
        self.dir.join("status.json")
    }

    /// The folder of saved task tables.
    pub fn tasks(&self) -> PathBuf {
        self.dir.join("tasks")
    }

    /// The saved task table of a run: a cache, like the saved fold.
    pub fn tasks_file(&self, run: u64) -> PathBuf {
        self.tasks().join(format!("{run}.json"))
    }

    /// Makes the folder of saved task tables.
    pub fn create_tasks(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(self.tasks())
    }

    /// Held by the living supervisor.
    pub fn supervisor_lock(&self) -> PathBuf {
        self.dir.join("supervisor.lock")
    }

    /// Held by the living recorder.
    pub fn recorder_lock(&self) -> PathBuf {
        self.dir.join("recorder.lock")
    }

    /// Held by who compresses sealed segments.
    pub fn compress_lock(&self) -> PathBuf {
        self.dir.join("compress.lock")
    }

    /// What the background processes print when something goes badly wrong.
    pub fn diagnostics(&self) -> PathBuf {
        self.dir.join("diagnostics.log")
    }

    /// The folder of FIFOs.
    pub fn pipes(&self) -> PathBuf {
        self.dir.join("pipes")
    }

    /// Supervisor → recorder.
    pub fn lifecycle(&self) -> PathBuf {
        self.pipes().join("lifecycle")
    }

    /// The stage between the lifecycle FIFO and its spool.
    pub fn lifecycle_stage(&self) -> PathBuf {
        self.pipes().join("lifecycle.stage")
    }

    /// Commands → supervisor.
    pub fn requests(&self) -> PathBuf {
        self.pipes().join("requests")
    }

    /// What the plan's Python imports first: see `supervisor::bridge`.
    pub fn bridge(&self) -> PathBuf {
        self.dir.join("bridge")
    }

    /// The FIFOs of one run.
    pub fn run_pipes(&self, run: u64) -> PathBuf {
        self.pipes().join(run.to_string())
    }

    /// One FIFO of one run.
    pub fn run_pipe(&self, run: u64, stream: &Stream) -> PathBuf {
        self.run_pipes(run).join(&*stream.name())
    }

    /// The stage between a run's FIFO and its spool.
    pub fn run_stage(&self, run: u64, stream: &Stream) -> PathBuf {
        self.run_pipes(run).join(format!("{}.stage", stream.name()))
    }

    /// Who the plan's process is: written by the process itself before it becomes the plan.
    pub fn plan_pid(&self, run: u64) -> PathBuf {
        self.run_pipes(run).join("plan.pid")
    }

    /// The command whose end is the end of the run, if there is one.
    pub fn tie(&self, run: u64) -> PathBuf {
        self.run_pipes(run).join("tie")
    }

    /// The FIFO that holds the secret values of a run, for as long as anybody holds it: memory, never
    /// the disk.
    pub fn secrets(&self, run: u64) -> PathBuf {
        self.run_pipes(run).join("secrets")
    }

    /// The files that are followed for a run that somebody else started.
    pub fn followed(&self, run: u64) -> PathBuf {
        self.run_pipes(run).join("followed")
    }

    /// Makes the folder for the pipes of a run. One that is there already is an error: no run may
    /// get the pipes of another.
    pub fn create_run_pipes(&self, run: u64) -> io::Result<()> {
        DirBuilder::new().mode(0o700).create(self.run_pipes(run))
    }

    /// Bytes taken from a pipe and not yet in the log.
    pub fn spool(&self) -> PathBuf {
        self.dir.join("spool")
    }

    /// The segments.
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    /// Link to the open segment, for people.
    pub fn current(&self) -> PathBuf {
        self.dir.join("current")
    }

    /// The segment whose first record has this seq.
    pub fn segment(&self, first: u64) -> PathBuf {
        self.log().join(format!("{first:018}.jsonl"))
    }

    /// The segment that will follow the open one, before it has its name.
    pub fn next_segment(&self) -> PathBuf {
        self.log().join(".next")
    }

    /// Opens the file for diagnostics, to append.
    pub fn open_diagnostics(&self) -> io::Result<File> {
        let mut options = fs::OpenOptions::new();
        options.create(true).append(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        options.open(self.diagnostics())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_is_made_once_and_only_in_an_empty_folder() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/b");
        assert!(Home::existing(&path).unwrap().is_none());
        Home::open(&path).unwrap();
        Home::open(&path).unwrap();
        assert!(Home::existing(&path).unwrap().is_some());

        let taken = temp.path().join("taken");
        fs::create_dir(&taken).unwrap();
        fs::write(taken.join("letters.txt"), "mine").unwrap();
        assert!(matches!(Home::open(&taken), Err(HomeError::NotOurs { .. })));
    }

    #[test]
    fn a_home_of_a_newer_release_is_refused() {
        let temp = tempfile::tempdir().unwrap();
        fs::write(temp.path().join("format"), "planwatch-state 2\n").unwrap();
        assert!(matches!(Home::open(temp.path()), Err(HomeError::Newer { .. })));
    }

    #[test]
    fn plans_are_listed_by_name_and_strange_folders_are_not_plans() {
        let temp = tempfile::tempdir().unwrap();
        let home = Home::open(temp.path()).unwrap();
        for name in ["b", "a"] {
            home.plan(&name.parse().unwrap()).create().unwrap();
        }
        fs::create_dir(home.plans_dir().join(".hidden")).unwrap();
        fs::write(home.plans_dir().join("file"), "").unwrap();
        let names: Vec<String> = home.plans().unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(names, ["a", "b"]);
    }
}
