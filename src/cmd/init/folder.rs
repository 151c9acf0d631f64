//! What a folder holds that could be run: PlanExe and its run folders, modules with Luigi tasks.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::module::{Module, Task, asked_for};
use crate::cmd::World;
use crate::foreign::{MARKER, RunFolder};
use crate::os::tool;

/// The module that runs PlanExe's pipeline, as a path in a folder of its code.
const PIPELINES: [&str; 2] =
    ["worker_plan_internal/plan/run_plan_pipeline.py", "planexe/plan/run_plan_pipeline.py"];

/// How deep modules are looked for, and how many files are looked at.
const DEEPEST: usize = 3;
const MOST_FILES: usize = 2_000;

/// Larger files are not looked into.
const LARGEST: u64 = 1 << 20;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    /// The folder.
    pub(super) dir: PathBuf,
    /// The Python to run with.
    pub(super) python: String,
    /// PlanExe's pipeline.
    pub(super) planexe: Option<PlanExe>,
    /// Folders of its runs.
    pub(super) runs: Vec<Run>,
    /// Tasks that may be asked for, each with its module.
    pub(super) tasks: Vec<(String, Task)>,
}

/// PlanExe's code.
#[derive(Clone, Debug)]
pub(super) struct PlanExe {
    /// The folder to run in.
    pub(super) cwd: PathBuf,
    /// The module.
    pub(super) module: String,
    /// Its own Python, if it has one.
    pub(super) python: Option<String>,
}

/// A folder of a run.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) path: PathBuf,
    pub(super) complete: bool,
}

impl Found {
    /// What was found, in words.
    pub(super) fn words(&self) -> String {
        let mut words = Vec::new();
        let open = self.runs.iter().filter(|run| !run.complete).count();
        if self.planexe.is_some() {
            words.push("PlanExe".to_owned());
        }
        if !self.runs.is_empty() {
            let many = if self.runs.len() == 1 { "run folder" } else { "run folders" };
            words.push(format!("{open} of {} {many} not complete", self.runs.len()));
        }
        if !self.tasks.is_empty() {
            words.push(format!("{} Luigi tasks", self.tasks.len()));
        }
        match words.is_empty() {
            true => "nothing was found to run, so it holds an example".to_owned(),
            false => format!("found {}", words.join(", ")),
        }
    }
}

/// Looks into a folder.
pub(super) fn look(dir: &Path, world: &World) -> std::io::Result<Found> {
    let above = [Some(dir), dir.parent(), dir.parent().and_then(Path::parent)];
    let planexe = above.into_iter().flatten().find_map(planexe);
    let mut runs = runs_in(dir)?;
    if runs.is_empty() {
        runs = runs_in(&dir.join("run")).unwrap_or_default();
    }
    let tasks = if planexe.is_some() { Vec::new() } else { tasks(dir) };
    let path = world.var("PATH").unwrap_or_default();
    let python = python_in(dir).unwrap_or_else(|| {
        let known = ["python", "python3"].into_iter().find(|name| tool::find(name, path).is_some());
        known.unwrap_or("python3").to_owned()
    });
    Ok(Found { dir: dir.to_owned(), python, planexe, runs, tasks })
}

fn planexe(dir: &Path) -> Option<PlanExe> {
    let places = [dir.to_owned(), dir.join("worker_plan")];
    places.iter().find_map(|place| {
        let pipeline = PIPELINES.iter().find(|pipeline| place.join(pipeline).is_file())?;
        let module = pipeline.trim_end_matches(".py").replace('/', ".");
        let python = python_in(place).or_else(|| python_in(dir));
        Some(PlanExe { cwd: place.clone(), module, python })
    })
}

/// The Python of a virtual environment in a folder.
fn python_in(dir: &Path) -> Option<String> {
    let python = [".venv", "venv"].map(|name| dir.join(name).join("bin/python"));
    python.iter().find(|python| python.exists()).map(|python| python.display().to_string())
}

/// The folder itself if it is one of a run, else those in it, in the order of their names.
fn runs_in(dir: &Path) -> std::io::Result<Vec<Run>> {
    let run = |path: &Path| {
        let folder = RunFolder::open(path).ok().filter(RunFolder::is_run)?;
        Some(Run { path: path.to_owned(), complete: folder.dir().join(MARKER).is_file() })
    };
    if let Some(run) = run(dir) {
        return Ok(vec![run]);
    }
    let mut runs: Vec<Run> =
        std::fs::read_dir(dir)?.flatten().filter_map(|entry| run(&entry.path())).collect();
    runs.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(runs)
}

/// The tasks of the modules below a folder that may be asked for.
fn tasks(dir: &Path) -> Vec<(String, Task)> {
    let mut files = Vec::new();
    python_files(dir, DEEPEST, &mut files);
    files.sort();
    let mut modules = Vec::new();
    for file in files {
        let small = file.metadata().is_ok_and(|meta| meta.len() <= LARGEST);
        let Some(text) = small.then(|| std::fs::read_to_string(&file).ok()).flatten() else {
            continue;
        };
        let name = file.strip_prefix(dir).unwrap_or(&file).with_extension("");
        let name = name.to_string_lossy().replace('/', ".");
        let name = name.strip_suffix(".__init__").map_or(name.clone(), str::to_owned);
        modules.push(Module::read(name, &text));
    }
    asked_for(&modules)
}

fn python_files(dir: &Path, depth: usize, to: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    for entry in entries.flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        // What is hidden or installed, and what only tests, is nobody's plan.
        let passed_over = name.starts_with(['.', '_']) && name != "__init__.py"
            || ["venv", "node_modules", "site-packages", "tests", "test"].contains(&&*name)
            || name.starts_with("test_");
        // A link may lead anywhere, and back.
        let Ok(kind) = entry.file_type() else { continue };
        if passed_over || to.len() >= MOST_FILES {
            continue;
        }
        if kind.is_dir() && depth > 0 {
            python_files(&path, depth - 1, to);
        } else if kind.is_file() && path.extension() == Some(OsStr::new("py")) {
            to.push(path);
        }
    }
}
