//! The list of faults: what is broken, what must happen then, and the test that shows it. The
//! table in RELIABILITY.md is made from it.

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

pub(crate) const GROUPS: &[(&str, &[Case])] = &[("Storage", STORAGE)];

const STORAGE: &[Case] = &[
    case(
        "The disk is full while the log is written",
        "Nothing is torn, the plan waits, and all goes on by itself when there is room",
        &["live/faults.rs::a_full_disk_makes_the_plan_wait_and_tears_nothing"],
    ),
    case(
        "The same with `--on-full drop`",
        "The plan does not wait; what is given up is counted in `log.gap`",
        &[
            "live/faults.rs::a_full_disk_drops_what_it_is_told_to_drop_and_counts_it",
            "live/faults.rs::a_plan_whose_words_may_be_dropped_does_not_wait_for_a_full_disk",
        ],
    ),
    case(
        "The home belongs to somebody else",
        "An error that names it; nothing is written there or anywhere else",
        &["faults/storage.rs::a_home_that_others_own_is_refused_and_named"],
    ),
    Case {
        fault: "The power goes",
        expected: "The log goes on at a higher number behind a `log.gap`; no cursor skips new records",
        proof: Proof::None(
            "a machine cannot lose its power here; torn and NUL-filled tails, its traces, are tested",
        ),
    },
];
