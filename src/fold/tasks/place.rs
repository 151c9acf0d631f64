//! Which task of the table is meant, and room for those that are new.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use super::join::{family_of, id_of};
use super::{TaskRef, Tasks, Told, What};
use crate::model::{Task, TaskCounts, TaskTable};

/// Where the table has which name. By hashes of 64 bits: two names of a run that share one are not
/// to be expected in the life of this program, and would only be taken for one task.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Places {
    tasks: HashMap<u64, u32, BuildHasherDefault<Ready>>,
    /// Ids of the names that were looked at.
    looked_at: HashMap<u64, String, BuildHasherDefault<Ready>>,
}

/// Verbs that one witness says of a task that runs and succeeds.
const USUAL: usize = 4;

/// A hash that needs no hashing.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ready(u64);

impl Hasher for Ready {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Folded by the halves of 128-bit products, along two ways that do not wait for each other: names
/// are long.
fn hash(name: &str) -> u64 {
    const ODD: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93];
    let fold = |one: u64, other: u64| {
        let product = u128::from(one) * u128::from(other);
        (product as u64) ^ (product >> 64) as u64
    };
    let word = |block: &[u8; 32], at: usize| {
        block[at..].first_chunk().map_or(0, |word: &[u8; 8]| u64::from_le_bytes(*word))
    };
    let take = |[one, other]: [u64; 2], block: &[u8; 32]| {
        [
            fold(word(block, 0) ^ ODD[0], word(block, 8) ^ one),
            fold(word(block, 16) ^ ODD[1], word(block, 24) ^ other),
        ]
    };
    let (blocks, rest) = name.as_bytes().as_chunks::<32>();
    let begin = [name.len() as u64 ^ ODD[0], ODD[1]];
    let whole = blocks.iter().fold(begin, take);
    let [one, other] = match name.as_bytes().last_chunk() {
        // Some of it for the second time, which is cheaper than a copy.
        Some(last) => take(whole, last),
        None => {
            let mut short = [0; 32];
            short.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            take(whole, &short)
        }
    };
    fold(one ^ ODD[1], other ^ ODD[0])
}

impl Places {
    fn find(&self, name: &str) -> Option<u32> {
        self.tasks.get(&hash(name)).copied()
    }

    /// A name that has a place keeps it; an id takes the place that its printed form held for it.
    fn put(&mut self, name: &str, place: u32) {
        self.tasks.insert(hash(name), place);
    }

    fn put_new(&mut self, name: &str, place: u32) {
        self.tasks.entry(hash(name)).or_insert(place);
    }

    /// A task without an id will be found by the ids that it may have.
    fn expect_ids(&mut self, name: &str, place: u32) {
        let mut room = 8;
        id_of(name, |id| {
            self.put_new(id, place);
            room -= 1;
            room == 0
        });
    }
}

impl Tasks {
    /// Makes what can be made of what was kept.
    pub(super) fn index(&mut self) {
        let mut places = Places::default();
        let mut counts = TaskCounts::default();
        for (place, task) in (0..).zip(&self.kept.table.tasks) {
            places.put_new(&task.name, place);
            match &task.id {
                Some(id) => places.put(id, place),
                None => places.expect_ids(&task.name, place),
            }
            counts.total += 1;
            *counts.of(task.state) += 1;
        }
        counts.total += self.kept.table.unlisted;
        (self.places, self.counts) = (places, counts);
    }

    /// The place of the task that is meant, made if it is new and may be. None if nothing is to be
    /// believed of it, or if the table is full.
    pub(super) fn place_of(&mut self, told: &Told<'_>, witness: u8) -> Option<u32> {
        if let Some(place) = self.find(told.task) {
            return Some(place);
        }
        let TaskRef { name, id } = told.task;
        if told.what == What::Named {
            self.look_at(name?, id);
            return None;
        }
        if !self.may_be_new(told, witness) {
            return None;
        }
        if self.kept.table.tasks.len() >= TaskTable::MOST {
            if matches!(told.what, What::Pending | What::Complete) {
                self.leave_out(witness);
            }
            return None;
        }
        Some(self.add(name, id))
    }

    /// Where a task of this name or id is.
    pub fn place(&self, task: &str) -> Option<usize> {
        let place = self.find(TaskRef { name: Some(task), id: None })?;
        usize::try_from(place).ok()
    }

    pub(super) fn find(&self, task: TaskRef<'_>) -> Option<u32> {
        let has_id = |place: u32| self.kept.table.tasks[place as usize].id.as_deref();
        let by_id = |id: &str| {
            let place = self.places.find(id)?;
            has_id(place).is_none_or(|known| known == id).then_some(place)
        };
        if let Some(place) = task.id.and_then(by_id) {
            return Some(place);
        }
        let name = task.name?;
        if let Some(place) = self.places.find(name) {
            // Two tasks may print themselves alike: a private parameter makes their difference.
            let other = has_id(place).zip(task.id).is_some_and(|(known, id)| known != id);
            return (!other).then_some(place);
        }
        if task.id.is_some() {
            return None;
        }
        by_id(&id_of(name, |id| by_id(id).is_some())?)
    }

    /// A name that comes before its task: kept until the task is given a status.
    fn look_at(&mut self, name: &str, id: Option<&str>) {
        if self.kept.looked_at.len() >= TaskTable::MOST {
            return;
        }
        if let Some(id) = id.map(str::to_owned).or_else(|| id_of(name, |_| true)) {
            self.kept.looked_at.insert(id, name.to_owned());
        }
    }

    /// Whether what is said of a task that nobody has heard of may be the first word about it.
    fn may_be_new(&self, told: &Told<'_>, witness: u8) -> bool {
        let partial = self.kept.table.partial;
        match told.what {
            What::Pending | What::Complete | What::Unknown | What::Missing | What::Broken(_) => {
                true
            }
            // Text of an exception can look like this. Luigi says it without having said that the
            // task is pending only of requirements that somebody has just asked for.
            What::IsDone => partial || self.kept.witnesses[usize::from(witness)].asking > 0,
            // What runs was pending: a task that prints itself in words of its own cannot be joined
            // to its id, and would stand here twice. Only a worker that helps others out never
            // says that anything is pending.
            What::Started | What::Done | What::Failed(_) | What::Requirements => {
                partial || told.task.id.is_some() || !self.kept.scheduling
            }
            What::Requires(_) | What::Loaded | What::StandsFor(_) => told.task.id.is_some(),
            What::IsFailed | What::Died(_) | What::TimedOut(_) => partial,
            What::Named | What::Percent(_) | What::Message(_) => false,
        }
    }

    pub(super) fn add(&mut self, name: Option<&str>, id: Option<&str>) -> u32 {
        let place = u32::try_from(self.kept.table.tasks.len()).unwrap_or(u32::MAX);
        let looked_at = id.and_then(|id| self.kept.looked_at.remove(id));
        let name = name.map(str::to_owned).or(looked_at);
        let family = match (&name, id) {
            (Some(name), _) => name.split('(').next().unwrap_or(name),
            (None, Some(id)) => family_of(id),
            (None, None) => "",
        };
        let family = family.to_owned();
        let name = name.unwrap_or_else(|| id.unwrap_or_default().to_owned());
        self.places.put_new(&name, place);
        match id {
            Some(id) => self.places.put(id, place),
            None => self.places.expect_ids(&name, place),
        }
        let id = id.map(str::to_owned);
        self.kept.table.tasks.push(Task { name, id, family, ..Task::default() });
        self.kept.said.push(Vec::with_capacity(USUAL));
        self.counts.total += 1;
        self.counts.pending += 1;
        place
    }

    /// A task that does not fit into the table. Each witness counts for itself.
    fn leave_out(&mut self, witness: u8) {
        let witness = &mut self.kept.witnesses[usize::from(witness)];
        witness.unlisted = witness.unlisted.saturating_add(1);
        let table = &mut self.kept.table;
        if witness.unlisted > table.unlisted {
            table.unlisted = witness.unlisted;
            self.counts.total += 1;
        }
    }

    /// Takes the names that are new. True if there were any.
    pub(super) fn take_names(&mut self, place: u32, named: TaskRef<'_>) -> bool {
        let Some(task) = self.kept.table.tasks.get_mut(place as usize) else { return false };
        let mut renamed = false;
        if let Some(id) = named.id
            && task.id.is_none()
        {
            task.id = Some(id.to_owned());
            self.places.put(id, place);
            renamed = true;
        }
        if let Some(name) = named.name
            && task.id.as_deref() == Some(&task.name)
            && task.name != name
        {
            name.clone_into(&mut task.name);
            name.split('(').next().unwrap_or(name).clone_into(&mut task.family);
            self.places.put_new(name, place);
            renamed = true;
        }
        renamed
    }
}

#[cfg(test)]
mod tests {
    use super::hash;

    proptest::proptest! {
        #[test]
        fn every_byte_of_a_name_counts(name in "[ -~]{1,200}", at in proptest::prelude::any::<proptest::sample::Index>()) {
            let mut other = name.clone().into_bytes();
            let at = at.index(other.len());
            other[at] ^= 1;
            proptest::prop_assert_ne!(hash(&name), hash(&String::from_utf8(other).unwrap()));
        }
    }
}
