//! What is generated and committed is in step with the program: completions, man pages, README.
//!
//! `PLANWATCH_BLESS=1 cargo test --test generated` writes it anew.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use clap_complete::Shell;
use planwatch::cmd::{completions, man};
use planwatch::exit::Exit;

const HOW: &str = "stale: run PLANWATCH_BLESS=1 cargo test --test generated and commit";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn blessed() -> bool {
    std::env::var_os("PLANWATCH_BLESS").is_some()
}

#[track_caller]
fn in_step(path: &Path, content: &[u8]) {
    if blessed() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    let committed = fs::read(path).unwrap_or_default();
    assert!(committed == content, "{} is {HOW}", path.display());
}

#[track_caller]
fn nothing_else_in(folder: &Path, expected: &[String]) {
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(expected.contains(&name), "{}/{name} is of no use any more", folder.display());
    }
}

#[test]
fn completions_are_in_step() {
    let folder = root().join("completions");
    let files = [
        (Shell::Bash, "planwatch.bash"),
        (Shell::Zsh, "_planwatch"),
        (Shell::Fish, "planwatch.fish"),
    ];
    for (shell, name) in files {
        let script = completions::script(planwatch::cli::command(), shell);
        in_step(&folder.join(name), script.as_bytes());
    }
    nothing_else_in(&folder, &files.map(|(_, name)| name.to_owned()));
}

#[test]
fn man_pages_are_in_step() {
    let folder = root().join("man");
    let pages = man::pages(&planwatch::cli::command()).unwrap();
    for (name, page) in &pages {
        in_step(&folder.join(name), page);
    }
    let names: Vec<String> = pages.into_iter().map(|(name, _)| name).collect();
    nothing_else_in(&folder, &names);
}

/// The part of the README between two comments, replaced by `content`.
#[track_caller]
fn readme_block_in_step(name: &str, content: &str) {
    let path = root().join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let from = text.find(&begin).expect("the README has the block's first comment") + begin.len();
    let to = from + text[from..].find(&end).expect("the README has the block's last comment");
    if blessed() {
        fs::write(&path, format!("{}{content}{}", &text[..from], &text[to..])).unwrap();
    } else {
        assert!(&text[from..to] == content, "the README's {name} is {HOW}");
    }
}

#[test]
fn the_readme_shows_the_help_and_the_exit_codes_as_they_are() {
    let mut command = planwatch::cli::command().term_width(100);
    readme_block_in_step("help", &format!("```text\n{}```\n", command.render_help()));
    let mut table = String::from("| code | meaning |\n| ---: | --- |\n");
    for exit in Exit::ALL {
        table += &format!("| {} | {} |\n", exit.code(), exit.meaning());
    }
    table += &format!("| {}+n | {} |\n", Exit::SIGNAL_BASE, Exit::SIGNAL_MEANING);
    readme_block_in_step("exit codes", &table);
}
