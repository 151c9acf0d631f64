//! Commands that are typed after a colon, and how they are completed.

use super::app::{App, Focus};
use super::help;
use super::kept::Layout;
use super::msg::{Deed, Effect};
use super::pane::PaneMsg;
use super::tasks::Drawn;
use crate::feed::window::At;
use crate::model::{NameError, PlanName, Target, When, WhenError};

/// A command.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command {
    /// What is typed.
    pub(super) name: &'static str,
    /// What follows it, for the help.
    pub(super) takes: &'static str,
    /// What it does.
    pub(super) words: &'static str,
    does: Does,
}

#[derive(Clone, Copy, Debug)]
enum Does {
    Act(Deed),
    Start,
    Why,
    Go,
    Tasks(Drawn),
    Lay(Layout),
    Level,
    Stream,
    Task,
    Run,
    Time,
    Ground(bool),
    Bell,
    Help,
    Quit,
}

const fn command(
    name: &'static str,
    takes: &'static str,
    words: &'static str,
    does: Does,
) -> Command {
    Command { name, takes, words, does }
}

/// All commands.
pub(super) const COMMANDS: &[Command] = &[
    command(
        "start",
        "PLAN…|all|group:NAME",
        "start plans of plans.toml, and what they come after",
        Does::Start,
    ),
    command("up", "PLAN…|all|group:NAME", "the same", Does::Start),
    command("stop", "[PLAN…]", "stop plans (asks first)", Does::Act(Deed::Stop)),
    command("restart", "[PLAN…]", "restart plans (asks first)", Does::Act(Deed::Restart)),
    command("kill", "[PLAN…]", "kill plans (asks first)", Does::Act(Deed::Kill)),
    command("why", "[PLAN]", "why its run ended as it did", Does::Why),
    command("plan", "PLAN", "select a plan", Does::Go),
    command("timeline", "", "the tasks over time", Does::Tasks(Drawn::Timeline)),
    command("tree", "", "the tasks by what they require", Does::Tasks(Drawn::Tree)),
    command("table", "", "the tasks, one row each", Does::Tasks(Drawn::Table)),
    command("list", "", "the log of the selected plan", Does::Lay(Layout::List)),
    command("grid", "", "several logs beside each other", Does::Lay(Layout::Grid)),
    command("merged", "", "several logs as one, by time", Does::Lay(Layout::Merged)),
    command("level", "LEVEL|all", "lines of this level or worse", Does::Level),
    command("stream", "STREAM|all", "lines of this stream", Does::Stream),
    command(
        "task",
        "[NAME]",
        "lines about this task; a part of its name, or a pattern",
        Does::Task,
    ),
    command("run", "[N]", "lines of this run; of all without a number", Does::Run),
    command("time", "WHEN", "to this time: 17:30, 10m, 2h ago, 2026-11-23T17:30Z", Does::Time),
    command("light", "", "colours for a light ground", Does::Ground(true)),
    command("dark", "", "colours for a dark ground", Does::Ground(false)),
    command(
        "bell",
        "[on|off]",
        "whether it rings when a run ends badly, or all is done",
        Does::Bell,
    ),
    command("help", "", "the keys", Does::Help),
    command("quit", "", "leave; no plan is stopped", Does::Quit),
];

/// The command of this name, or the only one that begins so.
fn named(name: &str) -> Result<&'static Command, String> {
    if let Some(exact) = COMMANDS.iter().find(|command| command.name == name) {
        return Ok(exact);
    }
    let fits: Vec<&Command> =
        COMMANDS.iter().filter(|command| command.name.starts_with(name)).collect();
    match fits[..] {
        [only] => Ok(only),
        [] => Err(format!("'{name}' is no command; there is: {}", names(COMMANDS.iter()))),
        _ => Err(format!("'{name}' may be {}", names(fits.into_iter()))),
    }
}

fn names<'a>(commands: impl Iterator<Item = &'a Command>) -> String {
    commands.map(|command| command.name).collect::<Vec<_>>().join(", ")
}

impl App {
    /// What a word of the line may become: commands first, then what they take.
    /// Why there are none, where that is worth telling.
    fn choices(&self, line: &str) -> (usize, Result<Vec<String>, String>) {
        let from = line.rfind(' ').map_or(0, |blank| blank + 1);
        let word = &line[from..];
        let begins = |choice: &String| choice.starts_with(word);
        let all: Vec<String> = if from == 0 {
            COMMANDS.iter().map(|command| command.name.to_owned()).collect()
        } else {
            match line.split(' ').next().and_then(|name| named(name).ok()).map(|found| found.does) {
                Some(Does::Act(_) | Does::Why | Does::Go) => {
                    self.rows.iter().map(|row| row.facts.plan.to_string()).collect()
                }
                Some(Does::Start) => match self.startable() {
                    Ok(words) => words,
                    Err(trouble) => return (from, Err(trouble)),
                },
                Some(Does::Level) => ["all", "debug", "info", "warning", "error", "critical"]
                    .map(str::to_owned)
                    .into(),
                Some(Does::Stream) => {
                    ["all", "stdout", "stderr", "planwatch", "events"].map(str::to_owned).into()
                }
                Some(Does::Bell) => ["on", "off"].map(str::to_owned).into(),
                _ => Vec::new(),
            }
        };
        (from, Ok(all.into_iter().filter(begins).collect()))
    }

    /// Shows what the last word may become.
    pub(super) fn suggest(&mut self) {
        let Some(prompt) = &self.prompt else { return };
        let (_, choices) = self.choices(&prompt.text());
        let hint = choices.map_or_else(|trouble| trouble, |choices| choices.join("  "));
        if let Some(prompt) = &mut self.prompt {
            prompt.hint = hint;
        }
    }

    /// Completes the last word as far as it is clear.
    pub(super) fn complete(&mut self) {
        let Some(prompt) = &self.prompt else { return };
        let line = prompt.text();
        let (from, choices) = self.choices(&line);
        let choices = choices.unwrap_or_default();
        let Some(mut common) = choices.first().cloned() else { return };
        for choice in &choices[1..] {
            while !choice.starts_with(&common) {
                common.pop();
            }
        }
        let end = if choices.len() == 1 { " " } else { "" };
        let completed = format!("{}{common}{end}", &line[..from]);
        if let Some(prompt) = &mut self.prompt {
            prompt.set(&completed);
        }
        self.suggest();
    }

    /// Does what a line says.
    pub(super) fn command(&mut self, line: &str, out: &mut Vec<Effect>) {
        let mut words = line.split_whitespace();
        let Some(name) = words.next() else { return };
        let rest: Vec<&str> = words.collect();
        let done = named(name).and_then(|command| self.perform_command(command.does, &rest, out));
        if let Err(wrong) = done {
            self.said = Some(wrong);
        }
    }

    fn perform_command(
        &mut self,
        does: Does,
        rest: &[&str],
        out: &mut Vec<Effect>,
    ) -> Result<(), String> {
        let first = rest.first().copied();
        match does {
            Does::Act(deed) => {
                let plans = match rest {
                    [] => self.selected.iter().cloned().collect(),
                    names => names.iter().map(|name| self.known(name)).collect::<Result<_, _>>()?,
                };
                self.propose(deed, plans);
            }
            Does::Start => self.mean(rest, out)?,
            Does::Why => {
                self.go_to(first)?;
                self.why(out);
            }
            Does::Go => self.go_to(Some(first.ok_or("which plan?")?))?,
            Does::Tasks(drawn) => self.tasks_as(drawn, out),
            Does::Lay(layout) => self.lay_out(layout, out),
            Does::Level => {
                let level = first.filter(|&name| name != "all").map(str::parse).transpose()?;
                self.tell_pane(PaneMsg::Level(level), out);
            }
            Does::Stream => {
                let named = rest.iter().filter(|&&name| name != "all").map(|name| name.parse());
                self.tell_pane(PaneMsg::Streams(named.collect::<Result<_, _>>()?), out);
            }
            Does::Task => self.tell_pane(PaneMsg::Task(rest.join(" ")), out),
            Does::Run => {
                let run = first.map(|number| {
                    number.parse().map_err(|_| format!("'{number}' is not the number of a run"))
                });
                self.tell_pane(PaneMsg::Run(run.transpose()?), out);
            }
            Does::Time => {
                let when: When =
                    rest.join(" ").parse().map_err(|error: WhenError| error.to_string())?;
                let at = At::Time(when.resolve(self.now, &self.look.zone));
                self.tell_pane(PaneMsg::Goto(at), out);
                self.focus = Focus::Log;
            }
            Does::Ground(light) => {
                self.look.light = light;
                self.kept.light = Some(light);
                out.push(Effect::Keep(self.kept));
            }
            Does::Bell => {
                self.kept.quiet = match first {
                    None => !self.kept.quiet,
                    Some("on") => false,
                    Some("off") => true,
                    Some(other) => return Err(format!("the bell is on or off, not '{other}'")),
                };
                let now = if self.kept.quiet { "does not ring any more" } else { "rings" };
                self.said = Some(format!("the bell {now}"));
                out.push(Effect::Keep(self.kept));
            }
            Does::Help => self.page = Some(help::page(&self.look)),
            Does::Quit => out.push(Effect::Quit),
        }
        Ok(())
    }

    fn go_to(&mut self, plan: Option<&str>) -> Result<(), String> {
        if let Some(plan) = plan {
            (self.selected, self.chosen) = (Some(self.known(plan)?), true);
        }
        Ok(())
    }

    /// The plan of this name, or the only one that begins so.
    fn known(&self, name: &str) -> Result<PlanName, String> {
        if name.contains(['@', '~']) {
            return self.known_run(name);
        }
        let mut fits = self.rows.iter().map(|row| &row.facts.plan);
        if let Some(exact) = fits.clone().find(|plan| plan.as_str() == name) {
            return Ok(exact.clone());
        }
        let mut fits = fits.by_ref().filter(|plan| plan.as_str().starts_with(name));
        match (fits.next(), fits.next()) {
            (Some(only), None) => Ok(only.clone()),
            (None, _) => Err(format!("there is no plan '{name}'")),
            (Some(one), Some(other)) => Err(format!("'{name}' may be {one} or {other}")),
        }
    }

    /// The plan of `plan@run`, if that is its last run: nothing can be done to an earlier one.
    fn known_run(&self, name: &str) -> Result<PlanName, String> {
        let Target { plan, run } = name.parse().map_err(|error: NameError| error.to_string())?;
        let plan = self.known(plan.as_str())?;
        let rows = self.rows.iter().filter(|row| row.facts.plan == plan);
        let Some(last) = rows.filter_map(|row| row.facts.run.as_ref()).map(|run| run.run).next()
        else {
            return Err(format!("{plan} has never run"));
        };
        match run.and_then(|run| run.resolve(last)) {
            Some(run) if run == last => Ok(plan),
            Some(run) => Err(format!("run {run} of {plan} is over: its last run is {last}")),
            None => Err(format!("{plan} has no such run: its last is {last}")),
        }
    }
}
