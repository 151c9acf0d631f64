//! `record`: records standard input as a run of a plan.

use std::io::{IsTerminal as _, stdin};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;

use anyhow::Context as _;

use super::World;
use super::alive::wait_for_leavers;
use super::say::say;
use crate::exit::{Exit, Failure};
use crate::feed::{Depth, known};
use crate::model::Spec;
use crate::recorder::{self, Recorded};

/// What a user may mean by `record`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The plan's name and the limits of its log; its `argv` is empty.
    pub spec: Spec,
}

/// Records to the end of standard input; ends with the verdict of what it said.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let Options { spec } = options;
    let plan = world.open_home()?.plan(&spec.plan);
    let name = &spec.plan;
    if !known(&plan, Depth::State)?.is_live() {
        // Who looked after the run before lives a moment longer than its last record.
        wait_for_leavers(&plan)?;
    }
    let typed = stdin().is_terminal();
    let log = plan.log();
    let begun = |run: u64| {
        let keys = if typed { " · ^D ends it" } else { "" };
        say(format_args!("recording {name} run {run} · log: {}{keys}", log.display()));
    };
    let recorded = recorder::record_input(&plan, &spec, input, typed, begun);
    match recorded.with_context(|| format!("cannot record {name} in {}", log.display()))? {
        Recorded::Run(run, judged) => {
            say(format_args!("{name} run {run} {}", judged.msg));
            Ok(judged.exit)
        }
        Recorded::Busy(holder) => Err(Failure::new(Exit::Refused, format!("{name} is being run"))
            .because(format!("process {} looks after it", holder.pid))
            .hint(format!("see `planwatch ps`, or record under another name than {name}"))
            .into()),
        Recorded::Unfinished(run) => {
            Err(Failure::new(Exit::Refused, format!("run {run} of {name} has not ended"))
                .because("it was left without a supervisor")
                .hint(format!(
                    "`planwatch ps` looks after it again; `planwatch stop {name}` ends it"
                ))
                .into())
        }
    }
}

/// Standard input as something that bytes can be spliced out of: a pipe or a file as it is,
/// anything else (a terminal, a socket, /dev/null) through a pipe of our own.
fn input() -> std::io::Result<OwnedFd> {
    let given = stdin().as_fd().try_clone_to_owned()?;
    let kind = std::fs::File::from(given.try_clone()?).metadata()?.file_type();
    if kind.is_fifo() || kind.is_file() {
        return Ok(given);
    }
    let (reader, mut writer) = std::io::pipe()?;
    // It ends with the input, or with us.
    std::thread::Builder::new().name("input".to_owned()).spawn(move || {
        if let Err(error) = std::io::copy(&mut std::fs::File::from(given), &mut writer) {
            say(format_args!("standard input cannot be read any further: {error}"));
        }
    })?;
    Ok(reader.into())
}
