//! Who wrote a line, as far as its form tells: a program that sets up logging of its own beside
//! Luigi's has every record twice in one stream, in two forms.

use serde::{Deserialize, Serialize};

use super::level::{colour, recognise};

/// What stands before a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Nothing that is known here.
    #[default]
    Bare,
    /// A level.
    Level,
    /// A level and the logger's name.
    Named,
    /// A time and a level.
    Timed,
    /// A time, a level and the logger's name.
    TimedNamed,
}

/// Bytes in which a prefix is looked for, behind whatever is glued to its front: progress bars, a
/// print without an end.
const GLUED: usize = 1024;

impl Form {
    /// The form of a line whose prefix stands behind whatever is glued to its front.
    pub fn found_in(line: &[u8]) -> Form {
        let places = 0..line.len().min(GLUED);
        let found = places.map(|at| &line[at..]).find_map(|text| Some((text, recognise(text)?)));
        found.map_or(Form::Bare, |(text, prefix)| Form::of(text, prefix.logger.is_some()))
    }

    /// The form of a line that begins with a prefix.
    pub fn of(line: &[u8], names_logger: bool) -> Form {
        let mut text = line;
        while let Some(after) = colour(text) {
            text = after;
        }
        let timed = matches!(text, [b'0'..=b'9', ..] | [b'[', b'0'..=b'9', ..]);
        match (timed, names_logger) {
            (false, false) => Form::Level,
            (false, true) => Form::Named,
            (true, false) => Form::Timed,
            (true, true) => Form::TimedNamed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loggers_of_one_program_are_told_apart_whatever_is_glued_to_the_front() {
        let said = "[pid 7] Worker Worker(salt=1, pid=7) running   A()";
        for (prefix, wanted) in [
            ("", Form::Bare),
            ("INFO: ", Form::Level),
            ("INFO:luigi-interface:", Form::Named),
            ("2026-11-23 17:36:12,123 INFO ", Form::Timed),
            ("[2026-11-23 17:36:12] INFO: ", Form::Timed),
            ("2026-11-23 17:36:12 - luigi-interface - INFO - ", Form::TimedNamed),
            ("\x1b[32m2026-11-23 17:36:12 - luigi-interface - INFO - ", Form::TimedNamed),
        ] {
            for glue in ["", " 50%|#####     | 5/10 [00:01<00:01,  4.9it/s]", "no end", "3 of 7"] {
                let line = format!("{glue}{prefix}{said}");
                assert_eq!(Form::found_in(line.as_bytes()), wanted, "{line}");
                if let Some(prefix) = recognise(line.as_bytes()) {
                    assert_eq!(
                        Form::of(line.as_bytes(), prefix.logger.is_some()),
                        wanted,
                        "{line}"
                    );
                }
            }
        }
    }
}
