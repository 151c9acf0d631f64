//! What every test stands on: a home of its own, commands that are checked each time, conditions
//! that are waited for, and an audit of the log that shares no code with the crate.

pub(crate) mod audit;
mod cmd;
mod disk;
mod home;
mod live;
mod procs;
mod random;
pub(crate) mod records;
mod terminal;
mod wait;

pub(crate) use audit::Audit;
pub(crate) use cmd::{Cmd, Done};
pub(crate) use home::Home;
pub(crate) use live::Live;
pub(crate) use procs::Proc;
pub(crate) use random::Random;
pub(crate) use records::Records;
pub(crate) use terminal::Terminal;
pub(crate) use wait::{LIMIT, within};

pub(crate) use crate::script::{Chunk, Expected, Out, Step, mix};

/// `small` as it is, unless PLANWATCH_TEST_SCALE=full asks for the numbers of the promise.
pub(crate) fn scale(small: u64, full: u64) -> u64 {
    match std::env::var("PLANWATCH_TEST_SCALE").as_deref() {
        Ok("full") => full,
        Ok("small" | "") | Err(_) => small,
        Ok(other) => panic!("PLANWATCH_TEST_SCALE={other}: use small or full"),
    }
}

/// The Python that can import luigi, made once by the test command.
pub(crate) fn luigi_python() -> Option<std::path::PathBuf> {
    let given = std::env::var_os("PLANWATCH_TEST_PYTHON").map(std::path::PathBuf::from);
    let made = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/luigi/bin/python");
    given.or_else(|| made.exists().then_some(made))
}
