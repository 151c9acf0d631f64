//! Every exit code and what it means, and the error that carries one.

use std::fmt;

/// One way a command can end. README and the man page print this table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Done,
    /// Something is not as it should be.
    Failed,
    /// The command line makes no sense.
    Usage,
    /// The plan is not running.
    NotRunning,
    /// There is no plan of this name.
    NoSuchPlan,
    /// Not done, on purpose.
    Refused,
    /// Luigi: the same command is already running.
    AlreadyRunning,
    /// Luigi: missing external data.
    MissingData,
    /// Luigi: tasks were not run.
    NotRun,
    /// Luigi: tasks failed.
    TaskFailed,
    /// Luigi: scheduling failed.
    SchedulingFailed,
    /// Time was up.
    Timeout,
    /// planwatch itself failed, or `run` was used wrongly.
    Planwatch,
    /// The plan's program cannot be executed.
    NotExecutable,
    /// The plan's program was not found.
    NotFound,
    /// ^C while reading.
    Interrupted,
}

impl Exit {
    /// The whole table, in the order it is shown. `128+n` (the plan died by signal n) stands beside
    /// it: it is not one code.
    pub const ALL: [Exit; 16] = [
        Exit::Done,
        Exit::Failed,
        Exit::Usage,
        Exit::NotRunning,
        Exit::NoSuchPlan,
        Exit::Refused,
        Exit::AlreadyRunning,
        Exit::MissingData,
        Exit::NotRun,
        Exit::TaskFailed,
        Exit::SchedulingFailed,
        Exit::Timeout,
        Exit::Planwatch,
        Exit::NotExecutable,
        Exit::NotFound,
        Exit::Interrupted,
    ];

    /// What a plan's death by a signal gives: the number is added to this.
    pub const SIGNAL_BASE: i32 = 128;

    /// The meaning of codes above [`Exit::SIGNAL_BASE`], for the table.
    pub const SIGNAL_MEANING: &str =
        "the plan died by signal n (143 after `stop`, 137 killed, 130 interrupted)";

    /// The number given to the shell.
    pub const fn code(self) -> i32 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::NotRunning => 3,
            Exit::NoSuchPlan => 4,
            Exit::Refused => 5,
            Exit::AlreadyRunning => 10,
            Exit::MissingData => 20,
            Exit::NotRun => 25,
            Exit::TaskFailed => 30,
            Exit::SchedulingFailed => 35,
            Exit::Timeout => 124,
            Exit::Planwatch => 125,
            Exit::NotExecutable => 126,
            Exit::NotFound => 127,
            Exit::Interrupted => 130,
        }
    }

    /// One line for the table.
    pub const fn meaning(self) -> &'static str {
        match self {
            Exit::Done => "succeeded (after retries, too); the command did what it was asked",
            Exit::Failed => {
                "the plan exited 0 but a required file is missing; its end was not seen; `verify` or `doctor` found something; the command failed"
            }
            Exit::Usage => "the command line makes no sense (125 in `run`)",
            Exit::NotRunning => "the plan is not running",
            Exit::NoSuchPlan => "there is no such plan, or no such run of it",
            Exit::Refused => {
                "refused: running already, no permission, or written by a newer planwatch"
            }
            Exit::AlreadyRunning => {
                "the plan exited 0, but Luigi did nothing: the same command is already running"
            }
            Exit::MissingData => "the plan exited 0, but Luigi says: missing external dependencies",
            Exit::NotRun => "the plan exited 0, but Luigi says: tasks were not run",
            Exit::TaskFailed => "the plan exited 0, but Luigi says: tasks failed",
            Exit::SchedulingFailed => {
                "the plan exited 0, but Luigi says: tasks could not be scheduled"
            }
            Exit::Timeout => "time was up: of the run (`run --timeout`) or of `wait --timeout`",
            Exit::Planwatch => "planwatch itself failed, before or beside the plan",
            Exit::NotExecutable => "the plan's program cannot be executed",
            Exit::NotFound => "the plan's program was not found",
            Exit::Interrupted => "^C while following: the plan goes on",
        }
    }
}

/// A failure told to the user: what went wrong, why, what to do next, and the exit code.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Failure {
    /// What did not work.
    pub what: String,
    /// Why, as far as it is known.
    pub why: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// How the command ends.
    pub exit: Exit,
}

impl Failure {
    /// A failure with nothing but its message.
    pub fn new(exit: Exit, what: impl Into<String>) -> Failure {
        Failure { what: what.into(), why: None, hint: None, exit }
    }

    /// Adds the reason.
    #[must_use]
    pub fn because(mut self, why: impl fmt::Display) -> Failure {
        self.why = Some(why.to_string());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Failure {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        if let Some(why) = &self.why {
            write!(f, ": {why}")?;
        }
        if let Some(hint) = &self.hint {
            for line in hint.lines() {
                write!(f, "\n  hint: {line}")?;
            }
        }
        Ok(())
    }
}

/// The exit code of an error: that of the [`Failure`] in its chain, else `otherwise`.
pub fn code_of(error: &anyhow::Error, otherwise: Exit) -> i32 {
    failure_in(error).map_or(otherwise, |failure| failure.exit).code()
}

/// The error as the user reads it on stderr, line end included.
pub fn message(error: &anyhow::Error) -> String {
    let mut text = String::from("planwatch: ");
    let mut hints = String::new();
    for (depth, cause) in error.chain().enumerate() {
        let said = match cause.downcast_ref::<Failure>() {
            Some(Failure { what, why, hint, .. }) => {
                if let Some(hint) = hint {
                    hints.extend(hint.lines().map(|line| format!("\n  hint: {line}")));
                }
                match why {
                    Some(why) => format!("{what}: {why}"),
                    None => what.clone(),
                }
            }
            None => cause.to_string(),
        };
        // Some libraries print their cause in their own message.
        if text.contains(&said) {
            continue;
        }
        if depth > 0 {
            text.push_str(": ");
        }
        text.push_str(&said);
    }
    text + &hints + "\n"
}

fn failure_in(error: &anyhow::Error) -> Option<&Failure> {
    error.chain().find_map(|cause| cause.downcast_ref::<Failure>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_endings_share_a_code_and_the_table_is_sorted() {
        assert!(Exit::ALL.windows(2).all(|pair| pair[0].code() < pair[1].code()));
    }

    #[test]
    fn an_error_says_what_why_and_what_to_do() {
        let failure = Failure::new(Exit::NoSuchPlan, "there is no plan 'dublin'")
            .because("only 'dublin-cafe' is known")
            .hint("planwatch logs dublin-cafe");
        let error = anyhow::Error::from(failure).context("cannot read the log");
        assert_eq!(
            message(&error),
            "planwatch: cannot read the log: there is no plan 'dublin': only 'dublin-cafe' is known\n  hint: planwatch logs dublin-cafe\n"
        );
        assert_eq!(code_of(&error, Exit::Failed), 4);
        assert_eq!(code_of(&anyhow::anyhow!("odd"), Exit::Failed), 1);
    }
}
