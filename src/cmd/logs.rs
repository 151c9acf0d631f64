//! `logs`: reads the logs of plans, and follows them.

mod cursor;
#[cfg(feature = "serve")]
mod far;
mod numbers;
mod reverse;
mod still;
mod targets;

use std::path::PathBuf;

use regex::bytes::Regex;

use self::cursor::CursorFile;
use self::targets::Chosen;
use super::World;
#[cfg(feature = "serve")]
use super::connect::Connect;
use super::follow::{Follower, block_on};
use super::print::{Own, Printer};
use super::select::Selector;
use super::tables::saved;
pub use crate::feed::search::Detail;
use crate::feed::search::seek_last;
pub use crate::feed::sieve::TaskGlob;
use crate::feed::sieve::{TaskFilter, Wanted};
use crate::feed::{Depth, Follow, Until, known};
use crate::model::{Level, Stamp, Stream};
use crate::os::host::boot_id;
use crate::render::line::Style;
use crate::store::layout::Home;
use crate::store::reader::Reader;

/// What a user may mean by `logs`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plans; never empty.
    pub plans: Vec<Selector>,
    /// The gateway whose plans are meant; None: those of this machine.
    #[cfg(feature = "serve")]
    pub connect: Option<Connect>,
    /// Go on with what comes.
    pub follow: bool,
    /// Go on when the followed runs have ended.
    pub forever: bool,
    /// Only the last so many records.
    pub lines: Option<u64>,
    /// Only records from here on.
    pub since: Option<Stamp>,
    /// Only records up to here.
    pub until: Option<Stamp>,
    /// Only records this bad or worse.
    pub level: Option<Level>,
    /// Only lines that one of these fits.
    pub grep: Vec<Regex>,
    /// No line that one of these fits.
    pub exclude: Vec<Regex>,
    /// Only these streams, if any is named.
    pub streams: Vec<Stream>,
    /// Only lines that speak of a task that one of these fits.
    pub tasks: Vec<TaskGlob>,
    /// Only this run.
    pub run: Option<u64>,
    /// Only records with a greater seq.
    pub after: Option<u64>,
    /// Where the last seq shown is kept between calls.
    pub cursor_file: Option<PathBuf>,
    /// So many records before and after each.
    pub around: (usize, usize),
    /// Of each run only the first.
    pub first_of_run: bool,
    /// Numbers instead of records.
    pub numbers: Option<Detail>,
    /// Newest first.
    pub reverse: bool,
    /// The time of each line in full.
    pub timestamps: bool,
    /// The form.
    pub output: LogForm,
}

/// The form in which `logs` prints records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogForm {
    /// For people: time, level, line.
    #[default]
    Short,
    /// The plan's very bytes.
    Cat,
    /// Records as stored, one a line.
    Json,
    /// `key=value` pairs, one record a line.
    Logfmt,
    /// As systemd's journal exports its entries.
    Export,
    /// As OpenTelemetry's collector reads log records, one request a line.
    OtlpJson,
}

/// Does it.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    // A time that has passed is an end that has been reached.
    let follows = options.follow && options.until.is_none_or(|until| until > world.now);
    #[cfg(feature = "serve")]
    if let Some(connect) = &options.connect {
        return far::run(&options, connect, follows, world);
    }
    if follows {
        return block_on(follow(&options, world));
    }
    let (home, chosen) = targets::choose(&options, world)?;
    let tasks = tasks(&options, &home, &chosen)?;
    let printer = printer(&options, world, &chosen, tasks);
    if options.reverse {
        return reverse::print(&home, &chosen, &options, printer);
    }
    still::print(&home, &chosen, &options, printer, world)
}

/// Prints what there is and what comes, until nothing more will.
pub(super) async fn follow(options: &Options, world: &World) -> anyhow::Result<i32> {
    let (follower, cursors) = start(options, world)?;
    print_all(follower, cursors).await
}

async fn print_all(mut follower: Follower, cursors: Option<CursorFile>) -> anyhow::Result<i32> {
    loop {
        if !follower.print()? {
            tokio::task::yield_now().await;
            continue;
        }
        save(cursors.as_ref(), &follower)?;
        if follower.is_over() {
            return follower.finish();
        }
        follower.wait().await?;
    }
}

/// A follower of the chosen plans, each at its place.
fn start(options: &Options, world: &World) -> anyhow::Result<(Follower, Option<CursorFile>)> {
    let (home, chosen) = targets::choose(options, world)?;
    let cursors = options.cursor_file.as_deref().map(CursorFile::open).transpose()?;
    let tasks = tasks(options, &home, &chosen)?;
    let mut follower = Follower::new(Follow::live()?, printer(options, world, &chosen, tasks));
    for one in &chosen {
        let saved = resumed(cursors.as_ref(), &home, one, follower.printer())?;
        follower.add(&home.plan(&one.plan), until(options, one), |reader, printer| {
            let (after, _) = place(reader, printer, &home, options, one, saved)?;
            reader.seek_after(after);
            Ok(())
        })?;
        if one.missing {
            let said = targets::waiting(&home.plans()?, &one.plan);
            follower.printer().say(&said)?;
        }
    }
    Ok((follower, cursors))
}

/// Where following a plan ends.
fn until(options: &Options, one: &Chosen) -> Until {
    match one.runs.iter().max() {
        _ if options.forever => Until::Never,
        Some(run) => Until::Run(*run),
        None => Until::Ended,
    }
}

/// The tasks that are wanted, by all the names that are known of them: those of the run that is
/// read, or of the last one, and of older ones as far as they are saved.
fn tasks(options: &Options, home: &Home, chosen: &[Chosen]) -> anyhow::Result<TaskFilter> {
    let mut filter = TaskFilter::new(options.tasks.clone());
    if filter.is_open() {
        return Ok(filter);
    }
    for one in chosen.iter().filter(|one| !one.missing) {
        let plan = home.plan(&one.plan);
        let fold = known(&plan, Depth::State)?;
        for run in fold.runs.iter().map(|run| run.run) {
            let reads = match one.runs.is_empty() {
                true => run == fold.last_run(),
                false => one.runs.contains(&run),
            };
            let table = match reads {
                true => known::tasks(&plan, run)?,
                false => saved(&plan, run),
            };
            filter.learn(&table.unwrap_or_default());
        }
    }
    Ok(filter)
}

fn printer(options: &Options, world: &World, chosen: &[Chosen], tasks: TaskFilter) -> Printer {
    let runs = chosen
        .iter()
        .flat_map(|one| one.runs.iter().map(|run| (one.plan.to_string(), *run)))
        .collect();
    let wanted = Wanted {
        since: options.since,
        until: options.until,
        level: options.level,
        texts: Some(options.grep.clone()).into_iter().filter(|group| !group.is_empty()).collect(),
        exclude: options.exclude.clone(),
        streams: options.streams.clone(),
        runs,
        tasks,
        ..Wanted::default()
    };
    let longest = chosen.iter().map(|one| one.plan.as_str().len()).max();
    let style = Style {
        colour: world.stdout.color,
        timestamps: options.timestamps,
        zone: world.zone.clone(),
        prefix: longest.filter(|_| chosen.len() > 1),
    };
    Printer::new(options.output, style, world.stdout.terminal, wanted, Own::Among)
}

/// How far the last call came. A log that has not come so far has been begun anew since: that is said,
/// and all of it is new.
fn resumed(
    cursors: Option<&CursorFile>,
    home: &Home,
    one: &Chosen,
    printer: &mut Printer,
) -> anyhow::Result<Option<u64>> {
    let Some(saved) = cursors.and_then(|cursors| cursors.get(&one.plan)) else { return Ok(None) };
    let last = Reader::open(&home.plan(&one.plan))?.last_seq()?;
    // After a power cut the log may end before what was printed of it, until it is gone on with: then
    // its numbers jump beyond that.
    if saved <= last || known(&home.plan(&one.plan), Depth::State)?.boot != boot_id() {
        return Ok(Some(saved));
    }
    if last > 0 {
        printer.renewed(&one.plan)?;
    }
    Ok(Some(0))
}

/// The seq behind which printing begins, and the one that it would begin behind without `-n`.
fn place(
    reader: &mut Reader,
    printer: &Printer,
    home: &Home,
    options: &Options,
    one: &Chosen,
    saved: Option<u64>,
) -> anyhow::Result<(u64, u64)> {
    if let Some(since) = options.since {
        reader.seek_since(since)?;
    }
    let after = saved.or(options.after);
    let floor = reader.cursor().max(after.unwrap_or(0)).max(one.begins.saturating_sub(1));
    let resumes = after.is_some() || options.since.is_some() || options.cursor_file.is_some();
    let ten = (options.follow && !resumes).then_some(10);
    let after = match options.lines.or(ten).filter(|_| saved.is_none()) {
        Some(lines) => seek_last(&home.plan(&one.plan), lines, floor, printer.sieve(), &|| true)?,
        None => floor,
    };
    Ok((after, floor))
}

fn save(cursors: Option<&CursorFile>, follower: &Follower) -> anyhow::Result<()> {
    match cursors {
        Some(cursors) => cursors.save(&follower.cursors()),
        None => Ok(()),
    }
}
