//! What a run is judged by.

use super::*;

#[test]
fn a_face_in_a_traceback_is_not_luigis_word() {
    let mut log = Writer::new();
    log.start(&luigi());
    log.text(1, &Stream::Stderr, b"ERROR: x\nTraceback (most recent call last):\n  f\nE: x\n");
    log.text(1, &Stream::Stderr, b"This progress looks :( because there were failed tasks\n");
    assert_eq!(log.fold.last().unwrap().face(), None);
}

#[test]
fn the_summary_wins_over_what_build_returned() {
    let mut log = Writer::new();
    log.start(&luigi());
    log.text(1, &Stream::Stdout, b"luigi_build_return_value: False\n");
    assert_eq!(log.fold.last().unwrap().face(), Some(Face::Failed));
    let retried = Face::Retried;
    let summary = format!("This progress looks {} because {}\n", retried.sign(), retried.because());
    log.text(1, &Stream::Stderr, summary.as_bytes());
    assert_eq!(log.fold.last().unwrap().face(), Some(retried));
}

/// What a run is judged by that says so, line by line, and exits with 0.
fn judged_by(lines: &[&str]) -> (Verdict, Option<i32>, Vec<String>) {
    let mut log = Writer::new();
    log.start(&luigi());
    for line in lines {
        log.text(1, &Stream::Stderr, format!("INFO: {line}\n").as_bytes());
    }
    log.exit(Some(0), None);
    let run = log.fold.last().unwrap();
    (run.verdict, run.exit, run.reasons.clone())
}

#[test]
fn where_luigi_is_called_more_than_once_what_is_left_undone_counts() {
    const A: &str = "Informed scheduler that task   A_1   has status   ";
    const B: &str = "Informed scheduler that task   B_1   has status   ";
    let told = |task: &str, status: &str| format!("{task}{status}");
    let (a_pending, a_failed) = (&*told(A, "PENDING"), &*told(A, "FAILED"));
    let (a_done, b_pending, b_done) = (&*told(A, "DONE"), &*told(B, "PENDING"), &*told(B, "DONE"));
    let says =
        |face: Face| format!("This progress looks {} because {}", face.sign(), face.because());
    let face = [Face::Failed, Face::Missing, Face::NotRun, Face::Fine].map(says);
    let [failed, missing, not_run, fine] = face.each_ref().map(|face| &**face);
    let scheduled = "Done scheduling tasks";
    let judged = |lines: &[&str]| {
        let (verdict, exit, _) = judged_by(lines);
        (verdict, exit.unwrap())
    };
    let fails = [a_pending, scheduled, a_failed, failed];
    assert_eq!(judged(&[&fails[..], &[missing]].concat()), (Verdict::Failed, 30));
    let leaves = [a_pending, scheduled, not_run];
    let other = [b_pending, scheduled, b_done, fine];
    assert_eq!(judged(&[&leaves[..], &other].concat()), (Verdict::Incomplete, 25));
    assert_eq!(judged(&[&fails[..], &leaves, &other].concat()), (Verdict::Failed, 30));
    let again = [a_pending, scheduled, a_done, fine];
    assert_eq!(judged(&[&leaves[..], &again].concat()), (Verdict::Succeeded, 0));
    assert_eq!(judged(&[&fails[..], &again].concat()), (Verdict::Retried, 0));
    assert_eq!(judged(&[&fails[..], &other].concat()), (Verdict::Failed, 30));
}

#[test]
fn a_task_that_stands_failed_is_told_where_luigi_has_not_summed_up() {
    let pending = "Informed scheduler that task   A_1   has status   PENDING";
    let failed = "Informed scheduler that task   A_1   has status   FAILED";
    let (verdict, exit, reasons) = judged_by(&[pending, failed]);
    assert_eq!((verdict, exit), (Verdict::Failed, Some(30)));
    assert_eq!(reasons, ["1 of 1 tasks failed: A_1", "Luigi's summary was not seen"]);
    let built = "x - __main__ - INFO - luigi_build_return_value: True";
    assert_eq!(judged_by(&[pending, failed, built]).0, Verdict::Succeeded);
}

#[test]
fn a_signal_somebody_sent_makes_a_stop_and_any_other_a_kill() {
    let mut log = Writer::new();
    log.start(&luigi());
    log.exit(None, Some(9));
    assert_eq!(log.fold.last().unwrap().verdict, Verdict::Killed);
    log.start(&luigi());
    let (by, request) = ("op".to_owned(), Some("q".to_owned()));
    log.say(2, Event::RunSignalled { signal: 9, processes: 1, by, request }, true);
    log.exit(None, Some(9));
    assert_eq!(log.fold.last().unwrap().verdict, Verdict::Stopped);
    assert!(log.fold.has_seen("q"));
}

#[test]
fn a_process_that_was_found_has_run_since_it_began_not_since_it_was_found() {
    let mut log = Writer::new();
    log.start(&luigi());
    let hour = 3_600_000;
    log.say(1, Event::RunSpawned { pid: 7, start: 9, age_ms: hour }, true);
    let run = log.fold.last().unwrap();
    assert_eq!(log.fold.ts.since(run.spawned_at.unwrap()).as_millis(), u128::from(hour));
}

#[test]
fn a_file_is_held_by_nobody_any_more_when_a_run_that_others_started_has_ended() {
    let mut log = Writer::new();
    log.start(&luigi());
    let of = vec![Stream::File("log.txt".to_owned()), Stream::Stdout];
    log.say(1, Event::StreamHeld { of, pids: vec![7] }, true);
    log.exit(None, None);
    assert_eq!(log.fold.last().unwrap().held, []);
    let of = vec![Stream::File("log.txt".to_owned())];
    log.start(&luigi());
    log.text(2, &of[0], b"works\n");
    log.say(2, Event::StreamHeld { of, pids: vec![7] }, true);
    assert_eq!(log.fold.last().unwrap().held.len(), 1);
    log.exit(None, None);
    let run = log.fold.last().unwrap();
    assert!(run.held.is_empty() && run.held_by.is_empty(), "it is read to its end first");
}
