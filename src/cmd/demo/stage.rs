//! Where the demo plays: its folder, its files, and this program's own name.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::World;
use super::plans::{DemoPlan, FILES};
use crate::exit::{Exit, Failure};
use crate::os::tool;

/// Results of former demos are removed when they are older than any demo can last.
const OLD: Duration = Duration::from_secs(3600);

/// The demo's folder and what the user calls this program.
pub(super) struct Stage {
    folder: PathBuf,
    results: PathBuf,
    program: String,
    shown: String,
}

impl Stage {
    /// Makes the folder in the user's cache folder.
    pub(super) fn set(world: &World) -> Result<Stage, Failure> {
        let Some(cache) = &world.cache else {
            return Err(Failure::new(Exit::Failed, "no place for the demo's files")
                .because("neither XDG_CACHE_HOME nor HOME is set to an absolute path")
                .hint("export XDG_CACHE_HOME=/tmp/cache"));
        };
        let folder = cache.join("planwatch/demo");
        let run = format!("{}-{}", world.now.0 / 1_000_000, std::process::id());
        let results = folder.join("results").join(run);
        fs::create_dir_all(&results).map_err(|error| cannot("make", &results, &error))?;
        let shown = match world.var("HOME").map(Path::new) {
            Some(home) if home.parent().is_some() => match folder.strip_prefix(home) {
                Ok(below) => format!("~/{}", below.display()),
                Err(_) => folder.display().to_string(),
            },
            _ => folder.display().to_string(),
        };
        Ok(Stage { program: program(world), folder, results, shown })
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder as a user writes it.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// What to type to call this program.
    pub(super) fn program(&self) -> &str {
        &self.program
    }

    /// The command that removes everything the demo leaves.
    pub(super) fn removal(&self) -> String {
        format!("rm -r {} && {} rm 'demo-*'", self.shown, self.program)
    }

    /// Writes the Python files, and removes the results of demos long past.
    pub(super) fn write_files(&self) -> Result<(), Failure> {
        for (name, text) in FILES {
            let path = self.folder.join(name);
            // A plan of another demo may be reading it: never seen half-written.
            let saved = tempfile::NamedTempFile::new_in(&self.folder).and_then(|mut file| {
                io::Write::write_all(&mut file, text.as_bytes())?;
                file.persist(&path)?;
                Ok(())
            });
            saved.map_err(|error| cannot("write", &path, &error))?;
        }
        let Ok(entries) = fs::read_dir(self.folder.join("results")) else { return Ok(()) };
        for entry in entries.flatten() {
            let age = entry.metadata().and_then(|meta| meta.modified()).ok();
            if age.and_then(|age| age.elapsed().ok()).is_some_and(|age| age > OLD) {
                // Next time, then.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
        Ok(())
    }

    /// Calls `run -d` for one plan: exit code and what it said on stderr. Every run begins with
    /// none of its tasks done, since its results go to a new folder.
    pub(super) fn run_detached(
        &self,
        plan: &DemoPlan,
        python: &Path,
    ) -> Result<(Option<i32>, Vec<u8>), Failure> {
        let results = self.results.join(plan.name);
        let args: [&OsStr; 11] = [
            "run".as_ref(),
            "--detach".as_ref(),
            // One that still runs from a former demo is as good.
            "--if-running".as_ref(),
            "attach".as_ref(),
            "--name".as_ref(),
            plan.name.as_ref(),
            "--chdir".as_ref(),
            self.folder.as_ref(),
            "--".as_ref(),
            python.as_ref(),
            plan.script.as_ref(),
        ];
        tool::itself(&args, &[("DEMO_RESULTS", results.as_os_str())]).map_err(|error| {
            Failure::new(Exit::Failed, format!("cannot start {}", plan.name)).because(error)
        })
    }
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Failed, format!("cannot {verb} {}", path.display()))
        .because(error)
        .hint("export XDG_CACHE_HOME=… chooses another place")
}

/// `planwatch` where a shell would find this very program, else the path to it.
fn program(world: &World) -> String {
    let Some(itself) = tool::path_of_itself() else { return "planwatch".to_owned() };
    let found = world.var("PATH").and_then(|path| tool::find("planwatch", path));
    if found.and_then(|path| path.canonicalize().ok()).is_some_and(|path| path == itself) {
        return "planwatch".to_owned();
    }
    match world.cwd.as_ref().and_then(|cwd| itself.strip_prefix(cwd).ok()) {
        Some(below) => below.display().to_string(),
        None => itself.display().to_string(),
    }
}
