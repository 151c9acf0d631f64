//! Logs read in parts, side by side; what is found is given in order.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};

use super::numbers::Numbers;
use super::strain::Strain;
use super::{Found, Search, Stretch, Tally, What};

/// Pieces that may wait to be taken, of each part.
const WAITING: usize = 2;

/// A part of a log, and where to what is found in it goes.
struct Part {
    stretch: Stretch,
    to: SyncSender<Told>,
}

/// What is told of a part.
enum Told {
    Lines(Vec<u8>),
    Gap { from: u64, to: u64 },
    Renewed,
    Done { skipped: u64, numbers: Box<Numbers> },
    Failed(io::Error),
}

pub(super) fn run<E: From<io::Error>>(
    search: &Search,
    stretches: &[Stretch],
    give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
) -> Result<Tally, E> {
    let mut tally = Tally { skipped: 0, numbers: vec![Numbers::default(); stretches.len()] };
    let mut parts = Vec::new();
    for (plan, stretch) in stretches.iter().enumerate() {
        for part in split(search, stretch)? {
            parts.push((plan, part));
        }
    }
    let threads = search.threads.min(parts.len());
    if threads > 1 {
        side_by_side(search, parts, threads, &mut tally, give)?;
        return Ok(tally);
    }
    for (plan, part) in parts {
        let mut strain = Strain::new(search, &part)?;
        while let Some(what) = strain.next()? {
            if what != What::Lines(b"") {
                give(Found { plan, what })?;
            }
        }
        tally.skipped += strain.skipped();
        tally.numbers[plan].add(std::mem::take(&mut strain.numbers));
    }
    Ok(tally)
}

/// The parts of a stretch: one for each of its segments, if that is possible.
fn split(search: &Search, stretch: &Stretch) -> io::Result<Vec<Stretch>> {
    if !search.parts() || search.threads < 2 {
        return Ok(vec![stretch.clone()]);
    }
    let ends = stretch.log.ends()?.into_iter();
    let ends = ends.filter(|end| *end > stretch.after && *end < stretch.upto).chain([stretch.upto]);
    let mut after = stretch.after;
    Ok(ends
        .map(|upto| Stretch {
            log: Arc::clone(&stretch.log),
            after: std::mem::replace(&mut after, upto),
            sought: stretch.sought,
            upto,
        })
        .collect())
}

fn side_by_side<E: From<io::Error>>(
    search: &Search,
    parts: Vec<(usize, Stretch)>,
    threads: usize,
    tally: &mut Tally,
    give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let (mut todo, mut found) = (Vec::new(), Vec::new());
    for (plan, stretch) in parts {
        let (to, from) = sync_channel(WAITING);
        todo.push(Part { stretch, to });
        found.push((plan, from));
    }
    let todo = Mutex::new(todo.into_iter());
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            std::thread::Builder::new()
                .name("search".to_owned())
                .stack_size(256 << 10)
                .spawn_scoped(scope, || work(search, &todo, &over))
                .map_err(E::from)?;
        }
        let given = take_all(found, tally, give);
        // Whoever looks on in vain must not look to the end.
        over.store(true, Ordering::Relaxed);
        given
    })
}

/// Takes what is found, part by part. Whoever works on a later part waits when it is far ahead.
fn take_all<E: From<io::Error>>(
    found: Vec<(usize, Receiver<Told>)>,
    tally: &mut Tally,
    give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
) -> Result<(), E> {
    for (plan, from) in found {
        for told in from {
            match told {
                Told::Lines(lines) => give(Found { plan, what: What::Lines(&lines) })?,
                Told::Gap { from, to } => give(Found { plan, what: What::Gap { from, to } })?,
                Told::Renewed => give(Found { plan, what: What::Renewed })?,
                Told::Done { skipped, numbers } => {
                    tally.skipped += skipped;
                    tally.numbers[plan].add(*numbers);
                }
                Told::Failed(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}

/// One part after the other. In the order in which they are taken, so that nobody waits for a part
/// that nobody works on.
fn work(search: &Search, todo: &Mutex<std::vec::IntoIter<Part>>, over: &AtomicBool) {
    loop {
        let next = todo.lock().unwrap_or_else(PoisonError::into_inner).next();
        let Some(Part { stretch, to }) = next else { return };
        let told = match strain(search, &stretch, &to, over) {
            Ok(Some(done)) => done,
            Ok(None) => return,
            Err(error) => Told::Failed(error),
        };
        if to.send(told).is_err() {
            return;
        }
    }
}

/// None if nobody wants to know any more.
fn strain(
    search: &Search,
    stretch: &Stretch,
    to: &SyncSender<Told>,
    over: &AtomicBool,
) -> io::Result<Option<Told>> {
    let mut strain = Strain::new(search, stretch)?;
    while let Some(what) = strain.next()? {
        let told = match what {
            What::Lines(b"") => None,
            What::Lines(lines) => Some(Told::Lines(lines.to_vec())),
            What::Gap { from, to } => Some(Told::Gap { from, to }),
            What::Renewed => Some(Told::Renewed),
        };
        let gone = told.is_some_and(|told| to.send(told).is_err());
        if gone || over.load(Ordering::Relaxed) {
            return Ok(None);
        }
    }
    let numbers = Box::new(std::mem::take(&mut strain.numbers));
    Ok(Some(Told::Done { skipped: strain.skipped(), numbers }))
}
