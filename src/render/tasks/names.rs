//! What to call each task: its family where that says it all, else with the parameters that tell
//! it apart from its kin.

use std::collections::{HashMap, HashSet};

use crate::model::{Task, TaskTable};

/// One short name a task, by its place in the table. Not harmless: to a terminal it goes through
/// `sanitize` like the names it is made of.
#[derive(Clone, Debug, Default)]
pub struct Names {
    names: Vec<String>,
}

/// A name and its value.
type Parameter<'t> = (&'t str, &'t str);

impl Names {
    /// The names of a table's tasks.
    pub fn new(table: &TaskTable) -> Names {
        let mut families: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, task) in table.tasks.iter().enumerate() {
            families.entry(&task.family).or_default().push(at);
        }
        let mut names = vec![String::new(); table.tasks.len()];
        for (family, members) in families {
            let given = match members[..] {
                [_] if !family.is_empty() => vec![family.to_owned()],
                _ => told_apart(family, members.iter().map(|&at| &table.tasks[at]).collect()),
            };
            for (at, name) in members.into_iter().zip(given) {
                names[at] = name;
            }
        }
        Names { names }
    }

    /// Gives a task that was not known, or not by its name, its whole name: clear, if not short.
    pub fn add(&mut self, table: &TaskTable, at: usize) {
        let whole = |task: &Task| task.name.clone();
        self.names.extend(table.tasks.iter().skip(self.names.len()).map(whole));
        if let (Some(name), Some(task)) = (self.names.get_mut(at), table.tasks.get(at)) {
            *name = whole(task);
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The name of the task at this place.
    pub fn of(&self, at: usize) -> &str {
        self.names.get(at).map_or("", String::as_str)
    }

    /// The names in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }
}

/// Names for the tasks of one family, by what differs among them.
fn told_apart(family: &str, members: Vec<&Task>) -> Vec<String> {
    let whole = || members.iter().map(|task| task.name.clone()).collect();
    let read: Vec<Option<Vec<Parameter<'_>>>> =
        members.iter().map(|task| parameters(family, &task.name)).collect();
    let mut values: HashMap<&str, (HashSet<&str>, usize)> = HashMap::new();
    for (name, value) in read.iter().flatten().flatten() {
        let (seen, count) = values.entry(name).or_default();
        seen.insert(value);
        *count += 1;
    }
    let readable = read.iter().flatten().count();
    let differs = |name: &str| {
        values.get(name).is_some_and(|(seen, count)| seen.len() > 1 || *count < readable)
    };
    let names: Vec<String> = read
        .iter()
        .zip(&members)
        .map(|(read, task)| {
            let Some(read) = read else { return task.name.clone() };
            let told: Vec<String> = read
                .iter()
                .filter(|(name, _)| differs(name))
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            if told.is_empty() {
                task.name.clone()
            } else {
                format!("{family}({})", told.join(", "))
            }
        })
        .collect();
    let different: HashSet<&String> = names.iter().collect();
    if different.len() == names.len() { names } else { whole() }
}

/// The parameters of a task as Luigi prints it. A value that holds `, word=` is taken for two, which
/// makes a name longer than it need be and never a wrong one.
fn parameters<'t>(family: &str, name: &'t str) -> Option<Vec<Parameter<'t>>> {
    let mut rest = name.strip_prefix(family)?.strip_prefix('(')?.strip_suffix(')')?;
    let mut found = Vec::new();
    while !rest.is_empty() {
        let (key, value) = rest.split_once('=').filter(|(key, _)| is_word(key))?;
        let end = next_parameter(value).unwrap_or(value.len());
        found.push((key, &value[..end]));
        rest = value[end..].strip_prefix(", ").unwrap_or_default();
    }
    Some(found)
}

/// Where the next `, word=` begins.
fn next_parameter(text: &str) -> Option<usize> {
    text.match_indices(", ")
        .map(|(at, _)| at)
        .find(|&at| text[at + 2..].split_once('=').is_some_and(|(key, _)| is_word(key)))
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(tasks: &[&str]) -> Vec<String> {
        let task = |name: &&str| {
            let family = name.split('(').next().unwrap_or(name).to_owned();
            Task { name: (*name).to_owned(), family, ..Task::default() }
        };
        let table = TaskTable { tasks: tasks.iter().map(task).collect(), ..TaskTable::default() };
        Names::new(&table).iter().map(str::to_owned).collect()
    }

    #[test]
    fn a_family_of_one_needs_no_parameters_and_a_larger_one_only_those_that_differ() {
        assert_eq!(
            names(&["Report(dir=/srv/x)", "Leaf(n=1, dir=/srv/x)", "Leaf(n=2, dir=/srv/x)"]),
            ["Report", "Leaf(n=1)", "Leaf(n=2)"]
        );
    }

    #[test]
    fn what_cannot_be_told_apart_keeps_its_whole_name() {
        assert_eq!(names(&["Leaf()", "Leaf()"]), ["Leaf()", "Leaf()"]);
        assert_eq!(names(&["Leaf(n=1)", "Leaf(x)"]), ["Leaf(n=1)", "Leaf(x)"]);
        assert_eq!(names(&["A(x=1, y=2)", "A(x=1)"]), ["A(y=2)", "A(x=1)"]);
        assert_eq!(names(&["", ""]), ["", ""]);
    }

    #[test]
    fn a_value_may_hold_what_looks_like_the_end_of_it() {
        assert_eq!(
            names(&["A(q=a, b=c, n=1)", "A(q=a, b=c, n=2)", "A(q=(x), (y), n=3)"]),
            ["A(q=a, b=c, n=1)", "A(q=a, b=c, n=2)", "A(q=(x), (y), n=3)"]
        );
    }
}
