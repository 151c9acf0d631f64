//! What a run of Luigi looks like.

use super::*;

/// What a plan of three tasks says, one of which fails.
pub(super) fn story(bench: &mut Bench) {
    bench.started(0);
    for line in [
        "INFO: Informed scheduler that task   Plan__99914b932b   has status   PENDING",
        "INFO: [pid 4802] Worker Worker(salt=1, workers=4) running   Purpose(n=1)",
    ] {
        bench.line(0, "stderr", line);
    }
    bench.line(0, "stdout", "2026-11-23 17:36:12 - planexe.plan.llm - WARNING - rate limited, 4 s");
    bench.line(0, "stderr", "WARNING: rate limited, 4 s");
    bench.line(0, "stdout", "thinking about \x1b[35mcafés\x1b[0m");
    bench.line(
        0,
        "stderr",
        "INFO: [pid 4802] Worker Worker(salt=1, workers=4) done      Purpose(n=1)",
    );
    bench.line(
        0,
        "stderr",
        "INFO: Informed scheduler that task   Purpose_1_0123456789   has status   DONE",
    );
    bench.line(0, "stderr", "INFO: [pid 4890] Worker Worker(salt=1, workers=4) running   SWOT()");
    for step in ["10%", "60%"] {
        bench.ended_line(0, "stdout", step, Eol::Cr);
    }
    bench.line(0, "stdout", "100% of the way");
    bench.line(0, "stderr", "ERROR: [pid 4890] Worker Worker(salt=1, workers=4) failed    SWOT()");
    bench.line(0, "stderr", "Traceback (most recent call last):");
    bench.line(0, "stderr", "  File \"/x/swot.py\", line 88, in execute");
    bench.line(0, "stderr", "    threats = data[\"threats\"]");
    bench.line(0, "stderr", "KeyError: 'threats'");
    bench.line(
        0,
        "stderr",
        "INFO: 日本語 and e\u{301} and \x1b]52;c;aGk=\x07 and 👩\u{200d}👧 end",
    );
}

#[test]
fn a_run_of_luigi_is_shown_as_what_it_means() {
    let mut bench = bench(&["cafe"], Settings::default());
    story(&mut bench);
    bench.open(100, 12);
    assert_eq!(
        bench.picture(),
        " 17:36:12 INFO  planwatch ── run 1: python x
 17:36:12 INFO  luigi     Plan waits
 17:36:12 INFO  luigi     Purpose running  n=1                                              pid 4802
 17:36:12 WARN  llm       rate limited, 4 s
 17:36:12                 thinking about cafés
 17:36:12 INFO  luigi     Purpose done  n=1                                           0.4s  pid 4802
 17:36:12 INFO  luigi     SWOT running                                                      pid 4890
 17:36:13                 100% of the way
 17:36:13 ERROR luigi     SWOT failed                                                 0.4s  pid 4890
 17:36:13 ERROR           ▸ traceback, 4 lines: KeyError: 'threats'
 17:36:13 INFO            日本語 and é and ␛]52;c;aGk=␇ and 👩👧 end

"
        .replace("é and", "e\u{301} and")
    );
    assert_eq!(bench.pane.status(true, 200), "following");
}

#[test]
fn a_narrow_pane_drops_the_logger_then_the_level_and_never_the_message() {
    let mut bench = bench(&["cafe"], Settings::default());
    story(&mut bench);
    bench.open(60, 4);
    assert_eq!(
        bench.picture(),
        " 17:36:13       100% of the way
 17:36:13 ERROR SWOT failed                   0.4s  pid 4890
 17:36:13 ERROR ▸ traceback, 4 lines: KeyError: 'threats'
 17:36:13 INFO  日本語 and e\u{301} and ␛]52;c;aGk=␇ and 👩👧 end
"
    );
    bench.open(30, 3);
    assert_eq!(
        bench.picture(),
        " 17:36:13 E SWOT failed
 17:36:13 E ▸ traceback, 4 lin
 17:36:13 日本語 and e\u{301} and ␛]5
"
    );
}

#[test]
fn a_traceback_opens_and_closes_under_the_cursor() {
    let mut bench = bench(&["cafe"], Settings { times: Times::Off, ..Settings::default() });
    story(&mut bench);
    bench.open(60, 6);
    bench.key(PaneKey::Up);
    assert_eq!(bench.rows()[4], "▌ERROR ▸ traceback, 4 lines: KeyError: 'threats'");
    bench.key(PaneKey::Open);
    assert_eq!(bench.rows()[4], "▌ERROR ▾ Traceback (most recent call last):");
    assert_eq!(bench.rows()[5], " ERROR   File \"/x/swot.py\", line 88, in execute");
    bench.key(PaneKey::Down);
    bench.key(PaneKey::Open);
    assert!(bench.picture().contains("▌ERROR ▸ traceback"), "{}", bench.picture());
    bench.key(PaneKey::Copy);
    let copied = bench.others.iter().find_map(|effect| match effect {
        PaneEffect::Copy(text) => Some(text.lines().count()),
        _ => None,
    });
    assert_eq!(copied, Some(4));
}

#[test]
fn raw_shows_every_line_as_it_was_written() {
    let mut bench = bench(&["cafe"], Settings { times: Times::Off, ..Settings::default() });
    story(&mut bench);
    bench.open(80, 30);
    bench.key(PaneKey::Raw);
    let picture = bench.picture();
    assert!(picture.contains(" INFO: Informed scheduler that task   Purpose_1_0123456789"));
    assert!(picture.contains("\n 10%\n 60%\n 100% of the way\n"), "{picture}");
    assert!(picture.contains("\n WARNING: rate limited, 4 s\n"), "{picture}");
    assert!(bench.pane.settings().raw);
    bench.key(PaneKey::Raw);
    assert!(!bench.picture().contains("Informed"));
}

#[test]
fn what_could_not_be_read_is_asked_for_again_by_the_next_key_and_no_sooner() {
    let mut pane = LogPane::new(3, vec!["p".parse().unwrap()], false, Settings::default());
    let asked = |effects: Vec<PaneEffect>| {
        effects.into_iter().find_map(|effect| match effect {
            PaneEffect::Ask(request) => Some(request),
            _ => None,
        })
    };
    let answer = |ticket, told| PaneMsg::Answer(Answer { window: 3, ticket, told });
    let open = asked(pane.update(PaneMsg::Resize { width: 80, height: 20 })).unwrap();
    let (slice, last) =
        (window::Slice { begin: true, end: true, ..Default::default() }, Cut(vec![0]));
    let opened = window::Told::Opened { slice, anchor: None, last };
    let follow = asked(pane.update(answer(open.ticket, opened))).unwrap();
    assert!(matches!(follow.want, Want::Follow { .. }));
    let failed = window::Told::Failed("input/output error".to_owned());
    assert!(asked(pane.update(answer(follow.ticket, failed))).is_none());
    let again = asked(pane.update(PaneMsg::Key(PaneKey::Left))).unwrap();
    assert!(matches!(again.want, Want::Follow { .. }));
}
