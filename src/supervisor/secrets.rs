//! The values that nobody may see, on their way to the recorder: they lie in a FIFO of the run, which
//! is memory, and die with its last holder.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};

use crate::model::Spec;
use crate::os::fifo;
use crate::os::given::{Given, variable};
use crate::store::layout::PlanDir;

/// The secret values of a run.
pub(super) struct Secrets(Vec<OsString>);

impl Secrets {
    /// As the plan gets them. `env`: its own variables.
    pub(super) fn of(spec: &Spec, env: &BTreeMap<String, String>) -> Secrets {
        Secrets(spec.secrets.iter().filter_map(|name| raw_value_of(name, env)).collect())
    }

    /// The text with stars instead of them.
    pub(super) fn cover(&self, text: &str) -> String {
        let values = self.0.iter().filter_map(|value| value.to_str()).flat_map(str::lines);
        values
            .filter(|value| !value.is_empty())
            .fold(text.to_owned(), |text, value| text.replace(value, &"*".repeat(value.len())))
    }

    /// Puts them into the FIFO, and gives that to be held; None without any. Each ends in a NUL,
    /// which no value has.
    pub(super) fn lay_out(&self, plan: &PlanDir, run: u64) -> io::Result<Option<OwnedFd>> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let path = plan.secrets(run);
        fifo::make(&path)?;
        let mut bytes = Vec::new();
        for value in &self.0 {
            bytes.extend_from_slice(value.as_bytes());
            bytes.push(0);
        }
        let mut pipe = File::from(fifo::open_both(&path)?);
        pipe.write_all(&bytes)?;
        Ok(Some(pipe.into()))
    }
}

/// The value that the plan gets for this name, where it is a text: its own, else ours, which its own
/// go over.
pub(super) fn value_of(name: &str, env: &BTreeMap<String, String>) -> Option<String> {
    raw_value_of(name, env)?.into_string().ok()
}

fn raw_value_of(name: &str, env: &BTreeMap<String, String>) -> Option<OsString> {
    if let Some(own) = env.get(name) {
        return Some(OsString::from_vec(own.clone().into_bytes()));
    }
    let me = i32::try_from(std::process::id()).unwrap_or_default();
    match variable(me, name) {
        Given::Is(value) => Some(value),
        Given::Not | Given::Hidden => None,
    }
}
