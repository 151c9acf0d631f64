//! Pipes → log: the data path and nothing else.
//!
//! Uses `model`, `parse`, `fold`, `store`, `os` and `wake`. What surprises: the recorder does not
//! know that it is watched.
