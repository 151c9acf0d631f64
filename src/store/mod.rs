//! The disk: where a plan's files are, who may write them, how its log is written and read.
//!
//! Uses `model` and `os`. The only room that knows paths under the home. What surprises: a segment is never
//! renamed (but may be replaced by its compressed twin, which readers read as if it were plain), a reader trusts nothing beyond the last line end, and a spool file's *size* is the
//! memory of how many bytes were taken from a pipe.

pub mod backward;
mod batch;
pub mod journal;
pub mod layout;
pub mod lock;
mod packed;
pub mod probe;
mod proof;
pub mod prune;
pub mod queue;
pub mod reader;
mod search;
pub mod segment;
pub mod segments;
pub mod sift;
pub mod snapshot;
pub mod spool;
pub mod stage;
pub mod verify;

pub use packed::pack;
