//! Who comes after whom: names become plans, circles are found.

use std::collections::BTreeMap;

use super::mistake::{Mistake, closest};
use super::resolve::Found;
use crate::model::PlanName;

/// Looks up what each plan comes after, and refuses names that are there twice and circles.
pub(super) fn settle(mut found: Vec<Found>, mistakes: &mut Vec<Mistake>, text: &str) -> Vec<Found> {
    let mut names: BTreeMap<PlanName, usize> = BTreeMap::new();
    let mut keys: BTreeMap<String, Vec<PlanName>> = BTreeMap::new();
    for (at, (planned, loose)) in found.iter_mut().enumerate() {
        if let Some(key) = &loose.key {
            planned.line = Mistake::new(key.span.clone(), "").place(text).0;
        }
        if names.insert(planned.name().clone(), at).is_some() {
            let span = loose.key.as_ref().map_or(0..0, |key| key.span.clone());
            let said = format!("there are two plans of the name '{}'", planned.name());
            mistakes.push(Mistake::new(span, said).hint("what foreach adds to a name counts too"));
        }
        keys.entry(planned.key.clone()).or_default().push(planned.name().clone());
    }
    for (planned, loose) in &mut found {
        for wanted in &loose.after {
            let name = wanted.it.parse::<PlanName>().ok();
            let one = name.filter(|name| names.contains_key(name)).map(|name| vec![name]);
            // The key of a foreach stands for all that it makes.
            match one.or_else(|| keys.get(&wanted.it).cloned()) {
                Some(all) if all.contains(planned.name()) && all.len() == 1 => {
                    let said = format!("{} cannot come after itself", planned.name());
                    mistakes.push(Mistake::new(wanted.span.clone(), said));
                }
                Some(all) => planned.after.extend(all),
                None => {
                    let said = format!("there is no plan '{}' in this file", wanted.it);
                    let mistake = Mistake::new(wanted.span.clone(), said);
                    let known = names.keys().map(PlanName::as_str);
                    mistakes.push(match closest(&wanted.it, known) {
                        Some(near) => mistake.hint(format!("did you mean \"{near}\"?")),
                        None => mistake.hint(format!("there is: {}", some(names.keys()))),
                    });
                }
            }
        }
        planned.after.dedup();
    }
    if let Some(circle) = circle(&found, &names) {
        mistakes.push(circle);
    }
    found
}

/// A few names, the others counted.
fn some<'a>(names: impl ExactSizeIterator<Item = &'a PlanName>) -> String {
    const SHOWN: usize = 12;
    let more = names.len().saturating_sub(SHOWN);
    let shown: Vec<&str> = names.take(SHOWN).map(PlanName::as_str).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    shown.join(", ") + &more
}

/// Takes away plans that wait for none of the rest, until none is left or all wait for each other.
fn circle(found: &[Found], names: &BTreeMap<PlanName, usize>) -> Option<Mistake> {
    let places = |at: usize| found[at].0.after.iter().filter_map(|name| names.get(name).copied());
    let mut left: Vec<usize> = (0..found.len()).collect();
    loop {
        let before = left.len();
        let rest: std::collections::BTreeSet<usize> = left.iter().copied().collect();
        left.retain(|&at| places(at).any(|place| rest.contains(&place)));
        if left.is_empty() {
            return None;
        }
        if left.len() == before {
            break;
        }
    }
    // Each of the rest waits for another of the rest: going on leads around.
    let (mut path, mut at) = (Vec::new(), left[0]);
    while !path.contains(&at) {
        path.push(at);
        at = places(at).find(|place| left.contains(place))?;
    }
    let first = path.iter().position(|&known| known == at)?;
    let mut words: Vec<&str> =
        path[first..].iter().map(|&at| found[at].0.name().as_str()).collect();
    words.push(found[at].0.name().as_str());
    let loose = &found[at].1;
    let span = loose.after.first().map(|after| after.span.clone())?;
    let said = format!("plans wait for each other in a circle: {}", words.join(" after "));
    Some(Mistake::new(span, said).hint("take one `after` away"))
}
