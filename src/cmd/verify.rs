//! `verify`: proves that a log is whole.

use anyhow::Context as _;

use super::World;
use super::out::Out;
use super::ps::NO_PLANS;
use super::say::say;
use super::select::{Selector, select};
use crate::exit::Exit;
use crate::model::{PlanName, format_size};
use crate::render::sanitize::harmless;
use crate::render::theme::{Tone, painted};
use crate::store::layout::Home;
use crate::store::verify::{Report, verify};

/// What a user may mean by `verify`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The plans; empty for all.
    pub plans: Vec<Selector>,
}

/// Does it.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let (home, plans) = if options.plans.is_empty() {
        let home = world.existing_home()?;
        let plans = home.as_ref().map(Home::plans).transpose()?.unwrap_or_default();
        let Some(home) = home.filter(|_| !plans.is_empty()) else {
            say(NO_PLANS);
            return Ok(Exit::Done.code());
        };
        (home, plans)
    } else {
        let (home, selected) = select(&options.plans, world)?;
        (home, selected.into_iter().map(|one| one.plan).collect())
    };
    let mut out = Out::stdout();
    let mut whole = true;
    for name in plans {
        let report =
            verify(&home.plan(&name)).with_context(|| format!("cannot read the log of {name}"))?;
        whole &= report.is_whole();
        tell(&mut out, &name, &report, world.stdout.color)?;
    }
    out.finish()?;
    Ok(if whole { Exit::Done.code() } else { Exit::Failed.code() })
}

fn tell(out: &mut Out, name: &PlanName, report: &Report, colour: bool) -> anyhow::Result<()> {
    let (word, tone) =
        if report.is_whole() { ("whole", Tone::Good) } else { ("NOT WHOLE", Tone::Bad) };
    let word = painted(word, tone, colour);
    let segments = if report.segments == 1 { "segment" } else { "segments" };
    let range = match report.records {
        0 => "no records".to_owned(),
        n => format!("{n} records, seq {}–{}", report.first, report.last),
    };
    let size = format_size(report.bytes);
    out.line(format!("{name}: {word}: {range}, {} {segments}, {size}", report.segments))?;
    for finding in &report.findings {
        out.line(format!("  {}", harmless(finding)))?;
    }
    if report.more > 0 {
        out.line(format!("  and {} findings more", report.more))?;
    }
    for note in &report.notes {
        out.line(format!("  note: {}", harmless(note)))?;
    }
    Ok(())
}
