//! A Procfile: `NAME: command line` a line, each for the shell. Everything else has its default.

use super::mistake::Mistake;
use super::{Planned, PlansFile, Surroundings};
use crate::model::{After, PlanName, Spec};

/// Reads it.
pub(super) fn read(
    text: &str,
    around: &Surroundings<'_>,
    mistakes: &mut Vec<Mistake>,
) -> PlansFile {
    let mut plans: Vec<Planned> = Vec::new();
    let mut start = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let span = start..start + line.trim_end().len();
        start += line.len();
        let line = line.trim_end();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, command)) = line.split_once(':') else {
            let said = Mistake::new(span, "this is no line of a Procfile");
            mistakes.push(said.hint("write it as NAME: command; comments begin with #"));
            continue;
        };
        let name: PlanName = match name.trim().parse() {
            Ok(name) => name,
            Err(error) => {
                let said = format!("'{}' cannot be a name: {error}", name.trim());
                mistakes.push(Mistake::new(span.start..span.start + name.len(), said));
                continue;
            }
        };
        if command.trim().is_empty() {
            mistakes.push(Mistake::new(span, format!("{name} has no command")));
            continue;
        }
        if plans.iter().any(|plan| *plan.name() == name) {
            mistakes.push(Mistake::new(span, format!("there are two plans of the name '{name}'")));
            continue;
        }
        let argv = ["sh", "-c", command.trim()].map(str::to_owned).to_vec();
        let key = name.to_string();
        let spec = Spec { umask: around.umask, ..Spec::new(name, argv, around.folder.to_owned()) };
        plans.push(Planned {
            spec,
            env: Vec::new(),
            after: Vec::new(),
            when: After::default(),
            priority: 0,
            group: None,
            line: at + 1,
            key,
        });
    }
    if plans.is_empty() && mistakes.is_empty() {
        mistakes.push(Mistake::new(text.len()..text.len(), "there is no plan in this file"));
    }
    PlansFile { jobs: None, groups: Vec::new(), plans }
}
