//! Makes the README's pictures: the demo on a real pty, drawn as its terminal shows it.
//!
//!     cargo run --release --example pictures -- target/release/planwatch pictures
//!
//! Needs a `python3` in PATH that can import luigi.

#![allow(clippy::unwrap_used, reason = "a picture that cannot be made shall panic")]

mod svg;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/live/harness/terminal.rs"]
mod terminal;
#[allow(dead_code, reason = "the tests use all of it")]
#[path = "../tests/live/harness/wait.rs"]
mod wait;

use std::path::PathBuf;

use terminal::Terminal;

/// Rows and columns.
const SIZE: (u16, u16) = (36, 130);

fn main() {
    let args: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [program, folder] = &args[..] else { panic!("pictures PROGRAM FOLDER") };
    let (program, home) = (program.canonicalize().unwrap(), tempfile::tempdir().unwrap());
    let (state, cache) = (home.path().join("state"), home.path().join("cache"));
    let env = [
        ("PLANWATCH_HOME", state.to_str().unwrap()),
        ("XDG_CACHE_HOME", cache.to_str().unwrap()),
        ("XDG_STATE_HOME", home.path().to_str().unwrap()),
        ("COLORTERM", "truecolor"),
    ];
    let mut terminal = Terminal::start(SIZE, true, &program, &["demo"], &env);
    let draw = |terminal: &Terminal, name: &str, title: &str| {
        let picture = terminal.look(|screen| svg::of(screen, title));
        std::fs::write(folder.join(name), picture).unwrap();
    };
    terminal.until_text("┌ plans");
    terminal.until_text("✗ demo-failing");
    terminal.keys("t");
    terminal.until_text("┌ tasks");
    for done in ["7/12", "8/12"] {
        terminal.until_text(done);
    }
    draw(&terminal, "plans.svg", "planwatch demo: three plans, a log, and its tasks");
    terminal.keys("t");
    for ended in ["12/12", "4/4"] {
        terminal.until_text(ended);
    }
    terminal.keys(":why demo-failing\r");
    terminal.until_text("KeyError: 'threats'");
    draw(&terminal, "why.svg", "why a plan failed");
    terminal.keys("q");
    terminal.until("why is closed", |screen| !screen.contents().contains("┌ why"));
    terminal.keys(":plan demo-dag\r:timeline\r");
    terminal.until("its tasks are there", |screen| {
        let text = screen.contents();
        text.contains("tasks · demo-dag") && text.contains("Report")
    });
    terminal.keys("\t\t");
    terminal.until_text("┌ tasks");
    terminal.keys("z");
    terminal.until("the tasks fill the screen", |screen| !screen.contents().contains("┌ plans"));
    draw(&terminal, "timeline.svg", "the tasks of a plan over time");
    terminal.keys("qqq");
    assert_eq!(terminal.code(), 0);
}
