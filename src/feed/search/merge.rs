//! Several logs as one, in the order of time.
//!
//! One thread reads ahead and finds out where lines end and when they were written; the other puts
//! them in order. What is read ahead is two blocks of each log.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::numbers::Numbers;
use super::strain::Strain;
use super::times::{Line, times};
use super::tournament::Tournament;
use super::{Found, Search, Stretch, Tally, What};

/// Blocks of a log that are read ahead or being given.
const BLOCKS: usize = 2;

/// Lines of one log.
#[derive(Default)]
pub(super) struct Block {
    pub(super) lines: Vec<u8>,
    ends: Vec<usize>,
    pub(super) index: Vec<Line>,
}

/// An order for the next lines of a log, and the block to put them into.
type Order = (usize, Block);

/// What is told of a log.
enum Told {
    Block(Block),
    Gap { from: u64, to: u64 },
    Renewed,
    Done { skipped: u64 },
    Failed(io::Error),
}

pub(super) fn run<E: From<io::Error>>(
    search: &Search,
    stretches: &[Stretch],
    give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
) -> Result<Tally, E> {
    let (order, orders) = channel();
    let (to, from): (Vec<Sender<Told>>, Vec<Receiver<Told>>) =
        stretches.iter().map(|_| channel()).unzip();
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("read ahead".to_owned())
            .stack_size(256 << 10)
            .spawn_scoped(scope, move || read_ahead(search, stretches, &orders, &to))
            .map_err(E::from)?;
        // Dropped at the end of this closure: the reader has nothing to do any more then.
        let order = order;
        merge(from, &order, give)
    })
}

fn merge<E: From<io::Error>>(
    from: Vec<Receiver<Told>>,
    order: &Sender<Order>,
    give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
) -> Result<Tally, E> {
    for _ in 0..BLOCKS {
        (0..from.len()).for_each(|plan| drop(order.send((plan, Block::default()))));
    }
    let lane = |from| Lane { from, block: Block::default(), at: 0, skipped: 0 };
    let mut lanes: Vec<Lane> = from.into_iter().map(lane).collect();
    let mut heads = Vec::with_capacity(lanes.len());
    for (plan, lane) in lanes.iter_mut().enumerate() {
        heads.push(lane.take(plan, give)?);
    }
    let mut heads = Tournament::new(heads);
    while let Some(plan) = heads.winner() {
        let lane = &mut lanes[plan];
        let start = lane.start();
        // Lines that follow each other in their own log are given in one piece.
        while heads.winner() == Some(plan) {
            lane.at += 1;
            let Some(time) = lane.time() else { break };
            heads.replace(plan, Some(time));
        }
        give(Found { plan, what: What::Lines(&lane.block.lines[start..lane.start()]) })?;
        if lane.time().is_none() {
            // Whoever reads has gone only with an error, which is taken next.
            let _ = order.send((plan, std::mem::take(&mut lane.block)));
            heads.replace(plan, lane.take(plan, give)?);
        }
    }
    let skipped = lanes.iter().map(|lane| lane.skipped).sum();
    Ok(Tally { skipped, numbers: vec![Numbers::default(); lanes.len()] })
}

/// One log on its way.
struct Lane {
    from: Receiver<Told>,
    block: Block,
    /// Lines of the block that have been given.
    at: usize,
    skipped: u64,
}

impl Lane {
    /// Where the next line begins.
    fn start(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |last| self.block.index[last].end)
    }

    /// The time of the next line. None at the end of the block.
    fn time(&self) -> Option<i64> {
        self.block.index.get(self.at).map(|line| line.time)
    }

    /// Takes the next block; the time of its first line, or None at the end. What else is found is
    /// given at once.
    fn take<E: From<io::Error>>(
        &mut self,
        plan: usize,
        give: &mut dyn FnMut(Found<'_>) -> Result<(), E>,
    ) -> Result<Option<i64>, E> {
        self.at = 0;
        for told in &self.from {
            match told {
                Told::Block(block) => {
                    self.block = block;
                    return Ok(self.time());
                }
                Told::Gap { from, to } => give(Found { plan, what: What::Gap { from, to } })?,
                Told::Renewed => give(Found { plan, what: What::Renewed })?,
                Told::Done { skipped } => {
                    self.skipped = skipped;
                    break;
                }
                Told::Failed(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }
}

/// Reads what is ordered, until nobody can order any more.
fn read_ahead(
    search: &Search,
    stretches: &[Stretch],
    orders: &Receiver<Order>,
    to: &[Sender<Told>],
) {
    let mut strains: Vec<Option<Strain<'_>>> = stretches.iter().map(|_| None).collect();
    for (plan, block) in orders {
        let strain = match &mut strains[plan] {
            Some(strain) => strain,
            none => match Strain::small(search, &stretches[plan]) {
                Ok(strain) => none.insert(strain),
                Err(error) => {
                    let _ = to[plan].send(Told::Failed(error));
                    return;
                }
            },
        };
        let told = match fill(strain, block, &to[plan]) {
            Ok(Some(block)) => Told::Block(block),
            Ok(None) => Told::Done { skipped: strain.skipped() },
            Err(error) => Told::Failed(error),
        };
        let _ = to[plan].send(told);
    }
}

/// Puts the next lines into a block; None at the end. What else is found is told.
fn fill(strain: &mut Strain<'_>, mut block: Block, to: &Sender<Told>) -> io::Result<Option<Block>> {
    loop {
        let told = match strain.next()? {
            None => return Ok(None),
            Some(What::Gap { from, to }) => Told::Gap { from, to },
            Some(What::Renewed) => Told::Renewed,
            Some(What::Lines(b"")) => continue,
            Some(What::Lines(_)) => {
                strain.give_lines(&mut block.lines, &mut block.ends);
                times(&block.lines, &block.ends, &mut block.index);
                return Ok(Some(block));
            }
        };
        let _ = to.send(told);
    }
}
