//! File notifications, and polling where there are none.
//!
//! Uses none of our rooms; the only one that uses `notify`. What surprises: an event is only a
//! hint. Whoever is woken first clears the watcher, then reads to the end whatever was said, so
//! that what is written in between wakes it again and nothing is missed. And a folder need not
//! exist to be watched.

mod bell;
mod watcher;

pub use watcher::{Changed, Mode, Watcher};
