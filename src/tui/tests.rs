//! Messages in, pictures out.

use crossterm::event::KeyCode;
use jiff::tz::TimeZone;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::app::App;
use super::kept::{Kept, Layout};
use super::look::{Colours, Look};
use super::msg::{Deed, Effect, Mouse, Msg, PlanFacts, Press, RunTasks};
use crate::fold::RunFold;
use crate::model::{
    Attempt, AttemptEnd, Failure, NowRunning, Stamp, State, Task, TaskCounts, TaskState, TaskTable,
    Verdict,
};

mod night;
mod places;
mod queue;

const NOON: Stamp = Stamp(43_200_000_000);

fn minutes(minutes: i64) -> Stamp {
    Stamp(NOON.0 - minutes * 60_000_000)
}

fn run(number: u64, state: State, verdict: Verdict, tasks: TaskCounts) -> RunFold {
    let (began, ended) = match state {
        State::Ended => (minutes(70), Some(minutes(60 - i64::try_from(number).unwrap()))),
        _ => (minutes(12), None),
    };
    RunFold {
        run: number,
        state,
        verdict,
        tasks,
        started_at: began,
        spawned_at: Some(began),
        ended_at: ended,
        ..RunFold::default()
    }
}

fn facts(plan: &str, run: RunFold) -> PlanFacts {
    let plan = plan.parse().unwrap();
    PlanFacts {
        plan,
        run: Some(Box::new(run)),
        seq: 1,
        lines: 0,
        log_bytes: 8_500_000,
        orphaned: false,
        left: 0,
        heard: None,
    }
}

fn four_plans() -> Vec<PlanFacts> {
    let tasks = |total, done, running, failed| TaskCounts {
        total,
        done,
        running,
        failed,
        pending: total - done - running - failed,
        ..TaskCounts::default()
    };
    let mut dublin = run(3, State::Running, Verdict::Unknown, tasks(63, 41, 3, 0));
    dublin.now = vec![NowRunning { task: "WBSLevel3Task(run=1)".to_owned(), since: minutes(3) }];
    let mut museum = run(7, State::Ended, Verdict::Failed, tasks(63, 48, 0, 1));
    let (task, error) = ("SWOTAnalysisTask()".to_owned(), Some("KeyError: 'threats'".to_owned()));
    museum.first_failure = Some(Failure { task, state: TaskState::Failed, error });
    museum.errors = 3;
    vec![
        facts("museum-night", museum),
        facts("tax-form", run(2, State::Ended, Verdict::Succeeded, tasks(63, 63, 0, 0))),
        facts("dublin-cafe", dublin),
        facts("mars-base", run(1, State::Running, Verdict::Unknown, tasks(63, 12, 1, 0))),
    ]
}

struct Script {
    app: App,
    effects: Vec<Effect>,
}

impl Script {
    fn new(width: u16, height: u16) -> Script {
        let (colours, zone) = (Colours::None, TimeZone::UTC);
        let look = Look { colours, light: false, unicode: true, zone };
        let app = App::new(look, Kept::default(), NOON);
        Script { app, effects: Vec::new() }.tell(Msg::Resize(width, height))
    }

    fn with_plans(width: u16, height: u16) -> Script {
        let plans = four_plans().into_iter().map(Msg::Plan);
        plans.fold(Script::new(width, height), Script::tell).tell(Msg::Listed)
    }

    fn tell(mut self, msg: Msg) -> Script {
        self.effects.extend(self.app.update(msg));
        self
    }

    /// Presses the keys of a text.
    fn keys(self, keys: &str) -> Script {
        keys.chars().fold(self, |script, c| script.tell(Msg::Press(Press::char(c))))
    }

    fn key(self, code: KeyCode) -> Script {
        self.tell(Msg::Press(Press::of(code)))
    }

    /// The rows of a part of the screen.
    fn part(&self, part: Rect) -> Vec<String> {
        let (width, height) = self.app.size();
        let mut buf = Buffer::empty(Rect::new(0, 0, width, height));
        self.app.view(&mut buf);
        let part = part.intersection(buf.area);
        (part.y..part.bottom())
            .map(|y| {
                let row: String = (part.x..part.right()).map(|x| buf[(x, y)].symbol()).collect();
                row.trim_end().to_owned()
            })
            .collect()
    }

    fn acts(&self) -> Vec<(Deed, String)> {
        let acts = self.effects.iter().filter_map(|effect| match effect {
            Effect::Act(deed, plans) => Some((*deed, super::confirm::named(plans))),
            _ => None,
        });
        acts.collect()
    }

    fn asks_to_quit(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Quit))
    }

    fn footer(&self) -> String {
        let (width, height) = self.app.size();
        self.part(Rect::new(0, height - 1, width, 1)).concat()
    }

    fn selected(&self) -> &str {
        self.app.selected.as_ref().map_or("", |plan| plan.as_str())
    }
}

#[test]
fn the_list_shows_what_runs_first_and_the_cause_of_a_failure_below() {
    let script = Script::with_plans(110, 30).keys("jj");
    assert_eq!(script.selected(), "museum-night");
    let rows = script.part(Rect::new(0, 0, 44, 29));
    assert_eq!(
        [&rows[..6], &rows[21..]].concat(),
        [
            "┌ plans ───────────── 2 running · 1 failed ┐",
            "│▶ dublin-cafe  ██████▌··· 41/63 12m ······│",
            "│▶ mars-base    █▉········ 12/63 12m ······│",
            "│✗ museum-night ███████▌✗· 48/63 17m       │",
            "│✓ tax-form     ██████████ 63/63 12m       │",
            "│                                          │",
            "└──────────────────────────────────────────┘",
            "┌ museum-night ───────────────────── run 7 ┐",
            "│FAILED after 17m00s                       │",
            "│✗ SWOTAnalysisTask: KeyError: 'threats'   │",
            "│48 done · 1 failed · 14 not run           │",
            "│errors 3   warnings 0   log 8.1 MiB       │",
            "│                                          │",
            "└──────────────────────────────────────────┘",
        ]
    );
}

#[test]
fn a_small_screen_shows_the_list_or_the_log_and_never_loses_a_state() {
    let script = Script::with_plans(40, 10);
    assert_eq!(
        script.part(Rect::new(0, 0, 40, 10)),
        [
            "┌ plans ───────── 2 running · 1 failed ┐",
            "│▶ dublin-cafe  ██████▌··· 41/63 12m   │",
            "│▶ mars-base    █▉········ 12/63 12m   │",
            "│✗ museum-night ███████▌✗· 48/63 17m   │",
            "│✓ tax-form     ██████████ 63/63 12m   │",
            "│                                      │",
            "│                                      │",
            "│                                      │",
            "└──────────────────────────────────────┘",
            "? help  q quit  Enter open  Space tag",
        ]
    );
    let log = script.key(KeyCode::Enter).part(Rect::new(0, 0, 24, 1));
    assert_eq!(log, ["┌ dublin-cafe · run 3 ──"]);
}

#[test]
fn no_plans_is_said_with_what_to_do() {
    let script = Script::new(200, 60).tell(Msg::Listed);
    let rows = script.part(Rect::new(60, 2, 46, 5));
    assert_eq!(
        rows,
        [
            "│ there are no plans yet",
            "│",
            "│ planwatch run -n NAME -- COMMAND   starts on",
            "│ planwatch demo                     shows thr",
            "│",
        ]
    );
}

#[test]
fn nothing_is_done_to_a_plan_before_it_was_named_and_confirmed() {
    let script = Script::with_plans(110, 30).keys("s");
    let rows = script.part(Rect::new(31, 11, 48, 6));
    assert_eq!(
        rows,
        [
            "┌ stop ────────────────────────────────────────┐",
            "│ stop: dublin-cafe?                           │",
            "│ TERM to the whole tree, KILL after the grace │",
            "│                                              │",
            "│ y  yes      any other key: no                │",
            "└──────────────────────────────────────────────┘",
        ]
    );
    let script = script.keys("n");
    assert_eq!(script.acts(), []);
    assert_eq!(script.keys("sy").acts(), [(Deed::Stop, "dublin-cafe".to_owned())]);
}

#[test]
fn what_is_tagged_is_meant_together() {
    let script = Script::with_plans(110, 30).keys("  x");
    assert_eq!(script.keys("y").acts(), [(Deed::Kill, "dublin-cafe, mars-base".to_owned())]);
}

#[test]
fn what_does_not_run_is_not_stopped_but_can_be_restarted() {
    let script = Script::with_plans(110, 30).keys("Gs");
    assert_eq!(script.selected(), "tax-form");
    assert!(script.footer().starts_with("nothing to stop: it does not run"), "{}", script.footer());
    assert_eq!(script.keys("ry").acts(), [(Deed::Restart, "tax-form".to_owned())]);
}

#[test]
fn the_first_plan_is_selected_in_whatever_pieces_they_are_told() {
    let wanted = Script::with_plans(110, 30).selected().to_owned();
    let all: Vec<Msg> = four_plans().into_iter().map(Msg::Plan).chain([Msg::Listed]).collect();
    for cut in 0..all.len() {
        let mut script = Script::new(110, 30);
        let (early, late) = all.split_at(cut);
        script.app.update_all(early.iter().cloned());
        script.app.update_all(late.iter().cloned());
        assert_eq!(script.selected(), wanted, "{cut}");
    }
}

#[test]
fn the_selected_plan_stays_selected_while_others_come_and_go() {
    let script = Script::with_plans(110, 30).keys("j");
    assert_eq!(script.selected(), "mars-base");
    let early = run(1, State::Running, Verdict::Unknown, TaskCounts::default());
    let script = script.tell(Msg::Plan(facts("aaa", early)));
    assert_eq!(script.selected(), "mars-base");
    // The neighbour takes its place, not the first.
    let script = script.tell(Msg::Gone("mars-base".parse().unwrap()));
    assert_eq!(script.selected(), "museum-night");
    let script = script.keys("G").tell(Msg::Gone("tax-form".parse().unwrap()));
    assert_eq!(script.selected(), "museum-night");
}

#[test]
fn back_goes_out_one_step_at_a_time_and_then_leaves() {
    let script = Script::with_plans(110, 30).keys("z?");
    assert!(script.part(Rect::new(0, 0, 20, 1))[0].starts_with("┌ help"));
    let script = script.keys("qqq");
    assert!(!script.asks_to_quit());
    assert!(script.keys("q").asks_to_quit());
}

#[test]
fn a_command_is_completed_and_done() {
    let script = Script::with_plans(110, 30).keys(":st");
    assert_eq!(script.footer(), ":st   start  stop  stream");
    let script = script.keys("o").key(KeyCode::Tab).keys("mu").key(KeyCode::Tab);
    assert!(script.footer().starts_with(":stop museum-night "), "{}", script.footer());
    let script = script.key(KeyCode::Enter);
    assert!(script.footer().starts_with("nothing to stop"));
    let script = script.keys(":plan mars").key(KeyCode::Enter);
    assert_eq!(script.selected(), "mars-base");
    let script = script.keys(":dance").key(KeyCode::Enter);
    assert!(script.footer().starts_with("'dance' is no command; there is: start, up"));
}

#[test]
fn the_grid_shows_what_runs_and_digits_choose_among_it() {
    let script = Script::with_plans(200, 60).keys("v2");
    assert_eq!(script.app.kept.layout, Layout::Grid);
    let titles: Vec<String> = script.part(Rect::new(60, 0, 140, 60));
    let titles: Vec<&str> =
        titles.iter().filter_map(|row| row.split(" ─").next()?.strip_prefix("┌ ")).collect();
    assert_eq!(titles, ["1 dublin-cafe"]);
    assert_eq!(script.app.at, 1);
    assert!(matches!(script.effects.last(), Some(Effect::Keep(_) | Effect::Ask(_))));
}

#[test]
fn a_click_selects_a_plan_and_the_wheel_moves_on() {
    let script = Script::with_plans(110, 30).tell(Msg::Mouse(Mouse::Click, 5, 3));
    assert_eq!(script.selected(), "museum-night");
    assert_eq!(script.tell(Msg::Mouse(Mouse::Wheel(-3), 5, 3)).selected(), "dublin-cafe");
}

#[test]
fn tasks_are_asked_for_when_they_are_opened_and_drawn_when_they_come() {
    let script = Script::with_plans(110, 30).keys("t");
    assert!(matches!(script.effects.last(), Some(Effect::Ask(_) | Effect::Tasks(_))));
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::Tasks(_))));
    let attempt = |from, to: Option<i64>| Attempt {
        pid: None,
        started_at: minutes(from),
        ended_at: to.map(minutes),
        end: to.map(|_| AttemptEnd::Done),
        first_seq: 1,
        last_seq: None,
    };
    let task = |name: &str, state, attempt| Task {
        name: format!("{name}()"),
        family: name.to_owned(),
        state,
        attempts: 1,
        history: vec![attempt],
        ..Task::default()
    };
    let tasks = vec![
        task("StartTimeTask", TaskState::Done, attempt(12, Some(10))),
        task("WBSLevel3Task", TaskState::Running, attempt(10, None)),
    ];
    let table = TaskTable { run: 3, seq: 9, tasks, ..TaskTable::default() };
    let plan = "dublin-cafe".parse().unwrap();
    let run = run(3, State::Running, Verdict::Unknown, table.counts());
    let tasks = RunTasks { plan, run, table, earlier: Vec::new() };
    let script = script.tell(Msg::Tasks(Box::new(tasks)));
    let rows = script.part(Rect::new(44, 14, 66, 12));
    assert!(rows[0].starts_with("┌ tasks · dublin-cafe run 3 ─"), "{rows:#?}");
    assert!(rows[1].contains("running 12m00s"), "{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("✓ StartTimeTask")), "{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("▶ WBSLevel3Task")), "{rows:#?}");
}

#[test]
fn tasks_that_could_not_be_found_out_are_asked_for_again_when_more_is_known() {
    let asked = |script: &Script| {
        script.effects.iter().filter(|effect| matches!(effect, Effect::Tasks(_))).count()
    };
    let script = Script::with_plans(100, 30).keys("t");
    let plan: crate::model::PlanName = script.selected().parse().unwrap();
    let script = script.tell(Msg::NoTasks(plan.clone(), "it has never been run".to_owned()));
    assert!(script.footer().contains("it has never been run"), "{}", script.footer());
    assert_eq!(asked(&script), 1);
    let mut known =
        facts(plan.as_str(), run(1, State::Running, Verdict::Unknown, TaskCounts::default()));
    known.seq = 2;
    let script = script.tell(Msg::Plan(known)).tell(Msg::Tick(minutes(-1)));
    assert_eq!(asked(&script), 2);
    // Another plan's trouble is not this one's.
    let script = script.tell(Msg::NoTasks("tax-form".parse().unwrap(), "no".to_owned()));
    assert!(!script.footer().contains("no "), "{}", script.footer());
}

#[test]
fn any_size_is_drawn_with_everything_open() {
    for (width, height) in
        [(0, 0), (1, 1), (9, 2), (10, 3), (40, 10), (76, 5), (110, 30), (500, 200)]
    {
        for keys in ["", "t", "v", "vv", "?", "s", ":stop", "z", "vtz", "tq"] {
            let script = Script::with_plans(width, height).keys(keys);
            assert_eq!(script.part(Rect::new(0, 0, width, height)).len(), usize::from(height));
        }
    }
}
