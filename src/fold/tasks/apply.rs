//! What news does to a task.

use super::{ERROR, Tasks, Told, Verb, What, shortened};
use crate::model::{Attempt, AttemptEnd, Stamp, Task, TaskState};

/// Of an external task that fails.
const NO_DATA: &str = "its data does not exist (yet), and nothing here makes it";

impl Tasks {
    /// Takes news of the task at `place`. True if that changed anything.
    pub(super) fn apply(&mut self, place: u32, told: &Told<'_>) -> bool {
        match told.what {
            // A task is told to be pending again whenever another asks for it, whatever became of
            // it meanwhile: only what it does next tells.
            What::Pending => return self.was_told_once(place, Verb::Pending),
            What::Complete => self.is_done(place, told),
            What::IsDone => {
                let asked_for = self.kept.witnesses.iter().any(|witness| witness.asking > 0);
                if !asked_for && !self.is_believed(place) {
                    return false;
                }
                self.is_done(place, told);
            }
            What::IsFailed => {
                if !self.is_believed(place) {
                    return false;
                }
                self.end(place, told, AttemptEnd::Failed);
                self.set(place, TaskState::Failed);
                // An external task that is tried again fails without a word of its own.
                if self.was(place, Verb::Missing) {
                    self.note_error(place, Some(NO_DATA));
                }
            }
            What::Unknown => self.set(place, TaskState::Broken),
            What::Started => self.begin(place, told),
            What::Done => {
                self.end(place, told, AttemptEnd::Done);
                self.set(place, TaskState::Done);
            }
            What::Failed(error) => self.fail(place, told, AttemptEnd::Failed, error),
            What::Died(error) => self.fail(place, told, AttemptEnd::Died, Some(error)),
            What::TimedOut(error) => self.fail(place, told, AttemptEnd::TimedOut, Some(error)),
            What::Requirements => {
                self.end(place, told, AttemptEnd::Requirements);
                self.set(place, TaskState::Pending);
            }
            What::Missing => self.set(place, TaskState::Missing),
            What::Broken(error) => {
                self.note_error(place, error);
                self.set(place, TaskState::Broken);
            }
            What::Named | What::Requires(_) | What::Loaded | What::StandsFor(_) => return false,
            What::Percent(_) | What::Message(_) => return false,
        }
        self.bring_along(place);
        true
    }

    /// Takes what can be said any number of times. True if it was new.
    pub(super) fn note(&mut self, place: u32, what: &What<'_>) -> bool {
        let required = match *what {
            What::Requires(task) => self.required(task),
            What::Loaded => return self.loaded(place),
            What::StandsFor(task) => {
                return self.required(task).is_some_and(|member| self.stands_for(place, member));
            }
            _ => None,
        };
        let Some(task) = self.task(place) else { return false };
        match *what {
            What::Requires(_) => {
                let new = required.filter(|required| !task.requires.contains(required));
                task.requires.extend(new);
                new.is_some()
            }
            What::Percent(percent) => {
                let percent = Some(percent.min(100));
                std::mem::replace(&mut task.percent, percent) != percent
            }
            What::Message(message) => {
                let message = Some(shortened(message, ERROR).to_owned());
                let new = task.message != message;
                task.message = message;
                new
            }
            _ => false,
        }
    }

    /// The run has ended: whatever is still at work was cut off.
    pub fn cut(&mut self, ts: Stamp, seq: u64, well: bool) -> bool {
        self.reached(seq);
        let running = self.kept.running.clone();
        for &place in &running {
            if let Some(attempt) = self.task(place).and_then(open) {
                close(attempt, AttemptEnd::Cut, ts, seq);
            }
            self.set(place, TaskState::Pending);
        }
        (well && self.all_is_well()) | !running.is_empty()
    }

    /// The task was put back after it had asked for requirements.
    pub(super) fn answered(&mut self, place: u32, witness: u8) {
        let asked = self.task(place).and_then(|task| task.last()?.end);
        if asked == Some(AttemptEnd::Requirements) {
            let witness = &mut self.kept.witnesses[usize::from(witness)];
            witness.asking = witness.asking.saturating_sub(1);
        }
    }

    /// Whether what the scheduler was told of the end of a task can be true.
    fn is_believed(&self, place: u32) -> bool {
        self.kept.table.partial
            || [Verb::Pending, Verb::Started].into_iter().any(|verb| self.was(place, verb))
            || self.kept.table.tasks[place as usize].state == TaskState::Complete
    }

    /// Whether this is the end of an attempt whose beginning nobody else has told. Somebody who tells
    /// of ends only (a logger that lets pass only errors, a line that was torn) may have told this
    /// one before.
    pub(super) fn ends_what_it_began(&self, place: u32, witness: u8, verb: Verb) -> bool {
        let ends = matches!(
            verb,
            Verb::Done | Verb::Failed | Verb::Requirements | Verb::Died | Verb::TimedOut
        );
        let task = &self.kept.table.tasks[place as usize];
        if !ends || task.last().is_none_or(|attempt| attempt.ended_at.is_some()) {
            return false;
        }
        let of = |own: bool| {
            let told = self.kept.said[place as usize].iter();
            told.filter(|tally| tally.is(Verb::Started) && (tally.witness() == witness) == own)
                .map(|tally| tally.count())
                .max()
                .unwrap_or(0)
        };
        of(true) > of(false)
    }

    fn was_told_once(&self, place: u32, verb: Verb) -> bool {
        let of_verb = |tally: &&super::Tally| tally.is(verb);
        let mut told = self.kept.said[place as usize].iter().filter(of_verb);
        told.next().is_some_and(|tally| tally.count() == 1) && told.next().is_none()
    }

    /// Luigi's summary draws the same line: complete is what was never pending.
    fn is_done(&mut self, place: u32, told: &Told<'_>) {
        self.end(place, told, AttemptEnd::Done);
        let ran = self.was(place, Verb::Pending) || self.was(place, Verb::Started);
        self.set(place, if ran { TaskState::Done } else { TaskState::Complete });
    }

    fn begin(&mut self, place: u32, told: &Told<'_>) {
        let Some(task) = self.task(place) else { return };
        // Nobody told how it ended.
        if let Some(attempt) = open(task) {
            close(attempt, AttemptEnd::Cut, told.ts, told.seq);
        }
        if task.history.len() >= Task::MOST_ATTEMPTS {
            task.history.remove(0);
        }
        // Most tasks have one.
        task.history.reserve_exact(1);
        task.history.push(Attempt {
            pid: told.pid,
            started_at: told.ts,
            ended_at: None,
            end: None,
            first_seq: told.seq,
            last_seq: None,
        });
        task.attempts = task.attempts.saturating_add(1);
        (task.percent, task.message) = (None, None);
        self.set(place, TaskState::Pending);
        self.set(place, TaskState::Running);
    }

    /// Ends the attempt that is open, if one is. One that the end of the run cut off, and that went
    /// on all the same, ended like this.
    fn end(&mut self, place: u32, told: &Told<'_>, end: AttemptEnd) {
        let Some(task) = self.task(place) else { return };
        let is_cut = |attempt: &&mut Attempt| attempt.end == Some(AttemptEnd::Cut);
        let attempt = match open(task) {
            Some(attempt) => Some(attempt),
            None => task.history.last_mut().filter(is_cut),
        };
        if let Some(attempt) = attempt {
            close(attempt, end, told.ts, told.seq);
        }
    }

    fn fail(&mut self, place: u32, told: &Told<'_>, end: AttemptEnd, error: Option<&str>) {
        self.end(place, told, end);
        self.note_error(place, error);
        self.set(place, TaskState::Failed);
    }

    fn note_error(&mut self, place: u32, error: Option<&str>) {
        if let Some(task) = self.task(place)
            && let Some(error) = error
        {
            task.error = Some(shortened(error, ERROR).to_owned());
        }
    }

    fn required(&mut self, task: super::TaskRef<'_>) -> Option<u32> {
        self.find(task).or_else(|| {
            let full = self.kept.table.tasks.len() >= crate::model::TaskTable::MOST;
            let new = task.id.is_some() && !full;
            new.then(|| self.add(task.name, task.id))
        })
    }

    fn task(&mut self, place: u32) -> Option<&mut Task> {
        self.kept.table.tasks.get_mut(place as usize)
    }

    /// Moves a task from one state to another, in all the places that count it.
    pub(super) fn set(&mut self, place: u32, state: TaskState) {
        let Some(task) = self.task(place) else { return };
        let before = std::mem::replace(&mut task.state, state);
        if before == state {
            return;
        }
        *self.counts.of(before) -= 1;
        *self.counts.of(state) += 1;
        let kept = &mut self.kept;
        match (before == TaskState::Running, state == TaskState::Running) {
            (true, false) => kept.running.retain(|&other| other != place),
            (false, true) => kept.running.push(place),
            _ => {}
        }
        match (before.is_failure(), state.is_failure()) {
            (true, false) => kept.failures.retain(|&other| other != place),
            (false, true) => kept.failures.push(place),
            _ => {}
        }
    }
}

/// The attempt that has not ended.
fn open(task: &mut Task) -> Option<&mut Attempt> {
    task.history.last_mut().filter(|attempt| attempt.ended_at.is_none())
}

fn close(attempt: &mut Attempt, end: AttemptEnd, ts: Stamp, seq: u64) {
    // Two clocks may tell of it.
    attempt.ended_at = Some(ts.max(attempt.started_at));
    attempt.end = Some(end);
    attempt.last_seq = Some(seq);
}
