//! A run that somebody else started: its process is found, not made; nothing of it is ours to reap;
//! and it lives for as long as one of its processes does.

use std::io;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::DirBuilderExt as _;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime};

use super::drive::Supervisor;
use super::launch::Answer;
use super::lifecycle::said;
use super::machine::{Ended, Input};
use super::run::{Pipes, Plan, markers};
use super::words;
use crate::fold::RunFold;
use crate::foreign::{self, Kin, RunFolder, Standing};
use crate::model::{Event, Foreign, Level, State, Stream};
use crate::os::pidfd::{Pidfd, Process};
use crate::os::{given, proc};
use crate::store::layout::PlanDir;
use crate::store::snapshot;
use crate::wake::Watcher;

/// Between two looks for a process while the folder changes all the time.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// How long a log, or its folder, may be away before it is gone for good: where logs are rotated
/// there is none for a moment.
const UNTIL_GONE: Duration = Duration::from_secs(3);

/// How long a process that has ended, and whose exit only its parent can tell, may wait for that.
const UNTIL_REAPED: Duration = Duration::from_secs(1);

/// What a supervisor knows of a run that somebody else started.
#[derive(Default)]
pub(super) struct Abroad {
    pub(super) kin: Rc<Kin>,
    folder: Option<RunFolder>,
    /// Watches the folder while no process of the run is seen.
    watcher: Option<Watcher>,
    /// When to look again although nothing has changed.
    look_at: Option<Instant>,
    looked_at: Option<Instant>,
    told: bool,
    /// The run has written its log.
    begun: bool,
    /// Since when there is none.
    gone: Option<Instant>,
    /// How the run's process ended, while others of the run live on, and those.
    ended: Option<Ended>,
    rest: Vec<Pidfd>,
}

impl Abroad {
    /// What to poll beside the process: its folder, or those who outlived it.
    pub(super) fn fds(&self) -> Vec<BorrowedFd<'_>> {
        use std::os::fd::AsFd as _;
        let rest = self.rest.iter().map(|member| member.as_fd());
        self.watcher.iter().map(Watcher::fd).chain(rest).collect()
    }

    /// Whether the end of the process is known, and others of the run are waited for.
    pub(super) fn waits_for_rest(&self) -> bool {
        self.ended.is_some()
    }

    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.look_at
    }
}

/// The streams of a run that somebody else started, and their folder made.
pub(super) fn prepare(
    plan: &PlanDir,
    run: u64,
    foreign: &Foreign,
) -> io::Result<(Pipes, Vec<Stream>)> {
    std::fs::DirBuilder::new().mode(0o700).create(plan.run_pipes(run))?;
    snapshot::save_json(&plan.followed(run), &foreign.files, false)?;
    let streams = foreign.files.iter().map(|file| Stream::File(file.name.clone())).collect();
    Ok((Pipes::open(plan, run)?, streams))
}

/// `run 1: python -m … in /srv/run/dublin, started by somebody else`
pub(super) fn announced(run: u64, foreign: &Foreign, argv: &[String]) -> String {
    let what = if argv.is_empty() { String::new() } else { format!(": {}", argv.join(" ")) };
    let place = foreign.dir.as_ref().map_or(String::new(), |dir| format!(" in {}", dir.display()));
    format!("run {run}{what}{place}, started by somebody else")
}

impl Supervisor {
    /// Finds the process of the run that was announced.
    pub(super) fn go_abroad(&mut self) -> io::Result<()> {
        self.open_abroad();
        self.look_abroad()?;
        let pid = self.process.as_ref().map_or(0, |process| process.process.pid);
        self.answer(&Answer::Ok { run: self.run, pid, seq: self.started_seq });
        crate::os::kernel::give_memory_back();
        Ok(())
    }

    fn open_abroad(&mut self) {
        let dir = self.spec.foreign.as_ref().and_then(|foreign| foreign.dir.as_deref());
        let folder = dir.and_then(|dir| RunFolder::open(dir).ok());
        let kin = Rc::new(Kin::new(folder.clone()));
        self.abroad = Some(Abroad { kin, folder, ..Abroad::default() });
    }

    /// Goes on with such a run whose supervisor has died.
    pub(super) fn adopt_abroad(
        &mut self,
        run: &RunFold,
        inherited: Option<Pidfd>,
    ) -> io::Result<()> {
        self.open_abroad();
        if run.boot != self.boot {
            return self.ended_abroad(Ended::default());
        }
        if let Some(abroad) = &mut self.abroad {
            abroad.begun = run.state != State::Starting;
        }
        let known = run.pid.zip(run.start).map(|(pid, start)| Process { pid, start });
        let Some(process) = known else { return self.look_abroad() };
        let held = match Pidfd::open_exact(process)? {
            Some(held) => Some(held),
            None => inherited,
        };
        match held {
            Some(held) => self.seen(process, held, false),
            // Its end was not seen; those it left behind may live.
            None => self.leader_ended(Ended::default())?,
        }
        Ok(())
    }

    fn seen(&mut self, process: Process, held: Pidfd, news: bool) {
        if let Some(abroad) = &mut self.abroad {
            if let Some(kin) = Rc::get_mut(&mut abroad.kin) {
                kin.lead(process);
            }
            (abroad.watcher, abroad.look_at) = (None, None);
        }
        let Process { pid, start } = process;
        let (since, before_ms) = (Some(Instant::now()), given::age_ms(start));
        let (is_child, report) = (false, None);
        let ooms = proc::killed_for_memory();
        self.process = Some(Plan { held, process, is_child, report, since, before_ms, ooms });
        if news {
            self.inbox.push_back(Input::Spawned { pid, start });
        }
    }

    /// Looks for the process, and where there is none, whether the run is over.
    pub(super) fn look_abroad(&mut self) -> io::Result<()> {
        let waits = self.abroad.as_ref().is_some_and(Abroad::waits_for_rest);
        if self.process.is_some() || self.exit_told || waits {
            return Ok(());
        }
        let now = Instant::now();
        let Some(abroad) = &mut self.abroad else { return Ok(()) };
        if let Some(watcher) = &abroad.watcher {
            watcher.clear();
        }
        let next = abroad.looked_at.map(|at| at + BETWEEN_LOOKS);
        if let Some(next) = next.filter(|&next| next > now) {
            abroad.look_at = Some(next);
            return Ok(());
        }
        abroad.looked_at = Some(now);
        let Some(folder) = abroad.folder.clone() else {
            return self.look_for_named();
        };
        if abroad.watcher.is_none() {
            let watcher = Watcher::new()?;
            watcher.watch(folder.dir());
            abroad.watcher = Some(watcher);
        }
        if let Some(process) = foreign::search(&folder)?.root
            && let Some(held) = Pidfd::open_exact(process)?
        {
            self.seen(process, held, true);
            return Ok(());
        }
        let standing = folder.standing(SystemTime::now());
        let Some(abroad) = &mut self.abroad else { return Ok(()) };
        match standing {
            Standing::NotBegun if !abroad.begun => abroad.look_at = None,
            // Nothing more can come of it, and there is nobody who could be told to stop.
            Standing::NotBegun | Standing::Gone => {
                let end = *abroad.gone.get_or_insert(now) + UNTIL_GONE;
                if end <= now {
                    return self.ended_abroad(Ended::default());
                }
                abroad.look_at = Some(end);
            }
            Standing::MayLive(left) => {
                (abroad.begun, abroad.gone) = (true, None);
                abroad.look_at = Some(now + left);
                if !std::mem::replace(&mut abroad.told, true) {
                    return self.say_unseen(&folder);
                }
            }
            Standing::Ended => return self.ended_abroad(Ended::default()),
        }
        Ok(())
    }

    fn look_for_named(&mut self) -> io::Result<()> {
        let named = self.spec.foreign.as_ref().and_then(|foreign| foreign.process);
        let process = named.map(|named| Process { pid: named.pid, start: named.start });
        let held = match process {
            Some(process) => Pidfd::open_exact(process)?,
            None => None,
        };
        match process.zip(held) {
            Some((process, held)) => self.seen(process, held, true),
            None => self.ended_abroad(Ended::default())?,
        }
        Ok(())
    }

    fn say_unseen(&mut self, folder: &RunFolder) -> io::Result<()> {
        let reason = if folder.writer_is_visible() {
            "it may run on another machine or in another namespace, or has just ended"
        } else {
            "it belongs to another user, or runs elsewhere"
        };
        let msg = format!(
            "{} was written a moment ago, but no process of the run is seen: {reason}",
            foreign::LOG
        );
        let event = Event::RunUnseen { reason: reason.to_owned() };
        self.lifecycle.say(said(self.run, Level::Warning, msg, event))
    }

    /// The run's process has ended. The run has if nobody of it is left.
    pub(super) fn leader_ended(&mut self, ended: Ended) -> io::Result<()> {
        let rest = self.rest_of_kin()?;
        if rest.is_empty() {
            return self.ended_abroad(ended);
        }
        let of: Vec<Stream> = match &self.spec.foreign {
            Some(foreign) => {
                foreign.files.iter().map(|file| Stream::File(file.name.clone())).collect()
            }
            None => Vec::new(),
        };
        let pids: Vec<i32> = rest.iter().map(Pidfd::pid).collect();
        let how = words::exited(&ended);
        let msg = format!("the main process {how}, but {}", words::held(&of, &pids));
        if let Some(abroad) = &mut self.abroad {
            (abroad.ended, abroad.rest) = (Some(ended), rest);
        }
        let event = Event::StreamHeld { of, pids };
        self.lifecycle.say(said(self.run, Level::Warning, msg, event))
    }

    /// Whoever is left of a run that has its own folder. Of a named process only that one counts.
    fn rest_of_kin(&self) -> io::Result<Vec<Pidfd>> {
        let Some(abroad) = &self.abroad else { return Ok(Vec::new()) };
        if abroad.folder.is_none() {
            return Ok(Vec::new());
        }
        let mut rest = abroad.kin.members(&self.ours())?;
        rest.retain(|member| !member.has_ended());
        Ok(rest)
    }

    /// Whether those who outlived the process have ended, too.
    pub(super) fn look_at_rest(&mut self) -> io::Result<()> {
        let Some(abroad) = &mut self.abroad else { return Ok(()) };
        if abroad.ended.is_none() {
            return Ok(());
        }
        abroad.rest.retain(|member| !member.has_ended());
        if !abroad.rest.is_empty() {
            return Ok(());
        }
        let rest = self.rest_of_kin()?;
        let Some(abroad) = &mut self.abroad else { return Ok(()) };
        abroad.rest = rest;
        match abroad.ended.take() {
            Some(ended) if abroad.rest.is_empty() => self.ended_abroad(ended),
            ended => {
                abroad.ended = ended;
                Ok(())
            }
        }
    }

    /// The run is over. What it left behind is looked at now: the last of it may have written it.
    fn ended_abroad(&mut self, mut ended: Ended) -> io::Result<()> {
        ended.markers = markers(&self.spec);
        if let Some(abroad) = &mut self.abroad {
            (abroad.watcher, abroad.look_at) = (None, None);
        }
        self.inbox.push_back(Input::Exited(ended));
        Ok(())
    }

    /// Nobody is there to whom a stop could be told: the waiting ends.
    pub(super) fn stop_waiting(&mut self) -> io::Result<()> {
        let told = self.exit_told || self.inbox.iter().any(|i| matches!(i, Input::Exited(_)));
        let waits = self.abroad.as_ref().is_some_and(|abroad| !abroad.waits_for_rest());
        if self.process.is_none() && waits && !told {
            return self.ended_abroad(Ended::default());
        }
        Ok(())
    }
}

impl Plan {
    /// Lets the parent of a process that we may not look into reap it: only then is its exit known.
    pub(super) fn let_it_be_reaped(&self) -> io::Result<()> {
        if !self.is_child && !given::may_signal(self.process.pid) {
            self.held.wait_for_reaping(UNTIL_REAPED)?;
        }
        Ok(())
    }
}
