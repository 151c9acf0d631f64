//! Names of plans, and how a command points at one of a plan's runs.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// A legal plan name: `^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`. It is also a folder's name, so nothing
/// in it can leave the folder that holds the plans.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct PlanName(String);

/// The name breaks the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} cannot be a plan name: use 1 to 64 letters (a-z, A-Z), digits, '.', '_' or '-', \
     beginning with a letter or digit"
)]
pub struct NameError(pub String);

impl PlanName {
    /// Most bytes of a name.
    pub const MAX: usize = 64;

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a legal name of any text: other characters become `-`, leading punctuation goes, the
    /// rest is cut at 64. None if nothing is left.
    pub fn legalised(text: &str) -> Option<PlanName> {
        let kept: String = text
            .chars()
            .map(
                |c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '-' },
            )
            .skip_while(|c| !c.is_ascii_alphanumeric())
            .take(PlanName::MAX)
            .collect();
        let kept = kept.trim_end_matches(['-', '.', '_']);
        (!kept.is_empty()).then(|| PlanName(kept.to_owned()))
    }
}

impl fmt::Display for PlanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl AsRef<std::path::Path> for PlanName {
    fn as_ref(&self) -> &std::path::Path {
        self.0.as_ref()
    }
}

impl FromStr for PlanName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<PlanName, NameError> {
        let legal = text.len() <= PlanName::MAX
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
        if legal { Ok(PlanName(text.to_owned())) } else { Err(NameError(text.to_owned())) }
    }
}

impl<'de> Deserialize<'de> for PlanName {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<PlanName, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a user typed to point at a plan: `plan`, `plan~1` (the run before the last) or `plan@3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The plan.
    pub plan: PlanName,
    /// Which of its runs, if the user said.
    pub run: Option<RunChoice>,
}

/// One of a plan's runs, absolute or counted back from the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunChoice {
    /// `@N`
    Number(u64),
    /// `~N`: N runs before the last.
    Back(u64),
}

impl RunChoice {
    /// The run's number, given the number of the plan's last run; None where there is none such.
    pub fn resolve(self, last: u64) -> Option<u64> {
        match self {
            RunChoice::Number(n) => (1..=last).contains(&n).then_some(n),
            RunChoice::Back(n) => last.checked_sub(n).filter(|&n| n >= 1),
        }
    }
}

impl FromStr for Target {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Target, NameError> {
        let wrong = || NameError(text.to_owned());
        let (name, run) = if let Some((name, n)) = text.split_once('~') {
            let n = if n.is_empty() { 1 } else { n.parse().map_err(|_| wrong())? };
            (name, Some(RunChoice::Back(n)))
        } else if let Some((name, n)) = text.split_once('@') {
            (name, Some(RunChoice::Number(n.parse().map_err(|_| wrong())?)))
        } else {
            (text, None)
        };
        Ok(Target { plan: name.parse().map_err(|_| wrong())?, run })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        let long = "a".repeat(65);
        for bad in
            ["", ".", "..", "../x", "/etc", "a/b", "-x", "_x", ".x", "a b", "a\n", "ä", &long]
        {
            assert!(bad.parse::<PlanName>().is_err(), "{bad:?}");
        }
        for good in ["a", "7", "dublin-cafe", "a.b_c-d", &"a".repeat(64)] {
            assert_eq!(good.parse::<PlanName>().unwrap().as_str(), good);
        }
    }

    #[test]
    fn any_text_can_be_made_a_name_unless_nothing_legal_is_left() {
        let made = |text| PlanName::legalised(text).map(|name| name.to_string());
        assert_eq!(made("my plan.py").as_deref(), Some("my-plan.py"));
        assert_eq!(made("../run 3/").as_deref(), Some("run-3"));
        assert_eq!(made("///"), None);
    }

    #[test]
    fn a_target_names_a_run_by_number_or_by_counting_back() {
        let target = |text: &str| text.parse::<Target>().unwrap().run;
        assert_eq!(target("a"), None);
        assert_eq!(target("a~"), Some(RunChoice::Back(1)));
        assert_eq!(target("a~2"), Some(RunChoice::Back(2)));
        assert_eq!(target("a@3"), Some(RunChoice::Number(3)));
        assert_eq!(RunChoice::Back(1).resolve(3), Some(2));
        assert_eq!(RunChoice::Back(3).resolve(3), None);
        assert!("a@x".parse::<Target>().is_err());
    }
}
