//! What every window has asked for: what is new replaces what is old, what is quick goes first.

use std::collections::BTreeMap;
use std::io;
use std::time::Instant;

use super::job::{Collect, Count, Find, Load, Tools, open};
use super::tail::Tail;
use super::{Answer, Place, Request, Told, Want, WindowId};
use crate::model::Peek;
use crate::store::layout::{Home, PlanDir};
use crate::store::reader::{Batch, Reader, Step};
use crate::wake::{Changed, Watcher};

/// All windows and their jobs.
pub(super) struct Desk {
    home: Home,
    windows: BTreeMap<WindowId, Jobs>,
    batch: Batch,
    /// Which window comes next, so that none waits for ever.
    turn: WindowId,
}

/// What one window waits for, each with its ticket.
#[derive(Debug, Default)]
struct Jobs {
    older: Option<(u64, Load)>,
    newer: Option<(u64, Load)>,
    find: Option<(u64, Find)>,
    text: Option<(u64, Collect)>,
    count: Option<(u64, Count)>,
    tail: Option<(u64, Tail)>,
}

impl Desk {
    pub(super) fn new(home: Home) -> Desk {
        Desk { home, windows: BTreeMap::new(), batch: Batch::new(), turn: 0 }
    }

    /// Takes a request. What is done at once is told at once.
    pub(super) fn take(
        &mut self,
        request: Request,
        watcher: &Watcher,
        tell: &mut dyn FnMut(Answer),
    ) {
        let (window, ticket) = (request.window, request.ticket);
        let mut told = Vec::new();
        if let Err(error) = self.begin(request, watcher, &mut told) {
            told.push(Told::Failed(error.to_string()));
        }
        for told in told {
            tell(Answer { window, ticket, told });
        }
    }

    fn begin(
        &mut self,
        request: Request,
        watcher: &Watcher,
        told: &mut Vec<Told>,
    ) -> io::Result<()> {
        let Request { window, ticket, view, want } = request;
        let Desk { home, windows, batch, .. } = self;
        let mut tools = Tools { home, batch, told };
        if let Want::Close = want {
            if let Some(Jobs { tail: Some((_, tail)), .. }) = windows.remove(&window) {
                tail.unwatch(watcher);
            }
            return Ok(());
        }
        let jobs = windows.entry(window).or_default();
        match want {
            Want::Open { at, before, after } => {
                jobs.clear(watcher);
                let [older, newer] = open(&view, (at, before, after), &mut tools)?;
                jobs.older = older.map(|load| (ticket, load));
                jobs.newer = newer.map(|load| (ticket, load));
            }
            Want::Older { before, count } => {
                jobs.older = Some((ticket, Load::new(home, &view, before, false, count)?));
            }
            Want::Newer { after, count } => {
                jobs.newer = Some((ticket, Load::new(home, &view, after, true, count)?));
            }
            Want::Follow { after, most } => match &mut jobs.tail {
                Some((old, tail)) if tail.goes_on(&view, &after) => {
                    *old = ticket;
                    tail.ask(most);
                }
                old => {
                    if let Some((_, tail)) = old.take() {
                        tail.unwatch(watcher);
                    }
                    *old = Some((ticket, Tail::new(home, &view, after, most, watcher)?));
                }
            },
            Want::Find { from, target, forward } => {
                jobs.find = Some((ticket, Find::new(home, &view, from, target, forward)?));
            }
            Want::Count(pattern) => {
                jobs.count = Some((ticket, Count::new(home, &view, pattern)?));
            }
            Want::Line(place) => {
                let line = match view.plans.get(place.plan) {
                    Some(name) => line(&home.plan(name), place, tools.batch)?,
                    None => None,
                };
                tools.told.push(Told::Line(line));
            }
            Want::Text { from, to } => {
                jobs.text = Some((ticket, Collect::new(home, &view, from, to)?));
            }
            Want::Cancel => (jobs.find, jobs.count, jobs.text) = (None, None, None),
            Want::Close => {}
        }
        Ok(())
    }

    /// When there is something to do; None if there is nothing.
    pub(super) fn due(&self) -> Option<Instant> {
        let now = || Some(Instant::now());
        self.windows
            .values()
            .filter_map(|jobs| if jobs.is_busy() { now() } else { jobs.tail.as_ref()?.1.due() })
            .min()
    }

    /// A slice of work for one window.
    pub(super) fn work(&mut self, watcher: &Watcher, tell: &mut dyn FnMut(Answer)) {
        let now = Instant::now();
        let wants = |jobs: &Jobs| {
            jobs.is_busy()
                || jobs.tail.as_ref().and_then(|(_, tail)| tail.due()).is_some_and(|due| due <= now)
        };
        let next = |from: WindowId| self.windows.range(from..).find(|(_, jobs)| wants(jobs));
        let Some(window) = next(self.turn).or_else(|| next(0)).map(|(window, _)| *window) else {
            return;
        };
        self.turn = window.wrapping_add(1);
        let Desk { home, windows, batch, .. } = self;
        let Some(jobs) = windows.get_mut(&window) else { return };
        let mut told = Vec::new();
        let mut tools = Tools { home, batch, told: &mut told };
        let (ticket, result) = jobs.work(now, &mut tools, watcher);
        if let Err(error) = result {
            told.push(Told::Failed(error.to_string()));
        }
        for told in told {
            tell(Answer { window, ticket, told });
        }
    }

    /// Something has changed where somebody looks.
    pub(super) fn wake(&mut self, changed: &Changed) {
        for jobs in self.windows.values_mut() {
            if let Some((_, tail)) = &mut jobs.tail {
                tail.wake(changed);
            }
        }
    }
}

impl Jobs {
    fn is_busy(&self) -> bool {
        self.older.is_some()
            || self.newer.is_some()
            || self.find.is_some()
            || self.text.is_some()
            || self.count.is_some()
    }

    /// Everything that hangs on the place where the window stood.
    fn clear(&mut self, watcher: &Watcher) {
        (self.older, self.newer, self.find) = (None, None, None);
        if let Some((_, tail)) = self.tail.take() {
            tail.unwatch(watcher);
        }
    }

    /// The most pressing of them, a slice of it. A count waits for everything else.
    fn work(
        &mut self,
        now: Instant,
        tools: &mut Tools<'_>,
        watcher: &Watcher,
    ) -> (u64, io::Result<()>) {
        macro_rules! first {
            ($($job:ident),*) => {
                $(if let Some((ticket, job)) = &mut self.$job {
                    let (ticket, done) = (*ticket, job.work(tools));
                    if !matches!(done, Ok(false)) {
                        self.$job = None;
                    }
                    return (ticket, done.map(drop));
                })*
            };
        }
        if let Some((ticket, tail)) = &mut self.tail
            && tail.due().is_some_and(|due| due <= now)
        {
            let (ticket, done) = (*ticket, tail.work(tools));
            if done.is_err()
                && let Some((_, tail)) = self.tail.take()
            {
                tail.unwatch(watcher);
            }
            return (ticket, done);
        }
        first!(older, newer, text, find, count);
        (0, Ok(()))
    }
}

/// The record at this place, as it is stored.
fn line(plan: &PlanDir, place: Place, batch: &mut Batch) -> io::Result<Option<Vec<u8>>> {
    let mut reader = Reader::open(plan)?;
    reader.seek_after(place.seq.saturating_sub(1));
    if reader.read(batch)? != Step::Lines {
        return Ok(None);
    }
    let first = batch.lines().next().filter(|line| Peek::seq(line) == Some(place.seq));
    Ok(first.map(|line| line.trim_ascii_end().to_vec()))
}
