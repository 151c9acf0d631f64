//! What a supervisor holds of one run: its pipes, its process, the marks of its tree.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::process::Stdio;
use std::time::Instant;

use super::bridge;
use super::exec::{ExecFailure, ExecOrder};
use super::machine::Ended;
use super::secrets::{Secrets, value_of};
use super::tree::Marks;
use crate::fold::Fold;
use crate::model::{Marker, Spec, Stream, VerdictRule, secret};
use crate::os::child::{itself, keep_over_exec, make_blocking};
use crate::os::kernel::{self, Exited, Which};
use crate::os::pidfd::{Pidfd, Process, start_time};
use crate::os::poll::{self, PollFd, PollFlags};
use crate::os::{fifo, proc};
use crate::store::layout::PlanDir;
use crate::store::spool;

/// The streams of a plan.
pub(super) const STREAMS: [Stream; 3] = [Stream::Stdout, Stream::Stderr, Stream::Events];

/// One end of the plan's streams that we hold without ever reading: for the plan no reader is lost
/// when the recorder dies, and the end of the last writer shows as a hang-up.
pub(super) struct Pipes {
    ends: Vec<(Stream, OwnedFd)>,
    /// What else would lose its content with its last reader: where bytes wait for the log.
    stages: Vec<(Stream, OwnedFd)>,
    _secrets: Option<OwnedFd>,
}

/// Bytes of a plan that have no record yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unrecorded {
    /// All of them.
    pub(super) all: u64,
    /// Those that the recorder has not even taken: it is behind, and the plan may be waiting for it.
    pub(super) untaken: u64,
}

impl Pipes {
    /// Makes the pipes of a new run, and puts `secrets` where its recorder finds them. A folder that
    /// is there already is an error: somebody may still use it.
    pub(super) fn make(plan: &PlanDir, run: u64, secrets: &Secrets) -> io::Result<Pipes> {
        std::fs::DirBuilder::new().mode(0o700).create(plan.run_pipes(run))?;
        for stream in STREAMS {
            fifo::make(&plan.run_pipe(run, &stream))?;
            fifo::make(&plan.run_stage(run, &stream))?;
        }
        let filled = secrets.lay_out(plan, run)?;
        let pipes = Pipes::open(plan, run);
        drop(filled);
        pipes
    }

    /// Opens those pipes of a run that are still there.
    pub(super) fn open(plan: &PlanDir, run: u64) -> io::Result<Pipes> {
        let (mut ends, mut stages) = (Vec::new(), Vec::new());
        for stream in STREAMS {
            let (pipe, stage) = (plan.run_pipe(run, &stream), plan.run_stage(run, &stream));
            match (fifo::open_read(&pipe), fifo::open_read(&stage)) {
                (Ok(pipe), Ok(stage)) => {
                    ends.push((stream.clone(), pipe));
                    stages.push((stream, stage));
                }
                // Ended and removed: nothing can come out of it any more.
                (Err(error), _) | (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
                (Err(error), _) | (_, Err(error)) => return Err(error),
            }
        }
        let secrets = match fifo::open_read(&plan.secrets(run)) {
            Ok(secrets) => Some(secrets),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        Ok(Pipes { ends, stages, _secrets: secrets })
    }

    /// What of this run is on its way into the log, of which this is known.
    pub(super) fn unrecorded(
        &self,
        plan: &PlanDir,
        run: u64,
        fold: &Fold,
    ) -> io::Result<Unrecorded> {
        let mut bytes = Unrecorded::default();
        for (stream, end) in &self.ends {
            bytes.untaken += fifo::waiting(end)?;
            let known =
                fold.streams.iter().find(|known| known.run == run && known.stream == *stream);
            let held_to = spool::held_to(&plan.spool(), &format!("{run}.{stream}"))?;
            bytes.all += held_to.saturating_sub(known.map_or(0, |known| known.off));
        }
        for (_, stage) in &self.stages {
            bytes.all += fifo::waiting(stage)?;
        }
        bytes.all += bytes.untaken;
        Ok(bytes)
    }

    /// Makes the end of the last writer show, also if it left before we opened the pipe: a hang-up
    /// shows only to who has seen a writer (fifo(7) and fs/pipe.c), so we are one for a moment.
    pub(super) fn see_a_writer(&self, plan: &PlanDir, run: u64) {
        for (stream, _) in &self.ends {
            let _ = fifo::open_write(&plan.run_pipe(run, stream));
        }
    }

    /// Descriptors of stdout and stderr that have not hung up.
    pub(super) fn open_ends(&self) -> io::Result<Vec<(Stream, &OwnedFd)>> {
        let mut open = Vec::new();
        for (stream, fd) in self.ends.iter().filter(|(stream, _)| *stream != Stream::Events) {
            let mut fds = [PollFd::new(fd, PollFlags::empty())];
            poll::wait(&mut fds, Some(std::time::Duration::ZERO))?;
            if !fds[0].revents().contains(PollFlags::HUP) {
                open.push((stream.clone(), fd));
            }
        }
        Ok(open)
    }

    /// Who can still write to stdout or stderr.
    pub(super) fn holders(&self, not: &[i32]) -> io::Result<(Vec<Stream>, Vec<i32>)> {
        let ends: Vec<_> =
            self.ends.iter().filter(|(stream, _)| *stream != Stream::Events).collect();
        let mut files = Vec::new();
        for (_, fd) in &ends {
            let stat = File::from(fd.try_clone()?).metadata()?;
            use std::os::unix::fs::MetadataExt as _;
            files.push((stat.dev(), stat.ino()));
        }
        let (mut streams, mut pids) = (Vec::new(), Vec::new());
        for (pid, index) in proc::writers(&files)? {
            if not.contains(&pid) {
                continue;
            }
            if !streams.contains(&ends[index].0) {
                streams.push(ends[index].0.clone());
            }
            if !pids.contains(&pid) {
                pids.push(pid);
            }
        }
        Ok((streams, pids))
    }
}

/// The plan's process.
pub(super) struct Plan {
    pub(super) held: Pidfd,
    pub(super) process: Process,
    /// We started it: its end is ours to reap.
    pub(super) is_child: bool,
    /// What `__exec` says if it fails; hangs up when it succeeds.
    pub(super) report: Option<OwnedFd>,
    /// When it began, unless that was before our time.
    pub(super) since: Option<Instant>,
    /// Milliseconds since it began, if another supervisor began it.
    pub(super) before_ms: u64,
    /// How often the kernel had killed for want of memory when we came to know it.
    pub(super) ooms: Option<u64>,
}

impl Plan {
    /// Starts the step that becomes the plan.
    pub(super) fn spawn(
        plan: &PlanDir,
        run: u64,
        spec: &Spec,
        env: &BTreeMap<String, String>,
        token: &str,
    ) -> io::Result<Plan> {
        let end = |stream: &Stream| -> io::Result<Stdio> {
            let fd = fifo::open_write(&plan.run_pipe(run, stream))?;
            make_blocking(&fd)?;
            Ok(Stdio::from(fd))
        };
        let (report, told) = io::pipe()?;
        keep_over_exec(&told)?;
        let order = ExecOrder {
            run,
            report: told.as_raw_fd(),
            umask: spec.umask,
            cwd: spec.cwd.clone(),
            stdin: spec.stdin.clone(),
            token: token.to_owned(),
            bridge: spec.bridge && bridge::lies_ready(plan),
        };
        let mut child = itself()
            .args(["__exec", plan.name().as_str(), &serde_json::to_string(&order)?, "--"])
            .args(secret::filled(&spec.argv, |name| value_of(name, env)))
            .envs(env)
            .env("PLANWATCH_PLAN", plan.name().as_str())
            .env("PLANWATCH_RUN", run.to_string())
            .env("PLANWATCH_RUN_TOKEN", token)
            .stdin(Stdio::null())
            .stdout(end(&Stream::Stdout)?)
            .stderr(end(&Stream::Stderr)?)
            .spawn()?;
        let pid = i32::try_from(child.id()).unwrap_or_default();
        let gone = || io::Error::other("the process was gone before it could be held");
        let hold = || -> io::Result<(Pidfd, Process)> {
            let held = Pidfd::open(pid, None)?.ok_or_else(gone)?;
            Ok((held, Process { pid, start: start_time(pid).ok_or_else(gone)? }))
        };
        let (held, process) = hold().inspect_err(|_| {
            // Nobody would look after it, and it is said that it could not be started.
            let _ = child.kill().and_then(|()| child.wait());
        })?;
        let report = Some(OwnedFd::from(report));
        Ok(Plan {
            held,
            process,
            is_child: true,
            report,
            since: Some(Instant::now()),
            before_ms: 0,
            ooms: proc::killed_for_memory(),
        })
    }

    /// Whether the program took over: None while nobody knows.
    pub(super) fn reported(&mut self) -> Option<Result<(), ExecFailure>> {
        let mut text = Vec::new();
        File::from(self.report.take()?).read_to_end(&mut text).ok()?;
        Some(match serde_json::from_slice(&text) {
            Ok(failure) => Err(failure),
            Err(_) => Ok(()),
        })
    }

    /// How it ended; None if it lives, or if nobody can tell yet.
    pub(super) fn ended(&self, spec: &Spec, now: Instant) -> io::Result<Option<Ended>> {
        if !self.held.has_ended() {
            return Ok(None);
        }
        self.let_it_be_reaped()?;
        let mut ended = Ended { markers: markers(spec), ..Ended::default() };
        if let Some(since) = self.since {
            let wall = now.saturating_duration_since(since).as_millis();
            ended.wall_ms = u64::try_from(wall).ok().map(|wall| wall + self.before_ms);
        }
        if self.is_child
            && let Some(reaped) = kernel::ended_child(Which::Pid(self.process.pid), true)?
        {
            ended.cpu_ms = Some(reaped.cpu_ms);
            ended.peak_rss = Some(reaped.peak_rss);
            put(&mut ended, reaped.exited);
            ended.oom = self.was_memory_short(&ended);
            return Ok(Some(ended));
        }
        if let Ok(Some(stat)) = proc::stat(self.process.pid)
            && stat.start == self.process.start
        {
            ended.cpu_ms = Some(stat.cpu_ms());
        }
        match self.held.exited() {
            Some(exited) => put(&mut ended, exited),
            // Between its end and its reaping by somebody else: the pidfd tells a moment later.
            None if !self.held.is_reaped() => return Ok(None),
            None => {}
        }
        ended.oom = self.was_memory_short(&ended);
        Ok(Some(ended))
    }

    /// Whether it was killed, and the kernel has killed meanwhile.
    fn was_memory_short(&self, ended: &Ended) -> bool {
        ended.signal == Some(libc::SIGKILL) && proc::killed_for_memory() > self.ooms
    }

    /// Gives its process id back.
    pub(super) fn reap(&self) -> io::Result<()> {
        if self.is_child {
            kernel::ended_child(Which::Pid(self.process.pid), false)?;
        }
        Ok(())
    }
}

fn put(ended: &mut Ended, exited: Exited) {
    match exited {
        Exited::Code(code) => ended.code = Some(code),
        Exited::Signal(signal) => ended.signal = Some(signal),
    }
}

/// Looks for the files that must be there.
pub(super) fn markers(spec: &Spec) -> Vec<Marker> {
    let dir = spec.foreign.as_ref().and_then(|foreign| foreign.dir.as_ref()).unwrap_or(&spec.cwd);
    spec.verdict
        .iter()
        .filter_map(|rule| match rule {
            VerdictRule::File(file) => {
                Some(Marker { file: file.clone(), found: dir.join(file).exists() })
            }
            VerdictRule::Exit | VerdictRule::Luigi => None,
        })
        .collect()
}

/// What the run's processes are known by.
pub(super) fn marks(plan: Option<&Plan>, token: Option<&str>, ours: &[Option<i32>]) -> Marks {
    Marks {
        leader: plan.map(|plan| plan.process),
        token: token.map(|token| format!("PLANWATCH_RUN_TOKEN={token}").into_bytes()),
        ours: ours.iter().flatten().copied().collect(),
        kin: None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::store::layout::Home;

    #[test]
    fn bytes_that_the_log_does_not_have_yet_are_seen_wherever_they_are() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let spec = Spec::new(plan.name().clone(), Vec::new(), "/".into());
        let pipes = Pipes::make(&plan, 1, &Secrets::of(&spec, &BTreeMap::new())).unwrap();
        let fold = Fold::new(plan.name().clone());
        let seen = || pipes.unrecorded(&plan, 1, &fold).unwrap();
        assert_eq!(seen(), Unrecorded::default());
        let write = |path: &std::path::Path| {
            File::from(fifo::open_write(path).unwrap()).write_all(b"12345").unwrap();
        };
        write(&plan.run_stage(1, &Stream::Stderr));
        assert_eq!(seen(), Unrecorded { all: 5, untaken: 0 });
        write(&plan.run_pipe(1, &Stream::Stdout));
        assert_eq!(seen(), Unrecorded { all: 10, untaken: 5 });
        std::fs::write(plan.spool().join("1.stdout.100"), "1234567").unwrap();
        assert_eq!(seen(), Unrecorded { all: 117, untaken: 5 });
    }
}
