//! Commands that are told how a plan fares. They run beside everything else, for a bounded time, and
//! how they ended stands in the log.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::drive::Supervisor;
use super::history::known;
use super::lifecycle::said;
use super::secrets::{Secrets, value_of};
use crate::fold::RunFold;
use crate::model::{Event, Hooks, Level, MOST_SECRETS, Stamp, Verdict, secret};
use crate::os::child::kill_group;
use crate::os::kernel::{self, Exited, Which};
use crate::os::pidfd::Pidfd;

/// Bytes of what a hook prints that are kept: the last ones.
const KEPT: u64 = 500;

/// A hook at work.
#[derive(Debug)]
pub(super) struct Hook {
    name: &'static str,
    pub(super) held: Pidfd,
    output: File,
    began: Instant,
    pub(super) until: Instant,
    late: bool,
}

/// What a hook is told on its standard input, as one line of JSON.
#[derive(Debug, Serialize)]
struct Told<'a> {
    hook: &'a str,
    plan: &'a str,
    run: u64,
    verdict: Verdict,
    exit: Option<i32>,
    reasons: &'a [String],
    code: Option<i32>,
    signal: Option<i32>,
    restarts: u32,
    started_at: Stamp,
    ended_at: Option<Stamp>,
    wall_ms: Option<u64>,
    stalled_ms: Option<u64>,
    tasks: &'a crate::model::TaskCounts,
    first_failure: &'a Option<crate::model::Failure>,
    log: String,
}

impl Supervisor {
    /// Tells whoever wants to know how the last run ended.
    pub(super) fn tell_end(&mut self) -> io::Result<()> {
        if self.spec.hooks.is_empty() || !self.judged {
            return Ok(());
        }
        let fold = known(&self.plan)?;
        let Some(run) = fold.run(self.run) else { return Ok(()) };
        let Hooks { on_success, on_failure, .. } = self.spec.hooks.clone();
        match run.verdict.is_success() {
            true => self.run_hook("on-success", on_success, run),
            false => self.run_hook("on-failure", on_failure, run),
        }
    }

    /// Tells that the run has stalled.
    pub(super) fn tell_stall(&mut self, silent_ms: u64) -> io::Result<()> {
        let Some(command) = self.spec.hooks.on_stall.clone() else { return Ok(()) };
        let fold = known(&self.plan)?;
        let Some(run) = fold.run(self.run) else { return Ok(()) };
        let run = RunFold { stalled_ms: Some(silent_ms), ..run.clone() };
        self.run_hook("on-stall", Some(command), &run)
    }

    fn run_hook(
        &mut self,
        name: &'static str,
        command: Option<Vec<String>>,
        run: &RunFold,
    ) -> io::Result<()> {
        let Some(command) = command else { return Ok(()) };
        match self.begin_hook(name, &command, run) {
            Ok(hook) => {
                self.hooks.push(hook);
                Ok(())
            }
            Err(error) => {
                let command = secret::shown(&command);
                let program = command.first().map_or("", String::as_str);
                self.say_hook(
                    name,
                    None,
                    Some(format!("{program}: {error}")),
                    0,
                    false,
                    String::new(),
                )
            }
        }
    }

    fn begin_hook(
        &self,
        name: &'static str,
        command: &[String],
        run: &RunFold,
    ) -> io::Result<Hook> {
        let command = secret::filled(command, |name| value_of(name, &self.env));
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut input = tempfile::tempfile()?;
        let log = self.plan.log().display().to_string();
        serde_json::to_writer(&mut input, &told(name, self.plan.name().as_str(), run, log))?;
        input.write_all(b"\n")?;
        input.rewind()?;
        let output = tempfile::tempfile()?;
        let exit = run.exit.map_or_else(String::new, |exit| exit.to_string());
        let mut command = Command::new(program);
        kernel::with_fresh_signals(&mut command)
            .args(arguments)
            .current_dir(&self.spec.cwd)
            .envs(&self.env)
            .env("PLANWATCH_HOOK", name)
            .env("PLANWATCH_PLAN", self.plan.name().as_str())
            .env("PLANWATCH_RUN", run.run.to_string())
            .env("PLANWATCH_VERDICT", run.verdict.name())
            .env("PLANWATCH_EXIT", exit)
            .env("PLANWATCH_REASON", run.reasons.join("; "))
            .stdin(Stdio::from(input))
            .stdout(Stdio::from(output.try_clone()?))
            .stderr(Stdio::from(output.try_clone()?))
            .process_group(0);
        let child = command.spawn()?;
        let pid = i32::try_from(child.id()).unwrap_or_default();
        let gone = || io::Error::other("it was gone before it could be held");
        let held = Pidfd::open(pid, None)?.ok_or_else(gone)?;
        let began = Instant::now();
        let limit = self.spec.hooks.timeout_ms.unwrap_or(Hooks::USUAL_TIMEOUT_MS);
        let until = began + Duration::from_millis(limit);
        Ok(Hook { name, held, output, began, until, late: false })
    }

    /// Ends the hooks whose time is up.
    pub(super) fn end_late_hooks(&mut self, now: Instant) {
        for hook in self.hooks.iter_mut().filter(|hook| !hook.late && hook.until <= now) {
            hook.late = true;
            // The whole group: what a shell has started is not left behind.
            let _ = kill_group(hook.held.pid());
        }
    }

    /// When the next one is to be ended.
    pub(super) fn hook_wake_at(&self) -> Option<Instant> {
        self.hooks.iter().filter(|hook| !hook.late).map(|hook| hook.until).min()
    }

    /// One of them may have ended.
    pub(super) fn look_at_hooks(&mut self) -> io::Result<()> {
        let ended = self.hooks.iter().filter(|hook| hook.held.has_ended());
        for pid in ended.map(|hook| hook.held.pid()).collect::<Vec<_>>() {
            if let Some(reaped) = kernel::ended_child(Which::Pid(pid), false)? {
                self.hook_ended(pid, reaped.exited)?;
            }
        }
        Ok(())
    }

    /// A child has ended: perhaps a hook.
    pub(super) fn hook_ended(&mut self, pid: i32, exited: Exited) -> io::Result<()> {
        let Some(at) = self.hooks.iter().position(|hook| hook.held.pid() == pid) else {
            return Ok(());
        };
        let mut hook = self.hooks.remove(at);
        let took = u64::try_from(hook.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let secrets = Secrets::of(&self.spec, &self.env);
        let said = last_words(&mut hook.output, &secrets).unwrap_or_default();
        self.say_hook(hook.name, Some(exited), None, took, hook.late, said)
    }

    fn say_hook(
        &mut self,
        name: &str,
        exited: Option<Exited>,
        error: Option<String>,
        took_ms: u64,
        timeout: bool,
        words: String,
    ) -> io::Result<()> {
        let (code, signal) = match exited {
            Some(Exited::Code(code)) => (Some(code), None),
            Some(Exited::Signal(signal)) => (None, Some(signal)),
            None => (None, None),
        };
        let span = crate::model::format_duration(Duration::from_millis(took_ms));
        let msg = match (&error, code) {
            (Some(error), _) => format!("{name} could not be run: {error}"),
            _ if timeout => format!("{name} was ended after {span}: its time was up"),
            (_, Some(code)) => format!("{name} exited with code {code} after {span}"),
            _ => format!("{name} was killed after {span}"),
        };
        let level = if code == Some(0) { Level::Info } else { Level::Warning };
        let hook = name.to_owned();
        let event = Event::HookRan { hook, code, signal, error, timeout, took_ms, said: words };
        self.lifecycle.say(said(self.run, level, msg, event))
    }
}

fn told<'a>(hook: &'a str, plan: &'a str, run: &'a RunFold, log: String) -> Told<'a> {
    Told {
        hook,
        plan,
        run: run.run,
        verdict: run.verdict,
        exit: run.exit,
        reasons: &run.reasons,
        code: run.code,
        signal: run.signal,
        restarts: run.restarts,
        started_at: run.started_at,
        ended_at: run.ended_at,
        wall_ms: run.wall_ms,
        stalled_ms: run.stalled_ms,
        tasks: &run.tasks,
        first_failure: &run.first_failure,
        log,
    }
}

fn last_words(output: &mut File, secrets: &Secrets) -> io::Result<String> {
    // Of a value that begins before what is kept no part may stay.
    let read = KEPT + MOST_SECRETS as u64;
    let length = output.metadata()?.len();
    output.seek(SeekFrom::Start(length.saturating_sub(read)))?;
    let mut bytes = Vec::new();
    output.take(read).read_to_end(&mut bytes)?;
    let text = secrets.cover(&String::from_utf8_lossy(&bytes));
    let from = text.floor_char_boundary(text.len().saturating_sub(KEPT as usize));
    Ok(text[from..].trim().to_owned())
}
