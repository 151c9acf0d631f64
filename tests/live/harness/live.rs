//! A command that is still running.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Child;

use rustix::process::Signal;

use super::cmd::Expected;
use super::{Done, LIMIT, Proc, procs, wait};

/// A running command; dropping it kills it.
pub(crate) struct Live {
    pub(crate) child: Option<Child>,
    pub(crate) told: String,
    pub(crate) stdout: File,
    pub(crate) stderr: File,
    pub(crate) expected: Expected,
}

impl Live {
    pub(crate) fn process(&self) -> Proc {
        let pid = self.child.as_ref().map_or(0, |child| child.id() as i32);
        Proc { pid, argv: procs::argv(pid) }
    }

    pub(crate) fn signal(&self, signal: Signal) {
        self.process().signal(signal);
    }

    /// What it has printed so far.
    pub(crate) fn stdout(&self) -> String {
        content(&self.stdout)
    }

    /// The last bytes of what it has printed so far.
    pub(crate) fn stdout_end(&self, bytes: u64) -> String {
        let length = self.stdout.metadata().map_or(0, |data| data.len());
        let mut end = vec![0; bytes.min(length) as usize];
        let read = self.stdout.read_at(&mut end, length.saturating_sub(bytes)).unwrap_or(0);
        String::from_utf8_lossy(&end[..read]).into_owned()
    }

    /// What it has said so far.
    pub(crate) fn stderr(&self) -> String {
        content(&self.stderr)
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| !matches!(child.try_wait(), Ok(None)))
    }

    /// Waits until it has printed this.
    #[track_caller]
    pub(crate) fn until_printed(&self, part: &str) {
        let seen = wait::within(LIMIT, || self.stdout().contains(part).then_some(()));
        if seen.is_none() {
            panic!("waited in vain for {part:?} on stdout of {}\n{}", self.told, self.stdout());
        }
    }

    /// Waits until it has said this on stderr.
    #[track_caller]
    pub(crate) fn until_said(&self, part: &str) {
        let seen = wait::within(LIMIT, || self.stderr().contains(part).then_some(()));
        if seen.is_none() {
            panic!("waited in vain for {part:?} on stderr of {}\n{}", self.told, self.stderr());
        }
    }

    /// Waits for its end and checks how it ended.
    #[track_caller]
    pub(crate) fn ends(mut self) -> Done {
        let mut child = self.child.take().expect("it was started");
        let limit = LIMIT * super::scale(1, 20) as u32;
        let status = wait::within(limit, || child.try_wait().ok().flatten());
        let Some(status) = status else {
            let (stdout, stderr) = (self.stdout(), self.stderr());
            self.child = Some(child);
            panic!("{} does not end\nstdout: {stdout}\nstderr: {stderr}", self.told);
        };
        let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        let done = Done { code, stdout: self.stdout(), stderr: self.stderr() };
        self.expected.check(&self.told, &done);
        done
    }
}

fn content(file: &File) -> String {
    let len = file.metadata().map_or(0, |data| data.len());
    let mut bytes = vec![0; len as usize];
    let read = file.read_at(&mut bytes, 0).unwrap_or(0);
    bytes.truncate(read);
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Drop for Live {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
