//! One descriptor that becomes readable when something may have changed.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};

/// Rung by the thread that hears of events, and by a timer where there are none. The descriptor
/// is an epoll instance, so that the timer can join later without changing it (epoll(7)).
#[derive(Debug)]
pub(super) struct Bell {
    set: OwnedFd,
    event: OwnedFd,
    rung: AtomicBool,
}

impl Bell {
    pub(super) fn new() -> io::Result<Bell> {
        let set = epoll::create(CreateFlags::CLOEXEC)?;
        let event = eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?;
        epoll::add(&set, &event, EventData::new_u64(0), EventFlags::IN)?;
        Ok(Bell { set, event, rung: AtomicBool::new(false) })
    }

    /// Makes the descriptor readable.
    pub(super) fn ring(&self) {
        if !self.rung.swap(true, Ordering::AcqRel) {
            // Fails only when the counter is full, and then it is readable.
            let _ = rustix::io::write(&self.event, &1_u64.to_ne_bytes());
        }
    }

    /// Makes the descriptor silent until the next ring.
    pub(super) fn hush(&self) {
        self.rung.store(false, Ordering::Release);
        let _ = rustix::io::read(&self.event, &mut [0; 8]);
    }

    /// Adds a timer that rings at this interval. Its descriptor hushes it.
    pub(super) fn tick(&self, every: Duration) -> io::Result<OwnedFd> {
        let timer = timerfd_create(
            TimerfdClockId::Monotonic,
            TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK,
        )?;
        let span = Timespec {
            tv_sec: i64::try_from(every.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(every.subsec_nanos()),
        };
        let spec = Itimerspec { it_interval: span, it_value: span };
        timerfd_settime(&timer, TimerfdTimerFlags::empty(), &spec)?;
        epoll::add(&self.set, &timer, EventData::new_u64(1), EventFlags::IN)?;
        Ok(timer)
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.set.as_fd()
    }
}
