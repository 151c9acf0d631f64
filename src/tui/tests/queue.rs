//! Plans that wait for their turn, and those of a file that are started from the screen.

use super::*;
use crate::tui::msg::{FileOfPlans, Named, Queued, Stand};

fn queued(plan: &str, place: u64, stand: Stand) -> Queued {
    let group = (place > 0).then(|| "night".to_owned());
    Queued { plan: plan.parse().unwrap(), place, group, since: minutes(5), stand }
}

fn queue() -> Vec<Queued> {
    vec![
        queued("aft", 1, Stand::Waits("for mars-base".to_owned())),
        queued("tax-form", 0, Stand::Waits("for a free place (2 at once)".to_owned())),
        queued("never", 2, Stand::Skipped("museum-night run 7 failed".to_owned())),
    ]
}

fn file(plans: &[&str]) -> FileOfPlans {
    let plans = plans.iter().map(|plan| plan.parse().unwrap()).collect();
    FileOfPlans { plans, groups: vec!["night".to_owned()] }
}

fn names(plans: &[&str]) -> Vec<crate::model::PlanName> {
    plans.iter().map(|plan| plan.parse().unwrap()).collect()
}

fn with_queue(width: u16, height: u16) -> Script {
    Script::with_plans(width, height).tell(Msg::Queue(queue()))
}

fn left(script: &Script) -> Vec<String> {
    script.part(Rect::new(0, 0, 44, 30))
}

#[test]
fn what_waits_stands_behind_what_runs_and_says_what_for() {
    let script = with_queue(110, 30).keys("jjj");
    assert_eq!(script.selected(), "aft");
    let rows = left(&script);
    assert_eq!(
        [&rows[..7], &rows[22..26]].concat(),
        [
            "┌ plans ── 2 running · 1 failed · 2 queued ┐",
            "│▶ dublin-cafe  ██████▌··· 41/63 12m ······│",
            "│▶ mars-base    █▉········ 12/63 12m ······│",
            "│↻ tax-form     waits for a free place (2 …│",
            "│↻ aft          waits for mars-base        │",
            "│◼ never        skipped: museum-night run …│",
            "│✗ museum-night ███████▌✗· 48/63 17m       │",
            "┌ aft ─────────────────────────────────────┐",
            "│waits for mars-base                       │",
            "│queued 5m00s ago                          │",
            "│group night                               │",
        ]
    );
    let right = script.part(Rect::new(46, 2, 60, 3));
    let right: Vec<&str> = right.iter().map(|row| row.trim_end_matches(['│', ' '])).collect();
    assert_eq!(
        right,
        ["aft waits for mars-base", "", "it starts by itself; s takes it out of the queue"]
    );
    // A plan that has run before waits as well; its log is there to be read.
    let script = script.keys("k");
    assert_eq!(script.selected(), "tax-form");
    assert_eq!(
        left(&script)[22..27],
        [
            "┌ tax-form ────────────────────────────────┐",
            "│waits for a free place (2 at once)        │",
            "│queued 5m00s ago                          │",
            "│run 2 before: succeeded                   │",
            "│                                          │",
        ]
    );
}

#[test]
fn on_a_small_screen_what_waits_is_seen_too() {
    assert_eq!(
        with_queue(40, 10).part(Rect::new(0, 0, 40, 10)),
        [
            "┌ plans ───────── 2 running · 1 failed ┐",
            "│▶ dublin-cafe  ██████▌··· 41/63 12m   │",
            "│▶ mars-base    █▉········ 12/63 12m   │",
            "│↻ tax-form     waits for a free place…│",
            "│↻ aft          waits for mars-base    │",
            "│◼ never        skipped: museum-night …│",
            "│✗ museum-night ███████▌✗· 48/63 17m   │",
            "│                                      │",
            "└──────────────────────────────────────┘",
            "? help  q quit  Enter open  Space tag",
        ]
    );
}

#[test]
fn on_a_large_screen_as_well() {
    let script = with_queue(200, 50).keys("jjjv");
    assert_eq!(
        script.part(Rect::new(0, 0, 60, 7)),
        [
            "┌ plans ────── 2 running · 1 failed · 2 queued · 1 skipped ┐",
            "│▶ dublin-cafe  ██████▌··· 41/63 12m ······                │",
            "│▶ mars-base    █▉········ 12/63 12m ······                │",
            "│↻ tax-form     waits for a free place (2 at once)         │",
            "│↻ aft          waits for mars-base                        │",
            "│◼ never        skipped: museum-night run 7 failed         │",
            "│✗ museum-night ███████▌✗· 48/63 17m                       │",
        ]
    );
}

#[test]
fn what_waits_turns_into_what_runs_and_stays_selected() {
    let script =
        with_queue(110, 30).keys("jjj").tell(Msg::Queue(vec![queued("aft", 1, Stand::Begins(1))]));
    let rows = left(&script).join("\n");
    assert!(rows.contains("starting") && !rows.contains("never"), "{rows}");
    let begun = facts("aft", run(1, State::Running, Verdict::Unknown, TaskCounts::default()));
    let script = script.tell(Msg::Plan(begun)).tell(Msg::Queue(Vec::new()));
    assert_eq!(script.selected(), "aft");
    let rows = left(&script).join("\n");
    assert!(rows.contains("▶ aft"), "{rows}");
    // Its log is opened.
    let asks = script.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask(request) => Some(request.view.plans[0].as_str().to_owned()),
        _ => None,
    });
    assert_eq!(asks.as_deref(), Some("aft"));
    // Taken out before it has begun, it is gone.
    let script = with_queue(110, 30).tell(Msg::Queue(Vec::new()));
    assert!(!left(&script).join("\n").contains("aft"));
}

#[test]
fn what_waits_is_taken_out_of_the_queue_and_never_stopped() {
    let script = with_queue(110, 30).keys("jjj").keys("s");
    let asked = script.part(Rect::new(0, 0, 110, 29)).join("\n");
    assert!(asked.contains("stop: aft?") && asked.contains("taken out of it"), "{asked}");
    let script = script.keys("y");
    assert_eq!(script.acts(), [(Deed::Unqueue, "aft".to_owned())]);
    // Beside one that runs.
    let script = with_queue(110, 30).keys(" jj s");
    let script = script.keys("y");
    let acts = [(Deed::Unqueue, "aft".to_owned()), (Deed::Stop, "dublin-cafe".to_owned())];
    assert_eq!(script.acts(), acts);
    let script = with_queue(110, 30).keys("jjjr");
    assert!(script.footer().starts_with("nothing to restart: it waits"), "{}", script.footer());
    for key in ["W", "t"] {
        let script = with_queue(110, 30).keys("jjj").keys(key);
        assert!(!script.effects.iter().any(|e| matches!(e, Effect::Why(..) | Effect::Tasks(_))));
    }
}

#[test]
fn plans_of_the_file_are_offered_and_started() {
    let script = Script::with_plans(110, 30);
    assert!(!script.footer().contains("U start"), "{}", script.footer());
    let mut script = Script::with_plans(160, 30);
    script.app = script.app.with_file(true);
    assert!(script.footer().contains("U start"), "{}", script.footer());
    let script = script.keys("U").tell(Msg::File(Ok(file(&[
        "tax-form",
        "dublin-cafe",
        "night-1",
        "night-2",
    ]))));
    assert_eq!(script.footer(), ":start    tax-form  night-1  night-2  all  group:night");
    let script = script.keys("n").key(KeyCode::Tab);
    assert_eq!(script.footer(), ":start night-   night-1  night-2");
    let script = script.keys("1").key(KeyCode::Enter);
    let meant = |script: &Script| {
        script.effects.iter().rev().find_map(|effect| match effect {
            Effect::Mean(named) => Some(named.clone()),
            _ => None,
        })
    };
    let night = vec!["night-1".to_owned()];
    assert_eq!(meant(&script), Some(Named { names: night, group: None }));
    // One is started at once.
    let script = script.tell(Msg::Meant(names(&["night-1"])));
    assert_eq!(script.acts(), [(Deed::Start, "night-1".to_owned())]);
    let script = script.keys(":up group:night").key(KeyCode::Enter);
    assert_eq!(meant(&script).unwrap().group.as_deref(), Some("night"));
    // Several after a question that names them; those that run are left alone.
    let script = script.tell(Msg::Meant(names(&["dublin-cafe", "tax-form", "night-2"])));
    let asked = script.part(Rect::new(0, 11, 160, 7));
    let asked: Vec<&str> = asked.iter().map(|row| row.trim_matches(['│', ' '])).collect();
    assert_eq!(
        asked[1..4],
        [
            "start these 2 plans: tax-form, night-2?",
            "queued, and started as there are places",
            "1 of them has run before and runs again",
        ]
    );
    let script = script.keys("y");
    assert_eq!(script.acts()[1], (Deed::Start, "tax-form, night-2".to_owned()));
    let script = script.tell(Msg::Meant(names(&["dublin-cafe"])));
    assert_eq!(
        script.footer().split("  ").next().unwrap(),
        "nothing to start: dublin-cafe runs or waits already"
    );
}

#[test]
fn what_is_wrong_with_the_file_is_said_where_it_is_asked_for() {
    let wrong = || Msg::File(Err("plans.toml:3:1: unknown key 'cmdd'".to_owned()));
    let script = Script::with_plans(110, 30).keys("U").tell(wrong());
    assert!(script.footer().starts_with("plans.toml:3:1: unknown key"), "{}", script.footer());
    assert!(script.app.prompt.is_none());
    // Who types a command that has nothing to do with it is left alone.
    let script = script.keys(":pl").tell(wrong());
    assert_eq!(script.footer(), ":pl   plan");
    let script = script.key(KeyCode::Esc).keys(":start x").tell(wrong());
    assert_eq!(script.footer(), ":start x   plans.toml:3:1: unknown key 'cmdd'");
    let script = script.key(KeyCode::Esc).keys(":start").key(KeyCode::Enter);
    assert!(script.footer().starts_with("which plans?"), "{}", script.footer());
}
