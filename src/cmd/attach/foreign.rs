//! `attach --dir` and `attach --pid`: a run that somebody else started is recorded in the
//! background from its beginning, and followed here.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::super::World;
use super::super::alive::settled;
use super::super::follow::{Ending, Follower, block_on};
use super::super::out::Out;
use super::super::print::Printer;
use super::super::say::say;
use super::super::start::{AlreadyRunning, Meant, start};
use super::earlier::followed;
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::fold::Fold;
use crate::foreign::{self as abroad, MARKER, RunFolder};
use crate::model::{Followed, Foreign, ForeignProcess, PlanName, Spec, VerdictRule};
use crate::os::given::{self, Given};
use crate::store::layout::{Home, PlanDir};
use crate::store::snapshot::load_json;

/// What is to be taken up.
#[derive(Clone, Debug)]
pub struct Options {
    /// The run.
    pub what: What,
    /// The plan's name, if the user chose one.
    pub name: Option<PlanName>,
    /// Return as soon as it is recorded.
    pub detach: bool,
}

/// How a run that somebody else started is pointed at.
#[derive(Clone, Debug)]
pub enum What {
    /// The run folder of PlanExe.
    Folder(PathBuf),
    /// A process, and its files if the user named them.
    Process {
        /// Its number.
        pid: i32,
        /// Its files.
        files: Vec<PathBuf>,
    },
}

/// A run that is being recorded, or has been.
pub(super) struct Taken {
    pub(super) plan: PlanDir,
    pub(super) run: u64,
    /// Seq before its first record.
    pub(super) after: u64,
    /// Its verdict is known: there is nothing to follow.
    pub(super) over: Option<Ending>,
}

/// Takes it up and follows it to its verdict.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let home = world.open_home()?;
    let spec = match &options.what {
        What::Folder(path) => spec_of_folder(&folder(path)?, options.name.clone(), world)?,
        What::Process { pid, files } => spec_of_process(*pid, files, options.name.clone(), world)?,
    };
    let how = How { named: options.name.is_some(), followed: !options.detach };
    let taken = take(&home, spec, how, world)?;
    if options.detach {
        let mut out = Out::stdout();
        out.line(taken.plan.name().as_str())?;
        out.finish()?;
        return Ok(0);
    }
    if let Some(ending) = taken.over {
        return Ok(ending.exit);
    }
    let Taken { plan, run, after, .. } = taken;
    block_on(async {
        let printer = Printer::of_plan(world, vec![(plan.name().to_string(), run)]);
        let mut follower = Follower::of_run(&plan, run, after, printer)?;
        super::follow(&mut follower, plan.name(), run).await
    })
}

/// How it is taken up.
#[derive(Clone, Copy, Debug)]
pub(super) struct How {
    /// The user chose the name.
    pub(super) named: bool,
    /// It is followed here afterwards.
    pub(super) followed: bool,
}

/// Has it recorded, unless it is already or has been.
pub(super) fn take(home: &Home, mut spec: Spec, how: How, world: &World) -> anyhow::Result<Taken> {
    if let Some((plan, run)) = attached(home, &spec)? {
        if how.named && *plan.name() != spec.plan {
            let name = plan.name();
            return Err(Failure::new(Exit::Refused, "this run is recorded already")
                .because(format!("as {name} run {run}"))
                .hint(format!("planwatch attach {name}"))
                .into());
        }
        // Everything of planwatch may have been killed: then it goes on here.
        let fold = settled(&plan)?;
        return Ok(joined(plan, run, &fold, how));
    }
    let plan = home.plan(&spec.plan);
    if let Some(over) = recorded(&plan, &spec)? {
        let Ending { run, verdict, .. } = &over;
        let name = plan.name();
        say(format_args!(
            "{name} run {run} was recorded to its end: {} · planwatch logs {name}",
            verdict.name()
        ));
        return Ok(Taken { plan, run: over.run, after: 0, over: Some(over) });
    }
    if !how.named {
        refuse_own_plan(&plan)?;
    }
    spec.umask = world.umask;
    match start(&plan, &spec, &environment(world), Meant::default(), world) {
        Ok((run, pid, seq)) => {
            say_attached(&plan, &spec, run, pid, how);
            Ok(Taken { plan, run, after: seq.saturating_sub(1), over: None })
        }
        Err(error) => {
            let running = error.downcast::<AlreadyRunning>()?;
            if attached(home, &spec)?.is_some() {
                let fold = known(&plan, Depth::State)?;
                return Ok(joined(plan, running.run, &fold, how));
            }
            let name = &spec.plan;
            Err(Failure::new(Exit::Refused, format!("the name {name} is taken"))
                .because(running)
                .hint("choose another one with -n NAME")
                .into())
        }
    }
}

/// A plan that planwatch started keeps its name, and with it the command it is restarted by, unless
/// the user says otherwise.
fn refuse_own_plan(plan: &PlanDir) -> anyhow::Result<()> {
    let before: Option<Spec> = load_json(&plan.spec_file()).ok().flatten();
    if before.is_none_or(|before| before.foreign.is_some()) {
        return Ok(());
    }
    let name = plan.name();
    Err(Failure::new(Exit::Refused, format!("the name {name} is taken"))
        .because("it is a plan that planwatch started itself, and has recorded already")
        .hint(format!(
            "planwatch logs {name} shows it; another run of the same name: -n OTHER-NAME"
        ))
        .into())
}

fn joined(plan: PlanDir, run: u64, fold: &Fold, how: How) -> Taken {
    let and_so = if how.followed { ": following it" } else { "" };
    say(format_args!("{} run {run} is recorded already{and_so}", plan.name()));
    let after = fold.run(run).map_or(0, |run| run.first_seq.saturating_sub(1));
    Taken { plan, run, after, over: None }
}

/// What our background processes are given: they are not part of the run, whatever this shell is.
fn environment(world: &World) -> BTreeMap<OsString, OsString> {
    world.env.iter().filter(|(name, _)| name != "RUN_ID_DIR").cloned().collect()
}

/// The plan and the living run that records the same, if there is one.
fn attached(home: &Home, spec: &Spec) -> anyhow::Result<Option<(PlanDir, u64)>> {
    for name in home.plans()? {
        let plan = home.plan(&name);
        let other: Option<Spec> = load_json(&plan.spec_file()).ok().flatten();
        if !other.is_some_and(|other| is_same(&other, spec)) {
            continue;
        }
        let fold = known(&plan, Depth::State)?;
        if let Some(run) = fold.last().filter(|run| run.state.is_live() && run.foreign) {
            return Ok(Some((plan, run.run)));
        }
    }
    Ok(None)
}

/// Whether two plans are about the same run of somebody else.
fn is_same(one: &Spec, other: &Spec) -> bool {
    let (Some(one), Some(other)) = (&one.foreign, &other.foreign) else { return false };
    match (&one.dir, &other.dir) {
        (Some(one), Some(other)) => one == other,
        (None, None) => one.process == other.process,
        _ => false,
    }
}

/// How the run ended, if it was recorded to its end and nothing has been written since.
pub(super) fn recorded(plan: &PlanDir, spec: &Spec) -> anyhow::Result<Option<Ending>> {
    let before: Option<Spec> = load_json(&plan.spec_file()).ok().flatten();
    let Some(dir) = spec.foreign.as_ref().and_then(|foreign| foreign.dir.as_deref()) else {
        return Ok(None);
    };
    if !before.is_some_and(|before| is_same(&before, spec)) {
        return Ok(None);
    }
    let folder = RunFolder::open(dir)?;
    let length = std::fs::metadata(folder.log()).map_or(0, |meta| meta.len());
    let fold = known(plan, Depth::Whole)?;
    let Some(last) = fold.last().filter(|run| run.foreign && length > 0 && run.bytes == length)
    else {
        return Ok(None);
    };
    if abroad::search(&folder)?.root.is_some() {
        return Ok(None);
    }
    Ok(Ending::of(&fold, last.run))
}

fn say_attached(plan: &PlanDir, spec: &Spec, run: u64, pid: i32, how: How) {
    let name = plan.name();
    let who = if pid > 0 { format!("pid {pid}") } else { "no process is seen".to_owned() };
    let dir = spec.foreign.as_ref().and_then(|foreign| foreign.dir.as_deref());
    let outputs = dir.and_then(|dir| RunFolder::open(dir).ok()?.outputs());
    let outputs = outputs
        .map_or(String::new(), |(there, all)| format!(" · {there} of {all} outputs are there"));
    let keys = if how.followed { " · ^C detaches, the run goes on" } else { "" };
    say(format_args!(
        "{name} run {run} attached ({who}){outputs} · log: {}{keys}",
        plan.log().display()
    ));
}

/// The folder a user named.
pub(super) fn folder(path: &Path) -> anyhow::Result<RunFolder> {
    let shown = path.display();
    let folder = RunFolder::open(path).map_err(|error| {
        cannot_attach(path, &error, match error.kind() {
            io::ErrorKind::NotFound => {
                "is the path right? To wait for folders to come: planwatch attach --dir PARENT --all"
            }
            _ => "--dir takes the folder that holds the run's log.txt",
        })
    })?;
    if folder.is_run() || folder.is_empty() || abroad::search(&folder)?.root.is_some() {
        return Ok(folder);
    }
    let hint = "--dir takes the folder that holds the run's log.txt";
    let mut inside =
        super::all::run_folders(folder.dir()).map_err(|error| cannot_attach(path, &error, hint))?;
    let holds_runs = inside.next().is_some();
    let failure = Failure::new(Exit::Failed, format!("{shown} is no run folder of PlanExe"));
    Err(if holds_runs {
        failure
            .because("it holds run folders")
            .hint(format!("planwatch attach --dir {shown} --all"))
    } else {
        failure
            .because("it has neither log.txt nor 001-1-start_time.json, and is not empty")
            .hint("for another program: planwatch attach --pid PID --file LOG")
    }
    .into())
}

/// A folder that cannot be looked at. What we may not see is refused, whoever asked for it.
pub(super) fn cannot_attach(path: &Path, error: &io::Error, hint: &str) -> Failure {
    let (exit, hint) = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            (Exit::Refused, "run planwatch as the user who owns the run")
        }
        _ => (Exit::Failed, hint),
    };
    Failure::new(exit, format!("cannot attach to {}", path.display())).because(error).hint(hint)
}

/// What is to be recorded of a run folder.
pub(super) fn spec_of_folder(
    folder: &RunFolder,
    name: Option<PlanName>,
    world: &World,
) -> anyhow::Result<Spec> {
    check_readable(&folder.log())?;
    let root = abroad::search(folder)?.root;
    let pid = root.map(|process| process.pid);
    if let Some(pid) = pid {
        refuse_our_own(pid)?;
    }
    let argv = pid.map(given::command_line).unwrap_or_default();
    let cwd = pid.and_then(given::folder).unwrap_or_else(|| folder.dir().to_owned());
    let dir = folder.dir().to_string_lossy();
    let name = match name.or_else(|| PlanName::of_command(Some(&dir), &[])) {
        Some(name) => name,
        None => return Err(nameless().into()),
    };
    let mut spec = Spec::new(name, argv, cwd);
    spec.umask = world.umask;
    spec.verdict.push(VerdictRule::File(MARKER.to_owned()));
    let files = Followed::named(vec![folder.log()]);
    spec.foreign = Some(Foreign { dir: Some(folder.dir().to_owned()), process: None, files });
    Ok(spec)
}

fn spec_of_process(
    pid: i32,
    files: &[PathBuf],
    name: Option<PlanName>,
    world: &World,
) -> anyhow::Result<Spec> {
    let Some((process, _held)) = abroad::exact(pid)? else {
        return Err(Failure::new(Exit::NotRunning, format!("there is no process {pid}"))
            .hint("for a PlanExe run that has ended: planwatch attach --dir RUN_DIR")
            .into());
    };
    refuse_our_own(pid)?;
    let mut paths = Vec::new();
    for file in if files.is_empty() { outputs_of(pid)? } else { files.to_vec() } {
        check_readable(&file)?;
        let path = std::path::absolute(&file)?;
        paths.push(path.canonicalize().unwrap_or(path));
    }
    let argv = given::command_line(pid);
    let run_id_dir = match given::variable(pid, "RUN_ID_DIR") {
        Given::Is(dir) => Some(dir.to_string_lossy().into_owned()),
        Given::Not | Given::Hidden => None,
    };
    let Some(name) = name.or_else(|| PlanName::of_command(run_id_dir.as_deref(), &argv)) else {
        return Err(nameless().into());
    };
    let mut spec = Spec::new(name, argv, given::folder(pid).unwrap_or_else(|| "/".into()));
    spec.umask = world.umask;
    let files = followed(paths, process);
    let process = Some(ForeignProcess { pid: process.pid, start: process.start });
    spec.foreign = Some(Foreign { dir: None, process, files });
    Ok(spec)
}

fn nameless() -> Failure {
    Failure::new(Exit::Failed, "this plan needs a name").hint("choose one with -n NAME")
}

/// The files that stdout and stderr of a process are.
fn outputs_of(pid: i32) -> Result<Vec<PathBuf>, Failure> {
    let files = abroad::output_files(pid).map_err(|error| {
        let owner = given::owner(pid).map_or_else(|| "somebody".to_owned(), given::user_name);
        Failure::new(Exit::Refused, format!("what process {pid} has open cannot be seen"))
            .because(format!("it belongs to {owner} ({error})"))
            .hint(format!("name its log: --file LOG, or run planwatch as {owner}"))
    })?;
    if files.is_empty() {
        return Err(Failure::new(Exit::Failed, format!("process {pid} writes to no file"))
            .because("its stdout and stderr are a terminal, a pipe or /dev/null")
            .hint("name its log: --file LOG"));
    }
    Ok(files)
}

/// A file that is there can be read, and is a file.
fn check_readable(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    let meta = match std::fs::metadata(path) {
        Ok(meta) => meta,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(path, &error)),
    };
    if !meta.is_file() {
        return Err(Failure::new(Exit::Failed, format!("{shown} cannot be recorded"))
            .because("it is no regular file: what is read from it would be missing elsewhere")
            .hint("planwatch record NAME records what comes out of a pipe"));
    }
    File::open(path).map(drop).map_err(|error| unreadable(path, &error))
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    use std::os::unix::fs::MetadataExt as _;
    let owner = std::fs::metadata(path).map(|meta| given::user_name(meta.uid()));
    let whose = owner.as_ref().map_or(String::new(), |owner| format!(": it belongs to {owner}"));
    let who = owner.unwrap_or_else(|_| "the user who owns it".to_owned());
    Failure::new(Exit::Refused, format!("cannot read {}", path.display()))
        .because(format!("{error}{whose}"))
        .hint(format!("run planwatch as {who}"))
}

/// A process that a planwatch started is recorded by that one, and better.
fn refuse_our_own(pid: i32) -> Result<(), Failure> {
    let is_ours = given::is_ourselves(pid);
    if let Given::Is(plan) = given::variable(pid, "PLANWATCH_PLAN") {
        let plan = plan.to_string_lossy();
        return Err(Failure::new(Exit::Refused, format!("process {pid} is planwatch's own"))
            .because(format!("it was started as part of the plan {plan}"))
            .hint(format!("planwatch attach {plan}")));
    }
    if is_ours {
        return Err(Failure::new(Exit::Refused, format!("process {pid} is planwatch itself")));
    }
    Ok(())
}
