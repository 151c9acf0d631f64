//! The supervisor's loop: sleep until something happens, let the machine decide, perform it.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use super::abroad::Abroad;
use super::after::Turn;
use super::companion::Companion;
use super::history::{Awaited, Vigil};
use super::hooks::Hook;
use super::launch::Tied;
use super::lifecycle::Lifecycle;
use super::machine::{Input, Machine, Timer};
use super::ready::Starter;
use super::run::{Pipes, Plan};
use super::stall::Quiet;
use crate::model::{PlanName, Spec};
use crate::os::kernel;
use crate::os::pidfd::Pidfd;
use crate::os::poll::{self, PollFd, PollFlags};
use crate::os::{fifo, host};
use crate::store::layout::PlanDir;

/// While something is awaited, look at least this often whether it is there, or the recorder was
/// stopped.
const GLANCE: Duration = Duration::from_secs(1);

/// How soon to ask again for an exit code that the kernel is about to tell.
pub(super) const SOON: Duration = Duration::from_millis(5);

/// The variables of the plan alone, for who was not told them; or the names of those that nobody
/// here can give it.
pub type Provide = Box<dyn Fn(&Spec) -> Result<BTreeMap<String, String>, Vec<String>>>;

/// A supervisor at work.
pub(super) struct Supervisor {
    pub(super) plan: PlanDir,
    pub(super) spec: Spec,
    pub(super) boot: String,
    pub(super) run: u64,
    pub(super) token: Option<String>,
    pub(super) machine: Machine,
    pub(super) lifecycle: Lifecycle,
    pub(super) companion: Companion,
    pub(super) pipes: Option<Pipes>,
    pub(super) process: Option<Plan>,
    /// Of a run that somebody else started.
    pub(super) abroad: Option<Abroad>,
    pub(super) vigil: Option<Vigil>,
    pub(super) starter: Option<Starter>,
    pub(super) inbox: VecDeque<Input>,
    /// What the vigil has seen last.
    pub(super) found: Option<(Awaited, u64)>,
    /// Seq of the run's first record.
    pub(super) started_seq: u64,
    /// The verdict stands in the log.
    pub(super) judged: bool,
    /// The end of the process was told to the machine.
    pub(super) exit_told: bool,
    pub(super) to_reap: bool,
    pub(super) watching: bool,
    /// Who of the tree is left, and whether whoever else is found is to be killed.
    pub(super) tree: Vec<Pidfd>,
    pub(super) kills: bool,
    pub(super) timers: Vec<(Timer, u64, Instant)>,
    /// The command whose end is the end of the run.
    pub(super) tie: Option<Pidfd>,
    /// Who the next run is to be tied to.
    pub(super) tied_to: Option<Tied>,
    pub(super) over: bool,
    /// Restarts in a row that have led to this run.
    pub(super) restarts: u32,
    /// What was heard of the run.
    pub(super) quiet: Quiet,
    /// Commands that are being told something.
    pub(super) hooks: Vec<Hook>,
    /// Who starts what is due in the queue when this plan has ended.
    pub(super) turn: Option<Turn>,
    pub(super) requests: OwnedFd,
    pub(super) pending: Vec<u8>,
    pub(super) signals: OwnedFd,
    pub(super) own_requests: u64,
    /// Known by who was not started with the plan's environment.
    pub(super) provide: Option<Provide>,
    /// Variables of the plan alone.
    pub(super) env: BTreeMap<String, String>,
}

/// What can wake a supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    Signals,
    Requests,
    Lifecycle,
    Recorder,
    Process,
    Report,
    Abroad,
    Log,
    Tie,
    Tree,
    Hook,
    Stream,
}

impl Supervisor {
    /// Opens what every supervisor needs. `spec` is what to run, or was.
    pub(super) fn open(plan: &PlanDir, spec: Option<Spec>) -> io::Result<Supervisor> {
        plan.create()?;
        kernel::ignore_signals(&[
            libc::SIGHUP,
            libc::SIGINT,
            libc::SIGQUIT,
            libc::SIGPIPE,
            libc::SIGXFSZ,
        ]);
        let signals = kernel::signal_fd(&[libc::SIGTERM, libc::SIGCHLD])?;
        host::become_subreaper()?;
        fifo::ensure(&plan.requests())?;
        let requests = fifo::open_both(&plan.requests())?;
        let spec =
            spec.unwrap_or_else(|| Spec::new(PlanName::clone(plan.name()), vec![], "/".into()));
        Ok(Supervisor {
            boot: host::boot_id(),
            run: 0,
            token: None,
            machine: Machine::new(0, spec.stop.clone()),
            lifecycle: Lifecycle::open(plan)?,
            companion: Companion::new(plan.clone()),
            pipes: None,
            process: None,
            abroad: None,
            vigil: None,
            starter: None,
            inbox: VecDeque::new(),
            found: None,
            started_seq: 0,
            judged: false,
            exit_told: false,
            to_reap: false,
            watching: false,
            tree: Vec::new(),
            kills: false,
            timers: Vec::new(),
            tie: None,
            tied_to: None,
            over: false,
            restarts: 0,
            quiet: Quiet::default(),
            hooks: Vec::new(),
            turn: None,
            requests,
            pending: Vec::new(),
            signals,
            own_requests: 0,
            provide: None,
            env: BTreeMap::new(),
            plan: plan.clone(),
            spec,
        })
    }

    /// Looks after the present run, and after those that follow it by a restart.
    pub(super) fn run_to_end(&mut self) -> io::Result<()> {
        loop {
            while !self.over {
                self.decide()?;
                if !self.over {
                    self.sleep()?;
                }
            }
            // A restart may have been asked for while the verdict was written.
            self.hear_requests()?;
            self.decide()?;
            if !self.machine.restart_due() || !self.begin_again()? {
                return self.leave();
            }
        }
    }

    fn decide(&mut self) -> io::Result<()> {
        while let Some(input) = self.inbox.pop_front() {
            let exited = matches!(input, Input::Exited(_));
            self.exit_told |= exited;
            for effect in self.machine.step(input) {
                self.perform(effect)?;
            }
            if exited {
                self.prepare_turn();
            }
        }
        Ok(())
    }

    /// Nothing that was said may be left behind.
    pub(super) fn last_words(&mut self) -> io::Result<()> {
        while self.lifecycle.is_waiting() || !self.hooks.is_empty() {
            self.sleep()?;
        }
        Ok(())
    }

    /// Sleeps until this stands in the log, and gives its seq. What happens meanwhile is kept.
    pub(super) fn wait_for(&mut self, awaited: Awaited) -> io::Result<u64> {
        loop {
            if let Some((found, seq)) = self.found.take()
                && found == awaited
            {
                return Ok(seq);
            }
            self.sleep()?;
        }
    }

    /// Sleeps until something happens, and turns that into inputs.
    pub(super) fn sleep(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if let Err(error) = self.companion.ensure(now) {
            host::complain(&format!("no recorder could be started: {error}"));
        }
        let limit = self.wake_at(now).map(|at| at.saturating_duration_since(now));
        let awake = self.awake(limit)?;
        if awake.is_empty() {
            // What was awaited may be there although nobody said so.
            self.look_at_log()?;
        }
        if self.abroad.as_ref().and_then(Abroad::wake_at).is_some_and(|at| at <= Instant::now()) {
            self.look_around()?;
        }
        for source in awake {
            match source {
                Source::Signals => self.hear_signals()?,
                Source::Requests => self.hear_requests()?,
                Source::Process => self.look_at_process()?,
                Source::Report => self.hear_report(),
                Source::Abroad => self.look_around()?,
                Source::Log => self.look_at_log()?,
                Source::Tie => self.cut_tie(),
                Source::Tree => self.look_at_tree()?,
                Source::Hook => self.look_at_hooks()?,
                Source::Lifecycle | Source::Recorder | Source::Stream => {}
            }
        }
        self.after_sleep()
    }

    fn after_sleep(&mut self) -> io::Result<()> {
        self.lifecycle.flush()?;
        if self.vigil.is_some() || self.lifecycle.is_waiting() {
            self.companion.wake_if_stopped();
        }
        if self.to_reap && !self.lifecycle.is_waiting() {
            self.reap()?;
        }
        if self.watching && self.open_ends()? == 0 {
            self.watching = false;
            self.inbox.push_back(Input::StreamsEnded);
        }
        self.end_late_hooks(Instant::now());
        self.ring(Instant::now());
        Ok(())
    }

    fn awake(&self, limit: Option<Duration>) -> io::Result<Vec<Source>> {
        let mut fds = Vec::with_capacity(12);
        let mut sources = Vec::with_capacity(12);
        let mut add = |fd, flags, source| {
            fds.push(PollFd::from_borrowed_fd(fd, flags));
            sources.push(source);
        };
        use std::os::fd::AsFd as _;
        add(self.signals.as_fd(), PollFlags::IN, Source::Signals);
        add(self.requests.as_fd(), PollFlags::IN, Source::Requests);
        if self.lifecycle.is_waiting() {
            add(self.lifecycle.fd(), PollFlags::OUT, Source::Lifecycle);
        }
        if let Some(fd) = self.companion.fd() {
            add(fd, PollFlags::IN, Source::Recorder);
        }
        if let Some(process) = &self.process {
            match &process.report {
                Some(report) => add(report.as_fd(), PollFlags::IN, Source::Report),
                None if self.awaits_end() => {
                    add(process.held.as_fd(), PollFlags::IN, Source::Process);
                }
                None => {}
            }
        }
        for fd in self.abroad.iter().flat_map(Abroad::fds) {
            add(fd, PollFlags::IN, Source::Abroad);
        }
        if let Some(vigil) = &self.vigil {
            add(vigil.fd(), PollFlags::IN, Source::Log);
        }
        if let Some(tie) = &self.tie {
            add(tie.as_fd(), PollFlags::IN, Source::Tie);
        }
        for hook in &self.hooks {
            add(hook.held.as_fd(), PollFlags::IN, Source::Hook);
        }
        for member in &self.tree {
            add(member.as_fd(), PollFlags::IN, Source::Tree);
        }
        let ends = match &self.pipes {
            Some(pipes) if self.watching => pipes.open_ends()?,
            _ => Vec::new(),
        };
        for (_, end) in &ends {
            add(end.as_fd(), PollFlags::empty(), Source::Stream);
        }
        poll::wait(&mut fds, limit)?;
        let ready = fds.iter().zip(sources).filter(|(fd, _)| !fd.revents().is_empty());
        let mut ready: Vec<Source> = ready.map(|(_, source)| source).collect();
        ready.dedup();
        Ok(ready)
    }

    fn wake_at(&self, now: Instant) -> Option<Instant> {
        let timers = self.timers.iter().map(|&(_, _, at)| at).min();
        let waits = self.vigil.is_some() || self.lifecycle.is_waiting();
        let glance = waits.then(|| now + GLANCE);
        // A process that has ended, but whose exit code nobody can tell yet.
        let half_dead = self.awaits_end()
            && self.process.as_ref().is_some_and(|p| p.report.is_none() && p.held.has_ended());
        let soon = half_dead.then(|| now + SOON);
        let abroad = self.abroad.as_ref().and_then(Abroad::wake_at);
        let hooks = self.hook_wake_at();
        [timers, glance, soon, abroad, hooks, self.companion.retry_at()].into_iter().flatten().min()
    }

    /// Whether the end of the plan's process is still to be told.
    pub(super) fn awaits_end(&self) -> bool {
        !self.exit_told && !self.abroad.as_ref().is_some_and(Abroad::waits_for_rest)
    }

    /// Something about a run that somebody else started may have changed.
    fn look_around(&mut self) -> io::Result<()> {
        self.look_at_rest()?;
        self.look_abroad()
    }

    fn ring(&mut self, now: Instant) {
        let mut due = Vec::new();
        self.timers.retain(|&(timer, epoch, at)| {
            if at <= now {
                due.push((timer, epoch));
            }
            at > now
        });
        for (timer, epoch) in due {
            self.inbox.push_back(Input::Timer { timer, epoch });
        }
    }
}
