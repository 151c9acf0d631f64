//! A pattern for tasks: `Swot`, `'Leaf*'`, `'Leaf(n=1)'`, or an id.

use std::collections::HashSet;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use crate::model::{Task, TaskTable};

/// Fits a task by its name, its id, or the name of its class.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TaskGlob {
    text: String,
    glob: GlobMatcher,
}

impl TaskGlob {
    /// The same, but without wildcards a part of a name is enough, and without capitals it fits
    /// both cases.
    pub fn new(text: &str) -> Result<TaskGlob, String> {
        let pattern =
            if text.contains(['*', '?', '[', '{']) { text.to_owned() } else { format!("*{text}*") };
        let glob = GlobBuilder::new(&pattern)
            .case_insensitive(!text.chars().any(char::is_uppercase))
            .build()
            .map_err(|error| format!("not a pattern for tasks: {}", error.kind()))?;
        Ok(TaskGlob { text: text.to_owned(), glob: glob.compile_matcher() })
    }

    /// As it was typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it fits a task that is called so in a record.
    pub fn fits(&self, name: &str) -> bool {
        let family = name.split('(').next().unwrap_or(name);
        self.glob.is_match(name) || self.glob.is_match(family)
    }

    /// Whether it fits the task by one of its names.
    pub fn fits_task(&self, task: &Task) -> bool {
        let id = task.id.as_deref().is_some_and(|id| self.glob.is_match(id));
        id || self.glob.is_match(&task.family) || self.fits(&task.name)
    }
}

/// As it is typed on the screen.
impl TryFrom<String> for TaskGlob {
    type Error = String;

    fn try_from(text: String) -> Result<TaskGlob, String> {
        TaskGlob::new(&text)
    }
}

impl From<TaskGlob> for String {
    fn from(glob: TaskGlob) -> String {
        glob.text
    }
}

impl PartialEq for TaskGlob {
    fn eq(&self, other: &TaskGlob) -> bool {
        self.text == other.text
    }
}

impl FromStr for TaskGlob {
    type Err = String;

    fn from_str(text: &str) -> Result<TaskGlob, String> {
        if text.is_empty() {
            return Err("name a task, or a pattern for several".to_owned());
        }
        let glob = GlobBuilder::new(text).build();
        let glob = glob.map_err(|error| format!("'{text}' is not a pattern: {}", error.kind()))?;
        Ok(TaskGlob { text: text.to_owned(), glob: glob.compile_matcher() })
    }
}

/// Which tasks are wanted.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    globs: Vec<TaskGlob>,
    /// Both names of the tasks that fit by one of them.
    names: HashSet<String>,
}

impl TaskFilter {
    /// Everything, if there are no patterns.
    pub fn new(globs: Vec<TaskGlob>) -> TaskFilter {
        TaskFilter { globs, names: HashSet::new() }
    }

    /// The patterns.
    pub fn patterns(&self) -> impl Iterator<Item = &TaskGlob> {
        self.globs.iter()
    }

    /// Whether everything is wanted, lines that speak of no task included.
    pub fn is_open(&self) -> bool {
        self.globs.is_empty()
    }

    /// Learns what the tasks of a run are called: a record names a task in one of two ways.
    pub fn learn(&mut self, table: &TaskTable) {
        for task in &table.tasks {
            if self.globs.iter().any(|glob| glob.fits_task(task)) {
                self.names.insert(task.name.clone());
                self.names.extend(task.id.clone());
            }
        }
    }

    /// Whether a record that speaks of this task, or of none, is wanted.
    pub fn wants(&self, task: Option<&str>) -> bool {
        self.is_open()
            || task.is_some_and(|task| {
                self.names.contains(task) || self.globs.iter().any(|glob| glob.fits(task))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_meant_by_its_class_its_name_or_its_id() {
        let task = Task {
            name: "Leaf(n=1, path=/a/b)".to_owned(),
            id: Some("Leaf_1_f4fe3360f0".to_owned()),
            family: "Leaf".to_owned(),
            ..Task::default()
        };
        let glob = |text: &str| text.parse::<TaskGlob>().unwrap();
        for text in ["Leaf", "Le*", "Leaf(n=1*", "*/b)", "Leaf_1_*", "Leaf_1_f4fe3360f0"] {
            assert!(glob(text).fits_task(&task), "{text}");
        }
        for text in ["Lea", "leaf", "Leaf(n=2*", "Leaf_2*"] {
            assert!(!glob(text).fits_task(&task), "{text}");
        }
        assert!("".parse::<TaskGlob>().is_err() && "a[".parse::<TaskGlob>().is_err());

        let mut filter = TaskFilter::new(vec![glob("Leaf(n=1*")]);
        assert!(!filter.wants(None) && !filter.wants(Some("Leaf_1_f4fe3360f0")));
        filter.learn(&TaskTable { tasks: vec![task], ..TaskTable::default() });
        assert!(filter.wants(Some("Leaf_1_f4fe3360f0")) && !filter.wants(Some("Leaf(n=2)")));
        assert!(TaskFilter::default().wants(None));
    }
}
