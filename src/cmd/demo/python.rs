//! A Python that can import luigi: the user's own, else one in a private virtual environment.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::super::World;
use crate::exit::{Exit, Failure};
use crate::os::tool;

/// Finds or makes one. `say` tells the user what happens.
pub(super) fn find(
    world: &World,
    folder: &Path,
    say: &mut dyn FnMut(&str),
) -> Result<PathBuf, Failure> {
    let own = world.var("PATH").and_then(|path| tool::find("python3", path));
    if let Some(python) = own.as_ref().filter(|python| has_luigi(python)) {
        say(&format!("luigi is there: {}", python.display()));
        return Ok(python.clone());
    }
    let venv = folder.join("venv");
    let private = venv.join("bin/python");
    if has_luigi(&private) {
        say(&format!("luigi is there from an earlier demo: {}", venv.display()));
        return Ok(private);
    }
    let Some(python) = own else {
        return Err(Failure::new(Exit::Failed, "the demo needs Python 3")
            .because("there is no python3 in PATH")
            .hint("Debian, Ubuntu: apt install python3 python3-venv"));
    };
    say(&format!("no luigi in {}: installing it into {}", python.display(), venv.display()));
    make(&python, &venv)?;
    let pip = ["-m", "pip", "install", "--disable-pip-version-check", "luigi"].map(OsStr::new);
    match tool::shown(&private, &pip) {
        Ok(Some(0)) if has_luigi(&private) => Ok(private),
        _ => Err(Failure::new(Exit::Failed, "cannot install luigi")
            .because("pip failed; what it said stands above")
            .hint(format!(
                "without a network: run `pip download luigi -d wheels` on a machine that has one, \
                 bring the folder wheels here\nand run `{} -m pip install --no-index --find-links wheels luigi`; \
                 then run the demo again,\nor put a Python that can import luigi first in PATH",
                private.display()
            ))),
    }
}

/// Makes the virtual environment; what Debian leaves out of Python is named.
fn make(python: &Path, venv: &Path) -> Result<(), Failure> {
    let args = ["-m".as_ref(), "venv".as_ref(), "--clear".as_ref(), venv.as_os_str()];
    match tool::shown(python, &args) {
        Ok(Some(0)) => Ok(()),
        Ok(_) => Err(Failure::new(Exit::Failed, "cannot make a virtual environment")
            .because(format!("`{} -m venv {}` failed", python.display(), venv.display()))
            .hint("Debian, Ubuntu: apt install python3-venv")),
        Err(error) => Err(Failure::new(Exit::Failed, "cannot run Python")
            .because(format!("{}: {error}", python.display()))),
    }
}

fn has_luigi(python: &Path) -> bool {
    tool::succeeds(python, &["-c", "import luigi"])
}
