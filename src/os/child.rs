//! Starting further processes of planwatch itself.

use std::fs::File;
use std::io;
use std::process::{Child, Command, Stdio};

/// Starts this very program with other arguments, in the background: nothing on its standard
/// input and output, `diagnostics` as its standard error.
pub fn spawn_self(args: &[String], diagnostics: Option<File>) -> io::Result<Child> {
    let stderr = diagnostics.map_or_else(Stdio::null, Stdio::from);
    itself()
        .args(args)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(stderr)
        .spawn()
}

/// A command that runs this very program, also when its file has been replaced meanwhile.
pub fn itself() -> Command {
    Command::new("/proc/self/exe")
}
