//! `watch` on a real terminal: keys, sizes, and every way out.

use rustix::process::Signal;
use rustix::termios::LocalModes;

use crate::harness::{Home, Proc, Random, Step, Terminal, luigi_python};

const SIZE: (u16, u16) = (30, 110);

/// A home with a plan that has said something and goes on, and one that has failed.
fn home() -> Home {
    let home = Home::new();
    let steps = [Step::Both(5), Step::Mark(home.file("said")), Step::Idle];
    home.run_oracle(&["-d", "-n", "runs"], &steps).prints("runs\n").may_speak().runs();
    home.run_oracle(&["-n", "fails"], &[Step::Exit(3)]).may_speak().code(3).runs();
    home.until_file("said");
    home
}

fn watch(home: &Home, owned: bool) -> Terminal {
    let path = home.path().display().to_string();
    let terminal =
        Terminal::start(SIZE, owned, home.program(), &["watch"], &[("PLANWATCH_HOME", &path)]);
    terminal.until_text("1 running · 1 failed");
    terminal
}

fn viewer(home: &Home) -> Proc {
    home.until("the screen is there", || {
        let named = |process: &Proc| process.argv.iter().any(|arg| arg == "watch");
        let program = home.program().display().to_string();
        home.processes().into_iter().find(|process| named(process) && process.argv[0] == program)
    })
}

#[track_caller]
fn was_given_back(terminal: &Terminal) {
    terminal.until("the terminal is given back", |screen| {
        !screen.alternate_screen()
            && !screen.hide_cursor()
            && !screen.bracketed_paste()
            && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
    });
    let modes = terminal.modes().local_modes;
    assert!(modes.contains(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG), "{modes:?}");
}

#[test]
fn keys_are_answered_and_leaving_gives_the_terminal_back() {
    let home = home();
    let mut terminal = watch(&home, true);
    assert!(!terminal.modes().local_modes.contains(LocalModes::ICANON));
    terminal.until_text("▶ runs");
    terminal.keys("?");
    terminal.until_text("┌ help");
    terminal.keys("\x1b");
    terminal.until("help is gone", |screen| !screen.contents().contains("┌ help"));
    terminal.keys("j");
    terminal.until_text("FAILED after");
    terminal.keys("\r");
    terminal.until_text("┌ why · fails");
    terminal.keys("qq");
    assert_eq!(terminal.code(), 0);
    was_given_back(&terminal);
    assert!(home.supervisor("runs").is_some(), "leaving stops nothing");
}

#[test]
fn every_key_is_answered_without_another_one_and_also_after_a_resize() {
    let home = home();
    let mut terminal = watch(&home, true);
    let selected = |name: &'static str| {
        move |screen: &vt100::Screen| screen.contents().contains(&format!("┌ {name} ─"))
    };
    for round in 0..100 {
        terminal.keys("j");
        terminal.until("the second plan is selected", selected("fails"));
        terminal.resize(SIZE.0 + round % 2, SIZE.1);
        terminal.keys("k");
        terminal.until("the first plan is selected", selected("runs"));
    }
    terminal.keys("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn a_plan_is_stopped_after_a_question_and_new_ones_appear() {
    let home = home();
    let mut terminal = watch(&home, true);
    terminal.keys("s");
    terminal.until_text("stop: runs?");
    terminal.keys("y");
    terminal.until_text("run 1 STOPPED after");
    terminal.until_text("◼ runs");
    home.run_oracle(&["-d", "-n", "later"], &[Step::Idle]).prints("later\n").may_speak().runs();
    terminal.until_text("▶ later");
    terminal.keys("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn signals_end_it_and_the_terminal_is_given_back() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT] {
        let home = home();
        let mut terminal = watch(&home, true);
        viewer(&home).signal(signal);
        assert_eq!(terminal.code(), 130, "{signal:?}");
        was_given_back(&terminal);
    }
}

#[test]
fn a_panic_on_any_thread_gives_the_terminal_back_and_is_read_there() {
    let home = Home::new();
    let mut terminal = Terminal::start(SIZE, true, &home.example("panics"), &[], &[]);
    assert_eq!(terminal.code(), 125);
    was_given_back(&terminal);
    terminal.until_text("on purpose");
}

#[test]
fn a_terminal_that_vanishes_without_a_signal_ends_it() {
    let home = home();
    let terminal = watch(&home, false);
    let viewer = viewer(&home);
    let mut child = terminal.hang_up();
    home.until("the screen has ended", || child.try_wait().ok().flatten());
    assert!(!home.processes().contains(&viewer));
}

#[test]
fn it_goes_to_the_shell_and_comes_back() {
    let home = home();
    let path = home.path().display().to_string();
    let env = [("PLANWATCH_HOME", path.as_str()), ("PS1", "ready> ")];
    let bash = std::path::Path::new("bash");
    let mut terminal = Terminal::start(SIZE, true, bash, &["--norc", "--noprofile", "-i"], &env);
    terminal.until_text("ready>");
    terminal.keys(&format!("clear; {} watch\r", home.program().display()));
    for round in 0..3 {
        terminal.until_text("1 running · 1 failed");
        terminal.keys("\x1a");
        // The shell's own line editor has the modes now.
        terminal.until("the shell is back", |screen| {
            !screen.alternate_screen()
                && !screen.hide_cursor()
                && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
        });
        let stopped = || (viewer(&home).state() == Some('T')).then_some(());
        home.until("it has stopped", stopped);
        terminal.keys(&format!("clear; echo round $((40 + {round}))\r"));
        terminal.until_text(&format!("round {}", 40 + round));
        terminal.keys("fg\r");
    }
    terminal.until_text("1 running · 1 failed");
    terminal.keys("q");
    terminal.until("the shell is back", |screen| !screen.alternate_screen());
    terminal.keys("exit\r");
    terminal.code();
}

#[test]
fn a_storm_of_sizes_leaves_the_picture_whole() {
    let home = home();
    let mut terminal = watch(&home, true);
    let mut random = Random::new();
    for (rows, cols) in [(1, 1), (0, 0), (200, 500), (10, 40), (3, 10)] {
        terminal.resize(rows, cols);
    }
    for _ in 0..200 {
        let (rows, cols) = (random.below(60) as u16, random.below(200) as u16);
        terminal.resize(rows, cols);
        if random.below(4) == 0 {
            terminal.keys(["t", "v", "z", "j", "?q"][random.below(5) as usize]);
        }
        random.moment(std::time::Duration::from_millis(3));
    }
    terminal.resize(40, 10);
    terminal.resize(SIZE.0, SIZE.1);
    terminal.keys("\x0c");
    terminal.until("every row is framed", |screen| {
        let rows: Vec<String> = screen.rows(0, SIZE.1).collect();
        let framed = |row: &String| row.ends_with(['┐', '│', '┘']);
        rows.len() == usize::from(SIZE.0) && rows[..rows.len() - 1].iter().all(framed)
    });
    viewer(&home).signal(Signal::TERM);
    assert_eq!(terminal.code(), 130);
    was_given_back(&terminal);
}

#[test]
fn three_real_luigi_plans_are_watched_to_their_ends() {
    let Some(python) = luigi_python() else {
        println!("skipped: no Python with luigi");
        return;
    };
    let home = Home::new();
    let env = home.demo_env(&python);
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut terminal = Terminal::start((40, 140), true, home.program(), &["demo"], &env);
    terminal.until_text("┌ plans");
    for ended in ["✓ demo-dag", "✗ demo-failing", "✓ demo-retries", "12/12", "2/5", "4/4"] {
        terminal.until_text(ended);
    }
    terminal.keys(":timeline\r:plan demo-dag\r");
    terminal.until_text("critical path");
    terminal.keys(":why demo-failing\r");
    terminal.until_text("┌ why · demo-failing");
    terminal.until_text("KeyError: 'threats'");
    terminal.keys("q:grid\r");
    for title in ["┌ 1 demo-", "┌ 2 demo-", "┌ 3 demo-"] {
        terminal.until_text(title);
    }
    terminal.keys("q");
    terminal.until_text("all three ended as they were meant to");
    assert_eq!(terminal.code(), 0);
    was_given_back(&terminal);
}

#[test]
fn nothing_that_a_plan_prints_reaches_the_terminal_as_an_escape() {
    let home = Home::new();
    let hostile = r"
        printf '\033]52;c;aGk=\007clipboard\n\033]0;title\007\033]8;;http://x\033\\link\n'
        printf '\033[?1049h\033[?1000hmodes\033[?25h\033c\033[6n\033[c\033P+q\033\\queries\n'
        printf '\302\233c1 \302\2352;c1\302\234 \233raw\033[8mhidden\033[31mred\n'
        printf 'over\rwrite\b\b \342\200\256bidi \000nul \tend-of-it\n'";
    let shell = ["run", "-n", "hostile", "--", "bash", "-c", hostile];
    home.planwatch(shell).prints_something().may_speak().runs();
    let path = home.path().display().to_string();
    let env = [("PLANWATCH_HOME", path.as_str())];
    let mut terminal = Terminal::start(SIZE, true, home.program(), &["watch"], &env);
    terminal.until_text("end-of-it");
    terminal.keys("q");
    assert_eq!(terminal.code(), 0);
    was_given_back(&terminal);
    let bytes = String::from_utf8(terminal.bytes()).expect("what is written is UTF-8");
    // The title is put by and taken again, and holds counts and words of ours.
    let titles = "\x1b\\[2[23];2t|\x1b\\]2;([0-9]+ (bad|running|waiting) · )*planwatch\x07";
    let drawn = "\x1b\\[([0-9;]*[HmJ]|\\?(1049|25|2004|1000|1006|2026)[hl])|\x18|\r?\n";
    let ours = regex::Regex::new(&format!("{titles}|{drawn}"));
    let rest = ours.unwrap().replace_all(&bytes, "").into_owned();
    let control: Vec<char> = rest.chars().filter(|c| c.is_control()).collect();
    assert!(control.is_empty(), "{control:?} in {rest:?}");
}

#[test]
fn it_makes_no_system_call_while_nothing_runs() {
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        println!("skipped: strace is not installed");
        return;
    }
    let home = Home::new();
    for plan in ["one", "two", "three"] {
        let steps = [Step::Both(20)];
        home.run_oracle(&["-d", "-n", plan], &steps).prints_something().may_speak().runs();
    }
    home.until_quiet();
    let path = home.path().display().to_string();
    let env = [("PLANWATCH_HOME", path.as_str())];
    let mut terminal = Terminal::start(SIZE, true, home.program(), &["watch"], &env);
    terminal.until("all are shown", |screen| screen.contents().matches("succeeded").count() == 3);
    terminal.until_text("o00000019");
    // One whose processes end while they are watched.
    let steps = [Step::Both(5)];
    home.run_oracle(&["-d", "-n", "four"], &steps).prints_something().may_speak().runs();
    terminal
        .until("the last has ended", |screen| screen.contents().matches("succeeded").count() == 4);
    home.until_quiet_but("watch");
    let viewer = viewer(&home);
    let seconds = crate::harness::scale(3, 10).to_string();
    let calls = || {
        let strace = ["-s", "INT", &seconds, "strace", "-f", "-qq", "-p", &viewer.pid.to_string()];
        let output = std::process::Command::new("timeout").args(strace).output().unwrap();
        let calls = String::from_utf8(output.stderr).unwrap();
        // What it was waiting in when strace came is shown as unfinished, and as detached.
        calls
            .lines()
            .filter(|line| !line.contains("nfinished") && !line.contains("detached"))
            .count()
    };
    // What follows the first picture may still go on in the first look.
    home.until("it sleeps", || (calls() == 0).then_some(()));
    terminal.keys("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn where_there_is_no_terminal_it_says_what_to_do_instead() {
    let home = Home::new();
    home.planwatch(["watch"])
        .code(2)
        .says("watch needs a terminal")
        .says("planwatch logs -f NAME")
        .runs();
}

/// The screen in a folder with this file of plans.
fn watch_in(home: &Home, plans: &str) -> Terminal {
    std::fs::write(home.file("plans.toml"), plans).unwrap();
    let place = home.path().display().to_string();
    let folder = home.file("plans.toml").parent().unwrap().display().to_string();
    let program = home.program().display().to_string();
    let args = ["-c", "cd \"$0\" && exec \"$1\" watch", &folder, &program];
    Terminal::start(SIZE, true, "/bin/sh".as_ref(), &args, &[("PLANWATCH_HOME", &place)])
}

#[test]
fn plans_of_a_file_are_started_and_those_that_wait_begin_by_themselves() {
    let home = Home::new();
    let plans = r#"
        [defaults]
        jobs = 1
        [plan.first]
        cmd = "echo begun; read line < gate"
        [plan.second]
        cmd = "sleep 600"
        after = ["first"]
        [plan.third]
        cmd = "sleep 600"
    "#;
    let made = std::process::Command::new("mkfifo").arg(home.file("gate")).status();
    assert!(made.is_ok_and(|status| status.success()));
    let mut terminal = watch_in(&home, plans);
    terminal.until_text("U   starts plans");
    terminal.keys("U");
    terminal.until_text("first  second  third  all");
    // What it comes after belongs to it, so there are two to be asked for.
    terminal.keys("sec\t\r");
    terminal.until_text("start these 2 plans: first, second?");
    terminal.keys("y");
    terminal.until_text("▶ first");
    terminal.until_text("↻ second waits for first");
    // One alone is not asked for; it waits for a place.
    terminal.keys(":up third\r");
    terminal.until_text("↻ third  waits for a free place");
    terminal.keys("jj");
    terminal.until_text("third waits for a free place");
    terminal.keys("s");
    terminal.until_text("it waits in the queue");
    terminal.keys("y");
    terminal.until_text("◼ third");
    std::fs::write(home.file("gate"), "go\n").unwrap();
    terminal.until_text("✓ first");
    terminal.until_text("▶ second");
    terminal.keys("q");
    assert_eq!(terminal.code(), 0);
}

#[test]
fn what_is_wrong_with_the_file_of_plans_is_said_with_its_place() {
    let home = Home::new();
    let mut terminal = watch_in(&home, "[plan.first]\ncmd = \"true\"\ntimout = \"3h\"\n");
    terminal.until_text("no plans yet");
    terminal.keys("U");
    terminal.until_text("plans.toml:3:1: ");
    terminal.until("the line is closed", |screen| !screen.contents().contains(":start"));
    terminal.keys("q");
    assert_eq!(terminal.code(), 0);
}
