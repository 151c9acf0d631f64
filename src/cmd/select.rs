//! From what the user typed to the plans that are there.

use std::fmt;
use std::str::FromStr;

use globset::{GlobBuilder, GlobMatcher};

use super::World;
use super::near::nearest;
use crate::exit::{Exit, Failure};
use crate::model::{PlanName, RunChoice, Stand, Target};
use crate::store::layout::Home;
use crate::store::queue;

/// One plan argument: a name, perhaps with one of its runs, or a pattern for many.
#[derive(Clone, Debug)]
pub enum Selector {
    /// `plan`, `plan~1`, `plan@3`
    One(Target),
    /// `dublin-*`
    Many(GlobMatcher),
}

/// A plan that is there, and the run of it that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected {
    /// The plan.
    pub plan: PlanName,
    /// The run, if one was named.
    pub run: Option<RunChoice>,
}

impl FromStr for Selector {
    type Err = String;

    fn from_str(text: &str) -> Result<Selector, String> {
        if !text.contains(['*', '?', '[', '{']) {
            return text
                .parse()
                .map(Selector::One)
                .map_err(|error: crate::model::NameError| error.to_string());
        }
        match GlobBuilder::new(text).literal_separator(true).build() {
            Ok(glob) => Ok(Selector::Many(glob.compile_matcher())),
            Err(error) => Err(format!("'{text}' is not a pattern: {}", error.kind())),
        }
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Selector::One(target) => {
                write!(f, "{}", target.plan)?;
                match target.run {
                    None => Ok(()),
                    Some(RunChoice::Number(n)) => write!(f, "@{n}"),
                    Some(RunChoice::Back(n)) => write!(f, "~{n}"),
                }
            }
            Selector::Many(glob) => f.write_str(glob.glob().glob()),
        }
    }
}

/// Every plan of the home; none if there is no home yet.
pub fn all_plans(world: &World) -> anyhow::Result<Vec<PlanName>> {
    Ok(match world.existing_home()? {
        None => Vec::new(),
        Some(home) => home.plans()?,
    })
}

/// The plans meant, each once, in the order given. A name or a pattern that fits nothing is an
/// error that says what there is.
pub fn select(selectors: &[Selector], world: &World) -> anyhow::Result<(Home, Vec<Selected>)> {
    select_among(selectors, &[], world)
}

/// The same, where plans count too that are not there yet: those of the queue.
pub fn select_among(
    selectors: &[Selector],
    queued: &[PlanName],
    world: &World,
) -> anyhow::Result<(Home, Vec<Selected>)> {
    let home = world.existing_home()?;
    let mut plans = home.as_ref().map(Home::plans).transpose()?.unwrap_or_default();
    plans.extend(queued.iter().cloned());
    plans.sort_unstable();
    plans.dedup();
    let mut selected: Vec<Selected> = Vec::new();
    for selector in selectors {
        let meant = among(selector, &plans)
            .map_err(|failure| in_the_queue(selector, home.as_ref()).unwrap_or(failure))?;
        for one in meant {
            if !selected.contains(&one) {
                selected.push(one);
            }
        }
    }
    match home {
        Some(home) => Ok((home, selected)),
        None => Err(Failure::new(Exit::NoSuchPlan, "there are no plans yet")
            .hint("planwatch run -n NAME -- COMMAND starts one")
            .into()),
    }
}

/// The plans meant among those there are.
pub fn among(selector: &Selector, plans: &[PlanName]) -> Result<Vec<Selected>, Failure> {
    let found: Vec<Selected> = match selector {
        Selector::One(target) if plans.contains(&target.plan) => {
            vec![Selected { plan: target.plan.clone(), run: target.run }]
        }
        Selector::One(_) => Vec::new(),
        Selector::Many(glob) => plans
            .iter()
            .filter(|plan| glob.is_match(plan))
            .map(|plan| Selected { plan: plan.clone(), run: None })
            .collect(),
    };
    if found.is_empty() { Err(unknown(selector, plans)) } else { Ok(found) }
}

/// The error for a plan that stands in the queue and has never run.
pub fn in_the_queue(selector: &Selector, home: Option<&Home>) -> Option<Failure> {
    let Selector::One(target) = selector else { return None };
    let queue = queue::load(home?).ok()??;
    let (plan, entry) = (&target.plan, queue.entry(&target.plan)?);
    Some(match &entry.stand {
        Stand::Skipped { why, .. } => {
            Failure::new(Exit::NoSuchPlan, format!("{plan} has never run: it was skipped"))
                .because(why)
        }
        _ => Failure::new(Exit::NoSuchPlan, format!("{plan} has not begun"))
            .because(format!("it is queued and waits {}", queue.waits_for(entry)))
            .hint(format!("planwatch down {plan} takes it out of the queue")),
    })
}

/// One plan that must be there.
pub fn select_one(target: &Target, world: &World) -> anyhow::Result<(Home, Selected)> {
    let (home, mut selected) = select(&[Selector::One(target.clone())], world)?;
    match selected.pop() {
        Some(one) => Ok((home, one)),
        None => Err(unknown(&Selector::One(target.clone()), &[]).into()),
    }
}

/// The error for a name that nothing answers to.
pub fn unknown(selector: &Selector, plans: &[PlanName]) -> Failure {
    let failure = match selector {
        Selector::One(target) => {
            Failure::new(Exit::NoSuchPlan, format!("there is no plan '{}'", target.plan))
        }
        Selector::Many(_) => {
            Failure::new(Exit::NoSuchPlan, format!("no plan's name fits '{selector}'"))
        }
    };
    if plans.is_empty() {
        return failure
            .because("there are no plans yet")
            .hint("planwatch run -n NAME -- COMMAND starts one");
    }
    let mut hint = String::new();
    if let Selector::One(target) = selector
        && let Some(near) = closest(target.plan.as_str(), plans)
    {
        hint = format!("did you mean '{near}'?\n");
    }
    let shown: Vec<&str> = plans.iter().take(20).map(PlanName::as_str).collect();
    let more = match plans.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more (planwatch ps -a)"),
    };
    failure.hint(format!("{hint}there is: {}{more}", shown.join(", ")))
}

/// The known name that looks most like the one given, if any looks like it at all.
pub fn closest<'a>(name: &str, plans: &'a [PlanName]) -> Option<&'a PlanName> {
    let near = nearest(name, plans.iter().map(PlanName::as_str))?;
    plans.iter().find(|plan| plan.as_str() == near)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plans(names: &[&str]) -> Vec<PlanName> {
        names.iter().map(|name| name.parse().unwrap()).collect()
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        let known = plans(&["dublin-cafe", "mars-base"]);
        let failure = unknown(&"dublin".parse().unwrap(), &known);
        assert_eq!(
            failure.to_string(),
            "there is no plan 'dublin'\n  hint: did you mean 'dublin-cafe'?\n  hint: there is: dublin-cafe, mars-base"
        );
        assert_eq!(failure.exit, Exit::NoSuchPlan);
    }

    #[test]
    fn a_pattern_is_told_from_a_name() {
        assert!(matches!("a*".parse(), Ok(Selector::Many(_))));
        assert!(matches!("a@3".parse(), Ok(Selector::One(_))));
        assert!("../x".parse::<Selector>().is_err());
        assert!("a[".parse::<Selector>().is_err());
        assert_eq!("a~1".parse::<Selector>().unwrap().to_string(), "a~1");
    }
}
