//! The oracle itself: what it writes is what is expected of it.

use std::process::Command;

use crate::harness::{Chunk, Expected, Home, Out, Step};

#[test]
fn the_oracle_and_its_expectation_agree() {
    let steps = [
        Step::Chunk(Chunk::Ragged),
        Step::MixedEnds(true),
        Step::Both(500),
        Step::Blank(3),
        Step::Letters(20_000),
        Step::Binary(20_000),
        Step::Stdout(5),
        Step::Stderr(7),
    ];
    let home = Home::new();
    let written =
        Command::new(home.oracle_program()).args(steps.iter().map(Step::to_arg)).output().unwrap();
    for (out, bytes) in [(Out::Stdout, written.stdout), (Out::Stderr, written.stderr)] {
        let (mut expected, mut all) = (Expected::new(&steps, out), Vec::new());
        while expected.next(&mut all) {}
        assert!(all == bytes, "{out:?}");
    }
}
