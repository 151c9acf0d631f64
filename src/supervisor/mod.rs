//! One plan's lifecycle and nothing else: a pure machine decides, a loop performs.
//!
//! Uses `model`, `fold`, `store`, `os`, `control` and `wake`. What surprises: it never touches the
//! plan's output.

pub mod launch;
