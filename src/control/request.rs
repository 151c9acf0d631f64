//! One request, as bytes and back.

use serde::{Deserialize, Serialize};

use crate::model::{Said, Stamp};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// First signal, grace, SIGKILL, to the whole tree.
    Stop,
    /// SIGKILL to the whole tree.
    Kill,
    /// One signal to the plan's process group.
    Signal,
    /// Stop, and start again when the run has ended.
    Restart,
}

/// One request to a plan's supervisor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Marks the request in the record it causes.
    pub id: String,
    /// What is asked for.
    pub verb: Verb,
    /// The run that is meant: a request that comes too late must not hit the next one.
    pub run: u64,
    /// Who asks.
    pub by: String,
    /// The signal, or the first one of a stop if not the plan's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Milliseconds between that signal and SIGKILL, if not the plan's own choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace_ms: Option<u64>,
}

impl Request {
    /// A request by `by` about a run, made `now`.
    pub fn new(verb: Verb, run: u64, by: &str, now: Stamp) -> Request {
        let id = format!("{}-{:x}", std::process::id(), now.0);
        Request { id, verb, run, by: by.to_owned(), signal: None, grace_ms: None }
    }

    /// The line as it is written into the FIFO. It begins with a line end of its own, so that an
    /// unfinished line of somebody else spoils nothing.
    pub fn line(&self) -> Vec<u8> {
        let mut line = vec![b'\n'];
        line.extend(serde_json::to_vec(self).unwrap_or_default());
        line.push(b'\n');
        line
    }
}

/// Takes the whole lines off the front of what came out of the FIFO. Lines that are no requests are
/// counted, and an endless one is cut away.
pub fn parse(pending: &mut Vec<u8>) -> (Vec<Request>, u64) {
    let (mut requests, mut garbage) = (Vec::new(), 0);
    let whole = memchr::memrchr(b'\n', pending).map_or(0, |end| end + 1);
    for line in pending[..whole].split(|&b| b == b'\n').filter(|line| !line.is_empty()) {
        match serde_json::from_slice(line) {
            Ok(request) if line.len() <= Said::MAX => requests.push(request),
            _ => garbage += 1,
        }
    }
    pending.drain(..whole);
    if pending.len() > Said::MAX {
        pending.clear();
        garbage += 1;
    }
    (requests, garbage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn stop() -> Request {
        Request::new(Verb::Stop, 3, "op@host pid 4711", Stamp(17))
    }

    #[test]
    fn a_request_survives_garbage_before_and_after_it() {
        let mut pending = b"half a li".to_vec();
        pending.extend(stop().line());
        pending.extend(b"{\"verb\":\"dance\"}\n\n{\"id\":");
        assert_eq!(parse(&mut pending), (vec![stop()], 2));
        assert_eq!(pending, b"{\"id\":");
    }

    #[test]
    fn an_endless_line_is_not_kept() {
        let mut pending = vec![b'x'; 5_000];
        assert_eq!(parse(&mut pending), (Vec::new(), 1));
        assert!(pending.is_empty());
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_bounded(bytes in proptest::collection::vec(any::<u8>(), 0..9_000)) {
            let mut pending = bytes;
            parse(&mut pending);
            prop_assert!(pending.len() <= Said::MAX);
        }
    }
}
