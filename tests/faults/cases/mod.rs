//! The list of faults: what is broken, what must happen then, and the test that shows it. The
//! table in RELIABILITY.md is made from it.

mod network;
mod processes;
mod reading;
mod storage;
mod surroundings;

use network::{GATEWAY, STORM};
use processes::{PROCESSES, REQUESTS, TERMINAL};
use reading::{FOLLOWING, NOTIFICATIONS};
use storage::STORAGE;
use surroundings::{CLOCK, NAMES, SECRETS};

/// One way in which the world can break.
pub(crate) struct Case {
    pub(crate) fault: &'static str,
    pub(crate) expected: &'static str,
    pub(crate) proof: Proof,
}

/// How it is known that what is expected happens.
pub(crate) enum Proof {
    /// Tests, each as `file::name`, the file from `tests/` on or, with `src/`, from there.
    Tests(&'static [&'static str]),
    /// It is not tested, and why.
    None(&'static str),
}

/// A case with its tests.
const fn case(fault: &'static str, expected: &'static str, tests: &'static [&'static str]) -> Case {
    Case { fault, expected, proof: Proof::Tests(tests) }
}

pub(crate) const GROUPS: &[(&str, &[Case])] = &[
    ("Storage", STORAGE),
    ("Rotation and following", FOLLOWING),
    ("Notifications", NOTIFICATIONS),
    ("Processes", PROCESSES),
    ("Terminal", TERMINAL),
    ("Names and files", NAMES),
    ("Requests", REQUESTS),
    ("Secrets", SECRETS),
    ("Clock, host, upgrade", CLOCK),
    ("Gateway", GATEWAY),
    ("Everything at once", STORM),
];
