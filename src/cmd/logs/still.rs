//! `logs` without `-f`: what there is now.

use std::sync::Arc;

use super::cursor::CursorFile;
use super::targets::Chosen;
use super::{Options, numbers, place, resumed};
use crate::cmd::World;
use crate::cmd::print::Printer;
use crate::exit::Exit;
use crate::feed::search::{Found, Search, Stretch, What, lead_up};
use crate::model::{PlanName, Stamp};
use crate::store::layout::Home;
use crate::store::reader::Reader;

/// More readers than this are not faster: the one who prints is the slowest then, and each needs
/// memory.
const MOST_THREADS: usize = 4;

/// Records that are worth more than one reader.
const A_LOT: u64 = 20_000;

/// Bytes of lines that are shown at once, in a write of their own.
const A_FEW: usize = 4 << 10;

/// Prints what is wanted of all plans, by time.
pub(super) fn print(
    home: &Home,
    chosen: &[Chosen],
    options: &Options,
    mut printer: Printer,
    world: &World,
) -> anyhow::Result<i32> {
    let cursors = options.cursor_file.as_deref().map(CursorFile::open).transpose()?;
    let mut stretches = Vec::new();
    for one in chosen {
        let saved = resumed(cursors.as_ref(), home, one, &mut printer)?;
        stretches.push(stretch(home, one, options, &printer, saved)?);
    }
    print_stretches(&stretches, chosen, options, printer, cursors, world)
}

/// Prints what is wanted of these stretches of the chosen plans, by time.
pub(super) fn print_stretches(
    stretches: &[Stretch],
    chosen: &[Chosen],
    options: &Options,
    mut printer: Printer,
    cursors: Option<CursorFile>,
    world: &World,
) -> anyhow::Result<i32> {
    let names: Vec<PlanName> = chosen.iter().map(|one| one.plan.clone()).collect();
    let mut search = Search {
        sieve: printer.sieve().clone(),
        around: options.around,
        first_of_run: options.first_of_run,
        numbers: options.numbers,
        threads: 1,
    };
    // Asking how many processors there are takes longer than reading the end of a log.
    let records =
        stretches.iter().map(|stretch| stretch.upto.saturating_sub(stretch.after)).sum::<u64>();
    if search.parts() && records > A_LOT {
        search.threads =
            std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    }
    let mut print = |found: Found<'_>| -> anyhow::Result<()> {
        match found.what {
            What::Lines(lines) => {
                printer.found(lines, options.around != (0, 0))?;
                // A search may take a while: what it has found is seen at once.
                if lines.len() < A_FEW && names.len() == 1 {
                    printer.flush()?;
                }
            }
            What::Gap { from, to } => printer.gap(&names[found.plan], from, to)?,
            What::Renewed => printer.renewed(&names[found.plan])?,
        }
        Ok(())
    };
    let tally = search.run(stretches, &mut print)?;
    if let Some(detail) = options.numbers {
        let counted = names.iter().cloned().zip(tally.numbers).collect();
        numbers::print(printer.out(), counted, detail, options.output, world)?;
    }
    printer.finish(tally.skipped)?;
    if let Some(cursors) = cursors {
        let seqs = stretches.iter().map(|stretch| stretch.upto.max(stretch.sought));
        cursors.save(&names.into_iter().zip(seqs).collect::<Vec<_>>())?;
    }
    Ok(Exit::Done.code())
}

/// What is to be read of a plan.
fn stretch(
    home: &Home,
    one: &Chosen,
    options: &Options,
    printer: &Printer,
    saved: Option<u64>,
) -> anyhow::Result<Stretch> {
    let plan = home.plan(&one.plan);
    let mut reader = Reader::open(&plan)?;
    // Where a reader that keeps pace with its writer comes to an end.
    let mut upto = reader.last_seq()?;
    let (sought, floor) = place(&mut reader, printer, home, options, one, saved)?;
    let after = lead_up(&mut reader, sought, options.around.0, floor, printer.sieve())?;
    if let Some(until) = options.until.filter(|_| options.cursor_file.is_none()) {
        reader.seek_time(Stamp(until.0 + 1))?;
        upto = upto.min(reader.cursor());
    }
    Ok(Stretch { log: Arc::new(plan), after, sought, upto })
}
