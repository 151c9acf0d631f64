//! `doctor`: looks for what would keep planwatch from working well here.

mod lnav;
mod plans;

use std::time::Duration;

use super::World;
use super::out::Out;
use crate::exit::Exit;
use crate::model::format_size;
use crate::os::limits::{self, FileSystem};
use crate::os::poll::{self, PollFd, PollFlags};
use crate::render::sanitize::harmless;
use crate::render::theme::{Tone, painted};
use crate::store::layout::Home;
use crate::store::probe::{self, Probe};
use crate::wake::{Mode, Watcher};

/// What a user may mean by `doctor`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Mend what can be mended without a question.
    pub fix: bool,
}

/// What one look gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Ok,
    /// Works, but not as well as it could.
    Weak,
    /// Needs a person.
    Ill,
}

/// One look: at what, how it is, in words, and what to do.
struct Finding {
    about: &'static str,
    health: Health,
    text: String,
    hint: Option<String>,
}

fn finding(about: &'static str, health: Health, text: impl Into<String>) -> Finding {
    Finding { about, health, text: text.into(), hint: None }
}

impl Finding {
    fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }
}

/// How long a notification may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(2);

/// Room and files below which a home is nearly full.
const LEAST_FREE: (u64, u64) = (256 << 20, 1000);

/// Does it. Ends with 1 if something needs a person.
pub fn run(options: Options, world: &World) -> anyhow::Result<i32> {
    let mut findings = vec![version()];
    match world.open_home() {
        Err(failure) => {
            let hint = failure.hint.clone().unwrap_or_default();
            findings.push(finding("home", Health::Ill, failure.what).hint(hint));
        }
        Ok(home) => {
            findings.push(home_itself(&home, options.fix)?);
            findings.extend(file_system(&home));
            findings.push(room(&home)?);
            match Probe::begin(&home) {
                Ok(probe) => findings.extend([splicing(&probe), notifications(&probe)]),
                Err(error) => findings.push(finding("writing", Health::Ill, error.to_string())),
            }
            findings.extend(plans::look(&home, options.fix)?);
        }
    }
    findings.extend([open_files(), pipes(), inotify()]);
    findings.extend(small_limits());
    findings.extend(lnav::look(world, options.fix));
    tell(&findings, world)?;
    let ill = findings.iter().any(|finding| finding.health == Health::Ill);
    Ok(if ill { Exit::Failed.code() } else { Exit::Done.code() })
}

fn tell(findings: &[Finding], world: &World) -> anyhow::Result<()> {
    let mut out = Out::stdout();
    let colour = world.stdout.color;
    for finding in findings {
        let (word, tone) = match finding.health {
            Health::Ok => ("ok     ", Tone::Good),
            Health::Weak => ("note   ", Tone::Wait),
            Health::Ill => ("PROBLEM", Tone::Bad),
        };
        let word = painted(word, tone, colour);
        out.line(format!("{word}  {:<14} {}", finding.about, harmless(&finding.text)))?;
        if let Some(hint) = &finding.hint {
            for line in hint.lines() {
                out.line(format!("{:25}{}", "→ ", harmless(line)))?;
            }
        }
    }
    Ok(out.finish()?)
}

fn version() -> Finding {
    let kernel = limits::kernel();
    let text = format!("planwatch {} on Linux {kernel}", env!("CARGO_PKG_VERSION"));
    match limits::kernel_version() {
        version if version < (5, 3) => finding("version", Health::Ill, text)
            .hint("planwatch needs Linux 5.3 or later (pidfd_open)"),
        version if version < (6, 15) => finding("version", Health::Weak, text).hint(
            "before Linux 6.15 the exit code of a plan is not known if its supervisor was killed",
        ),
        _ => finding("version", Health::Ok, text),
    }
}

fn home_itself(home: &Home, fix: bool) -> anyhow::Result<Finding> {
    let path = home.path().display();
    let open = probe::open_to_others(home)?;
    let Some((first, mode)) = open.first() else {
        return Ok(finding("home", Health::Ok, format!("{path}, yours alone")));
    };
    let (first, count) = (first.display(), open.len());
    if fix && probe::close(&open).is_ok() {
        let text = format!("mended: {path} is yours alone now ({count} files or folders were not)");
        return Ok(finding("home", Health::Ok, text));
    }
    let more = if count > 1 { format!(", and {} more", count - 1) } else { String::new() };
    Ok(finding("home", Health::Ill, format!("{first} is open to others ({mode:04o}){more}"))
        .hint(format!("planwatch doctor --fix, or chmod -R go= {path}")))
}

fn file_system(home: &Home) -> Option<Finding> {
    let about = "file system";
    Some(match limits::file_system(home.path())? {
        FileSystem::Local(name) => finding(about, Health::Ok, name),
        FileSystem::Memory(name) => {
            finding(about, Health::Weak, format!("{name}: it lives in memory"))
                .hint("everything is gone when the machine is restarted")
        }
        FileSystem::Remote(name) => {
            finding(about, Health::Weak, format!("{name}: others may change it unheard")).hint(
                "put PLANWATCH_HOME on a local disk: followers poll here, locks are the server's",
            )
        }
        FileSystem::Unknown(magic) => {
            finding(about, Health::Ok, format!("of a kind that is not known here ({magic:#x})"))
        }
    })
}

fn room(home: &Home) -> anyhow::Result<Finding> {
    let (bytes, files) = limits::free(home.path())?;
    let text = format!("{} and {files} files free", format_size(bytes));
    // Some file systems make files as they need them and report 0.
    let few_files = files > 0 && files < LEAST_FREE.1;
    Ok(if bytes < LEAST_FREE.0 || few_files {
        finding("room", Health::Ill, text)
            .hint("when it is full, plans wait until there is room: planwatch prune --keep 1GiB")
    } else {
        finding("room", Health::Ok, text)
    })
}

fn splicing(probe: &Probe) -> Finding {
    match probe.splices() {
        Ok(true) => finding("exactly once", Health::Ok, "the file system takes bytes from pipes"),
        Ok(false) => finding(
            "exactly once",
            Health::Weak,
            "this file system takes no bytes from pipes: they are read and written instead",
        )
        .hint("a killed recorder can lose what it had just read; use ext4, xfs, btrfs or tmpfs"),
        Err(error) => finding("exactly once", Health::Ill, error.to_string()),
    }
}

fn notifications(probe: &Probe) -> Finding {
    let about = "notifications";
    let heard = || -> anyhow::Result<(Mode, bool)> {
        let watcher = Watcher::new()?;
        watcher.watch(probe.path());
        probe.change()?;
        let ready = poll::wait(&mut [PollFd::new(&watcher.fd(), PollFlags::IN)], Some(PATIENCE))?;
        Ok((watcher.mode(), ready > 0))
    };
    match heard() {
        Ok((Mode::Notify, true)) => finding(about, Health::Ok, "the kernel tells of changes"),
        Ok((Mode::Notify, false)) => {
            finding(about, Health::Ill, "a change in the home was not told")
                .hint("followers would stand still: put PLANWATCH_HOME on a local file system")
        }
        Ok((Mode::Polling(reason), _)) => {
            finding(about, Health::Weak, format!("followers look again and again: {reason}"))
                .hint("raise fs.inotify.max_user_instances, or use a local file system")
        }
        Err(error) => finding(about, Health::Ill, format!("{error:#}")),
    }
}

fn open_files() -> Finding {
    let about = "open files";
    match limits::open_files() {
        Some(limit) if limit < 64 => {
            finding(about, Health::Ill, format!("only {limit} a process")).hint("ulimit -n 1024")
        }
        Some(limit) => finding(about, Health::Ok, format!("{limit} a process")),
        None => finding(about, Health::Ok, "no limit"),
    }
}

/// Limits that are rarely set, and then in the way.
fn small_limits() -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(bytes) = limits::file_size().filter(|bytes| *bytes < 1 << 30) {
        let text = format!("no file may be longer than {}", format_size(bytes));
        found.push(
            finding("file size", Health::Weak, text)
                .hint("a log waits there as on a full disk: ulimit -f unlimited"),
        );
    }
    if let Some(most) = limits::processes().filter(|most| *most < 256) {
        found.push(
            finding("processes", Health::Weak, format!("{most} at once for this user"))
                .hint("each plan takes three and what it starts: ulimit -u 4096"),
        );
    }
    found
}

/// A user's pipes may hold so many pages in all; beyond, each further one gets two (pipe(7)). A
/// plan has up to eight pipes of sixteen.
fn pipes() -> Finding {
    const PAGES_OF_A_PLAN: u64 = 8 * 16;
    let about = "pipes";
    match limits::setting("fs/pipe-user-pages-soft") {
        None => finding(about, Health::Weak, "the limit of pipe pages cannot be read"),
        Some(0) => finding(about, Health::Ok, "no limit"),
        Some(pages) => {
            let plans = pages / PAGES_OF_A_PLAN;
            let text = format!("room for {plans} plans of one user at full speed");
            let health = if plans < 8 { Health::Weak } else { Health::Ok };
            let more = "sysctl fs.pipe-user-pages-soft=16384";
            let finding = finding(about, health, text);
            if health == Health::Ok { finding } else { finding.hint(more) }
        }
    }
}

fn inotify() -> Finding {
    let about = "inotify";
    let instances = limits::setting("fs/inotify/max_user_instances");
    let watches = limits::setting("fs/inotify/max_user_watches");
    let (Some(instances), Some(watches)) = (instances, watches) else {
        return finding(about, Health::Weak, "its limits cannot be read");
    };
    let text = format!("{instances} instances, {watches} watches a user");
    if instances < 64 || watches < 1024 {
        return finding(about, Health::Weak, text)
            .hint("each follower takes one instance: sysctl fs.inotify.max_user_instances=1024");
    }
    finding(about, Health::Ok, text)
}
