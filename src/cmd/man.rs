//! `man`: the manual pages.

use std::io;

use clap_mangen::Man;

use super::World;
use super::out::Out;
use crate::exit::{Exit, Failure};

/// What a user may mean by `man`.
#[derive(Clone, Debug)]
pub struct Options {
    /// The whole command line, as `cli` defines it.
    pub command: clap::Command,
    /// The verb whose page is wanted; the program's own without.
    pub verb: Option<String>,
}

/// Prints the page, in roff.
pub fn run(options: Options, _world: &World) -> anyhow::Result<i32> {
    let wanted = match options.verb {
        Some(verb) => format!("planwatch-{verb}.1"),
        None => "planwatch.1".to_owned(),
    };
    let pages = pages(&options.command)?;
    let Some((_, page)) = pages.iter().find(|(name, _)| *name == wanted) else {
        let verbs: Vec<&str> = verbs(&options.command).map(clap::Command::get_name).collect();
        return Err(Failure::new(Exit::Usage, format!("there is no page {wanted}"))
            .hint(format!("the verbs are: {}", verbs.join(", ")))
            .into());
    };
    let mut out = Out::stdout();
    out.write(page)?;
    out.finish()?;
    Ok(0)
}

/// Every page: file name and content.
pub fn pages(command: &clap::Command) -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut pages = vec![("planwatch.1".to_owned(), main_page(command)?)];
    for verb in verbs(command) {
        let name = format!("planwatch-{}", verb.get_name());
        pages.push((format!("{name}.1"), verb_page(verb, &name)?));
    }
    Ok(pages)
}

fn verbs(command: &clap::Command) -> impl Iterator<Item = &clap::Command> {
    command.get_subcommands().filter(|verb| !verb.is_hide_set())
}

fn main_page(command: &clap::Command) -> io::Result<Vec<u8>> {
    let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let man = Man::new(command.clone().disable_help_flag(true)).manual("planwatch");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    section(&mut page, "SYNOPSIS", &["planwatch [OPTIONS] VERB [ARGUMENTS]"]);
    section(&mut page, "DESCRIPTION", DESCRIPTION);
    man.render_subcommands_section(&mut page)?;
    man.render_options_section(&mut page)?;
    page.extend_from_slice(b".SH EXIT STATUS\n");
    page.extend_from_slice(escaped("If the plan's own exit code is not 0, run and wait return it as it is; stderr always names the verdict. The rest of the table applies to plans that exited with 0, and to planwatch itself.").as_bytes());
    for exit in Exit::ALL {
        term(&mut page, &exit.code().to_string(), exit.meaning());
    }
    term(&mut page, "128+n", Exit::SIGNAL_MEANING);
    page.extend_from_slice(b".SH ENVIRONMENT\n");
    for (name, meaning) in VARIABLES {
        term(&mut page, name, meaning);
    }
    page.extend_from_slice(b".SH FILES\n");
    for (name, meaning) in FILES {
        term(&mut page, name, meaning);
    }
    verbatim(&mut page, "EXAMPLES", &examples);
    Ok(page)
}

fn verb_page(verb: &clap::Command, name: &str) -> io::Result<Vec<u8>> {
    let examples = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
    let usage = verb.clone().render_usage().to_string();
    let named = verb.clone().name(name.to_owned()).disable_help_flag(true);
    let man = Man::new(named).manual("planwatch");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    let usage = usage.trim_start_matches("Usage: ").trim();
    let usage = match usage.strip_prefix("planwatch") {
        Some(_) => usage.to_owned(),
        None => format!("planwatch {usage}"),
    };
    section(&mut page, "SYNOPSIS", &[&usage]);
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    if !examples.is_empty() {
        verbatim(&mut page, "EXAMPLES", &examples);
    }
    section(&mut page, "SEE ALSO", &["planwatch(1), where the exit codes are."]);
    Ok(page)
}

const DESCRIPTION: &[&str] = &[
    "A plan is a command with a name, such as a Luigi pipeline. planwatch runs it in the background, puts every line that it prints into a log, once and in order, and says how it ended. Commands in other terminals follow it, stop it, or wait for it.",
    "Luigi exits with 0 when tasks fail. planwatch therefore gives a verdict (succeeded, retried, failed, incomplete, stopped, killed, timeout, lost; skipped in a queue) from the exit status, from the last line of Luigi's execution summary, and from files that must exist at the end.",
    "A plan used again under its name is the same plan: the same log, the next run. NAME~1 is the run before the last, NAME@3 is run 3. Where many plans are allowed, patterns are too: 'demo-*'.",
    "Standard output is data, standard error is everything else. A reader that goes away (as head does) is a quiet success.",
];

const VARIABLES: [(&str, &str); 6] = [
    (
        "PLANWATCH_HOME",
        "Folder for all state. Default: $XDG_STATE_HOME/planwatch, else ~/.local/state/planwatch.",
    ),
    ("RUN_ID_DIR", "Its base name is the plan's name where run is given none."),
    ("NO_COLOR, CLICOLOR, CLICOLOR_FORCE", "Colours, where --color is auto."),
    ("XDG_CACHE_HOME", "Where demo keeps its files. Default: ~/.cache."),
    ("TZ", "Time zone of the times shown and of the times given to --since and --until."),
    (
        "PLANWATCH_PLAN, PLANWATCH_RUN, PLANWATCH_RUN_TOKEN",
        "Set for the plan: its name, the number of its run, and how its processes are known as its own. PYTHONUNBUFFERED=1 is set too unless it is set already.",
    ),
];

const FILES: [(&str, &str); 4] = [
    (
        "plans/NAME/log/*.jsonl, *.jsonl.zst",
        "The log, one JSON object a line, in segments; those that are not written any more are compressed.",
    ),
    ("plans/NAME/current", "A link to the segment that is being written."),
    ("plans/NAME/plan.json", "What to run; names of environment variables, never values."),
    ("plans/NAME/status.json", "What the log says, in short. Safe to delete."),
];

fn section(page: &mut Vec<u8>, title: &str, paragraphs: &[&str]) {
    page.extend_from_slice(format!(".SH {}\n", title).as_bytes());
    for (at, text) in paragraphs.iter().enumerate() {
        if at > 0 {
            page.extend_from_slice(b".PP\n");
        }
        page.extend_from_slice(escaped(text).as_bytes());
    }
}

fn term(page: &mut Vec<u8>, name: &str, meaning: &str) {
    page.extend_from_slice(format!(".TP\n\\fB{}\\fR\n", escaped(name).trim_end()).as_bytes());
    page.extend_from_slice(escaped(meaning).as_bytes());
}

fn verbatim(page: &mut Vec<u8>, title: &str, text: &str) {
    let text = text.trim_start_matches("Examples:\n").trim_start_matches("Example:\n");
    page.extend_from_slice(format!(".SH {title}\n.nf\n").as_bytes());
    for line in text.lines() {
        page.extend_from_slice(escaped(line).as_bytes());
    }
    page.extend_from_slice(b".fi\n");
}

/// One line of roff that prints the text as it is.
fn escaped(text: &str) -> String {
    let safe = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    let guard = if safe.starts_with('.') { "\\&" } else { "" };
    format!("{guard}{safe}\n")
}
