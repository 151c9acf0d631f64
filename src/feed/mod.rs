//! Live records of many plans: reads to the end, sleeps until something changes, reads on.
//!
//! | file | holds |
//! | --- | --- |
//! | `follow` | many logs as one, in the order of time |
//! | `source` | where the records of a log come from: the disk, or another machine |
//! | `lane` | one log, and where following it ends |
//! | `vigil` | whether anybody still writes it |
//! | `known` | the state of a plan as of now |
//! | `library` | questions about one plan, each answered at once |
//! | `roster` | all plans at once, each told again when it changes |
//! | `table` | the tasks of a run as of now, and from then on |
//! | `sieve` | which records are wanted, and how the others are passed over unparsed |
//! | `search` | everything that is wanted of some logs as they are now, as fast as the disk gives it |
//! | `tails` | the ends of logs, read once for however many follow them |
//! | `wire` | what a screen on another machine asks for and is told |
//! | `window` | a part of a log, anywhere in it, for the screen |
//!
//! Uses `model`, `store`, `wake`, `os` and `fold`. What surprises: reading never waits and waiting
//! never reads, so a caller can wait for other things beside; and when everybody who could write a
//! log is dead and its run has not ended, the follower starts an adopter.

mod follow;
pub mod known;
mod lane;
pub mod library;
pub mod roster;
pub mod search;
pub mod sieve;
mod source;
mod table;
pub mod tails;
mod vigil;
pub mod window;
pub mod wire;

pub use follow::{Changes, Follow, News, Piece, listen};
pub use known::{Depth, known};
pub use lane::Until;
pub use source::{Log, Source};
pub use table::{Changed, LiveTable};

#[cfg(test)]
mod tests;
