//! What an operator at night stumbled over, so that nobody does again.

use super::*;

fn why(plan: &str, text: &str) -> Msg {
    Msg::Why { plan: plan.parse().unwrap(), text: text.as_bytes().to_vec() }
}

#[test]
fn a_page_is_searched_and_no_key_on_it_acts_on_plans() {
    let text: String = (1..=60).map(|n| format!("line {n}\n")).collect();
    let script = Script::with_plans(110, 30).keys("jjW").tell(why("museum-night", &text));
    assert!(script.part(Rect::new(0, 0, 30, 1))[0].starts_with("┌ why · museum-night"));
    // Typing goes to the search, and none of it stops a plan.
    let script = script.keys("/line 5sy");
    assert_eq!(script.footer(), "/line 5sy");
    let script = script.key(KeyCode::Enter).keys("sryxvzt");
    assert_eq!((script.acts(), script.app.confirm.is_none()), (vec![], true));
    let script = script.keys("/line 5").key(KeyCode::Enter).keys("nn");
    let rows = script.part(Rect::new(0, 0, 110, 29));
    assert!(rows[0].contains("3 of 11 /line 5"), "{}", rows[0]);
    assert!(rows.iter().any(|row| row.contains("│line 51")), "{rows:#?}");
    let script = script.keys("N");
    assert!(script.part(Rect::new(0, 0, 110, 1))[0].contains("2 of 11"));
    // The footer names what works here, and nothing else.
    assert!(script.footer().contains("/ search"), "{}", script.footer());
    assert!(!script.footer().contains("stop"), "{}", script.footer());
}

#[test]
fn the_page_of_why_goes_on_with_its_plan_and_does_not_come_back_by_itself() {
    let script = Script::with_plans(110, 30).keys("jjW").tell(why("museum-night", "one\n"));
    let asked = |script: &Script| {
        script.effects.iter().filter(|effect| matches!(effect, Effect::Why(..))).count()
    };
    assert_eq!(asked(&script), 1);
    let mut facts = facts("museum-night", run(8, State::Ended, Verdict::Failed, <_>::default()));
    facts.seq = 9;
    let script = script.tell(Msg::Plan(facts));
    assert_eq!(asked(&script), 2);
    let script = script.tell(why("museum-night", "two\n"));
    assert!(script.part(Rect::new(0, 1, 9, 1))[0].contains("two"));
    let script = script.keys("q").tell(why("museum-night", "three\n"));
    assert!(script.app.page.is_none());
}

#[test]
fn processes_that_go_on_after_their_run_are_told_and_can_be_stopped() {
    let mut left = four_plans().remove(0);
    left.left = 2;
    let script = Script::with_plans(110, 30).tell(Msg::Plan(left)).keys("jj");
    let facts = script.part(Rect::new(0, 21, 44, 9)).join("\n");
    assert!(facts.contains("2 processes go on"), "{facts}");
    let script = script.keys("s");
    let asked = script.part(Rect::new(0, 0, 110, 29)).join("\n");
    assert!(asked.contains("2 processes left behind"), "{asked}");
    let script = script.keys("y");
    assert_eq!(script.acts(), [(Deed::Stop, "museum-night".to_owned())]);
    let script = script.tell(Msg::Left("museum-night".parse().unwrap(), 0)).keys("s");
    assert!(script.footer().starts_with("nothing to stop"), "{}", script.footer());
    // By the name of its last run too, and of no other.
    let script = script.keys(":stop dublin-cafe@3").key(KeyCode::Enter).keys("y");
    assert_eq!(script.acts().last().unwrap().1, "dublin-cafe");
    let script = script.keys(":stop dublin-cafe@2").key(KeyCode::Enter);
    assert!(script.footer().starts_with("run 2 of dublin-cafe is over"), "{}", script.footer());
}

#[test]
fn escape_never_leaves_and_the_footer_says_what_q_does() {
    let script = Script::with_plans(110, 30);
    assert!(script.footer().contains("q quit"), "{}", script.footer());
    let script = script.keys(" ").tell(Msg::Say("something".to_owned()));
    let script = script.key(KeyCode::Esc);
    assert_eq!((script.app.said.is_none(), script.app.tagged.len()), (true, 1));
    let script = script.key(KeyCode::Esc).key(KeyCode::Esc);
    assert_eq!((script.app.tagged.len(), script.asks_to_quit()), (0, false));
    let script = script.keys("z");
    assert!(script.footer().contains("q back"), "{}", script.footer());
    assert!(script.keys("qqq").asks_to_quit());
}

#[test]
fn the_footer_says_that_enter_tells_why_where_it_does() {
    let script = Script::with_plans(110, 30);
    assert!(script.footer().contains("Enter open"), "{}", script.footer());
    assert!(script.keys("jj").footer().contains("Enter why"));
}

#[test]
fn the_question_names_every_plan_and_only_y_is_yes() {
    let name = |n: usize| format!("a-plan-of-a-longer-name-{n}");
    let mut script = Script::new(80, 30);
    for n in 0..12 {
        let state = if n < 3 { State::Running } else { State::Ended };
        let run = run(1, state, Verdict::Failed, TaskCounts::default());
        script = script.tell(Msg::Plan(facts(&name(n), run)));
    }
    let script = script.tell(Msg::Listed).keys(&" ".repeat(12)).keys("r");
    let asked = script.part(Rect::new(0, 0, 80, 29)).join("\n");
    for n in 0..12 {
        assert!(asked.contains(&name(n)), "{n}: {asked}");
    }
    assert!(asked.contains("restart these 12 plans: "), "{asked}");
    assert!(asked.contains("3 of them run and are interrupted"), "{asked}");
    let selected = script.selected().to_owned();
    assert!(asked.contains(&format!("plans: {selected}")), "{asked}");
    let script = script.keys("Y");
    assert_eq!((script.acts(), script.app.confirm.is_none()), (vec![], true));
    // On a screen that cannot hold them the answer is asked for all the same.
    let script = script.tell(Msg::Resize(40, 10)).keys("r");
    let asked = script.part(Rect::new(0, 0, 40, 9)).join("\n");
    assert!(asked.contains("y  yes") && asked.contains("more"), "{asked}");
}

#[test]
fn a_running_plan_with_failures_and_a_stopped_one_are_counted() {
    let tasks = TaskCounts { total: 9, done: 2, running: 1, failed: 1, ..<_>::default() };
    let script = Script::with_plans(200, 30)
        .tell(Msg::Plan(facts("ill", run(1, State::Running, Verdict::Unknown, tasks))))
        .tell(Msg::Plan(facts("over", run(1, State::Ended, Verdict::Stopped, <_>::default()))));
    let script = script.tell(Msg::Gone("museum-night".parse().unwrap()));
    let head = &script.part(Rect::new(0, 0, 60, 1))[0];
    assert!(head.contains("3 running, 1 with failures · 1 stopped"), "{head}");
    let look = Look { colours: Colours::Sixteen, ..script.app.look.clone() };
    let mut app = script.app;
    app.look = look;
    let mut buf = Buffer::empty(Rect::new(0, 0, 200, 30));
    app.view(&mut buf);
    let name = |y: u16| (3..6).map(|x| buf[(x, y)].symbol()).collect::<String>();
    let y = (1..9).find(|&y| name(y) == "ill").unwrap();
    let mark = (0..60).find(|&x| buf[(x, y)].symbol() == "✗").unwrap();
    assert_eq!(buf[(mark, y)].fg, ratatui::style::Color::Red);
}

#[test]
fn a_pattern_that_nothing_fits_is_said() {
    let mut script = Script::new(110, 30);
    script.app = script.app.watching("nope-*".to_owned());
    let screen = script.tell(Msg::Listed).part(Rect::new(0, 0, 110, 29)).join("\n");
    assert!(screen.contains("┌ plans · nope-* ─"), "{screen}");
    assert!(screen.contains("no plan fits nope-* yet"), "{screen}");
    assert!(!screen.contains("there are no plans yet"), "{screen}");
}

#[test]
fn the_grid_holds_the_selected_plan_and_says_that_there_are_more() {
    let mut script = Script::new(200, 60);
    for n in 0..6 {
        let run = run(1, State::Running, Verdict::Unknown, TaskCounts::default());
        script = script.tell(Msg::Plan(facts(&format!("plan-{n}"), run)));
    }
    let screen = script.tell(Msg::Listed).keys("Gv").part(Rect::new(0, 0, 200, 59)).join("\n");
    assert!(screen.contains("4 of 6 logs"), "{screen}");
    assert!(screen.contains("4 plan-5"), "{screen}");
}

#[test]
fn a_long_filter_is_shortened_and_does_not_hide_the_rest() {
    let filter = "&a-very-long-filter-that-goes-on-and-on-and-on-and-on";
    let script = Script::with_plans(80, 24).keys(filter).key(KeyCode::Enter);
    let title = script.part(Rect::new(34, 0, 46, 1)).concat();
    assert!(title.contains("following") && title.contains("&a-"), "{title}");
}

#[test]
fn silence_is_told_and_a_run_that_has_ended_is_not_followed() {
    let mut quiet = four_plans().remove(2);
    quiet.heard = Some(minutes(22));
    quiet.run.as_mut().unwrap().started_at = minutes(40);
    quiet.run.as_mut().unwrap().spawned_at = Some(minutes(40));
    let facts = |script: &Script| script.part(Rect::new(0, 21, 44, 9)).join("\n");
    let script = Script::new(110, 30).tell(Msg::Plan(quiet.clone())).tell(Msg::Listed);
    assert!(facts(&script).contains("silent for 22m"), "{}", facts(&script));
    (quiet.lines, quiet.heard) = (1, Some(NOON));
    let script = script.tell(Msg::Plan(quiet));
    assert!(!facts(&script).contains("silent"), "{}", facts(&script));
    let title = |script: &Script| script.part(Rect::new(44, 0, 66, 1)).concat();
    assert!(title(&script).contains("following"), "{}", title(&script));
    let script = Script::with_plans(110, 30).keys("G");
    assert!(!title(&script).contains("following"), "{}", title(&script));
}

#[test]
fn what_terminals_measure_differently_is_taken_apart_on_pages_too() {
    let script = Script::with_plans(110, 30).keys("W").tell(why("dublin-cafe", "🇮🇪 Dublin\n"));
    assert_eq!(script.part(Rect::new(0, 1, 12, 1))[0], "│IE Dublin");
}
