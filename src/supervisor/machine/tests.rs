//! Any history ends, with one process and one end of it.

use proptest::prelude::*;

use super::*;
use crate::model::Stream;

fn request(verb: Verb, id: usize, signal: Option<i32>, grace_ms: Option<u64>) -> Request {
    Request { id: format!("r{id}"), verb, run: 1, by: "op".to_owned(), signal, grace_ms }
}

/// What the world around a machine may do next.
#[derive(Clone, Copy, Debug)]
enum Move {
    Announce,
    Spawn,
    FailToSpawn,
    Exit(i32),
    Ask(u8),
    EmptyTree,
    EndStreams,
    Hold,
    LogVerdict { due: bool },
    Stall { stop: bool },
    Ring(usize),
}

fn moves() -> impl Strategy<Value = Vec<Move>> {
    let one = prop_oneof![
        Just(Move::Announce),
        Just(Move::Spawn),
        Just(Move::FailToSpawn),
        (0..4).prop_map(Move::Exit),
        any::<u8>().prop_map(Move::Ask),
        Just(Move::EmptyTree),
        Just(Move::EndStreams),
        Just(Move::Hold),
        any::<bool>().prop_map(|due| Move::LogVerdict { due }),
        any::<bool>().prop_map(|stop| Move::Stall { stop }),
        (0_usize..8).prop_map(Move::Ring),
    ];
    proptest::collection::vec(one, 0..60)
}

/// A world that only does what a real one could: no exit without a process, no verdict without a
/// settled run.
#[derive(Default)]
struct World {
    announced: bool,
    wants_process: bool,
    processes: usize,
    alive: bool,
    sweeping: bool,
    watching: bool,
    awaiting: bool,
    finished: usize,
    spawned_said: usize,
    exited_said: usize,
    timers: Vec<(Timer, u64)>,
    requests: usize,
}

impl World {
    fn take(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Spawn => self.wants_process = true,
                Effect::Sweep { .. } => self.sweeping = true,
                Effect::Arm { timer, epoch, .. } => self.timers.push((timer, epoch)),
                Effect::WatchStreams => self.watching = true,
                Effect::AwaitVerdict => {
                    assert!(!self.awaiting, "the verdict is awaited once");
                    self.awaiting = true;
                }
                Effect::Finish => self.finished += 1,
                Effect::Say(_, _, Event::RunSpawned { .. }) => self.spawned_said += 1,
                Effect::Say(_, _, Event::RunExited { .. }) => {
                    assert_eq!(self.exited_said, 0, "one end a run");
                    self.exited_said += 1;
                }
                Effect::Say(..)
                | Effect::Signal { .. }
                | Effect::Reap
                | Effect::Listen
                | Effect::FindHolders => {}
            }
        }
    }

    /// The input that a move is, if the world is in a state to make it.
    fn input(&mut self, next: Move) -> Option<Input> {
        Some(match next {
            Move::Announce if !self.announced => {
                self.announced = true;
                Input::Announced
            }
            Move::Spawn if self.wants_process => {
                self.wants_process = false;
                self.processes += 1;
                self.alive = true;
                Input::Spawned { pid: 4711, start: 1 }
            }
            Move::FailToSpawn if self.wants_process => {
                self.wants_process = false;
                Input::Exited(Ended { code: Some(127), ..Ended::default() })
            }
            Move::Exit(code) if self.alive => {
                self.alive = false;
                Input::Exited(Ended { code: Some(code), ..Ended::default() })
            }
            Move::Ask(kind) => {
                self.requests += 1;
                let verb =
                    [Verb::Stop, Verb::Kill, Verb::Signal, Verb::Restart][usize::from(kind % 4)];
                let signal = (kind & 16 != 0).then_some(2);
                let grace = (kind & 32 != 0).then_some(50);
                // Now and then one is sent twice.
                let id = self.requests / if kind & 64 != 0 { 2 } else { 1 };
                Input::Asked(request(verb, id, signal, grace))
            }
            Move::EmptyTree if self.sweeping => Input::TreeGone,
            Move::EndStreams if self.watching => Input::StreamsEnded,
            Move::Hold if self.watching => Input::Held { of: vec![Stream::Stdout], pids: vec![7] },
            Move::LogVerdict { due } if self.awaiting => {
                let pause = Pause { so_far: 1, max: None, after_ms: 9 };
                Input::VerdictLogged { pause: due.then_some(pause) }
            }
            Move::Stall { stop } => Input::Stalled { silent_ms: 9, stop },
            Move::Ring(at) if !self.timers.is_empty() => {
                let (timer, epoch) = self.timers.remove(at % self.timers.len());
                Input::Timer { timer, epoch }
            }
            _ => return None,
        })
    }

    fn play(&mut self, machine: &mut Machine, next: Move) {
        if let Some(input) = self.input(next) {
            let effects = machine.step(input);
            self.take(effects);
        }
    }
}

proptest! {
    #[test]
    fn any_history_ends_with_one_process_and_one_end_of_it(
        history in moves(),
        timeout in proptest::option::of(0_u64..1000),
    ) {
        let stop = StopSpec { timeout_ms: timeout, ..StopSpec::default() };
        let mut machine = Machine::new(1, stop);
        let mut world = World::default();
        for next in history {
            world.play(&mut machine, next);
        }
        // Whatever has happened, a world that goes on brings the run to its end.
        for next in [
            Move::Announce,
            Move::Spawn,
            Move::Exit(0),
            Move::EmptyTree,
            Move::EndStreams,
            Move::LogVerdict { due: false },
            // Where a restart is due, it is taken back.
            Move::Ask(0),
        ] {
            world.play(&mut machine, next);
        }
        prop_assert_eq!(machine.phase(), Phase::Ended);
        prop_assert_eq!(world.finished, 1);
        prop_assert!(world.processes <= 1);
        prop_assert_eq!(world.spawned_said, world.processes);
        prop_assert_eq!(world.exited_said, 1);
    }
}

#[test]
fn a_restart_that_is_due_comes_after_its_pause_at_once_when_asked_for_or_not_at_all() {
    let pausing = || {
        let mut machine = running();
        machine.step(Input::Exited(Ended { code: Some(1), ..Ended::default() }));
        machine.step(Input::StreamsEnded);
        let pause = Some(Pause { so_far: 0, max: Some(3), after_ms: 5_000 });
        let effects = machine.step(Input::VerdictLogged { pause });
        let Some(Effect::Arm { timer: Timer::Pause, after_ms: 5_000, epoch }) = effects.last()
        else {
            panic!("{effects:?}");
        };
        assert_eq!(machine.phase(), Phase::Pausing);
        (machine, *epoch)
    };
    let (mut machine, epoch) = pausing();
    let effects = machine.step(Input::Timer { timer: Timer::Pause, epoch });
    assert_eq!(effects, [Effect::Finish]);
    assert!(machine.restart_due() && machine.follows_policy());
    for (verb, due) in [(Verb::Restart, true), (Verb::Stop, false), (Verb::Kill, false)] {
        let (mut machine, _) = pausing();
        let effects = machine.step(Input::Asked(request(verb, 1, None, None)));
        assert_eq!(effects.last(), Some(&Effect::Finish), "{verb:?}");
        assert_eq!((machine.restart_due(), machine.follows_policy()), (due, false), "{verb:?}");
    }
}

#[test]
fn a_stall_is_said_and_stops_the_run_only_where_the_plan_says_so() {
    let mut machine = running();
    let said = machine.step(Input::Stalled { silent_ms: 60_000, stop: false });
    assert!(matches!(&said[..], [Effect::Say(_, _, Event::RunStalled { .. })]), "{said:?}");
    let stopped = machine.step(Input::Stalled { silent_ms: 60_000, stop: true });
    assert_eq!(signals(&stopped), [15]);
}

fn running() -> Machine {
    let mut machine = Machine::new(1, StopSpec::default());
    machine.step(Input::Announced);
    machine.step(Input::Spawned { pid: 4711, start: 1 });
    machine
}

fn signals(effects: &[Effect]) -> Vec<i32> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Signal { signal, .. } => Some(*signal),
            _ => None,
        })
        .collect()
}

#[test]
fn a_stop_sends_its_signal_once_and_kills_when_the_grace_is_over() {
    let mut machine = running();
    let first = machine.step(Input::Asked(request(Verb::Stop, 1, None, None)));
    assert_eq!(signals(&first), [15]);
    let Some(Effect::Arm { timer: Timer::Grace, after_ms: 10_000, epoch }) = first.last() else {
        panic!("{first:?}");
    };
    assert!(signals(&machine.step(Input::Asked(request(Verb::Stop, 2, None, None)))).is_empty());
    let grace = Input::Timer { timer: Timer::Grace, epoch: *epoch };
    assert_eq!(signals(&machine.step(grace)), [9]);
}

#[test]
fn each_interrupt_asks_harder() {
    let mut machine = running();
    let patient = Some(31_536_000_000);
    let first = machine.step(Input::Asked(request(Verb::Stop, 1, Some(2), patient)));
    assert_eq!(signals(&first), [2]);
    assert_eq!(signals(&machine.step(Input::Asked(request(Verb::Stop, 2, None, None)))), [15]);
    assert_eq!(signals(&machine.step(Input::Asked(request(Verb::Kill, 3, None, None)))), [9]);
}

#[test]
fn a_request_seen_before_or_meant_for_another_run_changes_nothing() {
    let mut machine = running();
    let stop = request(Verb::Stop, 1, None, None);
    assert!(!machine.step(Input::Asked(stop.clone())).is_empty());
    assert!(machine.step(Input::Asked(stop.clone())).is_empty());
    let other = Request { id: "x".to_owned(), run: 2, ..stop };
    assert!(machine.step(Input::Asked(other)).is_empty());
}

#[test]
fn a_timer_of_an_earlier_phase_is_ignored() {
    let mut machine = running();
    machine.step(Input::Asked(request(Verb::Stop, 1, None, None)));
    machine.step(Input::Exited(Ended { code: Some(0), ..Ended::default() }));
    machine.step(Input::TreeGone);
    assert_eq!(machine.phase(), Phase::Draining);
    assert!(machine.step(Input::Timer { timer: Timer::Grace, epoch: 1 }).is_empty());
}

#[test]
fn a_stop_that_comes_before_the_process_waits_for_it() {
    let mut machine = Machine::new(1, StopSpec::default());
    assert!(machine.step(Input::Asked(request(Verb::Stop, 1, None, None))).is_empty());
    let effects = machine.step(Input::Announced);
    assert_eq!(effects.first(), Some(&Effect::Spawn));
    assert_eq!(signals(&effects), [15]);
    machine.step(Input::Spawned { pid: 4711, start: 1 });
    assert_eq!(machine.phase(), Phase::Stopping);
}

#[test]
fn a_process_that_never_becomes_the_plan_can_be_stopped_and_runs_out_of_time() {
    let stop = StopSpec { timeout_ms: Some(50), ..StopSpec::default() };
    let mut machine = Machine::new(1, stop.clone());
    let effects = machine.step(Input::Announced);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Arm { after_ms: 50, .. })));
    let limit = Input::Timer { timer: Timer::Limit, epoch: 0 };
    assert_eq!(signals(&machine.step(limit)), [15]);
    let mut machine = Machine::new(1, stop);
    machine.step(Input::Announced);
    assert_eq!(signals(&machine.step(Input::Asked(request(Verb::Kill, 1, None, None)))), [9]);
}

#[test]
fn a_run_whose_time_is_up_is_not_restarted() {
    let mut machine = running();
    machine.step(Input::Asked(request(Verb::Restart, 1, None, None)));
    assert!(machine.restart_due());
    machine.step(Input::Timer { timer: Timer::Limit, epoch: 0 });
    assert!(!machine.restart_due());
}

#[test]
fn a_stop_while_the_output_ends_takes_a_restart_back_and_says_so() {
    let mut machine = running();
    machine.step(Input::Asked(request(Verb::Restart, 1, None, None)));
    machine.step(Input::Exited(Ended { code: Some(0), ..Ended::default() }));
    let effects = machine.step(Input::Asked(request(Verb::Stop, 2, None, None)));
    assert!(!machine.restart_due());
    assert!(effects.iter().any(|effect| {
        matches!(effect, Effect::Say(_, _, Event::RunStopping { restart: false, .. }))
    }));
}

#[test]
fn a_stop_while_the_output_ends_takes_back_what_the_policy_will_ask_for() {
    let draining = || {
        let mut machine = running();
        machine.step(Input::Exited(Ended { code: Some(1), ..Ended::default() }));
        let said = machine.step(Input::Asked(request(Verb::Stop, 1, None, None)));
        let stop = |effect: &Effect| matches!(effect, Effect::Say(_, _, Event::RunStopping { .. }));
        assert!(said.iter().any(stop), "{said:?}");
        machine
    };
    let pause = Some(Pause { so_far: 0, max: Some(3), after_ms: 5_000 });
    let mut machine = draining();
    assert_eq!(machine.step(Input::VerdictLogged { pause }), [Effect::Finish]);
    assert!(!machine.restart_due());
    let mut machine = draining();
    machine.step(Input::Asked(request(Verb::Restart, 2, None, None)));
    assert_eq!(machine.step(Input::VerdictLogged { pause }), [Effect::Finish]);
    assert!(machine.restart_due(), "who asks last decides");
}
