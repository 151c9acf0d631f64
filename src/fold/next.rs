//! What a run's end means for the next one: whether the plan starts again by itself.

use super::{Fold, RunFold};
use crate::model::{State, Verdict};

/// What follows a run without anybody asking.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing.
    Nothing,
    /// A restart, after this many others in a row.
    Restart {
        /// How many.
        so_far: u32,
    },
    /// Nothing any more: this many restarts in a row did not help.
    GivenUp {
        /// How many.
        restarts: u32,
    },
}

impl Next {
    /// Whether another run follows.
    pub const fn is_due(self) -> bool {
        matches!(self, Next::Restart { .. })
    }

    /// The crash loop in words, where there is one.
    pub(super) fn given_up(self) -> Option<String> {
        match self {
            Next::GivenUp { restarts: 1 } => {
                Some("given up: it was restarted, and that did not help".to_owned())
            }
            Next::GivenUp { restarts } if restarts > 0 => Some(format!(
                "crash loop, given up: restarted {restarts} times in a row, and none helped"
            )),
            _ => None,
        }
    }
}

impl Fold {
    /// The last of the runs that `run` has led to by restarts that nobody asked for.
    pub fn last_of_row(&self, run: u64) -> u64 {
        let later = self.runs.iter().filter(|later| later.run > run);
        later.take_while(|later| later.restarts > 0).last().map_or(run, |later| later.run)
    }
}

impl RunFold {
    /// Whether the restart that is due follows from the plan's own policy.
    pub fn repeats_itself(&self) -> bool {
        let asked = self.restart || self.stopping.as_ref().is_some_and(|stopping| stopping.restart);
        self.state == State::Restarting && !asked
    }

    /// What follows this run if it ends with such a verdict. The same for whoever reads the log: the
    /// supervisor that keeps the promise, and followers that wait for it.
    pub fn next(&self, verdict: Verdict) -> Next {
        let Some(policy) = &self.policy else { return Next::Nothing };
        // A stop that came too late is a stop all the same; and what cannot be executed never runs.
        let asked = self.stopping.as_ref().is_some_and(|stopping| !stopping.timeout);
        if asked
            || self.stays_ended
            || self.exec_error.is_some()
            || !policy.is_for(verdict, self.face())
        {
            return Next::Nothing;
        }
        let healthy = self.wall_ms.is_some_and(|wall| wall >= policy.healthy_ms);
        let so_far = if healthy { 0 } else { self.restarts };
        match policy.max {
            Some(max) if so_far >= max => Next::GivenUp { restarts: so_far },
            _ => Next::Restart { so_far },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Event, RestartChoice, Stamp, State};

    fn run(policy: &str, restarts: u32, wall_ms: u64) -> RunFold {
        let policy = policy.parse::<RestartChoice>().unwrap().0;
        RunFold { policy, restarts, wall_ms: Some(wall_ms), ..RunFold::default() }
    }

    #[test]
    fn restarts_in_a_row_are_bounded_and_a_healthy_run_begins_the_row_anew() {
        let next = |policy, restarts, wall| run(policy, restarts, wall).next(Verdict::Failed);
        assert_eq!(next("no", 0, 5), Next::Nothing);
        assert_eq!(next("on-failure:2", 0, 5), Next::Restart { so_far: 0 });
        assert_eq!(next("on-failure:2", 1, 5), Next::Restart { so_far: 1 });
        assert_eq!(next("on-failure:2", 2, 5), Next::GivenUp { restarts: 2 });
        assert_eq!(next("on-failure:2", 2, 600_000), Next::Restart { so_far: 0 });
        assert_eq!(next("always", 99, 5), Next::Restart { so_far: 99 });
        let words = Next::GivenUp { restarts: 2 }.given_up().unwrap();
        assert!(words.contains("2 times"), "{words}");
    }

    #[test]
    fn nothing_follows_a_stop_or_a_program_that_is_not_there() {
        let mut stopped = run("always", 0, 5);
        stopped.stopping = Some(crate::fold::Stopping {
            by: "op".to_owned(),
            request: None,
            timeout: false,
            restart: false,
            ..crate::fold::Stopping::default()
        });
        assert_eq!(stopped.next(Verdict::Succeeded), Next::Nothing);
        if let Some(stopping) = &mut stopped.stopping {
            stopping.timeout = true;
        }
        assert!(stopped.next(Verdict::Timeout).is_due(), "nobody asked, its time was up");
        let ask = |run: &mut RunFold| {
            let event = Event::stopping("op".to_owned(), false);
            run.event(&event, Stamp(0));
        };
        ask(&mut stopped);
        assert_eq!(stopped.next(Verdict::Timeout), Next::Nothing, "somebody has asked since");
        let mut ended = RunFold { state: State::Draining, ..run("always", 0, 5) };
        ask(&mut ended);
        assert_eq!(ended.next(Verdict::Failed), Next::Nothing, "it had ended by itself");
        assert_eq!(ended.stopping, None, "which is what its verdict tells");
        let mut missing = run("always", 0, 5);
        missing.exec_error = Some("not found".to_owned());
        assert_eq!(missing.next(Verdict::Failed), Next::Nothing);
    }
}
