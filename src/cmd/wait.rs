//! `wait`: blocks until plans have ended, a task has succeeded, or a line appears.

use std::time::Duration;

use regex::bytes::Regex;
use tokio::io::unix::AsyncFd;

use super::World;
use super::follow::{Ending, block_on};
use super::near::nearest;
use super::out::Out;
use super::queue::refusal;
use super::say::say;
use super::select::{Selected, Selector, select_among};
use crate::exit::{Exit, Failure};
use crate::feed::sieve::TaskGlob;
use crate::feed::{self, Changes, Depth, Follow, LiveTable, News, known, listen};
use crate::fold::{Fold, RunFold};
use crate::model::{PlanName, Queue, Record, RunChoice, Stand, Stream, Verdict};
use crate::render::sanitize::harmless;
use crate::store::layout::Home;
use crate::store::queue;
use crate::wake::Watcher;

/// What a user may mean by `wait`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
    /// The first is enough.
    pub any: bool,
    /// Give up after this long.
    pub timeout: Option<Duration>,
    /// What to wait for.
    pub until: Until,
}

/// What `wait` waits for.
#[derive(Clone, Debug, Default)]
pub enum Until {
    /// The run's end.
    #[default]
    Exit,
    /// The success of a task that this fits.
    Task(TaskGlob),
    /// A line that this fits.
    Log(Regex),
}

/// One run that is waited for.
struct Awaited {
    plan: PlanName,
    run: u64,
    /// And those that follow it by the plan's own restarts.
    row: bool,
    /// Its tasks, where one of them is waited for.
    tasks: Option<LiveTable>,
    /// Exit code, once the wait for it is over.
    code: Option<i32>,
    /// The user knows that none of its tasks fits.
    warned: bool,
    /// The queue has it: the run may be still to come, and may never come.
    queued: bool,
}

/// Does it.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let queue = match (&options.until, world.existing_home()?) {
        (Until::Exit, Some(home)) => queue::load(&home)
            .map_err(refusal)
            .unwrap_or_else(|error| {
                // No reason not to wait for what runs.
                say(format_args!("{error:#}"));
                None
            })
            .unwrap_or_default(),
        _ => Queue::default(),
    };
    // One that was skipped has ended, though it never ran; one that is over has run.
    let open = queue.entries.iter().filter(|entry| !matches!(entry.stand, Stand::Over { .. }));
    let open: Vec<PlanName> = open.map(|entry| entry.plan.clone()).collect();
    let (home, selected) = select_among(&options.plans, &open, world)?;
    block_on(async {
        let mut waiting = Waiting::new(&home, selected, &queue, &options)?;
        waiting.patient = world.stderr.terminal;
        let Some(limit) = options.timeout else { return waiting.end().await };
        match tokio::time::timeout(limit, waiting.end()).await {
            Ok(ended) => ended,
            Err(_) => Err(waiting.late(limit).into()),
        }
    })
}

struct Waiting<'a> {
    home: Home,
    /// Changes of the queue, where a plan of it is waited for.
    changes: Option<AsyncFd<Changes>>,
    follow: Follow,
    awaited: Vec<Awaited>,
    options: &'a Options,
    out: Out,
    /// Somebody looks on, and has not been told yet what is waited for.
    patient: bool,
}

impl<'a> Waiting<'a> {
    fn new(
        home: &Home,
        selected: Vec<Selected>,
        queue: &Queue,
        options: &'a Options,
    ) -> anyhow::Result<Waiting<'a>> {
        let mut waiting = Waiting {
            home: home.clone(),
            changes: None,
            follow: Follow::live()?,
            awaited: Vec::new(),
            options,
            out: Out::stdout(),
            patient: false,
        };
        for Selected { plan, run: chosen_run } in selected {
            let dir = home.plan(&plan);
            let fold = known(&dir, Depth::State)?;
            // What is to come is meant, not what was before.
            let queued = chosen_run.is_none().then(|| next_run(queue, &fold)).flatten();
            let last = || chosen_run.unwrap_or(RunChoice::Back(0)).resolve(fold.last_run());
            let Some(run) = queued.or_else(last) else { return Err(no_run(&plan).into()) };
            // A line may have come before anybody waited for it: the whole run counts. For its
            // end, what is known beforehand is enough.
            let tasks = match &options.until {
                Until::Task(_) => Some(LiveTable::of(&dir, run)?),
                _ => None,
            };
            let after = match (&options.until, fold.run(run)) {
                (Until::Exit, _) => fold.seq,
                (Until::Task(_), _) => tasks.as_ref().map_or(0, LiveTable::cursor),
                (Until::Log(_), Some(known)) => known.first_seq.saturating_sub(1),
                (Until::Log(_), None) => 0,
            };
            // A run that was named is that run; else the plan's own restarts are waited for.
            let row = matches!(options.until, Until::Exit) && chosen_run.is_none();
            let until = if row { feed::Until::Last(run) } else { feed::Until::Run(run) };
            waiting.follow.add(&dir, until, |reader| {
                reader.seek_after(after);
                Ok::<(), std::io::Error>(())
            })?;
            let (code, warned, queued) = (None, false, queued.is_some());
            waiting.awaited.push(Awaited { plan, run, row, tasks, code, warned, queued });
        }
        if waiting.awaited.iter().any(|awaited| awaited.queued) {
            let changes = Watcher::new()?;
            changes.watch(&home.queue());
            waiting.changes = Some(listen(Changes(changes))?);
        }
        Ok(waiting)
    }

    /// Waits for the end of the wait, and gives its exit code.
    async fn end(&mut self) -> anyhow::Result<i32> {
        loop {
            self.read()?;
            self.look_at_tasks()?;
            self.look_at_queue()?;
            self.judge()?;
            self.out.flush()?;
            let mut ended = self.awaited.iter().filter_map(|awaited| awaited.code);
            if self.options.any
                && let Some(code) = ended.next()
            {
                return Ok(code);
            }
            if self.awaited.iter().all(|awaited| awaited.code.is_some()) {
                // The first that is not well, in the order they were named.
                let codes = self.awaited.iter().filter_map(|awaited| awaited.code);
                return Ok(codes.into_iter().find(|&code| code != 0).unwrap_or(0));
            }
            if std::mem::take(&mut self.patient) {
                say(format_args!("waiting for {}", self.what()));
            }
            self.sleep().await?;
        }
    }

    async fn sleep(&mut self) -> anyhow::Result<()> {
        let Waiting { follow, changes: Some(changes), .. } = self else {
            return Ok(self.follow.wait().await?);
        };
        tokio::select! {
            woken = follow.wait() => Ok(woken?),
            ready = changes.readable() => {
                ready?.clear_ready();
                changes.get_ref().0.clear();
                Ok(())
            }
        }
    }

    /// Tells which plans of the queue will never run.
    fn look_at_queue(&mut self) -> anyhow::Result<()> {
        if self.changes.is_none() {
            return Ok(());
        }
        let queue = queue::load(&self.home)?.unwrap_or_default();
        for (index, awaited) in self.awaited.iter_mut().enumerate() {
            let begun = self.follow.fold(index).last_run() >= awaited.run;
            if !awaited.queued || awaited.code.is_some() || begun {
                continue;
            }
            let why = match queue.entry(&awaited.plan).map(|entry| &entry.stand) {
                Some(Stand::Skipped { why, .. }) => why.as_str(),
                Some(_) => continue,
                None => "it is not queued any more",
            };
            say(format_args!("{} was skipped: {why}", awaited.plan));
            let code = Exit::Failed.code();
            self.out.line(format!("{} {} {code}", awaited.plan, Verdict::Skipped.name()))?;
            awaited.code = Some(code);
        }
        Ok(())
    }

    /// Reads what there is, and looks at it where a line is waited for.
    fn read(&mut self) -> anyhow::Result<()> {
        while let Some(piece) = self.follow.read()? {
            let awaited = &mut self.awaited[piece.plan];
            match (&self.options.until, piece.news) {
                (Until::Log(pattern), News::Lines(lines)) if awaited.code.is_none() => {
                    if let Some(line) = matching(lines, awaited.run, pattern) {
                        awaited.code = Some(0);
                        self.out.line(format!("{} {line}", awaited.plan))?;
                    }
                }
                (Until::Task(_), News::Lines(lines)) => awaited.take(lines),
                (_, News::Stopped) => {
                    let what = format!("{} run {} has no verdict", awaited.plan, awaited.run);
                    return Err(Failure::new(Exit::Failed, what)
                        .because("nobody records it any more, and nobody could be brought to")
                        .hint(format!("planwatch restart {}", awaited.plan))
                        .into());
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Tells which runs have got so far that a task that is waited for has succeeded.
    fn look_at_tasks(&mut self) -> anyhow::Result<()> {
        let Until::Task(glob) = &self.options.until else { return Ok(()) };
        for awaited in self.awaited.iter_mut().filter(|awaited| awaited.code.is_none()) {
            let Some(live) = &awaited.tasks else { continue };
            let mut tasks = live.table().tasks.iter();
            let Some(task) = tasks.find(|task| task.state.is_success() && glob.fits_task(task))
            else {
                awaited.warn(glob);
                continue;
            };
            awaited.code = Some(0);
            let (name, state) = (harmless(&task.name), task.state.name());
            self.out.line(format!("{} {name} {state}", awaited.plan))?;
        }
        Ok(())
    }

    /// Tells which runs have ended.
    fn judge(&mut self) -> anyhow::Result<()> {
        for (index, awaited) in self.awaited.iter_mut().enumerate() {
            if awaited.code.is_some() {
                continue;
            }
            let fold = self.follow.fold(index);
            let run = if awaited.row { fold.last_of_row(awaited.run) } else { awaited.run };
            if awaited.row && fold.run(run).is_some_and(RunFold::repeats_itself) {
                continue;
            }
            let Some(ending) = Ending::of(fold, run) else { continue };
            let (plan, verdict, exit) = (&awaited.plan, ending.verdict.name(), ending.exit);
            self.out.line(format!("{plan} {verdict} {exit}"))?;
            // A run that ended without it is not what was waited for.
            let unseen = !matches!(self.options.until, Until::Exit) && exit == 0;
            if let Some(failure) = awaited.unseen(&self.options.until) {
                self.out.flush()?;
                say(&failure);
            }
            awaited.code = Some(if unseen { Exit::Failed.code() } else { exit });
        }
        Ok(())
    }

    fn late(&self, limit: Duration) -> Failure {
        let limit = crate::model::format_duration(limit);
        Failure::new(Exit::Timeout, format!("not within {limit}: {}", self.open()))
    }

    /// The runs that are still waited for.
    fn open(&self) -> String {
        let open = self.awaited.iter().filter(|awaited| awaited.code.is_none());
        let named = open.map(|awaited| format!("{} run {}", awaited.plan, awaited.run));
        named.collect::<Vec<_>>().join(", ")
    }

    fn what(&self) -> String {
        let open = self.open();
        match &self.options.until {
            Until::Exit => format!("the end of {open}"),
            Until::Task(glob) => format!("a task that fits '{}' in {open}", glob.text()),
            Until::Log(pattern) => format!("a line that fits '{pattern}' in {open}"),
        }
    }
}

impl Awaited {
    /// Says once, as soon as the tasks are known, that none fits: the wait may be in vain.
    fn warn(&mut self, glob: &TaskGlob) {
        let Some(table) = self.tasks.as_ref().map(LiveTable::table) else { return };
        // Luigi names all its tasks before it begins one.
        let known = table.tasks.iter().any(|task| task.attempts > 0);
        if self.warned || !known || table.tasks.iter().any(|task| glob.fits_task(task)) {
            return;
        }
        self.warned = true;
        let what = format!("{} run {}: no task fits '{}' so far", self.plan, self.run, glob.text());
        say(format_args!("{}", self.with_nearest(Failure::new(Exit::Failed, what), glob)));
    }

    /// What a run that has ended without what was waited for says to the user.
    fn unseen(&self, until: &Until) -> Option<Failure> {
        let ended = format!("{} run {} has ended and", self.plan, self.run);
        let failure = |what: String| Failure::new(Exit::Failed, format!("{ended} {what}"));
        match until {
            Until::Exit => None,
            Until::Log(pattern) => Some(failure(format!("no line fits '{pattern}'"))),
            Until::Task(glob) => {
                let tasks = &self.tasks.as_ref()?.table().tasks;
                Some(match tasks.iter().find(|task| glob.fits_task(task)) {
                    Some(task) => {
                        let (name, state) = (harmless(&task.name), task.state.name());
                        failure(format!("{name} has not succeeded: it is {state}"))
                    }
                    None if tasks.is_empty() => failure("its log names no task".to_owned())
                        .hint("it is no Luigi run, or its lines name no task"),
                    None => {
                        let none = failure(format!("no task fits '{}'", glob.text()));
                        self.with_nearest(none, glob)
                    }
                })
            }
        }
    }

    fn with_nearest(&self, failure: Failure, glob: &TaskGlob) -> Failure {
        let tasks = self.tasks.iter().flat_map(|live| &live.table().tasks);
        match nearest(glob.text(), tasks.map(|task| task.family.as_str())) {
            Some(near) => failure.hint(format!("did you mean {}?", harmless(near))),
            None => failure.hint(format!("planwatch tasks {} lists them", self.plan)),
        }
    }

    /// Takes what the log says of its tasks.
    fn take(&mut self, mut lines: &[u8]) {
        let Some(tasks) = &mut self.tasks else { return };
        while let Some(end) = memchr::memchr(b'\n', lines) {
            let (line, rest) = lines.split_at(end + 1);
            lines = rest;
            tasks.line(line);
        }
    }
}

/// The first line of the run that the pattern fits, made harmless.
fn matching(mut lines: &[u8], run: u64, pattern: &Regex) -> Option<String> {
    while let Some(end) = memchr::memchr(b'\n', lines) {
        let (line, rest) = lines.split_at(end + 1);
        lines = rest;
        if let Ok(record) = Record::parse(line)
            && record.run == run
            && record.stream != Stream::Planwatch
            && pattern.is_match(record.msg.as_bytes())
        {
            return Some(harmless(&record.msg));
        }
    }
    None
}

/// The run that the queue is going to give a plan, or has given it and that has not begun.
fn next_run(queue: &Queue, fold: &Fold) -> Option<u64> {
    match queue.entry(&fold.plan)?.stand {
        Stand::Waiting => Some(fold.last_run() + 1),
        Stand::Given { run, .. } if run > fold.last_run() => Some(run),
        Stand::Skipped { .. } if fold.last_run() == 0 => Some(1),
        _ => None,
    }
}

fn no_run(plan: &PlanName) -> Failure {
    Failure::new(Exit::NoSuchPlan, format!("{plan} has no such run"))
        .hint(format!("planwatch inspect {plan} lists its runs"))
}
