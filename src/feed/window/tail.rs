//! What comes after a cut, as soon as it comes.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::job::{SLICE, Tools};
use super::scan::{Next, Scan};
use super::{Cut, Item, News, Told, View};
use crate::store::layout::Home;
use crate::wake::{Changed, Watcher};

/// Time between two answers in a flood: that of a frame.
const FRAME: Duration = Duration::from_millis(16);
/// The same where only a number is shown.
const GLANCE: Duration = Duration::from_millis(100);
/// Bytes given at once.
const MOST_BYTES: usize = 4 << 20;

/// A view's end, watched.
#[derive(Debug)]
pub(super) struct Tail {
    view: Arc<View>,
    scan: Scan,
    /// What waits to be given, and the cut before it.
    held: VecDeque<Item>,
    low: Cut,
    bytes: usize,
    passed: u64,
    renewed: bool,
    most: usize,
    /// Whether an answer is owed.
    pub(super) asked: bool,
    /// The next answer comes no sooner.
    ready: Instant,
}

impl Tail {
    pub(super) fn new(
        home: &Home,
        view: &Arc<View>,
        after: Cut,
        most: usize,
        watcher: &Watcher,
    ) -> io::Result<Tail> {
        // Watched first, so that nothing falls in between.
        for plan in &view.plans {
            watcher.watch(&home.plan(plan).log());
        }
        let scan = match Scan::new(home, view, None, &after, true) {
            Ok(scan) => scan,
            Err(error) => {
                for plan in &view.plans {
                    watcher.unwatch(&home.plan(plan).log());
                }
                return Err(error);
            }
        };
        Ok(Tail {
            view: Arc::clone(view),
            scan,
            held: VecDeque::new(),
            low: after,
            bytes: 0,
            passed: 0,
            renewed: false,
            most,
            asked: true,
            ready: Instant::now(),
        })
    }

    /// Whether a request goes on where this one stands.
    pub(super) fn goes_on(&self, view: &Arc<View>, after: &Cut) -> bool {
        let same = Arc::ptr_eq(view, &self.view) || **view == *self.view;
        same && self.low == *after && self.held.is_empty()
    }

    pub(super) fn ask(&mut self, most: usize) {
        (self.asked, self.most) = (true, most);
    }

    pub(super) fn unwatch(&self, watcher: &Watcher) {
        for lane in &self.scan.lanes {
            watcher.unwatch(&lane.dir().log());
        }
    }

    /// Looks again at what may have changed.
    pub(super) fn wake(&mut self, changed: &Changed) {
        for lane in &mut self.scan.lanes {
            if changed.holds(&lane.dir().log()) {
                lane.ended = false;
            }
        }
    }

    fn has_news(&self) -> bool {
        self.passed > 0 || !self.held.is_empty() || self.renewed
    }

    /// Whether there is something to do now: None if not, else when.
    pub(super) fn due(&self) -> Option<Instant> {
        if !self.asked || self.scan.is_over() && !self.has_news() {
            return None;
        }
        Some(self.ready)
    }

    /// A slice of work. To be called when it is due.
    pub(super) fn work(&mut self, tools: &mut Tools<'_>) -> io::Result<()> {
        let until = Instant::now() + SLICE * 3;
        loop {
            match self.scan.next(tools.batch)? {
                Next::Item(item) => self.hold(*item),
                Next::End => break,
                Next::Read => {
                    if self.scan.lanes.iter_mut().any(|lane| std::mem::take(&mut lane.renewed)) {
                        self.begin_anew();
                    }
                    if Instant::now() >= until {
                        break;
                    }
                }
            }
        }
        if !self.has_news() {
            return Ok(());
        }
        let high = self.scan.cut();
        let low = std::mem::replace(&mut self.low, high.clone());
        self.bytes = 0;
        let pace = if self.most == 0 { GLANCE } else { FRAME };
        (self.asked, self.ready) = (false, Instant::now() + pace);
        tools.told.push(Told::News(News {
            items: std::mem::take(&mut self.held).into(),
            passed: std::mem::take(&mut self.passed),
            low,
            high,
            renewed: std::mem::take(&mut self.renewed),
        }));
        Ok(())
    }

    fn hold(&mut self, item: Item) {
        self.bytes += item.size();
        self.held.push_back(item);
        while self.held.len() > self.most || self.bytes > MOST_BYTES && self.held.len() > 1 {
            let Some(first) = self.held.pop_front() else { break };
            self.bytes -= first.size();
            self.passed += 1;
            if let Some(low) = self.low.0.get_mut(first.place.plan) {
                *low = first.place.seq;
            }
        }
    }

    fn begin_anew(&mut self) {
        self.held.clear();
        (self.bytes, self.passed, self.renewed) = (0, 0, true);
        self.low = self.scan.cut();
    }
}
