//! What was typed × what surrounds the command → what is meant.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::args::{self, LogLimits, RecordArgs, RunArgs};
use crate::cmd::{self, World};
use crate::exit::{Exit, Failure};
use crate::model::{LogSpec, PlanName, Spec, StopSpec, VerdictRule};

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
        None => default_name(run_id_dir.as_deref(), &argv).ok_or_else(|| {
            Failure::new(Exit::Planwatch, "this plan needs a name")
                .hint("planwatch run -n NAME -- …")
        })?,
    };
    let mut spec = Spec::new(plan, argv, cwd.clone());
    spec.env_files = typed.env_file.into_iter().map(|file| cwd_join(world, file)).collect();
    spec.stdin = typed.stdin.map(|file| cwd_join(world, file));
    spec.umask = world.umask;
    spec.bridge = !typed.no_bridge;
    spec.tied = typed.tied;
    spec.stop = StopSpec {
        timeout_ms: typed.timeout.map(millis),
        signal: typed.stop_signal,
        grace_ms: millis(typed.stop_timeout),
    };
    if !typed.verdict.is_empty() {
        spec.verdict = typed.verdict;
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
        spec.verdict = typed.verdict;
    }
    if !spec.verdict.contains(&VerdictRule::Exit) {
        spec.verdict.insert(0, VerdictRule::Exit);
    }
    spec.log = limits(typed.limits);
    Ok(cmd::record::Options { spec })
}

pub(super) fn logs(typed: args::LogsArgs, world: &World) -> cmd::logs::Options {
    cmd::logs::Options {
        plans: typed.plans,
        follow: typed.follow,
        forever: typed.forever,
        lines: typed.lines,
        since: typed.since.map(|when| when.resolve(world.now, &world.zone)),
        until: typed.until.map(|when| when.resolve(world.now, &world.zone)),
        level: typed.level,
        grep: typed.grep,
        exclude: typed.exclude,
        streams: typed.stream,
        tasks: typed.task,
        run: typed.run,
        after: typed.after,
        cursor_file: typed.cursor_file.map(|file| cwd_join(world, file)),
        reverse: typed.reverse,
        timestamps: typed.timestamps,
        output: match typed.output {
            args::LogForm::Short => cmd::logs::LogForm::Short,
            args::LogForm::Cat => cmd::logs::LogForm::Cat,
            args::LogForm::Json => cmd::logs::LogForm::Json,
            args::LogForm::Logfmt => cmd::logs::LogForm::Logfmt,
        },
    }
}

/// The name of a plan that was given none: the base name of RUN_ID_DIR, else of `--module`, `-m` or
/// the script, made legal.
fn default_name(run_id_dir: Option<&str>, argv: &[String]) -> Option<PlanName> {
    let base = |path: &str| {
        let name = Path::new(path).file_name()?.to_str()?.to_owned();
        PlanName::legalised(&name)
    };
    if let Some(name) = run_id_dir.filter(|dir| !dir.is_empty()).and_then(base) {
        return Some(name);
    }
    let after = |flag: &str| {
        argv.iter().enumerate().skip(1).find_map(|(at, word)| {
            if word == flag {
                return argv.get(at + 1).cloned();
            }
            word.strip_prefix(flag)?.strip_prefix('=').map(str::to_owned)
        })
    };
    if let Some(module) = after("--module") {
        return PlanName::legalised(&module);
    }
    // `python -m luigi mars Base`: the module that matters was looked for above.
    if let Some(module) = after("-m").filter(|module| module != "luigi") {
        return PlanName::legalised(module.rsplit('.').next().unwrap_or(&module));
    }
    let script = match interpreter(argv.first()?) {
        true => argv.iter().skip(1).find(|word| !word.starts_with('-')).or(argv.first()),
        false => argv.first(),
    }?;
    base(script.strip_suffix(".py").or_else(|| script.strip_suffix(".sh")).unwrap_or(script))
}

/// Whether a program runs a script that its arguments name.
fn interpreter(program: &str) -> bool {
    let name = Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program);
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    matches!(plain, "python" | "pypy" | "sh" | "bash" | "zsh" | "env" | "nice" | "uv" | "luigi")
}

fn limits(typed: LogLimits) -> LogSpec {
    let mut log = LogSpec {
        segment_size: typed.segment_size,
        segment_age_ms: typed.segment_age.map(millis),
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
        Some(dir) if dir.is_absolute() => Ok(dir),
        Some(dir) => Ok(world.cwd()?.join(dir)),
    }
}

fn cwd_join(world: &World, file: PathBuf) -> PathBuf {
    match &world.cwd {
        Some(cwd) => cwd.join(file),
        None => file,
    }
}

fn millis(span: std::time::Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_without_a_name_is_named_after_what_it_runs() {
        for (run_id_dir, command, name) in [
            (Some("/srv/run/dublin_cafe"), "python -m plan", "dublin_cafe"),
            (Some("/srv/run/dublin_cafe/"), "x", "dublin_cafe"),
            (None, "luigi --module mars Base", "mars"),
            (None, "python -m luigi --module=mars.base Base", "mars.base"),
            (None, "python -m worker_plan_internal.plan.run_plan_pipeline", "run_plan_pipeline"),
            (None, "python3.11 -u jobs/nightly.py --x", "nightly"),
            (None, "./nightly.sh", "nightly"),
            (None, "sh", "sh"),
            (None, "/usr/bin/sleep 5", "sleep"),
        ] {
            let argv: Vec<String> = command.split(' ').map(str::to_owned).collect();
            let made = default_name(run_id_dir, &argv).map(|name| name.to_string());
            assert_eq!(made.as_deref(), Some(name), "{command}");
        }
    }
}
