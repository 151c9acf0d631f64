//! What a window asked for and has not got yet. Every job works in slices of a few milliseconds.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::scan::{Next, Scan};
use super::words::Echoes;
use super::{At, Cut, Item, Pattern, Place, Slice, Target, Told, View, seek};
use crate::model::Stamp;
use crate::store::layout::Home;
use crate::store::reader::Batch;

/// How long a job works before others are heard.
pub(super) const SLICE: Duration = Duration::from_millis(3);
/// How often something that takes long says how far it is, or gives what it has.
const EVERY: Duration = Duration::from_millis(80);
/// How long a window that opens may stay empty while wanted records are looked for.
const PATIENCE: Duration = Duration::from_millis(30);
/// Bytes given at once.
const MOST_BYTES: usize = 2 << 20;
/// Bytes of text copied at once.
const MOST_TEXT: usize = 4 << 20;

/// What a job works with.
pub(super) struct Tools<'a> {
    pub(super) home: &'a Home,
    pub(super) batch: &'a mut Batch,
    /// Where its answers go.
    pub(super) told: &'a mut Vec<Told>,
}

/// Records in one direction.
#[derive(Debug)]
pub(super) struct Load {
    scan: Scan,
    forward: bool,
    left: usize,
    /// Where what is held begins, or ends.
    from: Cut,
    held: Vec<Item>,
    bytes: usize,
    over: bool,
    began: u64,
    spoke: Instant,
}

impl Load {
    pub(super) fn new(
        home: &Home,
        view: &Arc<View>,
        cut: Cut,
        forward: bool,
        count: usize,
    ) -> io::Result<Load> {
        let scan = Scan::new(home, view, None, &cut, forward)?;
        let began = cut.0.iter().sum();
        let (held, spoke) = (Vec::new(), Instant::now());
        Ok(Load {
            scan,
            forward,
            left: count,
            from: cut,
            held,
            bytes: 0,
            over: false,
            began,
            spoke,
        })
    }

    fn is_done(&self) -> bool {
        self.over || self.left == 0
    }

    /// Reads on until this moment at most, or until there is enough.
    fn read(&mut self, batch: &mut Batch, until: Instant) -> io::Result<()> {
        while !self.is_done() && self.bytes < MOST_BYTES {
            match self.scan.next(batch)? {
                Next::Item(item) => {
                    self.bytes += item.size();
                    self.held.push(*item);
                    self.left -= 1;
                }
                Next::Read if Instant::now() >= until => return Ok(()),
                Next::Read => {}
                Next::End => self.over = true,
            }
        }
        // What is full is as good as done: more is asked for when it is needed.
        if self.bytes >= MOST_BYTES {
            self.left = 0;
        }
        Ok(())
    }

    /// Gives what is held.
    fn slice(&mut self) -> Slice {
        let mut items = std::mem::take(&mut self.held);
        self.bytes = 0;
        let mut far = self.scan.cut();
        let near = std::mem::replace(&mut self.from, far.clone());
        let mut low = near;
        if !self.forward {
            items.reverse();
            std::mem::swap(&mut low, &mut far);
        }
        let over = self.over;
        let owed = !self.is_done();
        Slice {
            items,
            low,
            high: far,
            begin: over && !self.forward,
            end: over && self.forward,
            owed_before: owed && !self.forward,
            owed_after: owed && self.forward,
        }
    }

    /// A slice of work. Whether it is done.
    pub(super) fn work(&mut self, tools: &mut Tools<'_>) -> io::Result<bool> {
        self.read(tools.batch, Instant::now() + SLICE)?;
        let done = self.is_done();
        if done || self.spoke.elapsed() >= EVERY {
            self.spoke = Instant::now();
            if done || !self.held.is_empty() {
                let slice = self.slice();
                tools.told.push(if self.forward { Told::Newer(slice) } else { Told::Older(slice) });
            } else {
                let at: u64 = self.scan.cut().0.iter().sum();
                let done = self.began.saturating_sub(at).saturating_mul(1000) / self.began.max(1);
                tools.told.push(Told::Progress(u16::try_from(done).unwrap_or(1000)));
            }
        }
        Ok(done)
    }
}

/// Opens a window. Gives what it owes on either side.
pub(super) fn open(
    view: &Arc<View>,
    (at, before, after): (At, usize, usize),
    tools: &mut Tools<'_>,
) -> io::Result<[Option<Load>; 2]> {
    let cut = seek::cut(tools.home, view, at)?;
    let until = Instant::now() + PATIENCE;
    let mut ahead = Load::new(tools.home, view, cut.clone(), true, after)?;
    ahead.read(tools.batch, until)?;
    let more = if ahead.over { ahead.left } else { 0 };
    let mut behind = Load::new(tools.home, view, cut, false, before + more)?;
    behind.read(tools.batch, until)?;
    let owed = [!behind.is_done(), !ahead.is_done()];
    let mut slice = behind.slice();
    let rest = ahead.slice();
    let before = slice.items.last().filter(|_| !owed[1]);
    let anchor = rest.items.first().or(before).map(|item| item.place);
    slice.items.extend(rest.items);
    slice.high = rest.high;
    slice.end = rest.end || at == At::End;
    slice.owed_after = rest.owed_after;
    let last =
        if at == At::End { slice.high.clone() } else { seek::cut(tools.home, view, At::End)? };
    tools.told.push(Told::Opened { slice, anchor, last });
    Ok([owed[0].then_some(behind), owed[1].then_some(ahead)])
}

/// Looks for the next of a kind.
#[derive(Debug)]
pub(super) struct Find {
    scan: Scan,
    /// What must fit what is shown, too.
    shown: Option<Pattern>,
    from: Place,
    forward: bool,
    /// Where it began and where the logs end on that side, summed.
    range: (u64, u64),
    spoke: Instant,
}

impl Find {
    pub(super) fn new(
        home: &Home,
        view: &Arc<View>,
        from: Place,
        target: Target,
        forward: bool,
    ) -> io::Result<Find> {
        // What other plans said at the very same time may be on either side: which, is seen when it is
        // found.
        let here = Place { ts: Stamp(from.ts.0 + i64::from(!forward)), ..from };
        let mut cut = seek::cut(home, view, At::Near(here))?;
        if forward && let Some(seq) = cut.0.get_mut(from.plan) {
            *seq = from.seq;
        }
        let last = seek::cut(home, view, At::End)?.0;
        for (seq, last) in cut.0.iter_mut().zip(&last) {
            *seq = (*seq).min(*last);
        }
        let end = if forward { last.iter().sum() } else { 0 };
        let range = (cut.0.iter().sum(), end);
        let shown = match &target {
            Target::Match(pattern) if !view.filter.everything => Some(pattern.clone()),
            _ => None,
        };
        let scan = Scan::new(home, view, Some(target), &cut, forward)?;
        Ok(Find { scan, shown, from, forward, range, spoke: Instant::now() })
    }

    fn is_further(&self, place: &Place) -> bool {
        if self.forward { place.is_after(&self.from) } else { self.from.is_after(place) }
    }

    pub(super) fn work(&mut self, tools: &mut Tools<'_>) -> io::Result<bool> {
        let until = Instant::now() + SLICE;
        loop {
            match self.scan.next(tools.batch)? {
                // Missing records are in every view and are no match.
                Next::Item(item) if item.event.as_deref() == Some(Item::MISSING) => {}
                Next::Item(item) if self.shown.as_ref().is_some_and(|it| !item.shows(it)) => {}
                Next::Item(item) if !self.is_further(&item.place) => {}
                Next::Item(item) => {
                    tools.told.push(Told::Found(Some(item.place)));
                    return Ok(true);
                }
                Next::End => {
                    tools.told.push(Told::Found(None));
                    return Ok(true);
                }
                Next::Read if Instant::now() >= until => break,
                Next::Read => {}
            }
        }
        if self.spoke.elapsed() >= EVERY {
            self.spoke = Instant::now();
            let at: u64 = self.scan.cut().0.iter().sum();
            let (way, all) = (at.abs_diff(self.range.0), self.range.1.abs_diff(self.range.0));
            let done = way.saturating_mul(1000) / all.max(1);
            tools.told.push(Told::Progress(u16::try_from(done).unwrap_or(1000)));
        }
        Ok(false)
    }
}

/// Counts what a pattern fits.
#[derive(Debug)]
pub(super) struct Count {
    scan: Scan,
    /// What must fit what is shown, too; then copies do not count either.
    shown: Option<Pattern>,
    echoes: Echoes,
    total: u64,
    places: Vec<Place>,
    spoke: Instant,
}

impl Count {
    pub(super) fn new(home: &Home, view: &Arc<View>, pattern: Pattern) -> io::Result<Count> {
        let shown = (!view.filter.everything).then(|| pattern.clone());
        let scan = Scan::new(home, view, Some(Target::Match(pattern)), &Cut::default(), true)?;
        let (echoes, spoke) = (Echoes::default(), Instant::now());
        Ok(Count { scan, shown, echoes, total: 0, places: Vec::new(), spoke })
    }

    pub(super) fn work(&mut self, tools: &mut Tools<'_>) -> io::Result<bool> {
        let until = Instant::now() + SLICE;
        let done = loop {
            match self.scan.next(tools.batch)? {
                Next::Item(item) if item.event.as_deref() == Some(Item::MISSING) => {}
                Next::Item(item) if self.is_unseen(&item) => {}
                Next::Item(item) => {
                    self.total += 1;
                    if self.places.len() <= Told::MOST_PLACES {
                        self.places.push(item.place);
                    }
                }
                Next::End => break true,
                Next::Read if Instant::now() >= until => break false,
                Next::Read => {}
            }
        };
        if done || self.spoke.elapsed() >= EVERY {
            self.spoke = Instant::now();
            let whole = done && self.places.len() <= Told::MOST_PLACES;
            let places = if whole { std::mem::take(&mut self.places) } else { Vec::new() };
            tools.told.push(Told::Counted { total: self.total, places, done });
        }
        Ok(done)
    }
}

impl Count {
    /// Whether it is shown by other words, or by another record.
    fn is_unseen(&mut self, item: &Item) -> bool {
        let Some(pattern) = &self.shown else { return false };
        !item.shows(pattern) || self.echoes.is_copy(item)
    }
}

/// Collects the text of a stretch.
#[derive(Debug)]
pub(super) struct Collect {
    scan: Scan,
    to: Place,
    text: String,
    lines: usize,
}

impl Collect {
    pub(super) fn new(
        home: &Home,
        view: &Arc<View>,
        from: Place,
        to: Place,
    ) -> io::Result<Collect> {
        let cut = seek::cut(home, view, At::Near(from))?;
        let scan = Scan::new(home, view, None, &cut, true)?;
        Ok(Collect { scan, to, text: String::new(), lines: 0 })
    }

    pub(super) fn work(&mut self, tools: &mut Tools<'_>) -> io::Result<bool> {
        let until = Instant::now() + SLICE;
        let cut = loop {
            match self.scan.next(tools.batch)? {
                Next::Item(item) if item.place.is_after(&self.to) => break false,
                Next::Item(item) => {
                    self.text.push_str(&item.msg);
                    self.text.push('\n');
                    self.lines += 1;
                    if self.text.len() >= MOST_TEXT {
                        break true;
                    }
                }
                Next::End => break false,
                Next::Read if Instant::now() >= until => return Ok(false),
                Next::Read => {}
            }
        };
        let text = std::mem::take(&mut self.text);
        tools.told.push(Told::Text { text, lines: self.lines, cut });
        Ok(true)
    }
}
