//! `logs -r`: newest first.

use super::Options;
use super::targets::Chosen;
use crate::cmd::print::Printer;
use crate::exit::Exit;
use crate::model::{Peek, Stamp};
use crate::store::backward::Backward;
use crate::store::layout::Home;

/// One log, read backwards.
struct Lane {
    lines: Backward,
    /// The line to come, and its time.
    head: Option<([u8; Stamp::LEN], Vec<u8>)>,
    /// Nothing at or before this seq is wanted.
    floor: u64,
}

impl Lane {
    fn advance(&mut self) -> std::io::Result<()> {
        self.head = None;
        while let Some(line) = self.lines.line()? {
            let Some((ts, seq)) = Peek::place(line) else { continue };
            if seq > self.floor {
                self.head = Some((ts, line.to_vec()));
            }
            break;
        }
        Ok(())
    }
}

/// Prints the wanted records of all plans by time, the newest first, at most `-n` of them.
pub(super) fn print(
    home: &Home,
    chosen: &[Chosen],
    options: &Options,
    mut printer: Printer,
) -> anyhow::Result<i32> {
    let since = options.since.map(Stamp::text);
    let mut lanes = Vec::new();
    for one in chosen {
        let lines = Backward::new(&home.plan(&one.plan).log())?;
        let floor = options.after.unwrap_or(0).max(one.begins.saturating_sub(1));
        let mut lane = Lane { lines, head: None, floor };
        lane.advance()?;
        lanes.push(lane);
    }
    let mut left = options.lines.unwrap_or(u64::MAX);
    while left > 0 {
        let newest = lanes.iter_mut().filter(|lane| lane.head.is_some()).max_by(|a, b| {
            a.head.as_ref().map(|head| head.0).cmp(&b.head.as_ref().map(|head| head.0))
        });
        let Some(lane) = newest else { break };
        let Some((ts, line)) = &lane.head else { break };
        if since.is_some_and(|since| *ts < since) {
            break;
        }
        if printer.counts(line) {
            printer.line(line)?;
            left -= 1;
        }
        lane.advance()?;
    }
    printer.flush()?;
    Ok(Exit::Done.code())
}
