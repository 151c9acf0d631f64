//! What surrounds a command: its home, terminal, environment, folder and clock, looked up once.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use crate::exit::{Exit, Failure};
use crate::model::Stamp;
use crate::store::layout::{Home, HomeError};

/// Everything a verb may know about the process it runs in. Made once, in `cli`.
#[derive(Clone, Debug)]
pub struct World {
    /// Where planwatch keeps its state, if it could be found out.
    pub home: HomeChoice,
    /// The user's cache folder, if it could be found out.
    pub cache: Option<PathBuf>,
    /// Standard output.
    pub stdout: Sink,
    /// Standard error.
    pub stderr: Sink,
    /// Columns to draw for.
    pub width: usize,
    /// The user's time zone.
    pub zone: TimeZone,
    /// When the command began.
    pub now: Stamp,
    /// The environment as it was given, names and values.
    pub env: Vec<(OsString, OsString)>,
    /// The working folder; None if it has been removed.
    pub cwd: Option<PathBuf>,
    /// The file mode creation mask.
    pub umask: u32,
    /// Who asks, for requests: `op@host pid 4711`.
    pub by: String,
}

/// One of the two streams of a command.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sink {
    /// Whether it is a terminal.
    pub terminal: bool,
    /// Whether it gets colours.
    pub color: bool,
}

/// Where the home is, and what was tried to find it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HomeChoice {
    /// The folder that was chosen.
    pub path: Option<PathBuf>,
    /// What was looked at, in order, for the error message.
    pub tried: Vec<String>,
}

impl World {
    /// Where the home is or would be.
    pub fn home_path(&self) -> Result<&Path, Failure> {
        self.home.path.as_deref().ok_or_else(|| {
            Failure::new(Exit::Planwatch, "no place to keep state")
                .because(self.home.tried.join("; "))
                .hint("set PLANWATCH_HOME to a folder of your own: export PLANWATCH_HOME=/var/lib/planwatch")
        })
    }

    /// The home, made if it is missing: for verbs that write.
    pub fn open_home(&self) -> Result<Home, Failure> {
        Home::open(self.home_path()?).map_err(|error| self.home_failure(&error))
    }

    /// The home if there is one: for verbs that read.
    pub fn existing_home(&self) -> Result<Option<Home>, Failure> {
        Home::existing(self.home_path()?).map_err(|error| self.home_failure(&error))
    }

    fn home_failure(&self, error: &HomeError) -> Failure {
        let exit = match error {
            HomeError::Io { source, .. }
                if source.kind() != std::io::ErrorKind::PermissionDenied =>
            {
                Exit::Planwatch
            }
            _ => Exit::Refused,
        };
        Failure::new(exit, error.to_string()).hint(format!(
            "looked at: {}\nset PLANWATCH_HOME to a folder that you own and can write to",
            self.home.tried.join("; ")
        ))
    }

    /// The working folder.
    pub fn cwd(&self) -> Result<&Path, Failure> {
        self.cwd.as_deref().ok_or_else(|| {
            Failure::new(Exit::Planwatch, "the working folder has been removed")
                .hint("cd to a folder that exists, or choose one with -C")
        })
    }

    /// The value of a variable.
    pub fn var(&self, name: &str) -> Option<&OsStr> {
        self.env.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_os_str())
    }
}

/// The present moment, for [`World::now`].
pub fn now() -> Stamp {
    Stamp::now()
}

/// Columns of the terminal that stdout, stderr or stdin is, the first of them that is one.
pub fn terminal_width() -> Option<usize> {
    use crate::os::tty::width;
    width(std::io::stdout())
        .or_else(|| width(std::io::stderr()))
        .or_else(|| width(std::io::stdin()))
}

/// Rows of the terminal that stdout is.
pub fn terminal_height() -> Option<usize> {
    crate::os::tty::height(std::io::stdout())
}

/// The file mode creation mask. Call it while there is one thread.
pub fn umask() -> u32 {
    crate::os::tty::umask()
}

/// Who asks: `op@host pid 4711`, the user by number where neither the environment nor the system
/// names it.
pub fn asker(user: Option<&str>) -> String {
    let uname = rustix::system::uname();
    let host = uname.nodename().to_string_lossy();
    let pid = std::process::id();
    let named = user.map_or_else(
        || {
            let uid = rustix::process::getuid().as_raw();
            let name = crate::os::given::user_name(uid);
            if name == uid.to_string() { format!("uid {uid}") } else { name }
        },
        str::to_owned,
    );
    format!("{named}@{host} pid {pid}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn who_asks_is_told_by_name_also_where_the_environment_does_not_say_it() {
        let uid = rustix::process::getuid().as_raw();
        let name = crate::os::given::user_name(uid);
        assert!(super::asker(Some("op")).starts_with("op@"));
        let asker = super::asker(None);
        assert!(asker.starts_with(&format!("{name}@")) || name == uid.to_string(), "{asker}");
    }
}
