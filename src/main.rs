//! Turns the command line into an exit code.

fn main() {}
