//! The screen: many plans, live.
//!
//! What happens comes in as a message, is taken in by `update`, and goes out as effects; `view`
//! draws what is known. Both are pure, so that a test is a list of messages and a picture. What
//! touches the world stands in two files: `screen` owns the terminal, `run` performs the effects.
//!
//! Uses `model`, `parse`, `render`, `fold`, `feed` and `control`, and in those two files `os`. What
//! surprises: the screen never waits for the disk, a search or the terminal itself; whatever may
//! take long happens beside it and comes back as a message.

pub mod look;
pub mod pane;
