//! The one file that reads the environment.

use std::ffi::{OsStr, OsString};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;

use super::args::ColorChoice;
use crate::cmd::{HomeChoice, Sink, World};

/// Whether stdout and stderr are terminals.
pub(super) fn terminals() -> (bool, bool) {
    (std::io::stdout().is_terminal(), std::io::stderr().is_terminal())
}

/// The variables of this process, as they were when it began.
#[derive(Clone, Debug, Default)]
pub(super) struct Env {
    vars: Vec<(OsString, OsString)>,
}

impl Env {
    pub(super) fn read() -> Env {
        Env { vars: std::env::vars_os().collect() }
    }

    #[cfg(test)]
    pub(super) fn of(pairs: &[(&str, &str)]) -> Env {
        Env { vars: pairs.iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }

    /// A variable's value; an empty one counts as not set.
    pub(super) fn get(&self, name: &str) -> Option<&OsStr> {
        self.vars
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_os_str())
            .filter(|value| !value.is_empty())
    }

    /// Looks at everything that surrounds the command.
    pub(super) fn world(self, color: ColorChoice) -> World {
        let zone = self.zone();
        World { zone, ..self.world_in(TimeZone::UTC, color) }
    }

    /// The user's time zone. Read from its one file where that is easily found: the search for a zone
    /// by its name looks into every folder of them, which takes longer than reading the end of a log.
    fn zone(&self) -> TimeZone {
        const ZONES: &str = "/usr/share/zoneinfo";
        let set = self.vars.iter().find(|(name, _)| name == "TZ").map(|(_, value)| value);
        let file = match set.map(|name| name.to_str().unwrap_or_default()) {
            None => PathBuf::from("/etc/localtime"),
            // UTC, or whatever else such a value may mean.
            Some("") => return TimeZone::system(),
            Some(name) => Path::new(ZONES).join(name.trim_start_matches(':')),
        };
        let named = std::fs::canonicalize(&file).ok();
        let name = named.as_deref().and_then(|file| file.strip_prefix(ZONES).ok()?.to_str());
        let read = || TimeZone::tzif(name?, &std::fs::read(&file).ok()?).ok();
        read().unwrap_or_else(TimeZone::system)
    }

    /// The same in the given time zone: finding out the user's takes memory that a background
    /// process would keep for as long as a plan lives.
    pub(super) fn world_in(self, zone: TimeZone, color: ColorChoice) -> World {
        let (stdout, stderr) = terminals();
        World {
            home: self.home(),
            cache: self.absolute("XDG_CACHE_HOME").or_else(|| self.below_home(".cache")),
            stdout: Sink { terminal: stdout, color: self.color(color, stdout) },
            stderr: Sink { terminal: stderr, color: self.color(color, stderr) },
            width: self.width(),
            zone,
            now: crate::cmd::now(),
            cwd: std::env::current_dir().ok(),
            umask: crate::cmd::umask(),
            by: self.by(),
            env: self.vars,
        }
    }

    /// `$PLANWATCH_HOME`, `$XDG_STATE_HOME/planwatch`, `~/.local/state/planwatch`. Relative paths in
    /// the XDG variables do not count (XDG Base Directory Specification 0.8).
    fn home(&self) -> HomeChoice {
        let mut choice = HomeChoice::default();
        let chosen = self.get("PLANWATCH_HOME").map(|path| {
            choice.tried.push(format!("PLANWATCH_HOME={}", path.display()));
            std::path::absolute(path).unwrap_or_else(|_| PathBuf::from(path))
        });
        if chosen.is_none() {
            choice.tried.push("PLANWATCH_HOME is not set".to_owned());
        }
        let chosen = chosen.or_else(|| {
            let found = self.absolute("XDG_STATE_HOME").map(|state| state.join("planwatch"));
            choice.tried.push(match (&found, self.get("XDG_STATE_HOME")) {
                (Some(path), _) => format!("XDG_STATE_HOME gives {}", path.display()),
                (None, Some(_)) => "XDG_STATE_HOME is not an absolute path".to_owned(),
                (None, None) => "XDG_STATE_HOME is not set".to_owned(),
            });
            found
        });
        choice.path = chosen.or_else(|| {
            let found = self.below_home(".local/state/planwatch");
            choice.tried.push(match &found {
                Some(path) => format!("HOME gives {}", path.display()),
                None => "HOME is not set to an absolute path".to_owned(),
            });
            found
        });
        choice
    }

    fn absolute(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from).filter(|path| path.is_absolute())
    }

    fn below_home(&self, path: &str) -> Option<PathBuf> {
        self.absolute("HOME").map(|home| home.join(Path::new(path)))
    }

    /// <https://no-color.org> and <https://bixense.com/clicolors>: what was typed wins, then
    /// NO_COLOR, then CLICOLOR_FORCE, then whether it is a terminal that can.
    pub(super) fn color(&self, typed: ColorChoice, terminal: bool) -> bool {
        let is = |name: &str, text: &str| self.get(name).is_some_and(|value| value == text);
        match typed {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto if self.get("NO_COLOR").is_some() => false,
            ColorChoice::Auto
                if self.get("CLICOLOR_FORCE").is_some() && !is("CLICOLOR_FORCE", "0") =>
            {
                true
            }
            ColorChoice::Auto => terminal && !is("CLICOLOR", "0") && !is("TERM", "dumb"),
        }
    }

    fn width(&self) -> usize {
        crate::cmd::terminal_width()
            .or_else(|| self.get("COLUMNS")?.to_str()?.parse().ok())
            .filter(|&width| width > 0)
            .unwrap_or(100)
    }

    fn by(&self) -> String {
        let user = self.get("USER").or_else(|| self.get("LOGNAME"));
        crate::cmd::asker(user.map(|user| user.to_string_lossy()).as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_home_is_looked_for_in_three_places_and_the_search_is_told() {
        let home = |pairs: &[(&str, &str)]| Env::of(pairs).home();
        let path = |pairs: &[(&str, &str)]| home(pairs).path.map(|path| path.display().to_string());
        assert_eq!(
            path(&[("PLANWATCH_HOME", "/p"), ("XDG_STATE_HOME", "/s"), ("HOME", "/h")]).as_deref(),
            Some("/p")
        );
        assert_eq!(
            path(&[("PLANWATCH_HOME", ""), ("XDG_STATE_HOME", "/s"), ("HOME", "/h")]).as_deref(),
            Some("/s/planwatch")
        );
        assert_eq!(
            path(&[("XDG_STATE_HOME", "s"), ("HOME", "/h")]).as_deref(),
            Some("/h/.local/state/planwatch")
        );
        assert_eq!(path(&[]), None);
        assert_eq!(home(&[]).tried.len(), 3);
    }

    #[test]
    fn colour_is_what_was_typed_then_the_environment_then_the_terminal() {
        let auto = |pairs: &[(&str, &str)], tty| Env::of(pairs).color(ColorChoice::Auto, tty);
        assert!(auto(&[], true));
        assert!(!auto(&[], false));
        assert!(!auto(&[("NO_COLOR", "1")], true));
        assert!(auto(&[("NO_COLOR", "")], true));
        assert!(auto(&[("CLICOLOR_FORCE", "1")], false));
        assert!(!auto(&[("CLICOLOR", "0")], true));
        assert!(!auto(&[("TERM", "dumb")], true));
        assert!(Env::of(&[("NO_COLOR", "1")]).color(ColorChoice::Always, false));
    }
}
