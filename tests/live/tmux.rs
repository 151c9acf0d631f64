//! The screen as most people meet it: in tmux, over three real Luigi plans, from their start to
//! their ends.

use std::path::PathBuf;
use std::process::{Command, Output};

use crate::harness::{Home, luigi_python};

/// A tmux server of the test's own.
struct Tmux<'a> {
    home: &'a Home,
    socket: PathBuf,
}

impl Tmux<'_> {
    /// Starts a shell in a window of this size.
    fn start<'a>(home: &'a Home, env: &[(&str, &str)], width: u16, height: u16) -> Tmux<'a> {
        let tmux = Tmux { home, socket: home.file("tmux") };
        let (width, height) = (width.to_string(), height.to_string());
        let mut command = tmux.command(&["-f", "/dev/null", "new-session", "-d", "-s", "night"]);
        command.args([
            "-x",
            &width,
            "-y",
            &height,
            "PS1='ready> ' exec bash --norc --noprofile -i",
        ]);
        command.envs(env.iter().copied()).env("LC_ALL", "C.UTF-8").env_remove("NO_COLOR");
        done(command.output().expect("tmux can be started"));
        tmux
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("tmux");
        command.arg("-u").arg("-S").arg(&self.socket).args(args);
        command
    }

    fn tell(&self, args: &[&str]) -> String {
        done(self.command(args).output().expect("tmux can be started"))
    }

    /// Types text, or presses keys by tmux's names.
    fn keys(&self, keys: &[&str]) {
        self.tell(&[&["send-keys", "-t", "night"], keys].concat());
    }

    fn text(&self) -> String {
        self.tell(&["capture-pane", "-p", "-t", "night"])
    }

    /// Waits until the picture is as wanted, and gives it.
    #[track_caller]
    fn until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        self.home.until(what, || {
            let text = self.text();
            wanted(&text).then_some(text)
        })
    }

    #[track_caller]
    fn until_text(&self, text: &str) -> String {
        self.until(&format!("{text:?} is shown"), |shown| shown.contains(text))
    }
}

impl Drop for Tmux<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}", self.text());
        }
        let _ = self.command(&["kill-server"]).output();
    }
}

#[track_caller]
fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Every line of a picture ends where its pane ends: nothing has moved a column.
fn is_straight(picture: &str) -> bool {
    let ends: Vec<char> = picture.lines().filter_map(|line| line.chars().last()).collect();
    let last = ends.iter().rposition(|end| "┐│┘".contains(*end)).unwrap_or(0);
    ends[..=last].iter().all(|end| "┐│┘".contains(*end))
}

#[test]
fn three_real_luigi_plans_are_operated_in_tmux() {
    let (Some(python), true) = (luigi_python(), Command::new("tmux").arg("-V").output().is_ok())
    else {
        println!("skipped: no Python with luigi, or no tmux");
        return;
    };
    let home = Home::new();
    let env = home.demo_env(&python);
    let env = env.each_ref().map(|(name, value)| (*name, value.as_str()));
    let tmux = Tmux::start(&home, &env, 120, 40);
    tmux.until_text("ready>");
    tmux.keys(&[&format!("{} demo", home.program().display()), "Enter"]);
    // Live: the plans appear, and their tasks move.
    tmux.until_text("┌ plans");
    for moving in ["demo-dag", "demo-failing", "demo-retries", "running"] {
        tmux.until_text(moving);
    }
    // It is put aside and taken up again while they go on.
    tmux.keys(&["C-z"]);
    tmux.until("the shell is there", |text| text.contains("Stopped") && !text.contains("┌ plans"));
    tmux.keys(&["fg", "Enter"]);
    tmux.until_text("┌ plans");
    for ended in ["✓ demo-dag", "✗ demo-failing", "✓ demo-retries", "12/12", "2/5", "4/4"] {
        tmux.until_text(ended);
    }
    // Why did it fail, and what did that keep from running?
    tmux.keys(&[":plan demo-failing", "Enter"]);
    tmux.until_text("┌ demo-failing ");
    tmux.keys(&["W"]);
    tmux.until("why", |text| text.contains("┌ why") && text.contains("KeyError: 'threats'"));
    tmux.keys(&["Escape"]);
    // Through the log to the error and to its place in the traceback.
    tmux.keys(&["Enter", "/", "KeyError", "Enter"]);
    tmux.until("it is found", |text| text.contains("KeyError") && text.contains("1 of "));
    // A window of another size, a narrow one too, shows the same without a bent line.
    for (width, height) in [("200", "50"), ("40", "10"), ("120", "40")] {
        tmux.tell(&["resize-window", "-t", "night", "-x", width, "-y", height]);
        let fits = |text: &str| {
            let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
            widest.to_string() == width && is_straight(text)
        };
        tmux.until(&format!("the picture is {width} wide"), fits);
    }
    tmux.keys(&["q", "q", "q"]);
    tmux.until_text("all three ended as they were meant to");
    tmux.keys(&["echo code $?", "Enter"]);
    tmux.until_text("code 0");
}

#[test]
fn the_bell_rings_and_the_window_says_how_the_plans_stand() {
    if Command::new("tmux").arg("-V").output().is_err() {
        println!("skipped: no tmux");
        return;
    }
    let home = Home::new();
    let state = home.path().display().to_string();
    let tmux = Tmux::start(&home, &[("PLANWATCH_HOME", &state)], 100, 30);
    tmux.until_text("ready>");
    let before = tmux.tell(&["display-message", "-p", "-t", "night", "#{pane_title}"]);
    let plan = "until test -e go; do sleep 0.01; done; exit 3";
    home.planwatch(["run", "-d", "-n", "bad", "--", "sh", "-c", plan])
        .may_speak()
        .prints_something()
        .runs();
    tmux.keys(&[&format!("{} watch", home.program().display()), "Enter"]);
    let shows = |format: &str, wanted: &str| {
        let shown = || tmux.tell(&["display-message", "-p", "-t", "night", format]);
        home.until(&format!("{format} is {wanted}"), || (shown().trim() == wanted).then_some(()));
    };
    shows("#{pane_title}", "1 running · planwatch");
    // A bell of the window that is looked at is not remembered: another one is, meanwhile.
    tmux.tell(&["new-window", "-t", "night"]);
    tmux.tell(&["set-option", "-g", "monitor-bell", "on"]);
    home.touch("go");
    let rung = ["list-windows", "-t", "night", "-F", "#{window_bell_flag}"];
    home.until("it rings", || tmux.tell(&rung).starts_with('1').then_some(()));
    tmux.tell(&["select-window", "-t", "night:0"]);
    shows("#{pane_title}", "1 bad · planwatch");
    tmux.keys(&["q"]);
    tmux.until_text("ready>");
    shows("#{pane_title}", before.trim());
}
