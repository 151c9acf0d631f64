//! One command of a test: built, run, and checked for status, stdout and stderr every time.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Live;

/// What a stream of a command must hold.
#[derive(Clone, Debug)]
pub(crate) enum Want {
    Anything,
    Is(String),
    Has(Vec<String>),
}

impl Want {
    #[track_caller]
    fn check(&self, what: &str, text: &str, told: &str) {
        match self {
            Want::Anything => {}
            Want::Is(wanted) => assert!(text == wanted, "{what} shall be {wanted:?}\n{told}"),
            Want::Has(parts) => {
                for part in parts {
                    assert!(text.contains(part.as_str()), "{what} shall have {part:?}\n{told}");
                }
            }
        }
    }
}

/// A command that is expected to exit 0 and to say nothing, unless told otherwise.
pub(crate) struct Cmd {
    command: Command,
    void: bool,
    pub(crate) expected: Expected,
}

/// How a command must end.
#[derive(Clone, Debug)]
pub(crate) struct Expected {
    code: Option<i32>,
    stdout: Want,
    stderr: Want,
}

/// How a command ended, and what it said.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    /// Exit code, or 128 + the signal.
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Cmd {
    pub(crate) fn new(program: &Path) -> Cmd {
        let mut command = Command::new(program);
        command.stdin(Stdio::null());
        // The plan must not see what the test was started with.
        for name in ["PLANWATCH_HOME", "PLANWATCH_PLAN", "PLANWATCH_RUN", "NO_COLOR", "RUN_ID_DIR"]
        {
            command.env_remove(name);
        }
        let nothing = Want::Is(String::new());
        let expected = Expected { code: Some(0), stdout: nothing.clone(), stderr: nothing };
        Cmd { command, void: false, expected }
    }

    /// A command that is not ours: it may say what it likes.
    pub(crate) fn of(command: Command) -> Cmd {
        let mut cmd = Cmd::new(Path::new("true"));
        cmd.command = command;
        cmd.command.stdin(Stdio::null());
        cmd.any_code().prints_something().may_speak()
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<std::ffi::OsStr>) -> Cmd {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<str>>(mut self, args: &[S]) -> Cmd {
        self.command.args(args.iter().map(AsRef::as_ref));
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Cmd {
        self.command.env(name, value);
        self
    }

    /// The same command, started by another one.
    pub(crate) fn under(mut self, mut other: Command) -> Cmd {
        other.arg(self.command.get_program()).args(self.command.get_args());
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => other.env(name, value),
                None => other.env_remove(name),
            };
        }
        other.stdin(Stdio::null());
        self.command = other;
        self.any_code().prints_something().may_speak()
    }

    pub(crate) fn folder(mut self, path: &Path) -> Cmd {
        self.command.current_dir(path);
        self
    }

    pub(crate) fn stdin(mut self, from: impl Into<Stdio>) -> Cmd {
        self.command.stdin(from);
        self
    }

    /// Standard input that holds these bytes.
    pub(crate) fn input(self, bytes: &[u8]) -> Cmd {
        use std::io::{Seek, Write};
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("a file can be written");
        file.rewind().expect("a file can be rewound");
        self.stdin(file)
    }

    /// The exit code it must have.
    pub(crate) fn code(mut self, code: i32) -> Cmd {
        self.expected.code = Some(code);
        self
    }

    /// It may exit as it likes.
    pub(crate) fn any_code(mut self) -> Cmd {
        self.expected.code = None;
        self
    }

    /// What stdout must be.
    pub(crate) fn prints(mut self, text: &str) -> Cmd {
        self.expected.stdout = Want::Is(text.to_owned());
        self
    }

    /// stdout is looked at by the test itself.
    pub(crate) fn prints_something(mut self) -> Cmd {
        self.expected.stdout = Want::Anything;
        self
    }

    /// What stderr must have in it.
    pub(crate) fn says(mut self, part: &str) -> Cmd {
        self.expected.stderr = also(self.expected.stderr, part);
        self
    }

    /// It may say on stderr what it likes.
    pub(crate) fn may_speak(mut self) -> Cmd {
        self.expected.stderr = Want::Anything;
        self
    }

    /// What it prints is kept nowhere.
    pub(crate) fn into_the_void(mut self) -> Cmd {
        self.void = true;
        self.prints_something().may_speak()
    }

    /// Starts it, to be looked at while it runs.
    #[track_caller]
    pub(crate) fn spawn(mut self) -> Live {
        let stdout = match self.void {
            true => File::options().read(true).write(true).open("/dev/null").expect("/dev/null"),
            false => tempfile::tempfile().expect("a file"),
        };
        let stderr = tempfile::tempfile().expect("a file");
        let told = format!("{:?}", self.command);
        let give = |file: &File| file.try_clone().expect("a descriptor");
        self.command.stdout(give(&stdout)).stderr(give(&stderr));
        let child = match self.command.spawn() {
            Ok(child) => child,
            Err(error) => panic!("{told}: {error}"),
        };
        Live { child: Some(child), told, stdout, stderr, expected: self.expected }
    }

    /// Runs it to its end and checks how it ended.
    #[track_caller]
    pub(crate) fn runs(self) -> Done {
        self.spawn().ends()
    }
}

fn also(want: Want, part: &str) -> Want {
    let mut parts = if let Want::Has(parts) = want { parts } else { Vec::new() };
    parts.push(part.to_owned());
    Want::Has(parts)
}

impl Expected {
    #[track_caller]
    pub(crate) fn check(&self, told: &str, done: &Done) {
        let cut = |text: &str| text.chars().take(4000).collect::<String>();
        let told = format!(
            "{told}\nexit code {}\nstdout: {}\nstderr: {}",
            done.code,
            cut(&done.stdout),
            cut(&done.stderr)
        );
        if let Some(code) = self.code {
            assert!(done.code == code, "it shall exit {code}\n{told}");
        }
        self.stdout.check("stdout", &done.stdout, &told);
        self.stderr.check("stderr", &done.stderr, &told);
    }
}

impl Done {
    pub(crate) fn lines(&self) -> Vec<&str> {
        self.stdout.lines().collect()
    }

    /// stdout as one JSON value.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.stdout) {
            Ok(value) => value,
            Err(error) => panic!("not JSON: {error}\n{}", self.stdout),
        }
    }
}
