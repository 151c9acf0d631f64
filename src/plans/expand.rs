//! `${VAR}` in texts, and the combinations of `foreach`.

use super::mistake::Mistake;
use super::value::At;

/// The lists of a `foreach`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Matrix {
    lists: Vec<(At<String>, Vec<At<String>>)>,
}

/// One choice from each list: what `${…}` means, and what the name ends in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) pairs: Vec<(String, String)>,
    pub(super) suffix: String,
}

impl Matrix {
    pub(super) fn new(lists: Vec<(At<String>, Vec<At<String>>)>) -> Matrix {
        Matrix { lists }
    }

    /// Every combination, the last list changing fastest.
    pub(super) fn combinations(&self) -> Vec<Chosen> {
        let mut all = vec![Chosen::default()];
        for (key, texts) in &self.lists {
            let longer = |before: &Chosen, text: &At<String>| {
                let mut chosen = before.clone();
                chosen.pairs.push((key.it.clone(), text.it.clone()));
                chosen.suffix += &format!("-{}", text.it);
                chosen
            };
            all = (all.iter())
                .flat_map(|before| texts.iter().map(move |text| longer(before, text)))
                .collect();
        }
        all
    }
}

/// Why a text could not be expanded: bytes of the text, and words.
type Wrong = (std::ops::Range<usize>, String, Option<String>);

/// The text with every `${NAME}` and `${NAME:-otherwise}` replaced, and `$${` made `${`.
pub(super) fn expanded(
    text: &str,
    look_up: impl Fn(&str) -> Option<String>,
) -> Result<String, Wrong> {
    let mut to = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(found) = text[at..].find("${").map(|offset| at + offset) {
        if text[at..found].ends_with('$') {
            to.push_str(&text[at..found]);
            to.push('{');
            at = found + 2;
            continue;
        }
        to.push_str(&text[at..found]);
        let Some(end) = text[found..].find('}').map(|offset| found + offset) else {
            let hint = "write $${ where you mean the two characters";
            return Err((found..text.len(), "'${' without its '}'".into(), Some(hint.into())));
        };
        let inside = &text[found + 2..end];
        let (name, otherwise) = match inside.split_once(":-") {
            Some((name, otherwise)) => (name, Some(otherwise)),
            None => (inside, None),
        };
        let span = found..end + 1;
        if !is_name(name) {
            let hint = "write $${ where you mean the two characters";
            return Err((span, format!("'{name}' is no name of a variable"), Some(hint.into())));
        }
        match look_up(name).filter(|value| otherwise.is_none() || !value.is_empty()) {
            Some(value) => to.push_str(&value),
            None => match otherwise {
                Some(otherwise) => to.push_str(otherwise),
                None => return Err((span, format!("${{{name}}} is not set"), None)),
            },
        }
        at = end + 1;
    }
    to.push_str(&text[at..]);
    Ok(to)
}

fn is_name(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && name.bytes().next().is_some_and(|b| !b.is_ascii_digit())
}

/// The same for a text of the file. A mistake stands at the text: what an escape in it took of the
/// line is not known.
pub(super) fn expand(
    text: &At<String>,
    look_up: impl Fn(&str) -> Option<String>,
    mistakes: &mut Vec<Mistake>,
) -> Option<String> {
    match expanded(&text.it, look_up) {
        Ok(text) => Some(text),
        Err((inside, what, hint)) => {
            // Quote and text side by side, where nothing was escaped.
            let exact = text.span.len() == text.it.len() + 2;
            let start = text.span.start + 1 + inside.start;
            let span = if exact { start..start + inside.len() } else { text.span.clone() };
            let hint = hint.unwrap_or_else(|| {
                "export it, set it in env, or give another value: ${NAME:-value}; what stands only \
                 in an env-file is given to the plan and not read here"
                    .to_owned()
            });
            mistakes.push(Mistake::new(span, what).hint(hint));
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<String, String> {
        let look_up = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        expanded(text, look_up).map_err(|(_, what, _)| what)
    }

    #[test]
    fn variables_are_replaced_and_what_is_not_one_stays() {
        for (text, meant) in [
            ("plain", "plain"),
            ("${A}", "1"),
            ("x${A}y${A}z", "x1y1z"),
            ("$A $1 $", "$A $1 $"),
            ("$${A}", "${A}"),
            ("${B:-two}", "two"),
            ("${EMPTY:-two}${EMPTY}", "two"),
            ("é${A}é", "é1é"),
        ] {
            assert_eq!(told(text), Ok(meant.to_owned()), "{text}");
        }
        for text in ["${B}", "${A", "${}", "${1}", "${A B}"] {
            assert!(told(text).is_err(), "{text}");
        }
    }
}
