//! `tasks` and `why`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{ListForm, one_plan};
use crate::model::{Target, TaskState};

/// Show what Luigi's tasks are doing: a table, a tree or a timeline
///
/// The table has what needs somebody first: failed, running (the longest first), waiting, done. The
/// time left is told where earlier runs of the plan did the same tasks. What requires what, and with
/// it the tree and the critical path, is known of runs that were started by planwatch with its
/// bridge.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch tasks nightly                      the last run
  planwatch tasks nightly~1 --timeline         bars over time of the run before
  planwatch tasks nightly --tree               what requires what
  planwatch tasks -f nightly --timeline        drawn again whenever something changes
  planwatch tasks nightly --state failed -o json | jq -r '.[].error'
  planwatch tasks nightly --html nightly.html  one page for a browser, with search and zoom")]
pub(crate) struct TasksArgs {
    /// The plan, or one of its runs (plan~1, plan@3)
    #[arg(value_name = "NAME", value_parser = |text: &str| one_plan("tasks", text))]
    pub(crate) target: Target,
    /// What requires what
    #[arg(long, conflicts_with = "timeline")]
    pub(crate) tree: bool,
    /// Bars over time
    #[arg(long)]
    pub(crate) timeline: bool,
    /// Go on until the run ends: on a terminal drawn anew, else a line a change
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only tasks in this state: failed, broken, missing, running, pending, done, complete; may be
    /// repeated
    #[arg(long, value_name = "STATE", value_delimiter = ',', value_parser = state, conflicts_with_all = ["tree", "timeline"])]
    pub(crate) state: Vec<TaskState>,
    /// Write one page that shows everything, readable without a network (-: standard output)
    #[arg(long, value_name = "FILE", conflicts_with_all = ["tree", "timeline", "follow", "state", "output"])]
    pub(crate) html: Option<PathBuf>,
    /// The form: table, json (one array) or jsonl
    #[arg(
        short,
        long,
        value_name = "FORM",
        value_enum,
        default_value_t,
        hide_possible_values = true,
        conflicts_with_all = ["tree", "timeline"]
    )]
    pub(crate) output: ListForm,
}

/// Tell on one screen why a run ended as it did
///
/// The verdict, the first task that failed, its traceback and the lines before it, what was not run
/// because of it, what has changed since the last success, and the command that goes on.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  planwatch why nightly
  planwatch why nightly~1
  planwatch why -o json nightly | jq -r '.failures[0].excerpt.traceback[]'")]
pub(crate) struct WhyArgs {
    /// The plan, or one of its runs (plan~1, plan@3)
    #[arg(value_name = "NAME", value_parser = |text: &str| one_plan("why", text))]
    pub(crate) target: Target,
    /// The form: screen or json
    #[arg(
        short,
        long,
        value_name = "FORM",
        value_enum,
        default_value_t,
        hide_possible_values = true
    )]
    pub(crate) output: WhyForm,
}

/// The forms of `why`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum WhyForm {
    #[default]
    Screen,
    Json,
}

fn state(text: &str) -> Result<TaskState, String> {
    let found = TaskState::ALL.into_iter().find(|state| state.name() == text);
    found.ok_or_else(|| {
        let names: Vec<&str> = TaskState::ALL.iter().map(|state| state.name()).collect();
        format!("write one of {}", names.join(", "))
    })
}
