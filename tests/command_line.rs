//! What the command line says when it is used wrongly, and how it ends.

#![allow(clippy::unwrap_used)]

use std::process::{Command, Output, Stdio};

struct Said {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// planwatch with nothing in its environment but a home of its own.
fn planwatch(args: &[&str], change: impl FnOnce(&mut Command)) -> Said {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_planwatch"));
    command.args(args).env_clear().env("PLANWATCH_HOME", home.path().join("home"));
    command.stdin(Stdio::null());
    change(&mut command);
    let Output { status, stdout, stderr } = command.output().unwrap();
    Said {
        code: status.code(),
        stdout: String::from_utf8(stdout).unwrap(),
        stderr: String::from_utf8(stderr).unwrap(),
    }
}

fn plain(args: &[&str]) -> Said {
    planwatch(args, |_| {})
}

#[test]
fn usage_errors_end_with_2_and_in_run_with_125() {
    for args in [
        &["lgos"][..],
        &["ps", "--foo"],
        &["logs"],
        &["logs", "../x"],
        &["logs", "x", "--since", "soon"],
        &["logs", "x", "--grep", "("],
        &["logs", "x", "--level", "loud"],
        &["logs", "x", "--forever"],
        &["wait", "x", "--for", "task"],
        &["signal", "x", "-s", "NOPE"],
        &["prune", "--keep", "0"],
        &["man", "nosuch"],
        &[],
    ] {
        let said = plain(args);
        assert_eq!(said.code, Some(2), "{args:?}: {}", said.stderr);
        assert_eq!(said.stdout, "", "{args:?}");
    }
    for args in [
        &["run"][..],
        &["run", "-n", "../x", "--", "true"],
        &["run", "--segment-size", "1", "--", "true"],
        &["run", "--max-line", "1GiB", "--", "true"],
        &["run", "--verdict", "maybe", "--", "true"],
        &["run", "-e", "=x", "--", "true"],
        &["run", "--tied", "-d", "--", "true"],
        &["run", "--success-exit-codes", "256", "--", "true"],
    ] {
        let said = plain(args);
        assert_eq!(said.code, Some(125), "{args:?}: {}", said.stderr);
    }
}

#[test]
fn every_error_begins_with_the_programs_name_and_a_bad_value_is_shown() {
    for args in [&["ps", "--foo"][..], &["logs", "x", "--since", "soon"], &["inspect", "x"]] {
        let said = plain(args);
        assert!(said.stderr.starts_with("planwatch: "), "{args:?}: {}", said.stderr);
        assert!(said.stderr.contains(args[args.len() - 1]), "{args:?}: {}", said.stderr);
    }
}

#[test]
fn a_mistyped_verb_gets_the_right_one_as_an_answer() {
    assert!(plain(&["lgos"]).stderr.contains("'logs'"));
}

#[test]
fn an_unknown_plan_ends_with_4_and_makes_no_home() {
    let outside = tempfile::tempdir().unwrap();
    let home = outside.path().join("home");
    let said = planwatch(&["inspect", "dublin"], |command| {
        command.env("PLANWATCH_HOME", &home);
    });
    assert_eq!(said.code, Some(4), "{}", said.stderr);
    assert!(said.stderr.contains("there is no plan 'dublin'"), "{}", said.stderr);
    assert!(!home.exists(), "reading made a home");
}

#[test]
fn without_a_place_for_the_home_the_error_names_what_was_tried() {
    let said = planwatch(&["ps"], |command| {
        command.env_remove("PLANWATCH_HOME").env("XDG_STATE_HOME", "relative");
    });
    assert_eq!(said.code, Some(125));
    for word in ["PLANWATCH_HOME is not set", "XDG_STATE_HOME is not an absolute path", "HOME"] {
        assert!(said.stderr.contains(word), "{}", said.stderr);
    }
}

#[test]
fn a_folder_of_somebody_else_is_not_taken_for_a_home() {
    let theirs = tempfile::tempdir().unwrap();
    std::fs::write(theirs.path().join("thesis.tex"), "x").unwrap();
    let said = planwatch(&["record", "x"], |command| {
        command.env("PLANWATCH_HOME", theirs.path());
    });
    assert_eq!(said.code, Some(5), "{}", said.stderr);
    assert_eq!(std::fs::read_dir(theirs.path()).unwrap().count(), 1);
}

#[test]
fn help_is_data_and_never_coloured_for_a_pipe() {
    let said = plain(&["--help"]);
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    assert!(!said.stdout.contains('\x1b') && !said.stdout.contains("__"), "{}", said.stdout);
    let forced = planwatch(&["--help"], |command| {
        command.env("CLICOLOR_FORCE", "1");
    });
    assert!(forced.stdout.contains('\x1b'));
}

#[test]
fn every_verb_has_help_with_a_line_of_its_own() {
    for verb in planwatch::cli::command().get_subcommands() {
        let said = plain(&[verb.get_name(), "--help"]);
        assert_eq!(said.code, Some(0), "{}", verb.get_name());
        assert!(verb.get_about().is_some_and(|about| said.stdout.starts_with(&about.to_string())));
        assert_eq!(plain(&["help", verb.get_name()]).stdout, said.stdout);
    }
    assert_eq!(plain(&["help"]).stdout, plain(&["--help"]).stdout);
}

#[test]
fn a_reader_that_has_gone_is_a_quiet_success_and_a_full_disk_is_not() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let said = planwatch(&["man"], |command| {
        command.stdout(writer);
    });
    // `output` takes what is not set: stdout was set, and stays empty.
    assert_eq!((said.code, said.stderr.as_str()), (Some(0), ""));
    if let Ok(full) = std::fs::File::options().write(true).open("/dev/full") {
        let said = planwatch(&["man"], |command| {
            command.stdout(full);
        });
        assert_eq!(said.code, Some(1));
        assert!(said.stderr.contains("No space left"), "{}", said.stderr);
    }
}

#[test]
fn a_verb_of_another_program_leads_to_ours() {
    for (typed, meant) in [
        ("kill", "planwatch stop NAME"),
        ("ls", "planwatch ps"),
        ("list", "planwatch ps"),
        ("status", "planwatch ps"),
        ("tail", "planwatch logs -f NAME"),
        ("log", "planwatch logs -f NAME"),
        ("start", "planwatch run -n NAME -- CMD"),
        ("rnu", "'run'"),
        ("atach", "'attach'"),
    ] {
        let said = plain(&[typed, "x"]);
        assert_eq!(said.code, Some(2), "{typed}: {}", said.stderr);
        let tip = format!("did you mean {meant}?\n");
        assert!(said.stderr.contains(&tip), "{typed}: {}", said.stderr);
    }
    let far = plain(&["xyzzy"]).stderr;
    assert!(!far.contains("did you mean") && far.contains("planwatch --help"), "{far}");
}

#[test]
fn help_has_no_help_but_the_whole_and_errors_name_the_help_of_their_verb() {
    let whole = plain(&["--help"]).stdout;
    assert_eq!(plain(&["help", "help"]).stdout, whole);
    assert_eq!(plain(&["help", "--help"]).stdout, whole);
    let said = plain(&["--color", "never", "ps", "--foo"]);
    assert!(said.stderr.contains("try 'planwatch ps --help'"), "{}", said.stderr);
    let said = plain(&["--foo"]);
    assert!(said.stderr.contains("try 'planwatch --help'"), "{}", said.stderr);
}

#[test]
fn what_should_be_a_number_or_one_plan_is_said_in_plain_words() {
    for args in [&["logs", "x", "-n", "x"][..], &["attach", "--pid", "abc"]] {
        let said = plain(args).stderr;
        assert!(said.contains("it is not a number") && !said.contains("digit"), "{said}");
    }
    for verb in ["tasks", "why", "attach"] {
        let said = plain(&[verb, "demo-*"]).stderr;
        assert!(said.contains(&format!("{verb} takes one plan, not a pattern")), "{said}");
    }
}

#[test]
fn help_tells_what_a_new_user_has_to_do_first() {
    let help = plain(&["completions", "--help"]).stdout;
    for words in ["mkdir -p ~/.zfunc", "fpath=(~/.zfunc $fpath)", "mkdir -p ~/.config/fish"] {
        assert!(help.contains(words), "no '{words}' in {help}");
    }
    assert!(plain(&["man", "--help"]).stdout.contains("mkdir -p ~/.local/share/man/man1"));
    assert!(plain(&["run", "--help"]).stdout.contains("Options of planwatch come before CMD"));
}

#[test]
fn without_plans_verify_says_what_ps_says() {
    let (ps, verify) = (plain(&["ps"]), plain(&["verify"]));
    assert!(ps.stderr.contains("no plans yet"), "{}", ps.stderr);
    assert_eq!((verify.code, verify.stderr), (Some(0), ps.stderr));
}
