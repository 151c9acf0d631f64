//! What a run's recorder must cover. The values lie in a FIFO of the run; if that lost them with its
//! last holder, the plan's own process still has them; if that is gone too, nobody knows what may be
//! shown, and nothing is.

use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;

use super::capture::Capture;
use crate::model::{Event, Level, MOST_SECRETS, Spec, Stream};
use crate::os::fifo;
use crate::os::given::{Given, variable};
use crate::os::peek::Peek;
use crate::os::pidfd::{Pidfd, Process};
use crate::parse::Veil;
use crate::store::layout::PlanDir;
use crate::store::lock::Holder;
use crate::store::snapshot;

/// A veil, and the FIFO that keeps its values for the next recorder.
#[derive(Debug)]
pub(super) struct Secrets {
    pub(super) veil: Veil,
    _held: OwnedFd,
}

impl Secrets {
    /// Those of a run; None if it has none.
    pub(super) fn of(plan: &PlanDir, run: u64, peek: &Peek) -> io::Result<Option<Box<Secrets>>> {
        let held = match fifo::open_both(&plan.secrets(run)) {
            Ok(held) => held,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = vec![0; 2 * MOST_SECRETS];
        let mut seen = peek.look(&held, &mut bytes)?;
        if seen == 0 {
            bytes = asked_of_the_plan(plan, run).unwrap_or_default();
            seen = bytes.len();
            File::from(held.try_clone()?).write_all(&bytes)?;
        }
        let veil = match seen {
            0 => Veil::blind(),
            _ => Veil::new(bytes[..seen].split(|&byte| byte == 0)),
        };
        Ok(Some(Box::new(Secrets { veil, _held: held })))
    }
}

/// The values as the plan's process was given them.
fn asked_of_the_plan(plan: &PlanDir, run: u64) -> Option<Vec<u8>> {
    let spec: Spec = snapshot::load_json(&plan.spec_file()).ok()??;
    let Holder { pid, start, .. } = snapshot::load_json(&plan.plan_pid(run)).ok()??;
    let held = Pidfd::open_exact(Process { pid, start }).ok()??;
    let mut bytes = Vec::new();
    for name in &spec.secrets {
        let Given::Is(value) = variable(pid, name) else { return None };
        bytes.extend_from_slice(value.as_bytes());
        bytes.push(0);
    }
    // Only now is it sure that it was the plan that was asked.
    (!held.has_ended()).then_some(bytes)
}

/// Whoever knew the values is gone, and so is the plan.
pub(super) fn say_blind(cap: &mut Capture, run: u64, stream: &Stream) -> io::Result<()> {
    let (from, to, at, bytes) = (None, None, None, None);
    let reason = "the values of its secrets are not known any more".to_owned();
    let msg = format!("the rest of {stream} is covered with *: {reason}");
    let event = Event::LogGap { reason, from, to, of: Some(stream.clone()), at, bytes };
    cap.event(run, None, Level::Error, &msg, &event)
}
