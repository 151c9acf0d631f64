//! What happens to a run that nobody watches: when it is started again, when it has stalled, and who
//! is told.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Face, Verdict};

/// When a plan is started again by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restart {
    /// After which ends.
    pub policy: RestartPolicy,
    /// Restarts in a row at most; for ever, if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// Milliseconds before the first restart; twice as long before each further one.
    pub backoff_ms: u64,
    /// Milliseconds before a restart at most.
    pub longest_ms: u64,
    /// A run that lasted this many milliseconds was healthy: the row begins anew.
    pub healthy_ms: u64,
}

/// After which ends a plan is started again. Never after a stop that somebody asked for, and never
/// when it could not be executed at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartPolicy {
    /// After those that a further try may mend.
    OnFailure,
    /// After all.
    Always,
}

impl RestartPolicy {
    /// As it is typed.
    pub const fn name(self) -> &'static str {
        match self {
            RestartPolicy::OnFailure => "on-failure",
            RestartPolicy::Always => "always",
        }
    }
}

impl Restart {
    /// Restarts in a row after failures, unless somebody says how many.
    pub const USUAL_MAX: u32 = 3;

    /// The policy with every default.
    pub fn new(policy: RestartPolicy) -> Restart {
        Restart {
            policy,
            max: (policy == RestartPolicy::OnFailure).then_some(Restart::USUAL_MAX),
            backoff_ms: 5_000,
            longest_ms: 300_000,
            healthy_ms: 600_000,
        }
    }

    /// Whether such an end asks for another run. An end that nobody saw may have been a success, and
    /// a long run is not done twice for that; data that is missing does not come from trying.
    pub fn is_for(&self, verdict: Verdict, luigi: Option<Face>) -> bool {
        match verdict {
            Verdict::Failed | Verdict::Killed | Verdict::Timeout => true,
            Verdict::Incomplete => {
                luigi != Some(Face::Missing) || self.policy == RestartPolicy::Always
            }
            Verdict::Succeeded | Verdict::Retried | Verdict::Lost => {
                self.policy == RestartPolicy::Always
            }
            Verdict::Stopped | Verdict::Skipped | Verdict::Unknown => false,
        }
    }

    /// Milliseconds before the restart that follows `so_far` others in a row, up to a quarter longer
    /// by `chance` (0 to 255): plans that failed together do not all come back together.
    pub fn pause_ms(&self, so_far: u32, chance: u8) -> u64 {
        let doubled = self.backoff_ms.saturating_mul(1 << so_far.min(32));
        let pause = doubled.min(self.longest_ms.max(self.backoff_ms));
        pause + pause / 4 * u64::from(chance) / 255
    }
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.policy.name())?;
        self.max.map_or(Ok(()), |max| write!(f, ":{max}"))
    }
}

/// `no`, `on-failure`, `on-failure:5`, `always`, `always:5`; None means no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartChoice(pub Option<Restart>);

impl FromStr for RestartChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<RestartChoice, String> {
        let (word, max) = match text.split_once(':') {
            Some((word, max)) => (word, Some(max)),
            None => (text, None),
        };
        let policy = match (word, max) {
            ("no", None) => return Ok(RestartChoice(None)),
            ("on-failure", _) => RestartPolicy::OnFailure,
            ("always", _) => RestartPolicy::Always,
            _ => return Err(format!("'{text}' is not one of: no, on-failure[:N], always[:N]")),
        };
        let mut restart = Restart::new(policy);
        if let Some(max) = max {
            let max = max.parse().map_err(|_| format!("'{max}' is not a number of restarts"))?;
            restart.max = Some(max);
        }
        Ok(RestartChoice(Some(restart)))
    }
}

/// When a run counts as stalled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stall {
    /// Milliseconds without a line and without an event of a task.
    pub after_ms: u64,
    /// Also while a task runs: a task that waits for a language model may be silent for long.
    #[serde(default)]
    pub in_task: bool,
    /// What happens then, after the warning.
    pub then: StallDeed,
}

/// What happens to a stalled run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StallDeed {
    /// Nothing but the warning.
    #[default]
    Warn,
    /// It is stopped, and that is a timeout: where the plan restarts on failure, it is restarted.
    Stop,
}

/// Commands that are told how a plan fares: program and arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Hooks {
    /// Told when the plan has succeeded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_success: Option<Vec<String>>,
    /// Told when it has ended in any other way, and no restart is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_failure: Option<Vec<String>>,
    /// Told when a run has stalled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_stall: Option<Vec<String>>,
    /// Milliseconds after which such a command is killed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
}

impl Hooks {
    /// Milliseconds a command has, unless somebody says so.
    pub const USUAL_TIMEOUT_MS: u64 = 10_000;

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        *self == Hooks::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(text: &str) -> Option<Restart> {
        text.parse::<RestartChoice>().unwrap().0
    }

    #[test]
    fn a_restart_policy_is_a_word_and_perhaps_a_number() {
        assert_eq!(choice("no"), None);
        assert_eq!(choice("on-failure").unwrap().max, Some(3));
        assert_eq!(choice("on-failure:7").unwrap().to_string(), "on-failure:7");
        assert_eq!(choice("always").unwrap().max, None);
        for wrong in ["", "yes", "no:3", "on-failure:", "on-failure:many", "always:-1"] {
            assert!(wrong.parse::<RestartChoice>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_chance_makes_them_longer_only() {
        let restart = choice("on-failure").unwrap();
        let pauses: Vec<u64> = (0..9).map(|so_far| restart.pause_ms(so_far, 0)).collect();
        assert_eq!(pauses[..4], [5_000, 10_000, 20_000, 40_000]);
        assert_eq!(pauses[8], 300_000);
        assert_eq!(restart.pause_ms(0, 255), 6_250);
        assert_eq!(restart.pause_ms(u32::MAX, 0), 300_000);
    }

    #[test]
    fn only_ends_that_a_further_try_may_mend_ask_for_one() {
        let (mend, always) = (choice("on-failure").unwrap(), choice("always").unwrap());
        for (verdict, luigi, on_failure, in_any_case) in [
            (Verdict::Failed, None, true, true),
            (Verdict::Killed, None, true, true),
            (Verdict::Timeout, None, true, true),
            (Verdict::Incomplete, Some(Face::Missing), false, true),
            (Verdict::Incomplete, Some(Face::Locked), true, true),
            (Verdict::Succeeded, None, false, true),
            (Verdict::Lost, None, false, true),
            (Verdict::Stopped, None, false, false),
        ] {
            assert_eq!(mend.is_for(verdict, luigi), on_failure, "{verdict:?}");
            assert_eq!(always.is_for(verdict, luigi), in_any_case, "{verdict:?}");
        }
    }
}
