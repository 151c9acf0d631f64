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

    /// Makes the descriptor silent until the next ring. What was rung for before is to be looked at
    /// afterwards: a ring that falls between the two steps may not be heard again.
    pub(super) fn hush(&self) {
        // In this order: the other way round, a ring in between would be emptied out and still
        // count as rung, and every later one would be silent.
        let _ = rustix::io::read(&self.event, &mut [0; 8]);
        self.rung.swap(false, Ordering::AcqRel);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;
    use std::time::Instant;

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    #[test]
    fn a_ring_after_a_hush_is_heard_however_the_two_meet() {
        let (bell, rings, over) = (Bell::new().unwrap(), AtomicU64::new(0), AtomicBool::new(false));
        let lost = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Acquire) {
                    bell.ring();
                    rings.fetch_add(1, Ordering::AcqRel);
                }
            });
            let began = Instant::now();
            let mut lost = false;
            while !lost && began.elapsed() < Duration::from_secs(1) {
                bell.hush();
                // The first of two may have begun before the hush.
                let both = rings.load(Ordering::Acquire) + 2;
                while rings.load(Ordering::Acquire) < both {
                    std::thread::yield_now();
                }
                let mut fds = [PollFd::new(&bell, PollFlags::IN)];
                lost = poll(&mut fds, Some(&Timespec::default())).unwrap() == 0;
            }
            over.store(true, Ordering::Release);
            lost
        });
        assert!(!lost, "somebody rang, and nothing was heard");
    }
}
