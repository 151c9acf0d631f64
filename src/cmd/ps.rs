//! `ps`: the running plans and those that ended lately.

use super::{World, unbuilt};

/// What a user may mean by `ps`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Also what ended long ago.
    pub all: bool,
    /// Names only.
    pub quiet: bool,
    /// The form.
    pub output: ListForm,
}

/// The form in which lists are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListForm {
    /// For people.
    #[default]
    Table,
    /// One array.
    Json,
    /// One object a line.
    Jsonl,
}

/// Does it.
pub fn run(_options: Options, _world: &World) -> anyhow::Result<i32> {
    unbuilt("ps")
}
