//! The answering side of the handshake with whoever started us: one line in, one line out.

use std::io::{self, BufRead as _, Write as _};
use std::os::fd::AsFd as _;

use super::launch::{Answer, Order};
use crate::os::child::let_go_of_starter;

/// Somebody who waits for an answer.
#[derive(Debug, Default)]
pub(super) struct Starter {
    answered: bool,
}

impl Starter {
    /// Reads what is wanted.
    pub(super) fn listen() -> io::Result<(Starter, Order)> {
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line)?;
        Ok((Starter { answered: false }, serde_json::from_str(&line)?))
    }

    /// Answers, once. The starter may have gone: then nobody wants to know.
    pub(super) fn answer(&mut self, answer: &Answer) {
        if std::mem::replace(&mut self.answered, true) {
            return;
        }
        let mut line = serde_json::to_vec(answer).unwrap_or_default();
        line.push(b'\n');
        if let Ok(fd) = io::stdout().as_fd().try_clone_to_owned() {
            let _ = std::fs::File::from(fd).write_all(&line);
        }
        let _ = let_go_of_starter();
    }
}
