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

/// In which form a line is written.
pub fn form(line: &[u8]) -> Form {
    let places = 0..line.len().min(GLUED);
    let found = places.map(|at| &line[at..]).find_map(|text| Some((text, recognise(text)?)));
    let Some((mut text, prefix)) = found else { return Form::Bare };
    while let Some(after) = colour(text) {
        text = after;
    }
    let timed = matches!(text, [b'0'..=b'9', ..] | [b'[', b'0'..=b'9', ..]);
    match (timed, prefix.logger.is_some()) {
        (false, false) => Form::Level,
        (false, true) => Form::Named,
        (true, false) => Form::Timed,
        (true, true) => Form::TimedNamed,
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
                assert_eq!(
                    form(format!("{glue}{prefix}{said}").as_bytes()),
                    wanted,
                    "{glue}{prefix}"
                );
            }
        }
    }
}
