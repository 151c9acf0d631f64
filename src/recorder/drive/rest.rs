//! Between two batches: what has become due, and sleep until there is more to do.

use std::io;
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use super::super::source::SMALL_PIPE;
use super::super::watch::Watch;
use super::{Entry, Recorder};
use crate::fold::Saving;
use crate::model::{OnFull, Stamp};
use crate::os::host;
use crate::os::poll::{PollFd, PollFlags, wait};
use crate::store::snapshot;

/// At most this long between a record and the state saved beside the log.
const SAVE_EVERY: Duration = Duration::from_millis(250);

const FIRST_RETRY: Duration = Duration::from_millis(100);

const LAST_RETRY: Duration = Duration::from_secs(5);

impl Recorder {
    pub(super) fn housekeeping(&mut self) -> io::Result<()> {
        let now = Instant::now();
        if self.cap.aged_at().is_some_and(|at| at <= Stamp::now()) {
            self.cap.rotate()?;
        }
        self.prune()?;
        if self.save_at().is_some_and(|at| at <= now) {
            self.save(false);
        }
        let plan = self.cap.plan().clone();
        self.keeper.save_due(&plan, &mut self.cap.fold, now);
        if self.sync_at().is_some_and(|at| at <= now) {
            self.sync()?;
        }
        let mut calmed = false;
        for entry in &mut self.sources {
            if entry.pace.calm(now) {
                entry.source.resize(SMALL_PIPE);
                calmed = true;
            }
        }
        // Through a smaller one, what is left of the large pipes would be seen in part only.
        if calmed && self.sources.iter().all(|entry| entry.pace.quiet_at().is_none()) {
            self.desk.shrink();
            self.cap.journal().shrink();
            self.packer.expect(self.cap.plan(), self.cap.limits().compress, false);
        }
        Ok(())
    }

    /// Retention is due after each rotation. It comes before anything is written, so that on a full
    /// disk it makes the room that the pass needs.
    pub(super) fn prune(&mut self) -> io::Result<()> {
        let blocked = self.blocked.is_some();
        if self.cap.rotations() != self.rotations && (blocked || !self.pruner.is_busy()) {
            self.rotations = self.cap.rotations();
            // What they say must be known before they go.
            self.keep_tables();
            let (plan, limits) = (self.cap.plan(), self.cap.limits());
            self.pruner.prune(plan, &limits.keep, self.cap.ts(), blocked)?;
            let flood = self.sources.iter().any(|entry| entry.pace.quiet_at().is_some());
            self.packer.expect(plan, limits.compress, flood);
        }
        Ok(())
    }

    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.cap.sync()?;
        self.synced = (self.cap.fold.seq, Instant::now());
        Ok(())
    }

    /// Saves the state beside the log. Only a cache: where it cannot be saved, the log is enough.
    pub(super) fn save(&mut self, clean: bool) {
        let (segment, bytes) = (self.cap.journal().first(), self.cap.journal().written());
        self.cap.fold.sum_up();
        let status = Saving { fold: &self.cap.fold, segment, bytes, clean };
        let _ = snapshot::save_json(&self.cap.plan().status_file(), &status, clean);
        self.saved = (self.cap.fold.seq, Instant::now());
    }

    /// Saves the tables of tasks, and gives up those of runs that can say nothing any more.
    pub(super) fn keep_tables(&mut self) {
        let plan = self.cap.plan().clone();
        self.keeper.save_all(&plan, &mut self.cap.fold);
        self.cap.fold.release_tables();
    }

    fn save_at(&self) -> Option<Instant> {
        (self.saved.0 != self.cap.fold.seq).then(|| self.saved.1 + SAVE_EVERY)
    }

    fn sync_at(&self) -> Option<Instant> {
        let every = Duration::from_millis(self.cap.limits().sync_ms?);
        (self.synced.0 != self.cap.fold.seq).then(|| self.synced.1 + every)
    }

    /// The log could not be written, or a pipe not read: everything waits where it is.
    pub(super) fn block(&mut self, error: &io::Error) {
        let delay = match self.blocked {
            None => {
                host::complain(&format!("recording {} waits: {error}", self.cap.plan().name()));
                FIRST_RETRY
            }
            Some((_, delay)) => (delay * 2).min(LAST_RETRY),
        };
        self.blocked = Some((Instant::now() + delay, delay));
        if self.cap.limits().on_full == OnFull::Drop {
            for entry in &mut self.sources {
                // What cannot even be given up waits.
                let _ = entry.source.take_or_give_up(&self.desk);
            }
        }
    }

    /// After a pass that wrote something: in a flood of small writes a short nap gathers more.
    pub(super) fn nap(&mut self) -> io::Result<()> {
        let now = Instant::now();
        // The stream that says most decides: it must not wait for one that says little.
        let mut most = (0, None);
        for (at, entry) in self.sources.iter_mut().enumerate() {
            let taken = std::mem::take(&mut entry.taken);
            if taken > 0 {
                let nap = entry.pace.after_batch(taken, entry.source.capacity(), now);
                most = most.max((taken, nap.map(|nap| (nap, at))));
            }
        }
        // Where so much has come meanwhile, it is us that the plan waits for.
        if let (_, Some((nap, at))) = most
            && !self.sources[at].source.has_plenty()?
        {
            wait(&mut [], Some(nap))?;
        }
        Ok(())
    }

    /// Sleeps until there is something to do.
    pub(super) fn sleep(&mut self) -> io::Result<()> {
        let now = Instant::now();
        let until = self.wake_at();
        let most = until.map(|at| at.saturating_duration_since(now));
        let blocked = self.blocked.is_some();
        let dropping = blocked && self.cap.limits().on_full == OnFull::Drop;
        let mut fds = Vec::with_capacity(self.sources.len() + 2);
        let mut polled = Vec::with_capacity(self.sources.len());
        if !blocked {
            fds.push(PollFd::from_borrowed_fd(self.lifecycle.fd(), PollFlags::IN));
        }
        let first = fds.len();
        for (index, entry) in self.sources.iter().enumerate() {
            let wanted = (!blocked || dropping) && !entry.source.hung_up && entry.source.has_room();
            if wanted {
                fds.push(PollFd::from_borrowed_fd(entry.source.fd(), PollFlags::IN));
                polled.push(index);
            }
        }
        let last = fds.len();
        if let Some(fd) = self.watch.as_ref().and_then(Watch::fd) {
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        }
        let watching = usize::from(fds.len() > last);
        if let Some(fd) = self.files.fd().filter(|_| !blocked) {
            fds.push(PollFd::from_borrowed_fd(fd, PollFlags::IN));
        }
        let signals = fds.len();
        let input = self.input.as_ref().map(|input| input.signals.as_fd());
        fds.extend(input.map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        let packer = fds.len();
        fds.extend(self.packer.fd().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        wait(&mut fds, most)?;
        let seen: Vec<PollFlags> = fds[first..last].iter().map(PollFd::revents).collect();
        let told = |at: usize| fds.get(at).is_some_and(|fd| !fd.revents().is_empty());
        let news = watching > 0 && told(last);
        let changed = last + watching < signals && told(last + watching);
        let asked = signals < packer && told(signals);
        let packed = told(packer);
        drop(fds);
        if asked {
            self.hear_signals()?;
        }
        if packed {
            self.packer.look();
        }
        if changed {
            self.files.look();
        }
        for (index, flags) in polled.into_iter().zip(seen) {
            let entry = &mut self.sources[index];
            entry.ready |= !flags.is_empty();
            entry.source.hung_up |= flags.contains(PollFlags::HUP);
        }
        if news {
            self.expect_news();
        }
        Ok(())
    }

    fn wake_at(&self) -> Option<Instant> {
        if let Some((at, _)) = self.blocked {
            return Some(at);
        }
        if self.sources.iter().any(Entry::is_running_dry) {
            // Only a look at the others, who may have news.
            return Some(Instant::now());
        }
        let aged = self.cap.aged_at().map(|at| Instant::now() + at.since(Stamp::now()));
        let calm = self.sources.iter().filter_map(|entry| entry.pace.quiet_at()).min();
        let watch = self.watch.as_ref().and_then(Watch::retry_at);
        [self.save_at(), self.sync_at(), aged, calm, watch].into_iter().flatten().min()
    }
}
