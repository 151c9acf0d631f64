//! How many records speak of which task, in memory that does not grow with the tasks.

use std::collections::BTreeMap;

use crate::model::Level;

/// Bytes that the names may take, with what is counted of each.
const MOST: usize = 2 << 20;

/// What a name takes besides its own bytes.
const EACH: usize = 96;

/// What was counted of one task, or of all of one family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OfTask {
    /// Records that speak of it.
    pub records: u64,
    /// Those of level warning.
    pub warnings: u64,
    /// Those of level error and worse.
    pub errors: u64,
}

impl OfTask {
    /// One record.
    pub(super) fn of(level: Option<Level>) -> OfTask {
        OfTask {
            records: 1,
            warnings: u64::from(level == Some(Level::Warning)),
            errors: u64::from(level >= Some(Level::Error)),
        }
    }

    fn add(&mut self, other: OfTask) {
        self.records += other.records;
        self.warnings += other.warnings;
        self.errors += other.errors;
    }
}

/// By what tasks are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Apart {
    /// As they are called in the log.
    #[default]
    Name,
    /// By their class, for there are too many of them.
    Family,
    /// Not at all, for there are too many classes.
    Not,
}

/// Counts of tasks. What is told is exact: where there are too many to be told one by one, all of
/// them are told by family, whatever the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tasks {
    apart: Apart,
    counts: BTreeMap<String, OfTask>,
    bytes: usize,
}

impl Tasks {
    /// By what they are told apart.
    pub fn apart(&self) -> Apart {
        self.apart
    }

    /// What was counted, by name or family.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OfTask)> {
        self.counts.iter().map(|(name, of)| (name.as_str(), of))
    }

    /// Counts records of a task.
    pub(super) fn count(&mut self, name: &str, of: OfTask) {
        loop {
            let name = match self.apart {
                Apart::Name => name,
                Apart::Family => family(name),
                Apart::Not => return,
            };
            if let Some(known) = self.counts.get_mut(name) {
                return known.add(of);
            }
            if self.bytes + name.len() + EACH <= MOST {
                self.bytes += name.len() + EACH;
                self.counts.insert(name.to_owned(), of);
                return;
            }
            self.coarsen();
        }
    }

    /// Adds what was counted elsewhere.
    pub(super) fn add(&mut self, other: Tasks) {
        while self.apart < other.apart {
            self.coarsen();
        }
        for (name, of) in other.counts {
            self.count(&name, of);
        }
    }

    fn coarsen(&mut self) {
        self.apart = if self.apart == Apart::Name { Apart::Family } else { Apart::Not };
        self.bytes = 0;
        for (name, of) in std::mem::take(&mut self.counts) {
            self.count(&name, of);
        }
    }
}

/// The class of a task that is called by its name, `Leaf(n=1)`, or by its id, `Leaf_1_f4fe3360f0`.
fn family(name: &str) -> &str {
    if let Some((family, _)) = name.split_once('(') {
        return family;
    }
    let is_hash = |hash: &str| hash.len() == 10 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    match name.rsplit_once('_') {
        Some((front, hash)) if is_hash(hash) => front.split('_').next().unwrap_or(front),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(level: Level) -> OfTask {
        OfTask::of(Some(level))
    }

    #[test]
    fn tasks_are_told_by_name_while_there_are_few() {
        let mut tasks = Tasks::default();
        tasks.count("Leaf(n=1)", one(Level::Error));
        tasks.count("Leaf(n=1)", one(Level::Info));
        tasks.count("Leaf_1_f4fe3360f0", one(Level::Warning));
        assert_eq!(tasks.apart(), Apart::Name);
        let told: Vec<_> = tasks.iter().collect();
        assert_eq!(told[0], ("Leaf(n=1)", &OfTask { records: 2, warnings: 0, errors: 1 }));
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn too_many_are_told_by_family_with_nothing_lost_in_whatever_parts_they_were_counted() {
        let count = |range: std::ops::Range<u64>| {
            let mut tasks = Tasks::default();
            for n in range {
                tasks.count(&format!("Leaf(n={n})"), one(Level::Info));
                tasks.count(&format!("Mid_{n}_{n:010x}"), one(Level::Error));
            }
            tasks
        };
        let whole = count(0..100_000);
        assert_eq!((whole.apart(), whole.counts.len()), (Apart::Family, 2));
        assert_eq!(whole.counts["Leaf"], OfTask { records: 100_000, warnings: 0, errors: 0 });
        assert_eq!(whole.counts["Mid"], OfTask { records: 100_000, warnings: 0, errors: 100_000 });
        for cut in [10, 50_000, 99_990] {
            let mut parts = count(0..cut);
            parts.add(count(cut..100_000));
            assert_eq!(parts, whole, "{cut}");
        }
    }

    #[test]
    fn too_many_families_are_not_told_apart() {
        let mut tasks = Tasks::default();
        (0..100_000).for_each(|n| tasks.count(&format!("T{n}(x=1)"), one(Level::Info)));
        assert_eq!((tasks.apart(), tasks.iter().count()), (Apart::Not, 0));
        assert!(tasks.bytes <= MOST);
    }
}
