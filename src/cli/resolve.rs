//! What was typed × what surrounds the command → what is meant.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::args::{self, LogLimits, RecordArgs, RunArgs};
use crate::cmd::logs::Detail;
use crate::cmd::{self, World};
use crate::exit::{Exit, Failure};
use crate::model::{Level, LogSpec, NameError, PlanName, Spec, StopSpec};

pub(super) fn run(typed: RunArgs, world: &World) -> Result<cmd::run::Options, Failure> {
    let argv = typed
        .command
        .into_iter()
        .map(OsString::into_string)
        .collect::<Result<Vec<String>, OsString>>()
        .map_err(|argument| {
            Failure::new(Exit::Planwatch, format!("cannot run {}", argument.display()))
                .because("the argument is not UTF-8, and the log that names it is")
                .hint("put the command into a script and run that")
        })?;
    let cwd = folder(typed.chdir, world)?;
    let given = |name: &str| {
        typed.env.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let run_id_dir = given("RUN_ID_DIR")
        .or_else(|| Some(world.var("RUN_ID_DIR")?.to_string_lossy().into_owned()));
    let plan = match typed.name {
        Some(name) => name,
        None => PlanName::of_command(run_id_dir.as_deref(), &argv).ok_or_else(|| {
            Failure::new(Exit::Planwatch, "this plan needs a name")
                .hint("planwatch run -n NAME -- …")
        })?,
    };
    let mut spec = Spec::new(plan, argv, cwd.clone());
    spec.env_files = typed.env_file.into_iter().map(|file| cwd_join(world, file)).collect();
    spec.secrets = typed.secret;
    spec.stdin = typed.stdin.map(|file| cwd_join(world, file));
    spec.umask = world.umask;
    spec.bridge = !typed.no_bridge;
    spec.tied = typed.tied;
    spec.restart = typed.restart.0;
    spec.stop = StopSpec {
        timeout_ms: typed.timeout.map(millis),
        signal: typed.stop_signal,
        grace_ms: millis(typed.stop_timeout),
    };
    if !typed.verdict.is_empty() {
        spec.require(typed.verdict);
    }
    spec.success_exit_codes = typed.success_exit_codes;
    spec.log = limits(typed.limits);
    Ok(cmd::run::Options {
        spec,
        env: typed.env,
        detach: typed.detach,
        if_running: match typed.if_running {
            args::IfRunning::Fail => cmd::run::IfRunning::Fail,
            args::IfRunning::Attach => cmd::run::IfRunning::Attach,
            args::IfRunning::Replace => cmd::run::IfRunning::Replace,
        },
    })
}

pub(super) fn record(typed: RecordArgs, world: &World) -> Result<cmd::record::Options, Failure> {
    let mut spec = Spec::new(typed.name, Vec::new(), world.cwd()?.to_owned());
    spec.umask = world.umask;
    if !typed.verdict.is_empty() {
        spec.require(typed.verdict);
    }
    spec.log = limits(typed.limits);
    Ok(cmd::record::Options { spec })
}

pub(super) fn attach(
    typed: args::AttachArgs,
    world: &World,
) -> Result<cmd::attach::Options, Failure> {
    use cmd::attach::{Options, foreign};
    let wrong = |text: &str, why: String| {
        Failure::new(Exit::Usage, format!("-n {text} makes no sense here")).because(why)
    };
    if let Some(target) = typed.target {
        let lines = match &typed.short {
            Some(text) => {
                text.parse().map_err(|_| wrong(text, "it is a number of lines".to_owned()))?
            }
            None => typed.lines.unwrap_or(10),
        };
        return Ok(Options::Plan { target, lines });
    }
    let name = match &typed.short {
        Some(text) => {
            Some(text.parse().map_err(|error: NameError| wrong(text, error.to_string()))?)
        }
        None => typed.name,
    };
    let detach = typed.detach;
    let what = match (typed.dir, typed.pid) {
        (Some(dir), _) if typed.all => {
            return Ok(Options::All { parent: cwd_join(world, dir), detach });
        }
        (Some(dir), _) => foreign::What::Folder(cwd_join(world, dir)),
        (None, pid) => {
            let files = typed.file.into_iter().map(|file| cwd_join(world, file)).collect();
            foreign::What::Process { pid: pid.unwrap_or_default(), files }
        }
    };
    Ok(Options::Foreign(foreign::Options { what, name, detach }))
}

pub(super) fn logs(typed: args::LogsArgs, world: &World) -> cmd::logs::Options {
    cmd::logs::Options {
        plans: typed.plans,
        #[cfg(feature = "serve")]
        connect: typed.connect.meant(),
        follow: typed.follow,
        forever: typed.forever,
        lines: typed.lines,
        since: typed.since.map(|when| when.resolve(world.now, &world.zone)),
        until: typed.until.map(|when| when.resolve(world.now, &world.zone)),
        level: typed.level.or(typed.first_error.then_some(Level::Error)),
        grep: typed.grep,
        exclude: typed.exclude,
        streams: typed.stream,
        tasks: typed.task,
        run: typed.run,
        after: typed.after,
        cursor_file: typed.cursor_file.map(|file| cwd_join(world, file)),
        around: (
            typed.before_context.or(typed.context).unwrap_or(0),
            typed.after_context.or(typed.context).unwrap_or(0),
        ),
        first_of_run: typed.first_error,
        numbers: match (typed.count, typed.stats) {
            (true, _) => Some(Detail::Count),
            (_, true) => Some(Detail::Stats),
            _ => None,
        },
        reverse: typed.reverse,
        timestamps: typed.timestamps,
        output: match typed.output {
            args::LogForm::Short => cmd::logs::LogForm::Short,
            args::LogForm::Cat => cmd::logs::LogForm::Cat,
            args::LogForm::Json => cmd::logs::LogForm::Json,
            args::LogForm::Logfmt => cmd::logs::LogForm::Logfmt,
            args::LogForm::Export => cmd::logs::LogForm::Export,
            args::LogForm::OtlpJson => cmd::logs::LogForm::OtlpJson,
        },
    }
}

#[cfg(feature = "serve")]
pub(super) fn serve(typed: args::ServeArgs, world: &World) -> cmd::serve::Options {
    cmd::serve::Options {
        listen: typed.listen,
        token_file: typed.token_file.map(|file| cwd_join(world, file)),
        no_token: typed.no_token,
        origins: typed.allow_origin,
        hosts: typed.allow_host,
        control: typed.allow_control,
        remote: typed.allow_remote,
        planexe: typed.planexe,
        max_clients: typed.max_clients,
    }
}

fn limits(typed: LogLimits) -> LogSpec {
    let mut log = LogSpec {
        segment_size: typed.segment_size,
        segment_age_ms: typed.segment_age.map(millis),
        compress: typed.compress,
        max_line: typed.max_line,
        on_full: typed.on_full,
        sync_ms: typed.sync.map(millis),
        ..LogSpec::default()
    };
    if !typed.keep.is_empty() {
        log.keep = typed.keep;
    }
    log
}

fn folder(typed: Option<PathBuf>, world: &World) -> Result<PathBuf, Failure> {
    match typed {
        None => Ok(world.cwd()?.to_owned()),
        Some(dir) if dir.is_absolute() => Ok(tidy(&dir)),
        Some(dir) => Ok(tidy(&world.cwd()?.join(dir))),
    }
}

fn cwd_join(world: &World, file: PathBuf) -> PathBuf {
    match &world.cwd {
        Some(cwd) => tidy(&cwd.join(file)),
        None => file,
    }
}

/// The same path without what means nothing: `/srv/.` is `/srv`.
fn tidy(path: &Path) -> PathBuf {
    path.components().collect()
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
