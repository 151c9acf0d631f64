//! A mistake in a file of plans: where it stands, what is wrong, what was probably meant.

use std::fmt;
use std::ops::Range;

/// What is wrong, and where: bytes of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub span: Range<usize>,
    /// What.
    pub what: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Mistake {
    pub(super) fn new(span: Range<usize>, what: impl Into<String>) -> Mistake {
        Mistake { span, what: what.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Mistake {
        self.hint = Some(hint.into());
        self
    }

    /// Line and column, both from 1; columns are characters.
    pub fn place(&self, text: &str) -> (usize, usize) {
        let start = text.floor_char_boundary(self.span.start.min(text.len()));
        let before = &text[..start];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        (line, column)
    }

    /// The mistake as people read it, of this file with this text.
    pub fn shown<'a>(&'a self, file: &'a str, text: &'a str) -> Shown<'a> {
        Shown { mistake: self, file, text }
    }
}

/// `plans.toml:7:1: …`, the line itself with a mark below it, and the hint.
#[derive(Debug)]
pub struct Shown<'a> {
    mistake: &'a Mistake,
    file: &'a str,
    text: &'a str,
}

/// Longest line of the file that is shown.
const LONGEST: usize = 100;

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Shown { mistake, file, text } = self;
        let (line, column) = mistake.place(text);
        write!(f, "{file}:{line}:{column}: {}", mistake.what)?;
        if let Some(source) = text.lines().nth(line - 1).filter(|line| is_plain(line)) {
            let marks = mistake.span.len().clamp(1, LONGEST);
            let marks = marks.min((source.chars().count() + 1).saturating_sub(column).max(1));
            let number = line.to_string();
            write!(f, "\n  {number} | {source}")?;
            write!(f, "\n  {:1$} | {2:3$}", "", number.len(), "", column - 1)?;
            f.write_str(&"^".repeat(marks))?;
        }
        match &mistake.hint {
            Some(hint) => write!(f, "\n  hint: {hint}"),
            None => Ok(()),
        }
    }
}

/// Whether a line can be shown with a mark below it. One with `=` may hold a secret as its value:
/// shown all the same, the file is the user's own and so is the terminal.
fn is_plain(line: &str) -> bool {
    line.chars().count() <= LONGEST && line.chars().all(|c| !c.is_control() && c.is_ascii())
}

/// The known word that looks most like `word`, if any looks like it at all.
pub fn closest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('_', "-");
    known
        .map(|known| {
            let plain = known.to_lowercase();
            let both = plain.len().min(word.len());
            let inside = both > 2 && (plain.contains(&word) || word.contains(&plain));
            // A slip of the pen in a short word, which likeness by letters underrates.
            let slip = strsim::osa_distance(&word, &plain) <= (both / 3).max(1);
            let more = f64::from(u8::from(inside)) * 0.3 + f64::from(u8::from(slip)) * 0.3;
            (strsim::jaro_winkler(&word, &plain) + more, known)
        })
        .filter(|(likeness, _)| *likeness > 0.78)
        .max_by(|one, other| one.0.total_cmp(&other.0))
        .map(|(_, known)| known)
}
