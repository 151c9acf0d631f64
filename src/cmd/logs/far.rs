//! `logs --connect`: the logs of another machine.
//!
//! What is not wanted is left out there, as far as that can be said in a query, so that it does not
//! travel; the printer asks every record again.

use std::fmt::Write as _;
use std::sync::Arc;

use super::cursor::CursorFile;
use super::targets::{self, Chosen};
use super::{Options, print_all, printer, still, until};
use crate::cmd::World;
use crate::cmd::connect::{Connect, failure};
use crate::cmd::follow::{Follower, block_on};
use crate::cmd::say::say;
use crate::exit::{Exit, Failure};
use crate::feed::Follow;
use crate::feed::search::Stretch;
use crate::feed::sieve::{Audience, TaskFilter, Wanted};
use crate::fold::Fold;
use crate::model::PlanName;
use crate::remote::{Client, Records, Trouble};

/// Does it.
pub(super) fn run(
    options: &Options,
    connect: &Connect,
    follows: bool,
    world: &World,
) -> anyhow::Result<i32> {
    if options.reverse {
        return Err(Failure::new(Exit::Usage, "--reverse over --connect")
            .because("a gateway gives records oldest first")
            .hint("leave out --reverse; the last ones alone: -n N")
            .into());
    }
    let client = connect.client(world)?;
    let asked = |trouble: Trouble| failure(&client, trouble);
    let plans = client.plans().map_err(asked)?;
    let mut known = |plan: &PlanName| Ok(client.known(plan).map_err(asked)?);
    let chosen = targets::choose_among(options, &plans, &mut known)?;
    let folds: Vec<Fold> = chosen
        .iter()
        .map(|one| if one.missing { Ok(Fold::new(one.plan.clone())) } else { known(&one.plan) })
        .collect::<anyhow::Result<_>>()?;
    let tasks = tasks(options, &client, &chosen, &folds).map_err(asked)?;
    let far = Far { options, client, printer: printer(options, world, &chosen, tasks), chosen };
    let cursors = options.cursor_file.as_deref().map(CursorFile::open).transpose()?;
    match follows {
        true => block_on(far.follow(folds, &plans, cursors)),
        false => far.print(&folds, cursors, world),
    }
}

/// The tasks that are wanted, by all the names that they have in the runs that are read.
fn tasks(
    options: &Options,
    client: &Client,
    chosen: &[Chosen],
    folds: &[Fold],
) -> Result<TaskFilter, Trouble> {
    let mut filter = TaskFilter::new(options.tasks.clone());
    if filter.is_open() {
        return Ok(filter);
    }
    for (one, fold) in chosen.iter().zip(folds) {
        for run in fold.runs.iter().map(|run| run.run) {
            if one.runs.is_empty() || one.runs.contains(&run) {
                filter.learn(&client.tasks(&one.plan, run)?);
            }
        }
    }
    Ok(filter)
}

struct Far<'a> {
    options: &'a Options,
    client: Client,
    printer: crate::cmd::print::Printer,
    chosen: Vec<Chosen>,
}

impl Far<'_> {
    async fn follow(
        self,
        folds: Vec<Fold>,
        plans: &[PlanName],
        cursors: Option<CursorFile>,
    ) -> anyhow::Result<i32> {
        let places = self.places(cursors.as_ref())?;
        let Far { options, client, printer, chosen } = self;
        let mut follower = Follower::new(Follow::live()?, printer);
        for ((one, fold), after) in chosen.iter().zip(folds).zip(places) {
            if one.missing {
                follower.printer().say(&targets::waiting(plans, &one.plan))?;
            }
            // Everything comes, for what ends the run may be none of what is shown.
            let records = records(&client, one, String::new());
            let source = records.follow(after, follower.bell());
            follower.add_far(fold, source, until(options, one));
        }
        print_all(follower, cursors).await
    }

    fn print(
        self,
        folds: &[Fold],
        cursors: Option<CursorFile>,
        world: &World,
    ) -> anyhow::Result<i32> {
        let places = self.places(cursors.as_ref())?;
        let options = self.options;
        let wanted = self.printer.sieve().wanted();
        // What stands around a wanted record is none of those, and must come all the same.
        let picks = options.around == (0, 0) && !options.first_of_run;
        let stretches: Vec<Stretch> = self
            .chosen
            .iter()
            .zip(folds)
            .zip(places)
            .map(|((one, fold), after)| {
                let filter = filter(wanted, one, picks);
                let log = Arc::new(records(&self.client, one, filter));
                Stretch { log, after, sought: after, upto: fold.seq }
            })
            .collect();
        still::print_stretches(&stretches, &self.chosen, options, self.printer, cursors, world)
            .map_err(|error| self::told(&self.client, error))
    }

    /// Behind which seq each plan is begun.
    fn places(&self, cursors: Option<&CursorFile>) -> anyhow::Result<Vec<u64>> {
        let options = self.options;
        let wanted = self.printer.sieve().wanted();
        let place = |one: &Chosen| -> Result<u64, Trouble> {
            let saved = cursors.and_then(|cursors| cursors.get(&one.plan));
            let after = saved.or(options.after);
            let floor = after.unwrap_or(0).max(one.begins.saturating_sub(1));
            let resumes = after.is_some() || options.since.is_some() || cursors.is_some();
            let ten = (options.follow && !resumes).then_some(10);
            let lines = options.lines.or(ten).filter(|_| saved.is_none());
            if one.missing || lines.is_none() && options.since.is_none() {
                return Ok(floor);
            }
            let mut ask = String::new();
            if let Some(after) = after {
                let _ = write!(ask, "&after={after}");
            }
            if let Some(lines) = lines {
                let _ = write!(ask, "&last={lines}");
            }
            let records = records(&self.client, one, filter(wanted, one, true));
            Ok(records.place(&ask)?.max(floor))
        };
        let placed = self.chosen.iter().map(place).collect::<Result<_, _>>();
        Ok(placed.map_err(|trouble| failure(&self.client, trouble))?)
    }
}

fn records(client: &Client, one: &Chosen, filter: String) -> Records {
    Records::new(client, one.plan.clone(), filter, Arc::new(|said| say(said)))
}

/// An error of the search, which may be one of the gateway.
fn told(client: &Client, error: anyhow::Error) -> anyhow::Error {
    let trouble = error
        .downcast_ref::<std::io::Error>()
        .and_then(|error| error.get_ref()?.downcast_ref::<Trouble>().cloned());
    match trouble {
        Some(trouble) => failure(client, trouble).into(),
        None => error,
    }
}

/// What is left out where the log is, as it stands in a query. With `picks`, also what is not one
/// of the records that are looked for.
fn filter(wanted: &Wanted, one: &Chosen, picks: bool) -> String {
    let mut query = String::new();
    let mut say = |name: &str, value: &str| {
        query.push('&');
        query.push_str(name);
        query.push('=');
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                    query.push(char::from(byte));
                }
                _ => {
                    let _ = write!(query, "%{byte:02X}");
                }
            }
        }
    };
    match wanted.audience {
        Audience::People => say("audience", "people"),
        Audience::Bytes => say("audience", "bytes"),
        _ => {}
    }
    if let Some(since) = wanted.since {
        say("since", &since.to_string());
    }
    if let Some(until) = wanted.until {
        say("until", &until.to_string());
    }
    wanted.streams.iter().for_each(|stream| say("stream", &stream.to_string()));
    if let [run] = one.runs[..] {
        say("run", &run.to_string());
    }
    if !picks {
        return query;
    }
    if let Some(level) = wanted.level {
        say("level", level.name());
    }
    wanted.texts.iter().flatten().for_each(|pattern| say("grep", pattern.as_str()));
    wanted.exclude.iter().for_each(|pattern| say("exclude", pattern.as_str()));
    wanted.tasks.patterns().for_each(|glob| say("task", glob.text()));
    query
}
