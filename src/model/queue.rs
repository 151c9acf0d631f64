//! Plans that wait for their turn: who is due, who never will be, and what each waits for.
//!
//! Nothing here starts anything. Whether a plan that was given to a supervisor runs or has ended
//! stands in its log, not here; this only says which run of it was meant.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{PlanName, Stamp, Verdict};

/// What those before a plan must have done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    /// Succeeded.
    #[default]
    Success,
    /// Ended, however.
    Exit,
}

/// Everything that was queued and is not forgotten yet.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// Format version, for readers of another release.
    pub format: u32,
    /// The boot in which it goes on by itself.
    pub boot: String,
    /// Plans at once.
    pub jobs: u32,
    /// Groups that have a limit of their own.
    #[serde(default)]
    pub groups: BTreeMap<String, u32>,
    /// Entries that were ever made: gives each its place.
    #[serde(default)]
    pub made: u64,
    /// The plans, each once.
    #[serde(default)]
    pub entries: Vec<Entry>,
}

/// A plan of the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its name.
    pub plan: PlanName,
    /// Its place: the lower, the earlier.
    pub place: u64,
    /// Plans that it comes after.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<PlanName>,
    /// What those must have done.
    #[serde(default)]
    pub when: After,
    /// The higher, the earlier.
    #[serde(default)]
    pub priority: i64,
    /// Its group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The file of plans it stands in.
    pub file: PathBuf,
    /// When it was queued.
    pub queued_at: Stamp,
    /// Where its spec is kept: name of a file, offset and length in it.
    pub spec: (String, u64, u64),
    /// What it waits for beside its turn: why it was not started when that had come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// Where it stands.
    pub stand: Stand,
}

/// Where a plan of the queue stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "is")]
pub enum Stand {
    /// Waits for its turn.
    Waiting,
    /// Its turn has come: it is, or soon will be, this run.
    Given {
        /// The run.
        run: u64,
        /// Who starts it: process id and start time.
        by: (i32, u64),
    },
    /// It has run.
    Over {
        /// The last run.
        run: u64,
        /// How that ended.
        verdict: Verdict,
    },
    /// It will not run.
    Skipped {
        /// Why.
        why: String,
        /// Since when.
        at: Stamp,
    },
}

impl Stand {
    /// Whether something is still to come of it.
    pub const fn is_open(&self) -> bool {
        matches!(self, Stand::Waiting | Stand::Given { .. })
    }
}

impl Queue {
    /// Version of its form that this program writes.
    pub const FORMAT: u32 = 1;

    /// Whether something is still to come.
    pub fn is_open(&self) -> bool {
        self.entries.iter().any(|entry| entry.stand.is_open())
    }

    /// The entry of a plan.
    pub fn entry(&self, plan: &PlanName) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.plan == *plan)
    }

    /// The same, to be changed.
    pub fn entry_mut(&mut self, plan: &PlanName) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.plan == *plan)
    }

    /// Skips plans that come after one that has not done what they need, and those that come after
    /// these, and so on.
    pub fn skip_hopeless(&mut self, now: Stamp) {
        loop {
            let known = self.by_name();
            let hopeless: Vec<(usize, String)> = (self.entries.iter().enumerate())
                .filter(|(_, entry)| entry.stand == Stand::Waiting && entry.when == After::Success)
                .filter_map(|(at, entry)| {
                    let failed = |plan: &PlanName| failure(&self.entries[*known.get(plan)?]);
                    Some((at, entry.after.iter().find_map(failed)?))
                })
                .collect();
            if hopeless.is_empty() {
                return;
            }
            for (at, why) in hopeless {
                self.entries[at].stand = Stand::Skipped { why, at: now };
            }
        }
    }

    /// The plans whose turn it is, in the order in which they are to be started.
    pub fn due(&self) -> Vec<PlanName> {
        self.due_of(|_| true)
    }

    /// The same of those that can be started, which is asked of each that would get a place: the
    /// others leave theirs to who comes after them.
    pub fn due_of(&self, mut can: impl FnMut(&Entry) -> bool) -> Vec<PlanName> {
        let known = self.by_name();
        let mut ready: Vec<&Entry> = (self.entries.iter())
            .filter(|entry| entry.stand == Stand::Waiting)
            .filter(|entry| entry.after.iter().all(|plan| !self.is_awaited(plan, &known)))
            .collect();
        ready.sort_by_key(|entry| (-entry.priority, entry.place));
        let running =
            || self.entries.iter().filter(|entry| matches!(entry.stand, Stand::Given { .. }));
        let mut free = (self.jobs as usize).saturating_sub(running().count());
        let mut of_groups: BTreeMap<&str, u32> = BTreeMap::new();
        for group in running().filter_map(|entry| entry.group.as_deref()) {
            *of_groups.entry(group).or_default() += 1;
        }
        let mut due = Vec::new();
        for entry in ready {
            if free == 0 {
                break;
            }
            if let Some(group) = entry.group.as_deref() {
                let count = of_groups.get(group).copied().unwrap_or(0);
                if self.groups.get(group).is_some_and(|limit| count >= *limit) {
                    continue;
                }
            }
            if !can(entry) {
                continue;
            }
            if let Some(group) = entry.group.as_deref() {
                *of_groups.entry(group).or_default() += 1;
            }
            free -= 1;
            due.push(entry.plan.clone());
        }
        due
    }

    /// What a plan that waits is waiting for, in words.
    pub fn waits_for(&self, entry: &Entry) -> String {
        let known = self.by_name();
        self.wait_of(entry, &known)
    }

    /// The same of every plan that waits, by name.
    pub fn waits(&self) -> BTreeMap<PlanName, String> {
        let known = self.by_name();
        let waiting = self.entries.iter().filter(|entry| entry.stand == Stand::Waiting);
        waiting.map(|entry| (entry.plan.clone(), self.wait_of(entry, &known))).collect()
    }

    fn wait_of(&self, entry: &Entry, known: &BTreeMap<PlanName, usize>) -> String {
        let awaited: Vec<&str> = (entry.after.iter())
            .filter(|plan| self.is_awaited(plan, known))
            .map(PlanName::as_str)
            .collect();
        match (&awaited[..], &entry.group) {
            ([], _) if entry.trouble.is_some() => entry.trouble.clone().unwrap_or_default(),
            ([], Some(group)) if self.groups.contains_key(group) => {
                format!("for a free place in {group} ({} at once)", self.groups[group])
            }
            ([], _) => format!("for a free place ({} at once)", self.jobs),
            ([one], _) => format!("for {one}"),
            ([one, rest @ ..], _) => format!("for {one} and {} more", rest.len()),
        }
    }

    /// Whether a plan that another comes after is still to end.
    fn is_awaited(&self, plan: &PlanName, known: &BTreeMap<PlanName, usize>) -> bool {
        known.get(plan).is_some_and(|&at| self.entries[at].stand.is_open())
    }

    fn by_name(&self) -> BTreeMap<PlanName, usize> {
        self.entries.iter().enumerate().map(|(at, entry)| (entry.plan.clone(), at)).collect()
    }
}

/// Why those that need the success of this one will never run.
fn failure(entry: &Entry) -> Option<String> {
    match &entry.stand {
        Stand::Over { run, verdict } if !verdict.is_success() => {
            Some(format!("{} run {run} {}", entry.plan, verdict.name()))
        }
        Stand::Skipped { .. } => Some(format!("{} was skipped", entry.plan)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(jobs: u32, plans: &[(&str, &[&str])]) -> Queue {
        let name = |name: &str| name.parse::<PlanName>().unwrap();
        let entry = |(place, (plan, after)): (u64, &(&str, &[&str]))| Entry {
            plan: name(plan),
            place,
            after: after.iter().map(|after| name(after)).collect(),
            when: After::Success,
            priority: 0,
            group: None,
            file: "/plans.toml".into(),
            queued_at: Stamp(0),
            spec: ("s".to_owned(), 0, 0),
            trouble: None,
            stand: Stand::Waiting,
        };
        let entries = (0..).zip(plans).map(entry).collect();
        Queue { jobs, entries, ..Queue::default() }
    }

    fn due(queue: &Queue) -> Vec<String> {
        queue.due().iter().map(ToString::to_string).collect()
    }

    fn give(queue: &mut Queue) {
        for plan in queue.due() {
            queue.entry_mut(&plan).unwrap().stand = Stand::Given { run: 1, by: (1, 1) };
        }
    }

    fn end(queue: &mut Queue, plan: &str, verdict: Verdict) {
        let entry = queue.entry_mut(&plan.parse().unwrap()).unwrap();
        entry.stand = Stand::Over { run: 1, verdict };
        queue.skip_hopeless(Stamp(9));
    }

    #[test]
    fn never_more_than_there_are_places_and_in_order() {
        let mut queue = queue(2, &[("a", &[]), ("b", &[]), ("c", &["a"]), ("d", &[]), ("e", &[])]);
        queue.entries[4].priority = 1;
        assert_eq!(due(&queue), ["e", "a"]);
        give(&mut queue);
        assert_eq!(due(&queue), [""; 0]);
        end(&mut queue, "e", Verdict::Failed);
        assert_eq!(due(&queue), ["b"], "c waits for a");
        assert_eq!(queue.waits()[&"c".parse().unwrap()], "for a");
        end(&mut queue, "a", Verdict::Retried);
        give(&mut queue);
        assert_eq!(queue.waits()[&"d".parse().unwrap()], "for a free place (2 at once)");
    }

    #[test]
    fn a_group_has_a_limit_of_its_own() {
        let mut queue = queue(9, &[("a", &[]), ("b", &[]), ("c", &[])]);
        queue.groups.insert("llm".to_owned(), 1);
        for at in [0, 1] {
            queue.entries[at].group = Some("llm".to_owned());
        }
        assert_eq!(due(&queue), ["a", "c"]);
        give(&mut queue);
        assert_eq!(queue.waits()[&"b".parse().unwrap()], "for a free place in llm (1 at once)");
        end(&mut queue, "a", Verdict::Failed);
        assert_eq!(due(&queue), ["b"]);
    }

    #[test]
    fn who_cannot_be_started_leaves_its_place_to_the_next_and_says_what_it_waits_for() {
        let mut queue = queue(1, &[("a", &[]), ("b", &[]), ("c", &["a"])]);
        queue.groups.insert("llm".to_owned(), 1);
        queue.entries.iter_mut().for_each(|entry| entry.group = Some("llm".to_owned()));
        queue.entries[0].trouble = Some("for a shell".to_owned());
        queue.entries[2].trouble = Some("for a shell".to_owned());
        let can = |entry: &Entry| entry.trouble.is_none();
        assert_eq!(queue.due_of(can), ["b".parse().unwrap()]);
        assert_eq!(due(&queue), ["a"]);
        let waits = queue.waits();
        assert_eq!(waits[&"a".parse().unwrap()], "for a shell");
        assert_eq!(waits[&"c".parse().unwrap()], "for a", "its own turn has not come");
    }

    #[test]
    fn who_comes_after_a_failure_is_skipped_and_says_why_unless_the_end_is_enough() {
        let mut queue =
            queue(9, &[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("d", &["a"]), ("e", &["c"])]);
        queue.entries[3].when = After::Exit;
        queue.entries[4].when = After::Exit;
        give(&mut queue);
        end(&mut queue, "a", Verdict::Timeout);
        let why = |queue: &Queue, at: usize| match &queue.entries[at].stand {
            Stand::Skipped { why, .. } => why.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(why(&queue, 1), "a run 1 timeout");
        assert_eq!(why(&queue, 2), "b was skipped");
        assert_eq!(due(&queue), ["d", "e"]);
    }
}
