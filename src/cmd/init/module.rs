//! The Luigi tasks of a Python module, read from its text: good enough for a draft that people read.

use std::collections::BTreeSet;

use regex::Regex;

/// What the text of a module says of its tasks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Module {
    /// The tasks that may be asked for.
    pub(super) tasks: Vec<Task>,
    /// Every word that stands in the body of a class: tasks that others need are among them.
    pub(super) words: BTreeSet<String>,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) class: String,
    /// Parameters without a default.
    pub(super) lacks: Vec<String>,
}

/// A class as it stands in the text.
struct Class<'t> {
    name: &'t str,
    bases: Vec<&'t str>,
    body: Vec<&'t str>,
}

/// Reads a module. Nothing is found where nothing is imported from Luigi.
pub(super) fn module(text: &str) -> Module {
    let imports = text.lines().any(|line| {
        let line = line.trim_start();
        (line.starts_with("import ") || line.starts_with("from ")) && line.contains("luigi")
    });
    if !imports {
        return Module::default();
    }
    let classes = classes(text);
    let mut known: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = known.len();
        let is_task = |class: &&Class<'_>| {
            class.bases.iter().any(|base| is_luigis(base) || known.contains(base))
        };
        let more: Vec<&str> = classes.iter().filter(is_task).map(|class| class.name).collect();
        known.extend(more);
        if known.len() == before {
            break;
        }
    }
    let bases: BTreeSet<&str> = classes.iter().flat_map(|class| class.bases.clone()).collect();
    let asked_for = |class: &&Class<'_>| {
        // What others are made of is seldom asked for itself, and what comes from outside never.
        known.contains(class.name)
            && !bases.contains(class.name)
            && !class.bases.iter().any(|base| base.ends_with("ExternalTask"))
    };
    let tasks = classes.iter().filter(asked_for).map(task).collect();
    let words = classes.iter().flat_map(|class| words_of(class)).collect();
    Module { tasks, words }
}

fn is_luigis(base: &str) -> bool {
    let name = base.rsplit('.').next().unwrap_or(base);
    name.ends_with("Task") && (base.starts_with("luigi.") || !base.contains('.')) && {
        // Without the module in front only Luigi's own names are known to be tasks.
        base.contains('.') || ["Task", "WrapperTask", "ExternalTask"].contains(&name)
    }
}

fn classes(text: &str) -> Vec<Class<'_>> {
    let mut classes: Vec<Class<'_>> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let head = line.strip_prefix("class ").and_then(|rest| {
            let (name, rest) = rest.split_once('(')?;
            let (bases, _) = rest.split_once(')')?;
            Some((name.trim(), bases.split(',').map(str::trim).collect::<Vec<_>>()))
        });
        match head {
            Some((name, bases)) => {
                classes.push(Class { name, bases, body: Vec::new() });
                inside = true;
            }
            None if line.trim().is_empty() || line.starts_with([' ', '\t']) => {
                if let (true, Some(class)) = (inside, classes.last_mut()) {
                    class.body.push(line);
                }
            }
            // A decorator belongs to the class below it, and names what that one needs.
            None => inside = false,
        }
    }
    classes
}

fn task(class: &Class<'_>) -> Task {
    let mut lacks = Vec::new();
    for line in &class.body {
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim(), value.trim());
        let is_name = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let kind = value.split('(').next().unwrap_or_default();
        let lacks_default = !value.contains("default") && !value.contains("significant=False");
        if is_name && kind.ends_with("Parameter") && value.contains('(') && lacks_default {
            lacks.push(name.to_owned());
        }
    }
    Task { class: class.name.to_owned(), lacks }
}

fn words_of(class: &Class<'_>) -> Vec<String> {
    let Ok(word) = Regex::new(r"\b[A-Z]\w*\b") else { return Vec::new() };
    let own = class.name;
    let of_line = |line: &&str| -> Vec<String> {
        word.find_iter(line).map(|found| found.as_str().to_owned()).collect()
    };
    class.body.iter().flat_map(of_line).filter(|found| found != own).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tasks_that_can_be_asked_for_are_told_from_their_steps() {
        let text = r#"
import luigi

class Base(luigi.Task):
    day = luigi.DateParameter()

class Step(Base):
    def requires(self): return Source()

class Source(luigi.ExternalTask):
    pass

class Report(luigi.WrapperTask):
    city = luigi.Parameter()
    top = luigi.IntParameter(default=3)
    def requires(self):
        return Step(day=self.day)

class Helper(object):
    pass
"#;
        let module = module(text);
        let classes: Vec<&str> = module.tasks.iter().map(|task| task.class.as_str()).collect();
        assert_eq!(classes, ["Step", "Report"]);
        assert_eq!(module.tasks[1].lacks, ["city"]);
        assert!(module.words.contains("Step") && module.words.contains("Source"));
        assert_eq!(super::module("class A(luigi.Task): pass"), Module::default());
    }
}
