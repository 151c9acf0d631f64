//! `planwatch logs`: reading, following, choosing.

use rustix::process::Signal;

use crate::harness::{Home, Live, Random, Step, scale};

fn follow(home: &Home, plan: &str) -> Live {
    home.planwatch(["logs", "-f", "-o", "json", "--after", "0", plan])
        .prints_something()
        .may_speak()
        .spawn()
}

fn record(home: &Home, plan: &str, bytes: &[u8]) {
    home.planwatch(["record", plan]).input(bytes).may_speak().runs();
}

/// The log up to the last verdict, as it lies on disk.
fn up_to_verdict(home: &Home, plan: &str) -> String {
    let log: String =
        home.segments(plan).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let verdict = log.rfind("\"event\":\"run.verdict\"").unwrap();
    let end = log[verdict..].find('\n').unwrap();
    log[..=verdict + end].to_owned()
}

#[test]
fn followers_from_before_amid_and_after_the_run_get_the_same_records() {
    let home = Home::new();
    let steps = [
        Step::Both(scale(500, 50_000)),
        Step::Mark(home.file("half")),
        Step::Gate(home.file("gate")),
        Step::Both(scale(500, 50_000)),
    ];
    let before = follow(&home, "plan");
    before.until_said("plan");
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
    home.until_file("half");
    let amid = follow(&home, "plan");
    amid.until_printed("run.started");
    home.touch("gate");
    let (before, amid) = (before.ends().stdout, amid.ends().stdout);
    let after = follow(&home, "plan").ends().stdout;
    let log = up_to_verdict(&home, "plan");
    assert!(before == log, "before: {} of {} bytes", before.len(), log.len());
    assert!(amid == log, "amid: {} of {} bytes", amid.len(), log.len());
    assert!(after == log, "after: {} of {} bytes", after.len(), log.len());
    home.audit("plan").run(1, &steps).holds();
}

#[test]
fn eight_followers_get_every_record_once_through_many_rotations() {
    let home = Home::new();
    let rotations = scale(40, 500);
    // A record of such a line takes some 300 bytes, a segment 64 KiB.
    let steps = [
        Step::Gate(home.file("gate")),
        Step::Rate(scale(20_000, 30_000)),
        Step::Both(rotations * 130),
    ];
    home.run_oracle(&["-d", "-n", "turning", "--segment-size", "64KiB"], &steps)
        .prints("turning\n")
        .may_speak()
        .runs();
    let followers: Vec<_> = (0..8).map(|_| follow(&home, "turning")).collect();
    followers.iter().for_each(|follower| follower.until_printed("run.started"));
    home.touch("gate");
    let printed: Vec<_> = followers.into_iter().map(|follower| follower.ends().stdout).collect();
    let log = up_to_verdict(&home, "turning");
    for (i, printed) in printed.iter().enumerate() {
        assert!(*printed == log, "follower {i}: {} of {} bytes", printed.len(), log.len());
    }
    let report = home.audit("turning").run(1, &steps).holds();
    assert!(report.segments as u64 >= rotations / 2, "{} segments", report.segments);
}

#[test]
fn cat_gives_back_the_very_bytes() {
    let home = Home::new();
    let bytes = b"plain\ncr\rcrlf\r\n\x1b[31mred\nno end";
    record(&home, "bytes", bytes);
    let done = home
        .planwatch(["logs", "-o", "cat", "--stream", "stdout", "bytes"])
        .prints_something()
        .runs();
    assert_eq!(done.stdout.as_bytes(), bytes);
}

#[test]
fn records_are_chosen_by_number_stream_level_text_and_run() {
    let home = Home::new();
    record(&home, "choose", b"INFO: one\nERROR: two\nWARNING: three\nfour\n");
    record(&home, "choose", b"INFO: five\nCRITICAL: six\n");
    let cat = |options: &[&str]| {
        home.planwatch(["logs", "-o", "cat", "--stream", "stdout"])
            .args(options)
            .arg("choose")
            .prints_something()
            .may_speak()
            .runs()
            .stdout
    };
    assert_eq!(cat(&["--level", "error"]), "ERROR: two\nCRITICAL: six\n");
    assert_eq!(cat(&["--level", "warning", "--run", "1"]), "ERROR: two\nWARNING: three\n");
    assert_eq!(cat(&["--grep", "o"]), "INFO: one\nERROR: two\nfour\n");
    assert_eq!(cat(&["--grep", "o", "--exclude", "ERR"]), "INFO: one\nfour\n");
    assert_eq!(cat(&["-n", "2"]), "INFO: five\nCRITICAL: six\n");
    assert_eq!(cat(&["-n", "3"]), "four\nINFO: five\nCRITICAL: six\n");
    assert_eq!(cat(&["--run", "2"]), "INFO: five\nCRITICAL: six\n");
    assert_eq!(cat(&["-n", "1", "--run", "1"]), "four\n");
    assert_eq!(cat(&["--since", "2000-01-01", "--run", "2"]), "INFO: five\nCRITICAL: six\n");
    assert_eq!(cat(&["--until", "2000-01-01"]), "");
    assert_eq!(cat(&["--since", "1h ago", "-n", "1"]), "CRITICAL: six\n");
    let last =
        home.records("choose").0.iter().rfind(|r| r["stream"] == "stdout").unwrap()["seq"].as_u64();
    assert_eq!(cat(&["--after", &(last.unwrap() - 1).to_string()]), "CRITICAL: six\n");
    let before_last = home
        .planwatch(["logs", "-o", "cat", "--stream", "stdout", "choose~1"])
        .prints_something()
        .runs();
    assert_eq!(before_last.lines().len(), 4);
}

#[test]
fn backwards_is_forwards_from_the_end() {
    let home = Home::new();
    record(&home, "order", b"1\n2\n3\n");
    let cat = ["logs", "-o", "cat", "--stream", "stdout", "order"];
    home.planwatch(cat).arg("-r").prints("3\n2\n1\n").runs();
    home.planwatch(cat).args(&["-r", "-n", "2"]).prints("3\n2\n").runs();
}

#[test]
fn a_cursor_file_goes_on_where_the_last_call_stopped() {
    let home = Home::new();
    let read = || {
        home.planwatch(["logs", "-o", "cat", "--stream", "stdout", "--cursor-file", "seen", "plan"])
            .prints_something()
            .may_speak()
            .runs()
            .stdout
    };
    record(&home, "plan", b"one\n");
    assert_eq!(read(), "one\n");
    assert_eq!(read(), "");
    record(&home, "plan", b"two\n");
    assert_eq!(read(), "two\n");
    assert_eq!(read(), "");
}

#[test]
fn a_cursor_file_that_is_ahead_of_a_log_begun_anew_hides_nothing_of_it() {
    let home = Home::new();
    let read = |args: &[&str]| {
        home.planwatch(["logs", "-o", "cat", "--stream", "stdout", "--cursor-file", "seen", "plan"])
            .args(args)
            .prints_something()
            .may_speak()
            .runs()
    };
    for follow in [&[][..], &["-f"]] {
        record(&home, "plan", b"1\n2\n3\n4\n5\n6\n7\n8\n9\n");
        read(&[]);
        home.planwatch(["rm", "plan"]).prints_something().may_speak().runs();
        record(&home, "plan", b"new\n");
        let done = read(follow);
        assert_eq!(done.stdout, "new\n");
        assert!(done.stderr.contains("begins anew"), "{}", done.stderr);
        assert_eq!(read(follow).stdout, "", "and is known from then on");
        home.planwatch(["rm", "plan"]).prints_something().may_speak().runs();
        std::fs::remove_file(home.file("seen")).unwrap();
    }
}

#[test]
fn the_last_that_fit_come_with_the_lines_before_them() {
    let home = Home::new();
    record(&home, "plan", b"hit\n1\n2\n3\nhit\n4\n");
    let last = |args: &[&str]| {
        let cmd = home.planwatch(["logs", "-o", "cat", "--stream", "stdout", "--grep", "hit"]);
        cmd.args(args).arg("plan").prints_something().may_speak().runs().stdout
    };
    assert_eq!(last(&["-n", "1", "-B", "2"]), "2\n3\nhit\n");
    assert_eq!(last(&["-n", "1", "-C", "1"]), "3\nhit\n4\n");
}

#[test]
fn a_follower_killed_and_resumed_by_cursor_gets_every_record_once() {
    let home = Home::new();
    let steps = [Step::Rate(10_000), Step::Both(scale(5_000, 100_000))];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
    let (mut all, mut cursor, mut random) = (String::new(), 0, Random::new());
    loop {
        let mut reader = home
            .planwatch(["logs", "-f", "-o", "json", "--after", &cursor.to_string(), "plan"])
            .any_code()
            .prints_something()
            .may_speak()
            .spawn();
        random.moment(std::time::Duration::from_millis(60));
        let over = reader.has_ended();
        reader.signal(Signal::KILL);
        let printed = reader.ends().stdout;
        let whole = &printed[..printed.rfind('\n').map_or(0, |at| at + 1)];
        all.push_str(whole);
        if let Some(last) = whole.lines().next_back() {
            cursor =
                serde_json::from_str::<serde_json::Value>(last).unwrap()["seq"].as_u64().unwrap();
        }
        if over && home.records("plan").last_seq() <= cursor {
            break;
        }
    }
    let log: String =
        home.segments("plan").iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert!(all == log, "{} of {} bytes", all.len(), log.len());
}

#[test]
fn several_plans_are_merged_by_time_with_their_names() {
    let home = Home::new();
    for (plan, line) in [("a", "first"), ("b", "second"), ("a", "third")] {
        record(&home, plan, format!("{line}\n").as_bytes());
    }
    let done = home
        .planwatch(["logs", "--stream", "stdout", "a", "b"])
        .prints_something()
        .may_speak()
        .runs();
    let lines: Vec<_> = done
        .lines()
        .into_iter()
        .filter(|line| line.contains("ir") || line.contains("second"))
        .collect();
    assert!(lines[0].contains('a') && lines[0].contains("first"), "{}", done.stdout);
    assert!(lines[1].contains('b') && lines[1].contains("second"), "{}", done.stdout);
    assert!(lines[2].contains('a') && lines[2].contains("third"), "{}", done.stdout);
    let by_glob =
        home.planwatch(["logs", "--stream", "stdout", "*"]).prints_something().may_speak().runs();
    assert_eq!(by_glob.stdout, done.stdout);
}

#[test]
fn following_goes_on_across_a_restart() {
    let home = Home::new();
    let script = "echo run $PLANWATCH_RUN; touch up.$PLANWATCH_RUN; while [ ! -e gate ]; do sleep 0.02; done";
    home.planwatch(["run", "-d", "-n", "again", "--", "sh", "-c", script])
        .prints("again\n")
        .may_speak()
        .runs();
    home.until_file("up.1");
    let follower = follow(&home, "again");
    follower.until_printed("run 1");
    home.planwatch(["restart", "again"]).prints_something().may_speak().runs();
    home.until_file("up.2");
    follower.until_printed("run 2");
    home.touch("gate");
    assert_eq!(follower.ends().stdout, up_to_verdict(&home, "again"));
}

#[test]
fn a_plan_that_is_not_there_is_an_error_with_the_closest_name() {
    let home = Home::new();
    record(&home, "nightly", b"x\n");
    home.planwatch(["logs", "nighlty"]).code(4).says("nightly").runs();
}

#[test]
fn a_closed_pipe_is_a_quiet_success() {
    let home = Home::new();
    let lines: String = (0..20_000).map(|n| format!("line {n}\n")).collect();
    record(&home, "long", lines.as_bytes());
    let done = std::process::Command::new("sh")
        .args(["-c", "{ \"$0\" logs -o cat long; echo code $? >&2; } | head -1"])
        .arg(env!("CARGO_BIN_EXE_planwatch"))
        .env("PLANWATCH_HOME", home.path())
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&done.stderr), "code 0\n");
}

#[test]
fn control_sequences_of_a_plan_do_not_reach_a_reader_of_the_short_form() {
    let home = Home::new();
    record(&home, "hostile", b"\x1b]52;c;aGVsbG8=\x07clip\n\x1b[2Jcleared\n\x9bcsi\nover\x08\x08written\n\x1b[8mhidden\x1b[0m\n");
    let done = home
        .planwatch(["logs", "--color", "always", "hostile"])
        .prints_something()
        .may_speak()
        .runs();
    for bad in ["\x1b]", "\x1b[2J", "\x08", "\x1b[8m", "\u{9b}"] {
        assert!(!done.stdout.contains(bad), "{:?}", done.stdout);
    }
    assert!(done.stdout.contains("hidden"));
}

#[test]
fn following_a_plan_that_has_ended_gives_its_last_lines_and_ends() {
    let home = Home::new();
    let lines: String = (0..100).map(|n| format!("line {n}\n")).collect();
    record(&home, "ended", lines.as_bytes());
    let done = home
        .planwatch(["logs", "-f", "-n", "3", "--stream", "stdout", "-o", "cat", "ended"])
        .prints_something()
        .may_speak()
        .runs();
    assert_eq!(done.stdout, "line 97\nline 98\nline 99\n");
}
