//! Values of a TOML file, each with the place it stands at.

use std::fmt::Display;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::mistake::Mistake;

/// A value and where it stands.
pub(super) type Value<'i> = Spanned<DeValue<'i>>;

/// Something of the file and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct At<T> {
    pub(super) it: T,
    pub(super) span: Range<usize>,
}

impl<T> At<T> {
    pub(super) fn new(it: T, span: Range<usize>) -> At<T> {
        At { it, span }
    }
}

/// Reads values and keeps the mistakes.
#[derive(Debug)]
pub(super) struct Desk<'m> {
    pub(super) mistakes: &'m mut Vec<Mistake>,
}

impl Desk<'_> {
    pub(super) fn say(&mut self, mistake: Mistake) {
        self.mistakes.push(mistake);
    }

    fn not(&mut self, what: &str, wanted: &str, value: &Value<'_>) {
        let found = match value.get_ref() {
            DeValue::Boolean(flag) => flag.to_string(),
            other => format!("a value of type {}", other.type_str()),
        };
        self.say(Mistake::new(value.span(), format!("{what} is {wanted}, not {found}")));
    }

    /// A text.
    pub(super) fn text(&mut self, what: &str, value: &Value<'_>) -> Option<At<String>> {
        match value.get_ref().as_str() {
            Some(text) if text.contains('\0') => {
                self.say(Mistake::new(value.span(), format!("{what} holds a NUL byte")));
                None
            }
            Some(text) => Some(At::new(text.to_owned(), value.span())),
            None => {
                self.not(what, "a text in quotes", value);
                None
            }
        }
    }

    /// One text or a list of them.
    pub(super) fn texts(&mut self, what: &str, value: &Value<'_>) -> Option<Vec<At<String>>> {
        if let Some(list) = value.get_ref().as_array() {
            let of = format!("each entry of {what}");
            let texts: Vec<_> = list.iter().map(|entry| self.text(&of, entry)).collect();
            return texts.into_iter().collect();
        }
        if value.get_ref().is_str() {
            return self.text(what, value).map(|text| vec![text]);
        }
        self.not(what, "a text or a list of texts", value);
        None
    }

    /// A command: a list is program and arguments, a text is a line for the shell.
    pub(super) fn command(&mut self, what: &str, value: &Value<'_>) -> Option<Vec<At<String>>> {
        let words = match value.get_ref().as_str() {
            Some(_) => {
                let line = self.text(what, value)?;
                let blank = line.it.trim().is_empty();
                let word = |word: &str| At::new(word.to_owned(), line.span.clone());
                if blank { vec![] } else { vec![word("sh"), word("-c"), line] }
            }
            None => self.texts(what, value)?,
        };
        if words.first().is_none_or(|program| program.it.is_empty()) {
            let example = r#"["python", "-m", "luigi", …] is a program and its arguments, "…" a line for the shell"#;
            self.say(Mistake::new(value.span(), format!("{what} is empty")).hint(example));
            return None;
        }
        Some(words)
    }

    /// A text that means something.
    pub(super) fn parsed<T, E: Display>(
        &mut self,
        what: &str,
        value: &Value<'_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let text = self.text(what, value)?;
        self.understood(what, &text, parse)
    }

    /// The same for a number without quotes too.
    pub(super) fn measure<T, E: Display>(
        &mut self,
        what: &str,
        value: &Value<'_>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match value.get_ref().as_integer() {
            Some(number) => {
                let text = At::new(number.as_str().to_owned(), value.span());
                self.understood(what, &text, parse)
            }
            None => self.parsed(what, value, parse),
        }
    }

    /// What a text of the file means.
    pub(super) fn understood<T, E: Display>(
        &mut self,
        what: &str,
        text: &At<String>,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match parse(&text.it) {
            Ok(meant) => Some(meant),
            Err(error) => {
                let mistake = Mistake::new(text.span.clone(), format!("{what}: {error}"));
                let near = super::mistake::closest(&text.it, super::keys::words_of(what));
                self.say(match near {
                    Some(near) => mistake.hint(format!("did you mean \"{near}\"?")),
                    None => mistake,
                });
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(
        &mut self,
        what: &str,
        value: &Value<'_>,
        words: &[(&str, T)],
    ) -> Option<T> {
        let text = self.text(what, value)?;
        if let Some((_, meant)) = words.iter().find(|(word, _)| *word == text.it) {
            return Some(*meant);
        }
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let mut mistake = Mistake::new(text.span, format!("{what} is one of {}", all.join(", ")));
        if let Some(near) = super::mistake::closest(&text.it, all.into_iter()) {
            mistake = mistake.hint(format!("did you mean \"{near}\"?"));
        }
        self.say(mistake);
        None
    }

    /// A whole number within limits.
    pub(super) fn number(
        &mut self,
        what: &str,
        value: &Value<'_>,
        within: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let Some(number) = value.get_ref().as_integer() else {
            self.not(what, "a whole number", value);
            return None;
        };
        match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) if within.contains(&number) => Some(number),
            _ => {
                let (least, most) = (within.start(), within.end());
                let what = format!("{what} is a number from {least} to {most}");
                self.say(Mistake::new(value.span(), what));
                None
            }
        }
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, what: &str, value: &Value<'_>) -> Option<bool> {
        let flag = value.get_ref().as_bool();
        if flag.is_none() {
            self.not(what, "true or false", value);
        }
        flag
    }

    /// A table.
    pub(super) fn table<'v, 'i>(
        &mut self,
        what: &str,
        value: &'v Value<'i>,
    ) -> Option<&'v DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            self.not(what, "a table", value);
        }
        table
    }

    /// The entries of a table in the order of the file; keys that are not `known` are mistakes.
    pub(super) fn entries<'v, 'i>(
        &mut self,
        what: &str,
        table: &'v DeTable<'i>,
        known: &[&str],
    ) -> Vec<(At<String>, &'v Value<'i>)> {
        let (known_ones, strange): (Vec<_>, Vec<_>) =
            in_order(table).into_iter().partition(|(key, _)| known.contains(&&*key.it));
        for (key, _) in strange {
            let mut mistake = Mistake::new(key.span, format!("unknown key '{}' in {what}", key.it));
            let near = super::mistake::closest(&key.it, known.iter().copied());
            mistake = match near {
                Some(near) => mistake.hint(format!("did you mean '{near}'?")),
                None => mistake.hint(format!("known here: {}", known.join(", "))),
            };
            self.say(mistake);
        }
        known_ones
    }
}

/// The entries of a table in the order of the file.
pub(super) fn in_order<'v, 'i>(table: &'v DeTable<'i>) -> Vec<(At<String>, &'v Value<'i>)> {
    let mut entries: Vec<_> = table
        .iter()
        .map(|(key, value)| (At::new(key.get_ref().to_string(), key.span()), value))
        .collect();
    entries.sort_by_key(|(key, _)| key.span.start);
    entries
}
