//! The disk: where a plan's files are, who may write them, how its log is written and read.
//!
//! Uses `model`. The only room that knows paths under the home. What surprises: a segment is never
//! renamed, and a reader trusts nothing beyond the last line end.
