//! The tables of tasks beside the log: taken up where a dead recorder left them, saved now and then.

use std::io;
use std::time::{Duration, Instant};

use crate::fold::{Fold, Kept, Rebuild, Tasks};
use crate::store::layout::PlanDir;
use crate::store::sift::{Sifted, sift};
use crate::store::snapshot;

/// At most so often, however little it takes.
const OFTEN: Duration = Duration::from_secs(2);

/// Saving takes at most one part in so many of the time.
const SHARE: u32 = 50;

/// Records that a reader of a saved table may have to look through though they say nothing new.
const FAR: u64 = 100_000;

/// What was saved of one table, and what that took.
#[derive(Debug)]
struct Saved {
    run: u64,
    seq: u64,
    at: Instant,
    took: Duration,
}

/// Saves tables. They are only caches: what cannot be saved can be made of the log again.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    saved: Vec<Saved>,
}

impl Keeper {
    /// Saves the tables for which it is time.
    pub(super) fn save_due(&mut self, plan: &PlanDir, fold: &mut Fold, now: Instant) {
        let runs: Vec<u64> = fold.tables.runs().collect();
        for run in runs {
            match self.saved.iter().find(|saved| saved.run == run) {
                Some(last) if now > last.at + OFTEN.max(last.took * SHARE) => {
                    self.save(plan, fold, run);
                }
                Some(_) => {}
                // New: it will have grown by the time it is worth saving.
                None => self.saved.push(Saved { run, seq: 0, at: now, took: Duration::ZERO }),
            }
        }
        self.saved.retain(|saved| fold.tables.of(saved.run).is_some());
    }

    /// Saves all of them.
    pub(super) fn save_all(&mut self, plan: &PlanDir, fold: &mut Fold) {
        let runs: Vec<u64> = fold.tables.runs().collect();
        for run in runs {
            self.save(plan, fold, run);
        }
    }

    fn save(&mut self, plan: &PlanDir, fold: &mut Fold, run: u64) {
        let seq = fold.seq;
        let last = self.saved.iter().find(|saved| saved.run == run);
        let Some(tasks) = fold.tables.of(run) else { return };
        let said_new =
            tasks.heard_anything() && last.is_none_or(|last| tasks.table().seq > last.seq);
        // That nothing was said is worth knowing, too: who takes up a table reads on from there.
        let begun = fold.run(run).map_or(0, |run| run.first_seq);
        if !said_new && seq < last.map_or(0, |last| last.seq).max(begun) + FAR {
            return;
        }
        let Some(kept) = fold.kept(run) else { return };
        let at = Instant::now();
        let done = plan.create_tasks();
        let _ = done.and_then(|()| snapshot::save_json(&plan.tasks_file(run), kept, false));
        self.saved.retain(|saved| saved.run != run);
        self.saved.push(Saved { run, seq, at, took: at.elapsed() });
    }
}

/// Puts the tables of the runs that may still say something beside a fold that was read back.
pub(super) fn take_up(plan: &PlanDir, fold: &mut Fold) -> io::Result<()> {
    let speaks = |run| fold.streams.iter().any(|stream| stream.run == run);
    let wanted: Vec<(u64, u64)> = (fold.runs.iter())
        .filter(|run| run.state.is_live() || speaks(run.run))
        .map(|run| (run.run, run.first_seq))
        .filter(|&(run, _)| fold.tables.of(run).is_none())
        .collect();
    for (run, first) in wanted {
        let tasks = table_of(plan, run, first, fold.seq)?;
        fold.tables.attach(tasks);
    }
    fold.sum_up();
    Ok(())
}

/// The table of a run as of record `upto`: what was saved, and what was said since.
fn table_of(plan: &PlanDir, run: u64, first: u64, upto: u64) -> io::Result<Tasks> {
    let path = plan.tasks_file(run);
    let saved: Option<Kept> = snapshot::load_json(&path).ok().flatten();
    let usable =
        saved.filter(|kept| kept.table.run == run && (first..=upto).contains(&kept.table.seq));
    if usable.is_none() {
        // Of records that were lost: once the log has grown past them, nobody could tell.
        let _ = std::fs::remove_file(&path);
    }
    let kept = usable.unwrap_or_else(|| Tasks::new(run, false).kept().clone());
    let after = kept.table.seq.max(first.saturating_sub(1));
    let mut rebuild = Rebuild::from(kept);
    sift(plan, after, upto, Rebuild::MARKS, rebuild.is_listening(), &mut |sifted| {
        match sifted {
            Sifted::Record(record, line) => {
                rebuild.record(record, line);
            }
            Sifted::Gap => rebuild.lost_some(),
        }
        rebuild.is_listening()
    })?;
    Ok(rebuild.done(upto))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Event;
    use crate::store::layout::Home;

    #[test]
    fn a_saved_table_is_gone_on_from_only_if_the_log_has_what_it_knows_of_this_run() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        plan.create_tasks().unwrap();
        // Before its first record it was of a run that is lost, behind the last one of lost records.
        for (seq, usable) in [(99, false), (100, true), (120, true), (121, false)] {
            let mut kept = Kept::default();
            (kept.table.run, kept.table.seq, kept.table.unreported) = (1, seq, 7);
            snapshot::save_json(&plan.tasks_file(1), &kept, false).unwrap();
            let table = table_of(&plan, 1, 100, 120).unwrap();
            assert_eq!(table.table().unreported, if usable { 7 } else { 0 }, "{seq}");
            assert_eq!(plan.tasks_file(1).exists(), usable, "{seq}");
        }
    }

    #[test]
    fn of_a_plan_that_tells_of_no_task_it_is_saved_how_far_that_is_known() {
        let temp = tempfile::tempdir().unwrap();
        let plan = Home::open(temp.path()).unwrap().plan(&"p".parse().unwrap());
        plan.create().unwrap();
        let mut fold = Fold::new("p".parse().unwrap());
        fold.tables.keep();
        let started = r#"{"event":"run.started","argv":[],"cwd":"/","verdict":[],"boot":""}"#;
        let started: Event = serde_json::from_str(started).unwrap();
        let at = 7 * FAR;
        fold.event(1, &started, None, crate::model::Stamp(0), at);
        let mut keeper = Keeper::default();
        let saved = || {
            let kept: Option<Kept> = snapshot::load_json(&plan.tasks_file(1)).ok().flatten();
            kept.map(|kept| kept.table.seq)
        };
        for (seq, known) in [
            (at + FAR - 1, None),
            (at + FAR, Some(at + FAR)),
            (at + 2 * FAR - 1, Some(at + FAR)),
            (at + 2 * FAR, Some(at + 2 * FAR)),
        ] {
            fold.seq = seq;
            keeper.save_all(&plan, &mut fold);
            assert_eq!(saved(), known, "at {seq}");
        }
    }
}
