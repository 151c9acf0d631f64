//! Followers of one log, near its end and far behind, lose nothing and double nothing.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::time::Duration;

use super::*;
use crate::model::{Head, Peek, PlanName, Stamp, Text, encode_text};
use crate::store::layout::PlanDir;

fn append(plan: &PlanDir, seqs: std::ops::RangeInclusive<u64>) {
    let head = Head::new(plan.name(), 1, "stdout");
    let mut lines = Vec::new();
    for seq in seqs {
        let text = Text { off: seq, bytes: &[b'x'; 200], ..Text::default() };
        encode_text(&mut lines, &head, &Stamp(0).text(), seq, &text);
    }
    let mut log = OpenOptions::new().create(true).append(true).open(plan.segment(1)).unwrap();
    log.write_all(&lines).unwrap();
}

/// Takes what there is until the cursor has come so far, and says whether the log was another one. Panics at a record that is not the next.
async fn follow(cursor: &mut Cursor, bell: &Notify, from: u64, upto: u64) -> bool {
    let (mut seen, mut renewed) = (from, false);
    let mut to = if from > upto { u64::MAX } else { upto };
    while seen < to {
        match cursor.take() {
            Next::Block(block, after) => {
                for line in block.lines_after(after) {
                    assert_eq!(Peek::seq(line.as_bytes()), Some(seen + 1));
                    seen += 1;
                }
            }
            Next::Renewed => {
                (seen, renewed) = (0, true);
                to = upto;
            }
            Next::Behind => cursor.read().unwrap(),
            Next::CaughtUp(after) => assert_eq!(after, seen),
            Next::Nothing => {
                let rung = tokio::time::timeout(Duration::from_secs(60), bell.notified()).await;
                rung.expect("somebody rings");
            }
        }
    }
    renewed
}

#[tokio::test]
async fn cursors_anywhere_in_a_log_that_grows_see_every_record_once() {
    let temp = tempfile::tempdir().unwrap();
    let home = Home::open(temp.path()).unwrap();
    let name: PlanName = "plan".parse().unwrap();
    let plan = home.plan(&name);
    plan.create().unwrap();
    append(&plan, 1..=3_000);
    let tails = Tails::start(home).unwrap();
    let mut cursors = Vec::new();
    for after in [0, 1_234, 2_999, 3_000] {
        let bell = Arc::new(Notify::new());
        cursors.push((tails.cursor(&name, after, &bell).unwrap(), bell, after));
    }
    // More than is kept: those that did not look meanwhile have to read it themselves.
    append(&plan, 3_001..=9_000);
    for (cursor, bell, after) in &mut cursors {
        follow(cursor, bell, *after, 9_000).await;
    }
    for seq in 9_001..=9_200 {
        append(&plan, seq..=seq);
        let at = usize::try_from(seq).unwrap() % cursors.len();
        let (cursor, bell, _) = &mut cursors[at];
        let from = cursor.after();
        follow(cursor, bell, from, seq).await;
    }
    assert_eq!(tails.followed(), 1);
    drop(cursors);
    assert_eq!(tails.followed(), 0);
}

#[tokio::test]
async fn a_log_that_is_removed_and_begun_anew_is_told_even_if_nothing_had_come_of_it() {
    let temp = tempfile::tempdir().unwrap();
    let home = Home::open(temp.path()).unwrap();
    let name: PlanName = "plan".parse().unwrap();
    let plan = home.plan(&name);
    plan.create().unwrap();
    append(&plan, 1..=50);
    let tails = Tails::start(home).unwrap();
    let bell = Arc::new(Notify::new());
    let mut cursor = tails.cursor(&name, 50, &bell).unwrap();
    std::fs::remove_dir_all(plan.dir()).unwrap();
    plan.create().unwrap();
    append(&plan, 1..=20);
    assert!(follow(&mut cursor, &bell, 50, 20).await);
}
