//! Runs we did not start: what their folder tells, which processes are theirs.
//!
//! | file | holds |
//! | --- | --- |
//! | `folder` | a PlanExe run folder, and what it says about the run |
//! | `process` | the process of a run, and the files of a process |
//! | `kin` | every process that is provably the run's |
//!
//! Uses `model`, `store`, `os`, `control` and `wake`. What surprises: nothing is guessed. A process
//! is a run's because it was given that very folder as RUN_ID_DIR, because it descends from one
//! that is, or because it is in a session or group that the run leads; a command line proves
//! nothing. And a folder is the same by device and inode, whatever path leads there, for a process
//! in a container names it differently.

mod folder;
mod kin;
mod process;

pub use folder::{LOG, MARKER, RunFolder, Standing};
pub use kin::Kin;
pub use process::{Found, exact, output_files, search};
