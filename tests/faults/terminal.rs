//! Terminals that take nothing, and those that understand nothing.

use std::fs::File;
use std::io::Read as _;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::harness::{Chunk, Home, Step, Terminal};

#[test]
fn a_terminal_that_takes_nothing_holds_up_nobody_but_its_own_screen() {
    let home = Home::new();
    let steps = [
        Step::Both(10),
        Step::Gate(home.file("gate")),
        Step::Chunk(Chunk::Bulk),
        Step::Both(20_000),
    ];
    home.run_oracle(&["-d", "-n", "plan"], &steps).prints("plan\n").may_speak().runs();
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&master).unwrap();
    unlockpt(&master).unwrap();
    let path = ptsname(&master, Vec::new()).unwrap();
    let terminal = File::options().read(true).write(true).open(path.to_str().unwrap()).unwrap();
    // Nobody reads what these write: a follower, and the screen.
    let mut viewers: Vec<_> = [&["logs", "-f", "-n", "5", "plan"][..], &["watch"]]
        .into_iter()
        .map(|args| {
            let mut command = std::process::Command::new(home.program());
            command.args(args).env("PLANWATCH_HOME", home.path()).env("TERM", "xterm");
            let stream = || terminal.try_clone().unwrap();
            command.stdin(stream()).stdout(stream()).stderr(stream()).spawn().unwrap()
        })
        .collect();
    home.touch("gate");
    home.planwatch(["wait", "plan"]).prints("plan succeeded 0\n").may_speak().runs();
    home.audit("plan").run(1, &steps).holds();
    // It takes what there is again: the follower comes to its end.
    let mut master = File::from(master);
    let reader = std::thread::spawn(move || {
        let mut room = [0; 4096];
        while master.read(&mut room).is_ok_and(|read| read > 0) {}
    });
    let follower = &mut viewers[0];
    home.until("the follower has ended", || follower.try_wait().unwrap());
    let mut screen = viewers.pop().unwrap();
    screen.kill().unwrap();
    screen.wait().unwrap();
    drop(terminal);
    reader.join().unwrap();
    home.until_quiet();
}

#[test]
fn on_a_dumb_terminal_nothing_but_text_is_written() {
    let home = Home::new();
    home.run_oracle(&["-n", "plan"], &[Step::Both(3), Step::Exit(3)])
        .code(3)
        .prints_something()
        .may_speak()
        .runs();
    let path = home.path().display().to_string();
    for args in [
        &["logs", "plan"][..],
        &["ps", "-a"],
        &["why", "plan"],
        &["tasks", "plan"],
        &["doctor"],
        &["verify"],
        &["watch"],
        &["run", "-n", "other", "--", "echo", "hi"],
    ] {
        let environment = [("PLANWATCH_HOME", &*path), ("TERM", "dumb")];
        let mut terminal = Terminal::start((30, 110), true, home.program(), args, &environment);
        terminal.code();
        let bytes = home
            .until("it has been read", || Some(terminal.bytes()).filter(|bytes| !bytes.is_empty()));
        assert!(!bytes.contains(&0x1b), "{args:?}: {}", String::from_utf8_lossy(&bytes));
    }
    home.until_quiet();
}
