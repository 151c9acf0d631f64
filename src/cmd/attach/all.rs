//! `attach --dir PARENT --all`: every run folder in a folder, and new ones as they appear.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::Instant;

use super::super::World;
use super::super::follow::{Follower, block_on};
use super::super::logs::LogForm;
use super::super::out::Out;
use super::super::print::{Own, Printer};
use super::super::say::{complain, say};
use super::foreign::{How, Taken, cannot_attach, recorded, spec_of_folder, take};
use crate::exit::Exit;
use crate::feed::sieve::Wanted;
use crate::feed::{Depth, Follow, Until, known};
use crate::foreign::{RunFolder, Standing, search};
use crate::render::line::Style;
use crate::store::layout::{Home, PlanDir};
use crate::wake::Watcher;

/// Columns for the names of plans.
const NAMES: usize = 16;

/// Between two looks at all folders.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

/// The run folders in a folder.
pub(super) fn run_folders(parent: &Path) -> io::Result<impl Iterator<Item = RunFolder>> {
    Ok(folders(parent)?.into_iter().filter(RunFolder::is_run))
}

/// The folders in a folder, by name.
fn folders(parent: &Path) -> io::Result<Vec<RunFolder>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(parent)?.flatten().map(|e| e.path()).collect();
    paths.sort();
    Ok(paths.iter().filter_map(|path| RunFolder::open(path).ok()).collect())
}

/// Attaches to all of them.
pub(super) fn run(parent: &Path, detach: bool, world: &World) -> anyhow::Result<i32> {
    let hint = "--dir PARENT --all takes the folder that holds the run folders";
    let folder = RunFolder::open(parent).map_err(|error| cannot_attach(parent, &error, hint))?;
    std::fs::read_dir(folder.dir()).map_err(|error| cannot_attach(parent, &error, hint))?;
    let home = world.open_home()?;
    let mut hunt = Hunt {
        home,
        parent: folder.dir().to_owned(),
        done: BTreeMap::new(),
        watched: BTreeSet::new(),
    };
    if detach {
        let mut out = Out::stdout();
        for taken in hunt.take_new(None, world)? {
            out.line(taken.plan.name().as_str())?;
        }
        out.finish()?;
        if hunt.done.is_empty() {
            say(format_args!("no run folder in {} yet", hunt.parent.display()));
        }
        return Ok(0);
    }
    block_on(follow(hunt, world))
}

/// Looking for run folders.
struct Hunt {
    home: Home,
    parent: PathBuf,
    /// Folders that were taken up or refused, by identity.
    done: BTreeMap<(u64, u64), Known>,
    watched: BTreeSet<(u64, u64)>,
}

/// A run folder that was looked at.
#[derive(Default)]
struct Known {
    /// What records it; none where it was refused.
    plan: Option<PlanDir>,
    /// Bytes of its log when that was last asked.
    length: u64,
    /// Why it was refused, as the user was told.
    refused: String,
}

impl Hunt {
    /// Takes up the run folders that are new, and those in which somebody goes on. All are watched.
    fn take_new(&mut self, watcher: Option<&Watcher>, world: &World) -> anyhow::Result<Vec<Taken>> {
        let mut taken = Vec::new();
        let how = How { named: false, followed: watcher.is_some() };
        for folder in folders(&self.parent)? {
            if let Some(watcher) = watcher
                && self.watched.insert(folder.id())
            {
                // Watched before it is looked at again: what is made in between is heard.
                watcher.watch(folder.dir());
            }
            if !folder.is_run() || !self.is_news(&folder)? {
                continue;
            }
            let again = self.done.get(&folder.id()).is_some_and(|known| known.plan.is_some());
            let one = spec_of_folder(&folder, None, world).and_then(|spec| {
                let over = again && recorded(&self.home.plan(&spec.plan), &spec)?.is_some();
                if over { Ok(None) } else { take(&self.home, spec, how, world).map(Some) }
            });
            let known = self.done.entry(folder.id()).or_default();
            match one {
                Ok(Some(one)) => {
                    known.plan = Some(one.plan.clone());
                    taken.push(one);
                }
                Ok(None) => {}
                // One that cannot be taken must not keep the others waiting.
                Err(error) => {
                    let why = crate::exit::message(&error);
                    if known.refused != why {
                        complain(&why);
                    }
                    known.refused = why;
                }
            }
        }
        Ok(taken)
    }

    /// Whether it is to be taken up: it is new, or its log has grown since it was refused or since its
    /// run was over.
    fn is_news(&mut self, folder: &RunFolder) -> anyhow::Result<bool> {
        let length = std::fs::metadata(folder.log()).map_or(0, |meta| meta.len());
        let Some(seen) = self.done.get_mut(&folder.id()) else {
            self.done.insert(folder.id(), Known { length, ..Known::default() });
            return Ok(true);
        };
        if seen.length == length {
            return Ok(false);
        }
        if let Some(plan) = &seen.plan
            && known(plan, Depth::State)?.is_live()
        {
            return Ok(false);
        }
        seen.length = length;
        Ok(true)
    }
}

struct Changes(Watcher);

impl AsRawFd for Changes {
    fn as_raw_fd(&self) -> RawFd {
        self.0.fd().as_raw_fd()
    }
}

#[allow(deprecated, reason = "what replaces it is unsafe; the watcher owns its descriptor")]
fn listen(watcher: Watcher) -> io::Result<AsyncFd<Changes>> {
    AsyncFd::with_interest(Changes(watcher), Interest::READABLE)
}

/// Waits for a change, and at least until then: a folder whose run writes changes all the time.
async fn news(changes: &AsyncFd<Changes>, until: Instant) -> io::Result<()> {
    let mut ready = changes.readable().await?;
    tokio::time::sleep_until(until).await;
    ready.clear_ready();
    Ok(())
}

/// Follows those that live, and says how the others ended, until somebody has seen enough.
async fn follow(mut hunt: Hunt, world: &World) -> anyhow::Result<i32> {
    let watcher = Watcher::new()?;
    watcher.watch(&hunt.parent);
    let changes = listen(watcher)?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let mut living = Follower::new(Follow::live()?, printer(world));
    let mut ended = Ended { follow: Follow::live()?, runs: Vec::new(), told: 0 };
    say(format_args!("every run folder in {} · ^C detaches", hunt.parent.display()));
    let mut looked = false;
    loop {
        let next = Instant::now() + BETWEEN_LOOKS;
        changes.get_ref().0.clear();
        for taken in hunt.take_new(Some(&changes.get_ref().0), world)? {
            add(&mut living, &mut ended, taken)?;
        }
        if !std::mem::replace(&mut looked, true) && hunt.done.is_empty() {
            say("there is none yet: waiting for the first");
        }
        tokio::select! {
            printed = living.print_to_end(), if !living.is_over() => printed?,
            told = ended.tell() => told?,
            ready = news(&changes, next) => ready?,
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            _ = hang_up.recv() => break,
        }
    }
    living.printer().say("detached: what runs goes on and is recorded · planwatch ps")?;
    Ok(Exit::Interrupted.code())
}

fn printer(world: &World) -> Printer {
    let style = Style {
        colour: world.stdout.color,
        timestamps: false,
        zone: world.zone.clone(),
        prefix: Some(NAMES),
    };
    Printer::new(LogForm::Short, style, world.stdout.terminal, Wanted::default(), Own::Apart)
}

fn add(living: &mut Follower, ended: &mut Ended, taken: Taken) -> anyhow::Result<()> {
    if taken.over.is_some() {
        return Ok(());
    }
    let Taken { plan, run, after, .. } = taken;
    let begin = |reader: &mut crate::store::reader::Reader| reader.seek_after(after);
    if is_past(&plan)? {
        ended.runs.push(run);
        return ended.follow.add(&plan, Until::Run(run), |reader| {
            begin(reader);
            Ok(())
        });
    }
    living.add(&plan, Until::Run(run), |reader, _| {
        begin(reader);
        Ok(())
    })
}

/// Whether the run of a plan was over when it was taken up: nobody wants to see all that again.
fn is_past(plan: &crate::store::layout::PlanDir) -> anyhow::Result<bool> {
    let spec: Option<crate::model::Spec> =
        crate::store::snapshot::load_json(&plan.spec_file()).ok().flatten();
    let dir = spec.and_then(|spec| spec.foreign?.dir);
    let Some(folder) = dir.and_then(|dir| RunFolder::open(&dir).ok()) else { return Ok(false) };
    let over = folder.standing(SystemTime::now()) == Standing::Ended;
    Ok(over && search(&folder)?.root.is_none())
}

/// Runs that are only recorded: their verdicts are told, one by one.
struct Ended {
    follow: Follow,
    runs: Vec<u64>,
    told: usize,
}

impl Ended {
    /// Waits for the next verdict and says it. Dropping the future loses nothing.
    async fn tell(&mut self) -> anyhow::Result<()> {
        loop {
            while self.follow.read()?.is_some() {}
            while let Some(&run) = self.runs.get(self.told) {
                let fold = self.follow.fold(self.told);
                let Some(judged) =
                    fold.run(run).and_then(|known| known.exit).and(fold.verdict(run))
                else {
                    break;
                };
                say(format_args!("{} run {run} {}", fold.plan, judged.msg));
                self.told += 1;
            }
            if self.told == self.runs.len() {
                std::future::pending::<()>().await;
            }
            self.follow.wait().await?;
        }
    }
}
