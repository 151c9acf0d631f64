//! The known name that looks most like the one that was typed.

/// Shorter names look like everything.
const SHORTEST: usize = 3;

/// The one of `known` that a user who typed `typed` most likely meant. None if none looks like it,
/// or if it is among them: then it has come into being since it was missed.
pub fn nearest<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = typed.to_lowercase();
    known
        .into_iter()
        .filter(|name| *name != typed && name.chars().count() >= SHORTEST)
        .map(|name| (likeness(&lower, &name.to_lowercase()), name))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

fn likeness(typed: &str, known: &str) -> f64 {
    let alike = strsim::jaro_winkler(typed, known);
    let slip = strsim::osa_distance(typed, known) == 1;
    let inside = typed.len().min(known.len()) >= SHORTEST
        && (known.contains(typed) || typed.contains(known));
    if slip || inside { alike.max(0.75) + 0.2 } else { alike }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_or_a_part_finds_the_name_that_was_meant() {
        let known = ["dublin-cafe", "mars-base", "museum-night", "run", "Budget"];
        let near = |typed| nearest(typed, known);
        assert_eq!(near("dublin-caffe"), Some("dublin-cafe"));
        assert_eq!(near("dublin"), Some("dublin-cafe"));
        assert_eq!(near("Mars-Base"), Some("mars-base"));
        assert_eq!(near("rnu"), Some("run"));
        assert_eq!(near("Bugdet"), Some("Budget"));
    }

    #[test]
    fn nothing_is_suggested_that_is_far_away_or_too_short_to_tell() {
        assert_eq!(nearest("nosuch", ["s", "no", "dublin-cafe", "museum-night"]), None);
        assert_eq!(nearest("zzz", ["dublin-cafe"]), None);
        assert_eq!(nearest("x", ["xyz", "y"]), None);
    }
}
