//! What is said of a command line that makes no sense: clap's words, and ours where a user needs
//! other ones.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cmd::near::nearest;
use crate::exit::{Exit, Failure};

/// What other programs call our verbs, and how those are typed.
const ELSEWHERE: [(&[&str], &str); 9] = [
    (&["ls", "list", "status", "jobs", "plans"], "ps"),
    (&["kill", "halt", "abort", "cancel", "end"], "stop NAME"),
    (&["tail", "log", "follow"], "logs -f NAME"),
    (&["start", "exec", "launch", "execute"], "run -n NAME -- CMD"),
    (&["rerun", "resume", "retry"], "restart NAME"),
    (&["remove", "delete", "del"], "rm NAME"),
    (&["show", "info", "describe"], "inspect NAME"),
    (&["top", "tui", "ui", "monitor"], "watch"),
    (&["explain", "reason"], "why NAME"),
];

/// Words of the standard library that say nothing to a user, and what they mean.
const MEANINGS: [(&str, &str); 4] = [
    ("invalid digit found in string", "it is not a number"),
    ("cannot parse integer from empty string", "it is not a number"),
    ("number too large to fit in target type", "the number is too large"),
    ("number too small to fit in target type", "the number is too small"),
];

/// The text for stderr, line end included.
pub(super) fn complaint(
    error: &clap::Error,
    argv: &[OsString],
    command: &clap::Command,
    colour: bool,
) -> String {
    let verbs = || command.get_subcommands().filter(|verb| !verb.is_hide_set());
    if let (ErrorKind::InvalidSubcommand, Some(ContextValue::String(typed))) =
        (error.kind(), error.get(ContextKind::InvalidSubcommand))
    {
        return no_such_verb(typed, verbs().map(clap::Command::get_name));
    }
    let rendered = error.render();
    let mut text = if colour { rendered.ansi().to_string() } else { rendered.to_string() };
    text = text.replacen("error:", "planwatch:", 1);
    for (words, meaning) in MEANINGS {
        text = text.replace(words, meaning);
    }
    let verb = argv.iter().skip(1).find_map(|word| verbs().find(|verb| verb.get_name() == word));
    let help = match verb {
        Some(verb) => format!("planwatch {} --help", verb.get_name()),
        None => "planwatch --help".to_owned(),
    };
    match text.rfind("For more information") {
        Some(at) => format!("{}{}", &text[..at], text[at..].replacen("--help", &help, 1)),
        None => text,
    }
}

fn no_such_verb<'a>(typed: &str, verbs: impl Iterator<Item = &'a str>) -> String {
    let lower = typed.to_lowercase();
    let elsewhere = ELSEWHERE.iter().find(|(words, _)| words.contains(&lower.as_str()));
    let meant = match elsewhere {
        Some((_, ours)) => Some(format!("planwatch {ours}")),
        None => nearest(typed, verbs).map(|verb| format!("'{verb}'")),
    };
    let tip = meant.map_or(String::new(), |meant| format!("did you mean {meant}?\n"));
    let failure = Failure::new(Exit::Usage, format!("there is no verb '{}'", typed.escape_debug()))
        .hint(format!("{tip}planwatch --help lists the verbs"));
    format!("planwatch: {failure}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_other_programs_leads_to_a_verb_and_is_none() {
        let command = super::super::command();
        let is_verb = |name: &str| command.get_subcommands().any(|verb| verb.get_name() == name);
        for (words, ours) in ELSEWHERE {
            let verb = ours.split(' ').next().unwrap_or_default();
            assert!(is_verb(verb), "{ours}");
            assert!(!words.iter().any(|word| is_verb(word)), "{words:?}");
        }
    }
}
