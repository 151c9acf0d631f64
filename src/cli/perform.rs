//! From the verb that was typed to the verb that does it.

use super::args::{AnyVerb, Verb};
use super::{command, resolve};
use crate::cmd::{self, World};

/// Does it and gives the exit code.
pub(super) fn any(verb: AnyVerb, world: &World) -> anyhow::Result<i32> {
    match verb {
        AnyVerb::Public(verb) => public(verb, world),
        AnyVerb::Supervise(typed) => cmd::supervise::run(typed.into(), world),
        AnyVerb::Queue => cmd::turn::run(world),
        AnyVerb::Exec(typed) => cmd::exec::run(typed.into(), world),
        AnyVerb::Compress(typed) => cmd::compress::run(typed.into(), world),
        AnyVerb::Recorder(typed) => cmd::recorder::run(typed.into(), world),
    }
}

fn public(verb: Verb, world: &World) -> anyhow::Result<i32> {
    if comes_by(&verb) {
        cmd::queue::come_by(world);
    }
    match verb {
        Verb::Run(typed) => cmd::run::run(resolve::run(*typed, world)?, world),
        Verb::Attach(typed) => cmd::attach::run(resolve::attach(*typed, world)?, world),
        Verb::Logs(typed) => cmd::logs::run(resolve::logs(*typed, world), world),
        Verb::Ps(typed) => cmd::ps::run(typed.into(), world),
        Verb::Tasks(typed) => cmd::tasks::run(typed.into(), world),
        Verb::Why(typed) => cmd::why::run(typed.into(), world),
        Verb::Watch(typed) => cmd::watch::run(typed.into(), world),
        #[cfg(feature = "serve")]
        Verb::Serve(typed) => cmd::serve::run(resolve::serve(*typed, world), world),
        Verb::Inspect(typed) => cmd::inspect::run(typed.into(), world),
        Verb::Stop(typed) => cmd::stop::run(typed.into(), world),
        Verb::Restart(typed) => cmd::restart::run(typed.into(), world),
        Verb::Signal(typed) => cmd::signal::run(typed.into(), world),
        Verb::Wait(typed) => cmd::wait::run(typed.into(), world),
        Verb::Up(typed) => cmd::up::run(typed.into(), world),
        Verb::Down(typed) => cmd::down::run(typed.into(), world),
        Verb::Check(typed) => cmd::check::run(typed.into(), world),
        Verb::Init(typed) => cmd::init::run(cmd::init::Options { dir: typed.dir }, world),
        Verb::Record(typed) => cmd::record::run(resolve::record(typed, world)?, world),
        Verb::Verify(typed) => cmd::verify::run(typed.into(), world),
        Verb::Rm(typed) => cmd::rm::run(typed.into(), world),
        Verb::Prune(typed) => cmd::prune::run(typed.into(), world),
        Verb::Doctor(typed) => cmd::doctor::run(typed.into(), world),
        Verb::Demo => cmd::demo::run(cmd::demo::Options {}, world),
        Verb::Completions(typed) => {
            let options = cmd::completions::Options { command: command(), shell: typed.shell };
            cmd::completions::run(options, world)
        }
        Verb::Man(typed) => {
            cmd::man::run(cmd::man::Options { command: command(), verb: typed.verb }, world)
        }
    }
}

/// Whether a verb has to do with the plans of the home, and does not look at the queue by itself.
const fn comes_by(verb: &Verb) -> bool {
    let looks = matches!(verb, Verb::Ps(_) | Verb::Up(_) | Verb::Down(_) | Verb::Watch(_));
    let elsewhere = matches!(
        verb,
        Verb::Check(_) | Verb::Init(_) | Verb::Demo | Verb::Completions(_) | Verb::Man(_)
    );
    !looks && !elsewhere
}
