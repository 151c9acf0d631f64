//! The command line: what was typed × the environment → what is meant.
//!
//! Uses `cmd`, `exit`, `model` and `render`. What surprises: the environment is read in one file.
