//! What woke the supervisor, told to the machine: signals, requests, the log, processes that ended.

use std::io;
use std::time::Instant;

use rustix::io::Errno;

use super::drive::{SOON, Supervisor};
use super::history::Awaited;
use super::launch::Answer;
use super::machine::{Ended, Input};
use super::secrets::Secrets;
use crate::control::{self, Request, Verb};
use crate::model::Stamp;
use crate::os::host;
use crate::os::kernel::{self, Which};
use crate::os::poll;

impl Supervisor {
    pub(super) fn hear_signals(&mut self) -> io::Result<()> {
        while let Some(signal) = kernel::take_signal(&self.signals)? {
            // What somebody else started is stopped only when somebody asks for that.
            if signal == libc::SIGTERM && self.abroad.is_none() {
                self.stop_by("a signal to the supervisor");
            }
        }
        self.look_at_children()
    }

    /// Children that have ended: the recorder and orphans of the plan are reaped at once, the plan
    /// only when its end has been told.
    pub(super) fn look_at_children(&mut self) -> io::Result<()> {
        self.companion.wake_if_stopped();
        while let Some(ended) = kernel::ended_child(Which::Any, true)? {
            let is_plan = self.process.as_ref().is_some_and(|p| p.process.pid == ended.pid);
            if is_plan && (!self.exit_told || self.to_reap) {
                break;
            }
            kernel::ended_child(Which::Pid(ended.pid), false)?;
            self.turn_ended(ended.pid, ended.exited);
            self.hook_ended(ended.pid, ended.exited)?;
        }
        Ok(())
    }

    /// A stop that nobody sent as a request.
    pub(super) fn stop_by(&mut self, by: &str) {
        self.own_requests += 1;
        let id = format!("{}-{:x}-{}", std::process::id(), Stamp::now().0, self.own_requests);
        let mut request = Request::new(Verb::Stop, self.run, by, Stamp::default());
        request.id = id;
        self.inbox.push_back(Input::Asked(request));
    }

    pub(super) fn hear_requests(&mut self) -> io::Result<()> {
        let mut room = [0; 4096];
        loop {
            match rustix::io::read(&self.requests, &mut room) {
                Ok(0) | Err(Errno::AGAIN) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(read) => {
                    self.pending.extend_from_slice(&room[..read]);
                    let (requests, garbage) = control::parse(&mut self.pending);
                    if garbage > 0 {
                        host::complain(&format!("{garbage} requests made no sense"));
                    }
                    self.inbox.extend(requests.into_iter().map(Input::Asked));
                }
            }
        }
    }

    pub(super) fn look_at_process(&mut self) -> io::Result<()> {
        if !self.awaits_end() || self.inbox.iter().any(|input| matches!(input, Input::Exited(_))) {
            return Ok(());
        }
        let Some(process) = &self.process else { return Ok(()) };
        if let Some(ended) = process.ended(&self.spec, Instant::now())? {
            if self.abroad.is_some() {
                return self.leader_ended(ended);
            }
            self.inbox.push_back(Input::Exited(ended));
        } else if process.held.has_ended() {
            // Poll would come back at once: the code is told when somebody has reaped it.
            poll::wait(&mut [], Some(SOON))?;
        }
        Ok(())
    }

    pub(super) fn hear_report(&mut self) {
        let Some(process) = &mut self.process else { return };
        let Some(report) = process.reported() else { return };
        let (pid, start) = (process.process.pid, process.process.start);
        match report {
            Ok(()) => {
                self.inbox.push_back(Input::Spawned { pid, start });
                self.watch_for_stall();
                self.answer(&Answer::Ok { run: self.run, pid, seq: self.started_seq });
                kernel::give_memory_back();
            }
            Err(failure) => {
                let error = Secrets::of(&self.spec, &self.env).cover(&failure.error);
                self.failed(failure.code, error);
            }
        }
    }

    /// The plan could not be started.
    pub(super) fn failed(&mut self, code: i32, error: String) {
        self.answer(&Answer::Failed { code, error: error.clone(), run: Some(self.run) });
        let ended = Ended { code: Some(code), exec_error: Some(error), ..Ended::default() };
        self.inbox.push_back(Input::Exited(ended));
    }

    /// Tells whoever started us, if anybody waits.
    pub(super) fn answer(&mut self, answer: &Answer) {
        if let Some(mut starter) = self.starter.take() {
            starter.answer(answer);
        }
    }

    pub(super) fn look_at_log(&mut self) -> io::Result<()> {
        let Some(vigil) = &mut self.vigil else { return Ok(()) };
        let Some((awaited, seq)) = vigil.look()? else { return Ok(()) };
        self.vigil = None;
        match awaited {
            Awaited::Started(_) => {
                self.started_seq = seq;
                self.inbox.push_back(Input::Announced);
            }
            Awaited::Verdict(_) => {
                self.judged = true;
                self.tell_verdict()?;
            }
            Awaited::Adopted(_) => {}
        }
        self.found = Some((awaited, seq));
        Ok(())
    }

    pub(super) fn look_at_tree(&mut self) -> io::Result<()> {
        self.tree.retain(|member| !member.has_ended());
        if self.tree.is_empty() { self.sweep() } else { Ok(()) }
    }
}
