//! From what was asked for to a place in each log.

use std::io;

use super::{At, Cut, View};
use crate::model::Stamp;
use crate::store::layout::{Home, PlanDir};
use crate::store::reader::Reader;

/// The cut before what `at` names.
pub(super) fn cut(home: &Home, view: &View, at: At) -> io::Result<Cut> {
    let mut seqs = Vec::new();
    for (plan, name) in view.plans.iter().enumerate() {
        let dir = home.plan(name);
        seqs.push(match at {
            At::Begin => 0,
            At::End => Reader::open(&dir)?.last_seq()?,
            At::Time(time) => before_time(&dir, time)?,
            At::Near(place) if place.plan == plan => place.seq.saturating_sub(1),
            At::Near(place) => before_time(&dir, place.ts)?,
        });
    }
    Ok(Cut(seqs))
}

fn before_time(dir: &PlanDir, time: Stamp) -> io::Result<u64> {
    let mut reader = Reader::open(dir)?;
    reader.seek_time(time)?;
    Ok(reader.cursor())
}
