//! Between two runs of a plan that starts again by itself, and the stall that may lead there.

use super::{Effect, Machine, Pause, Phase, Timer};
use crate::control::{Request, Verb};
use crate::model::{Event, Level};
use crate::supervisor::words;

impl Machine {
    /// Whether the restart that is due follows from the plan's policy.
    pub(in super::super) fn follows_policy(&self) -> bool {
        self.restart && self.by_policy
    }

    /// Whether only the pause before the next run is left of it.
    pub(in super::super) fn is_pausing(&self) -> bool {
        self.phase == Phase::Pausing
    }

    /// Goes on with a pause that another supervisor began.
    pub(in super::super) fn resume_pause(
        &mut self,
        after_ms: u64,
        seen: Vec<String>,
    ) -> Vec<Effect> {
        (self.spawned, self.exited, self.settled, self.seen) = (true, true, true, seen);
        self.phase = Phase::Pausing;
        self.epoch += 1;
        vec![Effect::Arm { timer: Timer::Pause, after_ms, epoch: self.epoch }]
    }

    /// The run is over.
    pub(super) fn finish(&mut self, to: &mut Vec<Effect>) {
        self.phase = Phase::Ended;
        self.epoch += 1;
        to.push(Effect::Finish);
    }

    pub(super) fn pause(&mut self, pause: Pause, to: &mut Vec<Effect>) {
        self.phase = Phase::Pausing;
        self.epoch += 1;
        let after_ms = pause.after_ms;
        let by = "its restart policy".to_owned();
        let event = Event::RunRestarting { by, request: None, after_ms: Some(after_ms) };
        to.push(Effect::Say(Level::Warning, words::restarting(pause), event));
        to.push(Effect::Arm { timer: Timer::Pause, after_ms, epoch: self.epoch });
    }

    /// A stop takes the restart back, a restart does not wait for it.
    pub(super) fn asked_in_pause(&mut self, request: Request, to: &mut Vec<Effect>) {
        if request.verb == Verb::Restart {
            self.restart = true;
            let Request { id, verb, by, .. } = request;
            let msg = words::stopping(verb, &by);
            let event = Event::RunRestarting { by, request: Some(id), after_ms: None };
            to.push(Effect::Say(Level::Info, msg, event));
        } else {
            self.restart = false;
            self.say_stopping(&request, to);
        }
        self.finish(to);
    }

    /// Nobody has heard of the run for long: that is said, and is the end of it where the plan says
    /// so. It counts as a timeout.
    pub(super) fn stalled(&mut self, silent_ms: u64, stop: bool, to: &mut Vec<Effect>) {
        to.push(Effect::Say(
            Level::Warning,
            words::stalled(silent_ms),
            Event::RunStalled { silent_ms },
        ));
        if stop {
            self.restart = false;
            let by = Event::STALL.to_owned();
            let event = Event::stopping(by, true);
            to.push(Effect::Say(Level::Warning, "stopped, because it stalled".to_owned(), event));
            self.begin_stop(self.stop.signal, self.stop.grace_ms, Event::STALL, None, to);
        }
    }
}
