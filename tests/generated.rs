//! What is generated and committed is in step with the program and its tests: completions, man
//! pages, README, the faults of RELIABILITY.md.
//!
//! `PLANWATCH_BLESS=1 cargo test --test generated` writes it anew.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use clap_complete::Shell;
use planwatch::cmd::{completions, man};
use planwatch::exit::Exit;

#[path = "faults/cases/mod.rs"]
mod cases;

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

/// The part of a page between two comments, replaced by `content`.
#[track_caller]
fn block_in_step(page: &str, name: &str, content: &str) {
    let path = root().join(page);
    let text = fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let from = text.find(&begin).expect("it has the block's first comment") + begin.len();
    let to = from + text[from..].find(&end).expect("it has the block's last comment");
    if blessed() {
        fs::write(&path, format!("{}{content}{}", &text[..from], &text[to..])).unwrap();
    } else {
        assert!(&text[from..to] == content, "the {name} of {page} is {HOW}");
    }
}

#[test]
fn the_readme_shows_the_help_and_the_exit_codes_as_they_are() {
    let mut command = planwatch::cli::command().term_width(100);
    block_in_step("README.md", "help", &format!("```text\n{}```\n", command.render_help()));
    let mut table = String::from("| code | meaning |\n| ---: | --- |\n");
    for exit in Exit::ALL {
        table += &format!("| {} | {} |\n", exit.code(), exit.meaning());
    }
    table += &format!("| {}+n | {} |\n", Exit::SIGNAL_BASE, Exit::SIGNAL_MEANING);
    block_in_step("README.md", "exit codes", &table);
}

/// `file::name` of a case → where the test is, and how its runner names it.
fn found(test: &str) -> Option<String> {
    let (file, name) = test.split_once("::")?;
    let path = match file.starts_with("src/") {
        true => root().join(file),
        false => root().join("tests").join(file),
    };
    let text = fs::read_to_string(path).ok()?;
    let at =
        text.find(&format!("\nfn {name}()")).or_else(|| text.find(&format!(" fn {name}()")))?;
    let marked = text[..at].trim_end().ends_with("#[test]");
    let module = file.trim_end_matches(".rs").trim_end_matches("/tests").replace('/', "::");
    marked.then(|| format!("`{module}::{name}`"))
}

#[test]
fn every_fault_has_its_test_or_a_reason_why_not() {
    let mut table = String::new();
    let mut named = Vec::new();
    for (group, cases) in cases::GROUPS {
        table +=
            &format!("\n### {group}\n\n| fault | what happens | shown by |\n| --- | --- | --- |\n");
        for case in *cases {
            let proof = match case.proof {
                cases::Proof::Tests(tests) => {
                    assert!(!tests.is_empty(), "{:?} has neither test nor reason", case.fault);
                    named.extend(tests);
                    let found = tests.iter().map(|test| {
                        found(test).unwrap_or_else(|| panic!("{:?}: no test {test}", case.fault))
                    });
                    found.collect::<Vec<_>>().join("<br>")
                }
                cases::Proof::None(why) => format!("no test: {why}"),
            };
            table += &format!("| {} | {} | {proof} |\n", case.fault, case.expected);
        }
    }
    for file in fs::read_dir(root().join("tests/faults")).unwrap() {
        let file = file.unwrap().path();
        if file.is_dir() {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for after in text.split("#[test]\nfn ").skip(1) {
            let name = after.split('(').next().unwrap();
            let test = format!("faults/{}::{name}", file.file_name().unwrap().to_str().unwrap());
            assert!(named.contains(&&test.as_str()), "{test} stands for no fault in the list");
        }
    }
    block_in_step("RELIABILITY.md", "faults", &table);
}
