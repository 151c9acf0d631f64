//! The Luigi tasks of a Python module, read from its text: good enough for a draft that people read.

use std::collections::{BTreeMap, BTreeSet};

/// A Python module, as far as its text tells.
#[derive(Clone, Debug)]
pub(super) struct Module {
    name: String,
    /// The statements that import something.
    imports: Vec<String>,
    classes: Vec<Class>,
}

/// A task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Task {
    pub(super) class: String,
    /// Parameters without a default.
    pub(super) lacks: Vec<String>,
}

/// A class as it stands in the text.
#[derive(Clone, Debug)]
struct Class {
    name: String,
    bases: Vec<String>,
    body: Vec<String>,
}

impl Module {
    /// Reads a module.
    pub(super) fn read(name: String, text: &str) -> Module {
        Module { name, imports: imports(text), classes: classes(text) }
    }

    /// Whether a class made of this one is a task, where those are known to be.
    fn makes_task(&self, base: &str, known: &BTreeSet<&str>) -> bool {
        let first = base.split('.').next().unwrap_or(base);
        let names = |line: &String| words(line).any(|word| word == first);
        let comes_in = self.imports.iter().any(names);
        let own = self.classes.iter().any(|class| class.name == base);
        let imports_luigi = self.imports.iter().any(|line| line.contains("luigi"));
        (imports_luigi && is_luigis(base)) || ((own || comes_in) && known.contains(last(base)))
    }
}

/// The tasks of these modules that may be asked for, each with its module: those that are a class of
/// their own, do not come from outside, and are needed by no other.
pub(super) fn asked_for(modules: &[Module]) -> Vec<(String, Task)> {
    let all =
        || modules.iter().flat_map(|module| module.classes.iter().map(move |of| (module, of)));
    let mut known: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = known.len();
        let more: Vec<&str> = all()
            .filter(|(module, class)| {
                class.bases.iter().any(|base| module.makes_task(base, &known))
            })
            .map(|(_, class)| class.name.as_str())
            .collect();
        known.extend(more);
        if known.len() == before {
            break;
        }
    }
    let mut bases: BTreeMap<&str, usize> = BTreeMap::new();
    for base in all().flat_map(|(_, class)| &class.bases) {
        *bases.entry(last(base)).or_default() += 1;
    }
    // One whose base has its own name is made of another module's.
    let is_base = |class: &Class| {
        let own = class.bases.iter().filter(|base| last(base) == class.name).count();
        bases.get(class.name.as_str()).is_some_and(|&all| all > own)
    };
    let needed: BTreeSet<&str> = all()
        .filter(|(_, class)| known.contains(class.name.as_str()))
        .flat_map(|(_, class)| {
            let in_body = class.body.iter().flat_map(|line| words(line));
            in_body.filter(|word| *word != class.name)
        })
        .collect();
    let is_asked_for = |(module, class): &(&Module, &Class)| {
        class.bases.iter().any(|base| module.makes_task(base, &known))
            && !is_base(class)
            && !needed.contains(class.name.as_str())
            && !class.bases.iter().any(|base| base.ends_with("ExternalTask"))
    };
    all().filter(is_asked_for).map(|(module, class)| (module.name.clone(), task(class))).collect()
}

/// The statements that import something, each with what its brackets hold.
fn imports(text: &str) -> Vec<String> {
    let mut imports: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines().map(str::trim_start) {
        if open && let Some(last) = imports.last_mut() {
            last.push_str(line);
        } else if line.starts_with("import ") || line.starts_with("from ") {
            open = line.contains('(');
            imports.push(line.to_owned());
        }
        open &= !line.contains(')');
    }
    imports
}

/// The name of a class without its module.
fn last(base: &str) -> &str {
    base.rsplit('.').next().unwrap_or(base)
}

/// The words of a line of Python.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

fn is_luigis(base: &str) -> bool {
    let name = base.rsplit('.').next().unwrap_or(base);
    name.ends_with("Task") && (base.starts_with("luigi.") || !base.contains('.')) && {
        // Without the module in front only Luigi's own names are known to be tasks.
        base.contains('.') || ["Task", "WrapperTask", "ExternalTask"].contains(&name)
    }
}

fn classes(text: &str) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        let head = line.strip_prefix("class ").and_then(|rest| {
            let (name, rest) = rest.split_once('(')?;
            let (bases, _) = rest.split_once(')')?;
            Some((name.trim(), bases.split(',').map(|base| base.trim().to_owned()).collect()))
        });
        match head {
            Some((name, bases)) => {
                classes.push(Class { name: name.to_owned(), bases, body: Vec::new() });
                inside = true;
            }
            None if line.trim().is_empty() || line.starts_with([' ', '\t']) => {
                if let (true, Some(class)) = (inside, classes.last_mut()) {
                    class.body.push(line.to_owned());
                }
            }
            // A decorator belongs to the class below it, and names what that one needs.
            None => inside = false,
        }
    }
    classes
}

fn task(class: &Class) -> Task {
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
    Task { class: class.name.clone(), lacks }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(modules: &[(&str, &str)]) -> Vec<String> {
        let modules: Vec<Module> =
            modules.iter().map(|(name, text)| Module::read((*name).to_owned(), text)).collect();
        let asked_for = asked_for(&modules).into_iter();
        asked_for
            .map(|(module, Task { class, lacks })| format!("{module}.{class} {lacks:?}"))
            .collect()
    }

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

class Alone(Base):
    pass

class Helper(object):
    pass
"#;
        assert_eq!(found(&[("m", text)]), [r#"m.Report ["city"]"#, "m.Alone []"]);
        assert!(found(&[("m", "class A(luigi.Task): pass")]).is_empty());
    }

    #[test]
    fn what_tasks_of_other_modules_are_made_of_is_not_asked_for() {
        let shape = "import luigi\nclass Step(luigi.Task):\n    pass\n";
        let one = "from shape import Step\nclass A(Step):\n    pass\n\
                   class B(Step):\n    def requires(self): return A()\n";
        let other = "import shape\nclass C(shape.Step):\n    pass\n";
        let same = "import shape\nclass Step(shape.Step):\n    pass\n";
        let long = "from shape import (\n    build,\n    Step,\n)\nclass E(Step):\n    pass\n";
        let stranger = "from elsewhere import Other\nclass D(Step):\n    pass\n";
        let modules = [("one", one), ("other", other), ("shape", shape), ("stranger", stranger)];
        assert_eq!(found(&modules), ["one.B []", "other.C []"]);
        assert_eq!(found(&[("long", long), ("shape", shape)]), ["long.E []"]);
        assert_eq!(found(&[("same", same), ("shape", shape)]), ["same.Step []"]);
    }
}
