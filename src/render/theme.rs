//! Colours by meaning: red needs you, yellow waits, green is done, dim is context.

use crate::model::{Level, State, Verdict};

/// What a piece of text means. With colour off it is written as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    Plain,
    /// Context: times, marks, planwatch's own words.
    Dim,
    /// A heading.
    Bold,
    /// Needs a person.
    Bad,
    /// Needs a person at once.
    Worst,
    /// Waits, or deserves a look.
    Wait,
    /// Done and well.
    Good,
    /// At work.
    Busy,
    /// One of several plans, by a number that is stable for its name.
    Plan(u8),
}

/// Colours that can be told apart in 16 colours on light and dark ground; red is left to trouble.
const PLANS: [&str; 6] = ["36", "35", "34", "32", "96", "95"];

impl Tone {
    /// The tone of a level.
    pub fn of_level(level: Option<Level>) -> Tone {
        match level {
            Some(Level::Critical) => Tone::Worst,
            Some(Level::Error) => Tone::Bad,
            Some(Level::Warning) => Tone::Wait,
            Some(Level::Debug | Level::Trace) => Tone::Dim,
            Some(Level::Info) | None => Tone::Plain,
        }
    }

    /// The tone of a run in a table.
    pub fn of_run(state: State, verdict: Verdict) -> Tone {
        match state {
            State::Running | State::Starting => Tone::Busy,
            State::Queued | State::Stopping | State::Draining | State::Restarting => Tone::Wait,
            State::Lost => Tone::Bad,
            State::Ended => match verdict {
                Verdict::Succeeded | Verdict::Retried => Tone::Good,
                Verdict::Stopped | Verdict::Incomplete | Verdict::Unknown => Tone::Wait,
                _ => Tone::Bad,
            },
        }
    }

    /// The tone of a plan's name: the same name has the same colour for ever.
    pub fn of_plan(name: &str) -> Tone {
        // FNV-1a: short, and stable across releases, unlike the standard library's hasher.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Tone::Plan((hash >> 32) as u8 % PLANS.len() as u8)
    }

    fn code(self) -> Option<&'static str> {
        Some(match self {
            Tone::Plain => return None,
            Tone::Dim => "2",
            Tone::Bold => "1",
            Tone::Bad => "31",
            Tone::Worst => "1;31",
            Tone::Wait => "33",
            Tone::Good => "32",
            Tone::Busy => "36",
            Tone::Plan(which) => PLANS[usize::from(which) % PLANS.len()],
        })
    }
}

/// Appends what `write` appends, in this tone where colour is on.
pub fn paint(to: &mut Vec<u8>, tone: Tone, colour: bool, write: impl FnOnce(&mut Vec<u8>)) {
    match tone.code().filter(|_| colour) {
        None => write(to),
        Some(code) => {
            to.extend_from_slice(b"\x1b[");
            to.extend_from_slice(code.as_bytes());
            to.push(b'm');
            write(to);
            to.extend_from_slice(b"\x1b[0m");
        }
    }
}

/// A text in this tone where colour is on.
pub fn painted(text: &str, tone: Tone, colour: bool) -> String {
    let mut to = Vec::with_capacity(text.len() + 12);
    paint(&mut to, tone, colour, |to| to.extend_from_slice(text.as_bytes()));
    String::from_utf8(to).unwrap_or_default()
}
