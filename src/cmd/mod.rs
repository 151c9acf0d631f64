//! The verbs, one file each: options in, exit code out.
//!
//! May use every room but `cli`. What surprises: stdout is written in one file, `out`.
