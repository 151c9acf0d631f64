//! Many logs as one, in the order of time: read what there is, then wait for more.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::Arc;

use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;

use super::lane::{Lane, Pending};
use super::{Source, Until};
use crate::fold::Fold;
use crate::model::Stamp;
use crate::os::deaths::Deaths;
use crate::store::layout::PlanDir;
use crate::store::reader::Reader;
use crate::wake::{Mode, Watcher};

/// The logs of some plans. Alternate between [`Follow::read`] until it gives nothing and
/// [`Follow::wait`], until [`Follow::is_over`].
pub struct Follow {
    lanes: Vec<Lane>,
    live: Option<Live>,
    bell: Arc<Notify>,
}

/// What only those need who wait.
struct Live {
    changes: AsyncFd<Changes>,
    deaths: AsyncFd<Deaths>,
}

/// A watcher that a runtime can listen to.
pub struct Changes(pub Watcher);

impl AsFd for Changes {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd()
    }
}

impl AsRawFd for Changes {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

/// Listens to a descriptor inside a tokio runtime.
///
/// # Errors
/// What epoll_ctl(2) says.
#[allow(
    deprecated,
    reason = "what replaces it is unsafe; `T` owns its descriptor as long as it lives"
)]
pub fn listen<T: AsFd + AsRawFd>(source: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(source, Interest::READABLE)
}

/// Something of one plan.
#[derive(Debug)]
pub struct Piece<'a> {
    /// The plan: its place in the order in which plans were added.
    pub plan: usize,
    /// What.
    pub news: News<'a>,
}

/// What a follower is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News<'a> {
    /// Lines of the log, each with its `\n`.
    Lines(&'a [u8]),
    /// These records are missing.
    Gap {
        /// First missing seq.
        from: u64,
        /// Last missing seq.
        to: u64,
    },
    /// The log was removed and begun anew.
    Renewed,
    /// Nobody records this plan any more and nobody could be brought to, though its run has not
    /// ended. Nothing more comes of it.
    Stopped,
}

impl Follow {
    /// Reads what there is and does not wait.
    pub fn still() -> Follow {
        Follow { lanes: Vec::new(), live: None, bell: Arc::default() }
    }

    /// Reads and waits. Must be called inside a tokio runtime.
    pub fn live() -> io::Result<Follow> {
        let changes = listen(Changes(Watcher::new()?))?;
        let deaths = listen(Deaths::new()?)?;
        Ok(Follow { lanes: Vec::new(), live: Some(Live { changes, deaths }), bell: Arc::default() })
    }

    /// Adds a plan, which may not exist yet. `place` says where in its log to begin; it is asked
    /// once the log is watched, so that nothing falls in between.
    pub fn add<E: From<io::Error>>(
        &mut self,
        plan: &PlanDir,
        until: Until,
        place: impl FnOnce(&mut Reader) -> Result<(), E>,
    ) -> Result<(), E> {
        if let Some(live) = &self.live {
            live.changes.get_ref().0.watch(&plan.log());
        }
        let mut reader = Reader::open(plan)?;
        place(&mut reader)?;
        self.lanes.push(Lane::here(plan.clone(), reader, until)?);
        Ok(())
    }

    /// Adds a plan that is not on this machine, of which this is known. [`Follow::bell`] is to be
    /// rung when there is more.
    pub fn add_far(&mut self, fold: Fold, source: Box<dyn Source>, until: Until) {
        self.lanes.push(Lane::new(fold, source, until));
    }

    /// What wakes those who wait for plans of other machines.
    pub fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// What comes next, if it is there. Lines of several plans come in the order of their times.
    pub fn read(&mut self) -> io::Result<Option<Piece<'_>>> {
        let deaths = self.live.as_ref().map(|live| live.deaths.get_ref());
        // The lane with the oldest line, and the time of the oldest line of the others.
        let mut first: Option<(usize, [u8; Stamp::LEN])> = None;
        let mut second: Option<[u8; Stamp::LEN]> = None;
        for (plan, lane) in self.lanes.iter_mut().enumerate() {
            lane.fill(deaths)?;
            match lane.pending {
                Pending::Nothing => {}
                Pending::Lines => match first {
                    Some((_, oldest)) if lane.head >= oldest => {
                        second = Some(second.map_or(lane.head, |second| second.min(lane.head)));
                    }
                    _ => {
                        second = first.map(|(_, oldest)| oldest);
                        first = Some((plan, lane.head));
                    }
                },
                Pending::Gap { .. } | Pending::Renewed | Pending::Stopped => {
                    let news = match std::mem::replace(&mut lane.pending, Pending::Nothing) {
                        Pending::Gap { from, to } => News::Gap { from, to },
                        Pending::Renewed => News::Renewed,
                        _ => News::Stopped,
                    };
                    return Ok(Some(Piece { plan, news }));
                }
            }
        }
        // What one still owes may be older than what the others have.
        if self.lanes.iter().any(Lane::owes) {
            return Ok(None);
        }
        let Some((plan, _)) = first else { return Ok(None) };
        let news = News::Lines(self.lanes[plan].take_lines(second));
        Ok(Some(Piece { plan, news }))
    }

    /// Whether nothing more will come of any plan.
    pub fn is_over(&self) -> bool {
        self.lanes.iter().all(Lane::is_over)
    }

    /// Lets go of the plans of which nothing more comes. Gives the places that the others had: they
    /// are counted anew.
    pub fn let_go(&mut self) -> Vec<usize> {
        let mut kept = Vec::new();
        for (place, lane) in std::mem::take(&mut self.lanes).into_iter().enumerate() {
            if !lane.is_over() {
                self.lanes.push(lane);
                kept.push(place);
            } else if let (Some(live), Some(plan)) = (&self.live, &lane.here) {
                live.changes.get_ref().0.unwatch(&plan.log());
            }
        }
        kept
    }

    /// Sleeps until there may be more to read. Without a timer and, where the file system notifies,
    /// without a system call. Dropping the future loses nothing.
    pub async fn wait(&mut self) -> io::Result<()> {
        let Some(live) = &self.live else { return Ok(()) };
        tokio::select! {
            ready = live.changes.readable() => {
                // In this order: a change after this line makes it ready again.
                ready?.clear_ready();
                let changed = live.changes.get_ref().0.clear();
                for lane in &mut self.lanes {
                    if lane.here.as_ref().is_some_and(|plan| changed.holds(&plan.log())) {
                        lane.wake(false);
                    }
                }
            }
            ready = live.deaths.readable() => {
                ready?.clear_ready();
                for lane in &mut self.lanes {
                    lane.wake(true);
                }
            }
            () = self.bell.notified() => {
                self.lanes.iter_mut().filter(|lane| lane.here.is_none()).for_each(|lane| lane.wake(false));
            }
        }
        Ok(())
    }

    /// What is known of a plan, as far as its log was read: states and verdicts, no counts.
    pub fn fold(&self, plan: usize) -> &Fold {
        &self.lanes[plan].fold
    }

    /// The last seq of a plan that was given, once `read` has given nothing.
    pub fn cursor(&self, plan: usize) -> u64 {
        self.lanes[plan].cursor()
    }

    /// Lines of all plans that were no records.
    pub fn skipped(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.source.skipped()).sum()
    }

    /// Why changes are looked for again and again instead of being told, if so.
    pub fn polling(&self) -> Option<String> {
        match self.live.as_ref()?.changes.get_ref().0.mode() {
            Mode::Notify => None,
            Mode::Polling(reason) => Some(reason),
        }
    }
}
