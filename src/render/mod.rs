//! Nouns → text for people and scripts. Nothing reaches a terminal but through `sanitize`.
//!
//! Pure: uses `model`, `parse` and `fold`. What surprises: colour is decided by the caller.
