//! Verbs that mean just what was typed.

use super::args;
use crate::cmd;

impl From<args::PsArgs> for cmd::ps::Options {
    fn from(typed: args::PsArgs) -> Self {
        Self { all: typed.all, quiet: typed.quiet, group: typed.group, output: typed.output.into() }
    }
}

impl From<args::ListForm> for cmd::ps::ListForm {
    fn from(typed: args::ListForm) -> Self {
        match typed {
            args::ListForm::Table => Self::Table,
            args::ListForm::Json => Self::Json,
            args::ListForm::Jsonl => Self::Jsonl,
        }
    }
}

impl From<args::TasksArgs> for cmd::tasks::Options {
    fn from(typed: args::TasksArgs) -> Self {
        let view = match (typed.tree, typed.timeline) {
            (true, _) => cmd::tasks::View::Tree,
            (_, true) => cmd::tasks::View::Timeline,
            _ => cmd::tasks::View::Table,
        };
        let html = typed.html.map(|file| match file.as_os_str() == "-" {
            true => cmd::tasks::Page::Stdout,
            false => cmd::tasks::Page::File(file),
        });
        let (states, output) = (typed.state, typed.output.into());
        Self { target: typed.target, view, states, follow: typed.follow, html, output }
    }
}

impl From<args::WhyArgs> for cmd::why::Options {
    fn from(typed: args::WhyArgs) -> Self {
        Self { target: typed.target, json: typed.output == args::WhyForm::Json }
    }
}

impl From<args::WatchArgs> for cmd::watch::Options {
    fn from(typed: args::WatchArgs) -> Self {
        Self {
            plans: typed.plans,
            #[cfg(feature = "serve")]
            connect: typed.connect.meant(),
        }
    }
}

impl From<args::InspectArgs> for cmd::inspect::Options {
    fn from(typed: args::InspectArgs) -> Self {
        Self { plans: typed.plans }
    }
}

impl From<args::StopArgs> for cmd::stop::Options {
    fn from(typed: args::StopArgs) -> Self {
        Self { plans: typed.plans, signal: typed.signal, grace: typed.stop_timeout }
    }
}

impl From<args::RestartArgs> for cmd::restart::Options {
    fn from(typed: args::RestartArgs) -> Self {
        Self { plans: typed.plans, grace: typed.stop_timeout }
    }
}

impl From<args::SignalArgs> for cmd::signal::Options {
    fn from(typed: args::SignalArgs) -> Self {
        Self { signal: typed.signal, plans: typed.plans }
    }
}

impl From<args::WaitArgs> for cmd::wait::Options {
    fn from(typed: args::WaitArgs) -> Self {
        let until = match typed.until {
            args::Until::Exit => cmd::wait::Until::Exit,
            args::Until::Task(glob) => cmd::wait::Until::Task(glob),
            args::Until::Log(pattern) => cmd::wait::Until::Log(pattern),
        };
        Self { plans: typed.plans, any: typed.any, timeout: typed.timeout, until }
    }
}

impl From<args::VerifyArgs> for cmd::verify::Options {
    fn from(typed: args::VerifyArgs) -> Self {
        Self { plans: typed.plans }
    }
}

impl From<args::RmArgs> for cmd::rm::Options {
    fn from(typed: args::RmArgs) -> Self {
        Self { plans: typed.plans }
    }
}

impl From<args::PruneArgs> for cmd::prune::Options {
    fn from(typed: args::PruneArgs) -> Self {
        let (older_than, dry_run) = (typed.older_than, typed.dry_run);
        Self { plans: typed.plans, keep: typed.keep, total: typed.total, older_than, dry_run }
    }
}

impl From<args::WantedArgs> for cmd::plansfile::Wanted {
    fn from(typed: args::WantedArgs) -> Self {
        Self { file: typed.file, names: typed.names, group: typed.group }
    }
}

impl From<args::UpArgs> for cmd::up::Options {
    fn from(typed: args::UpArgs) -> Self {
        let stay = typed.foreground.then_some(cmd::up::Stay { quiet: typed.quiet });
        Self { wanted: typed.wanted.into(), jobs: typed.jobs, resume: typed.resume, stay }
    }
}

impl From<args::DownArgs> for cmd::down::Options {
    fn from(typed: args::DownArgs) -> Self {
        let args::WantedArgs { file, group, names } = typed.wanted;
        Self { file, names, group, all: typed.all, grace: typed.stop_timeout }
    }
}

impl From<args::CheckArgs> for cmd::check::Options {
    fn from(typed: args::CheckArgs) -> Self {
        let (output, schema) = (typed.output.into(), typed.schema);
        Self { wanted: typed.wanted.into(), output, schema }
    }
}

impl From<args::SuperviseArgs> for cmd::supervise::Options {
    fn from(typed: args::SuperviseArgs) -> Self {
        Self { plan: typed.plan, adopt: typed.adopt, plan_pidfd: typed.plan_pidfd }
    }
}

impl From<args::ExecArgs> for cmd::exec::Options {
    fn from(typed: args::ExecArgs) -> Self {
        Self { arguments: typed.arguments }
    }
}

impl From<args::RecorderArgs> for cmd::recorder::Options {
    fn from(typed: args::RecorderArgs) -> Self {
        Self { plan: typed.plan }
    }
}

impl From<args::CompressArgs> for cmd::compress::Options {
    fn from(typed: args::CompressArgs) -> Self {
        Self { plan: typed.plan }
    }
}

impl From<args::DoctorArgs> for cmd::doctor::Options {
    fn from(typed: args::DoctorArgs) -> Self {
        Self { fix: typed.fix }
    }
}
