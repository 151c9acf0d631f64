//! What is said to people, on standard error: made harmless, and never the end of anything. Where
//! standard error is a file on a full disk, or a pipe that nobody reads, what is being done matters
//! more than what is said of it (`eprintln!` would panic).

use std::fmt::Display;
use std::io::{self, Write as _};

use crate::render::sanitize::harmless;

/// Says this in a line: `planwatch: …`.
pub fn say(what: impl Display) {
    complain(&format!("planwatch: {what}"));
}

/// The same, over what the terminal has echoed of a key.
pub fn say_over_keys(what: impl Display) {
    write(format!("\r{}\n", harmless(&format!("planwatch: {what}"))));
}

/// Says these lines as they are.
pub fn complain(lines: &str) {
    write(lines.lines().map(|line| harmless(line) + "\n").collect());
}

fn write(text: String) {
    let _ = io::stderr().write_all(text.as_bytes());
}
