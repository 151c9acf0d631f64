//! Bytes → nouns: cutting a stream into lines and recognising what a line says about itself.
//!
//! Pure: uses only `model`. What surprises: cutting says "incomplete" as a value; reading more is
//! somebody else's job.

mod lines;

pub use lines::{Line, Splitter};
